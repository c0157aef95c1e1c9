"""The records of an index in SQLite: all of its truth, what else lies in the folder is derived."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convrag.errors import IndexStoreError
from convrag.protocols import Vectors
from convrag.retrieval.ann import BaseInfo
from convrag.retrieval.database import Database
from convrag.retrieval.migrations import SCHEMA, SECOND
from convrag.retrieval.packing import input_hash, unpacked
from convrag.retrieval.terms import TermRecord
from convrag.types import Document, Page, Passage

_TABLES = f"""
PRAGMA user_version = {SCHEMA};
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    content_hash TEXT NOT NULL, text TEXT NOT NULL, pages TEXT NOT NULL,
    date TEXT NOT NULL DEFAULT ''
);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    text TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL, source TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, page INTEGER,
    input_hash INTEGER NOT NULL DEFAULT 0
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
{SECOND}
"""
# ``number`` orders passages by arrival and is never used twice, so that what was derived from an
# older generation stays right for the numbers it has. The indexes of documents hold all that a
# filter asks for: the rows themselves are long.

_PASSAGE = """
SELECT number, id, text, title, language, source, first, last, document_id, page FROM passages
"""


def create(path: Path, uid: str) -> None:
    """Make the file ``path`` a database of empty tables for the index ``uid``.

    Raises:
        IndexStoreError: The file cannot be written.
    """
    database = Database.create(path, _TABLES)
    with database.transaction() as connection:
        set_meta(connection, "uid", uid)
        set_meta(connection, "generation", "0")
        set_base(connection, BaseInfo())
    database.close()


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


def languages(connection: sqlite3.Connection) -> tuple[tuple[str, int], ...]:
    """Return the passages' languages with their numbers of passages, most first."""
    rows = connection.execute(
        "SELECT language, count(*) FROM passages GROUP BY language ORDER BY count(*) DESC, language"
    )
    return tuple((language, number) for language, number in rows)


def last_number(connection: sqlite3.Connection) -> int:
    """Return the highest number that any passage had so far."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
    return 0 if row is None else int(row[0])


def base(connection: sqlite3.Connection) -> BaseInfo:
    """Return which base file belongs to the records.

    Raises:
        IndexStoreError: They do not say, or not so that it can be read.
    """
    return BaseInfo.read(meta(connection, "base"))


def set_base(connection: sqlite3.Connection, info: BaseInfo) -> None:
    """Note which base file belongs to the records."""
    set_meta(connection, "base", info.text())


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
        "INSERT INTO documents (id, source, title, language, content_hash, text, pages, date)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            storable(document.source),
            storable(document.title),
            document.language,
            document.content_hash,
            storable(document.text),
            pages,
            storable(document.date),
        ),
    )
    connection.executemany(
        "INSERT INTO document_tags VALUES (?, ?, ?)",
        [(document.id, position, storable(tag)) for position, tag in enumerate(document.tags)],
    )


def add_passage(
    connection: sqlite3.Connection, document_id: str, passage: Passage, vector: bytes
) -> int:
    """Add a passage with its packed vector and return its number."""
    title, text = storable(passage.title), storable(passage.text)
    cursor = connection.execute(
        "INSERT INTO passages"
        " (id, document_id, text, title, language, source, first, last, page, input_hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            passage.id,
            document_id,
            text,
            title,
            passage.language,
            storable(passage.source),
            *passage.span,
            passage.page,
            input_hash(title, text),
        ),
    )
    number = int(cursor.lastrowid or 0)
    connection.execute("INSERT INTO vectors VALUES (?, ?)", (number, vector))
    if passage.entity_ids:
        set_entities(connection, number, passage.entity_ids)
    return number


def known_vector(connection: sqlite3.Connection, title: str, text: str) -> bytes | None:
    """Return the packed vector of any passage of which the encoder reads the same, or None."""
    row = connection.execute(
        "SELECT vector FROM passages JOIN vectors USING (number)"
        " WHERE input_hash = ? AND title = ? AND text = ? LIMIT 1",
        (input_hash(title, text), title, text),
    ).fetchone()
    return None if row is None else bytes(row[0])


def set_entities(connection: sqlite3.Connection, number: int, ids: Iterable[str]) -> None:
    """Make ``ids``, each once, the entities of the passage with this number."""
    connection.execute("DELETE FROM passage_entities WHERE number = ?", (number,))
    connection.executemany(
        "INSERT INTO passage_entities VALUES (?, ?, ?)",
        [(number, position, entity) for position, entity in enumerate(dict.fromkeys(ids))],
    )


def remove_document(connection: sqlite3.Connection, document_id: str, generation: int) -> bool:
    """Remove a document and all that came from it; return whether it was there.

    Args:
        connection: Inside a transaction.
        document_id: Which.
        generation: The one that the transaction leads to.
    """
    connection.execute(
        "INSERT INTO removed SELECT number, ? FROM passages WHERE document_id = ?",
        (generation, document_id),
    )
    return connection.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount > 0


def document(connection: sqlite3.Connection, document_id: str) -> Document | None:
    """Return a document with its text, or None."""
    row = connection.execute(
        "SELECT id, source, title, language, content_hash, text, pages, date"
        " FROM documents WHERE id = ?",
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
        date=row[7],
        tags=tags_of(connection, document_id),
    )


def tags_of(connection: sqlite3.Connection, document_id: str) -> tuple[str, ...]:
    """Return a document's tags in their order."""
    rows = connection.execute(
        "SELECT tag FROM document_tags WHERE document_id = ? ORDER BY position", (document_id,)
    )
    return tuple(tag for (tag,) in rows)


