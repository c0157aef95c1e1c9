from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from convrag.errors import ModelError
from convrag.sessions import SessionStore
from convrag.tui.answer_markdown import AnswerMarkdown
from convrag.tui.exchange import Exchange
from convrag.types import Mode, Status
from tests.conversation_values import SCRIPTS
from tests.tui.conftest import Start
from tests.tui.scripted import Script, ScriptedResponder

WHOLE = "The capital of Kenya is **Nairobi** [1], says the graph [2]."


async def test_an_answer_streams_is_shown_whole_and_kept(start: Start, store: SessionStore) -> None:
    async with start() as chat:
        await chat.rest()
        await chat.ask("What is the capital of Kenya?")
        (exchange,) = chat.app.query(Exchange)
        assert exchange.query_one(AnswerMarkdown).source == WHOLE
        assert chat.text(".note") == ["quoted from the sources · 1.2 s"]
        assert chat.app._prompt.text == ""
        (info,) = store.sessions()
        assert (info.title, info.pack) == ("What is the capital of Kenya?", "world")
        ((_, answer),) = store.history(info.id)
        assert answer is not None
        assert answer.text == WHOLE


async def test_every_script_goes_through(start: Start, store: SessionStore) -> None:
    responder = ScriptedResponder(*(Script(pieces=(text[:3], text[3:])) for text in SCRIPTS))
    async with start(responder) as chat:
        for question in SCRIPTS:
            await chat.ask(question)
        assert [turn.text for _, turn in responder.asked] == list(SCRIPTS)
        assert [m.source for m in chat.app.query(AnswerMarkdown)] == list(SCRIPTS)
        assert [turn.text for turn, _ in store.history(store.sessions()[0].id)] == list(SCRIPTS)


async def test_an_answer_may_end_as_its_first_piece_is_shown(start: Start) -> None:
    async with start() as chat:
        await chat.ask("What is the capital of Kenya?")
        (exchange,) = chat.app.query(Exchange)
        assert exchange.answer is not None
        piece = exchange.write("Nairobi")
        piece.send(None)  # as far as the stream's task, which has not begun
        await exchange.finish(exchange.answer)
        piece.close()
        assert exchange.query_one(AnswerMarkdown).source == WHOLE


async def test_stopping_keeps_the_partial_answer_and_the_draft(
    start: Start, store: SessionStore
) -> None:
    responder = ScriptedResponder(gate_after=2)
    async with start(responder) as chat:
        await chat.send("What is the capital of Kenya?")
        await chat.until(responder.reached.is_set)
        await chat.until(lambda: "Nairobi" in chat.app.query_one(AnswerMarkdown).source)
        chat.app._prompt.put("my next question")
        await chat.pilot.press("escape")
        await chat.rest()
        assert (
            chat.app.query_one(AnswerMarkdown).source == "The capital of Kenya is **Nairobi** [1], "
        )
        assert "■ stopped" in chat.text(".note")[0]
        assert chat.app._prompt.text == "my next question"
        ((_, answer),) = store.history(store.sessions()[0].id)
        assert answer is not None
        assert answer.status is Status.STOPPED


async def test_the_question_is_kept_before_it_is_answered(
    start: Start, store: SessionStore
) -> None:
    responder = ScriptedResponder(gate_after=0)
    async with start(responder) as chat:
        await chat.send("kept?")
        await chat.until(responder.reached.is_set)
        ((turn, answer),) = store.history(store.sessions()[0].id)
        assert (turn.text, answer) == ("kept?", None)
        responder.gate.set()
        await chat.rest()


async def test_a_question_typed_while_loading_waits_and_is_answered(
    start: Start, store: SessionStore
) -> None:
    responder, gate = ScriptedResponder(), threading.Event()

    def slow(progress: Callable[[str, float], None]) -> ScriptedResponder:
        progress("Loading the encoder", 0.4)
        gate.wait(5)
        return responder

    async with start(opener=slow) as chat:
        await chat.until(lambda: "Loading the encoder" in chat.app._status.activity)
        assert chat.app._status.fraction == 0.4
        await chat.send("first")
        await chat.send("second")
        assert chat.text(".note") == ["Waiting until everything is loaded…"] * 2
        assert store.sessions()[0].turns == 2
        gate.set()
        await chat.rest()
        assert [turn.text for _, turn in responder.asked] == ["first", "second"]
        assert len(responder.asked[1][0].turns) == 2
        assert store.sessions()[0].pack == "world"


async def test_loading_that_fails_says_why_and_can_be_tried_again(start: Start) -> None:
    responder = ScriptedResponder()
    results = [ModelError("encoder: missing", "run: convrag doctor"), responder]

    def opener(progress: Callable[[str, float], None]) -> ScriptedResponder:
        result = results.pop(0)
        if isinstance(result, ModelError):
            raise result
        return result

    async with start(opener=opener) as chat:
        await chat.until(lambda: chat.app._status.activity == "Not ready")
        assert "run: convrag doctor" in chat.said()[0]
        await chat.ask("lost?")
        assert [turn.text for _, turn in responder.asked] == ["lost?"]


