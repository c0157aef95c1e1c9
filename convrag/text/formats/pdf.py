"""The text of a PDF file, page by page."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from convrag.errors import DocumentError
from convrag.text.formats import Extracted
from convrag.types import Page

if TYPE_CHECKING:
    from pypdf import PdfReader

_MAX_PAGES = 5000
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
    """Return the pages' text, with a blank line between pages, and the title of the metadata.

    Raises:
        DocumentError: The file is damaged, needs a password, or holds no text.
    """
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = _opened(data)
        pages = list(_pages(reader))
        title = str(reader.metadata.title or "") if reader.metadata else ""
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
    title = " ".join(title.split())
    return Extracted(
        whole, title="" if title.casefold() in _NO_TITLE else title, pages=tuple(spans)
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

    for number, page in enumerate(reader.pages):
        if number == _MAX_PAGES:
            return
        try:
            text = page.extract_text()
        except (PyPdfError, *_BROKEN):
            text = ""
        yield "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
