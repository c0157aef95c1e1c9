"""The sheets of an Excel workbook as text."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from typing import TYPE_CHECKING

from convrag.errors import DocumentError
from convrag.text.formats import MAX_CHARS, Extracted, Lines, table
from convrag.text.formats.archive import Archive, Budget
from convrag.text.formats.metadata import day, labels

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_ROWS = 500_000
_MAX_CELLS = 3_000_000
"""Cells, and rows, that are looked at, empty ones too."""
_BROKEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)
"""What a damaged workbook makes the parser raise; an error in XML is a SyntaxError."""


def extract(data: bytes, budget: Budget) -> Extracted:
    """Return every sheet under its name as a heading, with a line a row.

    Raises:
        DocumentError: The file is damaged or encrypted, or has too many cells.
    """
    archive = Archive(data, budget)
    # The parser unpacks by itself, and nothing counts what it unpacks.
    if sum(archive.read(info).count(b"<row") for info in archive.members) > _MAX_ROWS:
        raise DocumentError(
            f"the workbook has more than {_MAX_ROWS} rows", hint="save the sheets as CSV"
        )
    from openpyxl import load_workbook

    lines = Lines()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            left = _MAX_CELLS
            for sheet in shown:
                sheet.reset_dimensions()
                if len(shown) > 1:
                    lines.paragraph(f"# {sheet.title}")
                rows = _Rows(sheet.iter_rows(values_only=True), left)
                table.write(rows, lines)
                left = rows.left
            about = book.properties
        except _BROKEN as error:
            raise DocumentError(
                "the workbook is damaged", hint="open it and save it again as .xlsx"
            ) from error
    return Extracted(
        lines.text().strip(),
        title=str(about.title or ""),
        date=day(about.created) if about.creator != "openpyxl" else "",
        tags=labels(about.keywords),
    )


class _Rows:
    """The rows of a sheet as text; ``left`` is how many cells may still be looked at."""

    def __init__(self, rows: Iterator[Sequence[object]], left: int) -> None:
        self._rows = rows
        self.left = left

    def __iter__(self) -> Iterator[list[str]]:
        chars = MAX_CHARS
        for found in self._rows:
            cells = [_shown(value) for value in found]
            self.left -= len(cells) + 1
            # Counted before they are copied: a long text may be in every cell, and is stored once.
            chars -= sum(map(len, cells))
            if self.left < 0 or chars < 0:
                raise DocumentError(
                    f"the workbook has more than {_MAX_CELLS} cells, or very long ones",
                    hint="save the sheets as CSV, or remove empty rows",
                )
            yield cells


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, float):
        # As many digits as a sheet shows: 0.1 + 0.2 is 0.3.
        return f"{value:.15g}"
    return str(value)
