"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty file next to ``path`` that takes its place when the block ends well.

    A reader sees the old file or the new one, never a part, also after a power failure; on any
    error the old one stays. A killed process leaves ``.NAME-*.tmp``.

    Raises:
        OSError: The folder or the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}.tmp")
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def replace_file(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write ``pieces`` so that ``path`` is at any moment the old file or the whole new one.

    Raises:
        OSError: The folder or the file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as stream:
        for piece in pieces:
            stream.write(piece)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in ``folder`` last through a power failure.

    Raises:
        OSError: The folder cannot be opened.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
