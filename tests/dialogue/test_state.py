"""The state of a dialogue: bounded, whatever is said, and the same after JSON."""

from __future__ import annotations

import json
import time
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph.model import KnowledgeGraph
from convrag.types import Dialogue, DialogueState, Query, Role, Turn
from convrag.wire import state_from_json, state_to_json
from tests.conversation_values import SCRIPTS
from tests.dialogue.conftest import LANGUAGES, NAMES

TURNS = (
    "What is the capital of Austria?",
    "And Hungary?",
    "Which of the two is larger?",
    "the second one?",
    "And how often?",
    "thanks",
    "ما هي عاصمة النمسا؟",
    "匈牙利的首都是哪里？",
    "that one?",
    "How is salt shipped on the Danube?",
    "It shows E01",
    "2",
    "Какая там валюта?",
    "please answer in German",
)
MOST_BYTES = 40_000


def size(state: DialogueState) -> int:
    return len(json.dumps(state_to_json(state), ensure_ascii=False).encode())


def talk(
    rewriter: RuleRewriter, graph: KnowledgeGraph, turns: list[str], state: DialogueState
) -> tuple[DialogueState, list[float]]:
    seconds = []
    for text in turns:
        began = time.perf_counter()
        query = rewriter.rewrite(Turn("t", Role.USER, text), Dialogue("d", (), state))
        seconds.append(time.perf_counter() - began)
        answered = tuple(e for e in ("vienna", "budapest") if e in text.casefold())
        state = advance(state, query, Outcome(answered, years=(1990,)), graph)
    return state, seconds


def test_a_thousand_turns_leave_a_state_of_bounded_size(rewriter, graph) -> None:
    turns = [TURNS[n % len(TURNS)] for n in range(1000)]
    early, first = talk(rewriter, graph, turns[:200], DialogueState())
    late, last = talk(rewriter, graph, turns[200:], early)
    assert late.turn == 1000
    assert size(late) < MOST_BYTES
    assert size(late) < 1.5 * size(early)
    # Generous: it only must not grow with the dialogue.
    assert median(last[-200:]) < 3 * median(first)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(TURNS + SCRIPTS) | st.text(max_size=800), max_size=12))
def test_any_turns_leave_a_bounded_state_that_survives_json(turns) -> None:
    rewriter, graph = _parts()
    state, _ = talk(rewriter, graph, turns, DialogueState())
    assert state.turn == len(turns)
    assert size(state) < MOST_BYTES
    assert state_from_json(json.loads(json.dumps(state_to_json(state)))) == state
    for link in state.last_links:
        start, end = link.mention.span
        assert state.last_question[start:end] == link.mention.text


def _parts() -> tuple[RuleRewriter, KnowledgeGraph]:
    from tests.dialogue import conftest

    if not _made:
        graph = conftest.graph.__wrapped__()
        _made.append((conftest.rewriter.__wrapped__(graph), graph))
    return _made[0]


_made: list[tuple[RuleRewriter, KnowledgeGraph]] = []


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_are_kept_with_language_act_topic_and_answer(rewriter, graph, language) -> None:
    name = NAMES["austria"][LANGUAGES.index(language)]
    state = DialogueState()
    query = Query(name, name, language, rewriter.rewrite(
        Turn("t", Role.USER, name, language), Dialogue("d", (), state)
    ).links)  # fmt: skip
    state = advance(state, query, Outcome(complete=False), graph)
    (asked,) = state.asked
    assert (asked.number, asked.language, asked.act, asked.answered) == (
        1,
        language,
        "question",
        False,
    )
    assert asked.about == ("austria",)


def test_a_new_topic_is_counted_and_a_correction_remembered(rewriter, graph) -> None:
    state, _ = talk(
        rewriter,
        graph,
        ["What is the capital of Austria?", "no, I meant Hungary", "How long is the Danube?"],
        DialogueState(),
    )
    assert [a.act for a in state.asked] == ["question", "correction", "question"]
    assert state.asked[1].text == "What is the capital of Hungary?"
    assert [a.topic for a in state.asked] == [0, 1, 2]


def test_the_wanted_language_stays(rewriter, graph) -> None:
    state, _ = talk(rewriter, graph, ["please answer in German"], DialogueState())
    assert state.reply_language == "de"
    query = rewriter.rewrite(
        Turn("t", Role.USER, "What is the capital of Austria?"), Dialogue("d", (), state)
    )
    assert (query.language, query.reply_language) == ("en", "de")
    state = advance(state, query, Outcome(("vienna",)), graph)
    assert state.reply_language == "de"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I see, go on", "en"),
        ("嗯，继续说吧", "zh"),
        ("Понятно, дальше", "ru"),
        ("حسنا، أكمل", "ar"),
        ("अच्छा, आगे", "hi"),
        ("なるほど、それで", "ja"),
    ],
)
def test_the_focus_stays_until_something_else_is_spoken_of(rewriter, graph, text, language) -> None:
    state, _ = talk(rewriter, graph, ["How long is the Danube?"], DialogueState())
    later = state
    for _ in range(9):
        later = advance(later, Query(text, text, language), Outcome(), graph)
    assert [(f.entity_id, f.salience) for f in later.focus] == [
        (f.entity_id, f.salience) for f in state.focus
    ]
    other, _ = talk(rewriter, graph, ["What is the capital of Austria?"], later)
    now = {f.entity_id: f.salience for f in other.focus}
    assert now["austria"] > now["danube"]
    assert now["danube"] < later.focus[0].salience
