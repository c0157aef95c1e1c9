"""What the next question may refer to, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from convrag.tui.display import one_line
from convrag.types import DialogueState

_LONGEST = 70


def state_text(state: DialogueState, name: Callable[[str], str]) -> Content:
    """Return the state by heading; headings without anything are left out.

    Args:
        state: The dialogue's state.
        name: Gives the name of an entity.
    """
    parts: list[Content] = []
    for heading, lines in _sections(state, name):
        found = [Content(f"  {line}") for line in lines]
        if found:
            parts += [Content.assemble((heading, "bold $primary")), *found, Content("")]
    return Content("\n").join(parts) if parts else Content("Nothing was asked yet.")


def _sections(
    state: DialogueState, name: Callable[[str], str]
) -> Iterator[tuple[str, Iterator[str]]]:
    yield (
        "In focus",
        (
            f"{f.salience:.2f}  {one_line(f.name, _LONGEST)}"
            + (f" · {', '.join(one_line(name(t), 30) for t in f.types)}" if f.types else "")
            for f in state.focus
        ),
    )
    yield (
        "Listed or compared last",
        (
            f"{number}. {one_line(name(entity), _LONGEST)}"
            for number, entity in enumerate(state.listed, start=1)
        ),
    )
    yield "Years named last", iter([", ".join(map(str, state.years))] if state.years else [])
    yield (
        "Questions",
        (
            f"{a.number}. {'✓' if a.answered else '?'} {one_line(a.text, _LONGEST)}"
            f" · {one_line(a.language)} · {one_line(a.act)}"
            for a in state.asked
        ),
    )
    yield "Topics", iter(_topics(state, name))
    if state.pending is not None:
        told = " / ".join(one_line(c.label, 40) for c in state.pending.choices)
        yield "May mean", iter([f"{one_line(state.pending.mention.text, 40)}: {told}"])
    yield (
        "Explained",
        (
            f"{one_line(said, 40)} → {one_line(name(entity), _LONGEST)}"
            for said, entity in state.senses
        ),
    )
    if state.reply_language:
        yield "Answers wanted in", iter([one_line(state.reply_language)])


def _topics(state: DialogueState, name: Callable[[str], str]) -> list[str]:
    """Return each topic with the turns it lasted, and what it began with."""
    lines = []
    for topic, group in groupby(state.asked, key=lambda asked: asked.topic):
        turns = list(group)
        about = next((e for asked in turns for e in asked.about), "")
        subject = one_line(name(about), _LONGEST) if about else one_line(turns[0].text, _LONGEST)
        lines.append(f"{topic + 1}. turns {turns[0].number}–{turns[-1].number}: {subject}")
    return lines


class StateScreen(ModalScreen[None]):
    """The state of the conversation."""

    BINDINGS = [("escape,f11,q", "dismiss", "Close")]

    def __init__(self, text: Content) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Build the text in a box that scrolls."""
        with Vertical(classes="dialog help-dialog"):
            with VerticalScroll():
                yield Static(self._text, id="state-text")
            yield Static(Content("esc closes"), classes="hint")
