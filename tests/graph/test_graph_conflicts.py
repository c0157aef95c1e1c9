"""Which sources say a fact, and which contradict each other."""

from __future__ import annotations

import pytest

from convrag.graph.conflicts import Sources, source_counts
from convrag.graph.profile import profile
from convrag.types import Literal, Triple
from tests.graph.graph_text import EX, graph_of

INTEGER = "http://www.w3.org/2001/XMLSchema#integer"
CAPITAL = "urn:capital"
CITIES = ("Wien", "Москва", "القاهرة", "दिल्ली", "東京", "กรุงเทพ", "서울")
COUNTRIES = [Triple(f"urn:c{n}", CAPITAL, Literal(city), "a") for n, city in enumerate(CITIES)]


def number(value: str, source: str, subject: str = "urn:c0") -> Triple:
    return Triple(subject, "urn:people", Literal(value, INTEGER), source)


@pytest.mark.parametrize("place", range(len(CITIES)))
def test_two_sources_contradict_each_other_in_any_script(place: int) -> None:
    other = Triple(f"urn:c{place}", CAPITAL, Literal("Ombra"), "b")
    sources = Sources([*COUNTRIES, other])
    assert sources.contradicted(other)
    assert sources.contradicted(COUNTRIES[place])
    assert not sources.contradicted(COUNTRIES[place - 1])


def test_the_same_value_in_another_spelling_is_no_conflict() -> None:
    same = Triple("urn:c0", CAPITAL, Literal("WIEN"), "b")
    numbers = [number(str(n), "a", f"urn:c{n}") for n in range(4)]
    sources = Sources([*COUNTRIES, same, *numbers, number("+00", "b")])
    assert not sources.contradicted(same)
    assert not sources.contradicted(numbers[0])
    assert sources.of(COUNTRIES[0]) == ("a",)
    assert Sources([number("0", "b"), number("0", "a")]).of(number("0", "a")) == ("a", "b")


def test_a_property_with_several_values_has_no_conflicts() -> None:
    spoken = [Triple(f"urn:c{n}", "urn:language", f"urn:l{m}", "a") for n in range(4) for m in "12"]
    other = Triple("urn:c0", "urn:language", "urn:l9", "b")
    assert not Sources([*spoken, other]).contradicted(other)


def test_too_few_uses_show_nothing_unless_it_is_declared() -> None:
    two = [Triple("urn:a", "urn:p", "urn:x", "a"), Triple("urn:a", "urn:p", "urn:y", "b")]
    assert not Sources(two).contradicted(two[0])
    kind = Triple(
        "urn:p",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
        "http://www.w3.org/2002/07/owl#FunctionalProperty",
        "a",
    )
    assert Sources([*two, kind]).contradicted(two[0])


def test_translations_are_no_conflict() -> None:
    motto = [Triple(f"urn:c{n}", "urn:motto", Literal("One", "", "en"), "a") for n in range(4)]
    german = Triple("urn:c0", "urn:motto", Literal("Eins", "", "de"), "b")
    assert not Sources([*motto, german]).contradicted(german)
    assert Sources(
        [*motto, Triple("urn:c0", "urn:motto", Literal("Two", "", "en"), "b")]
    ).contradicted(motto[0])


def test_a_profile_counts_what_is_there() -> None:
    text = """
    ex:near a owl:SymmetricProperty .
    ex:a a ex:City ; rdfs:label "Wien"@de, "维也纳"@zh ; ex:near ex:b ; ex:size 3 .
    ex:b rdfs:label "WIEN"@en ; ex:near ex:a .
    ex:c ex:in ex:a . ex:d rdfs:label "Ομόνοια"@el ; skos:altLabel "Omonia"@en .
    """
    graph = graph_of(text)
    found = profile(graph, COUNTRIES, hubs=1)
    assert dict(found.properties) == {EX + "in": 1, EX + "near": 2, EX + "size": 1}
    assert dict(found.labels) == {"de": 1, "el": 1, "en": 1, "zh": 1}
    assert (found.entities, found.facts, found.triples) == (4, 4, len(COUNTRIES))
    assert found.hubs == ((EX + "a", 3),)
    assert found.isolated == (EX + "d",)
    assert found.unnamed == (EX + "c",)
    assert found.namesakes == (("wien", (EX + "a", EX + "b")),)
    assert (found.mean_degree, found.median_degree) == (1.25, 1.0)
    assert source_counts(COUNTRIES) == found.sources == {"a": len(CITIES)}
