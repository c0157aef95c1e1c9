"""How an answer was found: each stage with its time and what it gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from convrag.events import Event, Failed, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.tui.display import one_line, seconds
from convrag.types import Answer, Evidence, Link, Query
from convrag.wire import filter_words

Line = tuple[str, str, str]
"""Stage, time, what it gave."""


def event_line(event: Event, elapsed: float) -> Line:
    """Return one event in words; ``elapsed`` is seconds since the question was sent."""
    match event:
        case Rewritten(query=query, seconds=took):
            return "Rewrite", seconds(took), _rewritten(query)
        case Linked(links=links, seconds=took):
            return "Link", seconds(took), _links(links)
        case Retrieved(evidence=evidence, seconds=took, relevance=likely):
            return "Retrieve", seconds(took), f"{_found(evidence)} · relevant {likely:.2f}"
        case Read(reading=reading, seconds=took):
            count = len(reading.spans)
            spans = f"{count} span{'' if count == 1 else 's'}"
            return "Read", seconds(took), f"{spans} · answerable {reading.answerability:.2f}"
        case TextChunk():
            return "First text", seconds(elapsed), "since the question was sent"
        case Finished(answer=answer):
            return "Finished", seconds(elapsed), f"{answer.status} · {answer.mode}"
        case Failed(error=error):
            return "Failed", seconds(elapsed), one_line(error.message)


def answer_lines(answer: Answer) -> list[Line]:
    """Return what a stored answer still tells of how it was found."""
    query = answer.query
    lines: list[Line] = [
        ("Rewrite", "", _rewritten(query)),
        ("Link", "", _links(query.links)),
        ("Retrieve", "", _found(answer.evidence)),
        ("Finished", "", f"{answer.status} · {answer.mode}"),
    ]
    return lines + [(one_line(k), seconds(v), "") for k, v in answer.timings.items()]


def _rewritten(query: Query) -> str:
    how = "as typed" if query.standalone else f"“{one_line(query.text)}”"
    text = f"{how} · {one_line(query.language)} · {one_line(query.act)} {query.confidence:.2f}"
    wanted = filter_words(query.filter)
    return f"{text}\nonly {one_line(wanted)}" if wanted else text


def _links(links: Iterable[Link]) -> str:
    words = [
        f"{one_line(link.mention.text, 40)} → "
        + (f"{one_line(link.entity_id, 60)} {link.score:.2f}" if link.entity_id else "unknown")
        for link in links
    ]
    return "\n".join(words) or "no entity"


def _found(evidence: Iterable[Evidence]) -> str:
    found = list(evidence)
    counts = Counter(channel for e in found for channel in e.channels)
    parts = [f"{len(found)} found"] + [f"{name} {n}" for name, n in sorted(counts.items())]
    return " · ".join(parts)


class TracePane(VerticalScroll):
    """The stages of one answer."""

    EMPTY = "The steps of an answer and their times appear here."

    def __init__(self) -> None:
        super().__init__(id="trace-pane")

    def on_mount(self) -> None:
        """Begin empty."""
        self.mount(Static(Content(self.EMPTY), classes="empty"))

    def show(self, lines: Iterable[Line]) -> None:
        """Show ``lines`` in order, or the empty state."""
        parts: list[Content] = []
        for stage, time, result in lines:
            head = Content.assemble((stage, "bold"), ("  " + time if time else "", "$primary"))
            parts.append(head)
            parts += [Content(f"  {line}").stylize("$dim") for line in result.splitlines()]
        body = Content("\n").join(parts) if parts else Content(self.EMPTY)
        for box in self.query(Static):
            box.update(body)
            box.set_class(not parts, "empty")