def term_records(connection: sqlite3.Connection, after: int) -> Iterator[TermRecord]:
    """Yield what the term index takes in of the passages with numbers above ``after``, rising."""
    rows = connection.execute(
        "SELECT p.number, p.title, p.text, p.language, p.document_id, d.date"
        " FROM passages AS p JOIN documents AS d ON d.id = p.document_id"
        " WHERE p.number > ? ORDER BY p.number",
        (after,),
    )
    owner = ""
    tags: tuple[str, ...] = ()
    for number, title, text, language, document_id, date in rows:
        if document_id != owner:
            owner, tags = document_id, tags_of(connection, document_id)
        yield TermRecord(number, title, text, language, document_id, tags, date)


def removed_since(connection: sqlite3.Connection, generation: int) -> npt.NDArray[np.int64]:
    """Return int64 numbers of passages that were removed after ``generation``."""
    return listed(connection, "FROM removed WHERE generation > ?", (generation,))


def listed(
    connection: sqlite3.Connection, source: str, values: Sequence[object]
) -> npt.NDArray[np.int64]:
    """Return int64 (N,): the column ``number`` of the rows that SQL from FROM on gives.

    SQLite joins the numbers into one text: a million rows fetched one by one would take seconds.
    """
    (text,) = connection.execute(f"SELECT group_concat(number) {source}", values).fetchone()  # noqa: S608 (fixed texts)
    if not text:
        return np.empty(0, dtype=np.int64)
    return np.fromstring(str(text), dtype=np.int64, sep=",")


def vector_batches(
    connection: sqlite3.Connection, dimension: int, after: int, size: int
) -> Iterator[tuple[npt.NDArray[np.int64], Vectors]]:
    """Yield numbers above ``after``, rising, with their vectors, ``size`` at a time.

    Yields:
        int64 (n,) and float32 (n, D), unit norm.
    """
    rows = connection.execute(
        "SELECT number, vector FROM vectors WHERE number > ? ORDER BY number", (after,)
    )
    while batch := rows.fetchmany(size):
        numbers = np.fromiter((row[0] for row in batch), dtype=np.int64, count=len(batch))
        yield numbers, unpacked([row[1] for row in batch], dimension)


def vectors_of(
    connection: sqlite3.Connection, dimension: int, numbers: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Return those of ``numbers`` that there are, rising, with their vectors.

    Returns:
        int64 (n,) and float32 (n, D), unit norm.
    """
    rows = connection.execute(
        "SELECT number, vector FROM vectors WHERE number IN (SELECT value FROM json_each(?))"
        " ORDER BY number",
        (json.dumps(numbers.tolist()),),
    ).fetchall()
    found = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    return found, unpacked([row[1] for row in rows], dimension)


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
