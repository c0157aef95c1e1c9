"""Which sources say a fact, and where sources contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from convrag.graph import terms
from convrag.text.normalize import match_key
from convrag.types import Literal, Triple

_FUNCTIONAL = terms.OWL + "FunctionalProperty"
_LEAST_SUBJECTS = 3
"""Subjects a property must have before its use shows that it has one value."""
_MOST_SEVERAL = 0.02
"""Share of a property's subjects that may have several values in one source: slips."""
_NAMING = terms.LABELS | terms.ALIASES | terms.DESCRIPTIONS | terms.SCHEMA_PREDICATES


class Sources:
    """What each source of a graph says.

    A property has one value when it is declared to (``owl:FunctionalProperty``), or is used so: of
    its subjects, at least three, no more than one in fifty has several values in one source. Texts
    are counted by language. Sources contradict each other when they give a subject different
    values of such a property; numbers of one size and texts of one match key do not differ.
    """

    def __init__(self, triples: Iterable[Triple]) -> None:
        """Take the triples as they were read, each with its source."""
        self._said: dict[tuple[str, str, str | Literal], list[str]] = defaultdict(list)
        self._by_slot: dict[tuple[str, str, str], dict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
        self._declared: set[str] = set()
        for triple in triples:
            self._said[triple.subject, triple.predicate, triple.object].append(triple.source)
            if triple.predicate == terms.TYPE and triple.object == _FUNCTIONAL:
                self._declared.add(triple.subject)
            if triple.predicate not in _NAMING:
                self._by_slot[_slot(triple)][triple.source].add(_value(triple.object))
        self._single = self._declared | self._used_once()

    def of(self, triple: Triple) -> tuple[str, ...]:
        """Return the names of the sources that say the fact, sorted."""
        key = triple.subject, triple.predicate, triple.object
        return tuple(sorted(set(self._said.get(key, [triple.source]))))

    def contradicted(self, triple: Triple) -> bool:
        """Return whether another source gives the subject another value instead of this one."""
        if triple.predicate not in self._single:
            return False
        own, said = _value(triple.object), self._by_slot.get(_slot(triple), {})
        return any(values and own not in values for values in said.values())

    def _used_once(self) -> set[str]:
        subjects: dict[str, int] = defaultdict(int)
        several: dict[str, int] = defaultdict(int)
        for (_, predicate, _), said in self._by_slot.items():
            subjects[predicate] += 1
            several[predicate] += any(len(values) > 1 for values in said.values())
        return {
            predicate
            for predicate, count in subjects.items()
            if count >= _LEAST_SUBJECTS and several[predicate] <= count * _MOST_SEVERAL
        }


def source_counts(triples: Sequence[Triple]) -> Mapping[str, int]:
    """Return the number of triples by source, sorted by name."""
    counts: dict[str, int] = defaultdict(int)
    for triple in triples:
        counts[triple.source] += 1
    return dict(sorted(counts.items()))


def _slot(triple: Triple) -> tuple[str, str, str]:
    language = triple.object.language if isinstance(triple.object, Literal) else ""
    return triple.subject, triple.predicate, language


def _value(value: str | Literal) -> str:
    if isinstance(value, str):
        return value
    if value.datatype in terms.NUMERIC:
        try:
            return str(Decimal(value.value).normalize())
        except InvalidOperation:
            return value.value
    return match_key(value.value)
