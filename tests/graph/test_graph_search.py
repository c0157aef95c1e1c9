"""Entities found by name: written, inflected, begun or misspelt, in many scripts."""

from __future__ import annotations

import random

import pytest
from rapidfuzz.distance import OSA

from convrag.graph.key_table import KeyTable, most_edits
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.search import EntityIndex
from convrag.text.normalize import match_key
from tests.graph.graph_text import EX, graph_of

CITIES = """
ex:vienna a ex:City ; rdfs:label "Vienna"@en, "Wien"@de, "Вена"@ru, "فيينا"@ar, "विएना"@hi,
    "ウィーン"@ja, "维也纳"@zh, "เวียนนา"@th ; ex:in ex:austria .
ex:austria a ex:Country ; rdfs:label "Austria"@en, "Österreich"@de, "奥地利"@zh, "Австрия"@ru .
ex:vienna-us a ex:City ; rdfs:label "Vienna"@en ; ex:in ex:virginia .
ex:virginia rdfs:label "Virginia"@en .
ex:moscow a ex:City ; rdfs:label "Moscow"@en, "Москва"@ru ; skos:altLabel "Белокаменная"@ru .
ex:drc rdfs:label "Democratic Republic of the Congo"@en ; skos:altLabel "DR Congo"@en .
ex:model-470 rdfs:label "Compressor 4701"@en .
ex:model-471 rdfs:label "Compressor 4702"@en .
ex:Q64 ex:in ex:austria .
"""


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return graph_of(CITIES)


@pytest.fixture(scope="module")
def index(graph: KnowledgeGraph) -> EntityIndex:
    return EntityIndex(graph)


def ids(found: object) -> list[str]:
    return [m.entity_id.removeprefix(EX) for m in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "language", "way", "name"),
    [
        ("WIEN", "de", "exact", "Wien"),
        ("Wiens", "de", "inflected", "Wien"),
        ("Вены", "ru", "inflected", "Вена"),
        ("فيينا", "ar", "exact", "فيينا"),
        ("विएना", "hi", "exact", "विएना"),
        ("ｳｨｰﾝ", "ja", "exact", "ウィーン"),
        ("维也", "zh", "prefix", "维也纳"),
        ("เวียน", "th", "prefix", "เวียนนา"),
        ("维也那", "zh", "fuzzy", "维也纳"),
        ("ウイーン", "ja", "fuzzy", "ウィーン"),
    ],
)
def test_a_name_is_found_in_its_script(
    index: EntityIndex, text: str, language: str, way: str, name: str
) -> None:
    (found,) = index.search(text, language, 5)
    assert (found.entity_id, found.way, found.name) == (EX + "vienna", way, name)
    assert found.language == language


def test_namesakes_stay_apart_and_the_better_known_comes_first(index: EntityIndex) -> None:
    found = index.search("vienna", "en", 5)
    assert ids(found) == ["vienna", "vienna-us"]
    assert {m.way for m in found} == {"exact"}


def test_the_name_in_the_askers_language_is_shown(index: EntityIndex) -> None:
    assert index.search("austria", "en", 1)[0].name == "Austria"
    assert index.search("österreich", "en", 1)[0].language == "de"


def test_ids_and_their_tails_are_found(index: EntityIndex) -> None:
    (whole,) = index.search(EX + "Q64", "en", 5)
    assert (whole.way, whole.name, whole.language) == ("id", "Q64", "")
    (tail,) = index.search("q64", "en", 5)
    assert (tail.entity_id, tail.way) == (EX + "Q64", "exact")


def test_later_words_and_swapped_letters_are_found(index: EntityIndex) -> None:
    (congo,) = index.search("congo", "en", 5)
    assert (congo.entity_id, congo.way, congo.name) == (
        EX + "drc",
        "word",
        "Democratic Republic of the Congo",
    )
    assert ids(index.search("republic of the", "en", 5)) == ["drc"]
    (swapped,) = index.search("Mocsow", "en", 5)
    assert (swapped.entity_id, swapped.way, swapped.edits) == (EX + "moscow", "fuzzy", 1)


def test_a_number_off_by_one_is_another_number(index: EntityIndex) -> None:
    assert ids(index.search("Compresor 4701", "en", 5)) == ["model-470"]
    assert ids(index.search("Compressor 4703", "en", 5)) == []


def test_a_known_name_is_no_misspelling(index: EntityIndex) -> None:
    assert ids(index.search("Virginia", "en", 5)) == ["virginia"]
    assert ids(index.search("Virgina", "en", 5)) == ["virginia"]


