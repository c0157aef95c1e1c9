"""Building an index from files: documents as passages, graph files as triples, passages linked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convrag.errors import UsageError
from convrag.graph import storage
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import is_graph, prefixes, read_rdf
from convrag.protocols import CancelToken, Encoder
from convrag.retrieval.index import Index
from convrag.text.documents import Refusal, read
from convrag.types import Document

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
    files = list(_files(paths))
    graphs = [path for path in files if is_graph(path)]
    texts = [path for path in files if not is_graph(path)]
    if not files:
        raise UsageError(
            f"nothing to index in {', '.join(map(str, paths))}",
            "give files or folders with txt, md, html, pdf, jsonl or ttl files",
        )
    parsed = [(path, read_rdf(path, source=_source(path, root))) for path in graphs]
    index = _open(into, encoder, title=title, rebuild=rebuild)
    try:
        triples, graph_changed = _store_graphs(index, parsed, root, prune=prune)
        refusals: list[Refusal] = []
        documents = _documents(texts, languages, root, refusals, progress)
        report = index.update(documents, encoder, progress=None, cancel=cancel)
        deleted = _prune(index, {_source(p, root) for p in texts}) if prune else 0
        if graph_changed or report.added or report.updated:
            link_passages(index, progress)
        return BuildReport(
            report.added,
            report.updated,
            report.unchanged,
            deleted,
            report.passages,
            triples,
            tuple(refusals),
        )
    finally:
        index.close()


def link_passages(index: Index, progress: Progress | None = None) -> None:
    """Link every passage to the graph's entities it names."""
    graph = KnowledgeGraph(storage.load_triples(index.connection))
    if not graph.entities:
        return
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


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(
                p
                for p in path.rglob("*")
                if p.is_file() and not any(n.startswith(".") for n in p.relative_to(path).parts)
            )
        elif path.exists():
            yield path
        else:
            raise UsageError(f"no such file or folder: {path}", "check the path")


def _source(path: Path, root: Path | None) -> str:
    if root is not None and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.as_posix()


def _store_graphs(
    index: Index, parsed: Sequence[tuple[Path, Sequence[object]]], root: Path | None, *, prune: bool
) -> tuple[int, bool]:
    total, changed = 0, False
    known = storage.source_hashes(index.connection)
    sources = {_source(path, root) for path, _ in parsed}
    with index.transaction() as connection:
        storage.create_tables(connection)
        for path, triples in parsed:
            total += len(triples)
            source = _source(path, root)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if known.get(source) != digest:
                storage.replace_source(connection, source, digest, triples, prefixes(path))  # type: ignore[arg-type]
                changed = True
        for source in set(known) - sources if prune else ():
            storage.delete_source(connection, source)
            changed = True
    return total, changed


def _documents(
    paths: Sequence[Path],
    languages: Sequence[str],
    root: Path | None,
    refusals: list[Refusal],
    progress: Progress | None,
) -> Iterator[Document]:
    for place, path in enumerate(paths):
        if progress is not None:
            progress(_source(path, root), place / len(paths))
        for found in read([path], languages=languages, root=root):
            if isinstance(found, Refusal):
                refusals.append(found)
            else:
                yield found


def _prune(index: Index, sources: set[str]) -> int:
    gone = [d.id for d in index.documents() if d.source.split("#")[0] not in sources]
    return index.delete(gone) if gone else 0
