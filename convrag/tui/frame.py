"""The frame of the chat: its parts, what they are made with, and which of them show."""

from __future__ import annotations

import html
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Footer

from convrag.errors import ConvragError, SessionError
from convrag.sessions import SessionInfo, SessionStore
from convrag.tui.conversation import Conversation
from convrag.tui.display import shown
from convrag.tui.exchange import Exchange
from convrag.tui.prompt import Prompt
from convrag.tui.responder import Responder
from convrag.tui.run import Run
from convrag.tui.session_list import SessionsPane
from convrag.tui.side import SidePane, Tab
from convrag.tui.status import StatusLine, TitleBar
from convrag.tui.theme import THEMES
from convrag.tui.trace import Line, answer_lines
from convrag.types import Dialogue, Filter
from convrag.wire import filter_words

Progress = Callable[[str, float], None]
OpenResponder = Callable[[Progress], Responder]
T = TypeVar("T")
_ANYTHING = Filter()


class ChatFrame(App[None], inherit_bindings=False):
    """The terminal chat.

    Args:
        open_responder: Loads whoever answers; slow, runs in a thread after the first paint and is
            given a function that takes what it does and how far it is (0..1).
        sessions: Where conversations are kept.
        resume: Id, or unique prefix, of the conversation to open.
        theme: Name of a theme.
        filter: What is searched, until the user says otherwise.
        pack: Name under which conversations are kept until the responder has said its own.
        exports: Folder for exported conversations.
        clock: Seconds since the epoch.
        new_id: Makes ids of turns.
    """

    CSS_PATH = "convrag.tcss"
    TITLE = "convrag"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-medium"), (120, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]

    def __init__(
        self,
        open_responder: OpenResponder,
        sessions: SessionStore,
        *,
        resume: str | None = None,
        theme: str = "convrag-dark",
        pack: str = "",
        filter: Filter = _ANYTHING,
        exports: Path | None = None,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme if theme in self.available_themes else THEMES[0].name
        self._open_responder = open_responder
        self._sessions = sessions
        self._resume = resume
        self._pack = pack
        self._exports = exports
        self._clock = clock
        self._new_id = new_id
        self._responder: Responder | None = None
        self._loading = False
        self._dialogue: Dialogue | None = None
        self._queue: list[tuple[Dialogue | None, Exchange]] = []
        self._run: tuple[Run, Exchange] | None = None
        self._lines: dict[str, list[Line]] = {}
        self._chosen: Exchange | None = None
        self._language = ""
        self._filter = filter
        self._deleted: list[str] = []
        self._flusher: Timer | None = None

    def compose(self) -> ComposeResult:
        """Build the screen."""
        yield TitleBar()
        with Horizontal(id="body"):
            yield SessionsPane(self._find, self._clock, id="sessions")
            with Vertical(id="main"):
                yield Conversation()
                yield Prompt()
            yield SidePane()
        yield StatusLine()
        yield Footer(show_command_palette=False)

    @property
    def _prompt(self) -> Prompt:
        return self.screen_stack[0].query_one(Prompt)

    @property
    def _conversation(self) -> Conversation:
        return self.screen_stack[0].query_one(Conversation)

    @property
    def _side(self) -> SidePane:
        return self.screen_stack[0].query_one(SidePane)

    @property
    def _status(self) -> StatusLine:
        return self.screen_stack[0].query_one(StatusLine)

    @property
    def _list(self) -> SessionsPane:
        return self.screen_stack[0].query_one("#sessions", SessionsPane)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """Return the screen as SVG, wide characters with the room they take."""
        return _with_cell_widths(super().export_screenshot(title=title, simplify=simplify))

    # --- which parts show

    @property
    def _narrow(self) -> bool:
        return self.size.width < 100

    def _set_pane(self, name: str, show: bool) -> None:
        base = self.screen_stack[0]
        base.set_class(show, f"show-{name}")
        base.set_class(not show, f"hide-{name}")
        if show and self._narrow:  # a pane fills a narrow screen: one at a time
            other = "side" if name == "sessions" else "sessions"
            base.remove_class(f"show-{other}")

    def _show_side(self, tab: Tab) -> None:
        self._side.open(tab)
        if not self._side.display or self._narrow:
            self._set_pane("side", True)

    def _close_full_pane(self) -> bool:
        """Go back to the conversation from a pane that fills the screen; False when none does."""
        base = self.screen_stack[0]
        if not self._narrow or not (base.has_class("show-side") or base.has_class("show-sessions")):
            return False
        base.remove_class("show-side", "show-sessions")
        return True

    # --- what is said of the conversation

    def _refresh_facts(self) -> None:
        responder = self._responder
        model = (responder.generator_id or "no generator") if responder else ""
        language = self._language or ("any language" if responder else "")
        wanted = filter_words(self._filter)
        only = f"only {wanted}" if wanted else ""
        self._status.facts = (only, self._pack, model, language)

    def _refresh_sessions(self) -> None:
        self._list.current = self._dialogue.id if self._dialogue else ""
        self._list.refresh_list()
        title = ""
        if self._dialogue is not None:
            identifier = self._dialogue.id
            info = self._keep(lambda: self._sessions.info(identifier))
            title = info.title if info else ""
        self.screen_stack[0].query_one(TitleBar).title = title

    def _find(self, query: str) -> tuple[SessionInfo, ...]:
        return self._keep(lambda: self._sessions.sessions(query)) or ()

    def _keep(self, work: Callable[[], T]) -> T | None:
        """Return what ``work`` gives; None, and the user told, when the store fails."""
        try:
            return work()
        except SessionError as error:
            self._tell(error)
            return None

    def _tell(self, error: ConvragError) -> None:
        text = error.message if not error.hint else f"{error.message}\n→ {error.hint}"
        self.notify(shown(text), severity="error", markup=False, timeout=12)

    async def _choose(self, exchange: Exchange) -> None:
        self._chosen = exchange
        for each in self._conversation.exchanges:
            each.set_class(each is exchange, "chosen")
        answer = exchange.answer
        lines = self._lines.get(exchange.turn.id) or (answer_lines(answer) if answer else [])
        await self._side.show(answer, lines, self._responder)


_SVG_TEXT = re.compile(r'textLength="([\d.]+)"([^>]*)>([^<]*)</text>')


def _with_cell_widths(svg: str) -> str:
    """The exporter counts characters where a terminal counts cells; say the cells instead."""

    def repaired(found: re.Match[str]) -> str:
        text = html.unescape(found[3])
        cells = cell_len(text)
        if not text or cells == len(text):
            return found[0]
        width = float(found[1]) / len(text) * cells
        return f'textLength="{width:g}"{found[2]}>{found[3]}</text>'

    return _SVG_TEXT.sub(repaired, svg)
