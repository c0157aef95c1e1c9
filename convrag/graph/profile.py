"""What a graph holds, counted, and what may be wrong with its names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from convrag.graph.conflicts import source_counts
from convrag.graph.model import KnowledgeGraph
from convrag.text.normalize import match_key
from convrag.types import Triple


@dataclass(frozen=True, slots=True)
class GraphProfile:
    """Counts; those by name are sorted, the largest first."""

    triples: int
    """As they were read: names, types and schema count, and what two sources say counts twice."""
    facts: int
    entities: int
    properties: Mapping[str, int]
    """Facts by property id."""
    classes: Mapping[str, int]
    """Entities by class id, those of the classes below counted too."""
    labels: Mapping[str, int]
    """Entities with a label, by language."""
    sources: Mapping[str, int]
    """Triples by source, sorted by name."""
    mean_degree: float
    """Facts that name an entity, on average."""
    median_degree: float
    hubs: tuple[tuple[str, int], ...]
    """The entities that most facts name, with the number of facts."""
    isolated: tuple[str, ...]
    """Entities that no fact names, sorted."""
    unnamed: tuple[str, ...]
    """Entities without a label in any language, nodes without an id left out, sorted."""
    namesakes: tuple[tuple[str, tuple[str, ...]], ...]
    """Match keys that several entities share, with their ids; those of most entities first."""


def profile(graph: KnowledgeGraph, triples: Sequence[Triple], *, hubs: int = 10) -> GraphProfile:
    """Return the graph's counts.

    Args:
        graph: The graph.
        triples: What it was made of.
        hubs: How many of the entities with most facts are named.
    """
    degrees = {entity_id: graph.degree(entity_id) for entity_id in graph.entities}
    predicates: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for entity in graph.entities.values():
        labels.update(entity.labels.keys())
        kinds.update(entity.types)
        for group in graph.groups(entity.id):
            predicates[group.property] += sum(t.subject == entity.id for t in group.triples)
    by_degree = sorted(degrees, key=lambda e: (-degrees[e], e))
    return GraphProfile(
        triples=len(triples),
        facts=graph.size,
        entities=len(degrees),
        properties=_sorted(predicates),
        classes=_sorted(kinds),
        labels=_sorted(labels),
        sources=source_counts(triples),
        mean_degree=round(sum(degrees.values()) / max(len(degrees), 1), 2),
        median_degree=float(median(degrees.values())) if degrees else 0.0,
        hubs=tuple((e, degrees[e]) for e in by_degree[:hubs] if degrees[e]),
        isolated=tuple(sorted(e for e, count in degrees.items() if not count)),
        unnamed=tuple(
            e.id for e in graph.entities.values() if not e.labels and not e.id.startswith("_:")
        ),
        namesakes=_namesakes(graph),
    )


def _namesakes(graph: KnowledgeGraph) -> tuple[tuple[str, tuple[str, ...]], ...]:
    owners: dict[str, set[str]] = defaultdict(set)
    for entity in graph.entities.values():
        for names in (entity.labels.values(), *entity.aliases.values()):
            for name in names:
                owners[match_key(name)].add(entity.id)
    shared = [(key, tuple(sorted(ids))) for key, ids in owners.items() if key and len(ids) > 1]
    return tuple(sorted(shared, key=lambda item: (-len(item[1]), item[0])))


def _sorted(counts: Counter[str]) -> dict[str, int]:
    rows: Iterable[tuple[str, int]] = ((k, n) for k, n in counts.items() if n)
    return dict(sorted(rows, key=lambda row: (-row[1], row[0])))
