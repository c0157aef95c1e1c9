"""Which properties and classes a question names."""

from __future__ import annotations

import pytest

from convrag.graph.relations import RelationMatch, RelationMatcher
from tests.graph.graph_text import EX, graph_of

GRAPH = graph_of("""
ex:capital rdfs:domain ex:Land ; rdfs:label "capital"@en, "首都"@zh, "столица"@ru, "عاصمة"@ar,
    "राजधानी"@hi, "首都"@ja, "수도"@ko, "Hauptstadt"@de, "capital"@es .
ex:capitalSince rdfs:domain ex:Land ; rdfs:label "capital since"@en, "首都始于"@zh .
ex:founded rdfs:domain ex:Land ; rdfs:label "founded"@en ; skos:altLabel "since"@en .
ex:language rdfs:domain ex:Land ; rdfs:label "official language"@en, "Amtssprache"@de .
ex:speech rdfs:domain ex:Land ; skos:altLabel "official language"@en .
ex:gift rdfs:domain ex:Land ; rdfs:label "gift"@en .
ex:poison rdfs:domain ex:Land ; rdfs:label "Gift"@de .
ex:River a owl:Class ; rdfs:label "river"@en, "河流"@zh, "река"@ru ; skos:altLabel "rivers"@en .
ex:a rdfs:label "Capital City"@en .
""")
MATCHER = RelationMatcher(GRAPH)


def named(text: str, matches: tuple[RelationMatch, ...]) -> set[tuple[str, str]]:
    return {(m.target.removeprefix(EX), text[m.span[0] : m.span[1]]) for m in matches}


def match(text: str, language: str, *masked: tuple[int, int]) -> set[tuple[str, str]]:
    return named(text, MATCHER.match(text, language=language, masked=masked))


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "What is the capital?", "capital"),
        ("zh", "它的首都是哪里？", "首都"),
        ("ja", "首都はどこですか", "首都"),
        ("ru", "Какие столицы?", "столицы"),
        ("ar", "ما هي العاصمة؟", "العاصمة"),
        ("hi", "राजधानी क्या है?", "राजधानी"),
        ("ko", "수도는 어디예요?", "수도"),
        ("de", "Welche Hauptstadt?", "Hauptstadt"),
        ("es", "¿Cuáles son las capitales?", "capitales"),
    ],
)
def test_properties_are_named_in_many_scripts(language: str, text: str, words: str) -> None:
    targets = match(text, language)
    assert {target for target, _ in targets} == {"capital"}
    assert any(words.endswith(found) for _, found in targets)


def test_classes_are_named_too() -> None:
    assert match("Which rivers?", "en") == {("River", "rivers")}
    assert match("哪些河流？", "zh") == {("River", "河流")}


def test_the_longest_phrase_wins() -> None:
    assert match("capital since when?", "en") == {("capitalSince", "capital since")}
    assert match("首都始于何时", "zh") == {("capitalSince", "首都始于")}


def test_a_phrase_of_two_properties_gives_both() -> None:
    assert match("its official language", "en") == {
        ("language", "official language"),
        ("speech", "official language"),
    }


def test_masked_words_are_names_not_relations() -> None:
    text = "Since when is Capital City?"
    assert match(text, "en", (14, 26)) == {("founded", "Since")}


def test_the_own_language_comes_before_others() -> None:
    assert match("the gift", "en") == {("gift", "gift")}
    assert match("das Gift", "de") == {("poison", "Gift")}
    (own,) = MATCHER.match("首都", language="zh")
    (foreign,) = MATCHER.match("Amtssprache", language="en")
    assert foreign.target == EX + "language"
    assert 0 < foreign.strength < own.strength <= 1


def test_inflected_words_count_a_little_less() -> None:
    (exact,) = MATCHER.match("столица", language="ru")
    (inflected,) = MATCHER.match("столицу", language="ru")
    assert inflected.target == exact.target
    assert inflected.strength < exact.strength


@pytest.mark.parametrize("text", ["", "недостолица", "subcapital", "hello", "你好", "مرحبا"])
def test_nothing_is_named_where_nothing_stands(text: str) -> None:
    assert match(text, "en") == set()
