"""One module a file format: bytes in, text with what the file says about itself out."""

from __future__ import annotations

from dataclasses import dataclass

from convrag.errors import DocumentError
from convrag.types import Page

MAX_CHARS = 64 * 1024 * 1024
"""Longer texts are refused: little may stand for much, as a cell that is used a million times."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a file and what the file says of itself; what it does not say is empty."""

    text: str
    title: str = ""
    language: str = ""
    pages: tuple[Page, ...] = ()
    date: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things in a file: a document, another file, or a ``reason`` why it is neither."""

    data: bytes
    """Its own bytes, exactly those that were read."""
    suffix: str = ""
    """What follows the file's source in the part's: ``#id``, ``!/inner/name.txt``."""
    content: Extracted | None = None
    name: str = ""
    """The name of a part that is itself a file, to be read as its ending says."""
    reason: str = ""
    hint: str = ""


class Lines:
    """Text that grows line by line, up to :data:`MAX_CHARS`."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self.length = 0
        """Characters of :meth:`text`."""

    @property
    def end(self) -> int:
        """Where the next line will begin."""
        return self.length + 1 if self._lines else 0

    def add(self, line: str) -> None:
        """Append ``line``; an empty one is a blank line, of which there is never more than one.

        Raises:
            DocumentError: The text has become too long.
        """
        if not line and (not self._lines or not self._lines[-1]):
            return
        self.length += len(line) + (1 if self._lines else 0)
        if self.length > MAX_CHARS:
            raise DocumentError(
                f"its text is longer than {MAX_CHARS >> 20} million characters",
                hint="split it into smaller files",
            )
        self._lines.append(line)

    def paragraph(self, text: str) -> None:
        """Append ``text`` between blank lines."""
        self.add("")
        self.add(text)
        self.add("")

    def text(self) -> str:
        """Return the lines, joined."""
        return "\n".join(self._lines)


def one_line(text: str) -> str:
    """Return ``text`` with every run of white space as one space."""
    return " ".join(text.split())


def row(cells: list[str]) -> str:
    """Return the cells as a row of a Markdown table; "" when all are empty."""
    filled = [one_line(cell).replace("|", "\\|") for cell in cells]
    while filled and not filled[-1]:
        filled.pop()
    return f"| {' | '.join(filled)} |" if filled else ""
