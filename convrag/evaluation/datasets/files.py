"""Data files read as streams, packed or not: what is held at a time is one row."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from convrag.errors import DatasetError, UsageError

_CHUNK = 1 << 18
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|["\[\]{}]', re.DOTALL)
_SPACE = re.compile(r"\s*")
_SCALAR = re.compile(r"[^\s,\]}]*")
_DAMAGE = (EOFError, OSError, zlib.error, zipfile.BadZipFile)
_NO_JSON = (ValueError, RecursionError)
"""What malformed JSON raises, a number of thousands of digits in it, or too deep nesting."""

Entry = tuple[int, str, Any]
"""The line where it begins, from 1, its key (its number in a list), and the JSON value."""


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Give the text of a file, of a gzip file, or of the only file in a zip archive.

    Raises:
        UsageError: There is no such file.
        DatasetError: It is damaged, is no UTF-8 text, or the archive holds several files.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file", "name a file of the data set")
    try:
        with _unpacked(path) as raw:
            yield io.TextIOWrapper(raw, "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}:{_undecodable(path)}: no UTF-8 text: {error.reason}", "save it as UTF-8 text"
        ) from error
    except _DAMAGE as error:
        raise DatasetError(f"{path}: cannot be read: {error}", "fetch or save it again") from error


@contextmanager
def _unpacked(path: Path) -> Iterator[BinaryIO]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only(archive, path)) as raw:
            yield cast("BinaryIO", raw)
    elif path.suffix == ".gz":
        with gzip.open(path, "rb") as packed:
            yield cast("BinaryIO", packed)
    else:
        with path.open("rb") as file:
            yield file


def _undecodable(path: Path) -> int:
    """Return the number of the first line that is no UTF-8, from 1."""
    with _unpacked(path) as raw:
        for number, line in enumerate(raw, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _no_json(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error.msg} at character {error.colno}"
    if isinstance(error, RecursionError):
        return "JSON nested too deep"
    return "a number of too many digits"


def json_entries(path: Path, key: str = "") -> Iterator[Entry]:
    """Yield the rows of a JSON list or object, one at a time, however long the file.

    Args:
        path: The file.
        key: The member of the top object that holds the rows; empty when the file is the rows.

    Raises:
        UsageError: There is no such file.
        DatasetError: It is no JSON, has no such member, or cannot be read.
    """
    with opened(path) as text:
        reader = _JsonReader(text, path)
        if not key:
            yield from reader.entries()
            return
        for line, name, _ in reader.members():
            if name == key:
                yield from reader.entries()
                return
            reader.skip(line)
    raise DatasetError(f"{path}: has no '{key}'", "name a file of the data set")


def json_lines(path: Path) -> Iterator[Entry]:
    """Yield the rows of a file with one JSON value a line; empty lines are passed over.

    Raises:
        UsageError: There is no such file.
        DatasetError: A line is no JSON, or the file cannot be read.
    """
    with opened(path) as text:
        for number, line in enumerate(text, start=1):
            if line.strip():
                try:
                    value = json.loads(line)
                except _NO_JSON as error:
                    raise DatasetError(
                        f"{path}:{number}: {_no_json(error)}", "correct or remove the line"
                    ) from error
                yield number, str(number), value


def table_rows(path: Path, columns: int) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of a tab-separated file without quoting.

    Raises:
        UsageError: There is no such file.
        DatasetError: A row has another number of fields, or the file cannot be read.
    """
    with opened(path) as text:
        for number, line in enumerate(text, start=1):
            row = line.rstrip("\r\n").split("\t")
            if len(row) != columns:
                raise DatasetError(
                    f"{path}:{number}: {len(row)} fields, where {columns} are due",
                    "fields are separated by tabs",
                )
            yield number, row


def first_character(path: Path) -> str:
    """Return the first character of a file that is no white space; empty when there is none.

    Raises:
        UsageError: There is no such file.
        DatasetError: It cannot be read.
    """
    with opened(path) as text:
        return text.read(_CHUNK).lstrip()[:1]


def _only(archive: zipfile.ZipFile, path: Path) -> str:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise DatasetError(f"{path}: holds {len(names)} files", "unpack it and name one of them")
    return names[0]


class _JsonReader:
    """Walks through JSON text and keeps no more of it than the value at hand."""

    def __init__(self, text: TextIO, path: Path) -> None:
        self._text = text
        self._path = path
        self._buffer = ""
        self._at = 0
        self._line = 1
        self._ended = False

    def entries(self) -> Iterator[Entry]:
        """Yield the values of the list or object that comes next."""
        if self._peek() == "{":
            for line, name, _ in self.members():
                yield line, name, self._value(line)
            return
        self._take("[")
        number = 0
        while self._peek() != "]":
            if number:
                self._take(",")
            number += 1
            self._peek()
            line = self._line
            yield line, str(number), self._value(line)
        self._take("]")

    def members(self) -> Iterator[Entry]:
        """Yield line and name of each member of an object; the caller takes its value."""
        self._take("{")
        first = True
        while self._peek() != "}":
            if not first:
                self._take(",")
            first = False
            self._peek()
            line = self._line
            name = self._value(line)
            self._take(":")
            yield line, str(name), None
        self._take("}")

    def skip(self, line: int) -> None:
        """Pass over the value that comes next."""
        self._peek()
        self._drop(self._end(line))

    def _value(self, line: int) -> Any:  # noqa: ANN401 - a JSON value
        self._peek()
        line = self._line
        end = self._end(line)
        text = self._buffer[self._at : end]
        try:
            value = json.loads(text)
        except _NO_JSON as error:
            line += getattr(error, "lineno", 1) - 1
            raise self._wrong(line, _no_json(error)) from error
        self._drop(end)
        return value

    def _end(self, line: int) -> int:
        """Return where in the buffer the value ends that begins at the current place."""
        char = self._buffer[self._at : self._at + 1]
        if char not in '"[{':
            return self._scalar_end()
        depth, at = 0, self._at
        while True:
            match = _TOKEN.search(self._buffer, at)
            if match is None or match[0] == '"':
                at = match.start() if match else len(self._buffer)
                if not self._more():
                    raise self._wrong(line, "the file ends within the row that begins here")
                continue
            at = match.end()
            if match[0] in "[{":
                depth += 1
            elif match[0] in "]}":
                depth -= 1
            if depth <= 0:
                return at

    def _scalar_end(self) -> int:
        while True:
            match = _SCALAR.match(self._buffer, self._at)
            end = match.end() if match else self._at
            if end < len(self._buffer) or not self._more():
                return end

    def _peek(self) -> str:
        """Return the next character that is no white space; empty at the end of the file."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._drop(match.end() if match else self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _take(self, char: str) -> None:
        found = self._peek()
        if found != char:
            shown = f"'{found}'" if found else "the end of the file"
            raise self._wrong(self._line, f"'{char}' is due, not {shown}")
        self._drop(self._at + 1)

    def _drop(self, end: int) -> None:
        self._line += self._buffer.count("\n", self._at, end)
        self._at = end
        if end > _CHUNK:
            self._buffer, self._at = self._buffer[end:], 0

    def _more(self) -> bool:
        """Read on; False at the end of the file."""
        if self._ended:
            return False
        chunk = self._text.read(_CHUNK)
        self._ended = not chunk
        self._buffer += chunk
        return bool(chunk)

    def _wrong(self, line: int, problem: str) -> DatasetError:
        return DatasetError(f"{self._path}:{line}: {problem}", "correct it, or fetch it again")
