"""A filter as people write it, ``KEY=VALUE``, and as JSON."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from convrag.errors import UsageError
from convrag.types import Filter

_LISTS = {
    "language": "languages",
    "source": "sources",
    "document": "documents",
    "tag": "tags",
}
"""Keys that may be given several times, any one of their values being enough."""
_DAYS = ("after", "before")
KEYS = (*_LISTS, *_DAYS)
"""What passages can be filtered by."""
EXAMPLES = "language=de source='manuals/*.pdf' tag=warranty after=2024-01-01"

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2}")


def parse_filter(words: Iterable[str]) -> Filter:
    """Return the filter that ``KEY=VALUE`` words say; no words let everything through.

    Raises:
        UsageError: A key is unknown or given twice that has one value, or a value is none.
    """
    lists: dict[str, list[str]] = {name: [] for name in _LISTS.values()}
    days: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key, value = key.strip().lower(), value.strip()
        if key not in KEYS or not equals:
            raise UsageError(
                f"filter '{word}': " + (f"no key '{key}'" if equals else "it has no '='"),
                f"write KEY=VALUE with one of {', '.join(KEYS)}; such as {EXAMPLES}",
            )
        if not value:
            raise UsageError(f"filter '{word}': there is no value", f"such as {EXAMPLES}")
        if key in _LISTS:
            lists[_LISTS[key]].append(_language(value) if key == "language" else value)
        elif key in days:
            raise UsageError(f"filter '{word}': '{key}' is given twice", "give it once")
        else:
            days[key] = _day(key, value)
    values = {name: tuple(dict.fromkeys(found)) for name, found in lists.items()}
    return Filter(**values, **days)  # type: ignore[arg-type]


def filter_words(wanted: Filter) -> str:
    """Return the filter as :func:`parse_filter` takes it, quoted as for a shell; "" for none."""
    pairs = [(key, value) for key, name in _LISTS.items() for value in getattr(wanted, name)]
    pairs += [(key, getattr(wanted, key)) for key in _DAYS if getattr(wanted, key)]
    return " ".join(f"{key}={_quoted(value)}" for key, value in pairs)


def split_words(text: str) -> list[str]:
    """Return the words of a line that is quoted as for a shell.

    Raises:
        UsageError: A quotation does not end.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"filter: {text}: a quotation does not end", "add the mark") from error


def filter_to_json(wanted: Filter) -> dict[str, Any]:
    """Return what the filter asks for as a JSON object, empty for none."""
    values: dict[str, Any] = {n: list(getattr(wanted, n)) for n in _LISTS.values()}
    values |= {name: getattr(wanted, name) for name in _DAYS}
    return {name: value for name, value in values.items() if value}


def filter_from_json(data: Mapping[str, Any]) -> Filter:
    """Return the filter that ``data`` was made from.

    Raises:
        TypeError: It is no filter.
    """
    lists = {n: tuple(_text(v) for v in data.get(n, ())) for n in _LISTS.values()}
    days = {name: _text(data.get(name, "")) for name in _DAYS}
    return Filter(**lists, **days)  # type: ignore[arg-type]


def _language(value: str) -> str:
    code = value.lower()
    if not _LANGUAGE.fullmatch(code):
        raise UsageError(f"filter: '{value}' is no language code", "two letters, as language=de")
    return code


def _day(key: str, value: str) -> str:
    if _DATE.fullmatch(value):
        with suppress(ValueError):
            date.fromisoformat(value + "-01-01"[len(value) - 4 :])
            return value
    raise UsageError(
        f"filter: {key}={value} is no day", f"write {key}=2024-05-31, or a month or a year"
    )


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[^\s'\"\\]+", value) else shlex.quote(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, not {type(value).__name__}")
    return value
