"""Parts of large graphs, of stores and servers, copied into an index and kept up to date there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convrag.errors import GraphError, UsageError
from convrag.graph import fragment, storage
from convrag.graph.endpoint import Endpoint
from convrag.graph.fragment import FACTS, SECONDS, Fragment
from convrag.graph.oxigraph import SparqlStore
from convrag.indexing import link_passages
from convrag.protocols import Encoder
from convrag.retrieval.index import Index
from convrag.retrieval.storage import MANIFEST
from convrag.text.documents import Refusal
from convrag.types import Triple

_SHORT = 8


@dataclass(frozen=True, slots=True)
class Copy:
    """Which part of which graph is copied; it has ``around`` or ``query``.

    Attributes:
        place: The address of a server, or the folder of a store, absolute.
        name: The source of its triples.
        around: The IRI of a thing: what is near it is copied.
        query: A CONSTRUCT query: what it builds is copied.
        hops: How many facts from the thing those are whose facts are copied.
        languages: Of texts and names around a thing; none of them means all.
        limit: Facts at most.
        timeout: Seconds at most.
    """

    place: str
    name: str
    around: str = ""
    query: str = ""
    hops: int = 1
    languages: tuple[str, ...] = ()
    limit: int = FACTS
    timeout: float = SECONDS


@dataclass(frozen=True, slots=True)
class Fetched:
    """A copy with what there is now."""

    copy: Copy
    fragment: Fragment


def default_name(place: str, *, around: str = "", query: str = "") -> str:
    """Return how a copy is called: after its place and what is copied from there."""
    digest = hashlib.sha256(query.encode()).hexdigest()[:_SHORT]
    return f"{place}#{around or f'query-{digest}'}"


def open_place(place: str) -> Endpoint | SparqlStore:
    """Return the graph that is at an address, or in a folder.

    Raises:
        GraphError: It is the address of no server.
    """
    if place.startswith(("http://", "https://")):
        return Endpoint(place)
    return SparqlStore(Path(place))


def fetch(copies: Iterable[Copy], *, strict: bool) -> tuple[list[Fetched], list[Refusal]]:
    """Return what the copies' graphs say now, and of which of them that cannot be told.

    Args:
        copies: What to fetch.
        strict: Raise the first error instead.

    Raises:
        GraphError: ``strict``, and a graph does not answer, or has nothing of the kind.
    """
    fetched: list[Fetched] = []
    refusals: list[Refusal] = []
    for copy in copies:
        try:
            fetched.append(Fetched(copy, _fetched(copy)))
        except GraphError as error:
            if strict:
                raise
            reason = f"{error.message}; what was copied before is kept"
            refusals.append(Refusal(copy.name, reason, error.hint))
    return fetched, refusals


def store(into: Path, fetched: Sequence[Fetched], encoder: Encoder, *, rebuild: bool) -> None:
    """Put what was fetched into the index, each in place of what its copy held before.

    Args:
        into: The index's folder; an index is made where there is none.
        fetched: What to store; all of it is one commit.
        encoder: With which the index is made.
        rebuild: Put a new index in the place of the one that is there.

    Raises:
        UsageError: A copy is called like a file of the index.
        IndexStoreError: The folder is no index, or is locked.
    """
    if rebuild or not (into / MANIFEST).exists():
        title = into.resolve().name
        opened = Index.create(into, encoder=encoder, title=title, replace=rebuild)
    else:
        opened = Index.open(into, encoder_id=encoder.id, writable=True)
    with opened as index:
        with index.transaction() as connection:
            storage.create_tables(connection)
            known, copies = storage.source_hashes(connection), storage.copies(connection)
            for item in fetched:
                name = item.copy.name
                if name in known and name not in copies:
                    raise UsageError(
                        f"a file of the index is called '{name}'", "give the copy another --name"
                    )
                digest = _digest(item.fragment.triples)
                if known.get(name) != digest:
                    storage.replace_source(connection, name, digest, item.fragment.triples, {})
                storage.set_copy(connection, name, json.dumps(dataclasses.asdict(item.copy)))
        link_passages(index)


def remembered(into: Path) -> tuple[Copy, ...]:
    """Return the copies that the index in ``into`` holds, by name; none if there is no index.

    Raises:
        IndexStoreError: There is an index, but it cannot be read.
        GraphError: A copy's record is damaged.
    """
    if not (into / MANIFEST).exists():
        return ()
    with Index.open(into) as index, index.snapshot() as connection:
        rows = storage.copies(connection)
    return tuple(_copy(name, record) for name, record in sorted(rows.items()))


def _fetched(copy: Copy) -> Fragment:
    graph = open_place(copy.place)
    try:
        if copy.query:
            found = fragment.built(
                graph, copy.query, source=copy.name, limit=copy.limit, timeout=copy.timeout
            )
        else:
            found = fragment.around(
                graph,
                copy.around,
                hops=copy.hops,
                languages=copy.languages,
                source=copy.name,
                limit=copy.limit,
                timeout=copy.timeout,
            )
    finally:
        if isinstance(graph, SparqlStore):
            graph.close()
    if not found.triples:
        what = "the query builds nothing" if copy.query else f"nothing is said of {copy.around}"
        raise GraphError(f"{graph.name}: {what}", "check it with: convrag kg sparql")
    return found


def _copy(name: str, record: str) -> Copy:
    try:
        values = json.loads(record)
        return Copy(**values | {"languages": tuple(values["languages"])})
    except (ValueError, TypeError, LookupError) as error:
        raise GraphError(
            f"the record of the copy {name} is damaged", f"convrag index delete {name}"
        ) from error


def _digest(triples: Iterable[Triple]) -> str:
    found = hashlib.sha256()
    for triple in triples:
        found.update(triple.id.encode("utf-8", "surrogatepass") + b"\n")
    return found.hexdigest()
