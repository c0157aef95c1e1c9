"""The words and sentences of one language that follow-up turns are built from."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from convrag.errors import UsageError

_Entry = TypeVar("_Entry")
_PARTICLES = {"은": "는", "이": "가", "을": "를", "과": "와", "으로": "로"}
"""Korean particles after a consonant, and what they are after a vowel."""
_SYLLABLES = (0xAC00, 0xD7A3, 28)


@dataclass(frozen=True, slots=True)
class Fact:
    """A question about a thing ``{x}`` of a kind, its answer ``{y}``, and how it is asked on."""

    kind: str
    question: str
    answer: str
    follow_ups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """Everything of one language, and of one part: trained on, or kept for testing."""

    language: str
    facts: tuple[Fact, ...]
    swaps: tuple[tuple[str, str], ...]
    ellipsis: tuple[str, ...]
    more: tuple[str, ...]
    fillers: tuple[str, ...]
    restarts: tuple[str, ...]
    listing: str
    picks: tuple[tuple[str, int], ...]
    """Turns that pick a thing of the list, and which: 0, 1 or 2."""
    chat: tuple[str, ...]

    def filled(self, pattern: str, x: str, y: str = "", z: str = "") -> str:
        """Return ``pattern`` with the names in their places, Korean particles agreeing."""
        text = pattern
        for place, name in (("{x}", x), ("{y}", y), ("{z}", z)):
            if self.language == "ko":
                text = _agreeing(text, place, name)
            text = text.replace(place, name)
        return text


def languages() -> tuple[str, ...]:
    """Return the languages that follow-ups can be built in."""
    return tuple(_tables())


@cache
def wording(language: str, *, testing: bool = False) -> Wording:
    """Return the part of a language's words that is trained on, or that is kept for testing.

    Every third entry of a list is kept. Turns that pick from a list are too few to be split.

    Raises:
        UsageError: There are no words of ``language``.
    """
    tables = _tables()
    if language not in tables:
        raise UsageError(
            f"no follow-ups can be built in '{language}'", f"known: {', '.join(tables)}"
        )
    table = tables[language]
    facts = [
        Fact(kind, full, answer, tuple(after)) for kind, full, answer, *after in table["facts"]
    ]
    lists = {
        name: _part(table[name], testing)
        for name in ("ellipsis", "more", "fillers", "restarts", "chat")
    }
    listing, second, first, last = table["listing"]
    return Wording(
        language,
        _part(facts, testing),
        tuple((a, b) for a, b in _part(table["swaps"], testing)),
        listing=listing,
        picks=((second, 1), (first, 0), (last, 2)),
        **lists,
    )


def _part(entries: Sequence[_Entry], testing: bool) -> tuple[_Entry, ...]:
    return tuple(e for place, e in enumerate(entries) if (place % 3 == 2) == testing)


def _agreeing(text: str, place: str, name: str) -> str:
    first, last, cycle = _SYLLABLES
    code = ord(name[-1]) if name else 0
    ends_open = not first <= code <= last or (code - first) % cycle == 0
    if ends_open:
        for closed, opened in _PARTICLES.items():
            text = text.replace(place + closed, place + opened)
    return text


@cache
def _tables() -> dict[str, Any]:
    path = resources.files("convrag.training").joinpath("followups.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
