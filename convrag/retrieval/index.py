"""A persisted index: one folder that holds documents, passages, terms, vectors and entity links."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from convrag.errors import IndexStoreError
from convrag.protocols import CancelToken, Encoder
from convrag.retrieval import checking, lexical, records, updating, vectors
from convrag.retrieval.database import Database, translated
from convrag.retrieval.storage import (
    LOCK,
    MANIFEST,
    RECORDS,
    SCHEMA,
    Manifest,
    WriterLock,
    read_manifest,
    sync_folder,
    translated_os,
    write_manifest,
)
from convrag.retrieval.updating import Progress, UpdateReport
from convrag.retrieval.vectors import VectorTable
from convrag.types import Document, Passage

_OURS = (MANIFEST, RECORDS, LOCK, "vectors-", f".{MANIFEST}-", ".vectors-")
"""How the names of an index's files start."""


class Index:
    """An open index; made by :meth:`create` or :meth:`open`, ended by :meth:`close` or ``with``.

    Threads may share it: each reads through a connection of its own, writers take turns. Of several
    processes one may write while any number read.
    """

    def __init__(
        self, path: Path, manifest: Manifest, store: Database, lock: WriterLock | None
    ) -> None:
        """Take parts that belong together; use :meth:`create` or :meth:`open` instead."""
        self.path = path
        self.manifest = manifest
        self._store = store
        self._lock = lock
        self._table: VectorTable | None = None
        self._table_lock = threading.Lock()

    @classmethod
    def create(
        cls, path: Path, *, encoder: Encoder, title: str = "", replace: bool = False
    ) -> Index:
        """Return a new, empty index in the folder ``path``, open for writing.

        Args:
            path: A folder that is empty or not there yet.
            encoder: Whose vectors the index will hold.
            title: For people to read.
            replace: Whether an index that is there already is given up.

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
            return cls._created(path, encoder, title, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _created(cls, path: Path, encoder: Encoder, title: str, lock: WriterLock) -> Index:
        with translated_os(path):
            # The manifest makes a folder an index: it goes first and comes last.
            (path / MANIFEST).unlink(missing_ok=True)
            sync_folder(path)
            for suffix in ("", "-wal", "-shm", "-journal"):
                (path / f"{RECORDS}{suffix}").unlink(missing_ok=True)
            vectors.remove_files(path)
        manifest = Manifest(
            schema=SCHEMA,
            uid=uuid.uuid4().hex,
            title=title,
            encoder=encoder.id,
            dimension=encoder.dimension,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        meta = {"uid": manifest.uid, "generation": "0", "analyzer": lexical.analysis_id()}
        store = records.create(path / RECORDS, meta)
        write_manifest(path, manifest)
        return cls(path, manifest, store, lock)

    @classmethod
    def open(cls, path: Path, *, encoder_id: str | None = None, writable: bool = False) -> Index:
        """Return the index in the folder ``path``.

        Terms of an older analysis are brought up to date first; no vector is touched by that.

        Args:
            path: The index's folder.
            encoder_id: The encoder whose vectors will be compared with those of the index, if any.
            writable: Whether to hold the right to write until the index is closed.

        Raises:
            IndexStoreError: There is no such index, it is damaged or newer than this program, it
                was made with another encoder, or someone else is writing to it.
        """
        manifest = read_manifest(path)
        if encoder_id is not None and encoder_id != manifest.encoder:
            raise wrong_encoder(path, manifest.encoder, encoder_id)
        if not (path / RECORDS).is_file():
            raise IndexStoreError(
                f"{path}: {RECORDS} is missing",
                "index the documents again with: convrag index --rebuild",
            )
        lock = WriterLock(path) if writable else None
        index = cls(path, manifest, _database(path, writable=writable), lock)
        try:
            index._settle()
        except BaseException:
            index.close()
            raise
        return index

    def _settle(self) -> None:
        with self.snapshot() as connection:
            uid = records.meta(connection, "uid")
            analyzer = records.meta(connection, "analyzer")
        if uid != self.manifest.uid:
            raise IndexStoreError(
                f"{self.path}: {MANIFEST} and {RECORDS} belong to different indexes",
                "index the documents again with: convrag index --rebuild",
            )
        if analyzer == lexical.analysis_id():
            return
        with contextlib.ExitStack() as stack:
            store = self._store
            if self._lock is None:
                stack.enter_context(WriterLock(self.path))
                store = _database(self.path, writable=True)
                stack.callback(store.close)
            with store.transaction() as connection:
                lexical.reindex(connection)
                records.set_meta(connection, "analyzer", lexical.analysis_id())

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
        with self.snapshot() as connection:
            return records.count(connection)

    @property
    def languages(self) -> tuple[str, ...]:
        """The passages' languages, the one with most passages first."""
        with self.snapshot() as connection:
            rows = connection.execute(
                "SELECT language FROM passages WHERE language <> '' GROUP BY language"
                " ORDER BY count(*) DESC, language"
            )
            return tuple(language for (language,) in rows)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading tables of one's own in the same file."""
        return self._store.connection

    def transaction(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Give the connection inside a transaction: all of the block is kept, or nothing of it.

        Raises:
            IndexStoreError: The index is open for reading only, or the database fails.
        """
        return self._store.transaction()

    def snapshot(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Give the connection with one unchanging state for the whole block; blocks may nest.

        Raises:
            IndexStoreError: The database fails.
        """
        return self._store.snapshot()

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
            self._store, encoder, dimension=self.dimension, progress=progress, cancel=cancel
        )
        report = run.run(documents, prune=prune)
        self.vectors()
        return report

    def delete(self, document_ids: Iterable[str]) -> int:
        """Remove documents and all that came only from them; return how many there were.

        Raises:
            IndexStoreError: The index is not open for writing, or the database fails.
        """
        gone = updating.delete(self._store, document_ids)
        self.vectors()
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

    def vectors(self) -> VectorTable:
        """Return all vectors of the current state, and see to the file beside the records."""
        with self.snapshot() as connection, self._table_lock:
            generation = records.generation(connection)
            if self._store.in_transaction:  # may be rolled back: nobody else shall see it
                return vectors.collect(connection, self.dimension, None)
            if self._table is not None and self._table.generation == generation:
                return self._table
            uid = self.manifest.uid
            table = vectors.read(self.path, uid, generation, self.dimension)
            if table is None or len(table.numbers) != records.count(connection):
                table = vectors.collect(connection, self.dimension, self._table)
                # A reader beside a running update does not write the whole file with each batch.
                if self._table is None or self._lock is not None:
                    table = self._kept(table)
            if self._table is None or generation > self._table.generation:
                self._table = table
            return table

    def _kept(self, table: VectorTable) -> VectorTable:
        with contextlib.suppress(OSError):  # disposable: a full disk costs only time
            vectors.write(self.path, self.manifest.uid, table)
        stored = vectors.read(self.path, self.manifest.uid, table.generation, self.dimension)
        return stored or table

    def verify(self) -> tuple[str, ...]:
        """Return what is wrong with the index, one line each; nothing when it is sound."""
        with self.snapshot() as connection:
            stored = vectors.read(
                self.path, self.manifest.uid, records.generation(connection), self.dimension
            )
            return checking.problems(connection, self.dimension, stored)

    def compact(self) -> None:
        """Give back the room of deleted records.

        Raises:
            IndexStoreError: The index is not open for writing, or the database fails.
        """
        with self.transaction() as connection:
            connection.execute("INSERT INTO passage_terms (passage_terms) VALUES ('optimize')")
        with translated(self.path):
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the files and let others write. Idempotent."""
        self._store.close()
        if self._lock is not None:
            self._lock.release()
        self._table = None

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _refuse_existing(path: Path) -> None:
    if (path / MANIFEST).exists():
        raise IndexStoreError(
            f"{path}: there is an index already", "open it, or replace it with: --rebuild"
        )


def wrong_encoder(path: Path, theirs: str, ours: str) -> IndexStoreError:
    """Return the error for an index of another encoder."""
    return IndexStoreError(
        f"{path}: the index was made with encoder '{theirs}', not with '{ours}'",
        f"use --encoder {theirs}, or index the documents again with: convrag index --rebuild",
    )


def _database(path: Path, *, writable: bool) -> Database:
    return Database(
        path / RECORDS, writable=writable, read_only_folder=not os.access(path, os.W_OK)
    )
