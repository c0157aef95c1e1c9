"""Finding known phrases in a text of any script, as written and, with a stemmer, inflected."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import ahocorasick

from convrag.text.normalize import Normalized, match_key, normalize
from convrag.text.segment import overlap, words
from convrag.types import Span

_STEMMERS = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
STEMMED = frozenset(_STEMMERS)
"""The languages whose inflected forms are known."""
CLITICS = frozenset(
    a + b for a in ("", "و", "ف") for b in ("", "ب", "ل", "ك", "ال", "بال", "كال", "لل")
) - {""}
_STEMMED_AGAIN = frozenset({"ar", "es", "ru"})
_LONGEST_STEM_PHRASE = 6
_SHORTEST_STEM = 2
_UNSPACED = frozenset(
    {"CJK", "IDEOGRAPHIC", "HIRAGANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"}
)
_DIGIT_JOINERS = frozenset(".,:/٫٬")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A known phrase and what it stands for."""

    key: str
    text: str
    language: str
    target: str
    preferred: bool
    """True for a label, False for an alias or question phrase."""


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A phrase found at ``span`` of the text; ``exact`` is False when only its stems agree."""

    span: Span
    phrase: Phrase
    exact: bool


class PhraseIndex:
    """An immutable set of phrases, searched in one pass over the text (Aho and Corasick, 1975)."""

    def __init__(self, phrases: Iterable[tuple[str, str, str, bool]]) -> None:
        """Take ``(text, language, target, preferred)`` rows; empty texts are left out."""
        self._by_key: dict[str, list[Phrase]] = defaultdict(list)
        self._stems: dict[str, dict[str, list[Phrase]]] = {}
        for text, language, target, preferred in phrases:
            key = match_key(text).strip()
            if key:
                self._by_key[key].append(Phrase(key, text, language, target, preferred))
        self._automaton = ahocorasick.Automaton()
        for key in self._by_key:
            self._automaton.add_word(key, key)
        if self._by_key:
            self._automaton.make_automaton()
        self._keys = tuple(self._by_key)

    @property
    def keys(self) -> Sequence[str]:
        """All match keys, in the order they came."""
        return self._keys

    def phrases(self, key: str) -> tuple[Phrase, ...]:
        """Return the phrases of one match key."""
        return tuple(self._by_key.get(key, ()))

    def find(self, text: str, *, language: str = "") -> tuple[PhraseMatch, ...]:
        """Return every phrase in ``text``, overlapping ones too, by start and longest first.

        Args:
            text: Any text; the matches' spans are into it.
            language: Whose inflected forms are found as well; "" for none.
        """
        found = self._exact(text, language)
        if language in _STEMMERS:
            exact = {(m.span[1], m.phrase.target): m.span[0] for m in found}
            for match in self._stemmed(text, language):
                (start, end), target = match.span, match.phrase.target
                begun = exact.get((end, target), -1)
                if begun != start and match_key(text[start : max(begun, start)]) not in CLITICS:
                    found.append(match)
        return tuple(
            sorted(found, key=lambda m: (m.span[0], -m.span[1], not m.exact, m.phrase.target))
        )

    def _exact(self, text: str, language: str) -> list[PhraseMatch]:
        if not self._by_key:
            return []
        normalized = normalize(text)
        found: list[PhraseMatch] = []
        for last, key in self._automaton.iter(normalized.text):
            start, end = last - len(key) + 1, last + 1
            if not (whole(normalized, start, end) and stands_alone(normalized.text, start, end)):
                continue
            if language == "ja" and in_compound(normalized.text, start, end):
                continue
            span = normalized.original_span((start, end))
            found += [
                PhraseMatch(span, phrase, True)
                for phrase in self._by_key[key]
                if _case_agrees(phrase.text, text[span[0] : span[1]])
            ]
        return found

    def _stemmed(self, text: str, language: str) -> list[PhraseMatch]:
        table = self._stem_table(language)
        units = stems(text, language)
        found: list[PhraseMatch] = []
        for first in range(len(units)):
            for last in range(first, min(first + _LONGEST_STEM_PHRASE, len(units))):
                key = " ".join(stem for stem, _ in units[first : last + 1])
                span = (units[first][1][0], units[last][1][1])
                found += [PhraseMatch(span, phrase, False) for phrase in table.get(key, ())]
        return found

    def _stem_table(self, language: str) -> dict[str, list[Phrase]]:
        if language not in self._stems:
            table: dict[str, list[Phrase]] = defaultdict(list)
            for phrases in self._by_key.values():
                for phrase in phrases:
                    if phrase.language in (language, "") and not is_code(phrase.text):
                        key = " ".join(stem for stem, _ in stems(phrase.text, language))
                        if len(key) >= _SHORTEST_STEM:
                            table[key].append(phrase)
            self._stems[language] = dict(table)
        return self._stems[language]


def stems(text: str, language: str) -> list[tuple[str, Span]]:
    """Return the text's words as stems (match keys where no stemmer exists) with their spans."""
    units: list[tuple[str, Span]] = []
    for start, end in words(text, language):
        key = match_key(text[start:end])
        if any(c.isalnum() for c in key):
            units.append((_stem(key, language), (start, end)))
    return units


