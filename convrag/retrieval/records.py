"""The records of an index in SQLite: all of its truth, what else lies in the folder is derived."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from convrag.errors import IndexStoreError
from convrag.retrieval.database import Database
from convrag.types import Document, Page, Passage

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    content_hash TEXT NOT NULL, text TEXT NOT NULL, pages TEXT NOT NULL
);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    text TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL, source TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, page INTEGER
);
CREATE INDEX passages_by_document ON passages (document_id, first);
CREATE INDEX passages_by_language ON passages (language);
CREATE TABLE vectors (
    number INTEGER PRIMARY KEY REFERENCES passages (number) ON DELETE CASCADE,
    vector BLOB NOT NULL
);
CREATE TABLE passage_entities (
    number INTEGER NOT NULL REFERENCES passages (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    entity_id TEXT NOT NULL,
    PRIMARY KEY (number, position)
) WITHOUT ROWID;
CREATE INDEX passage_entities_by_entity ON passage_entities (entity_id, number);
CREATE VIRTUAL TABLE passage_terms USING fts5 (
    title, body, title_pieces, body_pieces, tokenize = 'ascii'
);
"""
# ``number`` orders passages by arrival and is never used twice, so that a vector array of an older
# generation stays right for the numbers it has. Terms are stored as well as indexed: deleting from
# a term index needs the very terms that went in, and newer Unicode tables may give others.

_PASSAGE = """
SELECT number, id, text, title, language, source, first, last, document_id, page FROM passages
"""


def create(path: Path, values: Mapping[str, str]) -> Database:
    """Return a new database in the file ``path`` with empty tables and these meta values.

    Raises:
        IndexStoreError: The file cannot be written.
    """
    database = Database.create(path, _TABLES)
    with database.transaction() as connection:
        for key, value in values.items():
            set_meta(connection, key, value)
    return database


def meta(connection: sqlite3.Connection, key: str) -> str:
    """Return a meta value.

    Raises:
        IndexStoreError: There is no such key.
    """
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise IndexStoreError(
            f"the records have no '{key}'",
            "index the documents again with: convrag index --rebuild",
        )
    return str(row[0])


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Set a meta value."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def generation(connection: sqlite3.Connection) -> int:
    """Return how many times the set of passages was changed."""
    return int(meta(connection, "generation"))


def count(connection: sqlite3.Connection) -> int:
    """Return the number of passages."""
    return int(connection.execute("SELECT count(*) FROM passages").fetchone()[0])


def storable(text: str) -> str:
    """Return ``text`` with lone surrogates replaced, one character for one, so offsets hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def add_document(connection: sqlite3.Connection, document: Document) -> None:
    """Add the document itself; its id must be new."""
    pages = json.dumps([[page.number, *page.span] for page in document.pages])
    connection.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            storable(document.source),
            storable(document.title),
            document.language,
            document.content_hash,
            storable(document.text),
            pages,
        ),
    )


def add_passage(
    connection: sqlite3.Connection, document_id: str, passage: Passage, vector: bytes
) -> int:
    """Add a passage with its vector (float32, little-endian) and return its number."""
    cursor = connection.execute(
        "INSERT INTO passages"
        " (id, document_id, text, title, language, source, first, last, page)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            passage.id,
            document_id,
            storable(passage.text),
            storable(passage.title),
            passage.language,
            storable(passage.source),
            *passage.span,
            passage.page,
        ),
    )
    number = int(cursor.lastrowid or 0)
    connection.execute("INSERT INTO vectors VALUES (?, ?)", (number, vector))
    set_entities(connection, number, passage.entity_ids)
    return number


def set_entities(connection: sqlite3.Connection, number: int, ids: Iterable[str]) -> None:
    """Make ``ids``, each once, the entities of the passage with this number."""
    connection.execute("DELETE FROM passage_entities WHERE number = ?", (number,))
    connection.executemany(
        "INSERT INTO passage_entities VALUES (?, ?, ?)",
        [(number, position, entity) for position, entity in enumerate(dict.fromkeys(ids))],
    )


def remove_document(connection: sqlite3.Connection, document_id: str) -> bool:
    """Remove a document and all that came from it; return whether it was there."""
    connection.execute(
        "DELETE FROM passage_terms WHERE rowid IN"
        " (SELECT number FROM passages WHERE document_id = ?)",
        (document_id,),
    )
    return connection.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount > 0


def bump_generation(connection: sqlite3.Connection) -> None:
    """Note that the set of passages has changed."""
    set_meta(connection, "generation", str(generation(connection) + 1))


def document(connection: sqlite3.Connection, document_id: str) -> Document | None:
    """Return a document with its text, or None."""
    row = connection.execute(
        "SELECT id, source, title, language, content_hash, text, pages FROM documents WHERE id = ?",
        (document_id,),
    ).fetchone()
    if row is None:
        return None
    pages = tuple(Page(number, (first, last)) for number, first, last in json.loads(row[6]))
    return Document(
        id=row[0],
        source=row[1],
        title=row[2],
        language=row[3],
        content_hash=row[4],
        text=row[5],
        pages=pages,
    )


def passages(connection: sqlite3.Connection, ids: Sequence[str]) -> Iterator[Passage]:
    """Yield the passages with these ids in this order, leaving out ids that are not there."""
    for passage_id in ids:
        row = connection.execute(f"{_PASSAGE} WHERE id = ?", (passage_id,)).fetchone()
        if row is not None:
            yield _passage(connection, row)


def passages_of(connection: sqlite3.Connection, document_id: str) -> Iterator[Passage]:
    """Yield the passages of a document in reading order."""
    query = f"{_PASSAGE} WHERE document_id = ? ORDER BY first, last, id"
    for row in connection.execute(query, (document_id,)).fetchall():
        yield _passage(connection, row)


def _passage(connection: sqlite3.Connection, row: tuple[object, ...]) -> Passage:
    number, identifier, text, title, language, source, first, last, document_id, page = row
    entities = connection.execute(
        "SELECT entity_id FROM passage_entities WHERE number = ? ORDER BY position", (number,)
    )
    return Passage(
        id=str(identifier),
        text=str(text),
        title=str(title),
        language=str(language),
        source=str(source),
        span=(int(str(first)), int(str(last))),
        document_id=str(document_id),
        page=None if page is None else int(str(page)),
        entity_ids=tuple(entity for (entity,) in entities),
    )


def number_of(connection: sqlite3.Connection, passage_id: str) -> int | None:
    """Return the number of a passage, or None."""
    row = connection.execute("SELECT number FROM passages WHERE id = ?", (passage_id,)).fetchone()
    return None if row is None else int(row[0])


def ids_of(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Return the ids of those of ``numbers`` that there are."""
    found = {}
    for number in numbers:
        row = connection.execute("SELECT id FROM passages WHERE number = ?", (number,)).fetchone()
        if row is not None:
            found[number] = str(row[0])
    return found


def with_entity(connection: sqlite3.Connection, entity_id: str, limit: int) -> tuple[str, ...]:
    """Return ids of at most ``limit`` passages that name the entity, in reading order."""
    rows = connection.execute(
        "SELECT p.id FROM passage_entities AS e JOIN passages AS p USING (number)"
        " WHERE e.entity_id = ? ORDER BY p.document_id, p.first, p.id LIMIT ?",
        (entity_id, max(limit, 0)),
    )
    return tuple(passage_id for (passage_id,) in rows)
