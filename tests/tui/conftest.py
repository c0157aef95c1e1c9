from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.widget import Widget

from convrag.sessions import SessionStore
from convrag.tui.app import ChatApp
from convrag.tui.prompt import Prompt
from tests.tui.scripted import ScriptedResponder


@dataclass
class Chat:
    """A running chat with short ways to drive and to read it."""

    app: ChatApp
    pilot: Pilot[None]

    async def until(self, true: Callable[[], object], what: str = "") -> None:
        for _ in range(6000):
            if true():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"never happened: {what}")

    @property
    def idle(self) -> bool:
        app = self.app
        return app._responder is not None and app._run is None and not app._queue

    async def rest(self) -> None:
        await self.until(lambda: self.idle, "nothing is being answered")
        await self.pilot.pause()

    async def send(self, text: str) -> None:
        prompt = self.app._prompt
        prompt.focus()
        prompt.put(text)
        await self.pilot.press("enter")
        await self.pilot.pause()

    async def ask(self, text: str) -> None:
        await self.send(text)
        await self.rest()

    def text(self, selector: str) -> list[str]:
        """What the widgets that fit ``selector`` show, line ends as blanks."""
        return [rendered(widget) for widget in self.app.screen.query(selector) if widget.display]

    def said(self) -> list[str]:
        return [message.message for message in self.app._notifications]


def rendered(widget: Widget) -> str:
    """Return the text that a widget with content shows."""
    content = widget.visual
    return " ".join(str(getattr(content, "plain", content)).split())


async def wait_for_screen(pilot: Pilot[None], timeout: float = 20.0) -> bool:
    """Return once every widget has handled what was waiting for it, or is gone."""
    app = pilot.app
    waiting: set[MessagePump] = set()

    def done(pump: MessagePump) -> None:
        waiting.discard(pump)

    for pump in (app, *app.screen.walk_children(with_self=True)):
        waiting.add(pump)
        if not pump.call_later(done, pump):
            done(pump)
    for _ in range(int(timeout / 0.002)):
        if app._exception_event.is_set():
            return False
        if all(pump._closing for pump in waiting):
            return True
        await asyncio.sleep(0.002)
    raise AssertionError(
        f"never handled what was waiting: {waiting}\n{ended(app)}\n" + "\n".join(awaited())
    )


def ended(app: App[None]) -> str:
    """Say whether the app's own task still runs, or how it ended."""
    task = app._task
    if task is None or not task.done():
        return f"the app's task: {task!r}, running {app._running}, closing {app._closing}"
    error = None if task.cancelled() else task.exception()
    return f"the app's task ended: cancelled {task.cancelled()}, error {error!r}"


def awaited() -> Iterator[str]:
    """Say for every task what it waits for, innermost last."""
    for task in asyncio.all_tasks():
        inner: Any = task.get_coro()
        yield task.get_name()
        while inner is not None:
            frame = getattr(inner, "cr_frame", None)
            yield f"    {frame or inner!r}"
            inner = getattr(inner, "cr_await", None)


@pytest.fixture(autouse=True)
def patient_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not let the pilot wait for widgets that were removed before they could answer it.

    Textual 8.2.8 counts them too, so a test that removes one at that moment waits for nothing.
    """
    monkeypatch.setattr(Pilot, "_wait_for_screen", wait_for_screen)


Start = Callable[..., AbstractAsyncContextManager[Chat]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SessionStore]:
    opened = SessionStore(tmp_path / "sessions.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def start(store: SessionStore, tmp_path: Path) -> Start:
    """Start a chat with a scripted responder, a still clock and counted ids."""

    @asynccontextmanager
    async def run(
        responder: ScriptedResponder | None = None,
        *,
        size: tuple[int, int] = (120, 34),
        opener: object = None,
        **options: object,
    ) -> AsyncIterator[Chat]:
        numbers = itertools.count()
        used = responder or ScriptedResponder()
        app = ChatApp(
            opener or used.open,
            store,
            exports=tmp_path,
            clock=lambda: 1000.0,
            new_id=lambda: f"turn-{next(numbers)}",
            **options,
        )
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            app.query_one(Prompt).cursor_blink = False
            await pilot.pause()
            yield Chat(app, pilot)

    return run
