"""Words that compare, count or rank, found in a question: what a plan makes of its facts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import PhraseIndex, longest
from convrag.text.normalize import match_key
from convrag.types import Span

ANY = ""
"""The quantity of words that rank by whatever property stands beside them ("the most")."""


@dataclass(frozen=True, slots=True)
class Degree:
    """An adjective that compares: which quantities it may measure, and in which direction."""

    span: Span
    quantities: tuple[str, ...]
    """Most usual reading first; `ANY` for the property that is named beside it."""
    most: bool


@dataclass(frozen=True, slots=True)
class Operators:
    """What a question has of such words, in reading order; spans are into its text."""

    degrees: tuple[Degree, ...] = ()
    counts: tuple[Span, ...] = ()
    differences: tuple[Span, ...] = ()
    marks: tuple[Span, ...] = ()
    choices: tuple[Span, ...] = ()
    standards: tuple[Span, ...] = ()
    """Words right after what something is compared with."""
    fillers: tuple[Span, ...] = ()
    forbidden: tuple[Span, ...] = ()
    """Words that change what is asked in a way that no plan knows."""
    marked: bool = False
    """Whether the language tells a superlative by a mark beside it only."""


def operators(text: str, language: str) -> Operators | None:
    """Return the operators in the text; None in a language that has no table of them."""
    if language not in _tables()["words"]:
        return None
    found: dict[str, list[Span]] = {}
    degrees: dict[Span, tuple[list[str], list[bool]]] = {}
    for group in longest(m for m in _index(language).find(text) if m.exact):
        for match in group:
            role, _, quantity = match.phrase.target.partition(":")
            if role in ("max", "min"):
                quantities, most = degrees.setdefault(match.span, ([], []))
                quantities.append(quantity)
                most.append(role == "max")
            found.setdefault(role, []).append(match.span)
    spans = {role: tuple(dict.fromkeys(places)) for role, places in found.items()}
    return Operators(
        tuple(
            Degree(span, tuple(sorted(set(names), key=_rank)), most[0])
            for span, (names, most) in degrees.items()
        ),
        spans.get("count", ()),
        spans.get("difference", ()),
        _everywhere(text, language, "mark"),
        spans.get("choice", ()),
        _everywhere(text, language, "after"),
        spans.get("filler", ()),
        spans.get("never", ()),
        bool(_tables()["words"][language].get("mark")),
    )


def measuring(graph: KnowledgeGraph, quantity: str) -> tuple[str, ...]:
    """Return the graph's properties that have a name of the quantity, most usual names first."""
    ranks = {match_key(name): n for n, name in enumerate(_tables()["quantities"][quantity])}
    found: dict[str, int] = {}
    for item in graph.properties.values():
        names = [*item.labels.values(), *(p for some in item.phrases.values() for p in some)]
        places = [ranks[key] for name in names if (key := match_key(name)) in ranks]
        if places:
            found[item.id] = min(places)
    return tuple(sorted(found, key=lambda term: (found[term], term)))


def _rank(quantity: str) -> int:
    """Sort as the table does, with what may be any quantity last."""
    known = list(_tables()["quantities"])
    return known.index(quantity) if quantity in known else len(known)


def _everywhere(text: str, language: str, role: str) -> tuple[Span, ...]:
    """Return where words of the role stand, also inside longer operators (最 in 最长)."""
    words: Sequence[str] = _tables()["words"][language].get(role, ())
    keys = match_key(text)
    if len(keys) != len(text):
        return tuple(
            match.span for match in _index(language).find(text) if match.phrase.target == role
        )
    spans: list[Span] = []
    for word in words:
        at = keys.find(match_key(word))
        while at >= 0:
            spans.append((at, at + len(word)))
            at = keys.find(match_key(word), at + 1)
    return tuple(sorted(spans))


@cache
def _index(language: str) -> PhraseIndex:
    return PhraseIndex(_rows(language))


def _rows(language: str) -> Iterator[tuple[str, str, str, bool]]:
    tables = _tables()
    for role, words in tables["words"][language].items():
        target = {"most": f"max:{ANY}", "least": f"min:{ANY}"}.get(role, role)
        yield from ((word, language, target, True) for word in words)
    for role in ("max", "min"):
        for quantity, words in tables[role].get(language, {}).items():
            yield from ((word, language, f"{role}:{quantity}", True) for word in words)


@cache
def _tables() -> Mapping[str, Any]:
    text = resources.files("convrag.graph").joinpath("operators.toml").read_text("utf-8")
    return tomllib.loads(text)
