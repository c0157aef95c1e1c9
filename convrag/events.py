"""What `Pipeline.respond` yields, in order; CLI, TUI and evaluation all read this one stream.

Rewritten, Linked, Retrieved, Read, TextChunk*, Finished; or, at any point, Failed as the last.
"""

from __future__ import annotations

from dataclasses import dataclass

from convrag.errors import ConvragError
from convrag.types import Answer, Dialogue, Evidence, Link, Query, Reading


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The turn stands alone now. ``seconds`` is the stage's own time, here and below."""

    query: Query
    seconds: float


@dataclass(frozen=True, slots=True)
class Linked:
    """The entities of the query are known."""

    links: tuple[Link, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Evidence was found, best first."""

    evidence: tuple[Evidence, ...]
    seconds: float
    relevance: float = 0.0
    """Probability that the first passage is about the question at all, 0..1."""


@dataclass(frozen=True, slots=True)
class Read:
    """Answer spans were chosen."""

    reading: Reading
    seconds: float


@dataclass(frozen=True, slots=True)
class TextChunk:
    """The next piece of the answer's Markdown text, citation markers ``[n]`` included."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole answer, also when stopped or abstained, and the dialogue with both turns added."""

    answer: Answer
    dialogue: Dialogue


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn failed; the dialogue is as it was."""

    error: ConvragError


Event = Rewritten | Linked | Retrieved | Read | TextChunk | Finished | Failed
