"""A persisted index: one folder that holds documents, passages, terms, vectors and entity links."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

import numpy as np

from convrag.errors import IndexStoreError
from convrag.protocols import CancelToken, Encoder, Vectors
from convrag.retrieval import checking, exporting, records, repairing, summary, updating
from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.parts import Parts, wrong_encoder
from convrag.retrieval.storage import (
    LOCK,
    MANIFEST,
    RECORDS,
    TERMS,
    Manifest,
    WriterLock,
    translated_os,
)
from convrag.retrieval.summary import IndexStats
from convrag.retrieval.terms import TermIndex
from convrag.retrieval.updating import Progress, UpdateReport
from convrag.retrieval.vectors import VectorView
from convrag.types import Document, Filter, Passage

_DERIVED = ("vectors-", ".vectors-", "names.", ".names.")
_OURS = (MANIFEST, RECORDS, LOCK, TERMS, "data-", f".{MANIFEST}-", *_DERIVED)
"""How the names of an index's files start."""


class Index:
    """An open index; made by :meth:`create` or :meth:`open`, ended by :meth:`close` or ``with``.

    Threads may share it: each reads through a connection of its own, writers take turns. Of several
    processes one may write while any number read.
    """

    def __init__(self, parts: Parts) -> None:
        """Take parts that belong together; use :meth:`create` or :meth:`open` instead."""
        self._parts = parts

    @property
    def path(self) -> Path:
        """The index's folder."""
        return self._parts.path

    @property
    def manifest(self) -> Manifest:
        """What the folder says of the index."""
        return self._parts.manifest

    @classmethod
    def create(
        cls, path: Path, *, encoder: Encoder, title: str = "", replace: bool = False
    ) -> Index:
        """Return a new, empty index in the folder ``path``, open for writing.

        Where it replaces an index, that one stays what the folder holds until :meth:`publish`,
        which a ``with`` block calls at its end unless an error ends it.

        Args:
            path: A folder that is empty or not there yet.
            encoder: Whose vectors the index will hold.
            title: For people to read.
            replace: Whether an index that is there already is to be replaced.

        Raises:
            IndexStoreError: The folder holds something else, or cannot be written.
        """
        with translated_os(path):
            path.mkdir(parents=True, exist_ok=True)
            names = sorted(entry.name for entry in path.iterdir())
        foreign = [name for name in names if not name.startswith(_OURS)]
        if foreign and not {MANIFEST, RECORDS, LOCK}.intersection(names):
            raise IndexStoreError(
                f"{path}: the folder already holds other files, such as '{foreign[0]}'",
                "name a new or an empty folder for the index",
            )
        lock = WriterLock(path)
        try:
            if not replace:
                _refuse_existing(path)
            return cls(Parts.created(path, encoder, title, lock))
        except BaseException:
            lock.release()
            raise

    def publish(self) -> None:
        """Make this index the one that its folder holds, in one step; the one before is removed.

        Raises:
            IndexStoreError: The folder cannot be written.
        """
        self._parts.publish()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        encoder_id: str | None = None,
        writable: bool = False,
        damaged: bool = False,
    ) -> Index:
        """Return the index in the folder ``path``.

        An index of an older version of convrag is brought up to date first; no text is encoded for
        that.

        Args:
            path: The index's folder.
            encoder_id: The encoder whose vectors will be compared with those of the index, if any.
            writable: Whether to hold the right to write until the index is closed.
            damaged: Whether to open it as it is, to :meth:`repair` what is not even readable.

        Raises:
            IndexStoreError: There is no such index, it is damaged or newer than this program, it
                was made with another encoder, or someone else is writing to it.
        """
        index = cls(Parts.opened(path, encoder_id, writable=writable))
        try:
            if not damaged:
                index._parts.settle()
        except BaseException:
            index.close()
            raise
        return index

    @property
    def encoder_id(self) -> str:
        """The encoder whose vectors the index holds."""
        return self.manifest.encoder

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.manifest.dimension

    @property
    def title(self) -> str:
        """The index's name for people."""
        return self.manifest.title

    @property
    def generation(self) -> int:
        """How many times the set of passages was changed: the age of what is derived from it."""
        with self.snapshot() as connection:
            return records.generation(connection)

    @property
    def passage_count(self) -> int:
        """The number of passages."""
        return sum(count for _, count in self._parts.languages())

    @property
    def languages(self) -> tuple[str, ...]:
        """The passages' languages, the one with most passages first."""
        return tuple(language for language, _ in self._parts.languages() if language)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading tables of one's own in the same file."""
        return self._parts.store.connection

    def transaction(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Give the connection inside a transaction: all of the block is kept, or nothing of it.

        Raises:
            IndexStoreError: The index is open for reading only, or the database fails.
        """
        return self._parts.store.transaction()

    def snapshot(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Give the connection with one unchanging state for the whole block; blocks may nest.

        Raises:
            IndexStoreError: The database fails.
        """
        return self._parts.store.snapshot()

    def update(
        self,
        documents: Iterable[Document],
        encoder: Encoder,
        *,
        prune: bool = False,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> UpdateReport:
        """Add new documents, replace changed ones, skip the rest, and return the counts.

        A few documents at a time are encoded and then committed together, so whatever ends the run
        takes at most those with it; the next run goes on from there.

        Args:
            documents: Compared with what is there by id and ``content_hash``.
            encoder: The one the index was made with.
            prune: Whether documents of the index that are not among ``documents`` are deleted.
            progress: Called for each document dealt with.
            cancel: Ends the run; documents not committed by then are left for the next.

        Raises:
            IndexStoreError: The encoder is another one, the index is not open for writing, or the
                database fails.
            ModelError: The encoder gives vectors that cannot be right.
        """
        if encoder.id != self.encoder_id or encoder.dimension != self.dimension:
            raise wrong_encoder(self.path, self.encoder_id, encoder.id)
        run = updating.Update(
            self._parts.store,
            encoder,
            dimension=self.dimension,
            committed=partial(self._parts.follow, midway=True),
            progress=progress,
            cancel=cancel,
        )
        try:
            return run.run(documents, prune=prune)
        finally:
            self._parts.follow()

    def delete(self, document_ids: Iterable[str]) -> int:
        """Remove documents and all that came only from them; return how many there were.

        Raises:
            IndexStoreError: The index is not open for writing, or the database fails.
        """
        gone = updating.delete(self._parts.store, document_ids)
        self._parts.follow()
        return gone

    def document(self, document_id: str) -> Document | None:
        """Return a document with its text, or None."""
        with self.snapshot() as connection:
            return records.document(connection, document_id)

    def documents(self) -> Iterator[Document]:
        """Yield every document with its text, in order of their ids."""
        with self.snapshot() as connection:
            rows = connection.execute("SELECT id FROM documents ORDER BY id").fetchall()
        for (document_id,) in rows:
            document = self.document(document_id)
            if document is not None:
                yield document

    def passages(self, ids: Sequence[str]) -> tuple[Passage, ...]:
        """Return the passages with these ids, in this order, without those that are not there."""
        with self.snapshot() as connection:
            return tuple(records.passages(connection, ids))

    def passage_ids(self) -> tuple[str, ...]:
        """Return the ids of all passages, document by document in reading order."""
        with self.snapshot() as connection:
            rows = connection.execute("SELECT id FROM passages ORDER BY document_id, first, id")
            return tuple(passage_id for (passage_id,) in rows)

    def passages_of(self, document_id: str) -> tuple[Passage, ...]:
        """Return the passages of a document, in reading order."""
        with self.snapshot() as connection:
            return tuple(records.passages_of(connection, document_id))

    def set_entities(self, entities: Mapping[str, Sequence[str]]) -> None:
        """Set the entity ids of passages, given by passage id, all in one transaction.

        Raises:
            IndexStoreError: There is no such passage, or the database fails.
        """
        with self.transaction() as connection:
            for passage_id, entity_ids in entities.items():
                number = records.number_of(connection, passage_id)
                if number is None:
                    raise IndexStoreError(f"{self.path}: there is no passage '{passage_id}'")
                records.set_entities(connection, number, entity_ids)

    def passages_with_entity(self, entity_id: str, limit: int) -> tuple[str, ...]:
        """Return the ids of at most ``limit`` passages that name the entity, in reading order."""
        with self.snapshot() as connection:
            return records.with_entity(connection, entity_id, limit)

    @property
    def terms(self) -> TermIndex:
        """The term index, at the state of the records or, beside a writer, soon after it.

        Raises:
            IndexStoreError: It cannot be opened, or the database fails.
        """
        return self._parts.terms.get()

    def vectors(self) -> VectorView:
        """Return the vectors of the current state, for searching."""
        with self.snapshot() as connection:
            return self._parts.views.view(connection, keep=not self._parts.store.in_transaction)

    def vectors_of(self, passage_ids: Sequence[str]) -> Vectors:
        """Return the encoder's own vectors of passages, float32 (N, D), unit norm, in this order.

        A passage that is not there has zeros.
        """
        with self.snapshot() as connection:
            numbers = [records.number_of(connection, passage_id) for passage_id in passage_ids]
            asked = np.array([n for n in numbers if n is not None], dtype=np.int64)
            found, matrix = records.vectors_of(connection, self.dimension, asked)
        rows = {int(number): row for number, row in zip(found, matrix, strict=True)}
        zeros = np.zeros(self.dimension, dtype=np.float32)
        result = [zeros if number is None else rows.get(number, zeros) for number in numbers]
        return np.stack([zeros, *result])[1:]

    def allowed(self, wanted: Filter) -> Bitmap | None:
        """Return the numbers of the passages that a filter lets through; None for all."""
        return self._parts.allowed(wanted)

    def verify(self) -> tuple[str, ...]:
        """Return what is wrong with the index, one line each; nothing when it is sound."""
        with self.snapshot() as connection:
            parts = self._parts
            return checking.problems(
                connection, self.dimension, parts.data, parts.projection, parts.terms.get()
            )

    def repair(self) -> tuple[str, ...]:
        """Make the index sound as far as that can be done; return what was done, one line each.

        Nothing is encoded. Damaged records are kept as ``records.sqlite.damaged-N``.

        Raises:
            IndexStoreError: The index is not open for writing, cannot be written, or nothing of its
                records can be read.
        """
        self._parts, done = repairing.repaired(self._parts)
        return done

    def stats(self) -> IndexStats:
        """Return what the index holds, in numbers."""
        with self.snapshot() as connection:
            parts = self._parts
            return summary.stats(connection, parts.manifest, parts.data, parts.projection)

    def export(self, documents: TextIO, triples: TextIO | None = None) -> int:
        """Write what the index means as text and return the number of documents.

        Indexes that mean the same give the same text, and ``convrag index`` reads both files.

        Args:
            documents: Gets a line of JSON for each document with its passages.
            triples: Gets the graph as N-Triples.
        """
        count = 0
        with self.snapshot() as connection:
            for count, line in enumerate(exporting.documents(connection), start=1):  # noqa: B007
                documents.write(line)
            if triples is not None:
                triples.writelines(exporting.triples(connection))
        return count

    def compact(self) -> None:
        """Give back the room of deleted records.

        Raises:
            IndexStoreError: The index is not open for writing, or the database fails.
        """
        self._parts.compact()

    def close(self) -> None:
        """Close the files and let others write; what was not published is gone. Idempotent."""
        self._parts.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.publish()
        finally:
            self.close()


def _refuse_existing(path: Path) -> None:
    if (path / MANIFEST).exists():
        raise IndexStoreError(
            f"{path}: there is an index already", "open it, or replace it with: --rebuild"
        )
