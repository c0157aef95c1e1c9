"""Turns that lean on the dialogue come to stand alone; others stay as they are."""

from __future__ import annotations

import pytest

from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph.model import KnowledgeGraph
from convrag.types import Dialogue, DialogueState, Query, Role, Turn


def ask(rewriter: RuleRewriter, graph: KnowledgeGraph, *turns: str | tuple[str, str]) -> Query:
    """Return the last turn's query; a pair is a turn with the entity that answered it."""
    state = DialogueState()
    query = Query("", "", "")
    for entry in turns:
        text, answered = entry if isinstance(entry, tuple) else (entry, "")
        query = rewriter.rewrite(Turn("t", Role.USER, text), Dialogue("d", (), state))
        state = advance(state, query, Outcome((answered,) if answered else ()), graph)
    return query


ELLIPSIS = [
    ("What is the capital of Austria?", "And Hungary?", "What is the capital of Hungary?"),
    ("What is the capital of Austria?", "What about Hungary?", "What is the capital of Hungary?"),
    ("What is the capital of Austria?", "Hungary?", "What is the capital of Hungary?"),
    ("奥地利的首都是哪里？", "那匈牙利呢？", "匈牙利的首都是哪里？"),
    ("¿Cuál es la capital de Austria?", "¿Y la de Hungría?", "¿Cuál es la capital de Hungría?"),
    (
        "Was ist die Hauptstadt von Österreich?",
        "Und von Ungarn?",
        "Was ist die Hauptstadt von Ungarn?",
    ),
    ("ما هي عاصمة النمسا؟", "وماذا عن المجر؟", "ما هي عاصمة المجر؟"),
    ("ऑस्ट्रिया की राजधानी क्या है?", "और हंगरी की?", "हंगरी की राजधानी क्या है?"),
    ("Какая столица у страны Австрия?", "А Венгрия?", "Какая столица у страны Венгрия?"),
    ("オーストリアの首都はどこですか？", "では、ハンガリーは？", "ハンガリーの首都はどこですか？"),
    ("Qual é a capital da Áustria?", "E da Hungria?", "Qual é a capital da Hungria?"),
]


@pytest.mark.parametrize(("first", "second", "expected"), ELLIPSIS)
def test_an_ellipsis_takes_over_the_last_question(rewriter, graph, first, second, expected) -> None:
    query = ask(rewriter, graph, first, second)
    assert query.text == expected
    assert (query.original, query.standalone, query.act) == (second, False, "followup")
    (link,) = query.links
    start, end = link.mention.span
    assert link.entity_id == "hungary"
    assert query.text[start:end] == link.mention.text


REFERENCES = [
    ("How long is the Danube?", "Where does it begin?", "Danube"),
    ("How long is the Danube?", "Which cities lie on that river?", "Danube"),
    ("What is the capital of Austria?", "What currency do they use there?", "Austria"),
    ("多瑙河多长？", "它发源于哪里？", "多瑙河"),
    ("奥地利的首都是哪里？", "那里用什么货币？", "奥地利"),
    ("Wie lang ist die Donau?", "Wo entspringt sie?", "Donau"),
    ("Wie lang ist die Donau?", "Welche Städte liegen an diesem Fluss?", "Donau"),
    ("¿Cuál es la capital de Austria?", "¿Cuál es su moneda?", "Austria"),
    ("Quelle est la capitale de l'Autriche ?", "Quelle est sa monnaie ?", "Autriche"),
    ("ما هي عاصمة النمسا؟", "ما هي عملة هذا البلد؟", "النمسا"),
    ("ऑस्ट्रिया की राजधानी क्या है?", "उसकी मुद्रा क्या है?", "ऑस्ट्रिया"),
    ("Какая столица у страны Австрия?", "Какая там валюта?", "Австрия"),
    ("オーストリアの首都はどこですか？", "その国の通貨は何ですか？", "オーストリア"),
    ("Qual é a capital da Áustria?", "Qual é a moeda desse país?", "Áustria"),
]


@pytest.mark.parametrize("second", ["还有其他河流吗？", "其中哪些城市最大？", "其实我更喜欢山。"])
def test_a_pronoun_inside_a_longer_word_points_at_nothing(rewriter, graph, second) -> None:
    query = ask(rewriter, graph, "多瑙河多长？", second)
    assert second.rstrip("？。") in query.text  # nothing was put in the pronoun's place


