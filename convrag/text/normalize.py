"""Keys under which the same name meets itself in every spelling, with the way back to the original.

A key is NFKC + casefold, then folded by script:

- Latin and Greek lose every diacritic, because people leave them out when they type (``São``
  meets ``Sao``, ``Malmö`` meets ``Malmo``); stroked letters and ligatures are spelled out
  (``ø`` -> ``o``, ``æ`` -> ``ae``).
- Cyrillic loses stress marks and ``ё`` becomes ``е``; the breve of ``й`` and ``ў``, the dots of
  ``ї`` and the acute of Macedonian ``ѓ`` and ``ќ`` stay: they make letters nobody leaves out.
- Arabic loses harakat and tatweel; alef, ya, kaf, ha and ta marbuta forms become one each, so
  Arabic, Persian and Urdu keyboards agree. The hamza on ``ؤ`` and ``ئ`` stays: it tells words
  apart.
- Hebrew loses its points. Devanagari loses the nukta, and candrabindu becomes anusvara.
- Kana, Han (simplified or traditional), Hangul, Thai and the rest are only made NFKC.

Decimal digits of any script become ASCII, quotes and dashes become one each, invisible format
controls are dropped, and white space is collapsed and trimmed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from convrag.types import Span

_QUOTES = dict.fromkeys(map(ord, "‘’‚‛′‵ʼʹ`´‹›׳＇"), "'")
_DOUBLE_QUOTES = dict.fromkeys(map(ord, "“”„‟″‶«»「」『』〝〞״＂"), '"')
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－־⁃"), "-")
_SPELLED = {
    ord(letter): plain
    for letter, plain in zip(
        "øđłħŧıæœðþǿſƒ",
        ("o", "d", "l", "h", "t", "i", "ae", "oe", "d", "th", "o", "s", "f"),
        strict=True,
    )
}
_ARABIC = {
    ord(letter): plain
    for letter, plain in zip(
        "ٱىیےکہۃةەھ", ("ا", "ي", "ي", "ي", "ك", "ه", "ه", "ه", "ه", "ه"), strict=True
    )
}
_BEFORE = {**_QUOTES, **_DOUBLE_QUOTES, **_DASHES}
_LETTERS = {**_SPELLED, **_ARABIC, 0x0901: "\u0902"}

_KEPT_MARKS = {
    "и": "\u0306",
    "у": "\u0306",
    "і": "\u0308",
    "г": "\u0301",
    "к": "\u0301",
    "و": "\u0654",
    "ي": "\u0654",
}
_NUKTA = "\u093c"
_TATWEEL = "\u0640"
_MAX_CLUSTER = 32
_MAX_WORD = 48  # characters of what is remembered: words and names come again, sentences do not


@dataclass(frozen=True, slots=True)
class Normalized:
    """A match key with the way back: character ``i`` came from ``original[offsets[i]:ends[i]]``."""

    text: str
    offsets: tuple[int, ...]
    ends: tuple[int, ...]

    def original_span(self, span: Span) -> Span:
        """Return where ``span`` of the key lies in the original text.

        Raises:
            ValueError: ``span`` is not inside the key.
        """
        start, end = span
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"span {span} is not inside a key of {len(self.text)} characters")
        if start == end:
            if start < len(self.offsets):
                return self.offsets[start], self.offsets[start]
            edge = self.ends[-1] if self.ends else 0
            return edge, edge
        return self.offsets[start], self.ends[end - 1]


def match_key(text: str) -> str:
    """Return the key that equal names share, whatever their case, width, accents or quotes."""
    if text.isascii() and text.isalnum():
        return text.lower()
    return _word_key(text) if len(text) <= _MAX_WORD else normalize(text).text


@lru_cache(maxsize=32768)
def _word_key(text: str) -> str:
    return normalize(text).text


def normalize(text: str) -> Normalized:
    """Return the match key of ``text`` with offsets into ``text``; a key is its own key."""
    first = _one_pass(text)
    if first.text.isascii():
        return first
    # Dropped characters can bring marks together that were apart; one more pass then settles them.
    second = _one_pass(first.text)
    while second.text != first.text:
        first = Normalized(
            second.text,
            tuple(first.offsets[i] for i in second.offsets),
            tuple(first.ends[i - 1] for i in second.ends),
        )
        second = _one_pass(first.text)
    return first


def _one_pass(text: str) -> Normalized:
    out: list[str] = []
    offsets: list[int] = []
    ends: list[int] = []
    pending: Span | None = None
    for cluster, start, end in _clusters(text):
        for char in _fold(cluster):
            if char.isspace():
                pending = (pending[0], end) if pending else (start, end)
                continue
            if pending and out:
                out.append(" ")
                offsets.append(pending[0])
                ends.append(pending[1])
            pending = None
            out.append(char)
            offsets.append(start)
            ends.append(end)
    return Normalized("".join(out), tuple(offsets), tuple(ends))


def _clusters(text: str) -> list[tuple[str, int, int]]:
    """Return (base with its marks, start, end) in order, without dropped characters."""
    found: list[tuple[str, int, int]] = []
    for index, char in enumerate(text):
        if char < "\u0300":
            if not _dropped(char):
                found.append((char, index, index + 1))
            continue
        if _dropped(char):
            continue
        if found and _continues(char) and not found[-1][0].isspace():
            base, start, _ = found[-1]
            # Reordering marks takes quadratic time, so a pile of them is cut.
            more = char if len(base) < _MAX_CLUSTER else ""
            found[-1] = (base + more, start, index + 1)
        else:
            found.append((char, index, index + 1))
    return found


@lru_cache(maxsize=8192)
def _dropped(char: str) -> bool:
    category = unicodedata.category(char)
    return (
        (category in ("Cf", "Cc") and not char.isspace())
        or char == _TATWEEL
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
        or char == "\u034f"
    )


@lru_cache(maxsize=8192)
def _continues(char: str) -> bool:
    return (
        unicodedata.category(char).startswith("M")
        or "\u1160" <= char <= "\u11ff"
        or char in "\uff9e\uff9f"
    )


@lru_cache(maxsize=65536)
def _fold(cluster: str) -> str:
    text = unicodedata.normalize("NFKC", cluster.translate(_BEFORE)).casefold()
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).translate(_BEFORE))
    out: list[str] = []
    base = ""
    for char in text.translate(_LETTERS):
        if not unicodedata.category(char).startswith("M"):
            base = char
            digit = unicodedata.decimal(char, None)
            out.append(char if digit is None else str(digit))
        elif not _loses(base, char):
            out.append(char)
    return unicodedata.normalize("NFC", "".join(c for c in out if not _dropped(c)))


def _loses(base: str, mark: str) -> bool:
    """Whether ``mark`` is folded away after ``base``."""
    if mark == _NUKTA:
        return True
    if not base or unicodedata.category(mark) != "Mn":
        return False
    if _KEPT_MARKS.get(base) == mark:
        return False
    return (
        "a" <= base <= "z"
        or "\u00df" <= base <= "\u058f"
        or "\u0590" <= base <= "\u06ff"
        or "\u1d00" <= base <= "\u1fff"
        or "\u2c60" <= base <= "\u2c7f"
        or "\ua640" <= base <= "\ua69f"
        or "\ua720" <= base <= "\ua7ff"
    )
