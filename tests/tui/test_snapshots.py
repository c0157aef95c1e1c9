"""Pictures of whole screens; look at a changed one before accepting it with --snapshot-update."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import textual
from textual.pilot import Pilot

from convrag.sessions import SessionStore
from convrag.tui.app import ChatApp
from convrag.tui.prompt import Prompt
from tests.tui.scripted import Script, ScriptedResponder

# The pictures hold the drawing of one version; another one draws borders or colours its own way.
pytestmark = pytest.mark.skipif(
    textual.__version__ != "8.2.8", reason="the pictures were taken with Textual 8.2.8"
)
SIZES = ((60, 18), (80, 24), (120, 34))
Snapshot = Callable[..., bool]


async def settled(pilot: Pilot[None], answers: int = 1) -> None:
    app = pilot.app
    assert isinstance(app, ChatApp)
    for _ in range(1000):
        exchanges = app._conversation.exchanges
        if (
            app._responder
            and not app._run
            and sum(e.answer is not None for e in exchanges) >= answers
        ):
            break
        await pilot.pause(0.005)
    app._status.activity = "Ready"  # not how long it took
    app._side.show_trace([("Rewrite", "12 ms", "as typed · en · question")])
    await pilot.pause()


async def begin(pilot: Pilot[None], *questions: str) -> None:
    app = pilot.app
    assert isinstance(app, ChatApp)
    app.query_one(Prompt).cursor_blink = False
    await settled(pilot, 0)
    for number, question in enumerate(questions, start=1):
        app._prompt.put(question)
        await pilot.press("enter")
        await settled(pilot, number)


async def welcome(pilot: Pilot[None], responder: ScriptedResponder) -> None:
    await begin(pilot)


async def sources(pilot: Pilot[None], responder: ScriptedResponder) -> None:
    await begin(pilot, "What is the capital of Kenya?")
    await pilot.press("f2")
    await pilot.pause()


async def graph(pilot: Pilot[None], responder: ScriptedResponder) -> None:
    await begin(pilot, "What is the capital of Kenya?")
    await pilot.press("f3")
    await pilot.pause()


async def stopped(pilot: Pilot[None], responder: ScriptedResponder) -> None:
    responder.gate_after = 2
    await begin(pilot)
    app = pilot.app
    assert isinstance(app, ChatApp)
    app._prompt.put("What is the capital of Kenya?")
    await pilot.press("enter")
    while not responder.reached.is_set():
        await pilot.pause(0.005)
    app._prompt.put("my next question")
    await pilot.press("escape")
    await settled(pilot)


async def scripts(pilot: Pilot[None], responder: ScriptedResponder) -> None:
    responder.scripts = [
        Script(pieces=("عاصمة كينيا هي نيروبي [1].",), language="ar"),
        Script(
            pieces=("肯尼亚的首都是内罗毕 [1]。",), language="zh", rewritten="肯尼亚的首都是哪里?"
        ),
    ]
    await begin(pilot, "ما هي عاصمة كينيا؟", "那它的首都呢?")


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("state", [welcome, sources, graph, stopped, scripts])
def test_screen(
    snap_compare: Snapshot,
    tmp_path: Path,
    state: Callable[[Pilot[None], ScriptedResponder], object],
    size: tuple[int, int],
) -> None:
    responder, numbers = ScriptedResponder(), itertools.count()
    store = SessionStore(tmp_path / "s.sqlite")
    app = ChatApp(
        responder.open, store, clock=lambda: 1000.0, new_id=lambda: f"turn-{next(numbers)}"
    )

    async def before(pilot: Pilot[None]) -> None:
        await state(pilot, responder)  # type: ignore[misc]

    try:
        assert snap_compare(app, run_before=before, terminal_size=size)
    finally:
        store.close()
