"""A part of a graph as RDF, and graphs as GraphML."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import networkx as nx

from convrag.graph.export import part_of, write_graphml
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_rdf
from convrag.types import Triple
from tests.graph.graph_text import EX, PREFIXES


def triples_of(turtle: str) -> tuple[Triple, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.ttl")
        path.write_text(PREFIXES + turtle, encoding="utf-8")
        return read_rdf(path, source="a.ttl")


def test_a_part_has_its_own_facts_and_the_names_that_tell_them() -> None:
    text = """
    ex:near rdfs:label "near"@en, "рядом"@ru . ex:far rdfs:label "far"@en .
    ex:City rdfs:label "city"@en, "城市"@zh . ex:River rdfs:label "river"@en .
    ex:a a ex:City ; rdfs:label "Wien"@de, "فيينا"@ar, "विएना"@hi, "ウィーン"@ja ;
        ex:near ex:b, ex:c, <urn:elsewhere> ; ex:at [ ex:street "Ring" ; ex:in [ ex:zip "1010" ] ] .
    ex:b rdfs:label "Linz" . ex:c a ex:River ; ex:far ex:a ; rdfs:label "Donau" .
    """
    triples = triples_of(text)
    kept = part_of(triples, [EX + "a", EX + "b"])
    subjects = {t.subject for t in kept if not t.subject.startswith("_:")}
    assert subjects == {EX + name for name in ("a", "b", "near", "City")}
    objects = {t.object for t in kept if t.predicate == EX + "near"}
    assert objects == {EX + "b", "urn:elsewhere"}
    nameless = {t.predicate for t in kept if t.subject.startswith("_:")}
    assert nameless == {EX + name for name in ("street", "in", "zip")}


def test_graphml_is_read_back_by_networkx() -> None:
    graph = KnowledgeGraph(
        triples_of(
            """
            ex:knows rdfs:label "knows"@en, "знает"@ru . ex:born rdfs:label "born"@en .
            ex:a a ex:Person ; rdfs:label "Анна"@ru, "安娜"@zh, "آنا"@ar ; ex:knows ex:b ;
                ex:born 1980 .
            ex:b rdfs:label "Evil \\u001b[1m\\uFFFE </data>"@en ; ex:knows ex:a, ex:c .
            """
        )
    )
    written = write_graphml(graph, [EX + "a", EX + "b"], "ru")
    read = nx.read_graphml(io.BytesIO(written))
    assert read.nodes[EX + "a"]["label"] == "Анна"
    assert read.nodes[EX + "a"]["born"] == "1980"
    assert read.nodes[EX + "a"]["types"] == "Person"
    assert read.nodes[EX + "b"]["label"] == "Evil  </data>"
    edges = [(a, b, data["label"]) for a, b, data in read.edges(data=True)]
    assert sorted(edges) == [(EX + "a", EX + "b", "знает"), (EX + "b", EX + "a", "знает")]
