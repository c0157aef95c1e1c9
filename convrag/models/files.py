"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convrag.errors import ModelError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty file next to ``path`` that takes its place when the block ends well.

    A reader sees the old file or the new one, never a part; on any error the old one stays.

    Raises:
        ModelError: The folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be written: {error.strerror or error}",
            "free some disk space, or set CONVRAG_HOME to a folder you can write to",
        ) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` so that a reader sees the old file or the new one, never a part.

    Raises:
        ModelError: The folder or the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)
