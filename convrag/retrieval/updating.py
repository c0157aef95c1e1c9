"""Brings an index up to date with documents: encodes only what changed, commits batch by batch."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from convrag.errors import ModelError
from convrag.protocols import CancelToken, Encoder
from convrag.retrieval import records
from convrag.retrieval.database import Database
from convrag.retrieval.dense import checked_vectors
from convrag.retrieval.packing import packed, passage_input
from convrag.text.chunk import chunk
from convrag.types import Document, Passage

BATCH = 256
"""Passages after which a batch of whole documents is encoded and committed."""
_ENCODED = 64
"""Texts given to the encoder at once; between them a run can be cancelled."""
_SORTED = 4096
"""Passages of a large document that are sorted by length at a time."""

Progress = Callable[[int, str], None]
"""Called with the number of documents dealt with and the source of the last one."""


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """Counts of documents added, replaced, skipped and removed, and of passages written.

    ``duplicates`` are those among the added and replaced whose content another document has too.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    duplicates: int = 0
    passages: int = 0


class Update:
    """One run over documents. What was committed stays, however the run ends."""

    def __init__(
        self,
        store: Database,
        encoder: Encoder,
        *,
        dimension: int,
        committed: Callable[[], object],
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> None:
        """Write into ``store`` with vectors of ``encoder``; documents are given to :meth:`run`.

        ``committed`` is called after every batch.
        """
        self._store = store
        self._encoder = encoder
        self._dimension = dimension
        self._committed = committed
        self._progress = progress
        self._cancel = cancel
        self._pending: dict[str, tuple[Document, tuple[Passage, ...]]] = {}
        self._waiting = 0
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
        pieces = chunk(document)
        self._pending[document.id] = (document, pieces)
        self._waiting += max(1, len(pieces))
        if self._waiting >= BATCH:
            self._flush()

    def _flush(self) -> None:
        """Encode and commit the pending documents; the long part is outside the transaction."""
        batch = list(self._pending.values())
        self._pending.clear()
        self._waiting = 0
        if not batch:
            return
        vectors = self._vectors([piece for _, pieces in batch for piece in pieces])
        if vectors is None:
            return
        blobs = iter(vectors)
        replaced, repeated = [], []
        with self._store.transaction() as connection:
            generation = records.generation(connection) + 1
            for document, pieces in batch:
                replaced.append(records.remove_document(connection, document.id, generation))
                repeated.append(_is_known(connection, document.content_hash))
                records.add_document(connection, document)
                for piece in pieces:
                    records.add_passage(connection, document.id, piece, next(blobs))
            records.set_meta(connection, "generation", str(generation))
        self._committed()
        for (document, pieces), known, again in zip(batch, replaced, repeated, strict=True):
            self._count(
                document,
                added=int(not known),
                updated=int(known),
                duplicates=int(again),
                passages=len(pieces),
            )

    def _vectors(self, pieces: Sequence[Passage]) -> list[bytes] | None:
        """Return the packed vectors of ``pieces``, or None when the run was cancelled.

        What the encoder would read a second time, it does not read: the vector is taken over.
        """
        found: dict[bytes, bytes] = {}
        for start in range(0, len(pieces), _SORTED):
            part = pieces[start : start + _SORTED]
            inputs = {_digest(piece): piece for piece in part if _digest(piece) not in found}
            with self._store.snapshot() as connection:
                for digest, piece in inputs.items():
                    title, text = records.storable(piece.title), records.storable(piece.text)
                    known = records.known_vector(connection, title, text)
                    if known is not None:
                        found[digest] = known
            if not self._encode({d: p for d, p in inputs.items() if d not in found}, found):
                return None
        return [found[_digest(piece)] for piece in pieces]

    def _encode(self, inputs: dict[bytes, Passage], found: dict[bytes, bytes]) -> bool:
        """Add the packed vectors of ``inputs`` to ``found``; return False when cancelled."""
        texts = {digest: _input(piece) for digest, piece in inputs.items()}
        order = sorted(texts, key=lambda digest: (-len(texts[digest]), digest))
        for start in range(0, len(order), _ENCODED):
            if self._cancelled():
                return False
            part = order[start : start + _ENCODED]
            asked = [texts[digest] for digest in part]
            vectors = checked_vectors(self._encoder.encode(asked, "passage"), self._dimension)
            if len(vectors) != len(part):
                raise ModelError(f"the encoder gave {len(vectors)} vectors for {len(part)} texts")
            found.update(zip(part, map(packed, vectors), strict=True))
        return not self._cancelled()

    def _cancelled(self) -> bool:
        return self._cancel is not None and self._cancel.cancelled

    def _prune(self, seen: set[str]) -> None:
        with self._store.snapshot() as connection:
            rows = connection.execute("SELECT id FROM documents ORDER BY id").fetchall()
        gone = delete(self._store, [row[0] for row in rows if row[0] not in seen])
        self._committed()
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
        generation = records.generation(connection) + 1
        gone = sum(
            records.remove_document(connection, document_id, generation)
            for document_id in document_ids
        )
        if gone:
            records.set_meta(connection, "generation", str(generation))
    return gone


def _is_known(connection: sqlite3.Connection, content_hash: str) -> bool:
    query = "SELECT 1 FROM documents WHERE content_hash = ? LIMIT 1"
    return connection.execute(query, (content_hash,)).fetchone() is not None


def _input(piece: Passage) -> str:
    return records.storable(passage_input(piece.title, piece.text))


def _digest(piece: Passage) -> bytes:
    return hashlib.blake2b(_input(piece).encode("utf-8"), digest_size=16).digest()
