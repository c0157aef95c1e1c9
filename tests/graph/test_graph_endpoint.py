"""A server elsewhere as a source: a real one, and ones that stall, flood or lie."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from convrag.errors import GraphError
from convrag.graph.endpoint import Endpoint
from convrag.graph.fragment import around, built, find
from convrag.graph.model import KnowledgeGraph
from convrag.graph.oxigraph import SparqlStore
from convrag.types import Literal
from tests.graph.graph_text import EX, PREFIXES
from tests.graph.sparql_server import serving
from tests.graph.test_graph_rdf import LABEL, NAMES

LAKES = PREFIXES + "".join(
    f'ex:ombra rdfs:label "{name}"@{language} .\n' for language, name in NAMES.items()
)
LAKES += """
ex:ombra a ex:Lake ; ex:depth 120 ; ex:near ex:vell, _:b ; skos:altLabel "Ombra"@en .
ex:tarn ex:flowsInto ex:ombra ; rdfs:label "Tarn"@en, "Тарн"@ru .
ex:vell rdfs:label "Vell", "ヴェル"@ja . ex:near rdfs:label "is near"@en .
ex:Lake rdfs:label "lake"@en .
ex:namesake rdfs:label "Tarn"@en .
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Oxigraph server that holds the lakes."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "lakes.ttl").write_text(LAKES, encoding="utf-8")
    with SparqlStore(folder / "store") as store:
        store.load(folder / "lakes.ttl", source="lakes")
    with serving(folder / "store") as (url, _):
        yield url


def test_queries_are_answered(server: str) -> None:
    endpoint = Endpoint(server)
    names = endpoint.query(f"SELECT ?n WHERE {{ <{EX}ombra> <{LABEL}> ?n }}")
    assert {row[0] for row in names.rows} == {Literal(n, "", x) for x, n in NAMES.items()}
    yes = endpoint.query(f"ASK {{ <{EX}ombra> ?p 120 }}")
    assert yes.columns == ("answer",)
    assert yes.rows[0][0] == Literal("true", "http://www.w3.org/2001/XMLSchema#boolean")
    cut = endpoint.query("SELECT * WHERE { ?s ?p ?o }", limit=2)
    assert (len(cut.rows), cut.truncated) == (2, True)


@pytest.mark.parametrize(("language", "name"), NAMES.items())
def test_things_are_found_by_name_in_every_script(server: str, language: str, name: str) -> None:
    found = find(Endpoint(server), name, languages=(language,))
    assert {t.subject for t in found} == {EX + "ombra"}
    assert Literal(name, "", language) in {t.object for t in found}
    assert all(t.source == server for t in found)
    assert not find(Endpoint(server), name + "x", languages=(language,))


def test_namesakes_are_all_found(server: str) -> None:
    found = find(Endpoint(server), "Tarn", languages=("en",))
    assert {t.subject for t in found} == {EX + "tarn", EX + "namesake"}
    assert not find(Endpoint(server), "Tarn", languages=("ru",))
    assert {t.subject for t in find(Endpoint(server), "Ombra", languages=("en",))} == {EX + "ombra"}


def test_the_surroundings_of_an_entity_make_a_graph(server: str) -> None:
    found = around(Endpoint(server), EX + "ombra", languages=("en", "ja", "zh")).triples
    graph = KnowledgeGraph(found)
    assert graph.neighbours(EX + "ombra") == {EX + "vell", EX + "tarn"}
    assert graph.entities[EX + "ombra"].labels.keys() == {"en", "ja", "zh"}
    assert graph.entities[EX + "vell"].labels == {"": "Vell", "ja": "ヴェル"}
    assert graph.label(EX + "near", "en") == "is near"
    assert graph.label(EX + "Lake", "en") == "lake"
    assert found == tuple(sorted(found, key=lambda t: t.id))


@pytest.mark.parametrize("name", ['x" } DROP ALL', "x\\", "\n", "}", "'", "湖\t"])
def test_names_with_marks_break_nothing(server: str, name: str) -> None:
    assert find(Endpoint(server), name, languages=("en",)) == ()
    with pytest.raises(GraphError, match="not an IRI"):
        around(Endpoint(server), f"urn:{name}> ?p ?o . ", languages=())


def test_mistakes_are_told_with_what_the_server_says(server: str) -> None:
    with pytest.raises(GraphError, match="answers 400") as caught:
        Endpoint(server).query("SELECT * { ?s ?p }")
    assert "\n" not in str(caught.value)
    with pytest.raises(GraphError, match="DROP is not a query"):
        Endpoint(server).query("DROP ALL")
    with pytest.raises(GraphError, match="another server"):
        Endpoint(server).query("SELECT * { SERVICE <http://x.example/> { ?s ?p ?o } }")
    with pytest.raises(GraphError, match="answers 40"):
        Endpoint(server.replace("/query", "/none")).query("ASK {}")


