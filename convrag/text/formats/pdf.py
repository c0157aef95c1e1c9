"""The text of a PDF file, page by page."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING

from convrag.errors import DocumentError
from convrag.text.formats import Extracted
from convrag.text.formats.metadata import day, labels
from convrag.types import Page

if TYPE_CHECKING:
    from pypdf import PdfReader

_MAX_PAGES = 5000
_MAX_OPERATORS = 10_000_000
"""Drawing commands that are followed in all: forms that draw forms soon are without end."""
_MAX_SECONDS = 300.0
_LIMITS = {
    "page_tree_maximum_entries": 2 * _MAX_PAGES,
    "xform_maximum_invocations_per_extraction": 1000,
}
"""Tighter than the parser's own, which let a small file take long."""
_NO_TITLE = frozenset({"(anonymous)", "(unspecified)", "untitled", "powerpoint presentation"})
"""What programs write where the author gave no title."""
_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What a damaged file makes a PDF parser raise besides its own errors."""


def extract(data: bytes) -> Extracted:
    """Return the pages' text, with a blank line between pages, and what the metadata says.

    Raises:
        DocumentError: The file is damaged or too large, needs a password, or holds no text.
    """
    from pypdf import apply_configuration
    from pypdf.errors import DependencyError, PyPdfError

    try:
        with apply_configuration(None, **_LIMITS):
            reader = _opened(data)
            pages = list(_pages(reader))
        about = {key: str(value) for key, value in (reader.metadata or {}).items()}
        language = str(reader.root_object.get("/Lang", ""))
    except DependencyError as error:
        raise DocumentError(
            "the PDF is encrypted in a way that cannot be read", hint="save it without encryption"
        ) from error
    except (PyPdfError, *_BROKEN) as error:
        raise DocumentError("the PDF is damaged", hint="print it to a new PDF file") from error
    parts: list[str] = []
    spans: list[Page] = []
    at = 0
    for number, text in enumerate(pages, start=1):
        spans.append(Page(number, (at, at + len(text))))
        parts.append(text)
        at += len(text) + 2
    whole = "\n\n".join(parts)
    if not whole.strip():
        raise DocumentError(
            "the PDF holds no text, only images", hint="run text recognition (OCR) on it first"
        )
    title = " ".join(about.get("/Title", "").split())
    return Extracted(
        whole,
        title="" if title.casefold() in _NO_TITLE else title,
        language=language,
        pages=tuple(spans),
        date=day(about.get("/CreationDate", "")),
        tags=labels(about.get("/Keywords", "")),
    )


def _opened(data: bytes) -> PdfReader:
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
        raise DocumentError("the PDF needs a password", hint="save a copy without a password")
    return reader


def _pages(reader: PdfReader) -> Iterator[str]:
    """Yield the text of each page; a page that cannot be read is empty."""
    from pypdf.errors import PyPdfError

    left = _MAX_OPERATORS

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0 or monotonic() > until:
            raise DocumentError("the PDF draws without end", hint="print it to a new PDF file")

    until = monotonic() + _MAX_SECONDS
    for number, page in enumerate(reader.pages):
        if number == _MAX_PAGES:
            raise DocumentError(
                f"the PDF has more than {_MAX_PAGES} pages", hint="split it into smaller files"
            )
        try:
            text = page.extract_text(visitor_operand_before=count)
        except (PyPdfError, *_BROKEN):
            text = ""
        # Errors within forms are caught by the parser; this one is raised again.
        count()
        yield text
