"""Entities under more general names."""

from __future__ import annotations

from convrag.graph.model import KnowledgeGraph
from convrag.types import Query


def generalized(graph: KnowledgeGraph, query: Query) -> str:
    """Return the query with each linked entity called by its class: "how do I clean the oven".

    Texts that speak of a kind of thing are closer to it than to a question about one of the kind.
    Entities without a class keep their names.
    """
    text = query.text
    for link in sorted(query.links, key=lambda k: -k.mention.span[0]):
        entity = graph.entities.get(link.entity_id or "")
        if entity is not None and entity.types:
            start, end = link.mention.span
            text = text[:start] + graph.label(entity.types[0], query.language) + text[end:]
    return text
