"""Copies what can still be read of a damaged database into a new one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from convrag.errors import IndexStoreError
from convrag.retrieval import records
from convrag.retrieval.ann import BaseInfo

_HIGHEST = 1 << 40
_BATCH = 512


def recover(source: Path, target: Path, uid: str) -> tuple[str, ...]:
    """Make the database ``target`` of the rows that can be read in ``source``.

    What a lost row leaves behind elsewhere is not removed here.

    Args:
        source: A damaged database file; it is only read.
        target: A file that is not there yet.
        uid: Of the index that the new records belong to.

    Returns:
        What was lost, one line a table.

    Raises:
        IndexStoreError: ``source`` cannot be read at all, or ``target`` cannot be written.
    """
    records.create(target, uid)
    lost = []
    with contextlib.closing(_reader(source)) as old, contextlib.closing(_writer(target)) as new:
        known = {name for (name,) in new.execute("SELECT name FROM sqlite_master")}
        for name, kind, sql in _schema(old, source):
            if name in {"meta", "sqlite_sequence"}:
                continue
            if name not in known:
                new.execute(sql)
            if kind == "table" and not _copy(old, new, name):
                lost.append(f"rows of '{name}' could not be read")
        _complete(old, new)
        if lost:  # not one of them is known to be whole
            new.execute("UPDATE documents SET content_hash = ''")
        new.commit()
    return tuple(lost)


def _complete(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """Set what the new records say of themselves; nothing is derived from them yet."""
    highest = "SELECT 'passages', coalesce(max(number), 0) FROM passages"
    new.execute("DELETE FROM sqlite_sequence")
    new.execute(f"INSERT INTO sqlite_sequence {highest}")  # noqa: S608 (fixed)
    (generation,) = new.execute("SELECT coalesce(max(generation), 0) FROM removed").fetchone()
    with contextlib.suppress(sqlite3.DatabaseError, IndexStoreError):
        generation = max(generation, records.generation(old))
    records.set_meta(new, "generation", str(generation + 1))
    records.set_base(new, BaseInfo())
    new.execute("DELETE FROM removed")


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)


def _writer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


def _schema(old: sqlite3.Connection, source: Path) -> list[tuple[str, str, str]]:
    """Return name, kind and SQL of every table and index, tables first."""
    query = (
        "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name"
    )
    hint = "index the documents again with: convrag index --rebuild"
    try:
        found = old.execute(query).fetchall()
    except sqlite3.DatabaseError as error:
        raise IndexStoreError(f"{source}: nothing of it can be read: {error}", hint) from error
    if not {"documents", "passages"} <= {name for name, _, _ in found}:
        raise IndexStoreError(f"{source}: there are no records in it", hint)
    return found


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> bool:
    """Copy a table's readable rows; return whether they were all."""
    columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" for _ in columns)
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 (its own names)
    whole = [True]
    try:
        old.execute(f"SELECT rowid FROM {table} LIMIT 1").fetchone()  # noqa: S608
        rows = _by_number(old, table, names, whole)
    except sqlite3.OperationalError:
        rows = _from_both_ends(old, table, names, columns, whole)
    except sqlite3.DatabaseError:
        rows = _by_number(old, table, names, whole)
    for row in rows:
        new.execute(insert, row)
    return whole[0]


def _by_number(
    old: sqlite3.Connection, table: str, names: str, whole: list[bool]
) -> Iterator[tuple[object, ...]]:
    """Yield rows in order of their numbers; what fails is halved until only bad rows do."""
    query = f"SELECT rowid, {names} FROM {table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid"  # noqa: S608
    ranges = [(0, _HIGHEST)]
    while ranges:
        first, last = ranges.pop()
        try:
            for row in old.execute(query, (first, last)):
                yield row[1:]
                first = row[0] + 1
        except sqlite3.DatabaseError:
            whole[0] = False
            if first < last:
                middle = (first + last) // 2
                ranges += [(middle + 1, last), (first, middle)]


def _from_both_ends(
    old: sqlite3.Connection, table: str, names: str, columns: list[str], whole: list[bool]
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a table without numbers from its start and, if that fails, its end."""
    key = [row[1] for row in old.execute(f"PRAGMA table_info({table})") if row[5]]
    for way in ("ASC", "DESC"):
        order = ", ".join(f'"{name}" {way}' for name in key or columns)
        try:
            yield from old.execute(f"SELECT {names} FROM {table} ORDER BY {order}")  # noqa: S608
        except sqlite3.DatabaseError:
            whole[0] = False
        else:
            return
