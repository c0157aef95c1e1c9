"""From a question to a plan: only when every word of content in it has a part in the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import permutations

from convrag.graph.model import KnowledgeGraph
from convrag.graph.operators import ANY, Degree, measuring
from convrag.graph.plans import (
    Compare,
    Constraint,
    Count,
    Difference,
    Lookup,
    Plan,
    Rank,
    Select,
    members,
)
from convrag.graph.question import Asked, Parts, QuestionReader, senses
from convrag.graph.relations import RelationMatcher
from convrag.graph.walking import Step, is_of, kinds_of, reach, steps_from, value_of
from convrag.text.segment import overlap
from convrag.types import Link, Query, Span

_MOST_BETWEEN = 12
"""Things in the middle of a path of two steps when no property says which way leads there."""
_SAMPLE = 40
"""Members of a class that are looked at to see whether a property measures them."""


_UNRANKED = Degree((0, 0), (), True)
"""For "the difference in length", where the property is named and no adjective ranks."""


class Planner:
    """Plans questions over one graph."""

    def __init__(self, graph: KnowledgeGraph, matcher: RelationMatcher) -> None:
        self._graph = graph
        self._reader = QuestionReader(graph, matcher)
        self._measuring = lru_cache(maxsize=64)(lambda quantity: measuring(graph, quantity))

    def plan(self, query: Query) -> Plan | None:
        """Return how the question is answered from several facts; None when it is not.

        None as well for a question about one fact, for one that has words without a part in the
        plan, and when what it names does not fit together in the graph.
        """
        parts = self._reader.read(query)
        if parts is None:
            return None
        if parts.words.degrees:
            return self._by_degree(parts)
        if parts.words.differences and len(parts.links) == 2 and len(parts.asked) == 1:
            return self._comparison(parts, _UNRANKED)
        if parts.words.counts:
            select = self._select(parts, parts.asked)
            return Count(select) if select and select.constraints else None
        return self._path(parts) or self._intersection(parts)

    # Plans by kind.

    def _by_degree(self, parts: Parts) -> Plan | None:
        degrees = parts.words.degrees
        if len({d.most for d in degrees}) > 1:
            return None
        degree = Degree(
            degrees[0].span,
            tuple(dict.fromkeys(q for d in degrees for q in d.quantities)),
            degrees[0].most,
        )
        if len(parts.links) > 1 and (plan := self._comparison(parts, degree)) is not None:
            return plan
        if parts.words.differences or (parts.words.counts and not parts.kinds):
            return None
        if parts.words.marked and not parts.words.marks:
            return None
        return self._ranking(parts, degree)

    def _comparison(self, parts: Parts, degree: Degree) -> Plan | None:
        """Plan "which is longer, A or B?", "is A longer than B?", "how much longer is A?"."""
        for item in self._measures(parts, degree):
            if any(item not in group.properties for group in parts.asked):
                continue
            entities = [self._with_value(link, item) for link in parts.links]
            chosen = tuple(dict.fromkeys(e for e in entities if e))
            if len(chosen) != len(parts.links):
                continue
            if not any(value_of(self._graph, e, item) for e in chosen) or not self._alike(chosen):
                continue
            if len(chosen) == 2 and (parts.words.differences or parts.words.counts):
                # "How much" and "how many" are the same word in some languages.
                return Difference((chosen[0], chosen[1]), item)
            return Compare(chosen, item, degree.most, self._claimed(parts, chosen))
        return None

    def _claimed(self, parts: Parts, chosen: tuple[str, ...]) -> str:
        """Return which of two is said to be ahead, when the question only asks whether it is so."""
        if parts.words.choices or len(chosen) != 2:
            return ""
        end = parts.links[0].mention.span[1]
        between = parts.query.text[end : end + 2]
        behind = any(end <= a < end + 1 + len(between) for a, _ in parts.words.standards)
        return chosen[1] if behind else chosen[0]

    def _ranking(self, parts: Parts, degree: Degree) -> Plan | None:
        """Plan "the largest country of A", alone or as what something else is asked of."""
        for item in self._measures(parts, degree):
            rest = tuple(g for g in parts.asked if item not in g.properties)
            select = self._select(parts, rest)
            if select is not None and self._measured(select, item):
                return Rank(select, item, degree.most)
            for onward in rest if len(rest) == 1 else () if rest else parts.aside:
                select = self._select(parts, (), onward)
                if select is not None and self._measured(select, item):
                    paths = self._onwards(select, onward)
                    if paths:
                        return Lookup(Rank(select, item, degree.most), paths)
        return self._ranking_by_count(parts, degree) if ANY in degree.quantities else None

    def _ranking_by_count(self, parts: Parts, degree: Degree) -> Plan | None:
        """Plan "which country has the most neighbours?"."""
        for group in [*parts.asked, *parts.aside]:
            rest = tuple(g for g in parts.asked if g != group)
            select = self._select(parts, rest, group)
            if select is None:
                continue
            paths = self._onwards(select, group)
            if paths:
                steps = tuple(path[0] for path in paths)
                return Rank(select, steps[0].property, degree.most, steps)
        return None

    def _path(self, parts: Parts) -> Plan | None:
        """Plan what lies two facts away: "the currency of the country whose capital is A"."""
        groups = (*parts.asked, *parts.aside)
        if len(parts.links) != 1 or not groups or len(parts.asked) > 2:
            return None
        meant = senses(parts.links[0])
        if any(self._is_one_fact(parts, entity, group) for entity in meant for group in groups):
            return None
        for entity in meant:
            for pair in permutations(groups, 2):
                if all(group in pair for group in parts.asked):
                    plan = self._checked(parts, entity, self._by_two(entity, *pair), pair)
                    if plan is not None:
                        return plan
        for entity in meant:
            for group in groups if not parts.asked else parts.asked if len(parts.asked) < 2 else ():
                if not steps_from(self._graph, entity, group.properties):
                    paths = self._by_kind(entity, parts, group)
                    plan = self._checked(parts, entity, paths, (group,))
                    if plan is not None:
                        return plan
        return None

    def _is_one_fact(self, parts: Parts, entity: str, group: Asked) -> bool:
        """Whether the entity has what the words ask for: a property, and classes of its values."""
        steps = tuple((step,) for step in steps_from(self._graph, entity, group.properties))
        if len(parts.asked) > 1:
            return all(steps_from(self._graph, entity, asked.properties) for asked in parts.asked)
        alone = set(parts.asked) <= {group}
        return alone and self._checked(parts, entity, steps, (group,)) is not None

    def _by_two(self, entity: str, first: Asked, second: Asked) -> tuple[tuple[Step, ...], ...]:
        """Return the paths over the first property and then the second."""
        return tuple(
            path
            for step in steps_from(self._graph, entity, first.properties)
            for path in self._then(entity, step, second.properties)
        )

    def _by_kind(self, entity: str, parts: Parts, wanted: Asked) -> tuple[tuple[Step, ...], ...]:
        """Return the paths to what is wanted over something of a class in the question."""
        kinds = [k for k, span in parts.kinds.items() if not parts.names(wanted, span)]
        found: list[tuple[Step, ...]] = []
        for group in self._graph.groups(entity):
            others = [o for o in group.others if any(is_of(self._graph, o, k) for k in kinds)]
            if others and len(group.others) <= _MOST_BETWEEN:
                step = Step(group.property, group.forward)
                found += self._then(entity, step, wanted.properties)
        return tuple(found)

    def _checked(
        self,
        parts: Parts,
        entity: str,
        paths: tuple[tuple[Step, ...], ...],
        used: Sequence[Asked],
    ) -> Lookup | None:
        """Return the lookup if everything of a class in the question lies on its paths."""
        if not paths:
            return None
        passed = [
            n
            for path in paths
            for end in range(1, len(path) + 1)
            for n in reach(self._graph, {entity: ()}, path[:end])
        ]
        for kind, span in parts.kinds.items():
            named = any(parts.names(group, span) for group in used)
            if not named and not any(is_of(self._graph, n, kind) for n in [entity, *passed]):
                return None
        return Lookup(entity, paths)

    def _then(self, entity: str, step: Step, wanted: frozenset[str]) -> list[tuple[Step, ...]]:
        """Return the paths from the entity over the step to what is wanted, and not back."""
        between = reach(self._graph, {entity: ()}, (step,))
        nexts = dict.fromkeys(
            after
            for node in between
            if isinstance(node, str)
            for after in steps_from(self._graph, node, wanted)
            if not self._leads_back(step, after)
        )
        return [(step, after) for after in nexts]

    def _leads_back(self, step: Step, after: Step) -> bool:
        inverse = self._graph.property(step.property).inverse
        if after.property == step.property:
            return after.forward != step.forward
        return after.property == inverse and after.forward == step.forward

    def _intersection(self, parts: Parts) -> Plan | None:
        """Plan a list by several conditions; a list by one is a fact like others."""
        if len(parts.links) < 2 or not (parts.kinds or parts.asked):
            return None
        select = self._select(parts, parts.asked)
        return select if select is not None and len(members(self._graph, select)) else None

    # What is selected.

    def _select(
        self, parts: Parts, groups: Sequence[Asked], onward: Asked | None = None
    ) -> Select | None:
        """Return what the names, class and properties select together; None if they do not fit.

        Args:
            parts: What was understood.
            groups: Properties that must have a part in it.
            onward: What is asked of what is selected; the class it names is not selected.
        """
        kinds = {
            k: s for k, s in parts.kinds.items() if onward is None or not parts.names(onward, s)
        }
        if len(set(kinds.values())) > 1:
            kinds = self._without_types(kinds, groups)
        if len(set(kinds.values())) > 1:
            return None
        hints = parts.hints() - (onward.properties if onward else frozenset())
        for kind in kinds or ("",):
            constraints: list[Constraint] = []
            used: set[Asked] = set()
            for link in parts.links:
                constraint = self._constraint(link, kind, groups, hints, used)
                if constraint is None:
                    break
                constraints.append(constraint)
            else:
                if all(group in used for group in groups) and (kind or constraints):
                    return Select(kind, tuple(constraints))
        return None

    def _without_types(self, kinds: Mapping[str, Span], groups: Sequence[Asked]) -> dict[str, Span]:
        """Return the classes but for those that only repeat a property ("official language")."""
        return {
            k: s for k, s in kinds.items() if not any(overlap(s, group.span) for group in groups)
        }

    def _constraint(
        self,
        link: Link,
        kind: str,
        groups: Sequence[Asked],
        hints: frozenset[str],
        used: set[Asked],
    ) -> Constraint | None:
        for entity in senses(link):
            for group in groups:
                steps = steps_from(self._graph, entity, group.properties, kind)
                if steps:
                    used.add(group)
                    return Constraint(entity, tuple((step,) for step in steps))
        for entity in senses(link) if kind else ():
            paths = self._untold(entity, kind, hints)
            if paths:
                return Constraint(entity, paths, whole=len(paths[0]) > 1)
        return None

    def _untold(
        self, entity: str, kind: str, hints: frozenset[str]
    ) -> tuple[tuple[Step, ...], ...]:
        """Return how things of the class hang together with the entity when nothing says how.

        One fact away, else two: the mountains in the countries of a continent.
        """
        near = steps_from(self._graph, entity, hints, kind)
        if not near and kind in kinds_of(self._graph, entity):
            return ()  # countries have more than one thing to do with each other
        near = near or steps_from(self._graph, entity, None, kind)
        if near:
            sizes = {s: len(reach(self._graph, {entity: ()}, (s,))) for s in near}
            widest = max(near, key=lambda s: (sizes[s], s.property))
            same = [s for s in near if self._same(s, widest)]
            return tuple((step,) for step in same)
        found: dict[tuple[Step, Step], int] = {}
        for first in steps_from(self._graph, entity, None):
            between = reach(self._graph, {entity: ()}, (first,))
            for node in [n for n in between if isinstance(n, str)]:
                for second in steps_from(self._graph, node, None, kind):
                    found[first, second] = found.get((first, second), 0) + 1
        if not found:
            return ()
        return (max(found, key=lambda path: (found[path], path[0].property, path[1].property)),)

    def _same(self, step: Step, other: Step) -> bool:
        inverse = self._graph.property(step.property).inverse
        return step == other or (inverse == other.property and step.forward != other.forward)

    def _onwards(self, select: Select, wanted: Asked) -> tuple[tuple[Step, ...], ...]:
        """Return the steps by which the wanted properties lead on from what is selected."""
        some = [n for n in members(self._graph, select) if isinstance(n, str)][:_SAMPLE]
        steps = dict.fromkeys(
            s for node in some for s in steps_from(self._graph, node, wanted.properties)
        )
        return tuple((step,) for step in steps)

    # What is measured.

    def _measures(self, parts: Parts, degree: Degree) -> tuple[str, ...]:
        """Return the properties that the adjective may be about, the likeliest first."""
        named = [p for group in parts.asked for p in sorted(group.properties)]
        usual = [p for q in degree.quantities if q != ANY for p in self._measuring(q)]
        return tuple(dict.fromkeys([*named, *usual]))

    def _measured(self, select: Select, item: str) -> bool:
        some = [n for n in members(self._graph, select) if isinstance(n, str)][:_SAMPLE]
        return any(value_of(self._graph, node, item) for node in some)

    def _with_value(self, link: Link, item: str) -> str:
        """Return which namesake has a value of the property, else the likeliest of all."""
        meant = senses(link)
        return next((e for e in meant if value_of(self._graph, e, item)), meant[0])

    def _alike(self, entities: Sequence[str]) -> bool:
        """Whether they are of one class, so that what one has may be asked of the others."""
        return bool(
            frozenset.intersection(*(frozenset(kinds_of(self._graph, e)) for e in entities))
        )
