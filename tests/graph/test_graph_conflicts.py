"""Which sources say a fact, and which contradict each other."""

from __future__ import annotations

import pytest

from convrag.graph import terms
from convrag.graph.conflicts import Conflicts, agree, source_counts
from convrag.graph.model import KnowledgeGraph
from convrag.graph.profile import profile
from convrag.types import Evidence, Literal, Triple
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
    found = Conflicts(KnowledgeGraph([*COUNTRIES, other]))
    assert found.contradicted(other)
    assert found.contradicted(COUNTRIES[place])
    assert not found.contradicted(COUNTRIES[place - 1])


def test_the_same_value_in_another_spelling_is_no_conflict() -> None:
    same = Triple("urn:c0", CAPITAL, Literal("WIEN"), "b")
    numbers = [number(str(n), "a", f"urn:c{n}") for n in range(4)]
    found = Conflicts(KnowledgeGraph([*COUNTRIES, same, *numbers, number("+00", "b")]))
    assert not found.contradicted(same)
    assert not found.contradicted(numbers[0])
    twice = KnowledgeGraph([number("0", "b"), number("0", "a"), number("1", "a")])
    assert twice.size == 2
    assert twice.sources(number("0", "a")) == ("a", "b")
    assert twice.sources(number("1", "a")) == ("a",)


def test_a_property_with_several_values_has_no_conflicts() -> None:
    spoken = [Triple(f"urn:c{n}", "urn:language", f"urn:l{m}", "a") for n in range(4) for m in "12"]
    other = Triple("urn:c0", "urn:language", "urn:l9", "b")
    assert not Conflicts(KnowledgeGraph([*spoken, other])).contradicted(other)


def test_too_few_uses_show_nothing_unless_it_is_declared() -> None:
    two = [Triple("urn:a", "urn:p", "urn:x", "a"), Triple("urn:a", "urn:p", "urn:y", "b")]
    assert not Conflicts(KnowledgeGraph(two)).contradicted(two[0])
    kind = Triple(
        "urn:p",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
        "http://www.w3.org/2002/07/owl#FunctionalProperty",
        "a",
    )
    assert Conflicts(KnowledgeGraph([*two, kind])).contradicted(two[0])


def test_translations_are_no_conflict() -> None:
    motto = [Triple(f"urn:c{n}", "urn:motto", Literal("One", "", "en"), "a") for n in range(4)]
    german = Triple("urn:c0", "urn:motto", Literal("Eins", "", "de"), "b")
    assert not Conflicts(KnowledgeGraph([*motto, german])).contradicted(german)
    two = Triple("urn:c0", "urn:motto", Literal("Two", "", "en"), "b")
    assert Conflicts(KnowledgeGraph([*motto, two])).contradicted(motto[0])


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


def test_values_of_other_times_contradict_nothing() -> None:
    text = """
    @prefix wd: <http://www.wikidata.org/entity/> . @prefix p: <http://www.wikidata.org/prop/> .
    @prefix ps: <http://www.wikidata.org/prop/statement/> .
    @prefix pq: <http://www.wikidata.org/prop/qualifier/> .
    """
    rows = [f'wd:Q{n} p:P1082 [ ps:P1082 {n} ; pq:P585 "1990" ] .' for n in range(1, 5)]
    other = 'wd:Q1 p:P1082 [ ps:P1082 9 ; pq:P585 "2010" ] .'
    graph = graph_of(text + "\n".join(rows), text + other)
    conflicts = Conflicts(graph)
    facts = [t for t in graph.facts() if t.subject.endswith("/Q1")]
    assert len(facts) == 2
    assert not any(conflicts.contradicted(fact) for fact in facts)


def test_evidence_names_all_that_say_it_and_whether_others_deny_it() -> None:
    same = Triple("urn:c1", CAPITAL, COUNTRIES[1].object, "b")
    other = Triple("urn:c0", CAPITAL, Literal("Ombra"), "b")
    conflicts = Conflicts(KnowledgeGraph([*COUNTRIES, same, other]))

    def seen(triple: Triple) -> tuple[tuple[str, ...], bool]:
        found = conflicts.sourced(Evidence(triple, 1.0, 1, {}))
        return found.sources, found.disputed

    assert seen(COUNTRIES[0]) == (("a",), True)
    assert seen(other) == (("b",), True)
    assert seen(COUNTRIES[1]) == (("a", "b"), False)
    assert seen(COUNTRIES[2]) == ((), False)


@pytest.mark.parametrize(
    ("one", "other", "measured", "same"),
    [
        ("37172386", "37200000", False, True),
        ("37172386", "37100000", False, False),
        ("1.96", "1.9615", False, True),
        ("1912", "1910", False, False),
        ("1912", "1919", False, False),
        ("30000", "31415", False, False),
        ("652090", "652230", False, False),
        ("652090.00", "652230", True, True),
        ("323250", "312679", True, False),
        ("-5", "5", True, False),
        ("0", "0.0", False, True),
        ("9e999999", "1", True, False),
        ("NaN", "1", True, False),
        ("1e5000000", "123456e5000000", False, False),
    ],
)
def test_numbers_agree_that_are_rounded_or_measured_alike(
    one: str, other: str, measured: bool, same: bool
) -> None:
    unit = [Triple("urn:people", terms.UNIT, Literal("km²"))] if measured else []
    graph = KnowledgeGraph([number(one, "a"), number(other, "b"), *unit])
    for a, b in ((one, other), (other, one)):
        assert agree(graph, "urn:people", Literal(a, INTEGER), Literal(b, INTEGER)) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Port-Louis", "Port Louis", True),
        ("Yaounde", "Yaoundé", True),
        ("Sana'a", "Sanaa", True),
        ("Санкт-Петербург", "Санкт Петербург", True),
        ("サン・マリノ", "サンマリノ", True),
        ("नई दिल्ली", "नई-दिल्ली", True),
        ("القُدس", "القدس", True),
        ("दिल्ली", "दल्ला", False),
        ("Wien", "Bonn", False),
        ("10-11", "1011", False),
        ("!", "?", False),
    ],
)
def test_names_agree_whatever_stands_between_their_letters(
    one: str, other: str, same: bool
) -> None:
    named = [
        Triple(f"urn:{n}", terms.LABEL_ORDER[-1], Literal(x)) for n, x in enumerate((one, other))
    ]
    graph = KnowledgeGraph(
        [*named, Triple("urn:x", CAPITAL, "urn:0"), Triple("urn:x", CAPITAL, "urn:1")]
    )
    assert agree(graph, CAPITAL, "urn:0", "urn:1") is same
    assert agree(graph, CAPITAL, Literal(one), Literal(other)) is same
    assert agree(graph, CAPITAL, "urn:0", Literal(other)) is same


def test_what_agrees_is_denied_only_by_a_source_with_nothing_like_it() -> None:
    numbers = [number(str(n), "a", f"urn:c{n}") for n in range(4)]
    rounded, other = number("37200000", "b"), number("9", "c")
    exact = number("37172386", "a")
    graph = KnowledgeGraph([exact, *numbers[1:], rounded])
    assert not Conflicts(graph).contradicted(exact)
    assert not Conflicts(graph).contradicted(rounded)
    graph = KnowledgeGraph([exact, *numbers[1:], rounded, other])
    assert all(Conflicts(graph).contradicted(t) for t in (exact, rounded, other))
