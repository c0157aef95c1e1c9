"""``convrag kg``: what people see of a graph, in their language, and what programs get."""

from __future__ import annotations

import csv
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyoxigraph as ox
import pytest
from defusedxml import ElementTree

from convrag.packs import available_packs

EX = "https://ex.example/"
HEAD = f"""
@prefix ex: <{EX}> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix cv: <https://convrag.example/ns#> .
"""
SCHEMA = """
ex:City rdfs:label "city"@en, "Stadt"@de, "город"@ru .
ex:capital rdfs:label "capital"@en, "столица"@ru .
ex:people rdfs:label "population"@en .
ex:knows rdfs:label "knows"@en .
"""
WORLD = (
    HEAD
    + SCHEMA
    + """
ex:vienna a ex:City ; rdfs:label "Vienna"@en, "Wien"@de, "Вена"@ru, "فيينا"@ar, "विएना"@hi,
    "ウィーン"@ja, "维也纳"@zh ; rdfs:comment "Capital on the Danube."@en ; ex:people 1900000 .
ex:austria rdfs:label "Austria"@en, "奥地利"@zh ; ex:capital ex:vienna ; ex:people 9000000 .
ex:graz a ex:City ; rdfs:label "Graz"@en ; ex:people 290000 .
ex:linz a ex:City ; rdfs:label "Linz"@en ; ex:people 210000 .
ex:wien-us a ex:City ; rdfs:label "Wien"@en .
ex:evil rdfs:label "Evil \\u001b[31m\\u202e[bold] <script>"@en ; ex:knows ex:vienna .
"""
)
OTHER = HEAD + "ex:vienna ex:people 2000000 . ex:graz ex:people 0290000 .\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVRAG_ENCODER", "scripted:hash-64")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def kg(run, place: Path):
    """Run ``convrag kg ARGS...`` on an index of two graphs."""
    Path("world.ttl").write_text(WORLD, encoding="utf-8")
    Path("other.ttl").write_text(OTHER, encoding="utf-8")
    assert run("index", "world.ttl", "other.ttl", "--into", "index").code == 0

    def go(command: str, *arguments: str):
        return run("kg", command, *arguments, "--index", "index")

    return go


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_stats_count_and_name_what_may_be_wrong(kg) -> None:
    counted = json.loads(kg("stats", "--json").out)
    assert (counted["entities"], counted["facts"]) == (6, 8)
    assert counted["labels"]["ru"] == 1
    assert counted["properties"][EX + "people"] == 6
    assert counted["classes"] == {EX + "City": 4}
    assert counted["isolated"] == [EX + "wien-us"]
    assert counted["namesakes"] == {"wien": [EX + "vienna", EX + "wien-us"]}
    assert sorted(counted["sources"]) == ["other.ttl", "world.ttl"]
    shown = kg("stats", "-l", "de")
    assert ["class", "ex:City (Stadt)", "4"] in rows(shown.out)
    assert ["namesakes", "wien", "ex:vienna, ex:wien-us"] in rows(shown.out)
    assert shown.err == ""


@pytest.mark.parametrize(
    ("text", "language", "label"),
    [
        ("Vienna", "en", "Vienna"),
        ("Вены", "ru", "Вена"),
        ("فيينا", "ar", "فيينا"),
        ("विएना", "hi", "विएना"),
        ("ウィーン", "ja", "ウィーン"),
        ("维也纳", "zh", "维也纳"),
        ("Viena", "de", "Wien"),
    ],
)
def test_search_and_show_speak_the_askers_language(
    kg, text: str, language: str, label: str
) -> None:
    found = kg("search", text, "--language", language)
    assert found.code == 0
    assert rows(found.out)[1][:2] == ["ex:vienna", label]
    (first, *_) = json.loads(kg("search", text, "-l", language, "--json", "-n", "1").out)
    assert (first["id"], first["label"]) == (EX + "vienna", label)
    shown = kg("show", "ex:vienna", "-l", language)
    assert shown.out.startswith(f"ex:vienna ({label}, ")


def test_search_finds_nothing_with_exit_code_one(kg) -> None:
    found = kg("search", "Zanzibar")
    assert (found.code, found.out) == (1, "")
    assert "'Zanzibar'" in found.err
    assert kg("search", " ").code == 2


