"""Finds what is wrong with an index: its records, and what is derived from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convrag.errors import IndexStoreError
from convrag.retrieval import ann, records
from convrag.retrieval.bitmap import Numbers
from convrag.retrieval.packing import input_hash
from convrag.retrieval.terms import TermIndex
from convrag.retrieval.vectors import projection_id

if TYPE_CHECKING:
    from convrag.retrieval.projection import Projection

_COUNTS = (
    (
        "SELECT count(*) FROM passages WHERE number NOT IN (SELECT number FROM vectors)",
        "passages have no vector",
    ),
    (
        "SELECT count(*) FROM removed WHERE number IN (SELECT number FROM passages)",
        "passages are listed as removed",
    ),
)


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
    found = [
        *_record_problems(connection),
        *_span_problems(connection),
        *_vector_problems(connection, dimension),
    ]
    live = records.listed(connection, "FROM passages", ())
    live.sort()
    found += _base_problems(connection, dimension, data, projection, live)
    found += _term_problems(terms, live)
    return tuple(found)


def _record_problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check(20)"):
        if line != "ok":
            yield f"database: {line}"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"database: row {row} of '{table}' points to a missing row of '{parent}'"
    for query, what in _COUNTS:
        (number,) = connection.execute(query).fetchone()
        if number:
            yield f"{number} {what}"


def _span_problems(connection: sqlite3.Connection) -> Iterator[str]:
    for document_id, text in connection.execute("SELECT id, text FROM documents ORDER BY id"):
        query = (
            "SELECT id, text, title, first, last, input_hash FROM passages"
            " WHERE document_id = ? ORDER BY first, last, id"
        )
        for passage_id, piece, title, first, last, known in connection.execute(
            query, (document_id,)
        ):
            if text[first:last] != piece:
                yield f"passage '{passage_id}': its span does not give its text"
            if known != input_hash(title, piece):
                yield f"passage '{passage_id}': its text is not the one that was encoded"


def _vector_problems(connection: sqlite3.Connection, dimension: int) -> Iterator[str]:
    query = (
        "SELECT p.id, v.vector FROM vectors AS v JOIN passages AS p USING (number)"
        " ORDER BY v.number"
    )
    for passage_id, blob in connection.execute(query):
        if len(blob) != 2 * dimension:
            yield f"passage '{passage_id}': its vector has {len(blob)} bytes, not {2 * dimension}"
            continue
        vector = np.frombuffer(blob, dtype="<f2").astype(np.float32)
        if not np.isfinite(vector).all():
            yield f"passage '{passage_id}': its vector is not finite"
        elif abs(float(np.linalg.norm(vector)) - 1) > 0.01:
            yield f"passage '{passage_id}': its vector is not of unit length"


def _base_problems(
    connection: sqlite3.Connection,
    dimension: int,
    data: Path,
    projection: Projection | None,
    live: Numbers,
) -> Iterator[str]:
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


def _term_problems(terms: TermIndex, live: Numbers) -> Iterator[str]:
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
