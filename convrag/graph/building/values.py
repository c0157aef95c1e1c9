"""Values as texts write them: numbers with units, money, shares, dates, places, lists."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources

from babel import Locale, UnknownLocaleError
from babel.dates import get_month_names

from convrag.graph import terms
from convrag.graph.building.names import bare, is_name, words_of
from convrag.text.normalize import match_key
from convrag.types import Literal

_NUMBER = r"[-−+]?\d+(?:[.,٫٬'’\u00a0\u202f ]\d+)*"
_QUANTITY = re.compile(
    rf"(?P<sign>[-−]?)(?P<before>[^\d\s()-]{{0,12}})\s*(?P<number>{_NUMBER})(?P<after>.*)", re.S
)
_MORE = re.compile(r"\d+")
_GROUPS = re.compile(r"[ \u00a0\u202f'’٬]")
_ASIDE = re.compile(r"\s*[(（]([^()（）]*)[)）]\s*$")
_YEAR_ASIDE = re.compile(r"(?:FY)?\s*(\d{4}(?:\s*[-–/]\s*\d{2,4})?)\.?\s*(\D{0,12})")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T[\d:.Z+-]*)?")
_DOTTED = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_WRITTEN = re.compile(
    r"(?:(?P<day>\d{1,2})(?:\.|st|nd|rd|th|er|º|ª)?\s+(?:de\s+)?)?(?P<month>[^\s\d,.]+\.?)"
    r"(?:\s+(?P<day_after>\d{1,2})(?:st|nd|rd|th)?,)?(?:\s+(?:de\s+|del\s+)?(?P<year>\d{4}))"
    r"(?:\s*(?:года|г\.))?"
)
_NUMBERED = re.compile(r"(\d{4})\s*年(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?)?")
_YEAR = re.compile(r"(\d{4})(?:\s*(?:года|год|г\.|年|년))?")
_PLACE = re.compile(
    r"(\d{1,2})[°º\s]\s*(\d{1,2})?['′]?\s*([NS])[,;\s]+(\d{1,3})[°º\s]\s*(\d{1,2})?['′]?\s*([EW])"
)
_LONGEST_UNIT = 5
_EARLIEST, _LATEST = 1000, 2199


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and the unit it counts; the unit is the canonical symbol of a known one."""

    number: Literal
    unit: str = ""


def without_aside(text: str, language: str) -> tuple[str, str, str]:
    """Return the text without a last bracket, the year in that if it is one, else its words."""
    found = _ASIDE.search(text)
    if found is None:
        return text.strip(), "", ""
    inner = found[1].strip()
    year = _YEAR_ASIDE.fullmatch(inner)
    rest = text[: found.start()].strip()
    if year and (
        not year[2] or match_key(year[2]).strip(" .") in words_of(language).get("estimated", ("",))
    ):
        return rest, year[1], ""
    return rest, "", inner


def date_of(text: str, language: str) -> Literal | None:
    """Return the date that the whole text is, as precise as it is written; else None."""
    text = _digits(text.strip().strip(".,"))
    if found := _ISO.fullmatch(text):
        return _date(*map(int, found.groups()))
    if found := _NUMBERED.fullmatch(text):
        return _date(*(int(part) for part in found.groups() if part))
    if found := _DOTTED.fullmatch(text):
        day, month, year = map(int, found.groups())
        # 03/04/2020 is April in some countries and March in others.
        return _date(year, month, day) if "." in text or day > 12 else None
    if found := _WRITTEN.fullmatch(text):
        named = _months(language).get(match_key(found["month"].rstrip(".")), 0)
        written = found["day"] or found["day_after"] or "0"
        return _date(int(found["year"]), named, int(written)) if named else None
    return None


def year_of(text: str) -> Literal | None:
    """Return the year that the whole text is, else None."""
    found = _YEAR.fullmatch(_digits(text.strip()))
    if found and _EARLIEST <= int(found[1]) <= _LATEST:
        return Literal(found[1], terms.XSD + "gYear")
    return None