def test_the_terminals_language_is_used(kg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    assert rows(kg("search", "vienna").out)[1][1] == "Вена"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert rows(kg("search", "vienna").out)[1][1] == "Vienna"
    assert kg("search", "vienna", "-l", "x1").code == 2


def test_a_name_of_several_lists_them(kg) -> None:
    asked = kg("show", "wien")
    assert (asked.code, asked.out) == (2, "")
    assert "several: ex:wien-us (Wien, city), ex:vienna (Vienna, city)" in asked.err
    assert "hint: name one by its id" in asked.err
    wrong = kg("show", "Astria")
    assert (wrong.code, wrong.out) == (2, "")
    assert "ex:austria (Austria)" in wrong.err
    assert kg("show", f"<{EX}wien-us>").code == 0


def test_show_marks_what_sources_contradict_and_hides_nothing(kg) -> None:
    shown = kg("show", "ex:vienna").out
    assert "Capital on the Danube." in shown
    assert "ru: Вена" in shown
    assert "! Vienna — population: 1,900,000  [world.ttl]" in shown
    assert "! Vienna — population: 2,000,000  [other.ttl]" in shown
    assert "← Austria — capital: Vienna  [world.ttl]" in shown
    same = kg("show", "Graz").out
    assert "!" not in same
    facts = json.loads(kg("show", "ex:vienna", "--json").out)["facts"]
    assert [f["contradicted"] for f in facts if f["property"] == EX + "people"] == [True, True]


def test_paths_are_told_in_words(kg) -> None:
    found = kg("path", "Austria", "ex:evil")
    assert found.out.splitlines()[0].startswith("1. Austria → Vienna → Evil")
    assert "   Austria — capital: Vienna" in found.out
    ((first, second),) = json.loads(kg("path", "Austria", "ex:evil", "--json").out)
    assert (first["to"], second["properties"]) == (EX + "vienna", [EX + "knows"])
    apart = kg("path", "Graz", "Linz")
    assert (apart.code, apart.out) == (1, "")
    assert "not connected" in apart.err
    assert "1. Graz → city → Linz" in kg("path", "Graz", "Linz", "--kinds").out


def test_sparql_answers_in_every_form(kg) -> None:
    query = "SELECT ?l WHERE { ex:vienna rdfs:label ?l } ORDER BY ?l"
    assert rows(kg("sparql", query).out)[0] == ["l"]
    read = list(csv.reader(io.StringIO(kg("sparql", query, "--csv").out)))
    assert {"Вена", "فيينا", "विएना", "ウィーン", "维也纳"} < {cell for (cell,) in read}
    bound = json.loads(kg("sparql", query, "--json").out)["results"]["bindings"]
    assert {"type": "literal", "value": "维也纳", "xml:lang": "zh"} in [b["l"] for b in bound]
    cut = kg("sparql", query, "--limit", "2")
    assert len(rows(cut.out)) == 3
    assert "more than these 2 rows" in cut.err
    assert rows(kg("sparql", "ASK { ex:vienna a ex:City }").out) == [["answer"], ["true"]]
    Path("q.rq").write_text("PREFIX ex: <urn:x:> SELECT ?x WHERE { ex:a ?p ?x }", encoding="utf-8")
    assert rows(kg("sparql", "@q.rq").out) == [["x"]]


def test_sparql_reads_stdin(kg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT (1 AS ?one) WHERE {}"))
    assert rows(kg("sparql", "-").out) == [["one"], ["1"]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("SELECT ?x\nWHERE { ?x ?y }",), 3, "line 2, column 16"),
        (("DELETE WHERE { ?s ?p ?o }",), 3, "DELETE"),
        (("SELECT * WHERE { SERVICE <http://x.example/> { ?s ?p ?o } }",), 3, "another server"),
        (("  ",), 2, "empty"),
        (("@missing.rq",), 2, "missing.rq"),
        (("ASK {}", "--json", "--csv"), 2, "choose one"),
        (("ASK {}", "--endpoint", "http://localhost:1/"), 2, "leave one out"),
    ],
)
def test_sparql_errors_say_where(kg, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = kg("sparql", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "hint: " in done.err


class _Server(BaseHTTPRequestHandler):
    """A query service that knows one name."""

    def do_POST(self) -> None:  # noqa: N802 (the base class calls it so)
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        name = {"type": "literal", "value": "东京\u202e", "xml:lang": "zh"}
        rows = {"bindings": [{"x": name}] * asked.count("?x")}
        body = json.dumps({"head": {"vars": ["x"]}, "results": rows}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_sparql_asks_a_server(run) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        done = run("kg", "sparql", "SELECT ?x { ?x ?p 1 }", "--endpoint", url, "--limit", "1")
        server.shutdown()
    assert (done.code, rows(done.out)) == (0, [["x"], ["东京"]])
    assert "more than these 1 rows" in done.err


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("turtle", ox.RdfFormat.TURTLE),
        ("ntriples", ox.RdfFormat.N_TRIPLES),
        ("rdfxml", ox.RdfFormat.RDF_XML),
        ("jsonld", ox.RdfFormat.JSON_LD),
    ],
)
def test_exports_mean_the_same_on_stdout_and_in_a_file(kg, form: str, kind: ox.RdfFormat) -> None:
    assert kg("export", "--format", form, "--out", "out").code == 0
    said = kg("export", "--format", form).out
    assert "\u202e" not in said
    assert "\x1b" not in said
    whole = {str(q) for q in ox.parse(Path("out").read_bytes(), format=kind)}
    assert {str(q) for q in ox.parse(said.encode(), format=kind)} == whole
    assert any("विएना" in quad for quad in whole)
    part = kg("export", "--format", form, "--around", "Graz", "--hops", "0").out
    subjects = {str(q.subject) for q in ox.parse(part.encode(), format=kind)}
    assert subjects == {f"<{EX}{name}>" for name in ("graz", "City", "people")}


@pytest.mark.parametrize("form", ["graphml", "svg"])
def test_pictures_and_networks_are_xml_in_one_language(kg, form: str) -> None:
    done = kg("export", "--format", form, "-l", "ru", "--around", "Вена", "--hops", "2")
    assert done.code == 0
    texts = {text.strip() for text in ElementTree.fromstring(done.out).itertext()}
    assert {"Вена", "столица", "Austria"} <= texts
    assert "Wien" not in texts
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out


def test_exports_are_refused_with_a_hint(kg) -> None:
    for arguments in (("--format", "gif"), ("--around", "Atlantis"), ("-o", "no/such/file")):
        done = kg("export", *arguments)
        assert (done.code, done.out) == (2, "")
        assert "hint: " in done.err


def test_validate_names_file_subject_and_property(kg, run) -> None:
    sound = kg("validate")
    assert (sound.code, sound.out) == (0, "")
    Path("bad.ttl").write_text(
        HEAD + 'ex:graz ex:people "viele"^^<http://www.w3.org/2001/XMLSchema#integer> .',
        encoding="utf-8",
    )
    run("index", "add", "bad.ttl", "--into", "index")
    done = kg("validate")
    assert done.code == 4
    assert done.out == "violation: bad.ttl: ex:graz ex:people: 'viele' is no xsd:integer\n"
    (found,) = json.loads(kg("validate", "--json").out)
    assert (found["source"], found["subject"]) == ("bad.ttl", EX + "graz")


def test_validate_takes_shapes(kg) -> None:
    pytest.importorskip("pyshacl")
    Path("shapes.ttl").write_text(
        HEAD + "@prefix sh: <http://www.w3.org/ns/shacl#> . ex:S a sh:NodeShape ; "
        "sh:targetClass ex:City ; sh:property [ sh:path ex:people ; sh:minCount 1 ] .",
        encoding="utf-8",
    )
    done = kg("validate", "--shapes", "shapes.ttl")
    assert done.code == 4
    assert done.out.startswith("violation: world.ttl: ex:wien-us ex:people: ")


def test_outside_text_cannot_touch_the_terminal(kg) -> None:
    for arguments in (("search", "evil"), ("show", "ex:evil"), ("path", "ex:evil", "Austria")):
        done = kg(*arguments)
        assert done.code == 0
        assert "Evil" in done.out
        assert not {"\x1b", "\u202e"} & set(done.out + done.err)


def test_a_pack_needs_neither_index_nor_model(run) -> None:
    for pack in available_packs():
        done = run("kg", "stats", "--pack", pack.name)
        assert (done.code, done.err) == (0, "")
        assert run("kg", "validate", "--pack", pack.name).code == 0
    assert run("kg", "stats", "--pack", "none").code == 2
    assert run("kg", "stats", "--index", "none").code == 2


def test_an_index_without_a_graph_is_refused(run) -> None:
    Path("a.en.md").write_text("# A\n\nText.\n", encoding="utf-8")
    assert run("index", "a.en.md", "--into", "plain").code == 0
    done = run("kg", "stats", "--index", "plain")
    assert done.code == 2
    assert "no graph" in done.err


def test_a_crowded_picture_shows_what_belongs_most_to_its_middle(run, place: Path) -> None:
    near = "".join(f"ex:root ex:has ex:n{n} . ex:n{n} ex:has ex:far{n} .\n" for n in range(40))
    Path("crowd.ttl").write_text(HEAD + near, encoding="utf-8")
    assert run("index", "crowd.ttl", "--into", "crowd").code == 0
    arguments = ("--index", "crowd", "--format", "svg")
    done = run("kg", "export", *arguments, "--around", "ex:root", "--hops", "2")
    assert "60 of 81 entities are drawn" in done.err
    titles = {
        e.text for e in ElementTree.fromstring(done.out).iter("{http://www.w3.org/2000/svg}title")
    }
    assert len(titles) == 60
    assert {f"{EX}root", *(f"{EX}n{n}" for n in range(40))} < titles
    assert run("kg", "export", *arguments).code == 3
