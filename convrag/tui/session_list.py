"""The list of kept conversations, beside the conversation and as a picker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from convrag.sessions import SessionInfo
from convrag.tui.actions import bindings
from convrag.tui.display import ago, one_line

Find = Callable[[str], Sequence[SessionInfo]]


class SessionOptions(OptionList):
    """The conversations found; the keys work on the highlighted one."""

    BINDINGS = bindings("sessions")

    class Wanted(Message):
        """The user wants ``what`` (open, rename, delete, undo) done to a conversation."""

        def __init__(self, what: str, session_id: str) -> None:
            super().__init__()
            self.what = what
            self.session_id = session_id

    def show(self, found: Sequence[SessionInfo], *, now: float, current: str = "") -> None:
        """List ``found``, the conversation ``current`` marked."""
        self.clear_options()
        self.add_options(Option(_line(s, now, s.id == current), id=s.id) for s in found)
        if found:
            ids = [s.id for s in found]
            self.highlighted = ids.index(current) if current in ids else 0

    def _want(self, what: str) -> None:
        option = self.highlighted_option
        if option is not None and option.id is not None:
            self.post_message(self.Wanted(what, option.id))

    def action_open(self) -> None:
        """Open the highlighted conversation."""
        self._want("open")

    def action_rename(self) -> None:
        """Rename the highlighted conversation."""
        self._want("rename")

    def action_delete(self) -> None:
        """Delete the highlighted conversation."""
        self._want("delete")

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        self.post_message(self.Wanted("undo", ""))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open what was clicked."""
        event.stop()
        if event.option.id is not None:
            self.post_message(self.Wanted("open", event.option.id))


class SessionsPane(Vertical):
    """Search field and list.

    Args:
        find: Gives the conversations that contain a text, last used first.
        clock: Seconds since the epoch.
    """

    def __init__(self, find: Find, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id, classes="sessions-pane")
        self._find = find
        self._clock = clock
        self.current = ""

    def compose(self) -> ComposeResult:
        """Build the field, the list and what stands there when it is empty."""
        yield Static(Content("Conversations"), classes="pane-title")
        yield Input(placeholder="Search", compact=True, classes="session-search")
        yield SessionOptions(markup=False)
        yield Static(Content(""), classes="empty")

    def refresh_list(self) -> None:
        """Look again for what the field says."""
        query = self.query_one(Input).value
        found = self._find(query)
        options = self.query_one(SessionOptions)
        options.show(found, now=self._clock(), current=self.current)
        options.display = bool(found)
        empty = self.query_one(".empty", Static)
        empty.update(Content("Nothing found." if query else "Conversations are kept here."))
        empty.display = not found

    def on_mount(self) -> None:
        """Fill the list."""
        self.refresh_list()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search while typing."""
        event.stop()
        self.refresh_list()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the first one found."""
        event.stop()
        options = self.query_one(SessionOptions)
        # Called later: a message that this pane itself makes its child post would stop here.
        options.call_later(options.action_open)


class ResumePicker(ModalScreen[str | None]):
    """Search and choose a conversation; gives its id, or None."""

    BINDINGS = [("escape", "dismiss(None)", "Close"), ("down", "down", "To the list")]

    def __init__(self, find: Find, clock: Callable[[], float], query: str = "") -> None:
        super().__init__()
        self._pane = SessionsPane(find, clock)
        self._query = query

    def compose(self) -> ComposeResult:
        """Build the pane in a box."""
        with Vertical(classes="dialog wide-dialog"):
            yield self._pane
            yield Static(Content("enter opens · esc closes"), classes="hint")

    def on_mount(self) -> None:
        """Begin in the search field."""
        field = self.query_one(Input)
        field.value = self._query
        field.focus()

    def action_down(self) -> None:
        """Go from the field to the list."""
        self.query_one(SessionOptions).focus()

    def on_session_options_wanted(self, event: SessionOptions.Wanted) -> None:
        """Give the choice back; only opening is offered here."""
        event.stop()
        if event.what == "open":
            self.dismiss(event.session_id)


class RenameDialog(ModalScreen[str | None]):
    """Ask for a title; gives it, or None when nothing shall change."""

    BINDINGS = [("escape", "dismiss(None)", "Close")]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = one_line(title)

    def compose(self) -> ComposeResult:
        """Build the field."""
        with Vertical(classes="dialog"):
            yield Static(Content("Rename the conversation"), classes="pane-title")
            yield Input(self._title, compact=True)
            yield Static(
                Content("enter keeps · esc cancels · empty: first question"), classes="hint"
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the title back."""
        event.stop()
        self.dismiss(event.value)


def _line(info: SessionInfo, now: float, current: bool) -> Content:
    turns = f"{info.turns} turn{'' if info.turns == 1 else 's'}"
    facts = f"{turns} · {ago(info.updated, now)}"
    title = one_line(info.title) or info.id
    return Content.assemble(
        ("● " if current else "  ", "$primary"),
        (title, "bold" if current else ""),
        (f"\n  {facts}", "$dim"),
    )
