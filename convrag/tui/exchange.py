"""One question with its answer, as it comes and as it stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from convrag.errors import ConvragError
from convrag.text.sanitize import plain
from convrag.tui.actions import bindings
from convrag.tui.display import one_line, seconds, shown
from convrag.types import Answer, Mode, Query, Status, Turn

if TYPE_CHECKING:
    from textual.widgets import Markdown
    from textual.widgets.markdown import MarkdownStream

    from convrag.tui.answer_markdown import AnswerMarkdown

_MODES = {
    Mode.GRAPH: "from the graph",
    Mode.EXTRACT: "quoted from the sources",
    Mode.NONE: "",
}


class Exchange(Vertical, can_focus=True):
    """A question and what became of it.

    Args:
        turn: The question.
        answer: Its answer, when there is one already.
        model: Name of the model that generates answers.
        rich: False shows the answer as plain text, which is quick to build for old turns.
    """

    BINDINGS = bindings("exchange")

    class Chosen(Message):
        """The user wants this exchange's sources, perhaps the one cited as ``marker``."""

        def __init__(self, exchange: Exchange, marker: int | None = None) -> None:
            super().__init__()
            self.exchange = exchange
            self.marker = marker

    class Retry(Message):
        """The user wants the question answered again."""

        def __init__(self, exchange: Exchange) -> None:
            super().__init__()
            self.exchange = exchange

    class Picked(Message):
        """The user says which of several things is meant."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Copy(Message):
        """The user wants the answer in the clipboard."""

        def __init__(self, exchange: Exchange, *, sources: bool) -> None:
            super().__init__()
            self.exchange = exchange
            self.sources = sources

    def __init__(
        self, turn: Turn, answer: Answer | None = None, *, model: str = "", rich: bool = True
    ) -> None:
        super().__init__(classes="exchange")
        self.turn = turn
        self.answer = answer
        self._model = model
        self._rich = rich
        self._stream: MarkdownStream | None = None

    def compose(self) -> ComposeResult:
        """Build the question, and the answer when there is one."""
        yield Static(Content(shown(self.turn.text)), classes="question")
        yield from self._answer_parts(self.answer)

    def _answer_parts(self, answer: Answer | None) -> ComposeResult:
        from convrag.tui.answer_markdown import AnswerMarkdown  # a parser the welcome needs not

        yield Static(_searched(answer.query if answer else None), classes="searched")
        if answer is not None and not self._rich:
            yield Static(Content(shown(answer.text)), classes="answer")
        else:
            yield AnswerMarkdown(_body(answer) if answer else "").add_class("answer")
        yield Static(_note(answer, self._model) if answer else Content(""), classes="note")

    def on_mount(self) -> None:
        """Hide what has nothing to say."""
        self._tidy()

    async def begin(self) -> None:
        """Show that the question is being answered, without anything of an earlier try."""
        self.answer = None
        await self.query(".failure").remove()
        if not self._rich:
            self._rich = True
            await self.query(".searched, .answer, .note").remove()
            await self.mount_all(self._answer_parts(None))
        await self._markdown.update("")
        self.query_one(".searched", Static).update("")
        self.say("Looking for sources…")

    def say(self, text: str) -> None:
        """Put a dim line below the answer."""
        self.query_one(".note", Static).update(Content(one_line(text)))
        self._tidy()

    def show_query(self, query: Query) -> None:
        """Say what was searched for when it is not what was typed."""
        self.query_one(".searched", Static).update(_searched(query))
        self._tidy()

    async def write(self, text: str) -> None:
        """Append a piece of the answer."""
        text = plain(text)
        if not text:
            return
        markdown = self._markdown
        if self._stream is None:
            self._stream = markdown.get_stream(markdown)
            self.say("Answering…")
            markdown.display = True
        await self._stream.write(text)

    async def finish(self, answer: Answer) -> None:
        """Show the whole answer as it is kept."""
        await self._end_stream()
        self.answer = answer
        # One whole update: what was appended piece by piece may differ from the answer as kept.
        await self._markdown.update(_body(answer))
        self.query_one(".searched", Static).update(_searched(answer.query))
        self.query_one(".note", Static).update(_note(answer, self._model))
        await self._offer(answer)
        self._tidy()

    async def _offer(self, answer: Answer) -> None:
        """Show what a question back offers; a click or enter picks one."""
        await self.withdraw()
        buttons = [
            Button(
                Content.assemble((f"{number} ", "$primary"), one_line(choice.label)),
                compact=True,
                classes="choice",
                name=choice.label,
            )
            for number, choice in enumerate(answer.choices, start=1)
        ]
        if buttons:
            await self.mount(Vertical(*buttons, classes="choices"), before=".note")

    async def withdraw(self) -> None:
        """Take the offered choices away: the conversation went on."""
        await self.query(".choices").remove()

    def focus_choice(self) -> bool:
        """Go to the first choice; False when none is offered."""
        for button in self.query(".choice").results(Button):
            button.focus()
            return True
        return False

    async def fail(self, error: ConvragError) -> None:
        """Show what went wrong below what was there already."""
        await self._end_stream()
        self.query_one(".note", Static).update("")
        await self.query(".failure").remove()
        await self.mount(
            Vertical(
                Static(Content.assemble(("✗ ", "bold $error"), shown(error.message))),
                Static(Content(shown(error.hint)), classes="hint"),
                Button(Content("↻ Try again"), classes="retry", compact=True),
                classes="failure",
            )
        )
        self._tidy()

    async def offer_retry(self) -> None:
        """Say that the question has no answer yet."""
        await self.fail(ConvragError("not answered", "the program ended before the answer came"))

    async def _end_stream(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            # The first piece may come from a timer at the moment the answer ends. A stream that is
            # stopped before its task has begun cancels who stops it, which would end the app.
            await asyncio.sleep(0)
            await stream.stop()

    @property
    def _markdown(self) -> AnswerMarkdown:
        from convrag.tui.answer_markdown import AnswerMarkdown

        return self.query_one(AnswerMarkdown)

    def _tidy(self) -> None:
        from convrag.tui.answer_markdown import AnswerMarkdown

        for part in self.query(".searched, .note").results(Static):
            part.display = bool(str(part.content))
        for markdown in self.query(AnswerMarkdown):
            markdown.display = bool(markdown.source)

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        """Choose the cited source; no other link acts."""
        from convrag.tui.answer_markdown import CITE

        event.stop()
        number = event.href.removeprefix(CITE)
        if event.href.startswith(CITE) and number.isdecimal():
            self.post_message(self.Chosen(self, int(number)))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Pick the choice, or try again."""
        event.stop()
        if event.button.has_class("choice"):
            self.post_message(self.Picked(event.button.name or ""))
        else:
            self.post_message(self.Retry(self))

    def action_open(self) -> None:
        """Show this exchange's sources."""
        self.post_message(self.Chosen(self))

    def action_source(self, number: int = 1) -> None:
        """Show source ``number``."""
        self.post_message(self.Chosen(self, number))

    def action_copy(self) -> None:
        """Copy the answer's Markdown."""
        self.post_message(self.Copy(self, sources=False))

    def action_copy_with_sources(self) -> None:
        """Copy the answer's Markdown and its sources."""
        self.post_message(self.Copy(self, sources=True))


def _body(answer: Answer) -> str:
    """Return the answer as it is shown; of a question back without the choices, which are below."""
    return shown(answer.text.split("\n\n")[0] if answer.choices else answer.text)


def _searched(query: Query | None) -> Content:
    if query is None or one_line(query.text) == one_line(query.original) or not query.text.strip():
        return Content("")
    return Content(f"searched for: {one_line(query.text)}")


def _note(answer: Answer, model: str) -> Content:
    how = _MODES.get(answer.mode, one_line(model, 60) or "written by a model")
    if answer.status is Status.ABSTAINED:
        how = how or "nothing in the sources answers this"
    took = answer.timings.get("total", sum(answer.timings.values()))
    facts = " · ".join(part for part in (how, seconds(took) if took else "") if part)
    if answer.status is Status.STOPPED:
        return Content.assemble(("■ stopped", "bold $warning"), f" · {facts}" if facts else "")
    return Content(facts)
