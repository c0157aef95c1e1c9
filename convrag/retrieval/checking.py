"""Finds what is wrong with the records of an index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np

from convrag.retrieval import records
from convrag.retrieval.vectors import VectorTable

_COUNTS = (
    (
        "SELECT count(*) FROM passages WHERE number NOT IN (SELECT number FROM vectors)",
        "passages have no vector",
    ),
    (
        "SELECT count(*) FROM passages WHERE number NOT IN (SELECT rowid FROM passage_terms)",
        "passages have no terms",
    ),
    (
        "SELECT count(*) FROM passage_terms WHERE rowid NOT IN (SELECT number FROM passages)",
        "sets of terms have no passage",
    ),
)


def problems(
    connection: sqlite3.Connection, dimension: int, stored: VectorTable | None
) -> tuple[str, ...]:
    """Return what is wrong, one line each; nothing when all is sound.

    Args:
        connection: Inside a snapshot.
        dimension: Length of a vector.
        stored: What the vector file of this generation holds, if there is one.
    """
    return tuple(_problems(connection, dimension, stored))


def _problems(
    connection: sqlite3.Connection, dimension: int, stored: VectorTable | None
) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check(20)"):
        if line != "ok":
            yield f"database: {line}"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"database: row {row} of '{table}' points to a missing row of '{parent}'"
    for query, what in _COUNTS:
        (number,) = connection.execute(query).fetchone()
        if number:
            yield f"{number} {what}"
    yield from _span_problems(connection)
    yield from _vector_problems(connection, dimension, stored)


def _span_problems(connection: sqlite3.Connection) -> Iterator[str]:
    for document_id, text in connection.execute("SELECT id, text FROM documents ORDER BY id"):
        for passage in records.passages_of(connection, document_id):
            if text[slice(*passage.span)] != passage.text:
                yield f"passage '{passage.id}': its span does not give its text"


def _vector_problems(
    connection: sqlite3.Connection, dimension: int, stored: VectorTable | None
) -> Iterator[str]:
    rows = {}
    if stored is not None:
        rows = {int(number): row for row, number in enumerate(stored.numbers)}
    query = (
        "SELECT p.id, v.number, v.vector FROM vectors AS v JOIN passages AS p USING (number)"
        " ORDER BY v.number"
    )
    seen = 0
    for passage_id, number, blob in connection.execute(query):
        seen += 1
        if len(blob) != 4 * dimension:
            yield f"passage '{passage_id}': its vector has {len(blob)} bytes, not {4 * dimension}"
            continue
        vector = np.frombuffer(blob, dtype="<f4")
        if not np.isfinite(vector).all():
            yield f"passage '{passage_id}': its vector is not finite"
        elif abs(float(np.linalg.norm(vector)) - 1) > 0.01:
            yield f"passage '{passage_id}': its vector is not of unit length"
        if stored is not None and (
            number not in rows or not np.array_equal(stored.matrix[rows[number]], vector)
        ):
            yield f"passage '{passage_id}': the vector file differs from the records"
    if stored is not None and len(rows) != seen:
        yield f"the vector file has {len(rows)} vectors, the records {seen}"
