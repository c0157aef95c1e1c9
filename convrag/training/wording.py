"""The words and sentences of one language that follow-up turns are built from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from convrag.errors import UsageError

_Entry = TypeVar("_Entry")
_PARTICLES = {"이라": "라", "은": "는", "이": "가", "을": "를", "과": "와", "으로": "로"}
"""Korean particles after a consonant, and what they are after a vowel."""
_GIVES = {
    "{n}": "number",
    "{p}": "person",
    "{city}": "city",
    "{country}": "country",
    "{y}": "any",
}
_FAMILY_FIRST = frozenset({"zh", "ja", "ko", "vi"})
_UNSPACED = frozenset({"zh", "ja", "ko"})
"""Languages that write a person's two names as one word."""
_SYLLABLES = (0xAC00, 0xD7A3, 28)


@dataclass(frozen=True, slots=True)
class Fact:
    """A question about a thing ``{x}`` of a kind, its answer ``{y}``, and how it is asked on.

    ``gives`` is the kind of what is answered: a kind of thing, ``number``, ``any``, or nothing.
    The last of the follow-ups says of what kind the thing is, wherever there is a word for that.
    """

    kind: str
    question: str
    answer: str
    follow_ups: tuple[str, ...]
    gives: str


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
    talk: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    """Kinds and names of things that are in no graph of the language."""

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

    Every third entry of a list is kept for testing, of the facts every third of a kind, and of
    the ways to pick from a list the last three.

    Raises:
        UsageError: There are no words of ``language``.
    """
    tables = _tables()
    if language not in tables:
        raise UsageError(
            f"no follow-ups can be built in '{language}'", f"known: {', '.join(tables)}"
        )
    table = tables[language]
    by_kind: dict[str, list[Fact]] = {}
    for kind, full, answer, *after in table["facts"]:
        by_kind.setdefault(kind, []).append(_fact(kind, full, answer, after))
    facts = [
        fact
        for group in by_kind.values()
        for place, fact in enumerate(group)
        if (place % 3 == 1) == testing
    ]
    lists = {
        name: _part(table[name], testing)
        for name in ("ellipsis", "more", "fillers", "restarts", "chat", "talk")
    }
    listing, *picks = table["listing"]
    ways = picks[-3:] if testing else picks[:-3]
    return Wording(
        language,
        tuple(facts),
        tuple((a, b) for a, b in _part(table["swaps"], testing)),
        listing=listing,
        picks=tuple((way, (1, 0, 2)[place % 3]) for place, way in enumerate(ways)),
        names=_names(language, table, testing),
        **lists,
    )


def _fact(kind: str, question: str, answer: str, after: Sequence[str]) -> Fact:
    """Return the fact; what its answer gives is told by the place's name in the pattern."""
    for place, gives in _GIVES.items():
        if place in answer:
            return Fact(kind, question, answer.replace(place, "{y}"), tuple(after), gives)
    return Fact(kind, question, answer, tuple(after), "")


def _names(language: str, table: Mapping[str, Any], testing: bool) -> tuple[tuple[str, str], ...]:
    """Return names of people, firms, products and places, put together from their parts."""
    space = "" if language in _UNSPACED else " "
    people = [
        f"{family}{space}{given}" if language in _FAMILY_FIRST else f"{given}{space}{family}"
        for family in _part(table["family"], testing)
        for given in table["given"]
    ]
    firms = [f"{a}{space}{b}" for a in _part(table["firms"], testing) for b in table["trades"]]
    goods = [f"{a} {b}" for a in _part(table["brands"], testing) for b in table["goods"]]
    named = {
        "person": people,
        "organisation": firms,
        "product": [good if space else good.replace(" ", "") for good in goods],
        "city": _part(table["cities"], testing),
        "country": _part(table["countries"], testing),
    }
    return tuple((kind, name) for kind, names in named.items() for name in names)


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