async def test_a_failed_turn_shows_the_hint_and_is_asked_again(
    start: Start, store: SessionStore
) -> None:
    responder = ScriptedResponder(
        Script(error=ModelError("model [x]: broken", "run: convrag doctor")), Script()
    )
    async with start(responder) as chat:
        await chat.ask("q")
        assert chat.text(".failure Static") == ["✗ model [x]: broken", "run: convrag doctor"]
        await chat.pilot.click(".retry")
        await chat.rest()
        assert not chat.app.query(".failure")
        ((turn, answer),) = store.history(store.sessions()[0].id)
        assert turn.text == "q"
        assert answer is not None
        assert responder.asked[1][0].turns == ()


async def test_a_bug_in_the_responder_is_a_failed_turn_not_a_crash(start: Start) -> None:
    async with start(ScriptedResponder(Script(error=RuntimeError("oh [/no]")), Script())) as chat:
        await chat.ask("q")
        assert chat.text(".failure Static")[0] == "✗ RuntimeError: oh [/no]"
        await chat.ask("next")
        assert chat.app.query(Exchange).last().answer is not None


async def test_regenerating_asks_again_from_the_state_before(
    start: Start, store: SessionStore
) -> None:
    responder = ScriptedResponder(Script(), Script(), Script(pieces=("better",)))
    async with start(responder) as chat:
        await chat.ask("one")
        await chat.ask("two")
        await chat.pilot.press("ctrl+g")
        await chat.until(lambda: len(responder.asked) == 3)
        await chat.rest()
        assert responder.asked[2] == responder.asked[1]
        assert [m.source for m in chat.app.query(AnswerMarkdown)] == [WHOLE, "better"]
        history = store.history(store.sessions()[0].id)
        assert [answer.text for _, answer in history if answer] == [WHOLE, "better"]


async def test_searched_for_is_said_only_when_it_differs(start: Start) -> None:
    responder = ScriptedResponder(Script(), Script(rewritten="Population of Nairobi?"))
    async with start(responder) as chat:
        await chat.ask("What is the capital of Kenya?")
        assert chat.text(".searched") == []
        await chat.ask("how many live there?")
        assert chat.text(".searched") == ["searched for: Population of Nairobi?"]


async def test_the_way_of_answering_is_said(start: Start) -> None:
    ways = {
        "from the graph · 1.2 s": Script(mode=Mode.GRAPH),
        "quoted from the sources · 1.2 s": Script(mode=Mode.EXTRACT),
        "scripted:test · 1.2 s": Script(mode=Mode.GENERATED),
        "nothing in the sources answers this · 1.2 s": Script(abstain=True),
    }
    async with start(ScriptedResponder(*ways.values())) as chat:
        for _ in ways:
            await chat.ask("q")
        assert chat.text(".note") == list(ways)


@pytest.mark.parametrize("deaf", [False, True])
async def test_quitting_in_the_middle_keeps_what_there_is(
    start: Start, store: SessionStore, monkeypatch: pytest.MonkeyPatch, deaf: bool
) -> None:
    monkeypatch.setattr("convrag.tui.app._LAST_WAIT", 0.1)
    responder = ScriptedResponder(gate_after=2, deaf=deaf)
    async with start(responder) as chat:
        await chat.send("q")
        await chat.until(responder.reached.is_set)
        begun = time.monotonic()
        await chat.pilot.press("ctrl+q")
        await chat.until(lambda: not chat.app.is_running)
        assert time.monotonic() - begun < 2
    ((_, answer),) = store.history(store.sessions()[0].id)
    assert answer is not None
    assert answer.text == "The capital of Kenya is **Nairobi** [1], "
    assert answer.status is Status.STOPPED
    assert responder.closed is not deaf
    responder.gate.set()


async def test_a_new_session_during_an_answer_keeps_both_apart(
    start: Start, store: SessionStore
) -> None:
    responder = ScriptedResponder(gate_after=2)
    async with start(responder) as chat:
        await chat.send("old")
        await chat.until(responder.reached.is_set)
        await chat.pilot.press("ctrl+n")
        await chat.send("new")
        responder.gate.set()
        await chat.rest()
        assert [str(e.turn.text) for e in chat.app.query(Exchange)] == ["new"]
        assert {s.title: s.turns for s in store.sessions()} == {"old": 1, "new": 1}
        assert responder.asked[1][0].turns == ()


async def test_many_small_pieces_all_arrive(start: Start) -> None:
    pieces = tuple(f"word{n} " for n in range(600))
    async with start(ScriptedResponder(Script(pieces=pieces))) as chat:
        await chat.ask("q")
        assert chat.app.query_one(AnswerMarkdown).source == "".join(pieces)


async def test_a_piece_that_shows_nothing_does_not_end_who_shows_it(start: Start) -> None:
    async with start() as chat:
        await chat.ask("q")
        (exchange,) = chat.app.query(Exchange)
        answer = exchange.answer
        assert answer is not None
        await exchange.begin()
        await exchange.write("\x00\u202e")
        await exchange.finish(answer)  # a cancelled stream would end this task, or the chat's
        assert exchange.query_one(AnswerMarkdown).source == WHOLE
