"""Rows in JSON of any common shape, and looks into them by path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.core import get_global

from convrag.errors import GraphError
from convrag.graph.bounds import Written

_KEYS = ("id", "@id", "_id", "key", "code", "uid", "uuid", "qid")
NAMES = ("name", "label", "title", "prefLabel", "名称", "名字", "标题")
"""Keys that usually hold what a thing is called."""
_MOST_REPEATED = 0.1


@dataclass(slots=True)
class Row:
    """An entity to be: what it holds, the key it stands under, and then its id and name."""

    fields: Mapping[str, object]
    under: str = ""
    id: str = ""
    label: str = ""


def table_rows(path: Path, content: object, where: str) -> list[Row]:
    """Return the rows of a JSON value.

    Args:
        path: Where the value is from, for errors.
        content: The value of the whole file.
        where: Path of the rows; empty for the whole file, or its only table.

    Raises:
        GraphError: There are no rows.
    """
    for key in where.split(".") if where else ():
        content = content.get(key) if isinstance(content, dict) else None
    rows = _as_rows(content)
    if rows is not None and len(rows) == 1 and rows[0].under:
        rows = _as_rows(rows[0].fields) or rows
    if rows is None and isinstance(content, dict):
        # Many files wrap their one table: {"version": 2, "towns": [...]}.
        tables = [found for found in map(_as_rows, content.values()) if found]
        rows = tables[0] if len(tables) == 1 else [Row(content)]
    if rows is None:
        place = f" at {where!r}" if where else ""
        raise GraphError(
            f"{path}: no table of entities{place}", "name the path of the rows in the mapping"
        )
    return rows


def _as_rows(content: object) -> list[Row] | None:
    """Return the rows of anything that looks like a table; None for anything else."""
    if isinstance(content, list) and content:
        if all(isinstance(item, dict) for item in content):
            return [Row(item) for item in content]
        if all(_is_fact(item) for item in content):
            return _from_facts(content)
    if isinstance(content, dict) and content:
        values = list(content.values())
        if all(isinstance(item, dict) for item in values):
            return [Row(item, key) for key, item in content.items()]
        if all(isinstance(v, list) and all(_is_fact(item) for item in v) for v in values):
            return _from_facts(item for facts in values for item in facts)
    return None


def _is_fact(item: object) -> bool:
    return (
        isinstance(item, list)
        and len(item) == 3
        and all(isinstance(part, str) for part in item[:2])
        and not isinstance(item[2], list | dict)
    )


def _from_facts(facts: Iterable[list[object]]) -> list[Row]:
    found: dict[str, dict[str, list[object]]] = {}
    for subject, name, value in facts:
        found.setdefault(str(subject), {}).setdefault(str(name), []).append(value)
    return [Row(fields, subject) for subject, fields in found.items()]


def unique_key(rows: Sequence[Row]) -> str:
    """Return the usual key whose value is there and another in every row; empty without one."""
    for key in _KEYS:
        values = [text_of(row.fields.get(key)) for row in rows]
        if all(values) and len(set(values)) == len(values):
            return key
    return ""


def naming_keys(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the usual key that names the rows, else their first text if it tells rows apart.

    Rows that stand under keys of their own are named by those.
    """
    for key in NAMES:
        if any(text_of(row.fields.get(key)) for row in rows):
            return (key,)
        if any(isinstance(row.fields.get(key), dict) for row in rows):
            return (f"{key}.*",)
    if all(row.under for row in rows):
        return ()
    first = next(iter(rows[0].fields), "")
    values = [row.fields.get(first) for row in rows]
    texts = [v for v in values if isinstance(v, str) and v]
    if len(texts) == len(values) and len(set(texts)) >= (1 - _MOST_REPEATED) * len(texts):
        return (first,)
    return ()


def at(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Return an iterator over (the key that ``*`` stands for, value) at the path; lists as one."""
    waiting = [("", value, path.split("."))]
    while waiting:
        star, item, keys = waiting.pop()
        if not keys:
            yield star, item
        elif isinstance(item, dict):
            head, rest = keys[0], keys[1:]
            names = list(item) if head == "*" else [head] if head in item else []
            for name in reversed(names):
                waiting.append((name if head == "*" else star, item[name], rest))


def flat(value: object) -> Iterator[object]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        else:
            yield item


def text_of(value: object) -> str:
    """Return a scalar as written; empty for null, lists and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Written):
        return value.text
    return str(value).strip() if isinstance(value, str | int | float) else ""


@cache
def language_code(code: str) -> str:
    """Return the ISO 639-1 code for one in two or three letters; empty for anything else."""
    low = code.lower().replace("_", "-").split("-")[0]
    short: str = get_global("language_aliases").get(low, low)
    known = get_global("likely_subtags")
    return short if 2 <= len(low) <= 3 and (short in known or short != low) else ""
