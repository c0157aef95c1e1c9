"""The conversation: exchanges from the oldest down, or a welcome when there are none."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from convrag.tui.display import one_line
from convrag.tui.exchange import Exchange
from convrag.types import Answer, Turn

_RICH = 10  # the newest exchanges are built with their Markdown, which costs about 70 ms each
_PAGE = 20  # so many at a time are built as plain text


class Welcome(Vertical):
    """What a newcomer sees: what this is, and a few questions to begin with."""

    class Picked(Message):
        """The user chose an example."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="welcome")
        self._examples: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Build the greeting; the examples come when the responder is ready."""
        yield Static(Content("Ask in your own language."), classes="welcome-title")
        yield Static(
            Content("Every answer shows the passages and facts it rests on."),
            classes="welcome-text",
        )
        yield Vertical(id="examples")
        yield Static(
            Content.assemble(
                ("F1", "bold $primary"),
                " help   ",
                ("ctrl+r", "bold $primary"),
                " earlier conversations",
            ),
            classes="welcome-text",
        )

    async def offer(self, examples: Sequence[str]) -> None:
        """Show up to four questions that can be clicked."""
        self._examples = tuple(examples[:4])
        box = self.query_one("#examples")
        await box.remove_children()
        await box.mount_all(
            Button(
                Content.assemble(("› ", "$primary"), one_line(e)),
                compact=True,
                classes="example",
                name=str(i),
            )
            for i, e in enumerate(self._examples)
        )

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Hand over the chosen question."""
        event.stop()
        self.post_message(self.Picked(self._examples[int(event.button.name or 0)]))


class Conversation(VerticalScroll):
    """The exchanges of one conversation; stays at its end unless the reader scrolled up."""

    def __init__(self) -> None:
        super().__init__(id="conversation")
        self._older: list[tuple[Turn, Answer | None]] = []
        self._model = ""
        self._examples: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Begin with the welcome."""
        yield Welcome()

    def on_mount(self) -> None:
        """Begin empty."""
        self.add_class("empty-conversation")

    def _follow(self, follow: bool) -> None:
        """Stay at the end while text comes; the welcome stands in the middle instead."""
        self.set_class(not follow, "empty-conversation")
        self.anchor(follow)
        if follow:
            self.scroll_end(animate=False)
        else:
            self.scroll_home(animate=False)

    @property
    def exchanges(self) -> list[Exchange]:
        """The exchanges on the screen, oldest first."""
        return list(self.query_children(Exchange))

    async def ready(self, *, examples: Sequence[str], model: str) -> None:
        """Take what the responder says of itself."""
        self._model = model
        self._examples = tuple(examples)
        for welcome in self.query(Welcome):
            await welcome.offer(self._examples)

    async def clear(self) -> None:
        """Show the welcome and nothing else."""
        await self.remove_children()
        self._older = []
        welcome = Welcome()
        await self.mount(welcome)
        self._follow(False)
        await welcome.offer(self._examples)

    async def open(self, history: Sequence[tuple[Turn, Answer | None]]) -> None:
        """Show a stored conversation from its end; older turns come on demand."""
        await self.remove_children()
        rich = history[max(0, len(history) - _RICH) :]
        self._older = list(history[: len(history) - len(rich)])
        await self.mount_all(self._make(turn, answer, rich=True) for turn, answer in rich)
        await self._load(_PAGE - _RICH)
        for exchange in self.exchanges:
            if exchange.answer is None:
                await exchange.offer_retry()
        self._follow(True)

    async def add(self, turn: Turn) -> Exchange:
        """Append a question and go to it."""
        await self.query(Welcome).remove()
        exchange = self._make(turn, None, rich=True)
        await self.mount(exchange)
        self._follow(True)
        return exchange

    async def move_to_end(self, exchange: Exchange) -> None:
        """Put an exchange that is asked again behind the others."""
        self.move_child(exchange, after=self.children[-1])
        self.scroll_end(animate=False)

    def _make(self, turn: Turn, answer: Answer | None, *, rich: bool) -> Exchange:
        return Exchange(turn, answer, model=self._model, rich=rich or answer is None)

    async def _load(self, count: int) -> None:
        await self.query("#earlier").remove()
        page = self._older[max(0, len(self._older) - count) :]
        del self._older[len(self._older) - len(page) :]
        made = [self._make(turn, answer, rich=False) for turn, answer in page]
        first = self.children[0] if self.children else None
        await self.mount_all(made, before=first)
        if self._older:
            label = Content(f"↑ Load earlier ({len(self._older)})")
            await self.mount(Button(label, id="earlier", compact=True), before=0)

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        """Load earlier turns and keep the reader's place."""
        event.stop()
        below = self.virtual_size.height - self.scroll_y
        await self._load(_PAGE)
        self.call_after_refresh(
            lambda: self.scroll_to(y=self.virtual_size.height - below, animate=False, force=True)
        )
