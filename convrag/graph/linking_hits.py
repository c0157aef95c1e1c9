"""Where a text may name entities: names as written, inflected, misspelt, or only sounding alike."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal as OneOf

from rapidfuzz import fuzz

from convrag.graph.known_words import is_mostly_small
from convrag.graph.name_table import CODE, TAIL, NameTable
from convrag.graph.phrases import (
    CLITICS,
    STEMMED,
    ends_word,
    in_compound,
    starts_word,
    stem_key,
    stems,
    whole,
)
from convrag.graph.romanize import alike, sounds
from convrag.text.function_words import stop_keys
from convrag.text.normalize import Normalized, match_key, normalize
from convrag.text.scripts import UNSPACED, script_of
from convrag.text.segment import overlap, words
from convrag.types import Span

Way = OneOf["exact", "inflected", "misspelt", "sound"]

_MOST_WORDS = 6
_MOST_WORDS_WRONG = 4
_LONGEST_NAME = 80
_FORM = 70.0
"""How alike, in percent, an inflected form must be to the name: stems can be very short."""
_SHORTEST_WRONG = 4
_UNSPACED_WRONG = range(3, 8)
"""Characters of a misspelt name in a script without spaces."""
_LONGEST_ARTICLE = 6
"""Characters of an article that is written together with a name: l'Italie, dell'Italia."""
_NEAR = 12
_PER_PLACE = 2500
"""Entries whose looking at takes as long as the rest of the work for one place."""
_SOUND_ROWS = 16
_FOREIGN, _OWN, _HAN = 0.65, 0.8, 0.9
"""How alike names must be when read out: of two scripts, of one, and where one is Han."""
_MANY_DIGITS = 6
_ARTICLE = "ال"
_NO_SPACES = str.maketrans("", "", " -")
_JOINERS = frozenset(" -'’·・")


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that may stand at ``span``: its row in the table, and how well it fits, 0..1."""

    span: Span
    row: int
    way: Way
    likeness: float = 1.0


