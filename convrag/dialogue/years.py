"""Years told from the one that an answer named: "two years later"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from convrag.dialogue.lexicon import lexicon
from convrag.text.normalize import match_key

_YEAR = re.compile(r"(?<![\d.,])(1[0-9]{3}|20[0-9]{2})(?![\d]|[.,]\d)")
_MOST = 4


def years_in(text: str) -> tuple[int, ...]:
    """Return the years from 1000 to 2099 that stand in the text, in order, the first few."""
    digits = "".join(str(int(c)) if c.isdecimal() else c for c in text)
    return tuple(dict.fromkeys(int(year) for year in _YEAR.findall(digits)))[:_MOST]


def with_year(text: str, language: str, years: Sequence[int]) -> str:
    """Return the turn with "two years later" told as a year; the turn itself where it has none.

    Args:
        text: The turn.
        language: Its language.
        years: What the last answer named; the last of them is counted from.
    """
    if not years:
        return text
    for sign, pattern in _patterns(language):
        found = pattern.search(text)
        count = _number(found["n"] if "n" in pattern.groupindex else "1", language) if found else 0
        if found and count:
            (said,) = lexicon(language).templates("year")
            year = said.replace("{year}", str(years[-1] + sign * count))
            return text[: found.start()] + year + text[found.end() :]
    return text


def replaced_year(question: str, turn: str) -> str:
    """Return the question with its year changed to the only one of the turn, or ``""``."""
    old, new = _YEAR.findall(question), _YEAR.findall(turn)
    if len(old) != 1 or len(new) != 1:
        return ""
    return _YEAR.sub(new[0], question)


@cache
def _patterns(language: str) -> tuple[tuple[int, re.Pattern[str]], ...]:
    words = lexicon(language)
    templates = [(1, t) for t in words.templates("later")]
    templates += [(-1, t) for t in words.templates("earlier")]
    numbers = "|".join([r"\d{1,3}", *map(re.escape, words.templates("numbers"))])
    edge = "" if language in ("zh", "ja") else r"(?!\w)"
    start = "" if language in ("zh", "ja") else r"(?<!\w)"
    return tuple(
        (
            sign,
            re.compile(
                start + re.escape(t).replace(r"\{n\}", f"(?P<n>{numbers})") + edge, re.IGNORECASE
            ),
        )
        for sign, t in sorted(templates, key=lambda item: -len(item[1]))
    )


def _number(text: str, language: str) -> int:
    if text.isdecimal():
        return int(text)
    known = [match_key(word) for word in lexicon(language).templates("numbers")]
    key = match_key(text)
    return known.index(key) + 1 if key in known else 0
