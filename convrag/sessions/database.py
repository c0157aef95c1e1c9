"""The SQLite file of the conversations: opening, migrations, transactions, what can go wrong."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convrag.errors import ConvragError, SessionError

_BUSY = 5.0  # seconds to wait for another process's transaction

_MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "0001-sessions-turns-answers",
        (
            """CREATE TABLE sessions (
                id TEXT PRIMARY KEY, pack TEXT NOT NULL, title TEXT NOT NULL DEFAULT '',
                created REAL NOT NULL, updated REAL NOT NULL, state TEXT NOT NULL, deleted REAL
            ) STRICT""",
            """CREATE TABLE turns (
                session TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
                position INTEGER NOT NULL, id TEXT NOT NULL, role TEXT NOT NULL,
                text TEXT NOT NULL, language TEXT NOT NULL, created REAL NOT NULL,
                PRIMARY KEY (session, id), UNIQUE (session, position)
            ) STRICT""",
            """CREATE TABLE answers (
                session TEXT NOT NULL, turn TEXT NOT NULL, question TEXT NOT NULL,
                body TEXT NOT NULL, state TEXT NOT NULL,
                PRIMARY KEY (session, turn), UNIQUE (session, question),
                FOREIGN KEY (session, turn) REFERENCES turns(session, id) ON DELETE CASCADE
            ) STRICT""",
            "CREATE INDEX sessions_by_time ON sessions(updated DESC)",
        ),
    ),
)


class Database:
    """One SQLite file in WAL mode behind one lock; opened at the first transaction.

    Args:
        path: The file; it and its folder are made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file. Idempotent; a later call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the body as one transaction: all of it is kept, or on an error nothing.

        Raises:
            SessionError: The file cannot be opened or written, is locked, is damaged (it has then
                been moved aside), or was written by a newer convrag.
        """
        with self._lock:
            try:
                db = self._open()
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                finally:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise self._explain(error) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SessionError(
                    f"{self._path}: the folder cannot be made: {error.strerror}",
                    "set CONVRAG_HOME to a folder you can write",
                ) from error
            # isolation_level None: transactions are begun and ended by transaction() alone.
            db = sqlite3.connect(
                self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False
            )
            try:
                _prepare(db, self._path)
            except (sqlite3.Error, ConvragError):
                db.close()
                raise
            self._connection = db
        return self._connection

    def _explain(self, error: sqlite3.Error) -> SessionError:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            self.close()
            kept = _move_aside(self._path)
            return SessionError(
                f"{self._path}: the session file is damaged; it was moved to {kept}",
                "start again for a new file; the old one may be read with: sqlite3 FILE .recover",
            )
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return SessionError(
                f"{self._path}: the session file is locked by another program",
                "close the other program, or set CONVRAG_HOME to another folder",
            )
        if code == sqlite3.SQLITE_FULL:
            return SessionError(f"{self._path}: the disk is full", "free some space and try again")
        return SessionError(
            f"{self._path}: the session file cannot be used: {error}",
            "check that the file can be written, or set CONVRAG_HOME to another folder",
        )


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON")
    db.create_function("fold", 1, fold, deterministic=True)
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)"
        )
        applied = {row[0] for row in db.execute("SELECT name FROM migrations")}
        unknown = sorted(applied - {name for name, _ in _MIGRATIONS})
        if unknown:
            raise SessionError(
                f"{path}: written by a newer convrag (migration {unknown[-1]})",
                "upgrade convrag, or set CONVRAG_HOME to another folder",
            )
        for name, statements in _MIGRATIONS:
            if name not in applied:
                for statement in statements:
                    db.execute(statement)
                db.execute("INSERT INTO migrations VALUES (?, ?)", (name, time.time()))
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _move_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    number = 0
    target = path.with_name(f"{path.name}.damaged-{stamp}")
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    try:
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(target.with_name(target.name + suffix))
    except OSError as error:
        raise SessionError(
            f"{path}: the session file is damaged and cannot be moved aside: {error.strerror}",
            "move it away by hand and start again",
        ) from error
    return target


def storable(text: str) -> str:
    """Return ``text`` as UTF-8 can hold it: a lone surrogate, no character, becomes ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")


def fold(text: str) -> str:
    """Return the form in which titles and turns are searched."""
    return unicodedata.normalize("NFKC", storable(text)).casefold()


def dump(value: dict[str, Any]) -> str:
    """Return ``value`` as compact ASCII JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def load(text: str) -> dict[str, Any]:
    """Return the object that ``dump`` wrote.

    Raises:
        SessionError: The record is not a JSON object.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise SessionError(f"stored record: not JSON: {error}", "the session is damaged") from error
    if not isinstance(value, dict):
        raise SessionError("stored record: not a JSON object", "the session is damaged")
    return value
