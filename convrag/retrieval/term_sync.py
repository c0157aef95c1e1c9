"""Keeps the term index at the state of the records."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

from convrag.errors import IndexStoreError
from convrag.retrieval import records, term_files
from convrag.retrieval.database import Database
from convrag.retrieval.storage import TERMS, WriterLock
from convrag.retrieval.terms import TermIndex, TermState, analysis_id


class TermKeeper:
    """The term index of an open index; it is opened when it is first asked for."""

    def __init__(self, folder: Path, data: Path, store: Database) -> None:
        """Follow the records ``store`` in ``data``; the writer's lock lies in ``folder``."""
        self._folder = folder
        self._data = data
        self._store = store
        self._lock = threading.RLock()
        self._terms: TermIndex | None = None
        self._tried = -1

    def get(self) -> TermIndex:
        """Return the term index, brought up to the records' state where that can be done.

        Who reads does it too unless a writer is at work, who does it in a moment.

        Raises:
            IndexStoreError: It cannot be opened, or the database fails.
        """
        with self._lock, self._store.snapshot() as connection:
            if self._terms is None:
                self._terms = self._opened() if self._store.writable else self._read()
            if self._store.in_transaction:  # may be taken back
                return self._terms
            wanted = wanted_state(connection)
            if not _current(self._terms.state, wanted) and not self._store.writable:
                self._terms.refresh()
            if not _current(self._terms.state, wanted):
                self._renew(self._terms, connection, wanted)
            return self._terms

    def _renew(self, terms: TermIndex, connection: sqlite3.Connection, wanted: TermState) -> None:
        if self._store.writable:
            catch_up(terms, connection, wanted)
        elif self._tried != wanted.generation:
            self._tried = wanted.generation
            with contextlib.suppress(IndexStoreError), WriterLock(self._folder):
                with contextlib.closing(self._opened()) as writable:
                    catch_up(writable, connection, wanted)
                terms.refresh()

    def _read(self) -> TermIndex:
        return TermIndex.open(self._data / TERMS, writable=False)

    def _opened(self) -> TermIndex:
        """Return the term index, open for writing; needs the writer's lock.

        A commit that was killed may leave a list of removed passages under the very name that the
        next commit gives to its own, which then fails.
        """
        folder = self._data / TERMS
        with contextlib.suppress(OSError, ValueError):
            listed = set(term_files.segment_files(folder))
            for path in set(folder.glob("*.del")) - listed:
                path.unlink()
        return TermIndex.open(folder, writable=True)

    def close(self) -> None:
        """Close the term index. Idempotent."""
        with self._lock:
            if self._terms is not None:
                self._terms.close()
                self._terms = None


def wanted_state(connection: sqlite3.Connection) -> TermState:
    """Return the state of a term index that has what the records have."""
    return TermState(
        uid=records.meta(connection, "uid"),
        generation=records.generation(connection),
        last=records.last_number(connection),
        analyzer=analysis_id(),
    )


def _current(state: TermState | None, wanted: TermState) -> bool:
    """Return whether nothing is missing; the state may be newer than a reader's snapshot."""
    return (
        state is not None
        and (state.uid, state.analyzer) == (wanted.uid, wanted.analyzer)
        and state.generation >= wanted.generation
    )


def catch_up(terms: TermIndex, connection: sqlite3.Connection, wanted: TermState) -> None:
    """Bring ``terms``, open for writing, to the state ``wanted`` of the connection.

    Raises:
        IndexStoreError: It cannot be written.
    """
    state = terms.state
    if state is None or (state.uid, state.analyzer) != (wanted.uid, wanted.analyzer):
        terms.rebuild(records.term_records(connection, 0), wanted)
        return
    removed = records.removed_since(connection, state.generation).tolist()
    try:
        terms.apply(records.term_records(connection, state.last), removed, wanted)
    except IndexStoreError:  # its files are not what they should be: all is in the records
        terms.rebuild(records.term_records(connection, 0), wanted)
