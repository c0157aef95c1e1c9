"""What is typed quickly arrives whole and in order."""

from __future__ import annotations

from textual import events

from convrag.sessions import SessionStore
from tests.tui.conftest import Chat, Start
from tests.tui.scripted import ScriptedResponder


def type_at_once(chat: Chat, text: str) -> None:
    """Queue all keys in one go, as a terminal delivers a burst of typing."""
    keys = {"\r": "enter", "\n": "ctrl+j"}
    for char in text:
        key = keys.get(char, char)
        chat.app.post_message(events.Key(key, None if char in keys else char))


async def test_enter_does_not_overtake_the_letters_before_it(
    start: Start, store: SessionStore
) -> None:
    responder = ScriptedResponder()
    async with start(responder) as chat:
        await chat.rest()
        type_at_once(chat, "which rivers are long\rand which are deep\r")
        await chat.until(lambda: len(responder.asked) == 2, "both questions are asked")
        asked = [turn.text for _, turn in responder.asked]
        assert asked == ["which rivers are long", "and which are deep"]
        await chat.rest()
        assert chat.app._prompt.text == ""
        (info,) = store.sessions()
        assert [turn.text for turn, _ in store.history(info.id)] == asked


async def test_letters_after_enter_stay_in_the_prompt(start: Start) -> None:
    responder = ScriptedResponder()
    async with start(responder) as chat:
        await chat.rest()
        type_at_once(chat, "one\rtwo\nthree")
        await chat.until(lambda: chat.app._prompt.text == "two\nthree", "the rest is kept")
        await chat.rest()
        assert [turn.text for _, turn in responder.asked] == ["one"]
