from __future__ import annotations

import pytest
from textual.widgets import Button

from convrag.tui.exchange import Exchange
from convrag.tui.state import StateScreen, state_text
from convrag.types import Asked, Choice, Clarification, DialogueState, Focus, Mention
from tests.tui.conftest import Chat, Start
from tests.tui.scripted import Script, ScriptedResponder

LABELS = ("E01 (KX-200)", "刚果民主共和国", "[b]الكونغو[/b]")


def asking() -> Script:
    lines = "\n".join(f"{n}. {label}" for n, label in enumerate(LABELS, start=1))
    return Script(pieces=(f"Which one?\n\n{lines}",), choices=LABELS)


def buttons(chat: Chat) -> list[Button]:
    return list(chat.app.query(".choice").results(Button))


async def test_choices_are_shown_by_number_below_the_question(start: Start) -> None:
    async with start(ScriptedResponder(asking())) as chat:
        await chat.ask("It shows E01")
        shown = [str(b.label) for b in buttons(chat)]
        assert shown == [f"{n} {label}" for n, label in enumerate(LABELS, start=1)]
        assert "Which one?" in chat.text("AnswerMarkdown MarkdownBlock")[0]


async def test_a_click_sends_the_choice_and_takes_the_others_away(start: Start) -> None:
    responder = ScriptedResponder(asking())
    async with start(responder) as chat:
        await chat.ask("It shows E01")
        await chat.pilot.click(buttons(chat)[1])
        await chat.until(lambda: len(responder.asked) == 2, "the choice is asked")
        assert responder.asked[1][1].text == LABELS[1]
        await chat.rest()
        assert not buttons(chat)


async def test_enter_goes_to_the_choices_and_enter_picks(start: Start) -> None:
    responder = ScriptedResponder(asking())
    async with start(responder) as chat:
        await chat.ask("It shows E01")
        await chat.pilot.press("enter")
        await chat.until(lambda: chat.app.focused in buttons(chat), "a choice has the keys")
        await chat.pilot.press("enter")
        await chat.until(lambda: len(responder.asked) == 2, "the choice is asked")
        assert responder.asked[1][1].text == LABELS[0]


async def test_enter_without_choices_does_nothing(start: Start) -> None:
    responder = ScriptedResponder()
    async with start(responder) as chat:
        await chat.ask("q")
        await chat.pilot.press("enter")
        await chat.pilot.pause()
        assert len(chat.app.query(Exchange)) == 1
        assert len(responder.asked) == 1


async def test_the_state_is_shown(start: Start) -> None:
    async with start() as chat:
        await chat.rest()
        await chat.send("/state")
        await chat.until(lambda: isinstance(chat.app.screen, StateScreen), "the state opens")
        await chat.pilot.press("escape")
        await chat.pilot.pause()
        assert not isinstance(chat.app.screen, StateScreen)


@pytest.mark.parametrize(
    "name", ["Vienna", "维也纳", "فيينا", "वियना", "Вена", "ウィーン", "[b]x[/b]"]
)
def test_every_part_of_the_state_is_told(name: str) -> None:
    state = DialogueState(
        focus=(Focus("urn:v", name, 0.85, ("urn:city",)),),
        listed=("urn:a", "urn:b"),
        years=(1990, 1994),
        asked=(
            Asked(1, "first?", "en", "question", True, ("urn:v",), 0),
            Asked(2, "second?", "zh", "correction", False, (), 1),
        ),
        pending=Clarification("q", Mention(name, (0, 1)), (Choice("urn:a", "A"),), "en"),
        senses=(("congo", "urn:b"),),
        reply_language="de",
    )
    told = state_text(state, lambda term: term.removeprefix("urn:").upper()).plain
    for part in (
        f"0.85  {name} · CITY",
        "1. A",
        "2. B",
        "1990, 1994",
        "1. ✓ first? · en · question",
        "2. ? second? · zh · correction",
        "1. turns 1–1: V",
        f"{name}: A",
        "congo → B",
        "Answers wanted in",
    ):
        assert part in told


def test_an_empty_state_says_so() -> None:
    assert state_text(DialogueState(), str).plain == "Nothing was asked yet."
