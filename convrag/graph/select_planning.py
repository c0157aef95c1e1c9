"""From the parts of a question to what they select together: a class, conditions, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convrag.graph.model import KnowledgeGraph
from convrag.graph.question import Asked, Parts, senses
from convrag.graph.selection import Constraint, Select
from convrag.graph.walking import Step, reach, steps_from
from convrag.text.segment import overlap
from convrag.types import Link, Span


class SelectPlanner:
    """Plans selections over one graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    def select(
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
                    return Select(kind, tuple(constraints), parts.bounds)
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
        if not near and kind in self._graph.kinds_of(entity):
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
