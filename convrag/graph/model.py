"""The graph in memory: entities, properties and classes by id, facts from both of their ends."""

from __future__ import annotations

import builtins
import tomllib
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from convrag.graph import terms
from convrag.graph.fact_table import FactTable
from convrag.graph.statements import Qualifier, plain_facts
from convrag.types import Entity, Literal, Triple

_MOST_CONTENTS = 8
_MOST_CLASSES = 64
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_NAMES_BY_RANK = {predicate: rank for rank, predicate in enumerate(terms.LABEL_ORDER)}


@dataclass(frozen=True, slots=True)
class Property:
    """A predicate with its names by language.

    ``phrases`` are the words people ask for it with, ``patterns`` the sentences that state it, with
    ``{subject}`` and ``{object}``. ``units`` has one symbol under ``""`` or one per language.
    """

    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    inverse: str = ""
    symmetric: bool = False
    functional: bool = False
    """Whether it is declared to have one value."""


@dataclass(frozen=True, slots=True)
class FactGroup:
    """All facts of one entity by one property in one direction."""

    entity: str
    property: str
    forward: bool
    triples: tuple[Triple, ...]

    @builtins.property
    def others(self) -> tuple[str | Literal, ...]:
        """The values at the other end, in the triples' order.

        A forward group of a symmetric property also has triples that point at the entity.
        """
        return tuple(
            t.object if self.forward and t.subject == self.entity else t.subject
            for t in self.triples
        )


class KnowledgeGraph:
    """Names and facts, read-only after construction."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        plain = plain_facts(triples if isinstance(triples, Sequence) else tuple(triples))
        builder = _Builder()
        for triple in plain.triples:
            builder.add(triple)
        builder.finish()
        facts = FactTable(builder.facts)
        self.properties: Mapping[str, Property] = MappingProxyType(builder.properties())
        self.classes: Mapping[str, Entity] = MappingProxyType(builder.named(builder.class_ids))
        ids = builder.entity_ids(facts)
        self.entities: Mapping[str, Entity] = MappingProxyType(builder.named(ids))
        self.size = facts.size
        """Number of facts, names not counted."""
        self.identifying = tuple(p for p in terms.IDENTIFIERS if p in self.properties)
        """The properties whose values stand for the thing itself, such as ``skos:notation``."""
        self._facts = facts
        self._qualifiers = plain.qualifiers
        self._together = builder.together
        self._symmetric = frozenset(p.id for p in self.properties.values() if p.symmetric)

    def groups(self, entity_id: str) -> tuple[FactGroup, ...]:
        """Return the entity's facts by property, forward ones first, each sorted by property.

        Facts of symmetric properties are forward from both of their ends.
        """
        forward = self._facts.outgoing(entity_id)
        backward: list[FactGroup] = []
        for p, facts in self._facts.incoming(entity_id).items():
            if p in self._symmetric:
                known = {t.object for t in forward.get(p, ())}
                extra = tuple(t for t in facts if t.subject not in known)
                forward[p] = forward.get(p, ()) + extra
            else:
                backward.append(FactGroup(entity_id, p, False, facts))
        return (
            *(FactGroup(entity_id, p, True, facts) for p, facts in sorted(forward.items())),
            *backward,
        )

    def facts(self) -> Iterator[Triple]:
        """Return an iterator over all facts, sorted by subject and property."""
        return self._facts.all()

    def values(self, subject: str, property_id: str) -> tuple[Triple, ...]:
        """Return the facts that give the subject's values of the property."""
        return self._facts.outgoing(subject).get(property_id, ())

    def sources(self, fact: Triple) -> tuple[str, ...]:
        """Return the names of the sources that say the fact, sorted."""
        return self._facts.sources(fact)

    def qualifiers(self, triple: Triple) -> tuple[tuple[Qualifier, ...], ...]:
        """Return under which terms the fact holds, such as its start time.

        A fact that is stated several times has the terms of each time.
        """
        return self._qualifiers.get((triple.subject, triple.predicate, triple.object), ())

    def degree(self, entity_id: str) -> int:
        """Return the number of facts that name the entity."""
        if self._symmetric:
            return sum(len(g.triples) for g in self.groups(entity_id))
        return self._facts.count(entity_id)

    def kinds_of(self, entity_id: str | None) -> frozenset[str]:
        """Return the entity's classes and those above them; none for one the graph lacks."""
        entity = self.entities.get(entity_id or "")
        return frozenset(entity.types) if entity else frozenset()

    def properties_of(self, entity_id: str) -> frozenset[str]:
        """Return the properties of the entity's facts, under the names of both directions."""
        return self.both_ways(group.property for group in self.groups(entity_id))

    def both_ways(self, properties: Iterable[str]) -> frozenset[str]:
        """Return the properties and their inverses."""
        given = frozenset(properties)
        return given | {self.property(p).inverse for p in given} - {""}

    def neighbours(self, entity_id: str) -> frozenset[str]:
        """Return the ids of the entities one fact away."""
        return frozenset(
            other
            for group in self.groups(entity_id)
            for other in group.others
            if isinstance(other, str) and other in self.entities
        )

    def named_with(self, entity_id: str) -> Mapping[str, int]:
        """Return what texts name in one sentence with the entity, and in how many documents.

        Nothing is said of how they hang together: this leads on, and answers nothing.
        """
        return self._together.get(entity_id, _NOTHING)

    def property(self, property_id: str) -> Property:
        """Return the property; one without names when the graph does not describe it."""
        return self.properties.get(property_id) or Property(property_id)

    def label(self, term: str, language: str) -> str:
        """Return the term's name in ``language``, else English, else any, else its IRI's tail."""
        named = self.entities.get(term) or self.classes.get(term) or self.properties.get(term)
        labels: Mapping[str, str] = named.labels if named is not None else {}
        for choice in (language, "en", ""):
            if choice in labels:
                return labels[choice]
        if labels:
            return labels[min(labels)]
        return self._contents(term, language) if term.startswith("_:") else terms.local_name(term)

    def _contents(self, node: str, language: str) -> str:
        """Return what a nameless node such as an address holds: "5 Main Street, Ombra"."""
        values = [t.object for found in self._facts.outgoing(node).values() for t in found]
        texts = [
            value.value if isinstance(value, Literal) else self.label(value, language)
            for value in values[:_MOST_CONTENTS]
            if isinstance(value, Literal) or not value.startswith("_:")
        ]
        return ", ".join(texts) or "…"


