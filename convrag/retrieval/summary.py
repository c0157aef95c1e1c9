"""What an index holds, in numbers."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from convrag.graph import storage
from convrag.retrieval import ann, migrations, records
from convrag.retrieval.projection import Projection
from convrag.retrieval.storage import RECORDS, TERMS, Manifest
from convrag.retrieval.vectors import projection_id


@dataclass(frozen=True, slots=True)
class IndexStats:
    """Counts and sizes of an index, all of one state of its records.

    ``characters`` are those of the documents' texts, ``languages`` the passages by language, most
    first. ``kind`` is ``"exact"`` while all vectors are searched, ``"ivf"`` when ``base`` of them
    are in an approximate index; the ``tail`` is searched exactly beside it. ``removed`` passages
    still take room. ``created`` is ISO 8601, UTC.
    """

    title: str
    created: str
    schema: int
    generation: int
    encoder: str
    dimension: int
    projection: str
    documents: int
    passages: int
    characters: int
    languages: tuple[tuple[str, int], ...]
    triples: int
    kind: str
    base: int
    tail: int
    removed: int
    record_bytes: int
    term_bytes: int
    vector_bytes: int

    @property
    def bytes(self) -> int:
        """Room on disk of all parts."""
        return self.record_bytes + self.term_bytes + self.vector_bytes


def stats(
    connection: sqlite3.Connection, manifest: Manifest, data: Path, projection: Projection | None
) -> IndexStats:
    """Return the numbers of an index.

    Args:
        connection: Inside a snapshot.
        manifest: The index's.
        data: The folder of the records and the files derived from them.
        projection: What vectors go through before they are compared.
    """
    info = records.base(connection)
    return IndexStats(
        title=manifest.title,
        created=manifest.created,
        schema=migrations.schema_of(connection),
        generation=records.generation(connection),
        encoder=manifest.encoder,
        dimension=manifest.dimension,
        projection=projection_id(projection),
        documents=_number(connection, "SELECT count(*) FROM documents"),
        passages=records.count(connection),
        characters=_number(connection, "SELECT total(length(text)) FROM documents"),
        languages=records.languages(connection),
        triples=storage.triple_count(connection),
        kind="ivf" if info.name else "exact",
        base=info.count,
        tail=_number(connection, "SELECT count(*) FROM passages WHERE number > ?", info.last),
        removed=_number(connection, "SELECT count(*) FROM removed"),
        record_bytes=_size(data, f"{RECORDS}*"),
        term_bytes=_size(data / TERMS, "*"),
        vector_bytes=_size(data, ann.PATTERN),
    )


def _number(connection: sqlite3.Connection, query: str, *values: object) -> int:
    return int(connection.execute(query, values).fetchone()[0])


def _size(folder: Path, pattern: str) -> int:
    total = 0
    for path in folder.glob(pattern):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # a writer beside us removes what is out of date
            continue
    return total
