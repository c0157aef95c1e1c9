"""Numbers in questions: limits with units, places in a ranking, how many of it are asked for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrag.generation.concluding import worded
from convrag.graph import terms
from convrag.graph.amounts import amounts
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.planning import Planner
from convrag.graph.plans import Result, execute
from convrag.graph.relations import RelationMatcher
from convrag.types import Inference, Literal, Query, Triple
from tests.graph.planning_graph import number, planning_graph

GRAPH = planning_graph()


def concluded(text: str, language: str, graph: KnowledgeGraph = GRAPH) -> Result | None:
    links = DictionaryLinker(graph).link(text, language=language)
    query = Query(text, text, language, links)
    plan = Planner(graph, RelationMatcher(graph)).plan(query)
    return execute(graph, plan) if plan is not None else None


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("more than ten million, or 1.5 million", "en", ["10000000", "1500000.0"]),
        ("5.000.000 Einwohner, 1,5 Mio. und zehn Tausend", "de", ["5000000", "1500000.0", "10000"]),
        ("10 millones y 1.000 países", "es", ["10000000", "1000"]),
        ("2\u202f000\u202f000 d'habitants, deux cent mille", "fr", ["2000000", "200000"]),
        ("10 milhões", "pt", ["10000000"]),
        ("dieci milioni, 500 mila", "it", ["10000000", "500000"]),
        ("больше 2 000 000, десяти миллионов, 3 тыс.", "ru", ["2000000", "10000000", "3000"]),
        ("1亿2000万人，三千五百，一千万，哪一个", "zh", ["120000000", "3500", "10000000"]),
        ("1億人以上、3つ", "ja", ["100000000", "3"]),
        ("٥٬٠٠٠٬٠٠٠ و عشرة ملايين", "ar", ["5000000", "10000000"]),
        ("10 लाख, 50,00,000 और दो करोड़", "hi", ["1000000", "5000000", "20000000"]),
        ("half of them", "en", []),
    ],
)
def test_numbers_are_read_in_digits_and_words(text: str, language: str, values: list[str]) -> None:
    assert [str(a.value) for a in amounts(text, language)] == values


@given(
    st.text("0123456789٠٣.,' ٬٫十万億一千。km²m millionMio ²½", max_size=24),
    st.sampled_from(("en", "de", "ru", "zh", "ja", "ar", "hi")),
)
def test_no_text_breaks_the_reading_of_numbers(text: str, language: str) -> None:
    for amount in amounts(text, language):
        start, end = amount.span
        assert 0 <= start < end <= len(text)
        assert amount.value.is_finite()


@pytest.mark.parametrize("text", ["am 10.05.1999", "Version 1.2.3", "1,2,3 und 4"])
def test_dates_and_versions_are_no_numbers(text: str) -> None:
    assert "10" not in [str(a.value) for a in amounts(text, "de")]
    assert not [a for a in amounts(text, "de") if a.value not in range(1, 5)]


@pytest.mark.parametrize(
    ("text", "language", "quantity", "size"),
    [
        ("500 square miles", "en", "area", "1294.994000"),
        ("3 Meter", "de", "length", "3"),
        ("2 kilómetros", "es", "length", "2000"),
        ("10 kilomètres carrés", "fr", "area", "10"),
        ("5 футов", "ru", "length", "1.5240"),
        ("3平方公里", "zh", "area", "3"),
        ("2キロ", "ja", "length", "2000"),
        ("7 كيلومتر مربع", "ar", "area", "7"),
        ("4 किलोमीटर", "hi", "length", "4000"),
    ],
)
def test_units_are_of_a_quantity(text: str, language: str, quantity: str, size: str) -> None:
    (amount,) = amounts(text, language)
    assert (amount.quantity, amount.value * amount.factor) == (quantity, Decimal(size))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Which countries are larger than 300 km²?", "en"),
        ("Which countries are larger than 120 square miles?", "en"),
        ("Welche Länder sind größer als 300 Quadratkilometer?", "de"),
        ("¿Qué países tienen una superficie de más de 300 km²?", "es"),
        ("Quels pays ont une superficie de plus de 300 km² ?", "fr"),
        ("Que países têm uma área superior a 300 km²?", "pt"),
        ("Quali paesi hanno una superficie di almeno 300 km²?", "it"),
        ("Какие страны больше 300 км²?", "ru"),
        ("哪些国家的面积超过300平方公里？", "zh"),
        ("面積が300平方キロメートル以上の国はどこですか？", "ja"),
        ("ما هي الدول التي مساحتها أكبر من 300 كيلومتر مربع؟", "ar"),
        ("कौन से देश 300 वर्ग किलोमीटर से बड़े हैं?", "hi"),
    ],
)
def test_list_within_a_limit_has_its_members_and_their_values(text: str, language: str) -> None:
    plurals = {"de": "Länder", "es": "países", "pt": "países", "it": "paesi", "ru": "страны",
               "ar": "الدول"}  # fmt: skip
    names = [Triple("Country", terms.ALIAS, Literal(n, "", x)) for x, n in plurals.items()]
    names.append(Triple("area", terms.ALIAS, Literal("مساحتها", "", "ar")))
    result = concluded(text, language, planning_graph(*names))
    assert result is not None
    assert (result.conclusion.kind, result.conclusion.values) == (
        Inference.LIST,
        ("avaria", "corvia"),
    )
    assert {t for g in result.groups for t in g.triples} == {
        number("avaria", "area", 900),
        number("corvia", "area", 400),
    }


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("How many countries have an area of at least 400 km²?", "en", 2),
        ("How many countries have an area of more than 400 km²?", "en", 1),
        ("How many countries have an area under 130 km²?", "en", 1),
        ("Count the countries larger than 400 km².", "en", 1),
        ("有多少个国家的面积超过400平方公里？", "zh", 1),
        ("Сколько рек длиннее 2000 км?", "ru", 1),
    ],
)
def test_count_keeps_the_limit(text: str, language: str, count: int) -> None:
    rivers = Triple("River", terms.ALIAS, Literal("рек", "", "ru"))
    result = concluded(text, language, planning_graph(rivers))
    assert result is not None
    assert (result.conclusion.kind, result.conclusion.count) == (Inference.COUNT, count)


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "How many countries are larger than 5000 km²?", "There is none."),
        ("de", "Wie viele Flüsse sind länger als 5000 km?", "Es gibt keine."),
        ("zh", "有多少个国家的面积超过5000平方公里？", "没有。"),
        ("ja", "面積が5000平方キロメートル以上の国はいくつありますか？", "ありません。"),
        ("ru", "Сколько рек длиннее 5000 км?", "Таких нет."),
        ("ar", "كم عدد الدول التي مساحتها أكبر من 5000 كيلومتر مربع؟", "لا يوجد."),
    ],
)
def test_none_is_said_with_the_closest_value(language: str, text: str, said: str) -> None:
    names = [
        Triple("River", terms.ALIAS, Literal("рек", "", "ru")),
        Triple("River", terms.ALIAS, Literal("Flüsse", "", "de")),
        Triple("Country", terms.ALIAS, Literal("الدول", "", "ar")),
        Triple("area", terms.ALIAS, Literal("مساحتها", "", "ar")),
    ]
    graph = planning_graph(*names)
    result = concluded(text, language, graph)
    assert result is not None and result.conclusion.count == 0
    words, cited = worded(graph, result.conclusion, result.groups, language)
    assert words.startswith(said)
    assert [t.subject for t in cited] in (["avaria"], ["ister"])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the second largest country?", "en"),
        ("Was ist das zweitgrößte Land?", "de"),
        ("¿Cuál es el segundo país más grande?", "es"),
        ("Quel est le deuxième plus grand pays ?", "fr"),
        ("Qual é o segundo maior país?", "pt"),
        ("Qual è il secondo paese più grande?", "it"),
        ("Какая вторая по величине страна?", "ru"),
        ("第二大的国家是哪个？", "zh"),
        ("二番目に大きい国はどこですか？", "ja"),
        ("ما هي ثاني أكبر دولة؟", "ar"),
        ("दूसरा सबसे बड़ा देश कौन सा है?", "hi"),
    ],
)
def test_second_place_is_the_second(text: str, language: str) -> None:
    result = concluded(text, language)
    assert result is not None
    assert (result.conclusion.values, result.conclusion.place) == (("corvia",), 2)
    words, _ = worded(GRAPH, result.conclusion, result.groups, language)
    assert "2" in words


def test_of_equal_ones_none_is_the_second() -> None:
    graph = planning_graph(number("corvia", "area", 900), without=(number("corvia", "area", 400),))
    assert concluded("What is the second largest country?", "en", graph) is None
    third = concluded("What is the third largest country?", "en", graph)
    assert third is not None and third.conclusion.values == ("borland",)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What are the two largest countries?", "en"),
        ("Quels sont les 2 plus grands pays ?", "fr"),
        ("¿Cuáles son los dos países más grandes?", "es"),
        ("最大的两个国家是哪些？", "zh"),
        ("最も大きい2つの国はどこですか？", "ja"),
    ],
)
def test_first_ones_of_a_ranking_come_in_order(text: str, language: str) -> None:
    graph = planning_graph(Triple("Country", terms.ALIAS, Literal("países", "", "es")))
    result = concluded(text, language, graph)
    assert result is not None and result.conclusion.values == ("avaria", "corvia")


def test_years_limit_dates() -> None:
    days = [
        Triple(c, "founded", Literal(day, terms.XSD + "date"))
        for c, day in (
            ("avaria", "1291-08-01"),
            ("borland", "0988-01-01"),
            ("corvia", "1900-05-05"),
        )
    ]
    label = Triple("founded", terms.RDFS + "label", Literal("founded", "", "en"))
    graph = planning_graph(*days, label)
    before = concluded("Which countries were founded before 1291?", "en", graph)
    after = concluded("Which countries were founded after 1291?", "en", graph)
    assert before is not None and before.conclusion.values == ("borland",)
    assert after is not None and after.conclusion.values == ("corvia",)
    assert concluded("Which countries were founded before 1291 km?", "en", graph) is None


def test_limit_may_be_of_how_many_there_are() -> None:
    one = concluded("Which countries have more than one neighbour?", "en")
    assert one is not None and one.conclusion.values == ("avaria", "borland", "corvia")
    more = [Triple("avaria", "neighbour", "solem"), Triple("solem", terms.TYPE, "Country")]
    found = concluded("Which countries have more than 2 neighbours?", "en", planning_graph(*more))
    assert found is not None and found.conclusion.values == ("avaria",)


@pytest.mark.parametrize(
    ("text", "language", "holds"),
    [
        ("Borland is larger than Avaria, right?", "en", False),
        ("Awarien ist doch größer als Borland, oder?", "de", True),
        ("Avaria es más grande que Borlandia, ¿no?", "es", True),
        ("Avarie est plus grande que Borlande, non ?", "fr", True),
        ("Авария больше, чем Борландия, да?", "ru", True),
        ("博兰比阿瓦里亚大，对吗？", "zh", False),
    ],
)
def test_statement_with_a_tag_is_decided(text: str, language: str, holds: bool) -> None:
    result = concluded(text, language)
    assert result is not None and result.conclusion.holds is holds


def test_what_is_ranked_may_be_told_by_what_is_measured() -> None:
    result = concluded("Which is the longest in Avaria?", "en")
    assert result is not None and result.conclusion.values == ("ister",)
    assert concluded("Which is the longest?", "en") is None


def test_adjective_turns_with_what_it_measures() -> None:
    facts = [number(c, "age", a) for c, a in (("avaria", 40), ("borland", 20), ("corvia", 30))]
    label = Triple("age", terms.RDFS + "label", Literal("median age", "", "en"))
    graph = planning_graph(*facts, label)
    youngest = concluded("Which country is the youngest by median age?", "en", graph)
    assert youngest is not None and youngest.conclusion.values == ("borland",)
