"""Words that compare, count or rank, found in a question: what a plan makes of its facts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from convrag.graph.amounts import unit_names
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import PhraseIndex, PhraseMatch, longest, mask
from convrag.text.normalize import match_key
from convrag.types import Span

ANY = ""
"""The quantity of words that rank by whatever property stands beside them ("the most")."""


_TAG = re.compile(r"[,.;:!?，。、،;؛–—-]\s*[¿¡]?([^,.;:!?，。、،؟？–—-]+)[?？؟!.。]*\s*$")
_BLANKS = re.compile(r"\s{2}")
"""What is left of a name that was blanked out: no operator reaches across one."""
_MARKING = frozenset({"es", "fr", "pt", "it", "ru"})
"""Languages in which a word beside an adjective of any form makes it a superlative."""
_SIGNS = {"over": ">", "from": ">=", "under": "<", "upto": "<=", "before": "<", "since": ">"}


@dataclass(frozen=True, slots=True)
class Degree:
    """An adjective that compares: which quantities it may measure, and in which direction."""

    span: Span
    readings: tuple[tuple[str, bool], ...]
    """Quantities with whether the highest value is meant, most usual first; `ANY` for the property
    that is named beside it. The youngest city was founded last and has the lowest age."""

    @property
    def quantities(self) -> tuple[str, ...]:
        """Return what it may measure."""
        return tuple(quantity for quantity, _ in self.readings)

    @property
    def most(self) -> bool:
        """Return whether its most usual reading is about the highest value."""
        return self.readings[0][1]


@dataclass(frozen=True, slots=True)
class Operators:
    """What a question has of such words, in reading order; spans are into its text."""

    degrees: tuple[Degree, ...] = ()
    counts: tuple[Span, ...] = ()
    differences: tuple[Span, ...] = ()
    marks: tuple[Span, ...] = ()
    choices: tuple[Span, ...] = ()
    alternatives: tuple[Span, ...] = ()
    """Words between the last two of what is chosen from, which are choices as well."""
    standards: tuple[Span, ...] = ()
    """Words right after what something is compared with."""
    than: tuple[Span, ...] = ()
    """Words right before it."""
    fillers: tuple[Span, ...] = ()
    """Words that add nothing, units of what is asked for and a tag at the end among them."""
    units: tuple[tuple[str, Span], ...] = ()
    """Quantities whose units are named."""
    joints: tuple[Span, ...] = ()
    """Words between two things that are both asked for."""
    limits: tuple[tuple[Span, str], ...] = ()
    """What makes a number a limit, with its sign: ``>``, ``>=``, ``<`` or ``<=``."""
    places: tuple[tuple[Span, int], ...] = ()
    """Which one of a ranking is asked for."""
    forbidden: tuple[Span, ...] = ()
    """Words that change what is asked in a way that no plan knows."""
    marked: bool = False
    """Whether the language tells a superlative by a mark beside it only."""


def operators(text: str, language: str) -> Operators | None:
    """Return the operators in the text; None in a language that has no table of them.

    Names in the text should be blanked out.
    """
    if language not in _tables()["words"]:
        return None
    tag = _tag(text, language)
    text = mask(text, tag)
    units = unit_names(text)
    found: dict[str, list[Span]] = {}
    degrees: dict[Span, dict[str, bool]] = {}
    usable = (
        m
        for m in _index(language).find(text, language=language)
        if _is_sure(m) and not _BLANKS.search(text[m.span[0] : m.span[1]])
    )
    for group in longest(usable):
        for match in group:
            role, _, quantity = match.phrase.target.partition(":")
            if role == "place":
                role = match.phrase.target
            if role in ("max", "min"):
                degrees.setdefault(match.span, {}).setdefault(quantity, role == "max")
            found.setdefault(role, []).append(match.span)
    spans = {role: tuple(dict.fromkeys(places)) for role, places in found.items()}
    return Operators(
        tuple(
            Degree(span, tuple(sorted(readings.items(), key=lambda reading: _rank(reading[0]))))
            for span, readings in degrees.items()
        ),
        spans.get("count", ()),
        spans.get("difference", ()),
        _everywhere(text, language, "mark"),
        spans.get("choice", ()),
        spans.get("or", ()),
        _everywhere(text, language, "after"),
        _everywhere(text, language, "than"),
        (*spans.get("filler", ()), *(span for _, span in units), *tag),
        units,
        spans.get("and", ()),
        tuple((span, sign) for role, sign in _SIGNS.items() for span in spans.get(role, ())),
        tuple(
            (span, int(role.removeprefix("place:")))
            for role, places in found.items()
            if role.startswith("place:")
            for span in dict.fromkeys(places)
        ),
        spans.get("never", ()),
        bool(_tables()["words"][language].get("mark")),
    )


def _tag(text: str, language: str) -> tuple[Span, ...]:
    """Return where a tag ends the question, as in "A is larger than B, right?"."""
    found = _TAG.search(text)
    tags = _tables()["words"][language].get("tag", ())
    known = found is not None and match_key(found[1]).strip() in {match_key(t) for t in tags}
    return (found.span(1),) if found is not None and known else ()


def _is_sure(match: PhraseMatch) -> bool:
    """Whether it stands as written; "самые большие" is sure as well, "большая" alone is not."""
    several = " " in match.phrase.text and match.phrase.target[:3] in ("max", "min")
    return match.exact or (several and match.phrase.language in _MARKING)


def empty_words(language: str) -> frozenset[str]:
    """Return the words of a language that are known to add nothing."""
    return frozenset(_tables()["words"].get(language, {}).get("filler", ()))


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
    for place, words in tables["places"].get(language, {}).items():
        yield from ((word, language, f"place:{place}", True) for word in words)
    for role in ("max", "min"):
        for quantity, words in tables[role].get(language, {}).items():
            yield from ((word, language, f"{role}:{quantity}", True) for word in words)


@cache
def _tables() -> Mapping[str, Any]:
    text = resources.files("convrag.graph").joinpath("operators.toml").read_text("utf-8")
    return tomllib.loads(text)
