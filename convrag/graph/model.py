"""The graph in memory: entities, properties and classes by id, facts from both of their ends."""

from __future__ import annotations

import builtins
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType

from convrag.graph import terms
from convrag.types import Entity, Literal, Triple


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
        builder = _Builder()
        for triple in triples:
            builder.add(triple)
        self.properties: Mapping[str, Property] = MappingProxyType(builder.properties())
        self.classes: Mapping[str, Entity] = MappingProxyType(builder.named(builder.class_ids))
        self.entities: Mapping[str, Entity] = MappingProxyType(builder.named(builder.entity_ids()))
        self.size = len(builder.facts)
        """Number of facts, names not counted."""
        self._outgoing = _grouped(builder.facts, by_subject=True)
        self._incoming = _grouped(builder.facts, by_subject=False)

    def groups(self, entity_id: str) -> tuple[FactGroup, ...]:
        """Return the entity's facts by property, forward ones first, each sorted by property.

        Facts of symmetric properties are forward from both of their ends.
        """
        forward = dict(self._outgoing.get(entity_id, {}))
        backward: list[FactGroup] = []
        for p, facts in self._incoming.get(entity_id, {}).items():
            if self.property(p).symmetric:
                known = {t.object for t in forward.get(p, ())}
                extra = tuple(t for t in facts if t.subject not in known)
                forward[p] = forward.get(p, ()) + extra
            else:
                backward.append(FactGroup(entity_id, p, False, facts))
        return (
            *(FactGroup(entity_id, p, True, facts) for p, facts in sorted(forward.items())),
            *backward,
        )

    def degree(self, entity_id: str) -> int:
        """Return the number of facts that name the entity."""
        return sum(len(g.triples) for g in self.groups(entity_id))

    def neighbours(self, entity_id: str) -> frozenset[str]:
        """Return the ids of the entities one fact away."""
        return frozenset(
            other
            for group in self.groups(entity_id)
            for other in group.others
            if isinstance(other, str) and other in self.entities
        )

    def property(self, property_id: str) -> Property:
        """Return the property; one without names when the graph does not describe it."""
        return self.properties.get(property_id) or Property(property_id)

    def label(self, term: str, language: str) -> str:
        """Return the term's name in ``language``, else English, else any, else its IRI's tail."""
        named = self.entities.get(term) or self.classes.get(term) or self.properties.get(term)
        if named is None:
            return terms.local_name(term)
        labels = named.labels
        for choice in (language, "en", ""):
            if choice in labels:
                return labels[choice]
        return labels[min(labels)] if labels else terms.local_name(term)


class _Builder:
    """Sorts triples into names, descriptions, schema and facts."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, str, str | Literal], Triple] = {}
        self.class_ids: set[str] = set()
        self._property_ids: set[str] = set()
        self._labels: dict[str, dict[str, str]] = defaultdict(dict)
        self._aliases: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._descriptions: dict[str, dict[str, str]] = defaultdict(dict)
        self._types: dict[str, list[str]] = defaultdict(list)
        self._patterns: dict[str, dict[str, str]] = defaultdict(dict)
        self._units: dict[str, dict[str, str]] = defaultdict(dict)
        self._inverse: dict[str, str] = {}
        self._parents: dict[str, list[str]] = defaultdict(list)
        self._symmetric: set[str] = set()
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
        elif p in terms.PROPERTY_AXIOMS:
            self._property_ids.add(s)
        elif p not in terms.SCHEMA_PREDICATES:
            self._fact(triple)

    def _add_literal(self, triple: Triple, s: str, p: str, o: Literal) -> None:
        if p in terms.LABELS:
            if o.language in self._labels[s]:
                self._aliases[s][o.language].append(o.value)
            else:
                self._labels[s][o.language] = o.value
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

    def _add_type(self, subject: str, kind: str) -> None:
        if kind in terms.PROPERTY_TYPES:
            self._property_ids.add(subject)
            if kind == terms.SYMMETRIC:
                self._symmetric.add(subject)
        elif kind in terms.CLASS_TYPES:
            self.class_ids.add(subject)
        else:
            self._types[subject].append(kind)
            self.class_ids.add(kind)

    def _fact(self, triple: Triple) -> None:
        self._property_ids.add(triple.predicate)
        self.facts.setdefault((triple.subject, triple.predicate, triple.object), triple)

    def entity_ids(self) -> set[str]:
        """Return every named or typed subject, and every object that facts point at."""
        ids = set(self._labels) | set(self._types)
        for subject, _, value in self.facts:
            ids.add(subject)
            if isinstance(value, str):
                ids.add(value)
        return ids - self._property_ids - self.class_ids

    def named(self, ids: set[str]) -> dict[str, Entity]:
        """Return the entities (or classes) of these ids, sorted."""
        return {
            term: Entity(
                term,
                self._labels.get(term, {}),
                self._other_names(term),
                self._descriptions.get(term, {}),
                self._all_types(term),
            )
            for term in sorted(ids)
        }

    def _other_names(self, term: str) -> dict[str, tuple[str, ...]]:
        """Return the term's aliases by language, each once and none that is the label."""
        labels = self._labels.get(term, {})
        names = {
            language: tuple(n for n in dict.fromkeys(found) if n != labels.get(language))
            for language, found in self._aliases.get(term, {}).items()
        }
        return {language: found for language, found in names.items() if found}

    def _all_types(self, term: str) -> tuple[str, ...]:
        """Return the term's classes and theirs above, nearest first; cycles end."""
        found: dict[str, None] = {}
        waiting = list(self._types.get(term, ()))
        while waiting:
            kind = waiting.pop(0)
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


def _grouped(
    facts: Mapping[tuple[str, str, str | Literal], Triple], *, by_subject: bool
) -> dict[str, dict[str, tuple[Triple, ...]]]:
    lists: dict[str, dict[str, list[Triple]]] = {}
    for triple in facts.values():
        key = triple.subject if by_subject else triple.object
        if isinstance(key, str):
            lists.setdefault(key, {}).setdefault(triple.predicate, []).append(triple)
    return {
        key: {p: tuple(found) for p, found in sorted(groups.items())}
        for key, groups in lists.items()
    }
