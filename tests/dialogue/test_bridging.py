"""What the dialogue has not named, but leads to by one fact."""

from __future__ import annotations

import pytest

from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.types import Dialogue, DialogueState, Literal, Query, Role, Triple, Turn
from tests.dialogue.conftest import LANGUAGES, NAMES

TOWN = ("Brema", "布雷马", "Brema", "Brème", "Brema", "بريما", "ब्रेमा", "Брема", "ブレマ", "Brema")
LAND = (
    "Norland",
    "诺兰",
    "Norlandia",
    "Norlande",
    "Norland",
    "نورلاند",
    "नोरलैंड",
    "Норландия",
    "ノーランド",
    "Norlândia",
)
STREAM = ("Sava", "萨瓦", "Sava", "Save", "Sawe", "سافا", "सावा", "Сава", "サバ川", "Sava")
SHOP = (
    "Harbour Shop",
    "海港商店",
    "Tienda Puerto",
    "Boutique du Port",
    "Hafenladen",
    "متجر الميناء",
    "बंदरगाह दुकान",
    "Портовая лавка",
    "港の店",
    "Loja do Porto",
)
COIN = ("crown", "王冠币", "corona", "couronne", "Krone", "تاج", "मुकुट", "крона", "王冠貨", "coroa")
CURRENCY = NAMES["currency"]
RIVER = NAMES["River"]
LENGTH = NAMES["length"]
BORDERS = (
    "border", "接壤", "limita", "voisin", "grenzt", "حدود", "सीमा", "граничит", "接する",
    "fronteira",
)  # fmt: skip
OTHER_LAND = (
    "Sudland", "苏兰", "Sudlandia", "Sudlande", "Sudland", "سودلاند", "सुदलैंड", "Судландия",
    "スドランド", "Sudlândia",
)  # fmt: skip
HOURS = (
    "opening hours",
    "营业时间",
    "horario",
    "horaires",
    "Öffnungszeiten",
    "ساعات العمل",
    "खुलने का समय",
    "часы работы",
    "営業時間",
    "horário",
)


def named(term: str, names: tuple[str, ...]) -> list[Triple]:
    return [
        Triple(term, terms.RDFS + "label", Literal(name, "", language))
        for language, name in zip(LANGUAGES, names, strict=True)
    ]


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    facts = [
        ("town", "inLand", "land"),
        ("stream", "through", "town"),
        ("shop", "inTown", "town"),
        ("land", "currency", "coin"),
        ("land", "borders", "land2"),
        ("stream", "length", Literal("310", terms.XSD + "integer")),
        ("shop", "hours", Literal("9-17")),
        ("robot", "hasPart", "main-brush"),
        ("robot", "hasPart", "side-brush"),
        ("code", "affects", "main-brush"),
        ("code", "codeOf", "robot"),
        ("main-brush", "price", Literal("15", terms.XSD + "integer")),
        ("side-brush", "price", Literal("8", terms.XSD + "integer")),
    ]
    kinds = {
        "town": "Town", "land": "Land", "stream": "River", "shop": "Shop", "coin": "Coin",
        "land2": "Land",
        "robot": "Robot", "code": "Code", "main-brush": "Part", "side-brush": "Part",
    }  # fmt: skip
    triples = [Triple(s, p, o) for s, p, o in facts]
    triples += [Triple(s, terms.TYPE, kind) for s, kind in kinds.items()]
    for term, names in {
        "town": TOWN, "land": LAND, "stream": STREAM, "shop": SHOP, "coin": COIN,
        "currency": CURRENCY, "River": RIVER, "length": LENGTH, "hours": HOURS,
    }.items():  # fmt: skip
        triples += named(term, names)
    for term, name in {
        "robot": "RV-5", "code": "E01", "main-brush": "main brush", "side-brush": "side brush",
        "Part": "part", "price": "price", "Robot": "cleaning robot",
    }.items():  # fmt: skip
        triples.append(Triple(term, terms.RDFS + "label", Literal(name, "", "en")))
    triples.append(Triple("borders", terms.TYPE, terms.OWL + "SymmetricProperty"))
    triples += named("borders", BORDERS) + named("land2", OTHER_LAND)
    properties = (
        "borders",
        "inLand",
        "through",
        "inTown",
        "currency",
        "length",
        "hours",
        "hasPart",
        "price",
    )
    triples += [Triple(p, terms.TYPE, terms.OWL + "ObjectProperty") for p in properties]
    return KnowledgeGraph(triples)


@pytest.fixture(scope="module")
def rewriter(graph: KnowledgeGraph) -> RuleRewriter:
    linker, matcher = DictionaryLinker(graph), RelationMatcher(graph)
    return RuleRewriter(graph, linker, matcher, lambda _, default: default)


def follow(
    rewriter: RuleRewriter,
    graph: KnowledgeGraph,
    language: str,
    turns: list[str],
    outcome: Outcome | None = None,
) -> Query:
    """Return the query of the last turn; ``outcome`` is that of the turns before it."""
    state = DialogueState(language=language)
    for text in turns[:-1]:
        query = rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))
        state = advance(state, query, outcome or Outcome(), graph)
    return rewriter.rewrite(Turn("t", Role.USER, turns[-1], language), Dialogue("d", (), state))


