"""What the numbers in a question are for: limits of values, or how many of a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convrag.graph.amounts import Amount, amounts
from convrag.graph.operators import ANY, Degree, Operators
from convrag.text.analysis import content_words
from convrag.types import Span

_MOST_FIRST = 20
"""Larger numbers beside a superlative are no "the three longest"."""
_NUMBER_FIRST = frozenset({"zh", "ja", "hi"})
"""Languages in which the adjective follows what is compared."""
_WITHOUT_THAN = frozenset({"ru", "zh", "ja"})
"""Languages that may compare without a word such as "than"."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that values must be above or below."""

    sign: str
    amount: Amount
    quantities: tuple[str, ...] = ()
    """What the adjective beside it measures; empty when none does."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers' parts in the question."""

    limits: tuple[Limit, ...]
    degrees: tuple[Degree, ...]
    """Adjectives that are beside no limit."""
    place: int
    first: int
    spans: tuple[Span, ...]
    """Where the numbers and the words that make them limits stand."""


def numbers_in(text: str, language: str, words: Operators, names: int) -> Numbers | None:
    """Return what the numbers are for; None when one of them has no part.

    Args:
        text: The question, its names blanked out.
        language: Its language.
        words: Its operators.
        names: How many things it names: "which of the two" only says this.
    """
    degrees = list(words.degrees)
    placed = [span for span, _ in words.places]
    limits: list[Limit] = []
    first = 1
    spans: list[Span] = [*placed]
    for amount in amounts(text, language):
        start, end = amount.span
        if any(a <= start and end <= b for a, b in (*placed, *words.counts, *words.choices)):
            continue
        # "The three largest": what is marked as a superlative makes no limit.
        free = [d for d in degrees if not any(_gap(d.span, mark) == 0 for mark in words.marks)]
        beside = _beside(amount, [span for span, _ in words.limits], names)
        degree = None if beside else _limiting(text, language, amount, free, words)
        if beside is not None:
            sign = next(sign for span, sign in words.limits if span == beside)
            limits.append(Limit(sign, amount))
            spans.append(beside)
        elif degree is not None:
            limits.append(Limit(">" if degree.most else "<", amount, degree.quantities))
            degrees.remove(degree)
        elif amount.value == 1:
            continue  # an article
        elif not (amount.value <= _MOST_FIRST and amount.value == int(amount.value)):
            return None
        elif degrees and not amount.quantity and amount.value != names:
            first = int(amount.value)
        elif amount.value != names and not (words.choices and amount.value == names - 1 > 1):
            return None  # "which of the two has C" names three things
        spans.append(amount.span)
    place = words.places[0][1] if words.places else 1
    if (place > 1 or first > 1) and not degrees:
        return None
    return Numbers(tuple(limits), tuple(degrees), place, first, tuple(spans))


def _limiting(
    text: str, language: str, amount: Amount, degrees: Sequence[Degree], words: Operators
) -> Degree | None:
    """Return the adjective that makes the number a limit: "larger than 500 km²".

    "The largest country of 1995" has no limit.
    """
    if not degrees:
        return None
    near = min(degrees, key=lambda d: _gap(amount.span, d.span))
    if near.span[0] >= amount.span[1]:
        return near if language in _NUMBER_FIRST and _is_large(amount) else None
    between = text[near.span[1] : amount.span[0]]
    than = [span for span in words.than if span[0] >= near.span[1] and span[1] <= amount.span[0]]
    direct = not content_words(between, language)
    if not _is_large(amount) and not (direct and ANY in near.quantities):
        return None
    follows = any(not text[span[1] : amount.span[0]].strip() for span in than)
    return near if follows or (direct and language in _WITHOUT_THAN) else None


def _is_large(amount: Amount) -> bool:
    return bool(amount.quantity) or amount.value > _MOST_FIRST


def _beside(amount: Amount, places: Sequence[Span], names: int) -> Span | None:
    """Return the nearest of the places, if any.

    "One", and "two" of two that are named, have to be right beside it.
    """
    near = min(places, key=lambda span: _gap(amount.span, span), default=None)
    close = amount.value == 1 or (amount.value == names and not amount.quantity)
    far = near is None or (close and _gap(amount.span, near) > 1)
    return None if far else near


def _gap(a: Span, b: Span) -> int:
    return max(a[0] - b[1], b[0] - a[1], 0)
