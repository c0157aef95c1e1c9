"""Small query plans over the graph in memory, and what they conclude from its facts.

A plan is data: it names entities, classes and properties that the graph has, and how their facts
are put together. Nothing in it is text that could be run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from convrag.graph import terms
from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.types import Conclusion, Inference, Literal, Triple

SHOWN = 30
"""Members of a list that are shown and cited; the count is that of all."""
_RANKED = 3
"""Members of a ranking whose values are shown."""
_MOST_MEMBERS = 20_000
_MOST_STEPS = 2_000
"""Nodes from which a further step is taken."""
_LEAST_MEASURED = 0.8
"""Share of the members that must have a value, so that the first of them is the first of all."""
_DATES = frozenset(terms.XSD + name for name in ("date", "dateTime", "gYear", "gYearMonth"))

Node = str | Literal
Support = tuple[Triple, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """From a node along a property to what is at the other end of its facts."""

    property: str
    forward: bool


@dataclass(frozen=True, slots=True)
class Constraint:
    """To be reached from ``entity`` by one of the paths, each of one or two steps."""

    entity: str
    paths: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Select:
    """Everything of a class ("" for any) for which all constraints hold."""

    kind: str
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are."""

    of: Select


@dataclass(frozen=True, slots=True)
class Rank:
    """Those with the highest (or lowest) value; ``counted`` by how many facts they have."""

    of: Select
    property: str
    most: bool
    counted: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is reached by the paths from an entity or from the first of a ranking."""

    of: str | Rank
    paths: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """Which entity has the highest (or lowest) value; ``claimed`` is said to have it."""

    entities: tuple[str, ...]
    property: str
    most: bool
    claimed: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much two entities' values differ."""

    entities: tuple[str, str]
    property: str


Plan = Select | Count | Rank | Lookup | Compare | Difference


@dataclass(frozen=True, slots=True)
class Result:
    """What a plan concludes, with the facts that it follows from."""

    conclusion: Conclusion
    groups: tuple[FactGroup, ...]


def execute(graph: KnowledgeGraph, plan: Plan) -> Result | None:
    """Return what follows from the graph; None when it has not all that is needed."""
    match plan:
        case Select():
            return _listed(graph, plan, Inference.LIST)
        case Count():
            return _listed(graph, plan.of, Inference.COUNT)
        case Rank():
            return _ranked(graph, plan)
        case Lookup():
            return _looked_up(graph, plan)
        case Compare():
            return _compared(graph, plan)
        case Difference():
            return _difference(graph, plan)


def members(graph: KnowledgeGraph, select: Select) -> dict[Node, Support]:
    """Return what is selected, sorted by id, each with the facts that the constraints follow from.

    Empty when there would be too many to look at.
    """
    found: dict[Node, Support] | None = None
    for constraint in select.constraints:
        reached: dict[Node, Support] = {}
        for path in constraint.paths:
            for node, support in reach(graph, {constraint.entity: ()}, path).items():
                if node != constraint.entity and is_of(graph, node, select.kind):
                    reached.setdefault(node, support)
        if found is None:
            found = reached
        else:
            found = {n: s + reached[n] for n, s in found.items() if n in reached}
    if found is None:
        ids = [e.id for e in graph.entities.values() if select.kind in e.types]
        found = {i: () for i in ids} if select.kind else {}
    if len(found) > _MOST_MEMBERS:
        return {}
    return dict(sorted(found.items(), key=lambda item: _sort_key(item[0])))


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


def is_of(graph: KnowledgeGraph, node: Node, kind: str) -> bool:
    """Return whether the node is of the class; everything is of the class ""."""
    if not kind:
        return True
    entity = graph.entities.get(node) if isinstance(node, str) else None
    return entity is not None and kind in entity.types


def kinds_of(graph: KnowledgeGraph, entity_id: str | None) -> Sequence[str]:
    """Return the entity's classes and those above them."""
    entity = graph.entities.get(entity_id or "")
    return entity.types if entity else ()


def steps_from(
    graph: KnowledgeGraph, entity: str, properties: Iterable[str] | None, kind: str = ""
) -> tuple[Step, ...]:
    """Return the steps from the entity by any of the properties to things of the class.

    A property is also asked for by the name of its inverse. None is for all properties.
    """
    wanted = None if properties is None else set(properties)
    if wanted is not None:
        wanted |= {graph.property(p).inverse for p in wanted} - {""}
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
        if isinstance(triple.object, Literal) and (number := _number(triple.object)) is not None
    ]
    return measured[0] if len({number for _, number in measured}) == 1 else None


def _number(value: Literal) -> Decimal | int | None:
    if value.datatype in terms.NUMERIC:
        try:
            number = Decimal(value.value)
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    if value.datatype in _DATES:
        text = value.value[:10]
        try:
            return date.fromisoformat(f"{text}-01-01"[:10]).toordinal()
        except ValueError:
            return None
    return None


def _listed(graph: KnowledgeGraph, select: Select, kind: Inference) -> Result | None:
    found = members(graph, select)
    if not found or not select.constraints:
        return None
    shown = dict(list(found.items())[:SHOWN])
    conclusion = Conclusion(kind, tuple(shown), count=len(found))
    anchors = [c.entity for c in select.constraints]
    facts = (t for support in shown.values() for t in support)
    return Result(conclusion, groups_of(facts, anchors))


