"""What an index has documents and triples from: finding it by name, and deleting it."""

from __future__ import annotations

import fnmatch
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from convrag.errors import UsageError
from convrag.graph import storage
from convrag.retrieval.index import Index
from convrag.retrieval.roots import within

_WILD = re.compile(r"[*?\[]")
_NEAR = 60.0
"""How alike two names are from which on one is offered for the other (0..100)."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document or a graph file of an index."""

    name: str
    document_id: str = ""
    """Empty for a graph file."""
    passages: int = 0


def listed(connection: sqlite3.Connection) -> tuple[Source, ...]:
    """Return everything that the index has something from, by name."""
    documents = connection.execute(
        "SELECT source, id, (SELECT count(*) FROM passages WHERE document_id = documents.id)"
        " FROM documents"
    )
    found = [Source(*row) for row in documents]
    found += [Source(name) for name in storage.source_hashes(connection)]
    return tuple(sorted(found, key=lambda item: (item.name, item.document_id)))


def find(
    known: Sequence[Source], wanted: Iterable[str], *, other_name: Callable[[str], str]
) -> tuple[Source, ...]:
    """Return the sources that ``wanted`` names, each once, in the order of ``known``.

    Args:
        known: What there is.
        wanted: Sources or document ids; names of folders, archives and files with several
            documents, for all that is in them; or patterns as the shell writes them, where ``*``
            also stands for ``/``.
        other_name: How something that is not found might be called as well.

    Raises:
        UsageError: One of them names nothing; the hint says what is called alike.
    """
    chosen: set[Source] = set()
    for text in wanted:
        name = text.encode("utf-8", "backslashreplace").decode("utf-8")
        name = name.removeprefix("./").rstrip("/") or name
        found = _matching(known, name) or _matching(known, other_name(name))
        if not found:
            raise _nothing(known, name)
        chosen.update(found)
    return tuple(item for item in known if item in chosen)


def delete(index: Index, found: Sequence[Source]) -> int:
    """Delete sources with all that came only from them; return the number of documents.

    Raises:
        IndexStoreError: The index is not open for writing, or the database fails.
    """
    documents = [item.document_id for item in found if item.document_id]
    graphs = [item.name for item in found if not item.document_id]
    if graphs:
        with index.transaction() as connection:
            storage.create_tables(connection)
            for name in graphs:
                storage.delete_source(connection, name)
    return index.delete(documents) if documents else 0


def _matching(known: Sequence[Source], name: str) -> list[Source]:
    found = [s for s in known if within(s.name, {name}) or s.document_id == name]
    if not found and _WILD.search(name):
        pattern = re.compile(fnmatch.translate(name))
        found = [s for s in known if pattern.match(s.name)]
    return found


def _nothing(known: Sequence[Source], name: str) -> UsageError:
    from rapidfuzz import fuzz, process

    names = list(dict.fromkeys(s.name for s in known))
    near = process.extract(name, names, scorer=fuzz.WRatio, limit=3, score_cutoff=_NEAR)
    hint = "'convrag index stats' says what is in it"
    if near:
        hint = "called alike: " + ", ".join(each[0] for each in near)
    elif not known:
        hint = "the index is empty"
    return UsageError(f"nothing in the index is called '{name}'", hint)