@pytest.mark.parametrize(("first", "second", "name"), REFERENCES)
def test_a_referring_word_is_resolved(rewriter, graph, first, second, name) -> None:
    query = ask(rewriter, graph, first, second)
    assert name in query.text
    assert not query.standalone
    start, end = query.links[0].mention.span
    assert query.text[start:end] == name


DROPPED = [
    ("What is the capital of Austria?", "And the currency?", "Austria"),
    ("奥地利的首都是哪里？", "货币呢？", "奥地利"),
    ("¿Cuál es la capital de Austria?", "¿Y la moneda?", "Austria"),
    ("Was ist die Hauptstadt von Österreich?", "Und die Währung?", "Österreich"),
    ("オーストリアの首都はどこですか？", "通貨は？", "オーストリア"),
    ("ما هي عاصمة النمسا؟", "ما هي العملة؟", "النمسا"),
]


@pytest.mark.parametrize(("first", "second", "name"), DROPPED)
def test_a_turn_without_entity_gets_the_one_that_has_what_is_asked(
    rewriter, graph, first, second, name
) -> None:
    answered = {"What is the capital of Austria?": "vienna"}.get(first, "vienna")
    query = ask(rewriter, graph, (first, answered), second)
    assert name in query.text
    assert query.links[0].entity_id == "austria"


STANDALONE = [
    "What is the capital of Hungary?",
    "匈牙利的首都是哪里？",
    "¿Cuál es la capital de Hungría?",
    "Quelle est la capitale de la Hongrie ?",
    "Was ist die Hauptstadt von Ungarn?",
    "ما هي عاصمة المجر؟",
    "हंगरी की राजधानी क्या है?",
    "Какая столица у страны Венгрия?",
    "ハンガリーの首都はどこですか？",
    "Qual é a capital da Hungria?",
    "How should a wooden cutting board be cleaned and stored?",
    "Wie reinigt man ein Schneidebrett aus Holz richtig?",
]


@pytest.mark.parametrize("text", STANDALONE)
def test_a_standalone_turn_is_left_as_it_is(rewriter, graph, text) -> None:
    query = ask(rewriter, graph, ("What is the capital of Austria?", "vienna"), text)
    assert query.text == query.original == text
    assert query.standalone


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("How is salt shipped on the Danube?", "And how often?"),
        ("How is salt shipped on the Danube?", "How often should I do that?"),
        ("Wie wird Salz auf der Donau verschifft?", "Und wie oft?"),
    ],
)
def test_more_about_the_same_matter_keeps_the_question(rewriter, graph, first, second) -> None:
    query = ask(rewriter, graph, first, second)
    assert query.text == f"{first} {second}"
    assert query.links[0].entity_id == "danube"


@pytest.mark.parametrize(
    "text",
    [
        "What currency do they use in Austria?",
        "Was ist dort die Hauptstadt von Österreich?",
        "どこの国がオーストリアの通貨を使いますか？",
    ],
)
def test_a_pronoun_beside_what_is_asked_about_points_at_nothing(rewriter, graph, text) -> None:
    query = ask(rewriter, graph, "How long is the Danube?", text)
    assert query.text == text


def test_a_demonstrative_is_a_pronoun_only_before_a_pause(rewriter, graph) -> None:
    resolved = ask(rewriter, graph, "How long is the Danube?", "Is salt shipped on that?")
    assert resolved.text == "Is salt shipped on Danube?"
    kept = ask(rewriter, graph, "How long is the Danube?", "Does that old bakery sell rye bread?")
    assert kept.standalone


def test_what_an_answer_was_about_stays_in_front(graph, rewriter) -> None:
    query = rewriter.rewrite(
        Turn("t", Role.USER, "Is Vienna in Austria?"), Dialogue("d", (), DialogueState())
    )
    state = advance(DialogueState(), query, Outcome(about=("vienna",)), graph)
    assert [f.entity_id for f in state.focus] == ["vienna", "austria"]


def test_a_correction_is_told_from_a_followup(rewriter, graph) -> None:
    query = ask(rewriter, graph, "What is the capital of Austria?", "No, I meant Hungary")
    assert (query.text, query.act) == ("What is the capital of Hungary?", "correction")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Thanks!", "thanks"),
        ("谢谢", "thanks"),
        ("Hallo", "greeting"),
        ("До свидания!", "farewell"),
        ("धन्यवाद", "thanks"),
        ("شكرا", "thanks"),
    ],
)
def test_small_talk_is_recognised_as_a_whole_turn(rewriter, graph, text, kind) -> None:
    assert ask(rewriter, graph, "What is the capital of Austria?", text).act == f"smalltalk:{kind}"