def place_of(text: str) -> tuple[Literal, Literal] | None:
    """Return latitude and longitude in degrees when the whole text is a place on the globe."""
    found = _PLACE.fullmatch(_digits(text.strip()))
    if found is None:
        return None
    north = _degrees(found[1], found[2], found[3] == "S")
    east = _degrees(found[4], found[5], found[6] == "W")
    return north, east


def quantity_of(text: str, language: str) -> Quantity | None:
    """Return the number with its unit that the whole text is, else None.

    "2,040 sq km" is 2040 km², "$1.949 trillion" 1949000000000 $; what follows a number in few words
    is its unit also when it is no known one: "births/1,000 population".
    """
    text = _digits(_unhedged(text.strip(), language)).rstrip(".")
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    before = _units().get(match_key(found["before"]), "") if found["before"] else ""
    if found["before"] and not before:
        return None
    number = number_of(found["sign"] + found["number"], language)
    if number is None:
        return None
    scale, rest = _scaled(found["after"], language)
    number *= scale
    while scale > 1 and language in ("zh", "ja") and (more := _MORE.match(rest)):
        # 1億2600万 is written in parts.
        scale, rest = _scaled(rest[more.end() :], language)
        number += int(more[0]) * scale
    unit = _unit(rest, language)
    if unit is None or (before and unit):
        return None
    return Quantity(_literal(number), before or unit)


def number_of(text: str, language: str) -> Decimal | None:
    """Return the number that is written with the language's signs for thousands and decimals."""
    text = _GROUPS.sub("", _digits(text)).replace("−", "-").replace("٫", ".")
    comma = language in ("de", "es", "fr", "pt", "ru", "it", "nl", "pl", "tr", "sv", "cs", "id")
    signs = [c for c in text if c in ".,"]
    if len(set(signs)) == 2:
        decimal = signs[-1]
    elif len(signs) > 1:
        if any(len(group) not in (2, 3) for group in text.split(signs[0])[1:]):
            return None
        decimal = "." if signs[0] == "," else ","  # only thousands are parted several times
    elif signs:
        whole, _, part = text.partition(signs[0])
        grouped = len(part) == 3 and whole.lstrip("+-") not in ("0", "")
        of_thousands = "." if comma else ","
        decimal = "" if grouped and signs[0] == of_thousands else signs[0]
        if len(part) != 3:
            decimal = signs[0]
    else:
        decimal = ""
    plain = "".join("." if c == decimal else c for c in text if c == decimal or c not in ".,")
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def items_of(text: str, language: str) -> tuple[str, ...]:
    """Return the parts of a list as the text has them; the text alone when it is none.

    A semicolon parts before a comma does; commas, and "and" before the last part, only where every
    part is short. What stands in brackets is not parted.
    """
    for sign in (r"[;；]", None):
        parts = [p for p in _parted(text, sign, language) if p]
        if len(parts) < 2:
            continue
        if sign or (_has_comma(text) and all(len(p.split()) <= 4 and len(p) < 60 for p in parts)):
            return tuple(parts)
        if all(is_name(bare(p, language), language) for p in parts):
            return tuple(parts)
    return (text,)


def _has_comma(text: str) -> bool:
    return any(sign in text for sign in ",،、，")


def _parted(text: str, sign: str | None, language: str) -> Iterator[str]:
    """Yield what lies between the signs outside of brackets."""
    joined = "|".join(map(re.escape, words_of(language).get("and", ())))
    last = rf"|\s*(?:,|،|、)?(?<![\w])(?:{joined})(?!\w)\s*" if joined else ""
    if language in ("zh", "ja"):
        last = f"|{joined}" if joined else ""
    # The comma of 1,000 parts nothing.
    pattern = re.compile(sign or rf"(?<!\d),|,(?!\d)|[،、，]{last}")
    depth = 0
    signs: list[re.Match[str]] = []
    for found in re.finditer(rf"[(（]|[)）]|{pattern.pattern}", text):
        if found[0] in "(（":
            depth += 1
        elif found[0] in ")）":
            depth = max(0, depth - 1)
        elif not depth:
            signs.append(found)
    start = 0
    for place, found in enumerate(signs):
        # "And" before other commas joins two words of one part: "food and drink, tourism".
        if found[0].strip()[:1].isalpha() and place < len(signs) - 1:
            continue
        yield text[start : found.start()].strip()
        start = found.end()
    yield text[start:].strip()


