"""One module a file format: bytes in, text with what the file says about itself out."""

from __future__ import annotations

from dataclasses import dataclass

from convrag.types import Page


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a file; ``title`` and ``language`` are empty where the file names none."""

    text: str
    title: str = ""
    language: str = ""
    pages: tuple[Page, ...] = ()
