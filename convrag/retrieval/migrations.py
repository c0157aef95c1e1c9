"""The schema of the records and the steps that bring older records up to it.

``PRAGMA user_version`` is the schema of a database; records of schema 1 were written without it.
All steps that are needed run in one transaction: records are of the old schema or of the new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

import numpy as np

from convrag.errors import IndexStoreError
from convrag.retrieval.packing import input_hash

SCHEMA = 2
"""Version of the folder's layout and tables; raised with every change that old code cannot read."""

SECOND = """
CREATE INDEX documents_by_content ON documents (content_hash);
CREATE INDEX documents_by_source ON documents (source, id);
CREATE INDEX documents_by_date ON documents (date, id);
CREATE TABLE document_tags (
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (document_id, position)
) WITHOUT ROWID;
CREATE INDEX document_tags_by_tag ON document_tags (tag, document_id);
CREATE INDEX passages_by_input ON passages (input_hash);
CREATE TABLE removed (number INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE INDEX removed_by_generation ON removed (generation);
"""
"""What schema 2 has beyond the columns: ``removed`` are the numbers of passages that were removed
since what is derived from the records was last built."""


def _to_second(connection: sqlite3.Connection) -> None:
    """Dates, tags, halved vectors; terms leave for an index of their own."""
    connection.execute("ALTER TABLE documents ADD COLUMN date TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE passages ADD COLUMN input_hash INTEGER NOT NULL DEFAULT 0")
    connection.create_function("input_hash", 2, input_hash, deterministic=True)
    connection.create_function("halved", 1, _halved, deterministic=True)
    connection.execute("UPDATE passages SET input_hash = input_hash(title, text)")
    connection.execute("UPDATE vectors SET vector = halved(vector)")
    connection.execute("DROP TABLE passage_terms")
    connection.execute("DELETE FROM meta WHERE key = 'analyzer'")
    connection.execute("INSERT INTO meta VALUES ('base', '{}')")
    for statement in SECOND.split(";"):
        connection.execute(statement)


def _halved(blob: bytes) -> bytes:
    """Return the vector of little-endian float32 as float16; what is no such vector stays."""
    if len(blob) % 4:
        return blob
    return np.frombuffer(blob, dtype="<f4").astype("<f2").tobytes()


_STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _to_second}
"""From each schema to the next."""


def schema_of(connection: sqlite3.Connection) -> int:
    """Return the schema of the records."""
    return max(1, int(connection.execute("PRAGMA user_version").fetchone()[0]))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the records up to :data:`SCHEMA`; the caller owns the transaction.

    Raises:
        IndexStoreError: They are newer than this program.
    """
    found = schema_of(connection)
    if found > SCHEMA:
        raise IndexStoreError(
            f"the records have schema {found}, newer than {SCHEMA}", "upgrade convrag"
        )
    for schema in range(found, SCHEMA):
        _STEPS[schema](connection)
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
