"""What a graph holds, counted, and what may be wrong with its names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from convrag.graph import terms
from convrag.graph.conflicts import source_counts
from convrag.graph.model import KnowledgeGraph
from convrag.graph.sparql import Queried, iri_term
from convrag.text.normalize import match_key
from convrag.types import Literal, Triple

_MOST_COUNTS = 100_000


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


@dataclass(frozen=True, slots=True)
class LargeProfile:
    """Counts of a graph that is not in memory; those by name are sorted, the largest first."""

    triples: int
    subjects: int
    properties: Mapping[str, int]
    """Triples by predicate."""
    classes: Mapping[str, int]
    """Things by class."""
    labels: Mapping[str, int]
    """Labels by language."""
    sources: Mapping[str, int]
    """Triples by graph of the store; a server has those it calls so."""


def count_by_query(graph: Queried, *, timeout: float) -> LargeProfile:
    """Return what the graph counts, whose whole it has to look at for that.

    Args:
        graph: A store or a server.
        timeout: Seconds for each of six queries.

    Raises:
        GraphError: As the graph's ``query``.
    """

    def count(what: str) -> int:
        found = graph.query(f"SELECT ({what} AS ?n) WHERE {{ ?s ?p ?o }}", timeout=timeout)
        return sum(_number(value) for row in found.rows for value in row)

    def counts(pattern: str) -> dict[str, int]:
        query = f"SELECT ?x (COUNT(*) AS ?n) WHERE {{ {pattern} }} GROUP BY ?x"
        found = graph.query(query, timeout=timeout, limit=_MOST_COUNTS)
        names = [name.value if isinstance(name, Literal) else name or "" for name, _ in found.rows]
        return _sorted(Counter(dict(zip(names, [_number(n) for _, n in found.rows], strict=True))))

    labels = " ".join(iri_term(label) for label in terms.LABEL_ORDER[:4])
    return LargeProfile(
        triples=count("COUNT(*)"),
        subjects=count("COUNT(DISTINCT ?s)"),
        properties=counts("?s ?x ?o"),
        classes=counts(f"?s {iri_term(terms.TYPE)} ?x"),
        labels=counts(f"VALUES ?p {{ {labels} }} ?s ?p ?o BIND(LANG(?o) AS ?x)"),
        sources=counts("GRAPH ?x { ?s ?p ?o }"),
    )


def _number(value: str | Literal | None) -> int:
    return int(value.value) if isinstance(value, Literal) and value.value.isdecimal() else 0


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
