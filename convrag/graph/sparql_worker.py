"""The process that answers queries over a store: it may be stopped at any time, or die.

The engine cannot be interrupted, so what must end in time runs here. Reads one JSON object a line,
``{"query": ..., "limit": ...}``, and writes one a line: a SPARQL 1.1 result, or an error.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox

RECORD = "convrag-store.json"
"""The file that says which graphs of a store count."""
MOST_CHARACTERS = 64 * 1024 * 1024
"""A longer answer is cut between two rows."""
_MOST_MEMORY = 4 * 1024**3
_Graphs = list[ox.NamedNode | ox.BlankNode] | None


def main(folder: str) -> None:
    """Answer the queries on standard input until it ends."""
    _bound_memory()
    store, graphs = _opened(Path(folder))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _answer(store, graphs, request["query"], request["limit"])
        except SyntaxError as error:
            answer = {"error": str(error)}
        except (OSError, ValueError, RuntimeError) as error:
            answer = {"error": f"the engine failed: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _opened(folder: Path) -> tuple[ox.Store, _Graphs]:
    """Return the store as it is now, and the graphs that count where there are others too."""
    while True:
        # Opened between two looks at the same record, it holds what the record says.
        before = (folder / RECORD).read_text(encoding="utf-8")
        store = ox.Store.read_only(str(folder / "data"))
        if (folder / RECORD).read_text(encoding="utf-8") == before:
            break
        time.sleep(0.05)
    record = json.loads(before)
    graphs: list[ox.NamedNode | ox.BlankNode] = [
        ox.NamedNode(graph) for graph in sorted(record["graphs"].values())
    ]
    return store, None if record["settled"] else graphs


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # not on this system; the time bound still holds
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = _MOST_MEMORY if hard == resource.RLIM_INFINITY else min(hard, _MOST_MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))


def _answer(store: ox.Store, graphs: _Graphs, query: str, limit: int) -> dict[str, Any]:
    if graphs is None:
        found = store.query(query, use_default_graph_as_union=True)
    else:
        found = store.query(query, default_graph=[*graphs], named_graphs=graphs)
    if isinstance(found, ox.QueryBoolean):
        return {"head": {}, "boolean": bool(found)}
    if isinstance(found, ox.QueryTriples):
        names = ["subject", "predicate", "object"]
        rows: Iterator[list[Any]] = ([t.subject, t.predicate, t.object] for t in found)
    else:
        variables = found.variables
        names = [variable.value for variable in variables]
        rows = ([row[variable] for variable in variables] for row in found)
    bindings: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        bound = {
            name: _json(term) for name, term in zip(names, row, strict=True) if term is not None
        }
        bindings.append(bound)
        size += sum(len(term["value"]) + 60 for term in bound.values())
        # One row too many tells that the answer was cut.
        if len(bindings) > limit:
            break
        if size > MOST_CHARACTERS:
            return {"head": {"vars": names}, "results": {"bindings": bindings}, "cut": True}
    return {"head": {"vars": names}, "results": {"bindings": bindings}}


def _json(term: Any) -> dict[str, str]:  # noqa: ANN401 (any RDF term)
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Literal):
        shown = {"type": "literal", "value": term.value}
        if term.language:
            return {**shown, "xml:lang": term.language}
        return {**shown, "datatype": term.datatype.value}
    return {"type": "literal", "value": str(term)}


if __name__ == "__main__":
    main(sys.argv[1])