THERE = {
    "en": "What is the currency there?",
    "zh": "那里的货币是什么？",
    "es": "¿Qué moneda hay allí?",
    "fr": "Quelle est la monnaie là-bas ?",
    "de": "Welche Währung gilt dort?",
    "ar": "ما العملة هناك؟",
    "hi": "वहाँ की मुद्रा क्या है?",
    "ru": "Какая там валюта?",
    "ja": "そこの通貨は？",
    "pt": "Qual é a moeda lá?",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_currency_of_a_town_is_its_lands(rewriter, graph, language) -> None:
    at = LANGUAGES.index(language)
    query = follow(rewriter, graph, language, [f"{TOWN[at]}?", THERE[language]])
    assert [link.entity_id for link in query.links] == ["land"]
    assert LAND[at] in query.text


def test_what_things_of_its_kind_have_is_no_neighbours(rewriter, graph) -> None:
    """Another town with a currency: then a town without one has none that is known."""
    own = [*graph.facts(), Triple("town2", terms.TYPE, "Town"), Triple("town2", "currency", "coin")]
    labels = [
        Triple(s, terms.RDFS + "label", Literal(name, "", "en"))
        for s, name in (("town", "Brema"), ("town2", "Ulm"), ("land", "Norland"))
    ]
    kinds = [Triple(s, terms.TYPE, k) for s, k in (("town", "Town"), ("land", "Land"))]
    words = [
        Triple("currency", terms.RDFS + "label", Literal("currency", "", "en")),
        Triple("currency", terms.TYPE, terms.OWL + "ObjectProperty"),
    ]
    other = KnowledgeGraph([*own, *labels, *kinds, *words])
    rules = RuleRewriter(
        other, DictionaryLinker(other), RelationMatcher(other), lambda _, default: default
    )
    query = follow(rules, other, "en", ["Brema?", "What is the currency there?"])
    assert [link.entity_id for link in query.links] == ["town"]


THAT_RIVER = {
    "en": "How much is the length of that river?",
    "es": "¿Cuál es la longitud de ese río?",
    "fr": "Quelle est la longueur de ce fleuve ?",
    "de": "Welche Länge hat dieser Fluss?",
    "zh": "那条河的长度是多少？",
    "ja": "その川の長さは？",
    "pt": "Qual é o comprimento desse rio?",
    "ru": "Какая длина у этой реки?",
}


@pytest.mark.parametrize("language", sorted(THAT_RIVER))
def test_that_river_is_the_only_one_beside_the_town(rewriter, graph, language) -> None:
    town = TOWN[LANGUAGES.index(language)]
    query = follow(rewriter, graph, language, [f"{town}?", THAT_RIVER[language]])
    assert [link.entity_id for link in query.links] == ["stream"]


HOURS_OF = {
    "en": "What are the opening hours of the one in {}?",
    "es": "¿Qué horario tiene la de {}?",
    "fr": "Quels sont les horaires de celle de {} ?",
    "de": "Welche Öffnungszeiten hat der in {}?",
    "pt": "Qual é o horário da de {}?",
    "zh": "{}的那家营业时间是什么？",
    "ru": "Какие часы работы у того, что в {}?",
}


@pytest.mark.parametrize("language", sorted(HOURS_OF))
def test_the_one_in_a_town_is_the_listed_shop_there(rewriter, graph, language) -> None:
    at = LANGUAGES.index(language)
    turns = [f"{SHOP[at]}?", HOURS_OF[language].format(TOWN[at])]
    query = follow(rewriter, graph, language, turns)
    assert SHOP[at] in query.text


def test_a_part_of_a_name_stands_for_the_thing_in_view(rewriter, graph) -> None:
    about_code = Outcome(about=("code",), owners={"code": "robot"})
    query = follow(rewriter, graph, "en", ["E01", "price? The brush, I say."], about_code)
    assert [link.entity_id for link in query.links] == ["main-brush"]
    turns = ["E01", "price of the brush?", "and the side one"]
    query = follow(rewriter, graph, "en", turns, about_code)
    assert query.text == "price of the side brush?"


def test_a_word_of_a_proper_name_is_not_taken_for_it(rewriter, graph) -> None:
    query = follow(rewriter, graph, "en", ["Brema?", "Is the shop window new?"])
    assert "Harbour" not in query.text


def test_a_part_of_the_name_of_a_kind_points_at_the_thing(rewriter, graph) -> None:
    query = follow(rewriter, graph, "en", ["RV-5?", "Who sells this robot?"])
    assert [link.entity_id for link in query.links] == ["robot"]
    kept = follow(rewriter, graph, "en", ["RV-5?", "Who bakes this bread?"])
    assert not kept.links


WHETHER = {
    "en": "Does it border {}?",
    "de": "Grenzt es an {}?",
    "es": "¿Limita con {}?",
    "pt": "Faz fronteira com {}?",
    "ru": "Он граничит с {}?",
    "ar": "هل لها حدود مع {}؟",
    "zh": "它与{}接壤吗？",
}


@pytest.mark.parametrize("language", sorted(WHETHER))
def test_a_question_by_yes_or_no_is_about_the_one_in_focus(rewriter, graph, language) -> None:
    at = LANGUAGES.index(language)
    turns = [f"{LAND[at]}?", WHETHER[language].format(OTHER_LAND[at])]
    query = follow(rewriter, graph, language, turns)
    assert [link.entity_id for link in query.links] == ["land"]
    assert LAND[at] in query.text
    assert OTHER_LAND[at] in query.text


def test_a_question_about_the_named_one_is_left_alone(rewriter, graph) -> None:
    query = follow(rewriter, graph, "en", ["Norland?", "What do they border in Sudland?"])
    assert [link.entity_id for link in query.links] == ["land2"]
