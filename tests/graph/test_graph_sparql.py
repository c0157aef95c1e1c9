"""The store on disk: what is loaded is found, queries only read, and none runs on for ever."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convrag.errors import GraphError
from convrag.graph.oxigraph import SparqlStore
from convrag.graph.sparql import check_query, iri_term, literal_term, rows_of
from convrag.types import Literal
from tests.graph.test_graph_rdf import EX, HEAD, LABEL, NAMES, RDF_HEAD, write

XSD = "http://www.w3.org/2001/XMLSchema#"
LAKES = HEAD + "".join(f'ex:ombra <{LABEL}> "{n}"@{lang} .\n' for lang, n in NAMES.items())
ALL = "SELECT ?s ?p ?o WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o"
# Six patterns without a word in common: more rows than a machine can count.
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(9))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SparqlStore]:
    with SparqlStore(tmp_path / "store") as opened:
        assert opened.load(write(tmp_path, "lakes.ttl", LAKES), source="lakes") == len(NAMES)
        yield opened


def count(store: SparqlStore) -> int:
    ((value,),) = store.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }").rows
    assert isinstance(value, Literal)
    return int(value.value)


def refusal(store: SparqlStore, query: str, **options: float) -> str:
    with pytest.raises(GraphError) as caught:
        store.query(query, **options)  # type: ignore[arg-type]
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value.message


def test_names_in_every_script_come_back(store: SparqlStore) -> None:
    found = store.query(f"SELECT ?name WHERE {{ <{EX}ombra> <{LABEL}> ?name }}")
    assert found.columns == ("name",)
    assert {row[0] for row in found.rows} == {Literal(n, "", x) for x, n in NAMES.items()}
    assert not found.truncated
    for language, name in NAMES.items():
        term = literal_term(name, language)
        asked = store.query(f"ASK {{ <{EX}ombra> <{LABEL}> {term} }}")
        assert asked.rows == ((Literal("true", XSD + "boolean"),),)


def test_the_three_forms_of_queries(store: SparqlStore, tmp_path: Path) -> None:
    store.load(write(tmp_path, "b.ttl", HEAD + "ex:a ex:n 5, [ ex:n 6 ], ex:b ."), source="b")
    built = store.query(f"CONSTRUCT WHERE {{ <{EX}a> <{EX}n> ?o }}")
    assert built.columns == ("subject", "predicate", "object")
    objects = {row[2] for row in built.rows}
    assert {Literal("5", XSD + "integer"), EX + "b"} < objects
    assert any(str(o).startswith("_:") for o in objects)
    maybe = store.query(f"SELECT ?x ?y WHERE {{ ?x <{EX}n> 5 OPTIONAL {{ ?x <{EX}none> ?y }} }}")
    assert maybe.rows == ((EX + "a", None),)
    no = store.query("ASK { <urn:x> ?p ?o }")
    assert no.rows == ((Literal("false", XSD + "boolean"),),)


def test_answers_are_cut_and_say_so(store: SparqlStore) -> None:
    found = store.query(ALL, limit=3)
    assert len(found.rows) == 3
    assert found.truncated
    assert not store.query(ALL, limit=len(NAMES)).truncated


def test_every_format_is_loaded(tmp_path: Path) -> None:
    triple = f"<{EX}a> <{EX}b> <{EX}c>"
    texts = {
        "a.nt": f"{triple} .",
        "b.nq": f"{triple} <{EX}g> .",
        "c.trig": f"<{EX}g> {{ {triple} }}",
        "d.rdf": f'{RDF_HEAD}<rdf:Description rdf:about="{EX}a"><ex:b rdf:resource="{EX}c"/>'
        "</rdf:Description></rdf:RDF>",
        "e.jsonld": json.dumps({"@id": EX + "a", EX + "b": {"@id": EX + "c"}}),
        "f.json": '[{"name": "湖", "depth": 3}]',
    }
    write(tmp_path, "f.graph.toml", "")
    for name, text in texts.items():
        with SparqlStore(tmp_path / f"store-{name}") as store:
            store.load(write(tmp_path, name, text), source=name)
            rows = store.query(ALL).rows
            if name == "f.json":
                assert any(row[2] == Literal("湖") for row in rows)
            else:
                assert rows == ((EX + "a", EX + "b", EX + "c"),), name
            packed = write(tmp_path, name + ".gz", gzip.compress(text.encode()))
            store.load(packed, source=name)
            assert store.query(ALL).rows == rows


def test_loading_again_replaces_and_removing_forgets(store: SparqlStore, tmp_path: Path) -> None:
    before = store.query(ALL)
    store.load(write(tmp_path, "b.ttl", HEAD + "_:x ex:n 1 . _:y ex:n 2 ."), source="озёра/b")
    store.load(write(tmp_path, "c.ttl", HEAD + "_:x ex:n 1, 3 ."), source="c")
    assert count(store) == len(NAMES) + 4
    # Nameless nodes of two files are two, whatever they are called there.
    nodes = store.query(f"SELECT DISTINCT ?s WHERE {{ ?s <{EX}n> 1 }}").rows
    assert len(nodes) == 2
    store.load(write(tmp_path, "b.ttl", HEAD + "ex:x ex:n 1 ."), source="озёра/b")
    assert count(store) == len(NAMES) + 3
    store.remove("озёра/b")
    store.remove("c")
    assert store.query(ALL) == before


def test_a_bad_file_changes_nothing(store: SparqlStore, tmp_path: Path) -> None:
    before = store.query(ALL)
    bad = write(tmp_path, "lakes.ttl", LAKES + "ex:a ex:b .")
    with pytest.raises(GraphError, match=rf"lakes\.ttl:{len(NAMES) + 2}: "):
        store.load(bad, source="lakes")
    with pytest.raises(GraphError, match="not a graph format"):
        store.load(write(tmp_path, "a.txt", ""), source="lakes")
    assert store.query(ALL) == before


def test_the_store_outlives_its_process(store: SparqlStore, tmp_path: Path) -> None:
    before = store.query(ALL)
    store.close()
    with SparqlStore(tmp_path / "store") as again:
        assert again.query(ALL) == before


@pytest.mark.parametrize(
    "query",
    [
        "INSERT DATA { <urn:a> <urn:b> 1 }",
        "DELETE WHERE { ?s ?p ?o }",
        "LOAD <http://127.0.0.1/x>",
        "DROP ALL",
        "CLEAR DEFAULT",
        "PREFIX SELECT: <urn:x> DELETE WHERE { ?s ?p ?o }",
        "# SELECT\nDROP ALL",
        "DESCRIBE <urn:a>",
        "SELECT * WHERE { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }",
        "SELECT * WHERE { service silent ?x { ?s ?p ?o } }",
        "SELECT * WHERE { ?s ?p '\\'' . SERVICE<urn:x>{ ?s ?p ?o } }",
        "",
        "湖",
    ],
)
def test_what_does_not_only_read_is_refused(store: SparqlStore, query: str) -> None:
    before = count(store)
    refusal(store, query)
    assert count(store) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?service WHERE { ?service <urn:SERVICE> 'SERVICE' }",
        'PREFIX service: <urn:s> ask { service:service ?insert """DROP ALL""" } # SERVICE',
        'construct where { ?s ?p "LOAD"@en }',
        "SELECT ?a WHERE { ?a ?b ?c FILTER(?c < 5 && ?c > 3) }",
    ],
)
def test_words_of_other_kinds_are_no_commands(query: str) -> None:
    assert check_query(query) in ("SELECT", "ASK", "CONSTRUCT")


def test_mistakes_in_queries_are_named(store: SparqlStore) -> None:
    assert "1:19" in refusal(store, "SELECT * { ?s ?p }")
    assert "nested" in refusal(store, "SELECT * " + "{" * 5000)
    assert "longer than" in refusal(store, "SELECT * {} #" + "x" * 200_000)
    assert count(store) == len(NAMES)


def test_a_query_that_takes_too_long_is_stopped(store: SparqlStore) -> None:
    assert "longer than 0.5 seconds" in refusal(store, ENDLESS + " }", timeout=0.5)
    assert count(store) == len(NAMES)


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    write(folder, "letter.txt", "Dear")
    lakes = write(tmp_path, "a.ttl", LAKES)
    with pytest.raises(GraphError, match="holds other files"):
        SparqlStore(folder).load(lakes, source="a")
    assert [p.name for p in folder.iterdir()] == ["letter.txt"]
    with pytest.raises(GraphError, match="no graph store here"):
        SparqlStore(tmp_path / "none").query(ALL)
    (tmp_path / "file").write_text("")
    with pytest.raises(GraphError, match="file"):
        SparqlStore(tmp_path / "file").load(lakes, source="a")


@pytest.mark.parametrize("text", ['a"b', "a\\", "a\nb", "湖", "ओम्ब्रा", '"""', "'", "a}b{", "\0"])
def test_texts_in_queries_stay_texts(store: SparqlStore, text: str) -> None:
    rows = store.query(f"SELECT ({literal_term(text)} AS ?t) WHERE {{}}").rows
    assert rows == ((Literal(text),),)


def test_terms_that_would_break_out_of_a_query_are_refused() -> None:
    for iri in ("urn:a> <urn:b", "", "urn:a b", 'urn:"', "urn:{"):
        with pytest.raises(GraphError, match="not an IRI"):
            iri_term(iri)
    for language in ("en . DROP", "e n", "-"):
        with pytest.raises(GraphError, match="not a language"):
            literal_term("x", language)


@pytest.mark.parametrize(
    "results",
    [
        None,
        [],
        {},
        {"head": []},
        {"head": {"vars": ["a"]}},
        {"head": {"vars": ["a"]}, "results": {"bindings": [1]}},
        {"head": {"vars": ["a"]}, "results": {"bindings": [{"a": {"type": "x", "value": ""}}]}},
        {"head": {"vars": ["a"]}, "results": {"bindings": [{"a": {"value": ""}}]}},
        {"head": {"vars": ["a"]}, "results": {"bindings": "湖"}},
    ],
)
def test_results_of_another_form_are_refused(results: object) -> None:
    with pytest.raises(ValueError, match=r"it has no|kind"):
        rows_of(results, 10)


def test_a_load_that_is_cut_off_loses_nothing_and_is_not_seen(
    store: SparqlStore, tmp_path: Path
) -> None:
    before = store.query(ALL)
    bigger = write(tmp_path, "more.ttl", HEAD + "".join(f"ex:a{n} ex:n {n} .\n" for n in range(99)))
    # A process that dies when all is in the database, but nothing is noted yet.
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "import convrag.graph.oxigraph as ox\n"
        "noted = ox.SparqlStore._note\n"
        "def dying(self, record):\n"
        "    noted(self, record) if not record.settled and 'x' not in seen else os._exit(9)\n"
        "    seen.append('x')\n"
        "seen = []\n"
        "ox.SparqlStore._note = dying\n"
        "ox.SparqlStore(Path(sys.argv[1])).load(Path(sys.argv[2]), source='lakes')\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "store"), str(bigger)], check=False
    )
    assert died.returncode == 9
    store.close()
    assert store.query(ALL) == before
    assert store.sources() == ("lakes",)
    named = store.query("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }").rows
    assert len(named) == 1
    store.load(bigger, source="озёра/b")
    assert count(store) == len(NAMES) + 99
    store.remove("озёра/b")
    assert store.query(ALL) == before


def test_a_damaged_record_is_told(store: SparqlStore, tmp_path: Path) -> None:
    record = tmp_path / "store" / "convrag-store.json"
    for content in ("", "[]", "{}", '{"layout": 2}', '{"layout": 2, "graphs": 5, "loads": 1}'):
        record.write_text(content, encoding="utf-8")
        assert "cannot be read" in refusal(store, ALL)
    record.write_text('{"layout": 99, "graphs": {}, "loads": 0, "settled": true}')
    assert "another version" in refusal(store, ALL)


def test_what_is_not_in_the_store_cannot_be_removed(store: SparqlStore) -> None:
    with pytest.raises(GraphError, match="nothing in it is from 湖") as caught:
        store.remove("湖")
    assert "lakes" in caught.value.hint
