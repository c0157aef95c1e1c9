"""Finds what is wrong with an index: its records, and what is derived from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from convrag.errors import IndexStoreError
from convrag.retrieval import ann, records
from convrag.retrieval.bitmap import Numbers
from convrag.retrieval.packing import input_hash
from convrag.retrieval.projection import Projection
from convrag.retrieval.terms import TermIndex
from convrag.retrieval.vectors import projection_id

_LISTED = "SELECT count(*) FROM removed WHERE number IN (SELECT number FROM passages)"


def problems(
    connection: sqlite3.Connection,
    dimension: int,
    data: Path,
    projection: Projection | None,
    terms: TermIndex,
) -> tuple[str, ...]:
    """Return what is wrong, one line each; nothing when all is sound.

    Args:
        connection: Inside a snapshot.
        dimension: Length of a vector.
        data: The folder of the records and the files derived from them.
        projection: What vectors go through before they are compared.
        terms: The term index.
    """
    found = list(_record_problems(connection))
    found += [line for _, line in damaged_passages(connection, dimension)]
    live = np.sort(records.listed(connection, "FROM passages", ()))
    found += base_problems(connection, dimension, data, projection, live)
    state = terms.state
    if state is None or state.generation == records.generation(connection):
        found += term_problems(terms, live)  # else a writer is at work, and it follows him
    return tuple(found)


def _record_problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check(20)"):
        if line != "ok":
            yield f"database: {line}"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"database: row {row} of '{table}' points to a missing row of '{parent}'"
    (listed,) = connection.execute(_LISTED).fetchone()
    if listed:
        yield f"{listed} passages are listed as removed"


def damaged_passages(connection: sqlite3.Connection, dimension: int) -> Iterator[tuple[int, str]]:
    """Yield the number of every passage that is not as it was written, and what is wrong."""
    query = (
        "SELECT p.number, p.id, p.text, p.title, p.first, p.last, p.input_hash, v.vector"
        " FROM passages AS p LEFT JOIN vectors AS v USING (number)"
        " WHERE p.document_id = ? ORDER BY p.first, p.last, p.id"
    )
    for document_id, text in connection.execute("SELECT id, text FROM documents ORDER BY id"):
        for row in connection.execute(query, (document_id,)):
            number, passage_id, piece, title, first, last, known, blob = row
            wrong = _vector_problem(blob, dimension)
            if text[first:last] != piece:
                wrong = "its span does not give its text"
            elif known != input_hash(title, piece):
                wrong = "its text is not the one that was encoded"
            if wrong:
                yield number, f"passage '{passage_id}': {wrong}"


def _vector_problem(blob: bytes | None, dimension: int) -> str:
    if blob is None:
        return "it has no vector"
    if len(blob) != 2 * dimension:
        return f"its vector has {len(blob)} bytes, not {2 * dimension}"
    vector = np.frombuffer(blob, dtype="<f2").astype(np.float32)
    if not np.isfinite(vector).all():
        return "its vector is not finite"
    if abs(float(np.linalg.norm(vector)) - 1) > 0.01:
        return "its vector is not of unit length"
    return ""


def base_problems(
    connection: sqlite3.Connection,
    dimension: int,
    data: Path,
    projection: Projection | None,
    live: Numbers,
) -> Iterator[str]:
    """Yield what is wrong with the base, if there is one; ``live`` are the passages, rising."""
    info = records.base(connection)
    if not info.name:
        return
    if info.projection != projection_id(projection):
        yield f"{info.name}: made with another projection of the vectors"
    if ann.digest_of(data / info.name) != info.digest:
        yield f"{info.name}: missing or damaged"
        return
    base = ann.opened(data, info, dimension)
    if base is None:
        yield f"{info.name}: cannot be read"
        return
    gone = records.listed(connection, "FROM removed", ())
    if not np.array_equal(np.setdiff1d(base.numbers(), gone), live[live <= info.last]):
        yield f"{info.name}: has other passages than the records"


def term_problems(terms: TermIndex, live: Numbers) -> Iterator[str]:
    """Yield what is wrong with the term index; ``live`` are the passages, rising."""
    for line in terms.problems():
        yield f"terms: {line}"
    try:
        held = terms.numbers()
    except IndexStoreError as error:
        yield error.message
        return
    if missing := len(np.setdiff1d(live, held)):
        yield f"{missing} passages have no terms"
    if extra := len(np.setdiff1d(held, live)):
        yield f"{extra} sets of terms have no passage"
