"""The files of a term index: whole or damaged, and a way to open them in a read-only folder."""

from __future__ import annotations

import json
import os
import struct
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path

META = "meta.json"
"""Lists the segments of the last commit; a folder without it holds no term index."""
_LOCK = ".tantivy-meta.lock"
_KINDS = ("idx", "term", "fast", "fieldnorm", "store", "pos")
_MAGIC = 1337
_TAIL = 8
"""Bytes at the end of a file: the length of its footer, and a fixed number."""
_CHECKED_BYTES = 64_000_000
"""An index up to this size has the checksums of its files compared when it is opened."""


def segment_files(folder: Path) -> tuple[Path, ...]:
    """Return the files that the last commit needs.

    Raises:
        OSError: The list of segments cannot be read.
        ValueError: It is not what it should be.
    """
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    try:
        found = []
        for segment in meta["segments"]:
            name = segment["segment_id"].replace("-", "")
            found += [folder / f"{name}.{kind}" for kind in _KINDS]
            if segment["deletes"] is not None:
                found.append(folder / f"{name}.{segment['deletes']['opstamp']}.del")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{META} has no list of segments") from error
    return tuple(found)


def deleted_share(folder: Path) -> float:
    """Return which share of the documents in the files are deleted ones.

    Raises:
        OSError: The list of segments cannot be read.
        ValueError: It is not what it should be.
    """
    segments = json.loads((folder / META).read_text(encoding="utf-8"))["segments"]
    held = sum(segment["max_doc"] for segment in segments)
    gone = sum(segment["deletes"]["num_deleted_docs"] for segment in segments if segment["deletes"])
    return gone / held if held else 0.0


def problems(folder: Path) -> tuple[str, ...]:
    """Return what is wrong with the files, one line each, after reading all of them.

    A merge that ends meanwhile lists other files and removes those it has put together, so what is
    missing only counts when the list is still the same.
    """
    while True:
        try:
            files = segment_files(folder)
            found = [
                f"{file.name}: {wrong}" for file in files if (wrong := _damage(file, read=True))
            ]
            if not found or segment_files(folder) == files:
                return tuple(found)
        except (OSError, ValueError) as error:
            return (f"{META}: {error}",)


class SoundFiles:
    """Remembers which files were found whole, so that each is read for that once."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: set[tuple[str, int, int]] = set()

    def check(self, folder: Path) -> bool:
        """Return whether the files of the last commit are there and whole.

        A large index is only looked at from outside: reading all of it would take seconds.

        Raises:
            OSError: A file cannot be read, or a commit removed it meanwhile.
        """
        try:
            files = segment_files(folder)
        except ValueError:
            return False
        sizes = {file: file.stat() for file in files}
        read = sum(stat.st_size for stat in sizes.values()) <= _CHECKED_BYTES
        known = set()
        for file, stat in sizes.items():
            key = (file.name, stat.st_size, stat.st_mtime_ns)
            if key not in self._known and _damage(file, read=read):
                return False
            known.add(key)
        self._known = known
        return True


def _damage(file: Path, *, read: bool) -> str:
    """Return what is wrong with a file; ``read`` compares its checksum as well."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size < _TAIL:
                return "is cut off"
            stream.seek(size - _TAIL)
            length, magic = struct.unpack("<II", stream.read(_TAIL))
            body = size - _TAIL - length
            if magic != _MAGIC or body < 0:
                return "is cut off"
            stream.seek(body)
            checksum = json.loads(stream.read(length))["crc"]
            if not read:
                return ""
            stream.seek(0)
            found = 0
            while body:
                piece = stream.read(min(body, 1 << 20))
                found = zlib.crc32(piece, found)
                body -= len(piece)
    except OSError as error:
        return error.strerror or str(error)
    except (ValueError, KeyError, TypeError):
        return "has a broken footer"
    return "" if found == checksum else "has changed since it was written"


def lockable(folder: Path) -> bool:
    """Return whether this process may lock the index, as opening it in place needs."""
    lock = folder / _LOCK
    return os.access(lock if lock.exists() else folder, os.W_OK)


def linked(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder with the index behind links, to be opened in place of it.

    Raises:
        OSError: A file cannot be read, a commit removed it meanwhile, or there is no room.
        ValueError: The list of segments is not what it should be.
    """
    temporary = tempfile.TemporaryDirectory(prefix="convrag-terms-")
    try:
        target = Path(temporary.name)
        (target / META).write_bytes((folder / META).read_bytes())
        _link(segment_files(target), folder.absolute())
    except BaseException:
        temporary.cleanup()
        raise
    return temporary


def _link(files: Iterable[Path], folder: Path) -> None:
    for file in files:
        original = folder / file.name
        original.stat()
        file.symlink_to(original)


def clear(folder: Path) -> None:
    """Remove the index, its list of segments first; processes that have it open keep it.

    Raises:
        OSError: A file cannot be removed.
    """
    (folder / META).unlink(missing_ok=True)
    for file in folder.iterdir():
        if file.is_file() and not file.name.endswith(".lock"):
            file.unlink(missing_ok=True)