class HitFinder:
    """Finds the table's names in texts."""

    def __init__(self, names: NameTable) -> None:
        self._names = names

    def certain(self, text: str, language: str) -> list[Hit]:
        """Return every name in the text, as written or inflected, by start and longest first."""
        normalized = normalize(text)
        found = self._exact(text, normalized, language)
        if language in STEMMED:
            ends = {(hit.span[1], self._names.entity(hit.row)): hit.span[0] for hit in found}
            for hit in self._inflected(text, language):
                start, end = hit.span
                begun = ends.get((end, self._names.entity(hit.row)), -1)
                if begun != start and match_key(text[start : max(begun, start)]) not in CLITICS:
                    found.append(hit)
        return sorted(found, key=lambda h: (h.span[0], -h.span[1], h.way, h.row))

    def _exact(self, text: str, normalized: Normalized, language: str) -> list[Hit]:
        key = normalized.text
        ends = [e for e in range(1, len(key) + 1) if key[e - 1] != " " and ends_word(key, e)]
        found: list[Hit] = []
        for start in range(len(key)):
            if key[start] == " " or not starts_word(key, start):
                continue
            for end in ends[bisect_right(ends, start) :]:
                number, going = self._names.keys.begun(key[start:end])
                if number >= 0 and whole(normalized, start, end):
                    if language == "ja" and in_compound(key, start, end):
                        continue
                    span = normalized.original_span((start, end))
                    found += [Hit(span, row, "exact") for row in self._rows(number, text, span)]
                if not going or end - start > _LONGEST_NAME:
                    break
        return found

    def _rows(self, number: int, text: str, span: Span) -> Iterator[int]:
        """Yield the rows of the key that are names here."""
        part = text[span[0] : span[1]]
        for row in self._names.keys.values(number):
            if self._names.has(row, CODE) and not part.isupper():
                continue
            if self._names.kind(row) != TAIL or _is_identifier(part):
                yield row

    def _inflected(self, text: str, language: str) -> list[Hit]:
        units = stems(text, language)
        found: list[Hit] = []
        for first in range(len(units)):
            for last in range(first, min(first + _MOST_WORDS, len(units))):
                key = " ".join(stem for stem, _ in units[first : last + 1])
                span = (units[first][1][0], units[last][1][1])
                rows, going = self._names.stemmed(key, language)
                found += [
                    Hit(span, row, "inflected")
                    for row in rows
                    if fuzz.ratio(written(text, span), self._names.key(row)) >= _FORM
                ]
                if not going:
                    break
        return found

    def doubtful(
        self,
        text: str,
        language: str,
        taken: Sequence[Span],
        ignored: Sequence[Span],
        effort: int,
    ) -> list[Hit]:
        """Return misspelt names and such as only sound alike, in words that may be names.

        Args:
            text: The text.
            language: Its language.
            taken: Spans of names that are certain; only longer ones are looked for around them.
            ignored: Spans of words with a known use.
            effort: How many entries of the table may be looked at; the likeliest words come first.
        """
        found: list[Hit] = []
        for span in _windows(text, language, taken, ignored):
            key = written(text, span)
            effort -= _PER_PLACE + self._names.keys.effort(key)
            if effort < 0:
                break
            for spelling, part in _spellings(key, span, text):
                found += self._misspelt(spelling, part, known=spelling != key)
                if " " not in spelling or not text[slice(*span)].islower():
                    found += self._sounding(spelling, part, language)
        return found

    def _misspelt(self, key: str, span: Span, *, known: bool) -> list[Hit]:
        """Return names near the key, with ``known`` also the key itself."""
        names = self._names
        number = names.keys.find(key) if known else None
        near = names.keys.near(key, _NEAR) if number is None else [(0, number)]
        return [
            Hit(
                span,
                row,
                "misspelt",
                1.0 if _same(key, names.keys.key(other)) else 1 - edits / _letters(key),
            )
            for edits, other in near
            for row in names.keys.values(other)
            if names.kind(row) != TAIL and not names.has(row, CODE)
        ]

    def _sounding(self, key: str, span: Span, language: str) -> list[Hit]:
        sound = sounds(key)
        number = self._names.sounds.find(sound) if sound else None
        if number is None:
            return []
        rows = self._names.sounds.values(number)
        if len(rows) > _SOUND_ROWS:
            names = self._names
            rows = sorted(rows, key=lambda r: (-names.degree(names.entity(r)), r))[:_SOUND_ROWS]
        forms = {key, stem_key(key, language)} if language in STEMMED else {key}
        found: list[Hit] = []
        for row in rows:
            other = self._names.key(row)
            likeness = max(alike(form, other) for form in forms)
            if likeness >= _least_alike(key, other, sound):
                found.append(Hit(span, row, "sound", likeness))
        return found

    def first_differs(self, hit: Hit, text: str) -> bool:
        """Whether the misspelt name begins with another letter than the text."""
        return self._names.key(hit.row)[:1] != written(text, hit.span)[:1]


def _least_alike(key: str, other: str, sound: str) -> float:
    one, two = script_of(key[0]), script_of(other[0])
    if "han" in (one, two):
        return _HAN
    if one != two:
        return _FOREIGN
    return _OWN if len(sound) > 2 else 1.0


def written(text: str, span: Span) -> str:
    """Return the match key of a piece of the text."""
    return match_key(text[span[0] : span[1]])


def _windows(
    text: str, language: str, taken: Sequence[Span], ignored: Sequence[Span]
) -> list[Span]:
    """Return the spans that may be names written otherwise, the likeliest first."""
    units = words(text, language)
    plain = [_may_be_wrong(text, unit, language, taken, ignored) for unit in units]
    spans: list[Span] = []
    for first in range(len(units)):
        unspaced = _is_unspaced(text, units[first])
        for last in range(first, len(units)):
            if last > first and not _joins(text, units[last - 1], units[last]):
                break
            if _is_unspaced(text, units[last]) != unspaced:
                break
            count = last - first + 1
            if count > (_UNSPACED_WRONG.stop if unspaced else _MOST_WORDS_WRONG):
                break
            span = (units[first][0], units[last][1])
            if unspaced:
                free = not any(overlap(span, t) for t in (*taken, *ignored))
                free = free and not any(script_of(c) == "hiragana" for c in text[slice(*span)])
                if count in _UNSPACED_WRONG and free:
                    spans.append(span)
            elif any(plain[first : last + 1]) and plain[first] is not None is not plain[last]:
                spans.append(span)
    return sorted(spans, key=lambda s: (-_promise(text, s), s))


