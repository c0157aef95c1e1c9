"""What a plan selects of the graph: things of a class for which conditions and limits hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from convrag.graph.model import KnowledgeGraph
from convrag.graph.walking import Node, Step, Support, group_of, is_of, reach, value_of

_MOST_MEMBERS = 20_000
_SIGNS: Mapping[str, Callable[[Decimal | int, Decimal], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """To be reached from ``entity`` by one of the paths, each of one or two steps.

    When it is ``whole``, all that the last step could come from must lie on the path: a river in
    Asia has no country elsewhere. Whether it does is :func:`uncertain` when each of these lies
    elsewhere as well, as Russia does.
    """

    entity: str
    paths: tuple[tuple[Step, ...], ...]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """To have a value above or below one; ``counted``, that many facts by any of the steps."""

    property: str
    sign: str
    """One of ``>``, ``>=``, ``<`` and ``<=``."""
    value: Decimal
    """In the property's unit; dates as days."""
    counted: tuple[Step, ...] = ()

    def holds(self, value: Decimal | int) -> bool:
        """Return whether the value is on the right side."""
        return _SIGNS[self.sign](value, self.value)


@dataclass(frozen=True, slots=True)
class Select:
    """Everything of a class ("" for any) for which all constraints and bounds hold.

    With ``among``, only those of it.
    """

    kind: str
    constraints: tuple[Constraint, ...] = ()
    bounds: tuple[Bound, ...] = ()
    among: tuple[str, ...] = ()


def members(graph: KnowledgeGraph, select: Select) -> dict[Node, Support]:
    """Return what is selected, sorted by id, each with the facts that the constraints follow from.

    Empty when there would be too many to look at.
    """
    found: dict[Node, Support] | None = None
    for constraint in select.constraints:
        reached: dict[Node, Support] = {}
        for path in constraint.paths:
            before = reach(graph, {constraint.entity: ()}, path[:-1])
            for node, support in reach(graph, before, path[-1:]).items():
                if node == constraint.entity or not is_of(graph, node, select.kind):
                    continue
                if not constraint.whole or _back(graph, node, path[-1]) <= before.keys():
                    reached.setdefault(node, support)
        if found is None:
            found = reached
        else:
            found = {n: s + reached[n] for n, s in found.items() if n in reached}
    if found is None:
        ids = [e.id for e in graph.entities.values() if select.kind in e.types]
        found = {i: () for i in ids} if select.kind else {}
    if select.among:
        found = {n: s for n, s in found.items() if n in select.among}
    if len(found) > _MOST_MEMBERS:
        return {}
    for bound in select.bounds:
        found = {
            node: support + measured[0]
            for node, support in found.items()
            if (measured := measure(graph, node, bound.property, bound.counted))
            and bound.holds(measured[1])
        }
    return dict(sorted(found.items(), key=lambda item: sort_key(item[0])))


def unbounded(select: Select) -> Select:
    """Return the same without its bounds."""
    return replace(select, bounds=())


def measure(
    graph: KnowledgeGraph, node: Node, property_id: str, counted: tuple[Step, ...] = ()
) -> tuple[Support, Decimal | int] | None:
    """Return the node's value with the fact that has it, or how many facts the steps have."""
    if counted:
        groups = [group_of(graph, node, step) for step in counted]
        found = {o: t for g in groups if g for o, t in zip(g.others, g.triples, strict=True)}
        return tuple(found.values()), len(found)
    value = value_of(graph, node, property_id)
    return ((value[0],), value[1]) if value else None


def uncertain(graph: KnowledgeGraph, select: Select, nodes: Iterable[Node]) -> bool:
    """Return whether the graph leaves open if one of the selected nodes fulfils a constraint."""
    return any(
        all(len(_back(graph, middle, path[0])) > 1 for middle in _back(graph, node, path[-1]))
        for constraint in select.constraints
        if constraint.whole
        for path in constraint.paths
        for node in nodes
    )


def _back(graph: KnowledgeGraph, node: Node, step: Step) -> frozenset[Node]:
    """Return from what the step leads to the node."""
    group = group_of(graph, node, Step(step.property, not step.forward))
    return frozenset(group.others) if group else frozenset()


def sort_key(node: Node) -> tuple[bool, str]:
    """Sort entities by id before plain values."""
    return (False, node) if isinstance(node, str) else (True, node.value)
