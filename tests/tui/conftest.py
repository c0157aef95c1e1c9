from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
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
        for _ in range(1000):
            if true():
                return
            await self.pilot.pause(0.005)
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
        async with app.run_test(size=size) as pilot:
            app.query_one(Prompt).cursor_blink = False
            await pilot.pause()
            yield Chat(app, pilot)

    return run
