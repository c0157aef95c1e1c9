"""A part of a graph too large to be read whole: what is near a thing, or what a query builds.

Everything is asked for in SPARQL, so the graph may be a store on disk or a server.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.sparql import Queried, Rows, check_query, iri_term, literal_term
from convrag.types import Triple

FACTS = 10_000
"""Facts of a part when nobody says."""
SECONDS = 60.0
"""How long getting a part may take when nobody says."""
_AT_ONCE = 200
"""Terms that one query asks about; servers bound the length of queries."""
_NAMES = 100_000
"""Names that one query may answer with."""
_NAMING = (
    *terms.LABEL_ORDER[:4],
    terms.ALIAS,
    terms.SKOS + "hiddenLabel",
    *(s + "description" for s in terms.SCHEMA),
    terms.PATTERN,
    terms.UNIT,
)
_CLASSIFYING = (terms.TYPE, terms.INVERSE, "http://www.wikidata.org/prop/direct/P31")
_KIND = re.compile(r"/prop/(direct|statement)/(P31|P279)$")
_CLAIM = re.compile(r"(.*/)prop/(direct/)?(P\d+)")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a graph: its triples, sorted, and whether there would have been more."""

    triples: tuple[Triple, ...]
    cut: bool = False


def around(
    graph: Queried,
    entity: str,
    *,
    hops: int = 1,
    languages: Sequence[str],
    source: str = "",
    limit: int = FACTS,
    timeout: float = SECONDS,
) -> Fragment:
    """Return the facts that name the entity or what is near it, and the names of all they name.

    Statement nodes of Wikidata, which only hold a fact together, cost no hop.

    Args:
        graph: Where the facts are.
        entity: Its IRI.
        hops: How many facts from the entity those are whose facts come.
        languages: Of texts and names; those in no language come too. None of them means all.
        source: What the triples' ``source`` says; else the graph's name.
        limit: Facts at most; names come on top of them.
        timeout: Seconds for all of it.

    Raises:
        GraphError: The entity is not an IRI; or as the graph's ``query``.
    """
    iri_term(entity)
    asking = _Asking(graph, languages, source or graph.name, time.monotonic() + timeout, timeout)
    facts: dict[Triple, None] = {}
    near, seen = [entity], {entity}
    cut = False
    for _ in range(hops):
        before = len(facts)
        cut = asking.facts(near, facts, limit)
        found = list(islice(facts, before, None))
        # Everything is near what it shares a class with, so classes lead nowhere.
        ends = {t.subject for t in found} | {t.object for t in found if not _classifies(t)}
        near = sorted(t for t in ends - seen if isinstance(t, str) and _writable(t))
        seen.update(near)
        if cut or not near:
            break
    named = {t for fact in facts for t in (fact.subject, fact.predicate, fact.object)}
    kinds = asking.kinds([term for term in named if isinstance(term, str)])
    named.update(kind.object for kind in kinds)
    names = asking.names([term for term in named if isinstance(term, str)])
    return Fragment(_sorted([*facts, *kinds, *names]), cut)


def find(
    graph: Queried,
    name: str,
    *,
    languages: Sequence[str],
    limit: int = 20,
    timeout: float = SECONDS,
) -> tuple[Triple, ...]:
    """Return names of the things that are called ``name``: their labels and aliases.

    Names are compared as they are written, by the graph's own index: nothing is scanned.

    Args:
        graph: Where the things are.
        name: A label or alias.
        languages: Languages in which it may be; names in no language count too.
        limit: How many things at most.
        timeout: Seconds for all of it.

    Raises:
        GraphError: As the graph's ``query``.
    """
    asking = _Asking(graph, languages, graph.name, time.monotonic() + timeout, timeout)
    names = " ".join(literal_term(name, tag) for tag in ("", *languages))
    naming = _iris(sorted(terms.LABELS | terms.ALIASES))
    found = asking.query(
        f"SELECT DISTINCT ?thing WHERE {{ VALUES ?name {{ {names} }} "
        f"VALUES ?naming {{ {naming} }} ?thing ?naming ?name . FILTER(isIRI(?thing)) }} "
        f"LIMIT {limit}",
        limit,
    )
    return asking.names([row[0] for row in found.rows if isinstance(row[0], str)])


