"""What files say of themselves, in the form documents carry it: a day, tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from email.utils import parsedate_to_datetime

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_PACKED = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})(?=\D|\d{6}|\Z)")
_BETWEEN = re.compile(r"[,;\uff0c\u3001\u060c\uff1b]")
_MOST_TAGS = 64
_LONGEST_TAG = 80


def day(value: object) -> str:
    """Return the day that ``value`` names, as ``2026-11-25``; "" when it names none for sure.

    Read are dates, ISO 8601, PDF dates (``D:20261125``) and those of mail. Orders that differ from
    country to country (``01/02/2026``) and years alone are not guessed at.
    """
    if isinstance(value, date):
        return value.date().isoformat() if isinstance(value, datetime) else value.isoformat()
    if not isinstance(value, str):
        return ""
    text = value.strip()[:64]
    found = _ISO.match(text) or _PACKED.match(text)
    try:
        if found:
            year, month, of_month = (int(part) for part in found.groups())
            return date(year, month, of_month).isoformat() if year else ""
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def labels(value: object) -> tuple[str, ...]:
    """Return the tags in a list of them, or in a text with commas between, without repeats."""
    if isinstance(value, str):
        parts: Iterable[object] = _BETWEEN.split(value)
    elif isinstance(value, list | tuple):
        parts = value
    else:
        return ()
    found = (scalar(part) for part in parts)
    return tuple(dict.fromkeys(tag for tag in found if 0 < len(tag) <= _LONGEST_TAG))[:_MOST_TAGS]


def scalar(value: object) -> str:
    """Return a text or number as text on one line; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(str(value).split())