class _Builder:
    """Sorts triples into names, descriptions, schema and facts."""

    def __init__(self) -> None:
        self.facts: list[Triple] = []
        self.together: dict[str, Counter[str]] = defaultdict(Counter)
        self.class_ids: set[str] = set()
        self._property_ids: set[str] = set()
        self._labels: dict[str, dict[str, str]] = defaultdict(dict)
        self._ranked: list[dict[str, dict[str, str]]] = [
            defaultdict(dict) for _ in terms.LABEL_ORDER
        ]
        self._aliases: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._descriptions: dict[str, dict[str, str]] = defaultdict(dict)
        self._types: dict[str, list[str]] = defaultdict(list)
        self._patterns: dict[str, dict[str, str]] = defaultdict(dict)
        self._units: dict[str, dict[str, str]] = defaultdict(dict)
        self._inverse: dict[str, str] = {}
        self._parents: dict[str, list[str]] = defaultdict(list)
        self._symmetric: set[str] = set()
        self._functional: set[str] = set()
        self._above: dict[tuple[str, ...], tuple[str, ...]] = {}
        for property_id in builtin_properties():
            self._property_ids.add(property_id)

    def add(self, triple: Triple) -> None:
        """Take one triple."""
        s, p, o = triple.subject, triple.predicate, triple.object
        if isinstance(o, Literal):
            self._add_literal(triple, s, p, o)
        elif p == terms.TYPE:
            self._add_type(s, o)
        elif p == terms.INVERSE:
            self._inverse[s] = o
            self._inverse.setdefault(o, s)
            self._property_ids.update((s, o))
        elif p == terms.SUBCLASS:
            self.class_ids.update((s, o))
            self._parents[s].append(o)
        elif p == terms.BROADER_CLASS:
            self._parents[s].append(o)
        elif p in terms.PROPERTY_AXIOMS:
            self._property_ids.add(s)
        elif p == terms.TOGETHER:
            self.together[s][o] += 1
            self.together[o][s] += 1
        elif p not in terms.SCHEMA_PREDICATES:
            self._fact(triple)

    def _add_literal(self, triple: Triple, s: str, p: str, o: Literal) -> None:
        if p in terms.LABELS:
            self._add_label(s, _NAMES_BY_RANK[p], o)
        elif p in terms.ALIASES:
            self._aliases[s][o.language].append(o.value)
        elif p == terms.PATTERN:
            self._patterns[s][o.language] = o.value
        elif p == terms.UNIT:
            self._units[s][o.language] = o.value
        else:
            if p in terms.DESCRIPTIONS:
                self._descriptions[s].setdefault(o.language, o.value)
            if p == terms.DEFINITION or p not in terms.DESCRIPTIONS | terms.SCHEMA_PREDICATES:
                self._fact(triple)

    def _add_label(self, subject: str, rank: int, name: Literal) -> None:
        names = self._ranked[rank][subject]
        if name.language in names:
            self._aliases[subject][name.language].append(name.value)
        else:
            names[name.language] = name.value

    def finish(self) -> None:
        """Make the best name in each language the label, and the others aliases."""
        self._labels = next((names for names in self._ranked if names), {})
        for ranked in self._ranked:
            for subject, names in ranked.items() if ranked is not self._labels else ():
                labels = self._labels.setdefault(subject, names)
                for language, name in names.items() if labels is not names else ():
                    if labels.setdefault(language, name) != name:
                        self._aliases[subject][language].append(name)

    def _add_type(self, subject: str, kind: str) -> None:
        if kind in terms.PROPERTY_TYPES:
            self._property_ids.add(subject)
            if kind == terms.SYMMETRIC:
                self._symmetric.add(subject)
            elif kind == terms.FUNCTIONAL:
                self._functional.add(subject)
        elif kind in terms.CLASS_TYPES:
            self.class_ids.add(subject)
        else:
            self._types[subject].append(kind)
            self.class_ids.add(kind)

    def _fact(self, triple: Triple) -> None:
        self._property_ids.add(triple.predicate)
        self.facts.append(triple)

    def entity_ids(self, facts: FactTable) -> set[str]:
        """Return every named or typed subject, and every object that facts point at."""
        ids = set(self._labels) | set(self._types) | facts.ids()
        return ids - self._property_ids - self.class_ids

    def named(self, ids: set[str]) -> dict[str, Entity]:
        """Return the entities (or classes) of these ids, sorted."""
        return {
            term: Entity(
                term,
                self._labels.get(term, _NOTHING),
                self._other_names(term),
                self._descriptions.get(term, _NOTHING),
                self._all_types(term),
            )
            for term in sorted(ids)
        }

    def _other_names(self, term: str) -> Mapping[str, tuple[str, ...]]:
        """Return the term's aliases by language, each once and none that is the label."""
        if term not in self._aliases:
            return _NOTHING
        labels = self._labels.get(term, {})
        names = {
            language: tuple(n for n in dict.fromkeys(found) if n != labels.get(language))
            for language, found in self._aliases.get(term, {}).items()
        }
        return {language: found for language, found in names.items() if found}

    def _all_types(self, term: str) -> tuple[str, ...]:
        """Return the term's classes and those above, nearest first."""
        own = tuple(self._types.get(term, ()))
        if own not in self._above:
            self._above[own] = self._with_above(own)
        return self._above[own]

    def _with_above(self, kinds: tuple[str, ...]) -> tuple[str, ...]:
        """Return the classes and those above them, nearest first; cycles and long chains end."""
        found: dict[str, None] = {}
        waiting = deque(kinds)
        while waiting and len(found) < _MOST_CLASSES:
            kind = waiting.popleft()
            if kind not in found:
                found[kind] = None
                waiting += self._parents.get(kind, ())
        return tuple(found)

    def properties(self) -> dict[str, Property]:
        """Return all properties, sorted; the graph's own names come before built-in ones."""
        known = builtin_properties()
        found: dict[str, Property] = {}
        for term in sorted(self._property_ids):
            base = known.get(term, Property(term))
            found[term] = Property(
                term,
                {**base.labels, **self._labels.get(term, {})},
                {**base.phrases, **self._other_names(term)},
                {**base.patterns, **self._patterns.get(term, {})},
                self._units.get(term, {}),
                self._inverse.get(term, ""),
                term in self._symmetric or self._inverse.get(term) == term,
                term in self._functional,
            )
        return found


@cache
def builtin_properties() -> Mapping[str, Property]:
    """Return the properties of common vocabularies that convrag names in ten languages itself."""
    text = resources.files("convrag.graph").joinpath("vocabulary.toml").read_text(encoding="utf-8")
    return {
        iri: Property(
            iri,
            entry.get("labels", {}),
            {lang: tuple(phrases) for lang, phrases in entry.get("phrases", {}).items()},
            entry.get("patterns", {}),
        )
        for iri, entry in tomllib.loads(text).items()
    }
