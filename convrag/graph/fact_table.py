"""Facts of a graph, found from both of their ends, with the sources that say each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter

from convrag.types import Literal, Triple

_Fact = tuple[str, str, str | Literal]


class FactTable:
    """Facts, found from both of their ends; a fact that two sources give counts once.

    Facts lie sorted in one list. A node's are a stretch of it, so that a node costs no table.
    """

    def __init__(self, facts: list[Triple]) -> None:
        facts.sort(key=attrgetter("subject", "predicate"))
        self._facts, self._sources = _once(facts)
        self.size = len(self._facts)
        by_object = [n for n, t in enumerate(self._facts) if isinstance(t.object, str)]
        by_object.sort(key=lambda n: (self._facts[n].object, self._facts[n].predicate))
        self._by_object = array("L", by_object)
        self._from = _stretches(t.subject for t in self._facts)
        self._to = _stretches(str(self._facts[n].object) for n in by_object)

    def all(self) -> Iterator[Triple]:
        """Return an iterator over the facts in their order."""
        return iter(self._facts)

    def sources(self, fact: Triple) -> tuple[str, ...]:
        """Return the sources of the fact, sorted."""
        key = fact.subject, fact.predicate, fact.object
        return self._sources.get(key) or (fact.source,)

    def ids(self) -> set[str]:
        """Return every node that a fact names."""
        return self._from.keys() | self._to.keys()

    def outgoing(self, node: str) -> dict[str, tuple[Triple, ...]]:
        """Return the facts about the node by property, sorted."""
        start, end = self._from.get(node, (0, 0))
        return _by_property(self._facts[start:end])

    def incoming(self, node: str) -> dict[str, tuple[Triple, ...]]:
        """Return the facts that point at the node by property, sorted."""
        start, end = self._to.get(node, (0, 0))
        return _by_property(self._facts[n] for n in self._by_object[start:end])

    def count(self, node: str) -> int:
        """Return the number of facts from and to the node."""
        (a, b), (c, d) = self._from.get(node, (0, 0)), self._to.get(node, (0, 0))
        return b - a + d - c


def _once(facts: Iterable[Triple]) -> tuple[list[Triple], Mapping[_Fact, tuple[str, ...]]]:
    """Return sorted facts, of those that say the same only the first, and who says such a one."""
    kept: list[Triple] = []
    sources: dict[_Fact, tuple[str, ...]] = {}
    for (subject, predicate), group in groupby(facts, key=attrgetter("subject", "predicate")):
        same = list(group)
        if len(same) == 1:
            kept += same
            continue
        by_object: dict[str | Literal, list[Triple]] = {}
        for fact in same:
            by_object.setdefault(fact.object, []).append(fact)
        for value, found in by_object.items():
            kept.append(found[0])
            names = {fact.source for fact in found}
            if len(names) > 1:
                sources[subject, predicate, value] = tuple(sorted(names))
    return kept, sources


def _stretches(nodes: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return where each of the sorted nodes starts and ends."""
    found: dict[str, tuple[int, int]] = {}
    start = 0
    for node, group in groupby(nodes):
        end = start + sum(1 for _ in group)
        found[node] = (start, end)
        start = end
    return found


def _by_property(facts: Iterable[Triple]) -> dict[str, tuple[Triple, ...]]:
    return {p: tuple(found) for p, found in groupby(facts, key=attrgetter("predicate"))}
