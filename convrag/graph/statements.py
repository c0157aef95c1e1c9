"""Facts that RDF spells out over several nodes, made plain: what is said, and under which terms.

Wikidata gives each claim a statement node with rank and qualifiers; RDF itself reifies; SKOS-XL
gives labels nodes; lists are chains. A person asks about none of these nodes. Here they become
triples between the things themselves, with the qualifiers kept beside the triple they belong to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from convrag.graph import terms
from convrag.types import Literal, Triple

Qualifier = tuple[str, str | Literal]
"""A property and its value, such as start time and a date."""

_CLAIM = re.compile(r"(.*/prop/)(?!direct/)((?:statement|qualifier)/(?:value/)?)?([PL]\d+)")
_HIDDEN_TYPES = frozenset(
    {
        *(
            terms.WIKIBASE + name
            for name in (
                "Statement",
                "Reference",
                "TimeValue",
                "QuantityValue",
                "GlobecoordinateValue",
            )
        ),
        terms.RDF + "Statement",
        terms.OWL + "Restriction",
        terms.OWL + "Axiom",
        terms.OWL + "AllDisjointClasses",
        terms.OWL + "AllDifferent",
        terms.SKOSXL + "Label",
    }
)
_XL = {
    terms.SKOSXL + "prefLabel": terms.SKOS + "prefLabel",
    terms.SKOSXL + "altLabel": terms.SKOS + "altLabel",
    terms.SKOSXL + "hiddenLabel": terms.SKOS + "hiddenLabel",
}
_FORM = terms.SKOSXL + "literalForm"
_MOST_FORMS = 4
_PROPERTY_FORMS = frozenset(
    terms.WIKIBASE + name
    for name in (
        "claim", "statementProperty", "statementValue", "statementValueNormalized", "qualifier",
        "qualifierValue", "qualifierValueNormalized", "reference", "referenceValue",
        "referenceValueNormalized", "novalue", "directClaimNormalized",
    )
)  # fmt: skip
_FIRST, _REST, _NIL = (terms.RDF + name for name in ("first", "rest", "nil"))
_PAGES = frozenset({terms.WIKIBASE + "wikiGroup", *(s + "about" for s in terms.SCHEMA)})
_DIRECT_FORM = re.compile(r"(.*/prop/)(direct)/(P\d+)")
_RANKS = {terms.WIKIBASE + "PreferredRank": 2, terms.WIKIBASE + "DeprecatedRank": 0}
_RANK = terms.WIKIBASE + "rank"
_DIRECT = terms.WIKIBASE + "directClaim"
_LEMMA = terms.WIKIBASE + "lemma"
_TELLING = frozenset({terms.TYPE, _FIRST, _DIRECT, *_XL, *_PROPERTY_FORMS, *_PAGES})
_TIME, _PRECISION, _AMOUNT = (
    terms.WIKIBASE + name for name in ("timeValue", "timePrecision", "quantityAmount")
)
_UNIT = terms.QUANTITY_UNIT
_DATE_TIME = terms.XSD + "dateTime"
_NO_UNIT = "http://www.wikidata.org/entity/Q199"
_MIDNIGHT = re.compile(r"([+-]?\d{4,})-(\d\d)-(\d\d)T00:00:00Z")
_INSTANCE = "http://www.wikidata.org/prop/direct/P31"
_PARENT = "http://www.wikidata.org/prop/direct/P279"
_REIFIED = tuple(terms.RDF + name for name in ("subject", "predicate", "object"))


@dataclass(frozen=True, slots=True)
class PlainFacts:
    """Triples between things, and by (subject, predicate, object) what qualifies them.

    A fact that is stated several times has a tuple of qualifiers for each time.
    """

    triples: Sequence[Triple]
    qualifiers: Mapping[tuple[str, str, str | Literal], tuple[tuple[Qualifier, ...], ...]] = field(
        default_factory=dict
    )


def plain_facts(triples: Sequence[Triple]) -> PlainFacts:
    """Return the triples without nodes that only hold facts together.

    Wikidata: of a property's claims the preferred ones count, else the normal ones; deprecated
    ones, references and site links are left out; names of ``wd:P39`` become those of ``wdt:P39``;
    P31 also gives the class and P279 the class above it. A graph without any such node is returned
    as it is.
    """
    predicates = {t.predicate for t in triples}
    types = {t.object for t in triples if t.predicate == terms.TYPE}
    wikibase = any(p.startswith(terms.WIKIBASE) or "/prop/" in p for p in predicates)
    special = {_FIRST, *_XL} & predicates or types & _HIDDEN_TYPES
    if not (wikibase or special):
        return PlainFacts(triples)
    return _Folding(triples, wikibase=wikibase).result()


class _Folding:
    def __init__(self, triples: Sequence[Triple], *, wikibase: bool) -> None:
        self._triples = triples
        self._wikibase = wikibase
        self._forms = {p: _CLAIM.fullmatch(p) for p in {t.predicate for t in triples}}
        self._telling = {
            predicate
            for predicate, form in self._forms.items()
            if predicate in _TELLING or (form is not None and form[2])
        }
        """Predicates that tell that a node only holds facts together."""
        self._hidden: set[str | Literal] = set()
        self._renamed = _direct_forms(self._forms)
        self._about: dict[str | Literal, list[Triple]] = defaultdict(list)
        self._claims: dict[tuple[str, str], list[Triple]] = defaultdict(list)
        self._claimed: set[str | Literal] = set()
        self._heads: set[str] = set()
        self._names: dict[str | Literal, tuple[str | Literal, ...]] = {}
        self._budget = 4 * len(triples) + 1000
        self._out: list[Triple] = []
        self._qualifiers: dict[tuple[str, str, str | Literal], list[tuple[Qualifier, ...]]] = (
            defaultdict(list)
        )

    def result(self) -> PlainFacts:
        for triple in self._triples:
            if triple.predicate in self._telling:
                self._survey(triple)
        aside = self._hidden | self._heads
        shown = [t for t in self._triples if t.subject not in aside] if aside else self._triples
        if aside:
            for triple in self._triples:
                if triple.subject in aside:
                    self._about[triple.subject].append(triple)
            for triple in shown:
                self._claim(triple)
        for (subject, prop), links in self._claims.items():
            self._fold(subject, prop, links)
        self._emit_all(shown, {*aside, *self._renamed, _NIL})
        self._reified()
        properties = sorted(set(self._renamed.values()))
        self._out += [Triple(p, terms.TYPE, terms.RDF + "Property") for p in properties]
        qualifiers = {fact: tuple(found) for fact, found in self._qualifiers.items()}
        return PlainFacts(self._out, qualifiers)

    def _emit_all(self, triples: Iterable[Triple], special: set[str | Literal]) -> None:
        """Emit the triples; nearly all are as they should be and are only looked at."""
        # Triples that give the best claims once more, with less precision, are not needed.
        told = {(t.subject, t.predicate) for t in self._out}
        plain = self._forms.keys() - self._telling - {predicate for _, predicate in told}
        plain -= {_INSTANCE, _PARENT, _LEMMA, terms.TYPE}
        plain -= {p for p in plain if p.startswith(terms.WIKIBASE) or "/direct-normalized/" in p}
        for triple in triples:
            value = triple.object
            if (
                triple.predicate in plain
                and triple.subject not in self._renamed
                and (value not in special if type(value) is str else not _is_time(value))
            ):
                self._out.append(triple)
            elif (triple.subject, triple.predicate) not in told:
                self._emit(triple)

    def _survey(self, triple: Triple) -> None:
        """Note which nodes only hold facts together."""
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if predicate == terms.TYPE:
            if value in _HIDDEN_TYPES:
                self._hidden.add(subject)
        elif predicate == _FIRST:
            self._heads.add(subject)
        elif predicate in _XL and isinstance(value, str):
            self._hidden.add(value)
        elif self._wikibase:
            form = self._forms[predicate]
            if form is not None and form[2]:
                self._hidden.add(subject)
            elif predicate in _PROPERTY_FORMS:
                self._hidden.add(value)
            elif predicate == _DIRECT and isinstance(value, str):
                self._renamed[subject] = value
            elif predicate in _PAGES:
                # Pages about an item bear its name; they are no namesakes of it.
                self._hidden.add(subject)

    def _claim(self, triple: Triple) -> None:
        form, node = self._forms[triple.predicate], triple.object
        # A claim is one subject's own; one that many shared would take the time of many.
        if node in self._hidden and node not in self._claimed and form and not form[2]:
            self._claimed.add(node)
            self._claims[triple.subject, form[1] + "direct/" + form[3]].append(triple)

    def _emit(self, triple: Triple) -> None:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if predicate in _XL:
            for name in self._written(value):
                self._out.append(Triple(subject, _XL[predicate], name, triple.source))
        elif value in self._hidden:
            return
        elif isinstance(value, str) and (value in self._heads or value == _NIL):
            for item in self._items(value):
                self._out.append(Triple(subject, predicate, item, triple.source))
        elif predicate == _LEMMA:
            self._out.append(Triple(subject, terms.RDFS + "label", value, triple.source))
        elif not self._wikibase:
            self._plain(triple)
        elif not predicate.startswith(terms.WIKIBASE) and "/direct-normalized/" not in predicate:
            if predicate == terms.TYPE and str(value).startswith(terms.WIKIBASE):
                return
            self._plain(self._with_known_name(triple))

    def _written(self, label: str | Literal) -> tuple[str | Literal, ...]:
        """Return what a label's node writes: one form each, by the rules of SKOS-XL."""
        if label not in self._names:
            forms = (t for t in self._about.get(label, ()) if t.predicate == _FORM)
            self._names[label] = tuple(t.object for t in islice(forms, _MOST_FORMS))
        return self._names[label]

    def _with_known_name(self, triple: Triple) -> Triple:
        """Return the triple with a property's item called by the predicate people's facts use."""
        subject = self._renamed.get(triple.subject, triple.subject)
        value = triple.object
        value = self._renamed.get(value, value) if isinstance(value, str) else _dated(value, "")
        if subject is triple.subject and value is triple.object:
            return triple
        return Triple(subject, triple.predicate, value, triple.source)

    def _plain(self, triple: Triple) -> None:
        self._out.append(triple)
        if triple.predicate == _INSTANCE:
            self._out.append(Triple(triple.subject, terms.TYPE, triple.object, triple.source))
        elif triple.predicate == _PARENT:
            self._out.append(Triple(triple.subject, terms.BROADER_CLASS, triple.object))

    def _fold(self, subject: str, prop: str, links: Iterable[Triple]) -> None:
        """Add the claims of one property of one subject: those of the best rank."""
        ranked: dict[int, list[tuple[Triple, list[Triple]]]] = defaultdict(list)
        for link in links:
            content = self._about.get(link.object, [])
            rank = next((_RANKS.get(str(t.object), 1) for t in content if t.predicate == _RANK), 1)
            ranked[rank].append((link, content))
        ranked.pop(0, None)
        for link, content in ranked[max(ranked)] if ranked else ():
            details = self._details(content)
            qualifiers = tuple(self._said(content, "qualifier/", details))
            for _, value in self._said(content, "statement/", details):
                self._plain(Triple(subject, prop, value, link.source))
                unit = details.get((prop, value), "")
                # What is left of the details of a value that is no time is its unit.
                own = ((_UNIT, unit), *qualifiers) if ":" in unit else qualifiers
                if own:
                    self._qualifiers[subject, prop, value].append(own)

    def _said(
        self, content: Iterable[Triple], form: str, details: Mapping[tuple[str, object], str]
    ) -> Iterator[Qualifier]:
        """Return an iterator over a statement's values, or its qualifiers, that are known."""
        for triple in content:
            found, value = self._forms[triple.predicate], triple.object
            if found is not None and found[2] == form and not _unknown(value):
                prop = found[1] + "direct/" + found[3]
                yield prop, _dated(value, details.get((prop, value), ""))

    def _details(self, content: Iterable[Triple]) -> dict[tuple[str, object], str]:
        """Return, by property and value, the precision of times and the unit of quantities."""
        details: dict[tuple[str, object], str] = {}
        for triple in content:
            form = self._forms[triple.predicate]
            if form is not None and (form[2] or "").endswith("/value/"):
                node = {t.predicate: t.object for t in self._about.get(triple.object, ())}
                value = node.get(_TIME) or node.get(_AMOUNT)
                detail = node.get(_PRECISION) or node.get(_UNIT)
                if value and detail and detail != _NO_UNIT:
                    text = detail.value if isinstance(detail, Literal) else detail
                    details[form[1] + "direct/" + form[3], value] = text
        return details

    def _reified(self) -> None:
        """Note what statements in RDF's own form say about their facts."""
        for content in self._about.values():
            parts = {t.predicate: t.object for t in content if t.predicate in _REIFIED}
            subject, predicate, value = (parts.get(name) for name in _REIFIED)
            qualifiers = tuple(
                (t.predicate, t.object)
                for t in content
                if t.predicate not in _REIFIED and t.predicate != terms.TYPE
            )
            if isinstance(subject, str) and isinstance(predicate, str) and value and qualifiers:
                self._qualifiers[subject, predicate, value].append(qualifiers)

    def _items(self, head: str) -> list[str | Literal]:
        """Return what is in a list and the lists inside it, each list once; loops end."""
        items: list[str | Literal] = []
        waiting: list[str | Literal] = [head]
        seen: set[str] = set()
        while waiting and self._budget > 0:
            node = waiting.pop()
            self._budget -= 1
            if not isinstance(node, str) or node not in self._heads:
                if node != _NIL:
                    items.append(node)
            elif node not in seen:
                seen.add(node)
                content = {t.predicate: t.object for t in self._about[node]}
                waiting += [content[p] for p in (_REST, _FIRST) if p in content]
        return items


