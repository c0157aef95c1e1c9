"""Documents and what is read from them, for tests."""

from __future__ import annotations

from convrag.graph.building.build import text_graph
from convrag.graph.building.extraction import extracted
from convrag.graph.building.merging import merged
from convrag.graph.building.names import Name
from convrag.graph.building.schema import described
from convrag.graph.model import KnowledgeGraph
from convrag.types import Document, Triple


def document(text: str, title: str = "", language: str = "en", source: str = "a.md") -> Document:
    """Return a document whose id is its source."""
    return Document(source, text, title, language, source, "hash")


def facts(text: str, title: str = "", language: str = "en") -> set[tuple[str, str, str]]:
    """Return (subject, relation, value with its unit) of all that is claimed for certain."""
    return {
        (c.subject.text, c.relation.label, f"{_text(c.value)} {c.unit}".strip())
        for c in extracted(document(text, title, language))
        if c.rule != "together"
    }


def graph_of(*documents: Document, given: tuple[Triple, ...] = ()) -> KnowledgeGraph:
    """Return the graph of what the documents say, with a graph that was given."""
    said = [t for d in documents for t in text_graph(d).triples]
    return KnowledgeGraph(merged((*given, *described(said), *said)))


def named(graph: KnowledgeGraph, label: str) -> list[str]:
    """Return the ids of the entities with this label in any language."""
    return [e.id for e in graph.entities.values() if label in e.labels.values()]


def about(graph: KnowledgeGraph, label: str, language: str = "en") -> set[tuple[str, str]]:
    """Return (property, value) of the facts from the only entity with this label."""
    (entity,) = named(graph, label)
    return {
        (graph.label(group.property, language), _value(graph, other, language))
        for group in graph.groups(entity)
        if group.forward
        for other in group.others
    }


def _value(graph: KnowledgeGraph, other: object, language: str) -> str:
    return graph.label(other, language) if isinstance(other, str) else other.value  # type: ignore[attr-defined]


def _text(value: object) -> str:
    return value.text if isinstance(value, Name) else value.value  # type: ignore[attr-defined]