def longest(matches: Iterable[PhraseMatch]) -> list[list[PhraseMatch]]:
    """Return the matches by place, without overlap: longer places win, then earlier ones.

    Each inner list has all matches of one span, exact ones first.
    """
    by_span: dict[Span, list[PhraseMatch]] = defaultdict(list)
    for match in matches:
        by_span[match.span].append(match)
    taken: list[Span] = []
    for span in sorted(by_span, key=lambda s: (s[0] - s[1], s[0])):
        if not any(overlap(span, other) for other in taken):
            taken.append(span)
    return [sorted(by_span[s], key=lambda m: not m.exact) for s in sorted(taken)]


@lru_cache(maxsize=65536)
def _stem(key: str, language: str) -> str:
    if language not in _STEMMERS:
        return key
    stemmer = _stemmer(language)
    stem = str(stemmer.stemWord(key))
    if language in _STEMMED_AGAIN:
        # One step leaves "ciudades" at "ciudad" but takes "ciudad" to "ciud"; the end is the same.
        while (shorter := str(stemmer.stemWord(stem))) != stem:
            stem = shorter
    return stem


@cache
def _stemmer(language: str) -> Any:  # noqa: ANN401 (PyStemmer has no types)
    import Stemmer

    return Stemmer.Stemmer(_STEMMERS[language])


def stem_key(text: str, language: str) -> str:
    """Return the text's stems with one space between them."""
    return " ".join(stem for stem, _ in stems(text, language))


def is_code(text: str) -> bool:
    """Whether the name is short capitals such as US or IT."""
    return len(text) <= 3 and text.isascii() and text.isalpha() and text.isupper()


def _case_agrees(phrase: str, found: str) -> bool:
    """Short capitals such as US or IT only match capitals, so that they are not taken for words."""
    return not is_code(phrase) or unicodedata.normalize("NFKC", found) == phrase


def whole(normalized: Normalized, start: int, end: int) -> bool:
    """Whether no character with its marks lies half in the match, as ``1`` in ``½`` would."""
    offsets = normalized.offsets
    return not (
        (start > 0 and offsets[start - 1] == offsets[start])
        or (end < len(offsets) and offsets[end - 1] == offsets[end])
    )


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the match at ``[start, end)`` is not a piece of a longer word."""
    return ends_word(text, end) and starts_word(text, start)


def ends_word(text: str, end: int) -> bool:
    """Whether a word or a part of one that can stand alone may end before ``end``."""
    if end < len(text) and _joined(text[end - 1], text[end]) and not _is_hangul(text[end]):
        return False
    return not _splits_number(text, end)


def starts_word(text: str, start: int) -> bool:
    """Whether a word or what follows an Arabic clitic may start at ``start``."""
    if _splits_number(text, start):
        return False
    if start == 0 or not _joined(text[start - 1], text[start]):
        return True
    if _script(text[start]) == "ARABIC":
        head = start
        while head > 0 and _script(text[head - 1]) == "ARABIC":
            head -= 1
        return text[head:start] in CLITICS
    return False


def in_compound(text: str, start: int, end: int) -> bool:
    """Whether it is one Han character beside another: in Japanese 山 in 登山 is no word."""
    neighbours = text[max(0, start - 1) : start] + text[end : end + 1]
    return end - start == 1 and _script(text[start]) == "CJK" and "CJK" in map(_script, neighbours)


def _joined(left: str, right: str) -> bool:
    a, b = _script(left), _script(right)
    if not a or not b or a in _UNSPACED or b in _UNSPACED:
        return False
    return a == b or "DIGIT" in (a, b)


def _splits_number(text: str, at: int) -> bool:
    """Whether ``at`` is beside the point or comma inside a number such as 4.5 or 1,200."""
    for place in (at - 1, at):
        if 0 < place < len(text) - 1 and text[place] in _DIGIT_JOINERS:
            return text[place - 1].isdigit() and text[place + 1].isdigit()
    return False


def _is_hangul(char: str) -> bool:
    return _script(char) == "HANGUL"


@cache
def _script(char: str) -> str:
    """Return a coarse script name, DIGIT for digits, empty for what is no part of a word."""
    category = unicodedata.category(char)
    if category[0] not in "LMN":
        return ""
    if category == "Nd":
        return "DIGIT"
    return unicodedata.name(char, "").split(" ")[0].split("-")[0]


def mask(text: str, spans: Iterable[Span]) -> str:
    """Return ``text`` with each span blanked out by spaces, so that offsets stay true."""
    masked = list(text)
    for start, end in spans:
        masked[start:end] = " " * (end - start)
    return "".join(masked)
