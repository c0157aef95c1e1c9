"""A persisted index: one folder that holds documents, passages, terms, vectors and entity links."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace as changed
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from convrag.errors import IndexStoreError
from convrag.protocols import CancelToken, Encoder, Vectors
from convrag.retrieval import checking, filters, migrations, records, updating, upkeep
from convrag.retrieval.ann import BaseInfo
from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.database import Database, translated
from convrag.retrieval.migrations import SCHEMA
from convrag.retrieval.storage import (
    LOCK,
    MANIFEST,
    RECORDS,
    TERMS,
    Manifest,
    WriterLock,
    read_manifest,
    sync_folder,
    translated_os,
    write_manifest,
)
from convrag.retrieval.term_sync import TermKeeper, wanted_state
from convrag.retrieval.terms import TermIndex
from convrag.retrieval.updating import Progress, UpdateReport
from convrag.retrieval.vectors import VectorView, VectorViews
from convrag.types import Document, Filter, Passage

_OURS = (MANIFEST, RECORDS, LOCK, TERMS, "data-", "vectors-", f".{MANIFEST}-", ".vectors-")
"""How the names of an index's files start."""
_FILTERS_KEPT = 8


class Index:
    """An open index; made by :meth:`create` or :meth:`open`, ended by :meth:`close` or ``with``.

    Threads may share it: each reads through a connection of its own, writers take turns. Of several
    processes one may write while any number read.
    """

    def __init__(
        self, path: Path, manifest: Manifest, lock: WriterLock | None, *, published: bool = True
    ) -> None:
        """Take an index that is there; use :meth:`create` or :meth:`open` instead."""
        self.path = path
        self.manifest = manifest
        self._lock = lock
        self._published = published
        self._data = path / manifest.data
        self._store = _database(self._data, writable=lock is not None)
        self._terms = TermKeeper(path, self._data, self._store)
        self._views = VectorViews(self._data, manifest.dimension, None)
        self._allowed: dict[tuple[int, Filter], Bitmap] = {}
        self._allowed_lock = threading.Lock()

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
            return cls._created(path, encoder, title, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _created(cls, path: Path, encoder: Encoder, title: str, lock: WriterLock) -> Index:
        uid = uuid.uuid4().hex
        replacing = (path / MANIFEST).exists()
        manifest = Manifest(
            schema=SCHEMA,
            uid=uid,
            title=title,
            encoder=encoder.id,
            dimension=encoder.dimension,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            data=f"data-{uid[:8]}" if replacing else "",
        )
        data = path / manifest.data
        with translated_os(path):
            if replacing:
                data.mkdir()
            else:  # what is there was left by a run that was killed before it wrote a manifest
                upkeep.discard(path, "data-")
            sync_folder(path)
        records.create(data / RECORDS, uid)
        index = cls(path, manifest, lock, published=not replacing)
        if not replacing:
            write_manifest(path, manifest)
        return index

    def publish(self) -> None:
        """Make this index the one that its folder holds, in one step; the one before is removed.

        Raises:
            IndexStoreError: The folder cannot be written.
        """
        if not self._published:
            write_manifest(self.path, self.manifest)
            self._published = True
            upkeep.discard(self.path, self.manifest.data)

    @classmethod
    def open(cls, path: Path, *, encoder_id: str | None = None, writable: bool = False) -> Index:
        """Return the index in the folder ``path``.

        An index of an older version of convrag is brought up to date first; no text is encoded for
        that.

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
        if not (path / manifest.data / RECORDS).is_file():
            raise IndexStoreError(
                f"{path}: {RECORDS} is missing",
                "index the documents again with: convrag index --rebuild",
            )
        index = cls(path, manifest, WriterLock(path) if writable else None)
        try:
            index._settle()
        except BaseException:
            index.close()
            raise
        return index

    def _settle(self) -> None:
        """See to it that the index can be used as it is."""
        with self.snapshot() as connection:
            uid = records.meta(connection, "uid")
            schema = migrations.schema_of(connection)
        if uid != self.manifest.uid:
            raise IndexStoreError(
                f"{self.path}: {MANIFEST} and {RECORDS} belong to different indexes",
                "index the documents again with: convrag index --rebuild",
            )
        if schema != SCHEMA or self.manifest.schema != SCHEMA:
            self._migrate()
        if self._lock is not None:
            with self.snapshot() as connection:
                info = records.base(connection)
            upkeep.discard(self.path, self.manifest.data)
            upkeep.sweep(self._data, info)
            self._follow()
            return
        with self.snapshot() as connection:
            broken = self._is_broken(records.base(connection))
        if broken:  # it can be searched all the same, but slowly
            with contextlib.suppress(IndexStoreError), Index.open(self.path, writable=True):
                pass

    def _migrate(self) -> None:
        """Bring the records to the schema of this program, then the manifest."""
        with contextlib.ExitStack() as stack:
            store = self._store
            if self._lock is None:
                stack.enter_context(WriterLock(self.path))
                store = _database(self._data, writable=True)
                stack.callback(store.close)
            with store.transaction() as connection:
                migrations.migrate(connection)
            self.manifest = changed(self.manifest, schema=SCHEMA)
            write_manifest(self.path, self.manifest)

    def _follow(self) -> None:
        """Let what is derived follow the records, as far as they are committed."""
        if self._store.in_transaction:
            return
        self._terms.get()
        with self.snapshot() as connection:
            info = records.base(connection)
            broken = self._is_broken(info)
            if not broken and not upkeep.due(connection, info):
                return
        with contextlib.suppress(OSError):  # without a base the index works, only more slowly
            self._rebase(anew=broken)

    def _is_broken(self, info: BaseInfo) -> bool:
        return upkeep.broken(self._data, info, self.dimension, self._views.projection)

    def _rebase(self, *, anew: bool) -> None:
        with self.snapshot() as connection:
            terms = self._terms.get().state
            followed = records.generation(connection)
            info = upkeep.built(
                connection, self._data, self.dimension, self._views.projection, anew=anew
            )
        followed = min(followed, 0 if terms is None else terms.generation)
        with self.transaction() as connection:
            upkeep.record(connection, info, followed)
        upkeep.sweep(self._data, info)

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
            self._store,
            encoder,
            dimension=self.dimension,
            committed=self._committed,
            progress=progress,
            cancel=cancel,
        )
        try:
            return run.run(documents, prune=prune)
        finally:
            self._follow()

    def delete(self, document_ids: Iterable[str]) -> int:
        """Remove documents and all that came only from them; return how many there were.

        Raises:
            IndexStoreError: The index is not open for writing, or the database fails.
        """
        gone = updating.delete(self._store, document_ids)
        self._follow()
        return gone

    def _committed(self) -> None:
        if not self._store.in_transaction:
            self._terms.get()

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
        return self._terms.get()

    def vectors(self) -> VectorView:
        """Return the vectors of the current state, for searching."""
        with self.snapshot() as connection:
            return self._views.view(connection, keep=not self._store.in_transaction)

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
        if wanted == Filter():
            return None
        with self.snapshot() as connection:
            if self._store.in_transaction:
                return filters.allowed(connection, wanted)
            key = (records.generation(connection), wanted)
            with self._allowed_lock:
                if key in self._allowed:
                    return self._allowed[key]
            found = filters.allowed(connection, wanted)
            if found is not None:
                with self._allowed_lock:
                    while len(self._allowed) >= _FILTERS_KEPT:
                        self._allowed.pop(next(iter(self._allowed)))
                    self._allowed[key] = found
            return found

    def verify(self) -> tuple[str, ...]:
        """Return what is wrong with the index, one line each; nothing when it is sound."""
        with self.snapshot() as connection:
            return checking.problems(
                connection, self.dimension, self._data, self._views.projection, self._terms.get()
            )

    def compact(self) -> None:
        """Give back the room of deleted records.

        Raises:
            IndexStoreError: The index is not open for writing, or the database fails.
        """
        with self.snapshot() as connection:
            state = wanted_state(connection)
            self._terms.get().optimize(records.term_records(connection, 0), state)
        with translated_os(self.path):
            self._rebase(anew=True)
        with translated(self.path):
            self.connection.execute("VACUUM")
            # Readers may be at work: then the next to close the records gives back the rest.
            self.connection.execute("PRAGMA busy_timeout = 0")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.connection.execute("PRAGMA busy_timeout = 10000")

    def close(self) -> None:
        """Close the files and let others write; what was not published is gone. Idempotent."""
        self._terms.close()
        self._store.close()
        if self._lock is not None:
            if not self._published:
                shutil.rmtree(self._data, ignore_errors=True)
            self._lock.release()

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


def wrong_encoder(path: Path, theirs: str, ours: str) -> IndexStoreError:
    """Return the error for an index of another encoder."""
    return IndexStoreError(
        f"{path}: the index was made with encoder '{theirs}', not with '{ours}'",
        f"use --encoder {theirs}, or index the documents again with: convrag index --rebuild",
    )


def _database(data: Path, *, writable: bool) -> Database:
    return Database(
        data / RECORDS, writable=writable, read_only_folder=not os.access(data, os.W_OK)
    )
