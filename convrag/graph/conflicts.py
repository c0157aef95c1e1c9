"""Which sources say a fact, and where sources contradict each other."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from convrag.graph import terms
from convrag.graph.model import KnowledgeGraph
from convrag.text.normalize import match_key
from convrag.types import Evidence, Literal, Triple

_LEAST_SUBJECTS = 3
"""Subjects a property must have before its use shows that it has one value."""
_MOST_SEVERAL = 0.02
"""Share of a property's subjects that may have several values in one source: slips."""
_MEASURING = Decimal("0.01")
"""Share by which measurements of one thing differ: sources measure in other years, other ways."""
_LEAST_DIGITS = 3
"""Digits that a rounded number keeps; 30,000 may be what is meant, and not 31,415 rounded."""
_EXACT_BELOW = 10_000
"""Smaller whole numbers are exact, such as years and counts."""


class Conflicts:
    """Where the sources of a graph contradict each other.

    A property has one value when it is declared to (``owl:FunctionalProperty``), or is used so: of
    its subjects, at least three, no more than one in fifty has several values in one source. Texts
    are counted by language. Sources contradict each other when they give a subject different
    values of such a property, see :func:`agree`. Values that hold under terms of their own, such as
    at another time, contradict nothing.
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
        return self._has_one_value(fact.predicate) and self._denied(fact, others)

    def _denied(self, fact: Triple, others: Iterable[Triple]) -> bool:
        """Return whether one of the sources has only values that do not agree with the fact's."""
        language = _language(fact.object)
        agreeing: dict[str, bool] = defaultdict(bool)
        for other in others:
            if _language(other.object) == language and not self._graph.qualifiers(other):
                agrees = agree(self._graph, fact.predicate, fact.object, other.object)
                for source in self._graph.sources(other):
                    agreeing[source] |= agrees
        return not all(agreeing.values())

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


def agree(
    graph: KnowledgeGraph, property_id: str, one: str | Literal, other: str | Literal
) -> bool:
    """Return whether two values of a property say the same of a thing.

    Numbers do when one is the other rounded, or when the property has a unit and they differ by no
    more than a hundredth; entities when they share a name; names and texts whatever their case,
    accents, spaces and punctuation.
    """
    if same_value(one) == same_value(other):
        return True
    if isinstance(one, Literal) and isinstance(other, Literal):
        if one.datatype in terms.NUMERIC and other.datatype in terms.NUMERIC:
            return _near(one.value, other.value, measured=bool(graph.property(property_id).units))
        plain = one.datatype not in terms.NUMERIC and other.datatype not in terms.NUMERIC
        return plain and _letters(one.value) == _letters(other.value) != ""
    return not _names(graph, one).isdisjoint(_names(graph, other))


def _near(one: str, other: str, *, measured: bool) -> bool:
    """Return whether two numbers are one number, rounded or measured in two ways."""
    try:
        short, long = sorted((Decimal(one).normalize(), Decimal(other).normalize()), key=_digits)
        if measured and abs(short - long) <= _MEASURING * max(abs(short), abs(long)):
            return True
        whole = short == short.to_integral() and long == long.to_integral()
        if _digits(short) < _LEAST_DIGITS or (whole and abs(long) < _EXACT_BELOW):
            return False
        return long.quantize(short, ROUND_HALF_UP) == short
    except ArithmeticError:  # no number, an endless one, or one of very many digits
        return False


def _digits(number: Decimal) -> int:
    return len(number.as_tuple().digits)


def _names(graph: KnowledgeGraph, value: str | Literal) -> frozenset[str]:
    """Return what a value is called, as names are compared."""
    if isinstance(value, Literal):
        return frozenset({_letters(value.value)} - {""})
    entity = graph.entities.get(value)
    if entity is None:
        return frozenset()
    names = (*entity.labels.values(), *(n for some in entity.aliases.values() for n in some))
    return frozenset({_letters(name) for name in names} - {""})


def _letters(text: str) -> str:
    """Return the match key without spaces and punctuation, which tell only numbers apart."""
    key = match_key(text)
    if any(c.isdigit() for c in key):
        return key
    return "".join(c for c in key if unicodedata.category(c)[0] not in "PZ")


def same_value(value: str | Literal) -> str:
    """Return what is equal for values that say the same."""
    if isinstance(value, str):
        return value
    if value.datatype in terms.NUMERIC:
        try:
            return str(Decimal(value.value).normalize())
        except ArithmeticError:
            return value.value
    return match_key(value.value)


def _language(value: str | Literal) -> str:
    return value.language if isinstance(value, Literal) else ""
