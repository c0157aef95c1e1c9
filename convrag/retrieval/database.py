"""A SQLite file that threads share: connections, snapshots, transactions, errors with remedies."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from convrag.errors import IndexStoreError


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn a database failure inside the block into an :class:`IndexStoreError` with a remedy."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    except UnicodeEncodeError as error:
        raise IndexStoreError(
            f"{path}: an id has a character that UTF-8 cannot hold: {error.object!r:.80}",
            "rename the source of this document",
        ) from error


def _explained(path: Path, error: sqlite3.Error) -> IndexStoreError:
    name = getattr(error, "sqlite_errorname", None) or ""
    text = str(error)
    if name.startswith("SQLITE_FULL"):
        hint = "free some disk space and run the same command again; what was committed is kept"
    elif name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        hint = "check that the folder exists and that you may write to it"
    elif name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "no such table" in text:
        hint = "the file is damaged; index the documents again with: convrag index --rebuild"
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        hint = "another process is writing; wait a moment and try again"
    elif name.startswith("SQLITE_CONSTRAINT"):
        hint = "two records have the same id; give every document an id of its own"
    elif "no such module: fts5" in text:
        hint = "this Python's SQLite has no full-text search; use a Python built with FTS5"
    else:
        hint = ""
    return IndexStoreError(f"{path}: {text}", hint)


class Database:
    """The database of one index: a connection a thread, one transaction at a time.

    Threads of one process may share an object. A reader sees the state of the last commit; inside
    :meth:`snapshot` it sees one state throughout.
    """

    def __init__(self, path: Path, *, writable: bool, read_only_folder: bool = False) -> None:
        """Prepare to read ``path``; nothing is opened before the first use.

        Args:
            path: The database file; it must exist, see :meth:`create`.
            writable: Whether :meth:`transaction` is allowed.
            read_only_folder: Nothing at all can be written beside the file, not even shared memory.
        """
        self.path = path
        self.writable = writable
        self._read_only_folder = read_only_folder
        self._writing = threading.RLock()
        self._registry = threading.Lock()
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        self._local = threading.local()
        self._closed = False

    @classmethod
    def create(cls, path: Path, script: str) -> Database:
        """Return the database in the new file ``path``, made by the SQL ``script``.

        Raises:
            IndexStoreError: The file cannot be written.
        """
        with translated(path), contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN;{script}COMMIT;")
        return cls(path, writable=True)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading; rows are tuples.

        Raises:
            IndexStoreError: The records are closed or cannot be opened.
        """
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None or self._closed:
            with translated(self.path):
                connection = self._connect()
            self._local.connection = connection
            self._local.mode = ""
        return connection

    def _connect(self) -> sqlite3.Connection:
        with self._registry:
            if self._closed:
                raise IndexStoreError(f"{self.path}: the index is closed", "open it again")
            for thread in [t for t in self._connections if not t.is_alive()]:
                self._connections.pop(thread).close()
            mode = "ro&immutable=1" if self._read_only_folder else "rw"
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,  # close() runs in whichever thread ends the index
                timeout=10.0,
            )
            self._connections[threading.current_thread()] = connection
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        if not self.writable:
            connection.execute("PRAGMA query_only = ON")
        return connection

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside :meth:`transaction`."""
        return getattr(self._local, "mode", "") == "write"

    def require_writable(self) -> None:
        """Raise :class:`IndexStoreError` when the records were opened for reading only."""
        if not self.writable:
            raise IndexStoreError(
                f"{self.path}: the index was opened for reading", "open it with writable=True"
            )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction: all of the block is kept, or nothing of it.

        A block inside another of the same thread belongs to the outer one.

        Raises:
            IndexStoreError: The index is open for reading only, or the database fails.
        """
        self.require_writable()
        with self._writing, translated(self.path):
            connection = self.connection
            if self._local.mode == "write":
                yield connection
                return
            if self._local.mode == "read":
                raise IndexStoreError(f"{self.path}: a snapshot cannot be written to")
            connection.execute("BEGIN IMMEDIATE")
            yield from self._run(connection, "write")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Give the connection with one unchanging state of the records for the whole block.

        Raises:
            IndexStoreError: The database fails.
        """
        with translated(self.path):
            connection = self.connection
            if self._local.mode:
                yield connection
                return
            connection.execute("BEGIN")
            yield from self._run(connection, "read")

    def _run(self, connection: sqlite3.Connection, mode: str) -> Iterator[sqlite3.Connection]:
        self._local.mode = mode
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            self._local.mode = ""
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close every thread's connection. Idempotent."""
        with self._registry:
            self._closed = True
            while self._connections:
                self._connections.popitem()[1].close()
