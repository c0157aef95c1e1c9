"""Plain values of a graph as a language writes them: numbers, dates, times, yes and no."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from math import inf

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from convrag.graph import terms
from convrag.types import Literal

_MOST_DIGITS = 27
_DATE_TIME = terms.XSD + "dateTime"
_YEAR = re.compile(r"([+-]?)0*(\d+)$")
_BEGIN_YEAR = re.compile(r"[+-]?\d{1,9}(?=-|$)")
_MONTH = re.compile(r"(\d{4})-(\d\d)$")
_WIKIDATA = "http://www.wikidata.org/prop/direct/"
_START, _END, _POINT = (
    frozenset({_WIKIDATA + number, *(schema + name for schema in terms.SCHEMA for name in names)})
    for number, names in (
        ("P580", ("startDate", "validFrom", "startTime")),
        ("P582", ("endDate", "validThrough", "endTime")),
        ("P585", ("observationDate",)),
    )
)
TIMES = _START | _END | _POINT
"""Properties of a fact that say when it holds."""


def literal_text(value: Literal, language: str) -> str:
    """Return the value as the language writes it; what cannot be understood, as it is."""
    kind = value.datatype.removeprefix(terms.XSD)
    if value.datatype in terms.NUMERIC:
        return _number(value.value, language)
    try:
        if kind == "date":
            day = date.fromisoformat(value.value[:10])
            return format_date(day, "long", locale=locale_of(language))
        if kind == "dateTime":
            return _moment(datetime.fromisoformat(value.value), language)
        if kind == "time":
            return format_time(time.fromisoformat(value.value), "short", locale=locale_of(language))
    except ValueError:
        return value.value
    if kind in ("gYear", "gYearMonth"):
        return _period(value.value, language)
    if kind == "boolean" and value.value in ("true", "false", "1", "0"):
        return _word("yes" if value.value in ("true", "1") else "no", language)
    return value.value


def time_text(values: Mapping[str, Sequence[str | Literal]], language: str) -> str:
    """Return when a fact holds, from what qualifies it: "since 2019", "1990–1994", "2001"; or "".

    Of several starts, ends or points in time nothing is said: they are no one period.
    """
    found = [
        [v for item, some in values.items() if item in kinds for v in some]
        for kinds in (_START, _END, _POINT)
    ]
    if any(len(some) > 1 or isinstance(v, str) for some in found for v in some):
        return ""
    start, end, point = (
        literal_text(some[0], language) if some and isinstance(some[0], Literal) else ""
        for some in found
    )
    if start and end:
        text = f"{start}–{end}" if start.isdecimal() and end.isdecimal() else f"{start} – {end}"
    elif start or end:
        kind, (bound,) = ("since", found[0]) if start else ("until", found[1])
        text = _word(kind, language, day=_is_day(bound)).format(time=start or end)
    else:
        return point
    return f"{text}; {point}" if point else text


def years_of(qualifiers: Iterable[tuple[str, str | Literal]]) -> tuple[float, float] | None:
    """Return the first and last year in which a fact holds; None where nothing is said of it.

    What began and has no end holds on, what has an end and no beginning held ever before.
    """
    first, last = -inf, inf
    told = False
    for item, value in qualifiers:
        found = _BEGIN_YEAR.match(value.value) if isinstance(value, Literal) else None
        if item in TIMES and found is not None:
            year = float(found[0])
            first = first if item in _END else max(first, year)
            last = last if item in _START else min(last, year)
            told = True
    return (first, last) if told else None


def locale_of(language: str) -> Locale:
    """Return the conventions of the language; English ones where none are known."""
    try:
        return Locale.parse(language or "en")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _moment(moment: datetime, language: str) -> str:
    day = format_date(moment.date(), "long", locale=locale_of(language))
    if moment.time() == time():
        return day
    return f"{day}, {format_time(moment.time(), 'short', locale=locale_of(language))}"


def _period(written: str, language: str) -> str:
    """Return a year or a month of one; years before Christ are said so."""
    locale = locale_of(language)
    if month := _MONTH.match(written):
        year, number = int(month[1]), int(month[2])
        if year and 1 <= number <= 12:
            return format_skeleton("yMMMM", date(year, number, 1), locale=locale)
    if year_only := _YEAR.match(written):
        if year_only[1] == "-" and int(year_only[2]):
            return _word("before", language).format(time=int(year_only[2]))
        if 0 < int(year_only[2]) <= 9999:
            # CLDR's own form of a year on its own, such as "2019年".
            return format_skeleton("y", date(int(year_only[2]), 1, 1), locale=locale)
    return written


def _number(written: str, language: str) -> str:
    """Return the number in the language's digits groups with all its decimals.

    What is no number, or would take a very long row of digits, stays as written.
    """
    try:
        number = Decimal(written)
    except InvalidOperation:
        return written
    if (
        not number.is_finite()
        or abs(number.adjusted()) + len(number.as_tuple().digits) > _MOST_DIGITS
    ):
        return written
    return format_decimal(number, locale=locale_of(language), decimal_quantization=False)


def _is_day(value: str | Literal) -> bool:
    return isinstance(value, Literal) and value.datatype in (terms.XSD + "date", _DATE_TIME)


def _word(kind: str, language: str, *, day: bool = False) -> str:
    """Return the word; ``day``: the one that stands before a day, where that is another."""
    words = _words()[kind]
    own = _words().get(f"{kind}-day", {}).get(language) if day else None
    return own or words.get(language, words["en"])


@cache
def _words() -> dict[str, dict[str, str]]:
    text = resources.files("convrag.graph").joinpath("values.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
