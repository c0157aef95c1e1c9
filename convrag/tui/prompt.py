"""Where the question is typed: grows from one line to eight, remembers what was sent."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from convrag.tui.actions import bindings

PLACEHOLDER = "Ask a question…"


class Prompt(TextArea):
    """A growing text field; enter sends, and nothing but sending or the user clears it."""

    BINDINGS = bindings("prompt")

    class Submitted(Message):
        """The user sent ``text``."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Nothing(Message):
        """The user pressed enter without having typed anything."""

    def __init__(self) -> None:
        super().__init__(
            id="prompt",
            compact=True,
            highlight_cursor_line=False,
            placeholder=Content(PLACEHOLDER),
            tab_behavior="focus",
        )
        self.border_subtitle = "enter sends · ctrl+j new line"
        self._sent: list[str] = []
        self._place = 0
        self._draft = ""

    def remember(self, texts: Sequence[str]) -> None:
        """Make ``texts``, oldest first, what the up key goes through."""
        self._sent = list(texts)
        self._place = len(self._sent)

    def put(self, text: str) -> None:
        """Replace the text and set the cursor behind it."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    def action_send(self) -> None:
        """Hand the text over, once all letters typed before have arrived.

        Enter reaches the application before they reach this field, so it waits in line with them.
        """
        self.call_later(self._send)

    def _send(self) -> None:
        text = self.text.rstrip()
        if text.strip():
            self.load_text("")  # at once, so that letters typed after enter begin a new text
            self.post_message(self.Submitted(text))
        else:
            self.post_message(self.Nothing())

    def taken(self, text: str) -> None:
        """Remember ``text``, which was sent."""
        if not self._sent or self._sent[-1] != text:
            self._sent.append(text)
        self._place = len(self._sent)
        self._draft = ""

    def refused(self, text: str) -> None:
        """Give ``text``, which could not be sent, back to the user."""
        self.put(text + self.text)

    def action_newline(self) -> None:
        """Begin a new line behind all that was typed before."""
        self.call_later(self.insert, "\n")

    def action_earlier(self) -> None:
        """Move up, and from the first line to the text sent before."""
        if self.cursor_location[0] > 0 or not self._place:
            self.action_cursor_up()
            return
        if self._place == len(self._sent):
            self._draft = self.text
        self._recall(self._place - 1)

    def action_later(self) -> None:
        """Move down, and from the last line to the text sent after."""
        if self.cursor_location[0] < self.document.line_count - 1 or self._place >= len(self._sent):
            self.action_cursor_down()
            return
        self._recall(self._place + 1)

    def _recall(self, place: int) -> None:
        self._place = place
        self.put(self._draft if place == len(self._sent) else self._sent[place])
