"""A graph store on disk that answers SPARQL: for graphs too large for memory.

A source is loaded into a graph of its own that counts only when it is whole: the store's record
says which graph each source has. What a load that was cut off left behind is not seen, and goes
with the next one.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast
from urllib.parse import quote, unquote

import pyoxigraph as ox

from convrag.errors import GraphError
from convrag.files import replace_file
from convrag.graph.export import terms_of
from convrag.graph.rdf import base_iri, parse, read_bytes, read_graph
from convrag.graph.sparql import ROWS, TIMEOUT, Rows, check_query, rows_of
from convrag.graph.sparql_worker import RECORD
from convrag.text.graph_files import graph_ending, is_graph

_GRAPH = "urn:convrag:source:"
_STREAMED = {".ttl": "ttl", ".nt": "nt", ".rdf": "rdf", ".owl": "rdf"}
"""Endings of files without graphs of their own, with the engine's name of the format."""
_LAYOUT = 2


@dataclass(frozen=True, slots=True)
class _Record:
    """Which graph of the database holds what each source says."""

    graphs: Mapping[str, str] = field(default_factory=dict)
    loads: int = 0
    """Counts graphs that were begun, so that each has a name of its own."""
    settled: bool = True
    """Whether the database holds no other graphs."""


_Node = ox.NamedNode | ox.BlankNode | ox.Triple
_Term = _Node | ox.Literal


class SparqlStore:
    """A folder with an Oxigraph database: one named graph per source, queried as one graph.

    Queries run in a process of their own, which is stopped when one takes too long; it sees what
    was there when it started. One process may load at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._worker: _Worker | None = None

    @property
    def name(self) -> str:
        """Where it is."""
        return str(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def load(self, path: Path, *, source: str) -> int:
        """Put what a graph file says in place of what its source said before.

        Args:
            path: A file as :func:`convrag.graph.rdf.read_graph` reads it.
            source: Names the file in the store.

        Returns:
            The number of triples.

        Raises:
            GraphError: The file is not valid; the store stays as it was.
        """
        if not is_graph(path):
            raise GraphError(f"{path}: not a graph format", "see the endings that are read")
        put: Callable[[ox.Store, ox.NamedNode], None]
        ending = graph_ending(path)
        if ending in _STREAMED:
            data = read_bytes(path)
            # A look at the whole file first, so that a mistake in it costs nothing.
            count, _ = parse(path, data, lambda quads: sum(1 for _ in quads))
            form = ox.RdfFormat.from_extension(_STREAMED[ending])

            def put(store: ox.Store, graph: ox.NamedNode) -> None:
                store.bulk_load(data, format=form, base_iri=base_iri(path), to_graph=graph)
        else:
            statements = _other_statements(path, source)
            count = len(statements)

            def put(store: ox.Store, graph: ox.NamedNode) -> None:
                store.bulk_extend(ox.Quad(*statement, graph) for statement in statements)

        self._write(source, put)
        return count

    def remove(self, source: str) -> None:
        """Remove what the source said.

        Raises:
            GraphError: The store has nothing from it, is in use or damaged.
        """
        if source not in self.sources():
            raise GraphError(
                f"{self._folder}: nothing in it is from {source}",
                f"it has {', '.join(self.sources()) or 'nothing'}",
            )
        self._write(source, None)

    def sources(self) -> tuple[str, ...]:
        """Return the names of the sources, sorted.

        Raises:
            GraphError: There is no store, or its record is damaged.
        """
        return tuple(sorted(self._record().graphs))

    def query(self, sparql: str, *, timeout: float = TIMEOUT, limit: int = ROWS) -> Rows:
        """Return the answer to a SELECT, ASK or CONSTRUCT query.

        Args:
            sparql: The query; it may not call other servers.
            timeout: Seconds it may take.
            limit: Rows it may have; what is beyond is cut off.

        Raises:
            GraphError: There is no store, the query is not valid or does not only read, or takes
                too long or too much memory.
        """
        check_query(sparql)
        self._record()
        if self._worker is None:
            self._worker = _Worker(self._folder)
        try:
            answer = self._worker.ask({"query": sparql, "limit": limit}, timeout)
        except GraphError:
            self.close()
            raise
        if "error" in answer:
            reason = " ".join(str(answer["error"]).split())[:160]
            raise GraphError(f"SPARQL: {reason}", "correct the query")
        found = rows_of(answer, limit)
        return Rows(found.columns, found.rows, found.truncated or "cut" in answer)

    def close(self) -> None:
        """Stop the process that answers queries; the next query starts another."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _record(self) -> _Record:
        path = self._folder / RECORD
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            graphs = dict(found["graphs"]) if found["layout"] == _LAYOUT else {}
            record = _Record(graphs, int(found["loads"]), bool(found["settled"]))
        except FileNotFoundError as error:
            raise GraphError(
                f"{self._folder}: no graph store here",
                f"make one with: convrag kg import FILE --store {self._folder}",
            ) from error
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise GraphError(
                f"{path}: the store's record cannot be read: {error}",
                "load the files into a new folder",
            ) from error
        if found["layout"] != _LAYOUT:
            raise GraphError(
                f"{path}: made by another version of convrag", "load the files into a new folder"
            )
        return record

    def _note(self, record: _Record) -> None:
        """Put the record in place of the one before; a crash leaves one of them."""
        path = self._folder / RECORD
        content = {"layout": _LAYOUT, "loads": record.loads, "settled": record.settled}
        text = json.dumps({**content, "graphs": dict(record.graphs)})
        replace_file(path, [text.encode("ascii")])

    def _write(self, source: str, put: Callable[[ox.Store, ox.NamedNode], None] | None) -> None:
        """Let ``put`` fill a new graph, which takes the place of the source's; None leaves none."""
        self.close()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not any(self._folder.iterdir()):
                self._note(_Record())
            elif not (self._folder / RECORD).is_file():
                raise GraphError(f"{self._folder}: holds other files", "name an empty folder")
            # It has one writer at a time, so the record is nobody else's from here on.
            store = ox.Store(str(self._folder / "data"))
            record = self._record()
            self._clear(store, record)
            graphs = dict(record.graphs)
            record = replace(record, loads=record.loads + 1, settled=False)
            self._note(record)
            if put is not None:
                graphs[source] = _graph_name(source, record.loads)
                put(store, ox.NamedNode(graphs[source]))
                store.flush()
            else:
                graphs.pop(source, None)
            record = replace(record, graphs=graphs)
            self._note(record)
            self._clear(store, record)
            self._note(replace(record, settled=True))
        except OSError as error:
            raise GraphError(
                f"{self._folder}: {' '.join(str(error).split())[:160]}",
                "another process may be writing; wait, or load the files into a new folder",
            ) from error

    def _clear(self, store: ox.Store, record: _Record) -> None:
        """Remove the graphs that are no source's."""
        whole = set(record.graphs.values())
        left = [graph for graph in store.named_graphs() if graph.value not in whole]
        for graph in left:
            store.remove_graph(graph)
        if left:
            store.flush()
            store.optimize()  # what was removed takes more room than what is there