@pytest.mark.parametrize("text", ["", "  ", "?!", "…"])
def test_a_turn_without_words_is_empty(rewriter, graph, text) -> None:
    assert ask(rewriter, graph, text).act == "empty"


def test_the_first_turn_is_never_rewritten(rewriter, graph) -> None:
    assert ask(rewriter, graph, "And how long is it?").standalone


def test_focus_fades_and_topics_shift(graph, rewriter) -> None:
    state = DialogueState()
    topics = []
    for text in ("What is the capital of Austria?", "How long is the Danube?", "How long is it?"):
        query = rewriter.rewrite(Turn("t", Role.USER, text), Dialogue("d", (), state))
        state = advance(state, query, Outcome(), graph)
        topics.append(state.topic)
    assert topics == [0, 1, 1]
    assert [f.entity_id for f in state.focus] == ["danube", "austria"]
    assert state.focus[0].salience > state.focus[1].salience


def test_focus_is_bounded_in_a_long_dialogue(graph, rewriter) -> None:
    state = DialogueState()
    for number in range(200):
        name = ("Austria", "Hungary", "Vienna", "the Danube")[number % 4]
        query = rewriter.rewrite(
            Turn("t", Role.USER, f"Tell me about {name}"), Dialogue("d", (), state)
        )
        state = advance(state, query, Outcome(), graph)
    assert len(state.focus) <= 12


UNKNOWN = [
    ("en", "How long is the Danube?", "How long is the Zubrenka?", "Where does it begin?"),
    ("de", "Wie lang ist die Donau?", "Wie lang ist die Große Zubrenka?", "Wo entspringt sie?"),
    ("es", "¿Cuál es la capital de Austria?", "¿Y la de Zubrovia?", "¿Cuál es su moneda?"),
    (
        "fr",
        "Quelle est la capitale de l'Autriche ?",
        "Quelle est la capitale de la Zubrovie ?",
        "Quelle est sa monnaie ?",
    ),
    ("zh", "奥地利的首都是哪里？", "Zubrovia的首都是哪里？", "它用什么货币？"),
    (
        "ja",
        "オーストリアの首都はどこですか？",
        "Zubroviaの首都はどこですか？",
        "その通貨は何ですか？",
    ),
    ("ru", "Какая столица у страны Австрия?", "Какая столица у Зубровии?", "Какая там валюта?"),
    ("ar", "ما هي عاصمة النمسا؟", "ما هي عاصمة Zubrovia؟", "ما هي عملتها؟"),
    ("hi", "ऑस्ट्रिया की राजधानी क्या है?", "Zubrovia की राजधानी क्या है?", "उसकी मुद्रा क्या है?"),
    ("pt", "Qual é a capital da Áustria?", "Qual é a capital da Zubróvia?", "Qual é a sua moeda?"),
]


@pytest.mark.parametrize(("language", "known", "unknown", "follow_up"), UNKNOWN)
def test_after_an_unknown_name_a_pronoun_means_nothing_older(
    rewriter, graph, language, known, unknown, follow_up
) -> None:
    state = DialogueState()
    for text in (known, unknown):
        query = rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))
        state = advance(state, query, Outcome(complete=text == known), graph)
    assert state.focus[0].entity_id == ""
    query = rewriter.rewrite(Turn("t", Role.USER, follow_up, language), Dialogue("d", (), state))
    assert not query.links
    name = state.focus[0].name
    assert name in unknown
    assert name in query.text


@pytest.mark.parametrize(
    ("unknown", "second", "expected"),
    [
        (
            "What is the capital of Zubrovia?",
            "And Hungary?",
            "What is the capital of Hungary?",
        ),
        ("Zubrovia的首都是哪里？", "那匈牙利呢？", "匈牙利的首都是哪里？"),
        ("Какая столица у страны Зубровия?", "А Венгрия?", "Какая столица у страны Венгрия?"),
    ],
)
def test_a_known_name_takes_an_unknown_ones_place(
    rewriter, graph, unknown, second, expected
) -> None:
    query = ask(rewriter, graph, "How long is the Danube?", unknown, second)
    assert query.text == expected
