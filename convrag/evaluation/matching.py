"""Whether a text says what was expected: words in any script, numbers in any locale."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convrag.evaluation.dialogues import Number, Words
from convrag.text.normalize import match_key

_MARKER = re.compile(r"\[\^?\d+(?:-\d+)?\](?:\([^)]*\))?")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()<>#+\-.!|~&:=@/^$\"'])")
_EMPHASIS = re.compile(r"(?<!\\)[*`]|(?<![\w\\])_|(?<!\\)_(?!\w)")

_JOINT = "[ .,'\u066c\u066b\u2009\u202f]"
_TOKEN = re.compile(rf"\d+(?:{_JOINT}\d+)*")
_SCALES = {
    "thousand": 1e3, "tausend": 1e3, "tsd": 1e3, "mille": 1e3, "mil": 1e3, "тыс": 1e3,
    "тысяч": 1e3, "الف": 1e3, "الاف": 1e3, "हजार": 1e3, "千": 1e3, "천": 1e3, "万": 1e4,
    "萬": 1e4, "만": 1e4, "लाख": 1e5, "million": 1e6, "mio": 1e6, "millon": 1e6, "milhao": 1e6,
    "milhoes": 1e6, "млн": 1e6, "миллион": 1e6, "مليون": 1e6, "ملايين": 1e6, "करोड": 1e7,
    "亿": 1e8, "億": 1e8, "억": 1e8, "billion": 1e9, "milliard": 1e9, "mrd": 1e9, "млрд": 1e9,
    "миллиард": 1e9, "مليار": 1e9, "अरब": 1e9,
}  # fmt: skip
"""How number words begin, as match keys."""
_SCALE_WORD = re.compile(
    r"\s?(" + "|".join(sorted(map(re.escape, _SCALES), key=len, reverse=True)) + ")"
)
_WHOLE_WORDS = frozenset({"mil", "mille"})
"""Beginnings of other words as well (miles, millet): they must stand alone."""


def plain_answer(text: str) -> str:
    """Return an answer's Markdown as the words a person reads, without citation markers."""
    return _ESCAPED.sub(r"\1", _EMPHASIS.sub("", _MARKER.sub("", text)))


def words_match(text: str, expected: Words) -> tuple[str, ...]:
    """Return what is wrong with ``text``, one remark each; empty when all is as expected."""
    key = match_key(text)
    wrong = []
    if expected.contains_any and not any(_contains(key, word) for word in expected.contains_any):
        wrong.append(f"has none of: {', '.join(expected.contains_any)}")
    missing = [word for word in expected.contains_all if not _contains(key, word)]
    if missing:
        wrong.append(f"lacks: {', '.join(missing)}")
    unwanted = [word for word in expected.contains_none if _contains(key, word)]
    if unwanted:
        wrong.append(f"must not say: {', '.join(unwanted)}")
    return tuple(wrong)


def number_matches(text: str, expected: Number) -> bool:
    """Return whether ``text`` states the number, within its tolerance, in any way of writing it."""
    margin = abs(expected.value) * expected.tolerance + 1e-9 * max(1.0, abs(expected.value))
    return any(abs(value - expected.value) <= margin for value in numbers(text))


def numbers(text: str) -> tuple[float, ...]:
    """Return every number ``text`` can be read to state, sorted; ``2.850`` is 2850 and 2.85.

    Digits of any script, the thousands separators of all locales (Indian grouping too), decimal
    points and commas, a minus sign, and number words behind the digits (``2,8 Mio.``,
    ``1億2000万``).
    """
    key = match_key(text)
    found: set[float] = set()
    carried: tuple[int, float, float] | None = None  # end, scale and sum of the number before
    for token in _TOKEN.finditer(key):
        start, end = token.span()
        if start and _is_word_letter(key[start - 1]):  # km2, CO2, E14
            continue
        sign = -1.0 if _minus(key, start) else 1.0
        scale, after = _scale(key, end)
        values = {sign * value * scale for value in _readings(token[0])}
        found |= values
        joined = carried is not None and carried[0] == start and scale < carried[1]
        whole = max(values) + (carried[2] if joined and carried else 0.0)
        if joined:
            found.add(whole)
        carried = (after, scale, whole) if scale > 1 else None
    return tuple(sorted(found))


def _readings(token: str) -> Iterator[float]:
    groups = re.split(_JOINT, token)
    joints = re.findall(_JOINT, token)
    if not joints:
        yield float(groups[0])
        return
    if any(joint.isspace() for joint in joints):
        for part in re.split(r"\s", token):
            yield from _readings(part)
    if len(set(joints)) == 1 and _grouped(groups):
        yield float("".join(groups))
    decimal = joints[-1]
    if decimal in ".,\u066b" and decimal not in joints[:-1]:
        head = groups[:-1]
        if len(head) == 1 or (len(set(joints[:-1])) == 1 and _grouped(head)):
            yield float("".join(head) + "." + groups[-1])
    elif not decimal.isspace() and not _grouped(groups):  # a list or a date: 1,2,3 or 3.10.1990
        yield from map(float, groups)


def _grouped(groups: list[str]) -> bool:
    first, *rest = map(len, groups)
    western = 1 <= first <= 3 and all(length == 3 for length in rest)
    indian = first <= 2 and rest[-1] == 3 and all(length == 2 for length in rest[:-1])
    return western or indian


def _scale(key: str, end: int) -> tuple[float, int]:
    """Return the factor of a number word at ``end`` (1 without one) and where it stops."""
    found = _SCALE_WORD.match(key, end)
    if not found:
        return 1.0, end
    word, after = found[1], found.end()
    if word in _WHOLE_WORDS and after < len(key) and key[after].isalpha():
        return 1.0, end
    return _SCALES[word], after


def _minus(key: str, start: int) -> bool:
    return key[start - 1 : start] == "-" and (start == 1 or key[start - 2] in " (:")


def _contains(key: str, word: str) -> bool:
    """Return whether ``word`` is in ``key``, not as part of a number and not amid a word.

    The end of a word is free, since languages inflect; scripts without spaces match anywhere.
    """
    needle = match_key(word)
    if not needle:
        return True
    at = key.find(needle)
    while at >= 0:
        before = key[at - 1] if at else " "
        after = key[at + len(needle) : at + len(needle) + 1]
        inside_word = _is_word_letter(needle[0]) and _is_word_letter(before)
        inside_number = (needle[0].isdigit() and before.isdigit()) or (
            needle[-1].isdigit() and after.isdigit()
        )
        if not inside_word and not inside_number:
            return True
        at = key.find(needle, at + 1)
    return False


def _is_word_letter(char: str) -> bool:
    """Return whether ``char`` is a letter of Latin, Greek, Cyrillic or Armenian."""
    return char.isalpha() and (char < "\u0590" or "\u1e00" <= char <= "\u1fff")
