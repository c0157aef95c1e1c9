"""Names that may mean several things: what is asked back, and how the reply is read."""

from __future__ import annotations

import pytest

from convrag.dialogue.clarifying import Clarifier
from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.types import Dialogue, DialogueState, Query, Role, Turn
from tests.graph.graph_text import graph_of

SHOWN = {
    "en": "It shows E01",
    "zh": "显示 E01",
    "es": "Sale E01",
    "fr": "Il affiche E01",
    "de": "Es zeigt E01",
    "ar": "يظهر E01",
    "hi": "E01 दिखता है",
    "ru": "Показывает E01",
    "ja": "E01 が出ます",
    "pt": "Aparece E01",
}
SECOND = {
    "en": "the second one",
    "zh": "第二个",
    "es": "el segundo",
    "fr": "le deuxième",
    "de": "die zweite",
    "ar": "الثاني",
    "hi": "दूसरा वाला",
    "ru": "второй",
    "ja": "二つ目",
    "pt": "o segundo",
}


@pytest.fixture(scope="session")
def clarifier(graph: KnowledgeGraph) -> Clarifier:
    return Clarifier(graph, DictionaryLinker(graph), RelationMatcher(graph))


def said(rewriter: RuleRewriter, state: DialogueState, text: str, language: str) -> Query:
    return rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))


def asked_back(
    rewriter: RuleRewriter, clarifier: Clarifier, graph: KnowledgeGraph, language: str
) -> DialogueState:
    """Return the state after the user was asked which E01 is meant."""
    from dataclasses import replace

    query = said(rewriter, DialogueState(), SHOWN[language], language)
    found = clarifier.open_name(query, DialogueState())
    assert found is not None
    pending = replace(found, asked=True)
    return advance(DialogueState(), query, Outcome(complete=False, pending=pending), graph)


@pytest.mark.parametrize("language", SHOWN)
def test_three_namesakes_are_asked_about(rewriter, clarifier, graph, language) -> None:
    state = asked_back(rewriter, clarifier, graph, language)
    assert state.pending is not None
    labels = [choice.label for choice in state.pending.choices]
    assert sorted(labels) == ["E01 (A-1)", "E01 (B-2)", "E01 (C-3)"]
    assert state.focus == ()  # which one is meant is not known yet
    assert not state.asked[-1].answered


@pytest.mark.parametrize("language", SHOWN)
@pytest.mark.parametrize("way", ["number", "place", "label", "what it belongs to"])
def test_the_reply_answers_the_question(rewriter, clarifier, graph, language, way) -> None:
    state = asked_back(rewriter, clarifier, graph, language)
    assert state.pending is not None
    chosen = state.pending.choices[1]
    owner = chosen.label.removeprefix("E01 (").rstrip(")")
    replies = {
        "number": "2",
        "place": SECOND[language],
        "label": chosen.label,
        "what it belongs to": owner,
    }
    query = said(rewriter, state, replies[way], language)
    assert query.act == "clarified"
    assert [link.entity_id for link in query.links] == [chosen.entity_id]
    assert chosen.label in query.text
    after = advance(state, query, Outcome(), graph)
    assert after.pending is None or not after.pending.asked
    assert after.senses == (("e01", chosen.entity_id),)


def test_a_kind_of_owner_picks_its_thing(rewriter, clarifier, graph) -> None:
    state = asked_back(rewriter, clarifier, graph, "en")
    assert said(rewriter, state, "the oven", "en").links[0].entity_id == "code-b"


@pytest.mark.parametrize("text", ["What is the capital of Hungary?", "9", "thanks", "And Austria?"])
def test_anything_else_drops_the_question(rewriter, clarifier, graph, text) -> None:
    state = asked_back(rewriter, clarifier, graph, "en")
    query = said(rewriter, state, text, "en")
    assert query.act != "clarified"
    assert advance(state, query, Outcome(), graph).pending is None


def test_a_name_that_was_explained_is_not_asked_about_again(rewriter, clarifier, graph) -> None:
    state = asked_back(rewriter, clarifier, graph, "en")
    state = advance(state, said(rewriter, state, "2", "en"), Outcome(), graph)
    query = said(rewriter, state, "It shows E01", "en")
    assert query.links[0].entity_id == "code-b"
    assert clarifier.open_name(query, state) is None


def test_a_name_with_one_meaning_is_never_open(rewriter, clarifier) -> None:
    for text in ("How long is the Danube?", "匈牙利的首都是哪里？", "ما هي عاصمة المجر؟"):
        query = said(rewriter, DialogueState(), text, "")
        assert clarifier.open_name(query, DialogueState()) is None


@pytest.mark.parametrize(
    ("names", "text", "language"),
    [
        (("Kosovo", "Kossovo"), "What is the capital of Kosofo?", "en"),
        (("Kosovo", "Kossovo"), "Was ist die Hauptstadt von Kosofo?", "de"),
        (("Молдавия", "Молдовия"), "Какая столица у Молдувии?", "ru"),
        (("الإكوادور", "الإكوابور"), "ما هي عاصمة الإكوازور؟", "ar"),
        (("मलावियन", "मलावियस"), "मलावियर की राजधानी क्या है?", "hi"),
        (("コソボリア", "コソボリオ"), "コソボリエの首都はどこですか", "ja"),
    ],
)
def test_a_misspelt_name_is_not_asked_about(names, text, language) -> None:
    capital = {"en": "capital", "de": "Hauptstadt", "ru": "столица", "ar": "عاصمة", "ja": "首都"}
    graph = graph_of(
        f'ex:n rdfs:label "{names[0]}"@{language} ; ex:capital ex:p . '
        f'ex:s rdfs:label "{names[1]}"@{language} ; ex:capital ex:q . '
        "ex:capital a owl:ObjectProperty ; "
        f'rdfs:label "{capital.get(language, "राजधानी")}"@{language} .'
    )
    matcher, linker = RelationMatcher(graph), DictionaryLinker(graph)
    links = linker.link(text, language=language, relations=matcher.match(text, language=language))
    assert links[0].alternatives
    query = Query(text, text, language, links)
    assert Clarifier(graph, linker, matcher).open_name(query, DialogueState()) is None


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("battery", "How much is a battery?", "en"),
        ("Akku", "Was kostet ein Akku?", "de"),
        ("batería", "¿Cuánto cuesta la batería?", "es"),
        ("电池", "电池的价格是多少？", "zh"),
        ("аккумулятор", "Какая цена у аккумулятор?", "ru"),
        ("बैटरी", "बैटरी का मूल्य क्या है?", "hi"),
    ],
)
def test_which_of_two_is_asked_where_a_property_of_theirs_is_asked(name, text, language) -> None:
    graph = graph_of(
        f'ex:s rdfs:label "S-1"@en ; skos:altLabel "{name}"@{language} ; ex:price 5 . '
        f'ex:l rdfs:label "L-2"@en ; skos:altLabel "{name}"@{language} ; ex:price 9 . '
        'ex:price a owl:DatatypeProperty ; rdfs:label "how much"@en , "kostet"@de , "cuesta"@es , '
        '"价格"@zh , "цена"@ru , "मूल्य"@hi .'
    )
    matcher, linker = RelationMatcher(graph), DictionaryLinker(graph)
    links = linker.link(text, language=language, relations=matcher.match(text, language=language))
    query = Query(text, text, language, links)
    found = Clarifier(graph, linker, matcher).open_name(query, DialogueState())
    assert found is not None
    assert sorted(choice.label for choice in found.choices) == ["L-2", "S-1"]
