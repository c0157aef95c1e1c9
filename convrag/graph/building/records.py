"""The table of what documents say, inside an index's SQLite file: a row goes with its document."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from convrag.errors import GraphError
from convrag.graph.building.assembling import TextGraph
from convrag.graph.building.claims import CONFIDENCE, Rule
from convrag.graph.building.merging import renamed, same_ids
from convrag.graph.building.schema import described
from convrag.graph.packed_triples import pack, row, unpack
from convrag.types import Literal, Span, Triple

VERSION = 2
"""Of the rules: what an older version built from a document is built anew."""
_TAGGED = 1000
"""Added to the version of what was built with a tagger."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS graph_texts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL UNIQUE REFERENCES documents (id) ON DELETE CASCADE,
    version INTEGER NOT NULL, facts INTEGER NOT NULL, size INTEGER NOT NULL,
    triples BLOB NOT NULL, origins BLOB NOT NULL
)
"""
_RULES: tuple[Rule, ...] = get_args(Rule)
Fact = tuple[str, str, str | Literal]


@dataclass(frozen=True, slots=True)
class Said:
    """That a document says a fact: where, by which rule that was understood, how surely (0..1)."""

    source: str
    text: str
    span: Span
    rule: Rule
    confidence: float


def create_table(connection: sqlite3.Connection) -> None:
    """Create the table where it is missing. The caller owns the transaction."""
    connection.execute(_SCHEMA)


def is_there(connection: sqlite3.Connection) -> bool:
    """Return whether a graph is built from the documents' texts."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'graph_texts'"
    return connection.execute(query).fetchone() is not None


def drop_table(connection: sqlite3.Connection) -> None:
    """Remove all that was built from texts. The caller owns the transaction."""
    connection.execute("DROP TABLE IF EXISTS graph_texts")


def is_tagged(connection: sqlite3.Connection) -> bool:
    """Return whether a tagger was used to build what there is."""
    query = "SELECT max(version) FROM graph_texts"
    return is_there(connection) and (connection.execute(query).fetchone()[0] or 0) >= _TAGGED


def missing(connection: sqlite3.Connection, *, tagged: bool = False) -> list[str]:
    """Return the ids of the documents whose texts nothing was built from yet, sorted.

    What was built with a tagger when none is wanted, or without the one that is, does not count.
    """
    query = (
        "SELECT id FROM documents WHERE id NOT IN"
        " (SELECT document_id FROM graph_texts WHERE version = ?) ORDER BY id"
    )
    return [document_id for (document_id,) in connection.execute(query, (_version(tagged),))]


def store(
    connection: sqlite3.Connection, document_id: str, graph: TextGraph, *, tagged: bool = False
) -> None:
    """Store what a document says, in place of what was known of it.

    Args:
        connection: An open transaction of the caller's.
        document_id: A document of the index.
        graph: What its text says.
        tagged: Whether a tagger helped.
    """
    size, packed = pack(graph.triples)
    places = {key: n for n, key in enumerate(sorted({row(t) for t in graph.triples}))}
    origins = [[places[row(o.triple)], _RULES.index(o.rule), *o.span] for o in graph.origins]
    told = zlib.compress(json.dumps(origins).encode("ascii"))
    connection.execute(
        "INSERT OR REPLACE INTO graph_texts (document_id, version, facts, size, triples, origins)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (document_id, _version(tagged), len(origins), size, packed, told),
    )


def triples(connection: sqlite3.Connection) -> tuple[Triple, ...]:
    """Return what all documents say, by source, and what their properties are called.

    Raises:
        GraphError: What is stored for a document is damaged.
    """
    if not is_there(connection):
        return ()
    rows = connection.execute(
        "SELECT d.source, g.triples FROM graph_texts AS g JOIN documents AS d"
        " ON d.id = g.document_id ORDER BY d.source, d.id"
    )
    said = [triple for source, packed in rows for triple in unpack(packed, source)]
    return (*described(said), *said)


def state(connection: sqlite3.Connection) -> str:
    """Return a text that is another one whenever what is built from texts is; "" for nothing."""
    if not is_there(connection):
        return ""
    query = "SELECT count(*), coalesce(max(number), 0) FROM graph_texts"
    return "{}-{}".format(*connection.execute(query).fetchone())


def triple_count(connection: sqlite3.Connection) -> int:
    """Return the number of triples that documents say."""
    return _sum(connection, "size")


def fact_count(connection: sqlite3.Connection) -> int:
    """Return the number of facts that documents say, each document's own."""
    return _sum(connection, "facts")


def _version(tagged: bool) -> int:
    return VERSION + _TAGGED if tagged else VERSION


def _sum(connection: sqlite3.Connection, column: str) -> int:
    if not is_there(connection):
        return 0
    query = f"SELECT coalesce(sum({column}), 0) FROM graph_texts"  # noqa: S608 (fixed names)
    return int(connection.execute(query).fetchone()[0])


def said_by(
    connection: sqlite3.Connection, given: Iterable[Triple], facts: Iterable[Triple]
) -> Mapping[Fact, tuple[Said, ...]]:
    """Return by fact where documents say it, with the sentence; only facts that they say.

    Args:
        connection: Inside a snapshot.
        given: The triples that were not built from texts.
        facts: With the ids that loaded triples have, and the sources that say them.

    Raises:
        GraphError: What is stored for a document is damaged.
    """
    wanted = {(t.subject, t.predicate, t.object) for t in facts}
    if not wanted or not is_there(connection):
        return {}
    same = same_ids((*given, *triples(connection)))
    found: dict[Fact, list[Said]] = {}
    rows = connection.execute(
        "SELECT d.source, d.text, g.triples, g.origins FROM graph_texts AS g"
        " JOIN documents AS d ON d.id = g.document_id ORDER BY d.source, d.id"
    )
    for source, text, packed, origins in rows:
        told = list(unpack(packed, source))
        for place, rule, start, end in _origins(origins, source):
            triple = renamed(told[place], same)
            fact = (triple.subject, triple.predicate, triple.object)
            if fact in wanted:
                name = _RULES[rule]
                said = Said(source, text[start:end], (start, end), name, CONFIDENCE[name])
                found.setdefault(fact, []).append(said)
    return {fact: tuple(some) for fact, some in found.items()}


def _origins(packed: bytes, source: str) -> list[list[int]]:
    try:
        found = json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError) as error:
        raise GraphError(
            f"where {source} says its facts is stored damaged",
            "make the index anew from its files",
        ) from error
    return [list(map(int, row)) for row in found]
