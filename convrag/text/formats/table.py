"""Tables as text: a line a row, each value with the name of its column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from convrag.errors import DocumentError
from convrag.text.formats import Extracted, Lines, one_line
from convrag.text.formats.encoding import decode

_DELIMITERS = ",;\t|"
_LOOK = 50
"""Rows from which the delimiter is told."""
_NUMBER = re.compile(r"[-+]?[\d.,\s%€$£¥]+\Z")


def extract(data: bytes, *, delimiter: str = "") -> Extracted:
    """Return the rows of a table in a text file as "column: value; column: value".

    Args:
        data: The file, in any encoding.
        delimiter: What is between the values; told from the first rows when empty.

    Raises:
        DocumentError: The bytes are no text, or one value is very long.
    """
    text = decode(data)
    if text[:4].lower() == "sep=":
        delimiter, text = text[4:5], text.partition("\n")[2]
    lines = Lines()
    write(_records(text, delimiter or _delimiter(text)), lines)
    return Extracted(lines.text())


def write(rows: Iterable[Sequence[str]], lines: Lines) -> None:
    """Add ``rows`` to ``lines``, each with the names in the first one that has several values.

    What comes before is a title or remark. A first row with numbers or repeats names no columns.

    Raises:
        DocumentError: The text has become too long.
    """
    names: Sequence[str] | None = None
    start = lines.length
    for found in rows:
        cells = [one_line(cell) for cell in found]
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        if names is None and len(filled) > 1:
            names = cells if _is_header(filled) else ()
            if names:
                continue
        # A blank line between rows keeps each a sentence of its own.
        lines.paragraph("; ".join(_named(cells, names or ())))
    if names and lines.length == start:
        lines.add("; ".join(name for name in names if name))


def _named(cells: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    for number, cell in enumerate(cells):
        name = names[number] if number < len(names) else ""
        if cell:
            yield f"{name}: {cell}" if name else cell


def _is_header(filled: Sequence[str]) -> bool:
    if len(set(filled)) < len(filled):
        return False
    # The columns of a small table may be called 1, 2, 3; those of a row of data are not.
    counted = all(cell == str(n) for n, cell in enumerate(filled, start=1))
    return counted or not any(_NUMBER.match(cell) for cell in filled)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DocumentError(
                f"line {reader.line_num}: a value is longer than {csv.field_size_limit()} letters",
                hint="look for a quotation mark that is not closed",
            ) from error


def _delimiter(text: str) -> str:
    """Return the sign that parts the first rows into most often the same number of values."""
    head = text[: 1 << 16].splitlines(keepends=True)[: _LOOK + 1]
    best, most = _DELIMITERS[0], (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = [len(r) for r in csv.reader(head, delimiter=delimiter) if r]
        except csv.Error:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        score = (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)
        if score > most:
            best, most = delimiter, score
    return best
