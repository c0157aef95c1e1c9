"""What several documents, and the graph that was given, call the same becomes one.

Documents are understood one by one and name things by ids made from names. Which ids mean the same
is worked out from all triples there are, whenever these are loaded: so it does not depend on the
order in which documents came, and a deleted document leaves nothing behind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from convrag.graph import terms
from convrag.graph.building.assembling import ALONE
from convrag.graph.building.names import CLASS, ENTITY, PROPERTY, SPACE
from convrag.text.normalize import match_key
from convrag.types import Literal, Triple

_DOMINANT = 3
"""How many times as many facts the best known of namesakes has, so that a bare name means it."""
_NAMES = terms.LABELS | terms.ALIASES


def merged(triples: Sequence[Triple]) -> tuple[Triple, ...]:
    """Return the triples with one id for each thing, property and class.

    A thing of a given graph keeps its id; what texts call by one of its names, and say nothing
    against its class, is it. Names meet by match key. Things of different kinds stay apart, as do
    properties whose values have different units.
    """
    same = same_ids(triples)
    if not same and not any(t.predicate == ALONE for t in triples):
        return tuple(triples)
    unclear = _unclear(triples)
    return tuple(t for old in triples if (t := _renamed(old, same, unclear)) is not None)


def same_ids(triples: Sequence[Triple]) -> Mapping[str, str]:
    """Return by the ids that are made from text and mean the same as another one that other id."""
    if not any(t.subject.startswith(SPACE) for t in triples):
        return {}
    given = _Given(triples)
    same = _classes(triples, given) | _properties(triples, given)
    return same | _entities(triples, given, same)


def renamed(triple: Triple, same: Mapping[str, str]) -> Triple:
    """Return the triple with the ids that count."""
    subject, predicate, value = triple.subject, triple.predicate, triple.object
    own = subject in same or predicate in same or (type(value) is str and value in same)
    if not own:
        return triple
    return Triple(
        same.get(subject, subject),
        same.get(predicate, predicate),
        same.get(value, value) if isinstance(value, str) else value,
        triple.source,
    )


def _renamed(triple: Triple, same: Mapping[str, str], unclear: frozenset[str]) -> Triple | None:
    if triple.predicate == ALONE:
        value = triple.object
        if not isinstance(value, Literal) or match_key(value.value) in unclear:
            return None
        subject = same.get(triple.subject, triple.subject)
        return Triple(subject, terms.ALIAS, value, triple.source)
    return renamed(triple, same)


def _unclear(triples: Iterable[Triple]) -> frozenset[str]:
    """Return the short names of keys that several properties have."""
    owners: dict[str, set[str]] = defaultdict(set)
    named = {
        (t.subject, t.object.value)
        for t in triples
        if (t.predicate == ALONE or t.predicate in _NAMES)
        and t.subject.startswith(PROPERTY)
        and isinstance(t.object, Literal)
    }
    for subject, name in named:
        # The same property in another unit is no other one.
        owners[match_key(name)].add(subject.removeprefix(PROPERTY).partition("/")[0])
    return frozenset(key for key, some in owners.items() if len(some) > 1)


def _names_of(triples: Iterable[Triple], space: str) -> set[tuple[str, str]]:
    """Return (id, name) of all that is named and has an id that begins so, each pair once."""
    return {
        (t.subject, t.object.value)
        for t in triples
        if t.predicate in _NAMES and t.subject.startswith(space) and isinstance(t.object, Literal)
    }


class _Given:
    """The names that the graph which was not built from text has, with its classes and units."""

    def __init__(self, triples: Sequence[Triple]) -> None:
        self.named: dict[str, set[str]] = defaultdict(set)
        self.kinds: dict[str, set[str]] = defaultdict(set)
        self.units: dict[str, set[str]] = defaultdict(set)
        self.properties: set[str] = set()
        self.classes: set[str] = set()
        for t in triples:
            if t.subject.startswith(SPACE):
                continue
            if t.predicate in _NAMES and isinstance(t.object, Literal):
                self.named[match_key(t.object.value)].add(t.subject)
            elif t.predicate == terms.TYPE and isinstance(t.object, str):
                if t.object in terms.PROPERTY_TYPES:
                    self.properties.add(t.subject)
                elif t.object in terms.CLASS_TYPES:
                    self.classes.add(t.subject)
                else:
                    self.kinds[t.subject].add(t.object)
                    self.classes.add(t.object)
            elif t.predicate == terms.UNIT and isinstance(t.object, Literal):
                self.units[t.subject].add(match_key(t.object.value))
            if not t.predicate.startswith(SPACE):
                self.properties.add(t.predicate)

    def entities(self, key: str) -> set[str]:
        """Return the things of this name that are no properties or classes."""
        return self.named.get(key, set()) - self.properties - self.classes


def _classes(triples: Iterable[Triple], given: _Given) -> dict[str, str]:
    """Return the given classes of the same name for classes from text."""
    same: dict[str, set[str]] = defaultdict(set)
    for subject, name in _names_of(triples, CLASS):
        same[subject] |= given.named.get(match_key(name), set()) & given.classes
    return {term: min(found) for term, found in same.items() if len(found) == 1}


def _properties(triples: Iterable[Triple], given: _Given) -> dict[str, str]:
    """Return the given properties of the same name and unit for properties from text."""
    same: dict[str, set[str]] = defaultdict(set)
    for subject, name in _names_of(triples, PROPERTY):
        unit = match_key(unquote(subject.removeprefix(PROPERTY).partition("/")[2]))
        for term in given.named.get(match_key(name), set()) & given.properties:
            if unit in given.units.get(term, {""}):
                same[subject].add(term)
    return {term: min(found) for term, found in same.items() if len(found) == 1}


def _entities(triples: Sequence[Triple], given: _Given, same: Mapping[str, str]) -> dict[str, str]:
    """Return for things from text the things that count instead of them."""
    known = _Known(triples, given, same)
    found: dict[str, str] = {}
    for term in sorted(known.facts):
        target = known.target(term)
        if target != term:
            found[term] = target
    # An alias may lead to what has another id itself.
    for term in found:
        seen = {term}
        while (onward := found.get(found[term], "")) and onward not in seen:
            seen.add(onward)
            found[term] = onward
    return {term: target for term, target in found.items() if term != target}


class _Known:
    """The things that texts speak of, by their names."""

    def __init__(self, triples: Sequence[Triple], given: _Given, same: Mapping[str, str]) -> None:
        self._given = given
        self._same = same
        self.facts: Counter[str] = Counter()
        self._kinds: dict[str, set[str]] = defaultdict(set)
        self._aliases: dict[str, set[str]] = defaultdict(set)
        labels: dict[str, set[str]] = defaultdict(set)
        for t in triples:
            if isinstance(t.object, str) and t.object.startswith(ENTITY):
                self.facts[t.object] += 0
            if not t.subject.startswith(ENTITY):
                continue
            self.facts[t.subject] += t.predicate not in _NAMES
            if t.predicate == terms.TYPE and isinstance(t.object, str):
                self._kinds[t.subject].add(same.get(t.object, t.object))
            elif t.predicate in terms.ALIASES and isinstance(t.object, Literal):
                labels[match_key(t.object.value)].add(t.subject)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for term in self.facts:
            self._by_name[_name(term)].append(term)
        self._aliases = labels

    def target(self, term: str) -> str:
        """Return the thing that ``term`` means: a given one, a namesake of a kind, or itself."""
        given = self._of_given(term)
        if given:
            return given
        if _kind(term):
            return term
        namesakes = [t for t in self._by_name[_name(term)] if _kind(t)]
        best = self._dominant(namesakes)
        if best:
            return self._of_given(best) or best
        if namesakes or self._kinds.get(term):
            return term
        others = self._aliases.get(unquote(_name(term)), set()) - {term}
        best = self._dominant(sorted(others, key=lambda t: (-self.facts[t], t)))
        # What is called so here and otherwise there is one thing, if it is not two there.
        return best or term

    def _of_given(self, term: str) -> str:
        """Return the only thing of the given graph with the name, if its class is no other."""
        candidates = self._given.entities(unquote(_name(term)))
        kinds = self._kinds.get(term, set())
        if kinds:
            typed = {c for c in candidates if self._given.kinds.get(c, set()) & kinds}
            candidates = typed or {c for c in candidates if not self._given.kinds.get(c)}
        return min(candidates) if len(candidates) == 1 else ""

    def _dominant(self, candidates: Sequence[str]) -> str:
        ranked = sorted(candidates, key=lambda t: (-self.facts[t], t))
        if not ranked:
            return ""
        if len(ranked) > 1 and self.facts[ranked[0]] < _DOMINANT * max(1, self.facts[ranked[1]]):
            return ""
        return ranked[0]


def _name(term: str) -> str:
    return term.removeprefix(ENTITY).partition("/")[0]


def _kind(term: str) -> str:
    return term.removeprefix(ENTITY).partition("/")[2]
