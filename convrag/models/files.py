"""Files made from models, in the folder of the user's caches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convrag import files
from convrag.errors import ModelError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty file that takes the place of ``path`` when the block ends well.

    The folder is made. On any error the old file stays (``convrag.files.replacing``).

    Raises:
        ModelError: The folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as temporary:
            yield temporary
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
