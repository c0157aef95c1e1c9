"""Where an exported conversation is written, and under which name."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from convrag.errors import SessionError
from convrag.files import replace_file
from convrag.text.sanitize import plain


def slug(title: str, limit: int = 40) -> str:
    """Return letters, marks and digits of ``title`` in any script, joined by hyphens."""
    words: list[str] = [""]
    for character in unicodedata.normalize("NFC", plain(title)):
        if unicodedata.category(character)[0] in "LMN":
            words[-1] += character
        elif words[-1]:
            words.append("")
    return "-".join(word for word in words if word)[:limit].strip("-").casefold()


def write_export(folder: Path, session_id: str, title: str, ending: str, text: str) -> Path:
    """Write ``text`` into ``folder`` as one step and return the file's path.

    Raises:
        SessionError: The file cannot be written.
    """
    # File systems count bytes: 40 letters of most scripts are 120 bytes, well below their 255.
    name = "-".join(part for part in ("convrag", session_id[:8], slug(title)) if part)
    path = folder / f"{name}.{ending}"
    try:
        replace_file(path, [text.encode("utf-8", "replace")])
    except OSError as error:
        raise SessionError(
            f"{path}: cannot be written: {error.strerror}",
            "start convrag in a folder you can write",
        ) from error
    return path