class _Worker:
    """The process that answers queries, and the thread that waits for it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (a module of convrag's own)
            [sys.executable, "-m", "convrag.graph.sparql_worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self._requests = cast(IO[str], self._process.stdin)
        self._replies = cast(IO[str], self._process.stdout)
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, request: dict[str, object], timeout: float) -> dict[str, object]:
        """Return the process's answer; after an error the process is of no more use."""
        try:
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
            line = self._answers.get(timeout=timeout)
        except queue.Empty as error:
            raise GraphError(
                f"the query took longer than {timeout:g} seconds", "ask for less, or allow more"
            ) from error
        except OSError as error:
            raise GraphError("the graph store cannot be opened", "load its files anew") from error
        if not line:
            raise GraphError(
                "the query ended the engine: too much memory, or a fault of its own",
                "ask for less",
            )
        answer: dict[str, object] = json.loads(line)
        return answer

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._requests, self._replies):
            # What a dead process did not read is of no use to anybody.
            with contextlib.suppress(OSError):
                pipe.close()

    def _read(self) -> None:
        for line in self._replies:
            self._answers.put(line)
        self._answers.put("")


def _graph_name(source: str, load: int) -> str:
    return f"{_GRAPH}{quote(source, safe='/', errors='surrogateescape')}#{load}"


def source_of(graph: str) -> str:
    """Return the name of the source whose graph in a store has this IRI; else the IRI."""
    if not graph.startswith(_GRAPH):
        return graph
    return unquote(graph.removeprefix(_GRAPH).rpartition("#")[0], errors="surrogateescape")


def _other_statements(path: Path, source: str) -> list[tuple[_Node, ox.NamedNode, _Term]]:
    """Return the statements of a file that has graphs of its own, or is a JSON table."""
    if graph_ending(path):
        return parse(
            path,
            read_bytes(path),
            lambda quads: [(q.subject, q.predicate, q.object) for q in quads],
        )[0]
    return [terms_of(triple) for triple in read_graph(path, source=source).triples]
