"""Claims of one document as triples, with where the document says each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from convrag.graph import terms
from convrag.graph.building.claims import Claim, Rule, Term
from convrag.graph.building.extraction import ALIAS, KIND, TOGETHER
from convrag.graph.building.names import (
    SPACE,
    Name,
    class_id,
    class_key,
    entity_id,
    property_id,
)
from convrag.graph.building.relations import Relation, known
from convrag.text.normalize import match_key
from convrag.types import Literal, Span, Triple

_LABEL = terms.RDFS + "label"
_STATEMENT = terms.RDF + "Statement"
ALONE = SPACE + "alone"
"""Gives a property a name that counts only while no other property has it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document says what a triple says, and by which rule that was understood."""

    triple: Triple
    rule: Rule
    span: Span


@dataclass(frozen=True, slots=True)
class TextGraph:
    """What one document says. Facts have origins; the other triples name and describe."""

    triples: tuple[Triple, ...]
    origins: tuple[Origin, ...]


def assembled(
    claims: Iterable[Claim], *, document_id: str, source: str, language: str
) -> TextGraph:
    """Return the triples of a document's claims.

    A claim that holds under a term (a year, a share) is stated in RDF's own way as well, by a node
    with the term.

    Args:
        claims: What the document claims.
        document_id: Part of the ids of such nodes.
        source: What the triples' ``source`` says.
        language: That of the names.
    """
    claims = tuple(claims)
    builder = _Assembly(document_id, source, language, _kinds(claims, language))
    for claim in claims:
        builder.add(claim)
    builder.name()
    return TextGraph(tuple(builder.triples), tuple(builder.origins.values()))


class _Assembly:
    def __init__(
        self, document_id: str, source: str, language: str, kinds: Mapping[str, str]
    ) -> None:
        self.triples: dict[Triple, None] = {}
        self.origins: dict[Triple, Origin] = {}
        self._document_id = document_id
        self._source = source
        self._language = language
        self._statements = 0
        self._kinds = kinds
        self._labels: dict[str, str] = {}
        self._alone: dict[str, set[str]] = {}

    def add(self, claim: Claim) -> None:
        subject = self._entity(claim.subject)
        if claim.relation is KIND:
            assert isinstance(claim.value, Literal)  # noqa: S101 - how kinds are made
            triple = self._fact(subject, terms.TYPE, self._class(claim.value.value))
        elif claim.relation is ALIAS:
            triple = self._fact(subject, terms.ALIAS, claim.value)
        elif claim.relation is TOGETHER:
            triple = self._fact(subject, terms.TOGETHER, claim.value)
        else:
            predicate = self._property(claim.relation, claim.unit)
            value = claim.value
            if isinstance(value, Name) and match_key(value.text) == match_key(claim.subject.text):
                # Luxembourg's capital is another Luxembourg.
                value = Name(value.text, value.aliases, kind=claim.relation.key)
            triple = self._fact(subject, predicate, value)
            if claim.terms:
                self._state(triple, claim.terms)
        self.origins.setdefault(triple, Origin(triple, claim.rule, claim.span))

    def name(self) -> None:
        """Give things their names, and properties the short ones that only one key has."""
        for term, label in self._labels.items():
            self._put(term, _LABEL, Literal(label, "", self._language))
        for alone, properties in self._alone.items():
            bases = {p.split("/")[1] for p in properties}
            for term in sorted(properties) if len(bases) == 1 else ():
                self._put(term, ALONE, Literal(alone, "", self._language))

    def _fact(self, subject: str, predicate: str, value: str | Name | Literal) -> Triple:
        node = self._entity(value) if isinstance(value, Name) else value
        triple = Triple(subject, predicate, node, self._source)
        self.triples[triple] = None
        return triple

    def _put(self, subject: str, predicate: str, value: str | Literal) -> None:
        self.triples[Triple(subject, predicate, value, self._source)] = None

    def _entity(self, name: Name) -> str:
        """Return the id of what is named, and name and classify it."""
        own = class_key(name.kind, self._language) if name.kind else ""
        term = entity_id(name.text, own or self._kinds.get(match_key(name.text), ""))
        known = self._labels.get(term)
        if known is None or (known.isupper() and not name.text.isupper()):
            self._labels[term] = name.text
        for alias in name.aliases:
            self._put(term, terms.ALIAS, Literal(alias, "", self._language))
        return term

    def _class(self, kind: str) -> str:
        term = class_id(class_key(kind, self._language))
        self._put(term, terms.TYPE, terms.RDFS + "Class")
        self._put(term, _LABEL, Literal(kind, "", self._language))
        words = kind.split()
        if len(words) > 1 and self._language == "en":
            above = self._class(words[-1])
            self._put(term, terms.BROADER_CLASS, above)
        return term

    def _property(self, relation: Relation, unit: str = "") -> str:
        term = property_id(relation.key, unit)
        if not relation.known:
            self._put(term, _LABEL, Literal(relation.label, "", relation.language))
        if relation.alone:
            self._alone.setdefault(relation.alone, set()).add(term)
        return term

    def _state(self, triple: Triple, said: Iterable[Term]) -> None:
        self._statements += 1
        node = f"{SPACE}statement/{self._document_id}/{self._statements}"
        self._put(node, terms.TYPE, _STATEMENT)
        self._put(node, terms.RDF + "subject", triple.subject)
        self._put(node, terms.RDF + "predicate", triple.predicate)
        self._put(node, terms.RDF + "object", triple.object)
        for term in said:
            predicate = self._property(known(term.key, self._language), term.unit)
            self._put(node, predicate, term.value)


def _kinds(claims: Iterable[Claim], language: str) -> dict[str, str]:
    """Return the kinds of things by match key where the document gives each but one."""
    found: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        if claim.subject.kind:
            found[match_key(claim.subject.text)].add(class_key(claim.subject.kind, language))
    return {key: min(kinds) for key, kinds in found.items() if len(kinds) == 1}
