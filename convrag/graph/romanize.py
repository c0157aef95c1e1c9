"""Names of any script in Latin letters, and how they sound, so that spellings of one name meet."""

from __future__ import annotations

import re
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz import fuzz

from convrag.text.normalize import match_key

_KEPT = re.compile(r"[^a-z0-9]+")
_FIRST_U = re.compile(r"^u(?=[aeio])")
_SOUNDS = (
    (re.compile(r"tsch|dsch|tsh|dzh|tch|sch|sh|ch|zh|ts|tz|dz|dj"), "S"),
    (re.compile(r"ngh?(?![aeiouy])"), "N"),
    (re.compile(r"c(?=[eiy])"), "S"),
    (re.compile(r"ph"), "P"),
    (re.compile(r"th"), "T"),
    (re.compile(r"x"), "KS"),
    (re.compile(r"[ckgq]h?"), "K"),
    (re.compile(r"(?<!^)w(?![aeiouy])"), ""),
    (re.compile(r"[bpfvw]"), "P"),
    (re.compile(r"[dt]"), "T"),
    (re.compile(r"[szj]"), "S"),
    (re.compile(r"[lr]"), "R"),
    (re.compile(r"m"), "M"),
    (re.compile(r"n"), "N"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile(r"[aeiouyh]"), ""),
)
_TWICE = re.compile(r"(.)\1+")
_SPELLED = (
    (re.compile(r"tsch|dsch|tsh|dzh|tch|sch|sh|ch|zh|ts|tz|dz|dj|j(?=[aeiou])"), "s"),
    (re.compile(r"ng?h?\b"), "n"),
    (re.compile(r"[ckqg]h?"), "k"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"w"), "v"),
    (re.compile(r"[yj]"), "i"),
    (re.compile(r"ou"), "u"),
)
_NO_VOWELS = 0.88
"""What agreement without vowels counts."""
_VOWELS = str.maketrans("", "", "aeiouvih")


@lru_cache(maxsize=65536)
def romanized(text: str) -> str:
    """Return the text in lower-case ASCII letters and digits without spaces: ``bei jing`` too."""
    return _KEPT.sub("", anyascii(match_key(text)).lower())


@lru_cache(maxsize=65536)
def sounds(text: str) -> str:
    """Return what the romanised text's consonants sound like, in few classes: ``Wien`` is PN.

    Vowels only count at the beginning. Empty where less than two sounds are left, and for texts
    with digits, whose spelling is their name.
    """
    latin = romanized(text)
    if any(c.isdigit() for c in latin):
        return ""
    found = _FIRST_U.sub("w", latin)
    for pattern, sound in _SOUNDS:
        found = pattern.sub(sound, found)
    return found if len(found) > 1 else ""


def alike(one: str, other: str) -> float:
    """Return how alike two texts are when they are read out, 0..1.

    Scripts that do not write vowels are compared without them.
    """
    a, b = _spelled(one), _spelled(other)
    whole = fuzz.ratio(a, b) / 100
    if _abjad(one) != _abjad(other):
        a, b = (text.translate(_VOWELS) for text in (a, b))
        return max(whole, _NO_VOWELS * fuzz.ratio(a, b) / 100)
    return whole


@lru_cache(maxsize=65536)
def _spelled(text: str) -> str:
    """Return the romanised text with one spelling for what sounds alike."""
    found = _FIRST_U.sub("w", romanized(text))
    for pattern, spelling in _SPELLED:
        found = pattern.sub(spelling, found)
    return _TWICE.sub(r"\1", found)


def _abjad(text: str) -> bool:
    return any("\u0590" <= c <= "\u06ff" for c in text)
