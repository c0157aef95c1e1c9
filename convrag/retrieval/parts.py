"""What an open index is made of, and how its parts follow each other.

The records are the truth. The term index, the base file and what is held in memory are derived from
them, and follow each commit; whatever ends a run between the two is made up for by the next to open
the index.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from convrag.errors import IndexStoreError
from convrag.files import sync_folder
from convrag.protocols import Encoder
from convrag.retrieval import filters, migrations, records, upkeep
from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.database import Database, translated
from convrag.retrieval.migrations import SCHEMA
from convrag.retrieval.projection import load_projection
from convrag.retrieval.storage import (
    MANIFEST,
    RECORDS,
    Manifest,
    WriterLock,
    read_manifest,
    translated_os,
    write_manifest,
)
from convrag.retrieval.term_sync import TermKeeper, wanted_state
from convrag.retrieval.vectors import VectorViews
from convrag.types import Filter

_FILTERS_KEPT = 8
"""Filters whose passages are remembered: a conversation often keeps to one."""


class Parts:
    """The parts of one open index; whoever holds the ``lock`` may write."""

    def __init__(
        self, path: Path, manifest: Manifest, lock: WriterLock | None, *, published: bool = True
    ) -> None:
        """Take files that belong together; nothing is read before it is asked for."""
        self.path = path
        self.manifest = manifest
        self.lock = lock
        self.published = published
        self.data = path / manifest.data
        self.store = _database(self.data, writable=lock is not None)
        self.terms = TermKeeper(path, self.data, self.store)
        self.projection = load_projection(manifest.encoder)
        self.views = VectorViews(self.data, manifest.dimension, self.projection)
        self._allowed: dict[tuple[int, Filter], Bitmap] = {}
        self._allowed_lock = threading.Lock()
        self._languages: tuple[int, tuple[tuple[str, int], ...]] = (-1, ())

    @classmethod
    def created(cls, path: Path, encoder: Encoder, title: str, lock: WriterLock) -> Parts:
        """Return the parts of a new, empty index in ``path``; one that is there stays for now.

        Raises:
            IndexStoreError: The folder cannot be written.
        """
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
        if not self.published:
            write_manifest(self.path, self.manifest)
            self.published = True
            upkeep.discard(self.path, self.manifest.data)

    @classmethod
    def opened(cls, path: Path, encoder_id: str | None, *, writable: bool) -> Parts:
        """Return the parts of the index that is there, not yet settled.

        Raises:
            IndexStoreError: There is none, it is newer than this program or of another encoder, or
                someone else is writing to it.
        """
        manifest = read_manifest(path)
        if encoder_id is not None and encoder_id != manifest.encoder:
            raise wrong_encoder(path, manifest.encoder, encoder_id)
        lock = WriterLock(path) if writable else None
        if not (path / manifest.data / RECORDS).is_file():
            # It may have been replaced since; a writer's lock keeps others from doing that.
            manifest = read_manifest(path)
        if not (path / manifest.data / RECORDS).is_file():
            if lock is not None:
                lock.release()
            raise IndexStoreError(
                f"{path}: {RECORDS} is missing",
                "index the documents again with: convrag index --rebuild",
            )
        return cls(path, manifest, lock)

    def settle(self) -> None:
        """See to it that the index can be used; for a writer, all parts follow the records.

        Raises:
            IndexStoreError: It is damaged, or of an older schema while someone else is writing.
        """
        with self.store.snapshot() as connection:
            uid = records.meta(connection, "uid")
            schema = migrations.schema_of(connection)
        if uid != self.manifest.uid:
            raise IndexStoreError(
                f"{self.path}: {MANIFEST} and {RECORDS} belong to different indexes",
                "index the documents again with: convrag index --rebuild",
            )
        if schema != SCHEMA or self.manifest.schema != SCHEMA:
            self._migrate()
        with self.store.snapshot() as connection:
            info = records.base(connection)
        broken = upkeep.broken(self.data, info, self.manifest.dimension, self.projection)
        if self.lock is not None:
            upkeep.discard(self.path, self.manifest.data)
            upkeep.sweep(self.data, info)
            self.follow(anew=broken)
        elif broken:  # it can be searched all the same, but slowly
            with contextlib.suppress(IndexStoreError):
                writer = Parts.opened(self.path, None, writable=True)
                with contextlib.closing(writer):
                    writer.settle()

    def _migrate(self) -> None:
        """Bring the records to the schema of this program, then the manifest."""
        with contextlib.ExitStack() as stack:
            store = self.store
            if self.lock is None:
                stack.enter_context(WriterLock(self.path))
                store = _database(self.data, writable=True)
                stack.callback(store.close)
            with store.transaction() as connection:
                migrations.migrate(connection)
            self.manifest = replace(self.manifest, schema=SCHEMA)
            write_manifest(self.path, self.manifest)

    def follow(self, *, midway: bool = False, anew: bool = False) -> None:
        """Let what is derived follow the records, as far as they are committed.

        Args:
            midway: Whether more is about to come: then only a very long tail goes into a base.
            anew: Whether the base is not fit to be searched.

        Raises:
            IndexStoreError: The term index cannot be written, or the database fails.
        """
        if self.store.in_transaction:
            return
        self.terms.get()
        with self.store.snapshot() as connection:
            due = upkeep.due(connection, records.base(connection), midway=midway)
        if due or anew:
            with contextlib.suppress(OSError):  # without a base all works, only more slowly
                self.rebase(anew=anew)

    def rebase(self, *, anew: bool) -> None:
        """Build the base, from nothing or by what is new, and forget what was removed.

        Raises:
            IndexStoreError: The database fails.
            OSError: The file cannot be written.
        """
        with self.store.snapshot() as connection:
            terms = self.terms.get().state
            followed = records.generation(connection)
            info = upkeep.built(
                connection, self.data, self.manifest.dimension, self.projection, anew=anew
            )
        followed = min(followed, 0 if terms is None else terms.generation)
        with self.store.transaction() as connection:
            upkeep.record(connection, info, followed)
        upkeep.sweep(self.data, info)

    def languages(self) -> tuple[tuple[str, int], ...]:
        """Return the passages' languages with their numbers of passages, most first.

        Every search asks: they are counted once a generation.
        """
        with self.store.snapshot() as connection:
            if self.store.in_transaction:
                return records.languages(connection)
            generation = records.generation(connection)
            counted, found = self._languages
            if counted != generation:
                found = records.languages(connection)
                self._languages = generation, found
            return found

    def allowed(self, wanted: Filter) -> Bitmap | None:
        """Return the numbers of the passages that a filter lets through; None for all."""
        if wanted == Filter():
            return None
        with self.store.snapshot() as connection:
            if self.store.in_transaction:
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

    def compact(self) -> None:
        """Build what is derived from the records anew and give back the room of what is gone.

        Raises:
            IndexStoreError: The index is not open for writing, or cannot be written.
        """
        self.store.require_writable()
        with self.store.snapshot() as connection:
            state = wanted_state(connection)
            self.terms.get().optimize(records.term_records(connection, 0), state)
        with translated_os(self.path):
            self.rebase(anew=True)
        with translated(self.store.path):
            connection = self.store.connection
            connection.execute("VACUUM")
            # Readers may be at work: then the next to close the records gives back the rest.
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA busy_timeout = 10000")

    def close(self) -> None:
        """Close the files and let others write; what was not published is gone. Idempotent."""
        self.terms.close()
        self.store.close()
        if self.lock is not None:
            if not self.published:
                shutil.rmtree(self.data, ignore_errors=True)
                self.published = True  # there is nothing left to publish
            self.lock.release()


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