def _digits(text: str) -> str:
    """Return the text with the decimal digits of every script as ASCII."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c, c)) for c in text)


def _date(year: int, month: int = 0, day: int = 0) -> Literal | None:
    if not (1 <= year <= 9999 and 0 <= month <= 12 and 0 <= day <= 31):
        return None
    if day and month:
        return Literal(f"{year:04}-{month:02}-{day:02}", terms.XSD + "date")
    if month:
        return Literal(f"{year:04}-{month:02}", terms.XSD + "gYearMonth")
    return Literal(f"{year:04}", terms.XSD + "gYear")


@cache
def _months(language: str) -> dict[str, int]:
    """Return the numbers of months by their names as the language writes them in dates."""
    try:
        locale = Locale.parse(language or "en")
    except (UnknownLocaleError, ValueError):
        return {}
    return {
        match_key(str(name).rstrip(".")): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, context, locale).items()
    }


def _degrees(degrees: str, minutes: str | None, negative: bool) -> Literal:
    value = Decimal(degrees) + Decimal(minutes or 0) / 60
    value = round(value, 4).normalize()
    return Literal(f"{-value if negative else value:f}", terms.XSD + "decimal")


def _unhedged(text: str, language: str) -> str:
    """Return the text without "about" before it."""
    for word in () if text[:1].isdigit() else words_of(language).get("about", ()):
        if match_key(text[: len(word)]) == word:
            return text[len(word) :].strip()
    return text


def _scaled(after: str, language: str) -> tuple[Decimal, str]:
    """Return by what the number is multiplied, and what is left of the text after it."""
    rest = after.strip()
    for word, scale in _scales(language) if rest else ():
        apart = not rest[len(word) : len(word) + 1].isalpha() or language in ("zh", "ja")
        if apart and match_key(rest[: len(word)]) == word:
            return scale, rest[len(word) :].strip()
    return Decimal(1), rest


@cache
def _scales(language: str) -> tuple[tuple[str, Decimal], ...]:
    """Return the words that multiply a number, longest first."""
    found = {**words_of("en")["scales"], **words_of(language).get("scales", {})}
    return tuple(
        (match_key(word), Decimal(int(found[word])))
        for word in sorted(found, key=lambda w: (-len(w), w))
    )


def _unit(rest: str, language: str) -> str | None:
    """Return the unit that the words after a number are; None when they are more than a unit."""
    rest = rest.strip()
    if not rest:
        return ""
    if not (rest[0].isalpha() or rest[0] in "%‰°/€$£¥₹₽٪"):
        return None
    for word in words_of(language).get("of", ()):
        if rest.casefold().startswith(f"{word} "):
            rest = rest[len(word) + 1 :]
    known = _units().get(match_key(rest))
    if known is not None:
        return known
    told = rest[1:].lstrip() if rest[0] in "%‰" else rest
    words = told.split()
    if len(words) > _LONGEST_UNIT or re.search(r"[;:,]\s|[,;:]$|[()（）]{2}|\d{4}", told):
        return None
    if (
        words
        and words[0][0].isupper()
        or any(w in _no_unit(language) for w in map(match_key, words))
    ):
        return None
    return " ".join(rest.split())[:60]


@cache
def _no_unit(language: str) -> frozenset[str]:
    return frozenset(words_of(language).get("no_unit", ()))


@cache
def _units() -> dict[str, str]:
    """Return the symbols of units by the match keys of all that they are called."""
    text = resources.files("convrag.graph.building").joinpath("units.toml").read_text("utf-8")
    return {
        match_key(name): symbol
        for symbol, names in tomllib.loads(text)["units"].items()
        for name in (symbol, *names)
    }


def _literal(number: Decimal) -> Literal:
    if number == number.to_integral_value():
        return Literal(f"{number:.0f}", terms.XSD + "integer")
    return Literal(f"{number.normalize():f}", terms.XSD + "decimal")