def _ranked(graph: KnowledgeGraph, plan: Rank) -> Result | None:
    found = members(graph, plan.of)
    values = {n: v for n in found if (v := _ranked_value(graph, n, plan)) is not None}
    if len(found) < 2 or len(values) < _LEAST_MEASURED * len(found):
        return None
    order = sorted(
        values, key=lambda n: (-values[n][1] if plan.most else values[n][1], _sort_key(n))
    )
    best = values[order[0]][1]
    first = [node for node in order if values[node][1] == best]
    shown = list(dict.fromkeys([*first, *order[:_RANKED]]))[:SHOWN]
    support = [t for node in first[:SHOWN] for t in found[node]]
    cited = [t for node in shown for t in values[node][0]]
    conclusion = Conclusion(
        Inference.RANKING,
        tuple(first[:SHOWN]),
        plan.property,
        plan.most,
        tuple((str(node), _as_literal(values[node], plan)) for node in shown),
        count=len(values),
        lacking=tuple(str(n) for n in found if n not in values)[:SHOWN],
    )
    return Result(conclusion, groups_of([*cited, *support][: 2 * SHOWN]))


def _ranked_value(
    graph: KnowledgeGraph, node: Node, plan: Rank
) -> tuple[Support, Decimal | int] | None:
    if plan.counted:
        facts = [group_of(graph, node, step) for step in plan.counted]
        found = {o: t for g in facts if g for o, t in zip(g.others, g.triples, strict=True)}
        return tuple(found.values()), len(found)
    measured = value_of(graph, node, plan.property)
    return ((measured[0],), measured[1]) if measured else None


def _as_literal(value: tuple[Support, Decimal | int], plan: Rank) -> Literal:
    facts, number = value
    if plan.counted:
        return Literal(str(number), terms.XSD + "integer")
    written = facts[0].object
    return written if isinstance(written, Literal) else Literal(str(number))


def _looked_up(graph: KnowledgeGraph, plan: Lookup) -> Result | None:
    before: tuple[FactGroup, ...] = ()
    start: dict[Node, Support] = {}
    if isinstance(plan.of, Rank):
        ranked = _ranked(graph, plan.of)
        if ranked is None:
            return None
        before = ranked.groups
        start = dict.fromkeys(ranked.conclusion.values, ())
    else:
        start = {plan.of: ()}
    found: dict[Node, Support] = {}
    for path in plan.paths:
        for node, support in reach(graph, start, path).items():
            found.setdefault(node, support)
    if not found:
        return None
    values = tuple(found)[:SHOWN]
    conclusion = Conclusion(Inference.PATH, values, count=len(found))
    if isinstance(plan.of, Rank) and ranked is not None:
        # Of the ranking only what the first of it has is part of the path.
        first = set(ranked.conclusion.values)
        before = tuple(g for g in before if g.entity in first)
    facts = (t for node in values for t in found[node])
    anchors = [node for node in start if isinstance(node, str)]
    return Result(conclusion, (*groups_of(facts, anchors), *before))


def _compared(graph: KnowledgeGraph, plan: Compare) -> Result | None:
    values = {e: v for e in plan.entities if (v := value_of(graph, e, plan.property)) is not None}
    if not values:
        return None
    order = sorted(values, key=lambda e: -values[e][1] if plan.most else values[e][1])
    lacking = tuple(e for e in plan.entities if e not in values)
    first = [e for e in order if values[e][1] == values[order[0]][1]] if not lacking else []
    conclusion = Conclusion(
        Inference.COMPARISON,
        tuple(first),
        plan.property,
        plan.most,
        tuple((e, _literal(values[e][0])) for e in order),
        lacking,
        len(values),
        first == [plan.claimed] if plan.claimed and first else None,
    )
    return Result(conclusion, groups_of(values[e][0] for e in order))


def _difference(graph: KnowledgeGraph, plan: Difference) -> Result | None:
    compared = _compared(graph, Compare(plan.entities, plan.property, True))
    if compared is None or compared.conclusion.lacking:
        return None
    first, second = (value for _, value in compared.conclusion.measured)
    high, low = _number(first), _number(second)
    if high is None or low is None or first.datatype in _DATES or second.datatype in _DATES:
        return None
    difference = Literal(str(high - low), terms.XSD + "decimal")
    conclusion = Conclusion(
        Inference.DIFFERENCE,
        (difference,),
        plan.property,
        True,
        compared.conclusion.measured,
        count=2,
        difference=difference,
    )
    return Result(conclusion, compared.groups)


def _literal(triple: Triple) -> Literal:
    return triple.object if isinstance(triple.object, Literal) else Literal("")


def groups_of(triples: Iterable[Triple], anchors: Iterable[str] = ()) -> tuple[FactGroup, ...]:
    """Return the facts by entity and property, in the order in which these come first.

    The entity is the end of the fact that is one of the anchors or of a fact before, else its
    subject.
    """
    known = set(anchors)
    found: dict[tuple[str, str, bool], dict[Triple, None]] = {}
    for t in triples:
        forward = t.subject in known or t.object not in known
        entity = t.subject if forward else str(t.object)
        found.setdefault((entity, t.predicate, forward), {})[t] = None
        if known:
            known |= {end for end in (t.subject, t.object) if isinstance(end, str)}
    return tuple(FactGroup(*key, tuple(facts)) for key, facts in found.items())


def _sort_key(node: Node) -> tuple[bool, str]:
    return (False, node) if isinstance(node, str) else (True, node.value)