def _direct_forms(predicates: Iterable[str]) -> dict[str, str]:
    """Return by a property's item the predicate of its plain facts: wdt:P39 for wd:P39.

    Names of the item are names of the predicate; a file need not say so.
    """
    found: dict[str, str] = {}
    for predicate in predicates:
        form = _CLAIM.fullmatch(predicate) or _DIRECT_FORM.fullmatch(predicate)
        if form is not None:
            found[f"{form[1].removesuffix('prop/')}entity/{form[3]}"] = f"{form[1]}direct/{form[3]}"
    return found


def _dated(value: str | Literal, precision: str) -> str | Literal:
    """Return Wikidata's time as precise as it is meant: it writes a year as its first day."""
    if not isinstance(value, Literal) or not _is_time(value):
        return value
    parts = _MIDNIGHT.fullmatch(value.value)
    if parts is None:
        return value
    year, month, day = parts.groups()
    if precision == "9" or "00" in (month, day):
        return Literal(year, terms.XSD + "gYear")
    if precision == "10":
        return Literal(f"{year}-{month}", terms.XSD + "gYearMonth")
    if precision in ("", "11"):
        return Literal(f"{year}-{month}-{day}", terms.XSD + "date")
    return value


def _is_time(value: str | Literal) -> bool:
    return isinstance(value, Literal) and value.datatype == _DATE_TIME


def _unknown(value: str | Literal) -> bool:
    """Whether the value is there but nobody knows it: Wikidata writes a nameless node."""
    return isinstance(value, str) and (value.startswith("_:") or "/.well-known/genid/" in value)
