"""Small query plans over the graph in memory, and what they conclude from its facts.

A plan is data: it names entities, classes and properties that the graph has, and how their facts
are put together. Nothing in it is text that could be run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from convrag.graph import terms
from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.graph.selection import Select, measure, members, sort_key, unbounded, uncertain
from convrag.graph.walking import (
    DATES,
    Node,
    Step,
    Support,
    group_of,
    number_of,
    reach,
    reverse,
    value_of,
)
from convrag.types import Conclusion, Inference, Literal, Triple

SHOWN = 30
"""Members of a list that are shown and cited; the count is that of all."""
_RANKED = 3
"""Members of a ranking whose values are shown."""
_LEAST_MEASURED = 0.8
"""Share of the members that must have a value, so that the first of them is the first of all."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are."""

    of: Select


@dataclass(frozen=True, slots=True)
class Rank:
    """Those with the highest (or lowest) value; ``counted`` by how many facts they have.

    ``place`` 2 is for the second highest, ``first`` 3 for the three highest.
    """

    of: Select
    property: str
    most: bool
    counted: tuple[Step, ...] = ()
    place: int = 1
    first: int = 1


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


def _listed(graph: KnowledgeGraph, select: Select, kind: Inference) -> Result | None:
    if not (select.constraints or select.bounds):
        return None
    found = members(graph, select)
    if not found:
        return _none_of(graph, select) if select.among else _none(graph, select, kind)
    if uncertain(graph, select, found) or not _is_known(graph, select):
        return None
    if kind is Inference.COUNT and any(isinstance(node, Literal) for node in found):
        return None  # "how many kilometres" asks for the value
    shown = dict(list(found.items())[:SHOWN])
    conclusion = Conclusion(kind, tuple(shown), count=len(found))
    anchors = [c.entity for c in select.constraints]
    facts = (t for support in shown.values() for t in support)
    return Result(conclusion, groups_of(facts, anchors))


def _none(graph: KnowledgeGraph, select: Select, kind: Inference) -> Result | None:
    """Return that there is none within the bound, with the value that comes closest to it."""
    if len(select.bounds) != 1 or not _is_known(graph, select):
        return None
    bound = select.bounds[0]
    everything = members(graph, unbounded(select))
    values = {n: v for n in everything if (v := measure(graph, n, bound.property, bound.counted))}
    if not values or uncertain(graph, select, values):
        return None
    nearest = min(values, key=lambda n: (abs(values[n][1] - bound.value), sort_key(n)))
    conclusion = Conclusion(
        kind,
        property=bound.property,
        measured=((str(nearest), _as_literal(values[nearest], bound.counted)),),
    )
    return Result(conclusion, groups_of([*values[nearest][0], *everything[nearest]]))


def _none_of(graph: KnowledgeGraph, select: Select) -> Result | None:
    """Return that none of those chosen from has it, with what they have instead."""
    steps = {path[-1] for c in select.constraints for path in c.paths}
    has = {
        node: [g for s in steps if (g := group_of(graph, node, reverse(graph, s)))]
        for node in select.among
    }
    if not all(has.values()):
        return None  # of one that nothing is known of it is not known either
    groups = tuple(group for some in has.values() for group in some)
    return Result(Conclusion(Inference.LIST, lacking=select.among), groups)


def _is_known(graph: KnowledgeGraph, select: Select) -> bool:
    """Whether nearly all that could be within the bounds have values."""
    everything = members(graph, unbounded(select)) if select.bounds else {}
    return all(
        sum(measure(graph, n, b.property, b.counted) is not None for n in everything)
        >= _LEAST_MEASURED * len(everything)
        for b in select.bounds
    )


def _ranked(graph: KnowledgeGraph, plan: Rank) -> Result | None:
    found = members(graph, plan.of)
    values = {n: v for n in found if (v := measure(graph, n, plan.property, plan.counted))}
    if len(found) < 2 or len(values) < _LEAST_MEASURED * len(found):
        return None
    order = sorted(
        values, key=lambda n: (-values[n][1] if plan.most else values[n][1], sort_key(n))
    )
    chosen = _chosen(plan, [values[node][1] for node in order])
    first = order[chosen]
    if not first or uncertain(graph, plan.of, order[: chosen.stop]):
        return None
    shown = list(dict.fromkeys([*first, *order[: max(_RANKED, plan.place)]]))[:SHOWN]
    support = [t for node in first[:SHOWN] for t in found[node]]
    cited = [t for node in shown for t in values[node][0]]
    conclusion = Conclusion(
        Inference.RANKING,
        tuple(first[:SHOWN]),
        plan.property,
        plan.most,
        tuple(
            (str(node), _as_literal(values[node], plan.counted))
            for node in sorted(shown, key=order.index)
        ),
        count=len(values),
        lacking=tuple(str(n) for n in found if n not in values)[:SHOWN],
        place=plan.place,
    )
    return Result(conclusion, groups_of([*cited, *support][: 2 * SHOWN]))


def _chosen(plan: Rank, values: Sequence[Decimal | int]) -> slice:
    """Return which of the ordered values are asked for, those equal to the last as well."""
    start, last = plan.place - 1, plan.place + plan.first - 2
    if last >= len(values) or (start and values[start] == values[start - 1]):
        return slice(0, 0)  # of equal ones none is the second
    stop = last + 1
    while stop < len(values) and values[stop] == values[last]:
        stop += 1
    return slice(start, stop)


def _as_literal(value: tuple[Support, Decimal | int], counted: tuple[Step, ...]) -> Literal:
    facts, number = value
    if counted:
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
    return Result(conclusion, (*groups_of(facts, anchors, chained=True), *before))


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
    high, low = number_of(first), number_of(second)
    if high is None or low is None or first.datatype in DATES or second.datatype in DATES:
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


def groups_of(
    triples: Iterable[Triple], anchors: Iterable[str] = (), *, chained: bool = False
) -> tuple[FactGroup, ...]:
    """Return the facts by entity and property, in the order in which these come first.

    The entity is the end of the fact that is one of the anchors, else its subject; of ``chained``
    facts each starts where one before it ended.
    """
    known = set(anchors)
    found: dict[tuple[str, str, bool], dict[Triple, None]] = {}
    for t in triples:
        forward = t.subject in known or t.object not in known
        entity = t.subject if forward else str(t.object)
        found.setdefault((entity, t.predicate, forward), {})[t] = None
        if chained:
            known |= {end for end in (t.subject, t.object) if isinstance(end, str)}
    return tuple(FactGroup(*key, tuple(facts)) for key, facts in found.items())
