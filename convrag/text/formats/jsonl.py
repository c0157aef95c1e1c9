"""Records in JSON lines: one document a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

_TEXT_KEYS = ("text", "contents", "body")


@dataclass(frozen=True, slots=True)
class Record:
    """One line: its 1-based number and what it says, or the ``reason`` why it says nothing."""

    line: int
    raw: str
    text: str = ""
    id: str = ""
    title: str = ""
    language: str = ""
    reason: str = ""


def records(text: str) -> Iterator[Record]:
    """Yield a record for every line that is not blank, in order."""
    seen: set[str] = set()
    for number, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        record = _record(number, raw)
        if record.id and record.id in seen:
            record = Record(number, raw, reason=f"the id {record.id!r} was used on a line before")
        seen.add(record.id)
        yield record


def _record(number: int, raw: str) -> Record:
    try:
        found = json.loads(raw)
    except json.JSONDecodeError as error:
        return Record(number, raw, reason=f"not valid JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError):
        return Record(number, raw, reason="not valid JSON: nested too deep or a number too long")
    if not isinstance(found, dict):
        return Record(number, raw, reason="the line is not a JSON object")
    text = next((found[key] for key in _TEXT_KEYS if isinstance(found.get(key), str)), None)
    if text is None:
        return Record(number, raw, reason=f"no string under any of {', '.join(_TEXT_KEYS)}")
    if not text.strip():
        return Record(number, raw, reason="the text is empty")
    own = {key: _scalar(found.get(key)) for key in ("id", "title", "language")}
    return Record(number, raw, _whole(text), **own)


def _scalar(value: object) -> str:
    return _whole(str(value).strip()) if isinstance(value, str | int | float) else ""


def _whole(text: str) -> str:
    """Return ``text`` with lone surrogates, which no file can hold, replaced one for one."""
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
