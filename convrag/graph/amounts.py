"""Numbers with their units in a question, in digits of any script or in words."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from convrag.graph.phrases import PhraseIndex, longest
from convrag.text.normalize import match_key
from convrag.text.segment import words
from convrag.types import Span

_DIGITS = re.compile(r"\d+(?:[.,٫٬'’\u00a0\u202f ]\d+)*")
_GROUPED = re.compile(
    r"\d{1,3}([.,٬'’\u00a0\u202f ])\d{3}(?:\1\d{3})*(?:[.,٫]\d+)?|\d{1,2}(?:,\d{2})+,\d{3}"
)
_DECIMAL_COMMA = frozenset({"de", "es", "fr", "pt", "it", "ru"})
_HAN_DIGITS = {
    c: n
    for n, some in enumerate(["〇零", "一", "二两兩", "三", "四", "五", "六", "七", "八", "九"])
    for c in some
}
_HAN_TENS = {"十": 10, "百": 100, "千": 1_000}
_HAN_SCALES = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8, "兆": 10**12}
_HAN = "".join([*_HAN_DIGITS, *_HAN_TENS, *_HAN_SCALES])
_HAN_NUMBER = re.compile(rf"[{_HAN}\d,.]*[{_HAN}]|{_DIGITS.pattern}")
_SHORTEST_NAME = 4
_SIGNS = frozenset({"km", "km2", "km²", "m²", "км²", "كم²"})
_UNSPACED = frozenset({"zh", "ja"})
_COUNTER = re.compile(r"[个個条座名人位つ本隻只]|[かカヶヵケ]国|ヶ所|か所")
_APART = re.compile(r"[\s\u00a0\u202f-]*(?:d['’]|de\s|di\s|of\s)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, and its unit's quantity with the factor to that quantity's first unit."""

    span: Span
    value: Decimal
    quantity: str = ""
    """Empty when no known unit follows."""
    factor: Decimal = Decimal(1)


def amounts(text: str, language: str) -> tuple[Amount, ...]:
    """Return the numbers in the text, in reading order; an article that means "one" is one too."""
    found: list[Amount] = []
    for span, value in _numbers(text, language):
        start = span[1] + len(_APART.match(text, span[1])[0])  # type: ignore[index]
        unit = _unit_at(text, start)
        if unit is None:
            counter = _COUNTER.match(text, span[1])
            found.append(Amount((span[0], counter.end() if counter else span[1]), value))
        else:
            end, quantity, factor = unit
            found.append(Amount((span[0], end), value, quantity, factor))
    return tuple(found)


def unit_named(name: str) -> tuple[str, Decimal] | None:
    """Return the quantity of a unit of this name, and the factor to the quantity's first unit."""
    found = _units().phrases(match_key(name))
    return _measure(found[0].target) if found else None


def unit_names(text: str) -> tuple[tuple[str, Span], ...]:
    """Return which quantities have units named in full ("how many kilometres") or by a sign."""
    return tuple(
        (_measure(group[0].phrase.target)[0], group[0].span)
        for group in longest(_units().find(text))
        if _is_telling(group[0].phrase.key)
    )


def _is_telling(name: str) -> bool:
    return len(name) >= _SHORTEST_NAME or name in _SIGNS or "\u3040" <= name[0] <= "\u9fff"


def _numbers(text: str, language: str) -> Iterator[tuple[Span, Decimal]]:
    if language in _UNSPACED:
        yield from _han_numbers(text)
        return
    units = [(match_key(text[a:b]), (a, b)) for a, b in words(text, language)]
    ones, scales = _table("ones", language), _table("scales", language)
    digits = [m.span() for m in _DIGITS.finditer(text)]
    at = 0
    while at < len(units):
        key, (start, end) = units[at]
        value: Decimal | None = Decimal(ones.get(key, 1))
        number = next((span for span in digits if span[0] <= start < span[1]), None)
        if number is not None:
            start, end = number
            value = _plain(text[start:end], language)
            while at < len(units) and units[at][1][0] < end:
                at += 1
        elif key in ones or key not in scales:
            at += 1
        while at < len(units) and units[at][0] in scales and _is_near(text, end, units[at][1]):
            value = value and value * scales[units[at][0]]
            end = units[at][1][1]
            end += text[end : end + 1] == "." and len(text) > end + 1  # "Mio."
            at += 1
        if value is not None and (number is not None or key in ones or key in scales):
            yield (start, end), value


def _is_near(text: str, end: int, unit: Span) -> bool:
    """Whether the unit stands right behind, or is what was just read."""
    return unit[0] < end or not text[end : unit[0]].strip()


def _han_numbers(text: str) -> Iterator[tuple[Span, Decimal]]:
    for match in _HAN_NUMBER.finditer(text):
        written = match[0]
        value = _han_value(written) if not written[-1].isdigit() else _plain(written, "zh")
        if value is not None and value > 1:
            yield match.span(), value


def _han_value(written: str) -> Decimal | None:
    """Return what 1億2000万 or 三千五百 is."""
    total, section = Decimal(0), Decimal(0)
    number: Decimal | None = None
    for token in re.findall(r"\d[\d,.]*|.", written):
        if token[0].isdigit():
            number = _plain(token, "zh")
            if number is None:
                return None
        elif token in _HAN_DIGITS:
            number = Decimal(_HAN_DIGITS[token]) + (number * 10 if number is not None else 0)
        elif token in _HAN_TENS:
            section += (1 if number is None else number) * _HAN_TENS[token]
            number = None
        elif token in _HAN_SCALES:
            section += number or 0
            total += (section or 1) * _HAN_SCALES[token]
            section, number = Decimal(0), None
        else:
            return None
    return total + section + (number or 0)


def _plain(written: str, language: str) -> Decimal | None:
    """Return the number that digits with separators stand for, as the language writes them.

    None for what is no number: 10.05.1999.
    """
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in written)
    point = "," if language in _DECIMAL_COMMA else "."
    digits = digits.replace("٫", point)
    grouped = _GROUPED.fullmatch(digits)
    if grouped is not None and grouped[1] != point:
        digits = re.sub(rf"[^\d{re.escape(point)}]", "", digits)
    elif grouped is not None and digits.count(point) > 1:
        digits = re.sub(r"\D", "", digits)
    plain = re.sub(r"[^\d.]", "", digits.replace(point, "."))
    return Decimal(plain) if plain.count(".") <= 1 else None


def _unit_at(text: str, start: int) -> tuple[int, str, Decimal] | None:
    """Return where the unit ends that begins there, with its quantity and factor."""
    found = [m for group in longest(_units().find(text[start:])) for m in group]
    for match in found:
        if match.span[0] == 0:
            return (start + match.span[1], *_measure(match.phrase.target))
    return None


def _measure(target: str) -> tuple[str, Decimal]:
    quantity, _, factor = target.partition(":")
    return quantity, Decimal(factor)


@cache
def _units() -> PhraseIndex:
    return PhraseIndex(
        (name, "", f"{quantity}:{factor}", True)
        for quantity, factors in _tables()["units"].items()
        for factor, names in factors.items()
        for name in names
    )


@cache
def _table(kind: str, language: str) -> Mapping[str, int]:
    rows = _tables()[kind].get(language, {})
    return {match_key(word): int(number) for number, some in rows.items() for word in some}


@cache
def _tables() -> Mapping[str, Any]:
    text = resources.files("convrag.graph").joinpath("amounts.toml").read_text("utf-8")
    return tomllib.loads(text)
