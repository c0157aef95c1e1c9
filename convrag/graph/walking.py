"""Steps along the facts of a graph, and values that can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from convrag.graph import terms
from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.types import Literal, Triple

_MOST_STEPS = 2_000
"""Nodes from which a further step is taken."""
DATES = frozenset(terms.XSD + name for name in ("date", "dateTime", "gYear", "gYearMonth"))

Node = str | Literal
Support = tuple[Triple, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """From a node along a property to what is at the other end of its facts."""

    property: str
    forward: bool


def reach(
    graph: KnowledgeGraph, start: Mapping[Node, Support], path: Sequence[Step]
) -> dict[Node, Support]:
    """Return what lies at the path's end from any of the nodes, with the facts on the way."""
    here = dict(start)
    for step in path:
        there: dict[Node, Support] = {}
        for node, support in list(here.items())[:_MOST_STEPS]:
            group = group_of(graph, node, step)
            for triple, other in zip(group.triples, group.others, strict=True) if group else ():
                there.setdefault(other, (*support, triple))
        here = there
    return here


def group_of(graph: KnowledgeGraph, node: Node, step: Step) -> FactGroup | None:
    """Return the node's facts for the step."""
    if isinstance(node, Literal):
        return None
    for group in graph.groups(node):
        if group.property == step.property and group.forward == step.forward:
            return group
    return None


def reverse(graph: KnowledgeGraph, step: Step) -> Step:
    """Return the step back: of a symmetric property it is the same one."""
    return Step(step.property, step.forward == graph.property(step.property).symmetric)


def is_of(graph: KnowledgeGraph, node: Node, kind: str) -> bool:
    """Return whether the node is of the class; everything is of the class ""."""
    if not kind:
        return True
    entity = graph.entities.get(node) if isinstance(node, str) else None
    return entity is not None and kind in entity.types


def steps_from(
    graph: KnowledgeGraph, entity: str, properties: Iterable[str] | None, kind: str = ""
) -> tuple[Step, ...]:
    """Return the steps from the entity by any of the properties to things of the class.

    A property is also asked for by the name of its inverse. None is for all properties.
    """
    wanted = None if properties is None else set(properties)
    if wanted is not None:
        wanted |= graph.both_ways(wanted)
    return tuple(
        Step(group.property, group.forward)
        for group in graph.groups(entity)
        if (wanted is None or group.property in wanted)
        and any(is_of(graph, other, kind) for other in group.others)
    )


def value_of(
    graph: KnowledgeGraph, node: Node, property_id: str
) -> tuple[Triple, Decimal | int] | None:
    """Return the fact with the node's only value that can be compared, and the value.

    Dates count as days. None for a node without value and for one with several different ones.
    """
    group = group_of(graph, node, Step(property_id, True))
    measured = [
        (triple, number)
        for triple in (group.triples if group else ())
        if isinstance(triple.object, Literal) and (number := number_of(triple.object)) is not None
    ]
    return measured[0] if len({number for _, number in measured}) == 1 else None


def measured_properties(graph: KnowledgeGraph) -> Mapping[str, str]:
    """Return the properties with values that can be compared, and the class of most of these."""
    found: dict[str, Counter[str]] = {}
    for entity in graph.entities.values():
        for group in graph.groups(entity.id):
            values = group.others if group.forward else ()
            if any(isinstance(v, Literal) and number_of(v) is not None for v in values):
                found.setdefault(group.property, Counter()).update(entity.types or [""])
    return {
        item: min(kinds, key=lambda kind: (-kinds[kind], kind)) for item, kinds in found.items()
    }


def number_of(value: Literal) -> Decimal | int | None:
    """Return a number as it is and a date as days; None for what is neither."""
    if value.datatype in terms.NUMERIC:
        try:
            number = Decimal(value.value)
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    if value.datatype in DATES:
        text = value.value[:10]
        try:
            return date.fromisoformat(f"{text}-01-01"[:10]).toordinal()
        except ValueError:
            return None
    return None
