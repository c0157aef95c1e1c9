"""What a text shares with a question, and whether numbers are asked for and given."""

from __future__ import annotations

import pytest

from convrag.generation.coverage import wanted
from convrag.graph import terms
from convrag.graph.model import KnowledgeGraph
from convrag.graph.naming import generalized
from convrag.graph.quantities import asks_for_number, has_number
from convrag.types import Link, Literal, Mention, Query, Triple

GRAPH = KnowledgeGraph(
    [
        Triple("ox-9", terms.TYPE, "Oven"),
        Triple("ox-9", terms.RDFS + "label", Literal("OX-9", "", "en")),
        Triple("Oven", terms.RDFS + "label", Literal("oven", "", "en")),
        Triple("Oven", terms.RDFS + "label", Literal("Backofen", "", "de")),
    ]
)


def about_the_oven(text: str, language: str = "en") -> Query:
    start = text.index("OX-9")
    link = Link(Mention("OX-9", (start, start + 4)), "ox-9", 1.0)
    return Query(text, text, language, (link,))


@pytest.mark.parametrize(
    ("language", "question", "text", "least"),
    [
        ("en", "When are the filters cleaned?", "The filter must be cleaned at night.", 0.9),
        ("de", "Wann wird der Filter gereinigt?", "Die Filter sind nachts zu reinigen.", 0.5),
        ("ru", "Когда чистят фильтры?", "Фильтр чистят ночью.", 0.9),
        ("zh", "什么时候清洗滤网？", "滤网在夜里清洗。", 0.6),
        ("ar", "متى تنظف المرشحات؟", "تنظف المرشحات ليلا.", 0.9),
        ("hi", "फ़िल्टर कब साफ़ होते हैं?", "फ़िल्टर रात में साफ़ होते हैं।", 0.9),
    ],
)
def test_words_are_found_in_other_forms(language, question, text, least) -> None:
    asked = wanted(GRAPH, Query(question, question, language))
    assert asked.words_in(text, language) >= least
    assert asked.words_in("42", language) == 0.0


def test_entities_count_most_where_they_are_named() -> None:
    asked = wanted(GRAPH, about_the_oven("How do I clean the OX-9?"))
    named = asked.entities_in("anything", "en", {"ox-9"}, ())
    around = asked.entities_in("anything", "en", (), {"ox-9"})
    kind = asked.entities_in("Wipe the oven.", "en", (), ())
    assert named == 1.0 > around == kind > 0.0
    assert asked.entities_in("Wipe the table.", "en", (), ()) == 0.0


def test_only_the_question_proper_has_to_be_covered() -> None:
    text = "Something else about holidays: how do I clean the tray?"
    asked = wanted(GRAPH, Query(text, text, "en"))
    assert asked.words_in("Clean the tray with water.", "en") == 1.0


def test_a_word_for_the_kind_of_a_named_thing_asks_for_nothing() -> None:
    asked = wanted(GRAPH, about_the_oven("How heavy is that oven (OX-9)?"))
    assert len(asked.words) == 1


def test_a_question_about_a_thing_becomes_one_about_its_kind() -> None:
    query = about_the_oven("Wie reinige ich den OX-9?", "de")
    assert generalized(GRAPH, query) == "Wie reinige ich den Backofen?"


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "How often is it cleaned?"),
        ("zh", "多久清洗一次？"),
        ("es", "¿Cuántos filtros tiene?"),
        ("fr", "Combien de filtres a-t-il ?"),
        ("de", "Wie lange dauert es?"),
        ("ar", "كم عدد المرشحات؟"),
        ("hi", "कितने फ़िल्टर हैं?"),
        ("ru", "Сколько там фильтров?"),
        ("ja", "フィルターはいくつありますか？"),
        ("pt", "Quantos filtros tem?"),
    ],
)
def test_a_number_is_asked_for(language, question) -> None:
    assert asks_for_number(question, language)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("It has 3 filters.", "en", True),
        ("Once a week.", "en", True),
        ("2. Close the door.", "en", False),
        ("2. Wait 5 minutes.", "en", True),
        ("每三个月一次。", "zh", True),
        ("٣ مرشحات", "ar", True),
        ("Close the door.", "en", False),
    ],
)
def test_numbers_are_digits_and_words_but_not_the_items_of_a_list(text, language, expected) -> None:
    assert has_number(text, language) is expected