def _may_be_wrong(
    text: str, unit: Span, language: str, taken: Sequence[Span], ignored: Sequence[Span]
) -> bool | None:
    """Whether the word may be a misspelt name; None where not even a part of one."""
    key = match_key(text[unit[0] : unit[1]])
    head, _, rest = key.partition("'")
    whole = head if len(rest) <= 2 else key  # "what's", but not "l'azerbaidjan"
    if whole in stop_keys(language) or any(overlap(unit, i) for i in ignored):
        return None
    if any(overlap(unit, t) for t in taken):
        return False
    small = text[unit[0] : unit[0] + 1].islower()
    if small and is_mostly_small(key):
        return None
    return len(key) >= _SHORTEST_WRONG


def _promise(text: str, span: Span) -> float:
    """Return how much the span looks like a name."""
    part = text[span[0] : span[1]]
    inside = any(c.isalnum() for c in text[: span[0]])
    capitals = part[:1].isupper() and inside
    foreign = script_of(part[:1]) != script_of(next((c for c in text if c.isalpha()), "a"))
    return 2.0 * capitals + foreign + 0.01 * min(len(part), 30)


def _joins(text: str, left: Span, right: Span) -> bool:
    return all(c in _JOINERS for c in text[left[1] : right[0]]) and right[0] - left[1] <= 1


def _is_unspaced(text: str, unit: Span) -> bool:
    return script_of(text[unit[0]]) in UNSPACED - {"katakana"}


def _spellings(key: str, span: Span, text: str) -> Iterator[tuple[str, Span]]:
    """Yield the key, and what is left of it without what is written together with names."""
    yield key, span
    head, apostrophe, rest = key.rpartition("'")
    if apostrophe and len(rest) <= 1 and len(head) >= _SHORTEST_WRONG:
        yield head, (span[0], span[1] - len(rest) - 1)
    elif apostrophe and len(head) < _LONGEST_ARTICLE and len(rest) >= _SHORTEST_WRONG:
        yield rest, (span[1] - len(rest), span[1])
    if script_of(text[span[0]]) == "arabic":
        for size in (1, 2):
            if key[:size] in CLITICS and len(key) - size >= _SHORTEST_WRONG:
                yield key[size:], (span[0] + size, span[1])
                if key[:size] == "لل":
                    yield "ال" + key[size:], span
    mixed = _zeros(key)
    if mixed != key:
        yield mixed, span


def _letters(key: str) -> int:
    """Return how many letters tell the name from others: its Arabic article does not."""
    return len(key) - len(_ARTICLE) if key.startswith(_ARTICLE) else len(key)


def _same(key: str, other: str) -> bool:
    """Whether the keys differ only in spaces and hyphens: ``kx200`` and ``kx-200``."""
    return key.translate(_NO_SPACES) == other.translate(_NO_SPACES)


def _zeros(key: str) -> str:
    """Return the key with the letter O beside digits read as zero: ``wm-9o0`` is ``wm-900``."""
    return "".join(
        "0" if c == "o" and any(n.isdigit() for n in key[max(0, i - 1) : i + 2]) else c
        for i, c in enumerate(key)
    )


def _is_identifier(text: str) -> bool:
    """Whether the text is written like a number of an article: capitals and digits, or many."""
    digits = sum(c.isdigit() for c in text)
    return digits >= _MANY_DIGITS or (digits > 0 and any(c.isupper() for c in text))
