from __future__ import annotations

import json
import time
from pathlib import Path

from textual.widgets import Input

from convrag.sessions import SessionStore
from convrag.tui.answer_markdown import AnswerMarkdown
from convrag.tui.exchange import Exchange
from convrag.tui.export_file import slug
from convrag.tui.session_list import SessionOptions
from convrag.types import Dialogue, Role, Turn
from tests.conversation_values import SCRIPTS, exchange
from tests.tui.conftest import Start


def stored(store: SessionStore, count: int, first: str = "first") -> Dialogue:
    dialogue = store.create(pack="world")
    for number in range(count):
        question = first if number == 0 else f"question {number}"
        turn, dialogue, answer = exchange(dialogue, question, f"answer **{number}** [1]")
        store.save_turn(dialogue.id, turn)
        store.save_answer(dialogue, answer)
    return dialogue


async def test_two_hundred_turns_open_quickly_and_load_on_demand(
    start: Start, store: SessionStore
) -> None:
    dialogue = stored(store, 200)
    begun = time.process_time()
    async with start(resume=dialogue.id[:6]) as chat:
        await chat.rest()
        assert time.process_time() - begun < 6
        assert len(chat.app.query(AnswerMarkdown)) <= 20
        assert chat.app.query(Exchange).last().turn.text == "question 199"
        before = len(chat.app.query(Exchange))
        chat.app.query_one("#earlier").press()  # type: ignore[attr-defined]
        await chat.until(lambda: len(chat.app.query(Exchange)) > before, "earlier turns come")
        order = [e.turn.text for e in chat.app._conversation.exchanges]
        assert order == [f"question {n}" for n in range(200 - len(order), 200)]


async def test_resuming_goes_on_where_it_was(start: Start, store: SessionStore) -> None:
    dialogue = stored(store, 2)
    store.save_turn(dialogue.id, Turn("open", Role.USER, "unanswered", "en", 9.0))
    async with start(resume=dialogue.id) as chat:
        await chat.rest()
        assert chat.text(".failure Static")[0] == "✗ not answered"
        await chat.pilot.click(".retry")
        await chat.rest()
        assert [t.text for t, a in store.history(dialogue.id) if a] == [
            "first",
            "question 1",
            "unanswered",
        ]
        await chat.pilot.press("up")
        assert chat.app._prompt.text == "unanswered"


async def test_an_unknown_session_is_said_and_the_chat_goes_on(start: Start) -> None:
    async with start(resume="nope") as chat:
        assert "there is none with this id" in chat.said()[0]
        await chat.ask("q")
        assert chat.app.query_one(Exchange).answer is not None


async def test_the_picker_searches_and_opens(start: Start, store: SessionStore) -> None:
    for text in SCRIPTS:
        stored(store, 1, text)
    async with start() as chat:
        await chat.pilot.press("ctrl+r")
        chat.app.screen.query_one(Input).value = "Кения"
        await chat.pilot.pause()
        assert chat.app.screen.query_one(SessionOptions).option_count == 0
        chat.app.screen.query_one(Input).value = "столица"
        await chat.pilot.pause()
        await chat.pilot.press("enter")
        await chat.until(lambda: chat.app.query(Exchange), "the conversation opens")
        assert chat.app.query_one(Exchange).turn.text == "Какая столица России?"


async def test_rename_delete_and_undo_from_the_list(start: Start, store: SessionStore) -> None:
    one, two = stored(store, 1, "one"), stored(store, 1, "two")
    async with start(size=(140, 40)) as chat:
        options = chat.app._list.query_one(SessionOptions)
        options.focus()
        await chat.pilot.press("r")
        field = chat.app.screen.query_one(Input)
        assert field.value == "two"
        field.value = "東京 [/x]"
        await chat.pilot.press("enter")
        await chat.pilot.pause()
        assert store.info(two.id).title == "東京 [/x]"
        options.highlighted = 0
        options.focus()
        await chat.pilot.press("d")
        await chat.pilot.pause()
        assert [s.id for s in store.sessions()] == [one.id]
        await chat.pilot.press("u")
        await chat.pilot.pause()
        assert {s.id for s in store.sessions()} == {one.id, two.id}


async def test_deleting_the_open_conversation_brings_the_welcome(
    start: Start, store: SessionStore
) -> None:
    async with start() as chat:
        await chat.ask("q")
        await chat.pilot.press("f8")
        await chat.pilot.pause()
        assert chat.app.query("#welcome")
        assert store.sessions() == ()
        await chat.pilot.press("ctrl+t")
        assert len(store.sessions()) == 1


async def test_exports_are_written_with_a_name_in_the_users_script(
    start: Start, store: SessionStore, tmp_path: Path
) -> None:
    async with start() as chat:
        await chat.ask("ما هي عاصمة كينيا؟ ../etc")
        await chat.pilot.press("ctrl+s")
        await chat.send("/export jsonl")
    (markdown,) = tmp_path.glob("*.md")
    (lines,) = tmp_path.glob("*.jsonl")
    assert "ما-هي-عاصمة-كينيا-etc" in markdown.name
    assert "[^1-1]: Kenya, world/kenya.md, p. 3" in markdown.read_text(encoding="utf-8")
    head, first = lines.read_text(encoding="utf-8").splitlines()
    assert json.loads(head)["pack"] == "world"
    assert json.loads(first)["answer"]["citations"][1]["marker"] == 2
    assert json.loads(first)["answer"]["evidence"][1]["text"] == "The capital of Kenya is Nairobi."


def test_slugs() -> None:
    assert slug("What's up?  /etc/passwd") == "what-s-up-etc-passwd"
    assert slug("肯尼亚的首都是哪里?") == "肯尼亚的首都是哪里"
    assert slug("भारत की राजधानी") == "भारत-की-राजधानी"
    assert slug("../..\x1b[2J") == ""
    assert slug("Ελλάδα и Россия") == "ελλάδα-и-россия"


async def test_prompt_history_keeps_the_draft(start: Start) -> None:
    async with start() as chat:
        prompt = chat.app._prompt
        await chat.ask("one")
        await chat.ask("two")
        prompt.put("draft")
        await chat.pilot.press("up")
        assert prompt.text == "two"
        await chat.pilot.press("up", "up")
        assert prompt.text == "one"
        await chat.pilot.press("down", "down")
        assert prompt.text == "draft"
        await chat.pilot.press("ctrl+j", "x")
        assert prompt.text == "draft\nx"
        prompt.put("\n".join("x" * 20))
        await chat.pilot.pause()
        assert prompt.size.height == 8


async def test_copy_gives_markdown_with_or_without_sources(start: Start) -> None:
    async with start() as chat:
        await chat.ask("q")
        await chat.pilot.press("alt+up", "y")
        await chat.pilot.pause()
        assert chat.app.clipboard == "The capital of Kenya is **Nairobi** [1], says the graph [2]."
        await chat.pilot.press("Y")
        await chat.pilot.pause()
        assert "[2] Kenya: capital: The capital of Kenya is Nairobi." in chat.app.clipboard


async def test_a_store_that_fails_does_not_stop_the_answer(
    start: Start, store: SessionStore, tmp_path: Path
) -> None:
    async with start() as chat:
        await chat.rest()
        store.close()
        (tmp_path / "sessions.sqlite").write_bytes(b"broken" * 1000)
        for extra in tmp_path.glob("sessions.sqlite-*"):
            extra.unlink()
        await chat.ask("q")
        assert chat.app.query_one(Exchange).answer is not None
        assert any("damaged; it was moved to" in said for said in chat.said())
