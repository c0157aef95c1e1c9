"""The files and folders an index was made from, and how what lies in them is called."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from convrag.errors import IndexStoreError
from convrag.retrieval import records
from convrag.text.documents import source_name

_KEY = "roots"
_ENDS = "/#:!["
"""What follows a file's or folder's name in the source of something inside it."""


@dataclass(frozen=True, slots=True)
class Root:
    """A file or folder that was given to be indexed.

    Attributes:
        path: Where it is, absolute.
        name: What the sources of its documents begin with; ``.`` for nothing at all.
        folder: Whether it was a folder.
        languages: The languages its documents were said to be in.
    """

    path: Path
    name: str
    folder: bool
    languages: tuple[str, ...] = ()


class Roots:
    """A set of roots; names are unambiguous: no two things have the same one."""

    def __init__(self, roots: Iterable[Root] = ()) -> None:
        self._by_path: dict[str, Root] = {}
        self._by_name: dict[str, Root] = {}
        for root in roots:
            self._put(root)

    def __iter__(self) -> Iterator[Root]:
        return iter(sorted(self._by_name.values(), key=lambda root: root.name))

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, path: Path, name: str, languages: tuple[str, ...] = ()) -> Root:
        """Take a root in and return it; inside a root that is known it is called as there.

        Args:
            path: The file or folder, absolute.
            name: What it should be called; it becomes ``path`` when the name means another thing.
            languages: The languages of its documents.
        """
        full, folder = source_name(path), path.is_dir()
        cover = self._cover(full)
        if cover is not None:
            name = _joined(cover.name, full.removeprefix(source_name(cover.path).rstrip("/")))
        elif self._is_taken(full, name, folder):
            name = full
        root = Root(path, name, folder, languages)
        if cover is None or cover.path == path or _hidden(path.relative_to(cover.path)):
            self._put(root)  # a walk through a folder passes over what is hidden
        return root

    def discard(self, root: Root) -> None:
        """Forget a root."""
        self._by_path.pop(source_name(root.path), None)
        self._by_name.pop(root.name, None)

    def named(self, source: str) -> str:
        """Return the source of something at an absolute path as it is called here."""
        cover = self._cover(source)
        if cover is None:
            return source
        return _joined(cover.name, source.removeprefix(source_name(cover.path).rstrip("/")))

    def owner(self, name: str) -> Root | None:
        """Return the innermost root that the source ``name`` comes from; None when unknown."""
        for end in _heads(name):
            root = self._by_name.get(name[:end] or "/")
            if root is not None and _holds(root, name[end:]):
                return root
        return None if name.startswith(("/", "../")) else self._by_name.get(".")

    def located(self, name: str) -> str | None:
        """Return the source ``name`` with its absolute path, as :meth:`named` takes it."""
        owner = self.owner(name)
        rest = None if owner is None else _below(name, owner.name)
        return None if owner is None or rest is None else _joined(source_name(owner.path), rest)

    def _put(self, root: Root) -> None:
        self._by_path[source_name(root.path)] = root
        self._by_name[root.name] = root

    def _cover(self, source: str) -> Root | None:
        """Return the innermost root that holds what is at an absolute path."""
        for end in _heads(source):
            root = self._by_path.get(source[:end] or "/")
            if root is not None and _holds(root, source[end:]):
                return root
        return None

    def _is_taken(self, full: str, name: str, folder: bool) -> bool:
        """Return whether another thing, or for a folder something inside it, has this name."""
        outer = self.owner(name)
        if outer is not None:
            rest = _below(name, outer.name)
            return rest is None or full != _joined(source_name(outer.path), rest)
        if not folder:
            return False
        inner = ((other, _below(other.name, name)) for other in self._by_name.values())
        return any(
            rest is not None and source_name(other.path) != _joined(full, rest)
            for other, rest in inner
        )


def within(source: str, names: Container[str]) -> bool:
    """Return whether ``source`` is one of ``names`` or something inside one of them."""
    return any((source[:end] or "/") in names for end in _heads(source))


def load(connection: sqlite3.Connection) -> Roots:
    """Return what the index was made from, as far as it knows.

    Raises:
        IndexStoreError: The record cannot be read.
    """
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    try:
        return Roots(
            Root(Path(path), name, bool(folder), tuple(languages))
            for path, name, folder, languages in json.loads(row[0] if row else "[]")
        )
    except (TypeError, ValueError) as error:
        raise IndexStoreError(
            f"the record of the indexed folders cannot be read: {error}",
            "index the documents again with: convrag index --rebuild",
        ) from error


def store(connection: sqlite3.Connection, roots: Roots) -> None:
    """Note what the index was made from. The caller owns the transaction."""
    rows = [[str(r.path), r.name, r.folder, r.languages] for r in roots]
    records.set_meta(connection, _KEY, json.dumps(rows))


def _heads(source: str) -> Iterator[int]:
    """Yield where names of what holds ``source``, itself the first, may end."""
    yield len(source)
    for end in range(len(source) - 1, -1, -1):
        if source[end] in _ENDS:
            yield end


def _holds(root: Root, rest: str) -> bool:
    return not rest or (rest[0] == "/") == root.folder


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _below(source: str, name: str) -> str | None:
    """Return what follows ``name`` in ``source``; None when it lies elsewhere."""
    if source == name:
        return ""
    if name == ".":
        return None if source.startswith(("/", "../")) else f"/{source}"
    head = name.rstrip("/")
    return source[len(head) :] if source.startswith(tuple(head + c for c in _ENDS)) else None


def _joined(name: str, rest: str) -> str:
    if not rest:
        return name
    return rest.removeprefix("/") if name == "." else name.rstrip("/") + rest
