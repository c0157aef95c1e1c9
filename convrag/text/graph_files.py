"""Which files are graphs, told by their names and by what lies beside them."""

from __future__ import annotations

from pathlib import Path

GRAPH_ENDINGS = (".ttl", ".nt", ".nq", ".trig", ".rdf", ".owl", ".jsonld")
"""Endings of RDF files; each may be followed by ``.gz``."""

MAPPING_ENDING = ".graph.toml"
FOLDER_MAPPING = "graph.toml"


def graph_ending(path: Path) -> str:
    """Return the ending that names the file's RDF format, ``.ttl`` for ``a.TTL.gz``, else ""."""
    ending = Path(plain_name(path)).suffix
    return ending if ending in GRAPH_ENDINGS else ""


def mapping_file(path: Path) -> Path | None:
    """Return the mapping that makes a JSON file a graph; None for a file without one.

    ``towns.json`` is a graph when ``towns.graph.toml`` lies beside it, or else ``graph.toml``,
    which holds for every JSON file of its folder. Either may be empty.
    """
    name = plain_name(path)
    if not name.endswith(".json"):
        return None
    own = path.with_name(path.name[: len(name) - len(".json")] + MAPPING_ENDING)
    return next((p for p in (own, path.with_name(FOLDER_MAPPING)) if p.is_file()), None)


def is_graph(path: Path) -> bool:
    """Return whether the file is an RDF file, or JSON with a mapping beside it."""
    return bool(graph_ending(path)) or mapping_file(path) is not None


def is_mapping(path: Path) -> bool:
    """Return whether the file says how JSON files are read as graphs."""
    return path.name.lower() == FOLDER_MAPPING or path.name.lower().endswith(MAPPING_ENDING)


def plain_name(path: Path) -> str:
    """Return the file's name in lower case and without ``.gz``."""
    return path.name.lower().removesuffix(".gz")
