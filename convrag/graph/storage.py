"""The graph's own tables inside an index's SQLite file: one row per triple and source."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from convrag.types import Literal, Triple

_SCHEMA = """
CREATE TABLE IF NOT EXISTS graph_sources (
    source TEXT PRIMARY KEY, content_hash TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS graph_prefixes (
    source TEXT NOT NULL, prefix TEXT NOT NULL, iri TEXT NOT NULL, PRIMARY KEY (source, prefix)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS graph_triples (
    subject TEXT NOT NULL, predicate TEXT NOT NULL, object TEXT NOT NULL,
    literal INTEGER NOT NULL, datatype TEXT NOT NULL, language TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (subject, predicate, object, literal, datatype, language, source)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS graph_linked (state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS graph_triples_by_source ON graph_triples (source);
"""


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the graph's tables where they are missing."""
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)


def source_hashes(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the content hash of each stored source."""
    if not _has_tables(connection):
        return {}
    return dict(connection.execute("SELECT source, content_hash FROM graph_sources"))


def source_sizes(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of triples of each stored source."""
    if not _has_tables(connection):
        return {}
    return dict(
        connection.execute(
            "SELECT source, (SELECT count(*) FROM graph_triples AS t WHERE t.source = s.source)"
            " FROM graph_sources AS s"
        )
    )


def replace_source(
    connection: sqlite3.Connection,
    source: str,
    content_hash: str,
    triples: Iterable[Triple],
    prefixes: Mapping[str, str],
) -> None:
    """Store the triples of ``source`` in place of what it gave before.

    Args:
        connection: An open transaction of the caller's.
        source: Whose triples they are, whatever their own ``source`` says.
        content_hash: Tells later whether the source has changed.
        triples: What the source says; repetitions count once.
        prefixes: The namespace prefixes that the source binds.
    """
    delete_source(connection, source)
    connection.execute("INSERT INTO graph_sources VALUES (?, ?)", (source, content_hash))
    connection.executemany(
        "INSERT INTO graph_prefixes VALUES (?, ?, ?)",
        [(source, prefix, iri) for prefix, iri in sorted(prefixes.items())],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO graph_triples VALUES (?, ?, ?, ?, ?, ?, ?)",
        [_row(triple, source) for triple in triples],
    )


def delete_source(connection: sqlite3.Connection, source: str) -> None:
    """Remove exactly what only ``source`` gave. The caller owns the transaction."""
    for table in ("graph_sources", "graph_prefixes", "graph_triples"):
        connection.execute(f"DELETE FROM {table} WHERE source = ?", (source,))  # noqa: S608 (fixed names)


def load_triples(connection: sqlite3.Connection) -> tuple[Triple, ...]:
    """Return all stored triples in a fixed order; none where there are no tables."""
    if not _has_tables(connection):
        return ()
    rows = connection.execute(
        "SELECT subject, predicate, object, literal, datatype, language, source "
        "FROM graph_triples ORDER BY 1, 2, 3, 4, 5, 6, 7"
    )
    return tuple(
        Triple(s, p, Literal(o, datatype, language) if literal else o, source)
        for s, p, o, literal, datatype, language, source in rows
    )


def load_prefixes(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the namespace prefixes that the stored files bind; the first source wins."""
    if not _has_tables(connection):
        return {}
    rows = connection.execute("SELECT prefix, iri FROM graph_prefixes ORDER BY source DESC")
    return dict(rows)


def linked_state(connection: sqlite3.Connection) -> str:
    """Return what the passages' links were made from, empty when they were never made."""
    if not _has_tables(connection):
        return ""
    row = connection.execute("SELECT state FROM graph_linked").fetchone()
    return str(row[0]) if row else ""


def set_linked_state(connection: sqlite3.Connection, state: str) -> None:
    """Note what the passages' links were made from. The caller owns the transaction."""
    connection.execute("DELETE FROM graph_linked")
    connection.execute("INSERT INTO graph_linked VALUES (?)", (state,))


def _has_tables(connection: sqlite3.Connection) -> bool:
    row = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'graph_triples'"
    ).fetchone()
    return row is not None


def _row(triple: Triple, source: str) -> tuple[str, str, str, int, str, str, str]:
    value = triple.object
    if isinstance(value, Literal):
        tail = (value.value, 1, value.datatype, value.language)
    else:
        tail = (value, 0, "", "")
    return (triple.subject, triple.predicate, *tail, source)
