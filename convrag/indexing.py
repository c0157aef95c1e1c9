"""Building an index from files: documents as passages, graph files as triples, passages linked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from convrag.errors import UsageError
from convrag.graph import storage
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import is_graph, prefixes, read_rdf
from convrag.protocols import CancelToken, Encoder
from convrag.retrieval.index import Index
from convrag.text.documents import Refusal, document_id, read, source_name
from convrag.types import Document, Triple

Progress = Callable[[str, float], None]
"""Called with what is being done and the share done (0..1)."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a run of :func:`build_index` did; counts of documents unless named otherwise."""

    added: int
    updated: int
    unchanged: int
    deleted: int
    passages: int
    triples: int
    refusals: tuple[Refusal, ...]


def build_index(
    paths: Sequence[Path],
    into: Path,
    encoder: Encoder,
    *,
    title: str = "",
    languages: Sequence[str] = (),
    rebuild: bool = False,
    root: Path | None = None,
    prune: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> BuildReport:
    """Bring the index in folder ``into`` up to date with the files; each document is one commit.

    Args:
        paths: Files and folders; graph files among them go into the graph.
        into: The index's folder, made when missing.
        encoder: Encodes the passages; must be the one the index was made with.
        title: The index's title when it is made.
        languages: The languages the documents may be in; empty for the default set.
        rebuild: Make the index anew from nothing.
        root: Sources are named relative to this folder where they lie below it.
        prune: Delete what the index has from files that are not among ``paths`` any more.
        progress: Told how far the work is.
        cancel: Stops after the document in work; what is committed stays.

    Raises:
        UsageError: A path is missing, or there is nothing to read.
        GraphError: A graph file is not valid RDF; nothing of it is stored.
        IndexStoreError: The folder is no index, is locked, or was made with another encoder.
    """
    files = _files(paths)
    graphs = [path for path in files if is_graph(path)]
    parsed = [(path, read_rdf(path, source=_source(source_name(path), root))) for path in graphs]
    refusals: list[Refusal] = []
    found = read(paths, languages=languages)
    index = _open(into, encoder, title=title, rebuild=rebuild)
    try:
        triples = _store_graphs(index, parsed, root, prune=prune)
        report = index.update(
            _documents(found, root, refusals),
            encoder,
            prune=prune,
            progress=_shares(progress, len(files) - len(graphs)),
            cancel=cancel,
        )
        if cancel is None or not cancel.cancelled:
            link_passages(index, progress)
        return BuildReport(
            report.added,
            report.updated,
            report.unchanged,
            report.deleted,
            report.passages,
            triples,
            tuple(refusals),
        )
    finally:
        index.close()


def link_passages(index: Index, progress: Progress | None = None) -> None:
    """Link every passage to the graph's entities it names, unless that was done already.

    What the links were made from is noted after them, so a run that was killed before or while
    linking is made up for by the next one.
    """
    state = _state(index)
    if storage.linked_state(index.connection) == state:
        return
    graph = KnowledgeGraph(storage.load_triples(index.connection))
    linker = DictionaryLinker(graph)
    ids = index.passage_ids()
    linked: dict[str, tuple[str, ...]] = {}
    for place, passage in enumerate(index.passages(ids)):
        links = linker.link(
            f"{passage.title}\n{passage.text}", language=passage.language, fuzzy=False
        )
        found = (link.entity_id for link in links if link.entity_id is not None)
        linked[passage.id] = tuple(dict.fromkeys(found))
        if progress is not None and place % 50 == 0:
            progress("linking", place / max(len(ids), 1))
    index.set_entities(linked)
    with index.transaction() as connection:
        storage.set_linked_state(connection, state)


def _state(index: Index) -> str:
    """Return what the links depend on: the set of passages and the graph's files."""
    sources = sorted(storage.source_hashes(index.connection).items())
    return hashlib.sha256(json.dumps([index.generation, sources]).encode()).hexdigest()


def fingerprint(paths: Iterable[Path], *salt: str) -> str:
    """Return a short hash over the files' names, sizes and times: equal means nothing changed."""
    rows = [list(salt)]
    for path in sorted(_files(paths)):
        facts = path.stat()
        rows.append([str(path), str(facts.st_size), str(facts.st_mtime_ns)])
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:32]


def _open(into: Path, encoder: Encoder, *, title: str, rebuild: bool) -> Index:
    if rebuild or not (into / "manifest.json").exists():
        return Index.create(into, encoder=encoder, title=title, replace=rebuild)
    return Index.open(into, encoder_id=encoder.id, writable=True)


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file())
            found += [p for p in inside if not _hidden(p.relative_to(path))]
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"no such file or folder: {path}", "check the spelling")
    return found


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _source(source: str, root: Path | None) -> str:
    """Return the source relative to ``root`` where it lies below it."""
    head = f"{source_name(root)}/" if root is not None else ""
    return source.removeprefix(head)


def _store_graphs(
    index: Index,
    parsed: Sequence[tuple[Path, tuple[Triple, ...]]],
    root: Path | None,
    *,
    prune: bool,
) -> int:
    """Bring the stored graph up to date and return the number of triples given."""
    known = storage.source_hashes(index.connection)
    given = {_source(source_name(path), root): (path, triples) for path, triples in parsed}
    with index.transaction() as connection:
        storage.create_tables(connection)
        for source, (path, triples) in given.items():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if known.get(source) != digest:
                storage.replace_source(connection, source, digest, triples, prefixes(path))
        for source in sorted(set(known) - set(given)) if prune else ():
            storage.delete_source(connection, source)
    return sum(len(triples) for _, triples in parsed)


def _documents(
    found: Iterable[Document | Refusal], root: Path | None, refusals: list[Refusal]
) -> Iterator[Document]:
    for item in found:
        if isinstance(item, Refusal):
            refusals.append(item)
            continue
        source = _source(item.source, root)
        yield replace(item, source=source, id=document_id(source))


def _shares(progress: Progress | None, total: int) -> Callable[[int, str], None] | None:
    if progress is None:
        return None
    return lambda done, source: progress(source, min(1.0, done / max(total, 1)))
