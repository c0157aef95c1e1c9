"""Brings an index up to date with documents: encodes only what changed, commits batch by batch."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from convrag.errors import ModelError
from convrag.protocols import CancelToken, Encoder
from convrag.retrieval import records
from convrag.retrieval.database import Database
from convrag.retrieval.dense import checked_vectors
from convrag.retrieval.lexical import add_terms
from convrag.text.chunk import chunk
from convrag.types import Document, Passage

BATCH = 32
"""Passages after which a batch of whole documents is encoded and committed."""

Progress = Callable[[int, str], None]
"""Called with the number of documents dealt with and the source of the last one."""


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """Counts of documents added, replaced, skipped and removed, and of passages written."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    passages: int = 0


def passage_input(passage: Passage) -> str:
    """Return what the encoder reads of a passage: its title, for context, and its text."""
    return f"{passage.title}\n{passage.text}" if passage.title else passage.text


class Update:
    """One run over documents. What was committed stays, however the run ends."""

    def __init__(
        self,
        store: Database,
        encoder: Encoder,
        *,
        dimension: int,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> None:
        """Write into ``store`` with vectors of ``encoder``; documents are given to :meth:`run`."""
        self._store = store
        self._encoder = encoder
        self._dimension = dimension
        self._progress = progress
        self._cancel = cancel
        self._pending: dict[str, tuple[Document, tuple[Passage, ...]]] = {}
        self._done = 0
        self.report = UpdateReport()

    def run(self, documents: Iterable[Document], *, prune: bool) -> UpdateReport:
        """Take the documents in and return what was done; a cancelled run returns early.

        Raises:
            IndexStoreError: The database fails.
            ModelError: The encoder gives vectors that cannot be right.
        """
        seen = set()
        for document in documents:
            if self._cancelled():
                return self.report
            seen.add(document.id)
            self._take(document)
        self._flush()
        if prune and not self._cancelled():
            self._prune(seen)
        return self.report

    def _take(self, document: Document) -> None:
        if document.id in self._pending:
            self._flush()
        with self._store.snapshot() as connection:
            row = connection.execute(
                "SELECT content_hash FROM documents WHERE id = ?", (document.id,)
            ).fetchone()
        if row is not None and row[0] == document.content_hash:
            self._count(document, unchanged=1)
            return
        self._pending[document.id] = (document, chunk(document))
        if sum(len(pieces) for _, pieces in self._pending.values()) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        """Encode and commit the pending documents; the long part is outside the transaction."""
        batch = list(self._pending.values())
        if not batch:
            return
        self._pending.clear()
        encoded = list(self._encoded([piece for _, pieces in batch for piece in pieces]))
        if self._cancelled():
            return
        blobs = iter(encoded)
        replaced = []
        with self._store.transaction() as connection:
            for document, pieces in batch:
                replaced.append(records.remove_document(connection, document.id))
                _write(connection, document, [(piece, next(blobs)) for piece in pieces])
            records.bump_generation(connection)
        for (document, pieces), known in zip(batch, replaced, strict=True):
            self._count(document, added=int(not known), updated=int(known), passages=len(pieces))

    def _encoded(self, pieces: list[Passage]) -> Iterator[bytes]:
        texts = [records.storable(passage_input(piece)) for piece in pieces]
        for start in range(0, len(texts), BATCH):
            if self._cancelled():
                return
            part = texts[start : start + BATCH]
            vectors = checked_vectors(self._encoder.encode(part, "passage"), self._dimension)
            if len(vectors) != len(part):
                raise ModelError(f"the encoder gave {len(vectors)} vectors for {len(part)} texts")
            yield from (vector.astype("<f4", copy=False).tobytes() for vector in vectors)

    def _cancelled(self) -> bool:
        return self._cancel is not None and self._cancel.cancelled

    def _prune(self, seen: set[str]) -> None:
        with self._store.snapshot() as connection:
            rows = connection.execute("SELECT id FROM documents ORDER BY id").fetchall()
        gone = delete(self._store, [row[0] for row in rows if row[0] not in seen])
        self.report = replace(self.report, deleted=gone)

    def _count(self, document: Document, **more: int) -> None:
        values = {name: getattr(self.report, name) + number for name, number in more.items()}
        self.report = replace(self.report, **values)
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, document.source)


def delete(store: Database, document_ids: Iterable[str]) -> int:
    """Remove documents with all that came only from them; return how many there were.

    Raises:
        IndexStoreError: The database fails.
    """
    with store.transaction() as connection:
        gone = sum(records.remove_document(connection, document_id) for document_id in document_ids)
        if gone:
            records.bump_generation(connection)
    return gone


def _write(
    connection: sqlite3.Connection, document: Document, pieces: Iterable[tuple[Passage, bytes]]
) -> None:
    records.add_document(connection, document)
    for piece, blob in pieces:
        number = records.add_passage(connection, document.id, piece, blob)
        add_terms(connection, number, piece.title, piece.text, piece.language)
