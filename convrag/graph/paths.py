"""How entities are connected: what lies around one, and the shortest ways from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from convrag.graph import terms
from convrag.graph.model import KnowledgeGraph
from convrag.types import Triple

if TYPE_CHECKING:
    import networkx as nx

_WIKIDATA = "http://www.wikidata.org/prop/direct/"
_CLASS_LINKS = frozenset(
    {
        terms.TYPE,
        terms.SUBCLASS,
        terms.BROADER_CLASS,
        terms.DCT + "type",
        _WIKIDATA + "P31",
        _WIKIDATA + "P279",
        *(s + "additionalType" for s in terms.SCHEMA),
    }
)
"""Facts that say what kind of thing something is: any two rivers are "connected" by them."""


@dataclass(frozen=True, slots=True)
class Step:
    """From one entity to the next, and the facts that connect the two, sorted."""

    start: str
    end: str
    triples: tuple[Triple, ...]


def shortest_paths(
    graph: KnowledgeGraph,
    start: str,
    end: str,
    *,
    hops: int = 4,
    alternatives: int = 3,
    kinds: bool = False,
) -> tuple[tuple[Step, ...], ...]:
    """Return ways from one entity to the other without a loop, the shortest first.

    Facts are followed in both directions. Ways of one length are in the order of the entities'
    ids.

    Args:
        graph: The facts.
        start: An entity's id.
        end: Another's.
        hops: Facts that a way may have.
        alternatives: Ways at most.
        kinds: Whether two things of one kind are connected by it.
    """
    import networkx as nx  # slow to import, and only who asks for it pays

    network = _between(graph, start, end, hops, kinds=kinds)
    if start == end or end not in network or not nx.has_path(network, start, end):
        return ()
    ways: list[tuple[Step, ...]] = []
    # Yen's algorithm gives ways in order of length.
    for nodes in islice(nx.shortest_simple_paths(network, start, end), alternatives):
        if len(nodes) > hops + 1:
            break
        pairs = zip(nodes, nodes[1:], strict=False)
        ways.append(tuple(Step(a, b, tuple(network.edges[a, b]["triples"])) for a, b in pairs))
    return tuple(ways)


def around(graph: KnowledgeGraph, entity_id: str, hops: int, most: int | None = None) -> list[str]:
    """Return the entity and those up to ``hops`` facts away, the nearest and best known first.

    Args:
        graph: The facts.
        entity_id: Where to start.
        hops: Facts to follow, in either direction.
        most: Entities at most, None for all.
    """
    found = {entity_id: None}
    edge = [entity_id]
    for _ in range(hops):
        new = {n for node in edge for n in graph.neighbours(node)} - found.keys()
        edge = sorted(new, key=lambda n: (-graph.degree(n), n))
        found.update(dict.fromkeys(edge))
        if not edge or (most is not None and len(found) >= most):
            break
    return list(found)[:most]


def as_network(graph: KnowledgeGraph, entities: list[str]) -> nx.MultiDiGraph:
    """Return networkx's graph of the entities and of the facts among them.

    An edge has its fact as ``triple``; the property is its key.
    """
    import networkx as nx

    network = nx.MultiDiGraph()
    network.add_nodes_from(entities)
    chosen = set(entities)
    for entity_id in entities:
        for _, triple in _links(graph, entity_id, kinds=True):
            if triple.subject in chosen and triple.object in chosen:
                network.add_edge(triple.subject, triple.object, triple.predicate, triple=triple)
    return network


def _between(graph: KnowledgeGraph, start: str, end: str, hops: int, *, kinds: bool) -> nx.Graph:
    """Return what can lie on a way: half of it is reached from either end."""
    import networkx as nx

    network = nx.Graph()
    facts: dict[tuple[str, str], set[Triple]] = {}
    members = _members(graph) if kinds else {}
    for origin, reach in ((start, (hops + 1) // 2), (end, hops // 2)):
        seen, edge = {origin}, [origin]
        for _ in range(reach):
            new: set[str] = set()
            for node in edge:
                links = _links(graph, node, kinds=kinds)
                for other, triple in chain(links, members.get(node, ())):
                    facts.setdefault((min(node, other), max(node, other)), set()).add(triple)
                    new.add(other)
            edge = sorted(new - seen)
            seen |= new
    for (a, b), triples in sorted(facts.items()):
        if a != b:
            network.add_edge(a, b, triples=sorted(triples, key=lambda t: t.id))
    return network


def _members(graph: KnowledgeGraph) -> dict[str, list[tuple[str, Triple]]]:
    """Return of each entity its classes, and of each class its entities, with what says so."""
    found: dict[str, list[tuple[str, Triple]]] = {}
    for entity in graph.entities.values():
        for kind in entity.types:
            triple = Triple(entity.id, terms.TYPE, kind)
            found.setdefault(entity.id, []).append((kind, triple))
            found.setdefault(kind, []).append((entity.id, triple))
    return found


def _links(graph: KnowledgeGraph, node: str, *, kinds: bool) -> Iterator[tuple[str, Triple]]:
    """Yield the things one fact away, with the fact."""
    for group in graph.groups(node):
        if not kinds and group.property in _CLASS_LINKS:
            continue
        for other, triple in zip(group.others, group.triples, strict=True):
            if isinstance(other, str) and other in graph.entities:
                yield other, triple