Reply = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], str]]:
    """Starts servers that answer every POST as they are told to, and gives their addresses."""
    servers: list[ThreadingHTTPServer] = []

    def start(reply: Reply) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    reply(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/sparql"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


RESULTS = "application/sparql-results+json"


def send(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    kind: str = RESULTS,
    status: int = 200,
    **more: str,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    for name, value in more.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def refusal(url: str, timeout: float = 20, max_bytes: int = 1 << 20) -> str:
    with pytest.raises(GraphError) as caught:
        Endpoint(url, max_bytes).query("ASK {}", timeout=timeout)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value.message


def forever(handler: BaseHTTPRequestHandler, piece: bytes, pause: float) -> None:
    while True:
        handler.wfile.write(piece)
        handler.wfile.flush()
        time.sleep(pause)


def silent(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def drips_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    forever(handler, b"X", 0.05)


def drips_body(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"[")
    forever(handler, b" ", 0.05)


@pytest.mark.parametrize("reply", [silent, drips_headers, drips_body])
def test_servers_that_stall_are_left(serve: Callable[[Reply], str], reply: Reply) -> None:
    assert "took longer than 0.6 seconds" in refusal(serve(reply), timeout=0.6)


def test_servers_that_flood_are_left(serve: Callable[[Reply], str]) -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"[")
        forever(handler, b" " * 65536, 0)

    assert "more than 100000 bytes" in refusal(serve(flood), max_bytes=100_000)


@pytest.mark.parametrize(
    ("body", "kind", "wanted"),
    [
        (b"<html>", "text/html; charset=utf-8", "answers with text/html, not JSON"),
        (b"{}", "", "answers with nothing known, not JSON"),
        (b"<html>", RESULTS, "does not answer with SPARQL results"),
        (b"{}", RESULTS, "it has no head"),
        (b"[" * 100_000, RESULTS, "nested"),
        (b"\xff\xfe{", RESULTS, "does not answer with SPARQL results"),
        (json.dumps({"head": {"vars": ["湖"]}, "results": []}).encode(), RESULTS, "no results"),
    ],
)
def test_answers_of_another_kind_are_refused(
    serve: Callable[[Reply], str], body: bytes, kind: str, wanted: str
) -> None:
    assert wanted in refusal(serve(lambda handler: send(handler, body, kind)))


def test_refusals_and_cut_answers_are_told(serve: Callable[[Reply], str]) -> None:
    said = "Zu\x1b[31m viel\nÜberlast".encode()
    busy = refusal(serve(lambda handler: send(handler, said, "text/plain", 503)))
    assert "answers 503 Service Unavailable: Zu [31m viel Überlast" in busy
    cut = serve(lambda handler: send(handler, b"{", RESULTS, Content_Length="100"))
    assert "breaks off" in refusal(cut)
    packed = serve(lambda handler: send(handler, b"x", RESULTS, Content_Encoding="gzip"))
    assert "packs its answer" in refusal(packed)
    nonsense = serve(lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n"))
    assert "cannot be reached" in refusal(nonsense)


def test_only_the_same_host_may_send_on(serve: Callable[[Reply], str]) -> None:
    yes = json.dumps({"head": {}, "boolean": True}).encode()

    def within(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/new":
            send(handler, yes)
        else:
            send(handler, b"", status=307, Location="/new")

    assert Endpoint(serve(within)).query("ASK {}").rows
    other = serve(lambda handler: send(handler, yes))
    for target in (other, other.replace("127.0.0.1", "localhost"), "file:///etc/hosts"):
        away = serve(lambda h, target=target: send(h, b"", status=302, Location=target))
        assert "sends the query on to" in refusal(away)
    loop = serve(lambda handler: send(handler, b"", status=308, Location="/sparql"))
    assert "in a circle" in refusal(loop)


def test_addresses_that_lead_nowhere() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    assert "cannot be reached" in refusal(address)
    assert "cannot be reached" in refusal("http://no.invalid/")
    for url in ("ftp://x.example/", "file:///etc/hosts", "x.example", "", "http://"):
        with pytest.raises(GraphError, match="not the address of a server"):
            Endpoint(url)
    assert "not an address" in refusal("http://x.example:port/")


def test_addresses_with_passwords_are_refused_before_they_are_cited() -> None:
    with pytest.raises(GraphError) as caught:
        Endpoint("https://me:secret@x.example/sparql")
    assert "secret" not in str(caught.value)


def test_servers_build_graphs(server: str) -> None:
    query = f"CONSTRUCT {{ ?x <{LABEL}> ?n ; <{EX}at> [] }} WHERE {{ ?x <{LABEL}> ?n }}"
    rows = Endpoint(server).query(query)
    assert rows.columns == ("subject", "predicate", "object")
    cut = Endpoint(server).query(query, limit=3)
    assert (len(cut.rows), cut.truncated) == (3, True)
    found = built(Endpoint(server), query, source="озёра")
    assert not found.cut
    assert set(NAMES.values()) <= {
        t.object.value for t in found.triples if isinstance(t.object, Literal)
    }
    nodes = {t.object for t in found.triples if t.predicate == EX + "at"}
    assert nodes
    assert all(str(node).startswith("_:озёра:b") for node in nodes)
    assert built(Endpoint(server), query, limit=3).cut
    with pytest.raises(GraphError, match="CONSTRUCT query"):
        built(Endpoint(server), "SELECT * WHERE { ?s ?p ?o }")


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("text/html", b"<html>", "not RDF"),
        ("application/n-triples", b"<urn:a> <urn:b>", "does not answer with RDF"),
        ("text/turtle", b"<a> <b> <c> .", "does not answer with RDF"),
        ("text/turtle", b"<urn:a> <urn:b> " + b"<<(" * 500, "does not answer with RDF"),
        ("application/n-triples", b"<urn:a> <urn:b> \xff .", "does not answer with RDF"),
        ("application/n-triples", b"<urn:a> <urn:b> <<( <urn:a> <urn:b> 1 )>> .", "RDF"),
    ],
)
def test_what_is_no_graph_is_told(
    serve: Callable[[Reply], str], kind: str, body: bytes, said: str
) -> None:
    url = serve(lambda handler: send(handler, body, kind=kind))
    with pytest.raises(GraphError, match=said):
        built(Endpoint(url), "CONSTRUCT WHERE { ?s ?p ?o }")


def test_more_hops_reach_further_and_the_limit_cuts(server: str) -> None:
    def things(hops: int) -> set[str]:
        part = around(Endpoint(server), EX + "tarn", hops=hops, languages=())
        assert not part.cut
        graph = KnowledgeGraph(part.triples)
        return {e for e in graph.entities if graph.groups(e)}

    assert things(1) == {EX + "tarn", EX + "ombra"}
    assert things(2) == {EX + "tarn", EX + "ombra", EX + "vell"}
    small = around(Endpoint(server), EX + "ombra", languages=(), limit=2)
    assert small.cut
    whole = around(Endpoint(server), EX + "ombra", languages=())
    assert set(small.triples) < set(whole.triples)
    exact = {t for t in whole.triples if EX + "ombra" in (t.subject, t.object)}
    assert not around(Endpoint(server), EX + "ombra", languages=(), limit=len(exact)).cut


def test_all_queries_together_take_no_longer_than_allowed(serve: Callable[[Reply], str]) -> None:
    rows = [
        {"x": {"type": "uri", "value": f"urn:{n}"}, "p": {"type": "uri", "value": "urn:p"},
         "y": {"type": "uri", "value": f"urn:{n}b"}}
        for n in range(300)
    ]  # fmt: skip
    body = json.dumps({"head": {"vars": ["x", "p", "y"]}, "results": {"bindings": rows}}).encode()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.15)
        send(handler, body)

    began = time.monotonic()
    with pytest.raises(GraphError, match="longer than"):
        around(Endpoint(serve(slow)), "urn:1", hops=50, languages=(), timeout=0.5)
    assert time.monotonic() - began < 5


WIKIDATA = """
@prefix wd: <http://www.wikidata.org/entity/> . @prefix p: <http://www.wikidata.org/prop/> .
@prefix s: <http://www.wikidata.org/entity/statement/> .
@prefix ps: <http://www.wikidata.org/prop/statement/> .
@prefix pq: <http://www.wikidata.org/prop/qualifier/> .
@prefix wdt: <http://www.wikidata.org/prop/direct/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
wd:Q1 rdfs:label "Ombra"@en ; p:P6 s:a ; wdt:P31 wd:Q9 . s:a ps:P6 wd:Q2 ; pq:P580 "1990" .
wd:Q2 rdfs:label "Ada"@en, "艾达"@zh, "آدا"@ar . wd:P6 rdfs:label "mayor"@en .
wd:P580 rdfs:label "since"@en . wd:Q3 wdt:P31 wd:Q9 .
"""


def test_statement_nodes_cost_no_hop_and_classes_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "w.ttl").write_text(WIKIDATA, encoding="utf-8")
    wikidata = "http://www.wikidata.org/entity/"
    with SparqlStore(tmp_path / "store") as store:
        store.load(tmp_path / "w.ttl", source="w")
        graph = KnowledgeGraph(around(store, wikidata + "Q1", languages=()).triples)
        far = around(store, wikidata + "Q1", hops=4, languages=("zh",))
    (fact,) = (g for g in graph.groups(wikidata + "Q1") if g.property.endswith("P6"))
    assert graph.label(str(fact.others[0]), "ar") == "آدا"
    assert graph.label(fact.property, "en") == "mayor"
    assert graph.qualifiers(fact.triples[0])
    assert wikidata + "Q3" not in {t.subject for t in far.triples}
    languages = {t.object.language for t in far.triples if isinstance(t.object, Literal)}
    assert languages <= {"", "zh"}