def test_prefixes_prefer_the_language_and_the_best_known(index: EntityIndex) -> None:
    assert ids(index.prefix("v", 9)) == ["vienna", "vienna-us", "virginia"]
    assert ids(index.prefix("v", 1)) == ["vienna"]
    assert index.prefix("", 9) == ()
    assert index.prefix("В", 9)[0].name == "Вена"


@pytest.mark.parametrize("text", ["", "  ", "\u202e", "💥" * 500, "a" * 10_000, "\ud800", "%_*["])
def test_odd_texts_find_nothing(index: EntityIndex, text: str) -> None:
    assert index.search(text, "en", 5) == ()


def test_a_graph_without_entities_has_no_names() -> None:
    assert EntityIndex(graph_of("")).search("anything", "en", 5) == ()


WORDS = ("berlin", "москва", "القاهرة", "दिल्ली", "東京都", "กรุงเทพ", "ἀθῆναι", "서울시")


def test_near_keys_are_those_that_a_full_scan_finds() -> None:
    chance = random.Random(5)  # noqa: S311
    letters = sorted({c for word in WORDS for c in word})
    keys = set(WORDS)
    for word in WORDS:
        for _ in range(80):
            changed = list(word)
            for _ in range(chance.randint(1, 3)):
                at = chance.randrange(len(changed))
                kind = chance.randrange(3)
                if kind == 0:
                    changed[at] = chance.choice(letters)
                elif kind == 1:
                    changed.insert(at, chance.choice(letters))
                elif len(changed) > 1:
                    del changed[at]
            keys.add("".join(changed))
    table = KeyTable((key, n) for n, key in enumerate(sorted(keys)))
    assert len(table) == len(keys)
    for word in sorted(keys):
        found = {(table.key(number), edits) for edits, number in table.near(word, 10_000)}
        most = most_edits(word)
        full = {(k, d) for k in keys if 0 < (d := OSA.distance(word, k)) <= most}
        assert found == full, word


def test_a_table_finds_what_sorted_keys_would() -> None:
    keys = ["a", "ab", "abc", "é", "éa", "東", "東京", "москва", "\U0001f600", "ab c", "กรุง"]
    table = KeyTable([(k, n) for n, k in enumerate(keys)] + [("ab", 40)])
    for key in keys:
        number = table.find(key)
        assert number is not None
        assert table.key(number) == key
        assert keys.index(key) in table.values(number)
        begun = sorted(table.key(n) for n in table.starting(key, 99))
        assert begun == sorted(k for k in keys if k.startswith(key))
    assert table.values(table.find("ab") or 0) == [1, 40]
    assert table.find("abcd") is None
    assert [table.key(n) for n in table.starting("a", 2)] == ["a", "ab"]


IDENTIFIED = """
@prefix dct: <http://purl.org/dc/terms/> . @prefix schema: <https://schema.org/> .
ex:a rdfs:label "Grape"@en, "Виноград"@ru ; skos:notation "B.03.01" .
ex:b rdfs:label "Milk"@en, "牛奶"@zh ; dct:identifier "400638133" .
ex:c rdfs:label "Leiter"@de, "سلم"@ar, "सीढ़ी"@hi, "はしご"@ja ; schema:sku "WM-900" .
"""


@pytest.mark.parametrize(
    ("written", "meant"),
    [("b.03.01", "a"), ("400638133", "b"), ("WM-900", "c"), ("ＷＭ－９００", "c")],
)
def test_identifiers_find_their_things_and_no_others(written: str, meant: str) -> None:
    index = EntityIndex(graph_of(IDENTIFIED))
    (match,) = index.search(written, "en", 5)
    assert (match.entity_id, match.way, match.language) == (EX + meant, "exact", "")
    assert match_key(match.name) == match_key(written)
    assert index.search(written[:-1] + "7", "en", 5) == ()


@pytest.mark.parametrize(
    ("text", "language", "meant"),
    [
        ("What is B.03.01?", "en", "a"),
        ("Что такое B.03.01?", "ru", "a"),
        ("400638133是什么？", "zh", "b"),
        ("Was kostet WM-900?", "de", "c"),
        ("ما هو WM-900؟", "ar", "c"),
        ("WM-900 क्या है?", "hi", "c"),
        ("WM-900とは何ですか", "ja", "c"),
    ],
)
def test_texts_name_things_by_their_identifiers(text: str, language: str, meant: str) -> None:
    linker = DictionaryLinker(graph_of(IDENTIFIED))
    assert EX + meant in [link.entity_id for link in linker.link(text, language=language)]
    other = text.translate(str.maketrans("019", "782"))
    assert not any(link.entity_id for link in linker.link(other, language=language))
