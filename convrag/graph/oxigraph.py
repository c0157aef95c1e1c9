"""A graph store on disk that answers SPARQL: for graphs too large for memory."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast
from urllib.parse import quote

import pyoxigraph as ox

from convrag.errors import GraphError
from convrag.graph.export import terms_of
from convrag.graph.rdf import base_iri, parse, read_bytes, read_graph
from convrag.graph.sparql import Rows, check_query, rows_of
from convrag.text.graph_files import graph_ending, is_graph

TIMEOUT = 30.0
"""Seconds that a query may take when nobody says."""
ROWS = 1000
"""Rows that an answer may have when nobody says."""
_GRAPH = "urn:convrag:source:"
_MARK = "convrag-store.json"
_STREAMED = {".ttl": "ttl", ".nt": "nt", ".rdf": "rdf", ".owl": "rdf"}
"""Endings of files without graphs of their own, with the engine's name of the format."""
_LAYOUT = {"layout": 1}


class SparqlStore:
    """A folder with an Oxigraph database: one named graph per source, queried as one graph.

    Queries run in a process of their own, which is stopped when one takes too long; it sees what
    was there when it started. One process may load at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._worker: _Worker | None = None

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
        graph = _graph_of(source)
        put: Callable[[ox.Store], None]
        ending = graph_ending(path)
        if ending in _STREAMED:
            data = read_bytes(path)
            # A look at the whole file first, so that a mistake in it costs nothing.
            count, _ = parse(path, data, lambda quads: sum(1 for _ in quads))
            form = ox.RdfFormat.from_extension(_STREAMED[ending])

            def put(store: ox.Store) -> None:
                store.bulk_load(data, format=form, base_iri=base_iri(path), to_graph=graph)
        else:
            quads = _other_quads(path, source, graph)
            count = len(quads)

            def put(store: ox.Store) -> None:
                store.bulk_extend(quads)

        self._write(graph, put)
        return count

    def remove(self, source: str) -> None:
        """Remove what the source said.

        Raises:
            GraphError: The store is in use or damaged.
        """
        self._write(_graph_of(source), lambda _: None)

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
        if not (self._folder / _MARK).is_file():
            raise GraphError(f"{self._folder}: no graph store here", "load a graph file first")
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

    def _write(self, graph: ox.NamedNode, put: Callable[[ox.Store], None]) -> None:
        """Empty the graph, in a database made when missing, and let ``put`` fill it."""
        self.close()
        mark = self._folder / _MARK
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not mark.is_file() and any(self._folder.iterdir()):
                raise GraphError(f"{self._folder}: holds other files", "name an empty folder")
            mark.write_text(json.dumps(_LAYOUT), encoding="utf-8")
            store = ox.Store(str(self._folder / "data"))
            store.remove_graph(graph)
            put(store)
            store.flush()
        except OSError as error:
            raise GraphError(
                f"{self._folder}: {' '.join(str(error).split())[:160]}",
                "another process may be writing; wait, or load the files into a new folder",
            ) from error


class _Worker:
    """The process that answers queries, and the thread that waits for it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (a module of convrag's own)
            [sys.executable, "-m", "convrag.graph.sparql_worker", str(folder / "data")],
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


def _graph_of(source: str) -> ox.NamedNode:
    return ox.NamedNode(_GRAPH + quote(source, safe="/", errors="surrogateescape"))


def _other_quads(path: Path, source: str, graph: ox.NamedNode) -> list[ox.Quad]:
    """Return the statements of a file that has graphs of its own, or is a JSON table."""
    if graph_ending(path):
        return parse(
            path,
            read_bytes(path),
            lambda quads: [ox.Quad(q.subject, q.predicate, q.object, graph) for q in quads],
        )[0]
    triples = read_graph(path, source=source).triples
    return [ox.Quad(*terms_of(triple), graph) for triple in triples]
