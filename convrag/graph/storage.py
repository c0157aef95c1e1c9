"""The graph's own tables inside an index's SQLite file: one row per source, its triples packed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

from convrag.graph.building import records
from convrag.graph.building.merging import merged
from convrag.graph.building.names import SPACE
from convrag.graph.packed_triples import pack, unpack
from convrag.types import Literal, Triple

_SCHEMA = """
CREATE TABLE IF NOT EXISTS graph_files (
    source TEXT PRIMARY KEY, content_hash TEXT NOT NULL, prefixes TEXT NOT NULL,
    size INTEGER NOT NULL, triples BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS graph_linked (state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS graph_copies (source TEXT PRIMARY KEY, record TEXT NOT NULL);
"""
_OLD_TABLES = ("graph_sources", "graph_prefixes", "graph_triples")


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the graph's tables where they are missing, and take over what older ones hold.

    The caller owns the transaction.
    """
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    if _has(connection, "graph_triples"):
        for source, content_hash in _old_hashes(connection).items():
            triples = _old_triples(connection, source)
            replace_source(
                connection, source, content_hash, triples, _old_prefixes(connection, source)
            )
        for table in _OLD_TABLES:
            connection.execute(f"DROP TABLE {table}")


def source_hashes(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the content hash of each stored source."""
    if _has(connection, "graph_files"):
        return dict(connection.execute("SELECT source, content_hash FROM graph_files"))
    return _old_hashes(connection) if _has(connection, "graph_triples") else {}


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
    size, packed = pack(triples)
    bound = json.dumps(dict(sorted(prefixes.items())))
    connection.execute(
        "INSERT OR REPLACE INTO graph_files VALUES (?, ?, ?, ?, ?)",
        (source, content_hash, bound, size, packed),
    )


def delete_source(connection: sqlite3.Connection, source: str) -> None:
    """Remove exactly what only ``source`` gave. The caller owns the transaction."""
    connection.execute("DELETE FROM graph_files WHERE source = ?", (source,))
    connection.execute("DELETE FROM graph_copies WHERE source = ?", (source,))


def copies(connection: sqlite3.Connection) -> dict[str, str]:
    """Return what is noted of the sources that are copies of parts of other graphs."""
    if not _has(connection, "graph_copies"):
        return {}
    return dict(connection.execute("SELECT source, record FROM graph_copies"))


def set_copy(connection: sqlite3.Connection, source: str, record: str) -> None:
    """Note where ``source`` is copied from. The caller owns the transaction."""
    connection.execute("INSERT OR REPLACE INTO graph_copies VALUES (?, ?)", (source, record))


def load_triples(connection: sqlite3.Connection) -> tuple[Triple, ...]:
    """Return all stored triples by source, sorted; none where there are no tables.

    Those that were built from the texts of documents come after the others, what several of them
    call the same under one id.

    Raises:
        GraphError: What is stored for a source is damaged.
    """
    given = given_triples(connection)
    built = records.triples(connection)
    return merged((*given, *built)) if built else given


def given_triples(connection: sqlite3.Connection) -> tuple[Triple, ...]:
    """Return the triples of graph files by source, sorted.

    Raises:
        GraphError: What is stored for a source is damaged.
    """
    if not _has(connection, "graph_files"):
        if not _has(connection, "graph_triples"):
            return ()
        sources = sorted(_old_hashes(connection))
        return tuple(t for source in sources for t in _old_triples(connection, source))
    rows = connection.execute("SELECT source, triples FROM graph_files ORDER BY source")
    return tuple(triple for source, packed in rows for triple in unpack(packed, source))


def content_hashes(connection: sqlite3.Connection) -> dict[str, str]:
    """Return what tells apart all that the graph may hold: by source, and of the texts together."""
    built = records.state(connection)
    return source_hashes(connection) | ({SPACE: built} if built else {})


def triple_count(connection: sqlite3.Connection) -> int:
    """Return the number of stored triples; one that two sources give counts twice."""
    return _given_count(connection) + records.triple_count(connection)


def _given_count(connection: sqlite3.Connection) -> int:
    if _has(connection, "graph_files"):
        query = "SELECT coalesce(sum(size), 0) FROM graph_files"
    elif _has(connection, "graph_triples"):
        query = "SELECT count(*) FROM graph_triples"
    else:
        return 0
    return int(connection.execute(query).fetchone()[0])


def load_prefixes(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the namespace prefixes that the stored files bind; the first source wins."""
    found: dict[str, str] = {}
    if _has(connection, "graph_files"):
        rows = connection.execute("SELECT prefixes FROM graph_files ORDER BY source DESC")
        for (bound,) in rows:
            found.update(json.loads(bound))
    elif _has(connection, "graph_triples"):
        for source in sorted(_old_hashes(connection), reverse=True):
            found.update(_old_prefixes(connection, source))
    return found


def linked_state(connection: sqlite3.Connection) -> str:
    """Return what the passages' links were made from, empty when they were never made."""
    if not _has(connection, "graph_linked"):
        return ""
    row = connection.execute("SELECT state FROM graph_linked").fetchone()
    return str(row[0]) if row else ""


def set_linked_state(connection: sqlite3.Connection, state: str) -> None:
    """Note what the passages' links were made from. The caller owns the transaction."""
    connection.execute("DELETE FROM graph_linked")
    connection.execute("INSERT INTO graph_linked VALUES (?)", (state,))


def _has(connection: sqlite3.Connection, table: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    return row is not None


def _old_hashes(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT source, content_hash FROM graph_sources"))


def _old_prefixes(connection: sqlite3.Connection, source: str) -> dict[str, str]:
    query = "SELECT prefix, iri FROM graph_prefixes WHERE source = ?"
    return dict(connection.execute(query, (source,)))


def _old_triples(connection: sqlite3.Connection, source: str) -> list[Triple]:
    """Return a source's triples from the table of earlier indexes, a row per triple."""
    rows = connection.execute(
        "SELECT subject, predicate, object, literal, datatype, language FROM graph_triples "
        "WHERE source = ? ORDER BY 1, 2, 3, 4, 5, 6",
        (source,),
    )
    return [
        Triple(s, p, Literal(o, datatype, language) if literal else o, source)
        for s, p, o, literal, datatype, language in rows
    ]