def built(
    graph: Queried,
    query: str,
    *,
    source: str = "",
    limit: int = FACTS,
    timeout: float = SECONDS,
) -> Fragment:
    """Return what a CONSTRUCT query builds.

    Args:
        graph: What is asked.
        query: The query.
        source: What the triples' ``source`` says; else the graph's name.
        limit: Triples at most, names counted.
        timeout: Seconds.

    Raises:
        GraphError: The query is of another form; or as the graph's ``query``.
    """
    if check_query(query) != "CONSTRUCT":
        raise GraphError("a part of a graph is built by a CONSTRUCT query", "CONSTRUCT WHERE {...}")
    source = source or graph.name
    found = graph.query(query, timeout=timeout, limit=limit)
    nodes: dict[str, str] = {}

    def own(term: str) -> str:
        if not term.startswith("_:"):
            return term
        # Engines draw other names for nameless nodes each time.
        return nodes.setdefault(term, f"_:{source}:b{len(nodes)}")

    triples = (
        Triple(own(s), p, own(o) if isinstance(o, str) else o, source)
        for s, p, o in found.rows
        if isinstance(s, str) and isinstance(p, str) and o is not None
    )
    return Fragment(_sorted(triples), found.truncated)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Several queries that together may take as long as one person waits."""

    graph: Queried
    languages: Sequence[str]
    source: str
    end: float
    timeout: float

    def query(self, sparql: str, limit: int) -> Rows:
        left = self.end - time.monotonic()
        if left <= 0:
            raise GraphError(
                f"{self.graph.name}: getting this part took longer than {self.timeout:g} seconds",
                "ask for less, or allow more",
            )
        return self.graph.query(sparql, timeout=left, limit=limit)

    def facts(self, things: Sequence[str], facts: dict[Triple, None], limit: int) -> bool:
        """Add facts from and to the things; return whether there are more than ``limit``."""
        waiting = [(some, True) for some in _portions(things)]
        for some, both in waiting:
            for triples in self._facts(some, limit + 1, both=both):
                facts.update(dict.fromkeys(triples))
                if len(facts) > limit or len(triples) > limit:
                    for triple in list(islice(facts, limit, None)):
                        del facts[triple]
                    return True
                held = sorted({str(t.object) for t in triples if _holds_statement(t)})
                waiting += [(each, False) for each in _portions(held)]
        return False

    def _facts(self, things: Sequence[str], limit: int, *, both: bool) -> Iterator[list[Triple]]:
        """Yield what is said of the things, and for ``both`` ends then what points at them."""
        values = f"VALUES ?x {{ {_iris(things)} }}"
        spoken = f"!isBlank(?y) && (!isLiteral(?y) || {_spoken('?y', self.languages)})"
        query = f"SELECT ?x ?p ?y WHERE {{ {values} ?x ?p ?y . FILTER({spoken}) }} LIMIT {limit}"
        yield self._triples(query, limit)
        if both:
            query = f"SELECT ?y ?p ?x WHERE {{ {values} ?y ?p ?x . FILTER(isIRI(?y)) }}"
            yield self._triples(f"{query} LIMIT {limit}", limit)

    def _triples(self, query: str, limit: int) -> list[Triple]:
        return [
            Triple(subject, predicate, value, self.source)
            for subject, predicate, value in self.query(query, limit).rows
            if isinstance(subject, str) and isinstance(predicate, str) and value is not None
        ]

    def kinds(self, things: Sequence[str]) -> list[Triple]:
        """Return the classes of things and properties, and what properties are the inverse of."""
        found: list[Triple] = []
        for some in _portions(_asked(things)):
            found += self._said(some, _CLASSIFYING, "isIRI(?y)")
        return found

    def names(self, things: Sequence[str]) -> tuple[Triple, ...]:
        """Return what the things are called, and are described as."""
        found: list[Triple] = []
        # Wikidata names properties by items of their own.
        claims = (_CLAIM.fullmatch(thing) for thing in things)
        items = [f"{claim[1]}entity/{claim[3]}" for claim in claims if claim]
        for some in _portions(_asked([*things, *items])):
            spoken = f"isLiteral(?y) && {_spoken('?y', self.languages)}"
            found += self._said(some, _NAMING, spoken)
        return _sorted(found)

    def _said(self, things: Sequence[str], properties: Sequence[str], kept: str) -> list[Triple]:
        # With the properties as VALUES too, engines read all that any thing says with them.
        known = f"?p IN ({', '.join(iri_term(item) for item in properties)})"
        query = (
            f"SELECT ?x ?p ?y WHERE {{ VALUES ?x {{ {_iris(things)} }} "
            f"?x ?p ?y . FILTER({known} && {kept}) }} LIMIT {_NAMES}"
        )
        return self._triples(query, _NAMES)


def _asked(things: Iterable[str]) -> list[str]:
    """Return the things that a query can name; what it cannot came from outside."""
    return sorted({thing for thing in things if _writable(thing)})


def _holds_statement(triple: Triple) -> bool:
    claim = _CLAIM.fullmatch(triple.predicate)
    return claim is not None and not claim[2] and isinstance(triple.object, str)


def _classifies(triple: Triple) -> bool:
    return triple.predicate in terms.SCHEMA_PREDICATES or bool(_KIND.search(triple.predicate))


def _portions(things: Sequence[str]) -> list[Sequence[str]]:
    return [things[start : start + _AT_ONCE] for start in range(0, len(things), _AT_ONCE)]


def _iris(iris: Iterable[str]) -> str:
    return " ".join(iri_term(iri) for iri in iris)


def _writable(iri: str) -> bool:
    try:
        iri_term(iri)
    except GraphError:
        return False
    return not iri.startswith("_:")


def _spoken(variable: str, languages: Sequence[str]) -> str:
    """Return a condition: the text is in one of the languages, or in none; any for no languages."""
    if not languages:
        return "true"
    tags = " || ".join(f"langMatches(lang({variable}), {literal_term(tag)})" for tag in languages)
    return f'(lang({variable}) = "" || {tags})'


def _sorted(triples: Iterable[Triple]) -> tuple[Triple, ...]:
    return tuple(sorted(set(triples), key=lambda triple: triple.id))
