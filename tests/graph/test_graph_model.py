"""Entities, classes, properties and facts of a graph."""

from __future__ import annotations

import dataclasses

import pytest

from convrag.graph.model import FactGroup, KnowledgeGraph, builtin_properties
from convrag.types import Literal, Triple
from tests.graph.graph_text import EX, graph_of

LAKES = """
ex:Lake a owl:Class ; rdfs:subClassOf ex:Water ; rdfs:label "lake"@en .
ex:Water rdfs:subClassOf ex:Place . ex:Place rdfs:subClassOf ex:Lake .
ex:flowsInto a owl:ObjectProperty ; rdfs:label "flows into"@en ; owl:inverseOf ex:fedBy .
ex:fedBy rdfs:label "is fed by"@en .
ex:near a owl:SymmetricProperty ; rdfs:label "is near"@en .
ex:depth rdfs:domain ex:Lake ; rdfs:label "depth"@en .
ex:ombra a ex:Lake ; rdfs:label "Lake Ombra"@en, "翁布拉湖"@zh, "озеро Омбра"@ru, "بحيرة أومبرا"@ar,
    "ओम्ब्रा झील"@hi, "オンブラ湖"@ja ; skos:altLabel "Ombra"@en, "Lake Ombra"@en ;
    rdfs:comment "A deep lake."@en ; ex:depth 120 ; ex:near ex:vell .
ex:tarn ex:flowsInto ex:ombra .
"""


def other(group: FactGroup) -> set[object]:
    return set(group.others)


def by_property(graph: KnowledgeGraph, entity: str) -> dict[tuple[str, bool], FactGroup]:
    return {(g.property.removeprefix(EX), g.forward): g for g in graph.groups(EX + entity)}


def test_terms_are_sorted_into_entities_classes_and_properties() -> None:
    graph = graph_of(LAKES)
    assert set(graph.entities) == {EX + "ombra", EX + "tarn", EX + "vell"}
    assert set(graph.classes) == {EX + "Lake", EX + "Water", EX + "Place"}
    own = {p.removeprefix(EX) for p in graph.properties if p.startswith(EX)}
    assert own == {"flowsInto", "fedBy", "near", "depth"}
    assert graph.size == 3
    ombra = graph.entities[EX + "ombra"]
    assert ombra.labels["ar"] == "بحيرة أومبرا"
    assert ombra.aliases == {"en": ("Ombra",)}
    assert ombra.description == {"en": "A deep lake."}


def test_classes_above_are_found_and_cycles_end() -> None:
    types = graph_of(LAKES).entities[EX + "ombra"].types
    assert types == (EX + "Lake", EX + "Water", EX + "Place")


def test_inverse_is_known_from_both_sides() -> None:
    graph = graph_of(LAKES)
    assert graph.property(EX + "flowsInto").inverse == EX + "fedBy"
    assert graph.property(EX + "fedBy").inverse == EX + "flowsInto"
    group = by_property(graph, "ombra")["flowsInto", False]
    assert other(group) == {EX + "tarn"}
    assert other(by_property(graph, "tarn")["flowsInto", True]) == {EX + "ombra"}


def test_symmetric_facts_are_seen_from_both_ends_once() -> None:
    graph = graph_of(LAKES)
    assert graph.property(EX + "near").symmetric
    assert other(by_property(graph, "vell")["near", True]) == {EX + "ombra"}
    assert EX + "ombra" in graph.neighbours(EX + "vell")
    assert graph.degree(EX + "vell") == 1
    both = graph_of(LAKES, "ex:vell ex:near ex:ombra, ex:vell .")
    for entity in ("vell", "ombra"):
        group = by_property(both, entity)["near", True]
        assert len(group.others) == len(set(group.others))
    assert ("near", False) not in by_property(both, "ombra")


def test_a_property_that_is_its_own_inverse_is_symmetric() -> None:
    graph = graph_of("ex:near owl:inverseOf ex:near . ex:a ex:near ex:b .")
    assert other(by_property(graph, "b")["near", True]) == {EX + "a"}


@pytest.mark.parametrize(
    ("labels", "language", "label"),
    [
        ('"озеро"@ru, "lake"@en, "lago"@es', "ru", "озеро"),
        ('"озеро"@ru, "lake"@en, "lago"@es', "zh", "lake"),
        ('"湖"@zh, "lake"', "de", "lake"),
        ('"Aral", "озеро"@ru, "lake"@en', "zh", "lake"),
        ('"湖"@zh, "बड़ी झील"@hi', "de", "बड़ी झील"),
        ('"بحيرة"@ar', "", "بحيرة"),
    ],
)
def test_labels_fall_back_to_english_then_no_language_then_any(
    labels: str, language: str, label: str
) -> None:
    graph = graph_of(f"ex:a rdfs:label {labels} .")
    assert graph.label(EX + "a", language) == label


def test_terms_without_a_label_are_called_by_the_end_of_their_iri() -> None:
    graph = graph_of("ex:Big_Lake ex:p <urn:x:thing>, <https://o.example/path/> .")
    assert graph.label(EX + "Big_Lake", "en") == "Big_Lake"
    assert graph.label("urn:x:thing", "en") == "thing"
    assert graph.label("https://o.example/path/", "en") == "path"
    assert graph.label("#", "en") == "#"
    assert graph.label(EX + "p", "zh") == "p"


def test_two_sources_that_say_the_same_make_one_fact_and_one_name() -> None:
    once, twice = graph_of(LAKES), graph_of(LAKES, LAKES)
    assert once.entities == twice.entities
    assert once.properties == twice.properties
    assert once.groups(EX + "ombra") == twice.groups(EX + "ombra")
    assert twice.size == once.size


def test_a_second_label_is_an_alias() -> None:
    graph = graph_of('ex:a rdfs:label "Bern"@de ; skos:prefLabel "Berna"@de, "Bern"@de .')
    entity = graph.entities[EX + "a"]
    assert entity.labels == {"de": "Bern"}
    assert entity.aliases == {"de": ("Berna",)}


def test_built_in_properties_yield_to_the_graphs_own_names() -> None:
    definition = "http://www.w3.org/2004/02/skos/core#definition"
    assert len(builtin_properties()[definition].labels) >= 10
    graph = graph_of('skos:definition rdfs:label "sense"@en . ex:a skos:definition "x"@en .')
    assert graph.label(definition, "en") == "sense"
    assert graph.label(definition, "ja") == "意味"
    assert EX + "a" in graph.entities
    assert graph.size == 1


def test_an_empty_graph_and_unknown_terms_are_no_error() -> None:
    graph = KnowledgeGraph(())
    assert graph.groups("x") == ()
    assert graph.neighbours("x") == frozenset()
    assert graph.property("x").labels == {}
    assert (graph.size, graph.degree("x")) == (0, 0)


def test_the_graph_cannot_be_changed() -> None:
    graph = KnowledgeGraph([Triple("a", "b", Literal("c"))])
    with pytest.raises(TypeError):
        graph.entities["z"] = graph.entities["a"]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.entities["a"].id = "z"  # type: ignore[misc]
