"""SHA-256 of large files, computed once per version of a file and remembered."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from convrag.errors import ModelError
from convrag.models.files import write_atomically

_MARKERS = "verified.json"


def file_sha256(path: Path, cache: Path) -> str:
    """Return the file's SHA-256 in hex, from the marker cache when the file did not change.

    Args:
        path: The file.
        cache: Folder of the marker file; a cache that cannot be written is done without.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        status = path.stat()
        key = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
        known = _read_markers(cache)
        if key in known:
            return known[key]
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    _remember(cache, key, digest)
    return digest


def verify_file(path: Path, sha256: str, cache: Path, remedy: str) -> None:
    """Make sure the file is the pinned one.

    Raises:
        ModelError: The file cannot be read or has another hash.
    """
    found = file_sha256(path, cache)
    if found != sha256:
        raise ModelError(
            f"{path}: SHA-256 is {found[:12]}..., expected {sha256[:12]}...: damaged or replaced",
            remedy,
        )


def _read_markers(cache: Path) -> dict[str, str]:
    try:
        loaded = json.loads((cache / _MARKERS).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # absent or damaged: hash again
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {
        key: value
        for key, value in loaded.items()
        if isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
    }


def _remember(cache: Path, key: str, digest: str) -> None:
    markers = _read_markers(cache)
    path = key.rsplit("|", 2)[0]
    kept = {old: value for old, value in markers.items() if old.rsplit("|", 2)[0] != path}
    kept[key] = digest
    data = json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=1).encode()
    try:
        write_atomically(cache / _MARKERS, data)
    except ModelError:  # a read-only cache costs a second hash, nothing more
        return
