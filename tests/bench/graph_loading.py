"""How long graphs take to be read, stored and opened, and how much memory they hold.

    python -m tests.bench.graph_loading files FOLDER...   each folder's files, against rdflib
    python -m tests.bench.graph_loading open FILE         one graph, stored and opened again
    python -m tests.bench.graph_loading made TRIPLES      the same for a graph made up here

Times are of the processor, in seconds; memory is what the process holds more than before, in MB.
"""

from __future__ import annotations

import gc
import logging
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from convrag.graph import storage
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import is_graph, read_graph
from convrag.types import Literal, Triple

_RDFLIB = {".ttl": "turtle", ".nt": "nt", ".rdf": "xml", ".owl": "xml", ".trig": "trig"}
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_SYLLABLES = ("ka", "lo", "mi", "ren", "tu", "sha", "vel", "dor", "bin", "qua", "ost", "ira", "ul")
_SIGNS = "山川湖海云雨雷电风火林木石金水土"


def main(arguments: list[str]) -> None:
    """Run the measurement named first."""
    kind, *rest = arguments
    if kind == "files":
        for folder in rest:
            _files(Path(folder))
    elif kind == "open":
        _opened(read_graph(Path(rest[0]), source="s").triples)
    elif kind == "made":
        _opened(_made(int(rest[0])))
    else:
        raise SystemExit(__doc__)


def _files(folder: Path) -> None:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and is_graph(p))
    if not files:
        return
    start = time.process_time()
    triples = [t for p in files for t in read_graph(p, source=p.name).triples]
    read = time.process_time() - start
    start = time.process_time()
    graph = KnowledgeGraph(triples)
    made = time.process_time() - start
    named = [e for e in graph.entities.values() if e.labels]
    languages = {language for e in named for language in e.labels}
    megabytes = sum(p.stat().st_size for p in files) / 1e6
    print(
        f"{folder.name:18} {len(files):3} files {megabytes:6.2f} MB {len(triples):7} triples: "
        f"read {read:5.2f} s, rdflib {_by_rdflib(files)} s, graph {made:5.2f} s; "
        f"{len(graph.entities)} entities, {len(named)} named in {len(languages)} languages, "
        f"{graph.size} facts"
    )


def _by_rdflib(files: Iterable[Path]) -> str:
    import rdflib

    logging.getLogger("rdflib").setLevel(logging.CRITICAL)  # it reports every odd date
    start = time.process_time()
    for path in files:
        if path.suffix not in _RDFLIB:
            return "-"
        graph = rdflib.Graph(bind_namespaces="none")
        graph.parse(data=path.read_bytes(), format=_RDFLIB[path.suffix])
    return f"{time.process_time() - start:5.2f}"


def _opened(triples: tuple[Triple, ...]) -> None:
    count = len(triples)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.db"
        connection = sqlite3.connect(path)
        start = time.process_time()
        with connection:
            storage.create_tables(connection)
            storage.replace_source(connection, "s", "hash", triples, {})
        stored = time.process_time() - start
        del triples
        gc.collect()
        before = _resident()
        start = time.process_time()
        loaded = storage.load_triples(connection)
        read = time.process_time() - start
        start = time.process_time()
        graph = KnowledgeGraph(loaded)
        made = time.process_time() - start
        del loaded
        gc.collect()
        held = _resident() - before
        start = time.process_time()
        DictionaryLinker(graph)
        linking = time.process_time() - start
        print(
            f"{count} triples: stored in {stored:.2f} s, {path.stat().st_size / 1e6:.1f} MB on "
            f"disk; read back in {read:.2f} s, graph in {made:.2f} s, {held:.0f} MB; "
            f"linker in {linking:.2f} s, {_resident() - before - held:.0f} MB; "
            f"{len(graph.entities)} entities, {graph.size} facts"
        )
        connection.close()


def _made(count: int) -> tuple[Triple, ...]:
    """Return a graph in which a fifth of the triples are names in three languages."""
    draw = random.Random(0)
    entities = [f"https://ex.example/{number}" for number in range(max(2, count // 15))]
    made: set[Triple] = set()
    for entity in entities:
        words = ["".join(draw.choices(_SYLLABLES, k=draw.randint(2, 3))) for _ in range(2)]
        name = " ".join(words).title()
        signs = "".join(draw.choices(_SIGNS, k=4))
        for language, text in (("en", name), ("de", name + "en"), ("zh", signs)):
            made.add(Triple(entity, _LABEL, Literal(text, "", language), "s"))
    while len(made) < count:
        # A few entities are in many facts, as in graphs that people have.
        one, other = entities[int(len(entities) * draw.random() ** 3)], draw.choice(entities)
        made.add(Triple(one, f"https://ex.example/p/{draw.randint(0, 50)}", other, "s"))
    return tuple(sorted(made, key=lambda triple: triple.id))


def _resident() -> float:
    """Return the memory that the process holds, in MB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    return 0.0


if __name__ == "__main__":
    main(sys.argv[1:])
