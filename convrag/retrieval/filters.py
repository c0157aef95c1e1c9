"""Which passages a :class:`~convrag.types.Filter` lets through, asked of the records.

Every value reaches SQLite as a bound parameter.
"""

from __future__ import annotations

import fnmatch
import json
import re
import sqlite3
from collections.abc import Iterator
from functools import lru_cache

from convrag.retrieval import records
from convrag.retrieval.bitmap import Bitmap
from convrag.types import Filter

_DAY = "substr(date || substr('0000-01-01', length(date) + 1), 1, 10)"
"""A date's first day: a document may be dated by its year or month alone."""

_WILD = re.compile(r"[*?\[]")


def allowed(connection: sqlite3.Connection, wanted: Filter) -> Bitmap | None:
    """Return the numbers of the passages that ``wanted`` lets through; None for all of them.

    Args:
        connection: Inside a snapshot.
        wanted: Its patterns follow the shell's rules for names, in upper and lower case: ``*`` and
            ``?`` stand for any text and any character, the ``/`` between folders among them, and
            ``[ab]`` or ``[!ab]`` for one character. A document dated by year or month alone counts
            as of its first day.
    """
    connection.create_function("matches", 2, _matches, deterministic=True)
    found: Bitmap | None = None
    for condition, values in _conditions(wanted):
        numbers = records.listed(connection, f"FROM passages WHERE {condition}", values)
        part = Bitmap.of(numbers)
        found = part if found is None else found & part
    return found


def document_ids(connection: sqlite3.Connection, wanted: Filter) -> tuple[str, ...] | None:
    """Return the ids, in order, of the documents that ``wanted`` lets through; None for all.

    Languages do not count here: they are those of passages.
    """
    connection.create_function("matches", 2, _matches, deterministic=True)
    parts = list(_document_conditions(wanted))
    if not parts:
        return None
    where = " AND ".join(f"id IN ({condition})" for condition, _ in parts)
    rows = connection.execute(
        f"SELECT id FROM documents WHERE {where} ORDER BY id",  # noqa: S608 (fixed texts)
        [value for _, values in parts for value in values],
    )
    return tuple(document_id for (document_id,) in rows)


def _conditions(wanted: Filter) -> Iterator[tuple[str, list[str]]]:
    if wanted.languages:
        languages = json.dumps(wanted.languages)
        yield "language IN (SELECT value FROM json_each(?))", [languages]
    for condition, values in _document_conditions(wanted):
        yield f"document_id IN ({condition})", values


def _document_conditions(wanted: Filter) -> Iterator[tuple[str, list[str]]]:
    """Yield SQL that selects document ids, with its values; each must hold."""
    if wanted.sources:
        patterns = [records.storable(pattern) for pattern in wanted.sources]
        one = "SELECT id FROM documents WHERE source >= ? AND source < ? AND matches(?, source)"
        values = [value for pattern in patterns for value in (*_below(pattern), pattern)]
        yield " UNION ".join(one for _ in patterns), values
    if wanted.documents:
        yield "SELECT value FROM json_each(?)", [json.dumps(wanted.documents)]
    if wanted.tags:
        yield (
            "SELECT document_id FROM document_tags WHERE tag IN (SELECT value FROM json_each(?))",
            [json.dumps(wanted.tags)],
        )
    if wanted.after:
        yield (
            f"SELECT id FROM documents WHERE date <> '' AND {_DAY} >= ?",  # noqa: S608 (fixed)
            [wanted.after],
        )
    if wanted.before:
        yield (
            f"SELECT id FROM documents WHERE date <> '' AND substr({_DAY}, 1, length(?))"  # noqa: S608
            " <= ?",
            [wanted.before, wanted.before],
        )


def _below(pattern: str) -> tuple[str, str]:
    """Return bounds, the upper one outside, of the texts that begin as the pattern does."""
    head = _WILD.split(pattern, maxsplit=1)[0]
    return head, f"{head}\U0010ffff"


@lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


def _matches(pattern: str, source: str) -> bool:
    return _expression(pattern).match(source) is not None
