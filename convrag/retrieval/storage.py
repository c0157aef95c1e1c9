"""Files of an index that are replaced whole, the manifest among them, and the one-writer lock."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from convrag.errors import IndexStoreError
from convrag.files import replace_file
from convrag.retrieval.migrations import SCHEMA

MANIFEST = "manifest.json"
RECORDS = "records.sqlite"
LOCK = "writer.lock"
TERMS = "terms"

_DATA = re.compile(r"data-[0-9a-f]{8}")
_REBUILD = "index the documents again with: convrag index --rebuild"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What must be known before an index can be read. ``created`` is ISO 8601, UTC."""

    schema: int
    uid: str
    title: str
    encoder: str
    dimension: int
    created: str
    data: str = ""
    """Folder inside the index's own that holds the records and what is derived from them; empty
    when they lie in the index's folder itself. It changes when an index is replaced whole."""


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of the index in ``folder``; from then on the folder is an index."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=2) + "\n"
    with translated_os(folder):
        replace_file(folder / MANIFEST, [text.encode("utf-8", "backslashreplace")])


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the index in ``folder``.

    Raises:
        IndexStoreError: There is no index, its manifest is damaged, or it is of another schema.
    """
    path = folder / MANIFEST
    if not path.is_file():
        if not folder.exists():
            raise IndexStoreError(
                f"{folder}: there is no such index", "make it with: convrag index"
            )
        raise IndexStoreError(
            f"{folder}: this is not an index: it has no {MANIFEST}",
            "name the folder that 'convrag index' wrote, or make a new index",
        )
    try:
        with translated_os(folder):
            values = json.loads(path.read_bytes().decode("utf-8"))
    except ValueError as error:
        raise IndexStoreError(f"{path}: not valid JSON: {error}", _REBUILD) from error
    if not isinstance(values, dict) or type(values.get("schema")) is not int:
        raise IndexStoreError(f"{path}: has no schema version", _REBUILD)
    if values["schema"] > SCHEMA:
        raise IndexStoreError(
            f"{path}: schema {values['schema']} is newer than this convrag knows ({SCHEMA})",
            "upgrade convrag, or index the documents again into another folder",
        )
    if values["schema"] < 1:
        raise IndexStoreError(f"{path}: schema {values['schema']} is no longer read", _REBUILD)
    return _checked(path, values)


def _checked(path: Path, values: dict[str, object]) -> Manifest:
    kinds: dict[str, type] = {"uid": str, "title": str, "encoder": str, "created": str}
    kinds["dimension"] = int
    for key, kind in kinds.items():
        if type(values.get(key)) is not kind:
            raise IndexStoreError(f"{path}: '{key}' is missing or not a {kind.__name__}", _REBUILD)
    known = {key: values[key] for key in ("schema", *kinds)}
    manifest = Manifest(**known, data=values.get("data", ""))  # type: ignore[arg-type]
    if manifest.dimension < 1:
        raise IndexStoreError(f"{path}: 'dimension' is {manifest.dimension}", _REBUILD)
    if not (manifest.data == "" or _DATA.fullmatch(str(manifest.data))):
        raise IndexStoreError(f"{path}: 'data' is {manifest.data!r}", _REBUILD)
    return manifest


@contextlib.contextmanager
def translated_os(folder: Path) -> Iterator[None]:
    """Turn a failure of the file system inside the block into an :class:`IndexStoreError`."""
    try:
        yield
    except OSError as error:
        hint = "check that the folder exists and that you may write to it"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            hint = "free some disk space and run the same command again"
        raise IndexStoreError(f"{folder}: {error.strerror or error}", hint) from error


class WriterLock:
    """The right to write to the index in a folder; the system frees it when its process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock at once.

        Raises:
            IndexStoreError: Another writer has it, or the lock file cannot be written.
        """
        self._path = folder / LOCK
        with translated_os(folder):
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._lock(handle, folder)
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
            except BaseException:
                os.close(handle)
                raise
        self._handle: int | None = handle

    @staticmethod
    def _lock(handle: int, folder: Path) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise IndexStoreError(
                f"{folder}: process {holder} is writing to this index",
                "wait until it has finished, or stop it",
            ) from error

    def release(self) -> None:
        """Let others write. Idempotent."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
