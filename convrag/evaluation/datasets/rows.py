"""One JSON object of a data set, whose fields are what they should be or an error with a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrag.errors import DatasetError
from convrag.evaluation.datasets.files import Entry


@dataclass(frozen=True, slots=True)
class Row:
    """A JSON object, where it comes from, and the format it should have."""

    fields: Mapping[str, Any]
    place: str
    """File and line of the row that it is in."""
    path: str
    """Where it is in that row: ``paragraphs[0].qas[2]``."""
    format: str
    """What the set's rows look like, for people."""

    @classmethod
    def of(cls, file: Path, entry: Entry, layout: str) -> Row:
        """Return the row of a file.

        Raises:
            DatasetError: It is no object.
        """
        line, _, value = entry
        row = cls(value if isinstance(value, dict) else {}, f"{file}:{line}", "", layout)
        if not isinstance(value, dict):
            raise row.wrong("", "must be an object")
        return row

    def wrong(self, name: str, problem: str) -> DatasetError:
        """Return the error that says what is wrong with a field."""
        path = f"{self.path}.{name}" if self.path and name else self.path or name
        return DatasetError(
            f"{self.place}: {path or 'the row'} {problem}", f"format: {self.format}"
        )

    def has(self, name: str) -> bool:
        """Return whether there is such a field, and more than null in it."""
        return self.fields.get(name) is not None

    def text(self, name: str) -> str:
        """Return a text that must not be empty, also of a number.

        Raises:
            DatasetError: It is missing, empty, or no text.
        """
        value = self.optional(name)
        if not value.strip():
            raise self.wrong(name, "is empty" if self.has(name) else "is missing")
        return value

    def optional(self, name: str) -> str:
        """Return a text, also of a number; empty when it is missing.

        Halves of surrogate pairs, which JSON can spell and no file can hold, are replaced.

        Raises:
            DatasetError: It is no text.
        """
        value = self.fields.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.wrong(name, "must be a text")
        return _whole(str(value))

    def number(self, name: str) -> int:
        """Return a whole number, also one written as a text.

        Raises:
            DatasetError: It is missing or no whole number.
        """
        value = self.fields.get(name)
        if value is None:
            raise self.wrong(name, "is missing")
        try:
            return int(str(value))
        except ValueError as error:
            raise self.wrong(name, "must be a whole number") from error

    def flag(self, name: str) -> bool | None:
        """Return true, false, or None when it is missing.

        Raises:
            DatasetError: It is something else.
        """
        value = self.fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list that are not empty; of a text itself; none when missing.

        Raises:
            DatasetError: It is neither, or something in the list is no text.
        """
        value = self.fields.get(name)
        items = [value] if isinstance(value, str) else self._list(name)
        for at, item in enumerate(items):
            if isinstance(item, bool) or not isinstance(item, str | int | float):
                raise self.wrong(f"{name}[{at}]", "must be a text")
        return tuple(text for item in items if (text := _whole(str(item))).strip())

    def rows(self, name: str, *, needed: bool = True) -> Iterator[Row]:
        """Yield the objects of a list.

        Raises:
            DatasetError: It is no list, something in it is no object, or it is needed and missing.
        """
        if needed and not self.has(name):
            raise self.wrong(name, "is missing")
        for at, item in enumerate(self._list(name)):
            yield self._inside(f"{name}[{at}]", item)

    def row(self, name: str) -> Row:
        """Return the object in a field.

        Raises:
            DatasetError: It is missing or no object.
        """
        if not self.has(name):
            raise self.wrong(name, "is missing")
        return self._inside(name, self.fields[name])

    def _inside(self, name: str, value: object) -> Row:
        if not isinstance(value, dict):
            raise self.wrong(name, "must be an object")
        path = f"{self.path}.{name}" if self.path else name
        return Row(value, self.place, path, self.format)

    def _list(self, name: str) -> list[Any]:
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "must be a list")
        return value


def _whole(text: str) -> str:
    if not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
