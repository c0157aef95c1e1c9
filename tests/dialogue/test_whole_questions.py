"""Questions that say all they ask about, in a dialogue about something else."""

from __future__ import annotations

import pytest

from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.types import Dialogue, DialogueState, Link, Mention, Query, Role, Turn
from tests.graph.planning_graph import planning_graph


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return planning_graph()


@pytest.fixture(scope="module")
def rewriter(graph: KnowledgeGraph) -> RuleRewriter:
    return RuleRewriter(
        graph, DictionaryLinker(graph), RelationMatcher(graph), lambda text, default: default
    )


def said(rewriter: RuleRewriter, graph: KnowledgeGraph, text: str, language: str) -> Query:
    """Return the query of the turn after another country was asked about."""
    name = graph.label("corvia", language)
    link = Link(Mention(name, (0, len(name))), "corvia", 1.0)
    before = Query(f"{name}?", f"{name}?", language, (link,))
    state = advance(DialogueState(), before, Outcome((), (), "corvia"), graph)
    return rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))


WHOLE = [
    ("en", "What is the currency of the country whose capital is Solem?"),
    ("de", "Was ist die Währung in dem Land mit der Hauptstadt Solem?"),
    ("es", "¿Cuál es la moneda del país cuya capital es Solem?"),
    ("fr", "Quelle est la monnaie du pays dont la capitale est Solem ?"),
    ("pt", "Qual é a moeda do país cuja capital é Solem?"),
    ("it", "Qual è la valuta del paese la cui capitale è Solem?"),
    ("ru", "Какая валюта в стране, столица которой Солем?"),
    ("zh", "首都是索莱姆的国家的货币是什么？"),
    ("ja", "首都がソレムの国の通貨は？"),
    ("ar", "ما عملة الدولة التي عاصمتها سوليم؟"),
    ("hi", "जिस देश की राजधानी सोलेम है उसकी मुद्रा क्या है?"),
    ("en", "Which neighbour of Avaria has the largest area?"),
    ("en", "Where is the area larger: Avaria or Borland?"),
    ("ru", "Где площадь больше: Авария или Борландия?"),
]


@pytest.mark.parametrize(("language", "text"), WHOLE)
def test_a_question_that_says_all_stays(rewriter, graph, language: str, text: str) -> None:
    query = said(rewriter, graph, text, language)
    assert query.text == text
    assert query.standalone


LEANING = {
    "en": "What is its area?",
    "de": "Wie groß ist seine Fläche?",
    "es": "¿Cuál es su superficie?",
    "fr": "Quelle est sa superficie ?",
    "pt": "Qual é a sua área?",
    "ru": "Какая у неё площадь?",
    "zh": "它的面积是多少？",
    "ja": "その面積は？",
    "ar": "ما مساحتها؟",
    "hi": "उसका क्षेत्रफल क्या है?",
}


@pytest.mark.parametrize("language", LEANING)
def test_a_question_that_points_back_gets_the_name(rewriter, graph, language: str) -> None:
    query = said(rewriter, graph, LEANING[language], language)
    assert graph.label("corvia", language) in query.text


def test_a_pronoun_before_the_only_name_still_points_back(rewriter, graph) -> None:
    query = said(rewriter, graph, "Is it larger than Avaria?", "en")
    assert {link.entity_id for link in query.links} >= {"corvia"} or "Corvia" in query.text
