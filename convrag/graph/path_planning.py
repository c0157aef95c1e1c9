"""From a question to a path: what lies two facts away from what it names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from convrag.graph.model import KnowledgeGraph
from convrag.graph.plans import Lookup
from convrag.graph.question import Asked, Parts, senses
from convrag.graph.walking import Step, is_of, reach, steps_from
from convrag.types import Literal

_MOST_BETWEEN = 12
"""Things in the middle of a path of two steps when no property says which way leads there."""


class PathPlanner:
    """Plans paths of two facts over one graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    def plan(self, parts: Parts) -> Lookup | None:
        """Plan what lies two facts away: "the currency of the country whose capital is A"."""
        groups = (*parts.asked, *parts.aside)
        if len(parts.links) != 1 or not groups or len(parts.asked) > 2:
            return None
        meant = senses(parts.links[0])
        measured = self._measured(parts, meant)
        if measured is not None:
            return measured
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
                    paths = self._by_kind(entity, parts, group) or self._by_only(entity, group)
                    plan = self._checked(parts, entity, paths, (group,))
                    if plan is not None:
                        return plan
        return None

    def _measured(self, parts: Parts, meant: Sequence[str]) -> Lookup | None:
        """Return the path to a value of what is asked: "how high is the highest point of A?".

        "How high" adds nothing where it asks for no value that the thing itself lacks.
        """
        for entity in meant:
            for pair in permutations((*parts.asked, *parts.aside), 2):
                lacks = not steps_from(self._graph, entity, pair[1].properties)
                if not lacks or any(group not in pair for group in parts.asked):
                    continue
                paths = self._by_two(entity, *pair)
                ends = [n for p in paths for n in reach(self._graph, {entity: ()}, p)]
                if len(ends) == 1 and isinstance(ends[0], Literal):
                    return self._checked(parts, entity, paths, pair)
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

    def _by_only(self, entity: str, wanted: Asked) -> tuple[tuple[Step, ...], ...]:
        """Return the path to what only one thing beside the entity has, which is its own.

        "The currency code of Kenya" is that of its currency.
        """
        found = [
            path
            for group in self._graph.groups(entity)
            if group.forward and len(group.others) == 1
            for path in self._then(entity, Step(group.property, True), wanted.properties)
        ]
        return tuple(found) if len(found) == 1 else ()

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
