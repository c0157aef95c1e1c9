"""Which sources say a fact, and where sources contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from convrag.graph import terms
from convrag.graph.model import KnowledgeGraph
from convrag.text.normalize import match_key
from convrag.types import Evidence, Literal, Triple

_LEAST_SUBJECTS = 3
"""Subjects a property must have before its use shows that it has one value."""
_MOST_SEVERAL = 0.02
"""Share of a property's subjects that may have several values in one source: slips."""


class Conflicts:
    """Where the sources of a graph contradict each other.

    A property has one value when it is declared to (``owl:FunctionalProperty``), or is used so: of
    its subjects, at least three, no more than one in fifty has several values in one source. Texts
    are counted by language. Sources contradict each other when they give a subject different
    values of such a property; numbers of one size and texts of one match key do not differ. Values
    that hold under terms of their own, such as at another time, contradict nothing.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._single: dict[str, bool] = {}

    def contradicted(self, fact: Triple) -> bool:
        """Return whether another source gives the subject another value instead of this one."""
        others = self._graph.values(fact.subject, fact.predicate)
        if len(others) < 2 or self._graph.qualifiers(fact):
            return False
        language = _language(fact.object)
        said: dict[str, set[str]] = defaultdict(set)
        for other in others:
            if _language(other.object) == language and not self._graph.qualifiers(other):
                for source in self._graph.sources(other):
                    said[source].add(same_value(other.object))
        own = same_value(fact.object)
        if all(own in values for values in said.values()):
            return False
        return self._has_one_value(fact.predicate)

    def sourced(self, evidence: Evidence) -> Evidence:
        """Return the evidence with all that say it, and whether others contradict them."""
        fact = evidence.item
        if not isinstance(fact, Triple):
            return evidence
        sources = self._graph.sources(fact)
        disputed = self.contradicted(fact)
        if len(sources) < 2 and not disputed:
            return evidence
        return replace(evidence, sources=sources, disputed=disputed)

    def _has_one_value(self, predicate: str) -> bool:
        if predicate not in self._single:
            declared = self._graph.property(predicate).functional
            self._single[predicate] = declared or self._used_once(predicate)
        return self._single[predicate]

    def _used_once(self, predicate: str) -> bool:
        """Return whether the property is used as one that has one value."""
        slots: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for fact in self._graph.facts():
            if fact.predicate == predicate:
                slot = slots[fact.subject, _language(fact.object)]
                for source in self._graph.sources(fact):
                    slot[source].add(same_value(fact.object))
        several = sum(any(len(values) > 1 for values in said.values()) for said in slots.values())
        return len(slots) >= _LEAST_SUBJECTS and several <= len(slots) * _MOST_SEVERAL


def source_counts(triples: Sequence[Triple]) -> Mapping[str, int]:
    """Return the number of triples by source, sorted by name."""
    counts: dict[str, int] = defaultdict(int)
    for triple in triples:
        counts[triple.source] += 1
    return dict(sorted(counts.items()))


def same_value(value: str | Literal) -> str:
    """Return what is equal for values that say the same."""
    if isinstance(value, str):
        return value
    if value.datatype in terms.NUMERIC:
        try:
            return str(Decimal(value.value).normalize())
        except InvalidOperation:
            return value.value
    return match_key(value.value)


def _language(value: str | Literal) -> str:
    return value.language if isinstance(value, Literal) else ""
