"""Building an index from files: documents as passages, graph files as triples, passages linked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from convrag.errors import UsageError
from convrag.graph import storage
from convrag.graph.building.tagger import EntityTagger
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.name_table import fingerprint_of, open_names
from convrag.graph.rdf import GraphFile, content_hash, is_graph, read_graph
from convrag.protocols import CancelToken, Encoder
from convrag.retrieval import records, sources, text_graphs
from convrag.retrieval import roots as remembered
from convrag.retrieval.index import Index
from convrag.retrieval.metering import Meter, Progress
from convrag.retrieval.roots import Root, Roots, within
from convrag.retrieval.storage import MANIFEST
from convrag.text.documents import Refusal, document_id, read, source_name
from convrag.types import Document

_Parsed = Mapping[str, tuple[str, GraphFile | None]]
"""Graph files by the names of their sources: their hash and what they say, None if it is known."""


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
    duplicates: int = 0
    """Those among the added and updated whose content another document has too."""


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
    alone: bool = False,
    graph_from_text: bool | None = None,
    tag_names: bool | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> BuildReport:
    """Bring the index in folder ``into`` up to date with files; a few documents are one commit.

    Args:
        paths: Files and folders; graph files among them go into the graph. None of them means
            those that the index was made from.
        into: The index's folder, made when missing.
        encoder: Encodes the passages; must be the one the index was made with.
        title: The index's title when it is made.
        languages: The languages the documents may be in; empty for the default set.
        rebuild: Make the index anew from nothing; until that is done the old one stays in use.
        root: Sources are named relative to this folder where they lie below it; else as ``paths``
            say, or as the index calls them already.
        prune: Delete what came from ``paths`` before and is not there any more. What is there but
            cannot be read is kept as it was.
        alone: With ``prune``: delete all else too, and forget where it came from. What lay in
            another folder before, under the same names, is not encoded again.
        graph_from_text: Whether what the documents' texts say becomes part of the graph. None for
            what was chosen before, which is no for a new index.
        tag_names: Whether the trained tagger finds the names in running text for that, else those
            in capitals are found. None for what was chosen before.
        progress: Told how far the work is.
        cancel: Stops after the documents in work; what is committed stays.

    Raises:
        UsageError: A path is missing, or there is nothing to read.
        GraphError: A graph file is not valid RDF; nothing of it is stored.
        IndexStoreError: The folder is no index, is locked, or was made with another encoder.
    """
    # A damaged index can be replaced without being read.
    roots = Roots() if alone or (rebuild and paths) else remembered_roots(into)
    given = _given(roots, paths, root, tuple(languages)) if paths else tuple(roots)
    if rebuild and not paths and graph_from_text is None:
        graph_from_text = text_graphs.chosen(into)
    if not given:
        raise UsageError(
            f"{into}: it is not known which files and folders this index is made from",
            "name them",
        )
    there = [item for item in given if item.path.exists() or item.path.is_symlink()]
    files = _files(item.path for item in there)
    meter = Meter(progress, len(files), roots)
    found = _read(there, meter, must_find=bool(paths))
    anew = rebuild or not (into / MANIFEST).exists()
    # Before there is an index to make: a mistake in a graph must not leave an empty one behind.
    parsed = _parsed(files, roots, {}) if anew else {}
    documents = _Documents(found, roots)
    documents.refusals += [_missing(item) for item in given if item.folder and item not in there]
    with _open(into, encoder, title=title, rebuild=rebuild) as index:
        if not anew:
            parsed = _parsed(files, roots, storage.source_hashes(index.connection))
        _remember(index, given, alone=alone)
        _store_graphs(index, parsed)
        report = index.update(documents, meter.watching(encoder), cancel=cancel)
        deleted = 0
        if cancel is None or not cancel.cancelled:
            if prune:
                scope = {source_name(i.path) for i in given if i in there or not i.folder}
                deleted = _prune(index, roots, None if alone else scope, documents, parsed)
            text_graphs.bring_up_to_date(
                index,
                graph_from_text,
                tagged=tag_names,
                load_tagger=partial(EntityTagger.load, encoder),
                progress=progress,
                cancel=cancel,
            )
            link_passages(index, progress)
        triples = storage.triple_count(index.connection)
        if rebuild and cancel is not None and cancel.cancelled:
            # Half of the documents must not take the place of all.
            index.close()
    return BuildReport(
        report.added,
        report.updated,
        report.unchanged,
        deleted,
        report.passages,
        triples,
        tuple(documents.refusals),
        report.duplicates,
    )


def remembered_roots(into: Path) -> Roots:
    """Return the files and folders that the index in ``into`` was made from; none if there is none.

    Raises:
        IndexStoreError: There is an index, but it cannot be read.
    """
    if not (into / MANIFEST).exists():
        return Roots()
    with Index.open(into) as index:
        return remembered.load(index.connection)


def delete_sources(index: Index, found: Sequence[sources.Source]) -> int:
    """Delete documents and graph files from the index; return how many of them may come back.

    Files and folders of which nothing is left are forgotten. What lies in one that is remembered
    comes back when the index is brought up to date while the file is still there.

    Raises:
        IndexStoreError: The index is not open for writing, or the database fails.
    """
    sources.delete(index, found)
    with index.transaction() as connection:
        roots = remembered.load(connection)
        left = [roots.owner(item.name) for item in sources.listed(connection)]
        for root in set(roots) - set(left):
            roots.discard(root)
        remembered.store(connection, roots)
    link_passages(index)
    return sum(roots.owner(item.name) is not None for item in found)


def _given(
    roots: Roots, paths: Sequence[Path], root: Path | None, languages: tuple[str, ...]
) -> tuple[Root, ...]:
    """Return ``paths`` as roots, called as ``roots`` call them, which take them in."""
    base = None if root is None else Path(os.path.abspath(root))  # noqa: PTH100
    given = []
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise UsageError(f"no such file or folder: {path}", "check the spelling")
        full = Path(os.path.abspath(path))  # noqa: PTH100 - links in it stay as they are
        inside = base is not None and full.is_relative_to(base)
        name = full.relative_to(base) if inside and base else Path(os.path.normpath(path))
        given.append(roots.add(full, source_name(name), languages))
    return tuple(given)


def _missing(root: Root) -> Refusal:
    return Refusal(
        root.name,
        "the folder is not there; what came from it is kept",
        f"this deletes it: convrag index delete {root.name}",
    )


def _read(given: Sequence[Root], meter: Meter, *, must_find: bool) -> Iterator[Document | Refusal]:
    """Return what is in ``given``; what has languages of its own is read with them."""
    groups: dict[tuple[str, ...], list[Path]] = {}
    for root in given:
        groups.setdefault(root.languages, []).append(root.path)
    parts = []
    for languages, paths in groups.items():
        try:
            parts.append(read(paths, languages=languages, progress=meter.read))
        except UsageError:
            if must_find:
                raise
    return chain.from_iterable(parts)


def _parsed(files: Sequence[Path], roots: Roots, known: Mapping[str, str]) -> _Parsed:
    parsed: dict[str, tuple[str, GraphFile | None]] = {}
    for path in files:
        if is_graph(path):
            name = roots.named(source_name(path))
            # Hashed first: if the file changes meanwhile, the next run sees that it did.
            digest = content_hash(path)
            same = known.get(name) == digest
            parsed[name] = digest, None if same else read_graph(path, source=name)
    return parsed


def _remember(index: Index, given: Iterable[Root], *, alone: bool) -> None:
    with index.transaction() as connection:
        roots = Roots() if alone else remembered.load(connection)
        for root in given:
            roots.add(root.path, root.name, root.languages)
        remembered.store(connection, roots)


def _prune(
    index: Index, roots: Roots, scope: set[str] | None, documents: _Documents, parsed: _Parsed
) -> int:
    """Delete what lies in ``scope``, None for anywhere, and was not found; return how many."""
    unread = {refusal.source for refusal in documents.refusals}
    kept = documents.seen.union(parsed)

    def gone(source: str) -> bool:
        place = roots.located(source)
        inside = scope is None or (place is not None and within(place, scope))
        return inside and source not in kept and not within(source, unread)

    with index.snapshot() as connection:
        listed = sources.listed(connection)
        kept.update(storage.copies(connection))  # they come from no file
    return sources.delete(index, [item for item in listed if gone(item.name)])


def link_passages(index: Index, progress: Progress | None = None) -> None:
    """Link every passage to the graph's entities it names, unless that was done already.

    What the links were made from is noted after them, so a run that was killed before or while
    linking is made up for by the next one. While the graph stays the same, only passages that came
    since are looked at.
    """
    with index.snapshot() as connection:
        files = storage.content_hashes(connection)
        graph = fingerprint_of(files)
        last = records.last_number(connection)
        linked = storage.linked_state(connection)
        number, _, known = linked.partition(" ")
        since = int(number) if known == graph else 0
        rows = connection.execute(
            "SELECT id FROM passages WHERE number > ? ORDER BY number", (since,)
        )
        ids = [passage_id for (passage_id,) in rows]
    state = f"{last} {graph}"
    if linked == state:
        return
    if files or known not in ("", graph):  # else there never was anything to link to
        index.set_entities(_links(index, ids, progress))
    with index.transaction() as connection:
        storage.create_tables(connection)
        storage.set_linked_state(connection, state)


def _links(
    index: Index, ids: Sequence[str], progress: Progress | None
) -> dict[str, tuple[str, ...]]:
    """Return the entities that passages name, by passage id."""
    graph = KnowledgeGraph(storage.load_triples(index.connection))
    hashes = storage.content_hashes(index.connection)
    linker = DictionaryLinker(graph, open_names(graph, index.path, fingerprint_of(hashes)))
    linked: dict[str, tuple[str, ...]] = {}
    for place, passage in enumerate(index.passages(ids)):
        links = linker.link(
            f"{passage.title}\n{passage.text}", language=passage.language, fuzzy=False
        )
        found = (link.entity_id for link in links if link.entity_id is not None)
        linked[passage.id] = tuple(dict.fromkeys(found))
        if progress is not None and place % 50 == 0:
            progress("linking", place / max(len(ids), 1))
    return linked


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


def _store_graphs(index: Index, parsed: _Parsed) -> None:
    """Store what is new or changed among the graph files."""
    with index.transaction() as connection:
        storage.create_tables(connection)
        for source, (digest, graph) in parsed.items():
            if graph is not None:
                storage.replace_source(connection, source, digest, graph.triples, graph.prefixes)


class _Documents:
    """What was found, called as the index calls it; knows what came by and what did not."""

    def __init__(self, found: Iterable[Document | Refusal], roots: Roots) -> None:
        self._found = found
        self._roots = roots
        self.seen: set[str] = set()
        self.refusals: list[Refusal] = []

    def __iter__(self) -> Iterator[Document]:
        for item in self._found:
            source = self._roots.named(item.source)
            if isinstance(item, Refusal):
                self.refusals.append(replace(item, source=source))
                continue
            self.seen.add(source)
            yield replace(item, source=source, id=document_id(source))
