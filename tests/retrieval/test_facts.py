"""The graph channel finds the facts a question asks for, and doubts those it says more than."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.models.scripted import HashEncoder
from convrag.retrieval.facts import FactChannel, FactHit
from convrag.types import Literal, Query, Triple

LABEL, ALIAS = terms.RDFS + "label", terms.SKOS + "altLabel"
NAMES = {
    "avaria": {"en": "Avaria", "de": "Awarien", "zh": "阿瓦里亚"},
    "solem": {"en": "Solem", "de": "Solem", "zh": "索莱姆"},
    "ister": {"en": "Ister", "de": "Ister", "zh": "伊斯特河"},
    "capital": {"en": "capital", "de": "Hauptstadt", "zh": "首都"},
    "capitalOf": {"en": "capital of", "de": "Hauptstadt von", "zh": "首都属于"},
    "flows": {"en": "flows through", "de": "fließt durch", "zh": "流经"},
    "River": {"en": "river", "de": "Fluss", "zh": "河流"},
    "City": {"en": "city", "de": "Stadt", "zh": "城市"},
}


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    triples = [
        Triple("avaria", "capital", "solem"),
        Triple("ister", "flows", "avaria"),
        Triple("capital", terms.INVERSE, "capitalOf"),
        Triple("solem", terms.TYPE, "City"),
        Triple("ister", terms.TYPE, "River"),
        Triple("ister", terms.DEFINITION, Literal("a wide, slow river", "", "en")),
        Triple("ister", terms.DEFINITION, Literal("ein breiter Fluss", "", "de")),
        Triple("capital", ALIAS, Literal("seat of government", "", "en")),
    ]
    for term, names in NAMES.items():
        triples += [Triple(term, LABEL, Literal(n, "", lang)) for lang, n in names.items()]
    return KnowledgeGraph(triples)


def search(graph: KnowledgeGraph, text: str, language: str = "en") -> tuple[FactHit, ...]:
    channel = FactChannel(graph, RelationMatcher(graph), HashEncoder(64))
    query = Query(text, text, language)
    links = DictionaryLinker(graph).link(text, language=language)
    return channel.search(replace(query, links=links))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of Avaria?", "en"),
        ("Where is the seat of Avaria's government?", "en"),
        ("Was ist die Hauptstadt von Awarien?", "de"),
        ("阿瓦里亚的首都是哪里？", "zh"),
        ("Solem is the capital of what?", "en"),
    ],
)
def test_a_property_is_found_by_its_words_in_either_direction(graph, text, language) -> None:
    best = search(graph, text, language)[0]
    assert best.group.property == "capital"
    assert best.confidence >= 0.6


def test_a_class_alone_asks_for_its_members(graph) -> None:
    (hit, *_) = search(graph, "Which rivers are in Avaria?")
    assert (hit.group.property, hit.group.forward) == ("flows", False)
    assert hit.confidence >= 0.6


def test_a_class_that_says_what_the_entity_is_asks_for_nothing(graph) -> None:
    hits = search(graph, "Who is the mayor of the city of Solem?")
    assert all(hit.confidence < 0.6 for hit in hits)


def test_words_that_nothing_explains_cost_trust(graph) -> None:
    plain = search(graph, "What is the capital of Avaria?")[0]
    more = search(graph, "Which bakery opened in the capital of Avaria?")[0]
    assert plain.confidence >= 0.6 > more.confidence


def test_only_the_clause_that_asks_has_to_be_explained(graph) -> None:
    hit = search(graph, "Hello, I am planning a holiday, what is the capital of Avaria?")[0]
    assert hit.confidence >= 0.6


@pytest.mark.parametrize(("language", "text"), [("en", "What is Ister?"), ("de", "Was ist Ister?")])
def test_a_bare_question_asks_for_the_definition_in_its_language(graph, language, text) -> None:
    (hit, *_) = search(graph, text, language)
    assert hit.group.property == terms.DEFINITION
    assert [t.object.language for t in hit.group.triples] == [language]


def test_without_an_entity_there_are_no_facts(graph) -> None:
    assert search(graph, "What is the capital?") == ()
