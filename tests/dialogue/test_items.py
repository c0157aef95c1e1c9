"""Items of what was listed or compared, and what "which of them" compares, in ten languages."""

from __future__ import annotations

import pytest

from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph.model import KnowledgeGraph
from convrag.types import Dialogue, DialogueState, Query, Role, Turn
from tests.dialogue.conftest import LANGUAGES, NAMES

CAPITAL_OF = {
    "en": "What is the capital of {}?",
    "zh": "{}的首都是哪里？",
    "es": "¿Cuál es la capital de {}?",
    "fr": "Quelle est la capitale de {} ?",
    "de": "Was ist die Hauptstadt von {}?",
    "ar": "ما هي عاصمة {}؟",
    "hi": "{} की राजधानी क्या है?",
    "ru": "Какая столица у страны {}?",
    "ja": "{}の首都はどこですか？",
    "pt": "Qual é a capital de {}?",
}


def name(entity: str, language: str) -> str:
    return NAMES[entity][LANGUAGES.index(language)]


def said(rewriter: RuleRewriter, state: DialogueState, text: str, language: str) -> Query:
    return rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))


@pytest.fixture(params=LANGUAGES)
def after_two(
    request: pytest.FixtureRequest, rewriter: RuleRewriter, graph: KnowledgeGraph
) -> tuple[str, DialogueState]:
    """Return a language and the state after Austria and then Hungary were asked about in it."""
    language, state = request.param, DialogueState()
    for country, city in (("austria", "vienna"), ("hungary", "budapest")):
        question = CAPITAL_OF[language].format(name(country, language))
        query = said(rewriter, state, question, language)
        state = advance(state, query, Outcome((city,), (country,)), graph)
    return language, state


SECOND_OF_LIST = {
    "en": "How long is the second one?",
    "zh": "第二个的货币是什么？",
    "es": "¿Y la moneda del segundo?",
    "fr": "Et la monnaie du deuxième ?",
    "de": "Welche Währung hat das zweite?",
    "ar": "ما عملة الثاني؟",
    "hi": "दूसरे वाले की मुद्रा?",
    "ru": "Какая валюта у второй?",
    "ja": "二つ目の通貨は？",
    "pt": "Qual é a moeda do segundo?",
}


def test_an_item_of_a_list_is_named(rewriter, after_two) -> None:
    language, state = after_two
    query = said(rewriter, state, SECOND_OF_LIST[language], language)
    assert name("hungary", language) in query.text or name("budapest", language) in query.text
    assert not query.standalone
    assert query.original == SECOND_OF_LIST[language]


OTHER = {
    "en": "And the other one?",
    "zh": "那另一个呢？",
    "es": "¿Y la otra?",
    "fr": "Et l'autre ?",
    "de": "Und das andere?",
    "ar": "والأخرى؟",
    "hi": "और बाकी वाला?",
    "ru": "А другая?",
    "ja": "もう一つは？",
    "pt": "E o outro?",
}


def test_the_other_of_two_takes_over_the_question(rewriter, after_two) -> None:
    language, state = after_two
    query = said(rewriter, state, OTHER[language], language)
    assert name("austria", language) in query.text
    assert "austria" in {link.entity_id for link in query.links}


WHICH = {
    "en": "Which of the two is larger?",
    "zh": "这两个哪个更大？",
    "es": "¿Cuál de los dos es más grande?",
    "fr": "Lequel des deux est le plus grand ?",
    "de": "Welches von beiden ist größer?",
    "ar": "أيهما أكبر؟",
    "hi": "दोनों में कौन सा बड़ा है?",
    "ru": "Какая из них больше?",
    "ja": "どっちが大きい？",
    "pt": "Qual dos dois é maior?",
}


def test_a_comparison_names_what_is_compared(rewriter, after_two) -> None:
    language, state = after_two
    query = said(rewriter, state, WHICH[language], language)
    assert [link.entity_id for link in query.links] == ["austria", "hungary"]
    for link in query.links:
        start, end = link.mention.span
        assert query.text[start:end] == link.mention.text == name(link.entity_id, language)


@pytest.mark.parametrize("text", ["Who was the first president?", "the first time it rained"])
def test_an_ordinal_with_a_noun_points_at_nothing(rewriter, graph, text) -> None:
    state = DialogueState(listed=("austria", "hungary"), last_question="q")
    assert "Austria" not in said(rewriter, state, text, "en").text


def test_a_list_outlives_questions_about_its_items_only(rewriter, graph) -> None:
    state = DialogueState(listed=("austria", "hungary"))
    query = said(rewriter, state, "What is the capital of Hungary?", "en")
    kept = advance(state, query, Outcome(("budapest",)), graph)
    assert kept.listed == ("austria", "hungary")
    query = said(rewriter, kept, "How long is the Danube?", "en")
    assert advance(kept, query, Outcome(), graph).listed == ()
