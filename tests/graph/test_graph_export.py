"""What is written for other programs says what the graph says."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from convrag.errors import GraphError
from convrag.graph.export import FORMATS, as_rdflib, write_rdf
from convrag.graph.rdf import prefixes, read_rdf
from convrag.types import Literal, Triple
from tests.graph.test_graph_rdf import EX, LABEL, NAMES, write

ENDINGS = {"turtle": ".ttl", "ntriples": ".nt", "rdfxml": ".rdf", "jsonld": ".jsonld"}
XSD = "http://www.w3.org/2001/XMLSchema#"
LAKES = tuple(
    sorted(
        (
            *(Triple(EX + "ombra", LABEL, Literal(n, "", x), "s") for x, n in NAMES.items()),
            Triple(EX + "ombra", EX + "near", EX + "vell", "s"),
            Triple(EX + "ombra", EX + "depth", Literal("1.50", XSD + "decimal"), "s"),
            Triple(EX + "ombra", EX + "said", Literal('"\\\n<&> ]]>'), "s"),
        ),
        key=lambda triple: triple.id,
    )
)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_read_again(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, "a" + ENDINGS[form], write_rdf(LAKES, form, prefixes={"ex": EX}))
    assert read_rdf(path, source="s") == LAKES
    if form == "turtle":
        assert prefixes(path) == {"ex": EX}


def test_nameless_nodes_of_two_sources_stay_apart(tmp_path: Path) -> None:
    text = "_:x <urn:p> _:y . _:y <urn:p> 1 ."
    triples = [
        t
        for name in ("a/b.ttl", "湖.ttl")
        for t in read_rdf(write(tmp_path, "x.ttl", text), source=name)
    ]
    for form in FORMATS:
        again = read_rdf(write(tmp_path, "a" + ENDINGS[form], write_rdf(triples, form)), source="s")
        assert len(again) == 4
        assert len({t.subject for t in again}) == 4
    assert len(as_rdflib(triples)) == 4


def test_the_graph_of_rdflib_says_the_same() -> None:
    graph = as_rdflib(LAKES, prefixes={"ex": EX})
    assert len(graph) == len(LAKES)
    assert dict(graph.namespaces())["ex"].toPython() == EX
    names = {str(o): o.language for o in graph.objects() if getattr(o, "language", None)}  # type: ignore[attr-defined]
    assert names == {name: language for language, name in NAMES.items()}
    assert "1.50" in {str(o) for o in graph.objects()}


def test_odd_dates_do_not_write_to_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    odd = [Triple("urn:a", "urn:p", Literal("-13798000000-01-01", XSD + "date"))]
    assert len(as_rdflib(odd)) == 1
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(GraphError, match="not a graph format"):
        write_rdf(LAKES, "n3")
    with pytest.raises(GraphError, match="cannot be written"):
        write_rdf([Triple("no iri", "urn:p", "urn:o")], "turtle")
    with pytest.raises(GraphError, match="cannot be written"):
        write_rdf([Triple("urn:s", "urn:p/", "urn:o")], "rdfxml")
