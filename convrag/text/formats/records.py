"""JSON: records with a text are documents; other data is one document of "name: value" lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from convrag.errors import DocumentError
from convrag.text.formats import Extracted, Lines, Part
from convrag.text.formats.encoding import decode
from convrag.text.formats.metadata import day, labels, scalar

_TEXT_KEYS = ("text", "contents", "content", "body", "context", "passage")
_TITLE_KEYS = ("title", "name", "headline")
_DATE_KEYS = ("date", "published", "created", "datePublished", "created_at")
_TAG_KEYS = ("tags", "keywords")
_ID_KEYS = ("id", "_id")
_MAX_DEPTH = 64
_MAX_VALUES = 5_000_000
_FIX = "correct or remove the line"
_DEEP = "nested too deep or a number too long"


def from_lines(data: bytes) -> Iterator[Part]:
    """Yield a part for every line of JSON lines that is not blank, in order.

    Raises:
        DocumentError: The bytes are no text.
    """
    seen: set[str] = set()
    for number, raw in enumerate(decode(data).split("\n"), start=1):
        if raw.strip():
            yield _line(number, raw, seen)


def from_document(data: bytes) -> Iterator[Part]:
    """Yield a part for every object with a text, at any depth; the whole when there is none.

    What an object does not say of itself (title, language, date, tags), those around it say.

    Raises:
        DocumentError: The bytes are no text, not valid JSON, or nested too deep.
    """
    if data.count(b",") + data.count(b"[") + data.count(b"{") > _MAX_VALUES:
        raise DocumentError(
            f"it has more than {_MAX_VALUES} values", hint="save it as JSON lines (.jsonl)"
        )
    try:
        value = json.loads(decode(data))
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            hint="correct it; JSON lines end in .jsonl",
        ) from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"not valid JSON: {_DEEP}", hint="save it flatter") from error
    found = False
    seen: set[str] = set()
    for pointer, record in _texts(value, "", {}, 0):
        found = True
        yield _part(record, pointer, seen, b"" if pointer else data)
    if not found:
        lines = Lines()
        _write(value, "", lines, 0)
        about = value if isinstance(value, Mapping) else {}
        yield Part(data, content=_extracted(lines.text().strip(), about))


@dataclass(frozen=True, slots=True)
class _Record:
    fields: Mapping[str, object]
    text: str


def _line(number: int, raw: str, seen: set[str]) -> Part:
    where, data = f":{number}", raw.encode("utf-8", "surrogatepass")
    try:
        value = json.loads(raw)
    except json.JSONDecodeError as error:
        reason = f"not valid JSON: {error.msg} at column {error.colno}"
        return Part(data, where, reason=reason, hint=_FIX)
    except (ValueError, RecursionError):
        return Part(data, where, reason=f"not valid JSON: {_DEEP}", hint=_FIX)
    if not isinstance(value, dict):
        return Part(data, where, reason="the line is not a JSON object", hint=_FIX)
    text = _text(value)
    if text is None:
        reason = f"no string under any of {', '.join(_TEXT_KEYS)}"
        return Part(data, where, reason=reason, hint=_FIX)
    if not text.strip():
        return Part(data, where, reason="the text is empty", hint=_FIX)
    own = _first(value, _ID_KEYS)
    if own and own in seen:
        reason = f"the id {own!r} was used on a line before"
        return Part(data, where, reason=reason, hint=_FIX)
    seen.add(own)
    return Part(data, f"#{own}" if own else where, content=_extracted(text, value))


def _part(record: _Record, pointer: str, seen: set[str], data: bytes) -> Part:
    own = _first(record.fields, _ID_KEYS)
    # An id that an object around the record gave belongs to several records.
    suffix = f"#{own}" if own and f"#{own}" not in seen else f"#{pointer}" if pointer else ""
    seen.add(suffix)
    raw = data or json.dumps(record.fields, ensure_ascii=False, sort_keys=True).encode(
        "utf-8", "surrogatepass"
    )
    return Part(raw, suffix, content=_extracted(record.text, record.fields))


def _texts(
    value: object, pointer: str, around: Mapping[str, object], depth: int
) -> Iterator[tuple[str, _Record]]:
    """Yield (JSON pointer, record) of every object with a text under ``value``."""
    if depth > _MAX_DEPTH:
        raise DocumentError("it is nested too deep", hint="save it flatter")
    if isinstance(value, dict):
        own = {key: item for key, item in value.items() if not isinstance(item, dict)}
        text = _text(value)
        if text is not None and text.strip():
            yield pointer, _Record({**around, **own}, text)
            return
        kept = (*_TITLE_KEYS, *_DATE_KEYS, *_TAG_KEYS, "language", "lang")
        around = {**around, **{key: own[key] for key in kept if key in own}}
        for key, item in value.items():
            if isinstance(item, dict | list):
                step = key.replace("~", "~0").replace("/", "~1")
                yield from _texts(item, f"{pointer}/{step}", around, depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _texts(item, f"{pointer}/{number}", around, depth + 1)


def _text(found: Mapping[str, object]) -> str | None:
    values = (found.get(key) for key in _TEXT_KEYS)
    return next((value for value in values if isinstance(value, str)), None)


def _first(found: Mapping[str, object], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := scalar(found.get(key)))), "")


def _extracted(text: str, found: Mapping[str, object]) -> Extracted:
    dates = (day(found.get(key)) for key in _DATE_KEYS)
    tags = (labels(found.get(key)) for key in _TAG_KEYS)
    return Extracted(
        text,
        title=_first(found, _TITLE_KEYS),
        language=_first(found, ("language", "lang")),
        date=next((date for date in dates if date), ""),
        tags=next((found for found in tags if found), ()),
    )


def _write(value: object, name: str, lines: Lines, depth: int) -> None:
    """Add data without texts: an object of plain values is a line."""
    if depth > _MAX_DEPTH:
        raise DocumentError("it is nested too deep", hint="save it flatter")
    if isinstance(value, dict):
        plain = {k: _plain(v) for k, v in value.items() if _is_plain(v)}
        line = "; ".join(f"{key}: {text}" for key, text in plain.items() if text)
        if line:
            lines.paragraph(f"{name}: {line}" if name else line)
        for key, item in value.items():
            if not _is_plain(item):
                _write(item, f"{name}.{key}" if name else key, lines, depth + 1)
    elif isinstance(value, list):
        for item in value:
            if _is_plain(item):
                lines.add(f"{name}: {_plain(item)}" if name else _plain(item))
            else:
                _write(item, name, lines, depth + 1)
    elif text := _plain(value):
        lines.add(text)


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return not any(isinstance(item, dict | list) for item in value)
    return not isinstance(value, dict)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(text for text in map(_plain, value) if text)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return scalar(value)
