"""A SPARQL server somewhere else as a source of triples: read-only, and never trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.bounds import SyntaxMistake, read_json
from convrag.graph.http_request import post
from convrag.graph.sparql import Rows, check_query, iri_term, literal_term, rows_of
from convrag.types import Literal, Triple

_JSON_TYPES = ("application/sparql-results+json", "application/json")
_AT_ONCE = 200
"""Terms that one query asks about; servers bound the length of queries."""
_NAMING = tuple(sorted({*terms.LABEL_ORDER[:4], terms.ALIAS, terms.SCHEMA[0] + "description"}))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A SPARQL 1.1 query service.

    Attributes:
        url: Its address, http or https.
        timeout: Seconds for one query, from connecting to the last byte.
        max_bytes: Of one answer.
        max_rows: Of one answer; what is beyond is cut off.
    """

    url: str
    timeout: float = 30.0
    max_bytes: int = 16 * 1024 * 1024
    max_rows: int = 10_000

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise GraphError(
                f"{self.url[:80]!r} is not the address of a server", "begin it with https://"
            )

    def query(self, sparql: str) -> Rows:
        """Return the answer to a SELECT or ASK query.

        Raises:
            GraphError: The query does not only read, or the server cannot be reached, takes too
                long, refuses, or answers with something else or too much.
        """
        if check_query(sparql) == "CONSTRUCT":
            raise GraphError("a server is not asked to CONSTRUCT", "ask SELECT for the same rows")
        answer = post(
            self.url,
            sparql.encode(),
            headers={
                "Content-Type": "application/sparql-query; charset=utf-8",
                "Accept": _JSON_TYPES[0],
                "User-Agent": "convrag",
            },
            timeout=self.timeout,
            max_bytes=self.max_bytes,
        )
        kind = answer.content_type
        if kind not in _JSON_TYPES:
            raise GraphError(
                f"{self.url} answers with {kind or 'nothing known'}, not JSON results",
                "check that the address is that of the query service",
            )
        try:
            return rows_of(read_json(answer.body), self.max_rows)
        except (SyntaxMistake, ValueError) as error:
            raise GraphError(
                f"{self.url} does not answer with SPARQL results: {error}",
                "check that the address is that of the query service",
            ) from error

    def find(self, name: str, *, languages: Sequence[str], limit: int = 20) -> tuple[Triple, ...]:
        """Return names of the things that are called ``name``: their labels and aliases.

        Names are compared as they are written, by the server's index: nothing is scanned.

        Args:
            name: A label or alias.
            languages: Languages in which it may be; names in no language count too.
            limit: How many things at most.

        Raises:
            GraphError: As :meth:`query`.
        """
        names = " ".join(literal_term(name, tag) for tag in ("", *languages))
        naming = _iris(sorted(terms.LABELS | terms.ALIASES))
        found = self.query(
            f"SELECT DISTINCT ?thing WHERE {{ VALUES ?name {{ {names} }} "
            f"VALUES ?naming {{ {naming} }} ?thing ?naming ?name . FILTER(isIRI(?thing)) }} "
            f"LIMIT {limit}"
        )
        things = [row[0] for row in found.rows if isinstance(row[0], str)]
        return self._names(things, languages)

    def around(
        self, entity: str, *, languages: Sequence[str], limit: int = 500
    ) -> tuple[Triple, ...]:
        """Return the facts that name the entity, and the names of all that they name.

        Args:
            entity: Its IRI.
            languages: Of texts and names; those in no language come too.
            limit: Facts in each direction at most.

        Raises:
            GraphError: As :meth:`query`; or the entity is not an IRI.
        """
        term, spoken = iri_term(entity), _spoken("?value", languages)
        outgoing = self.query(
            f"SELECT ?property ?value WHERE {{ {term} ?property ?value . "
            f"FILTER(!isBlank(?value) && (!isLiteral(?value) || {spoken})) }} LIMIT {limit}"
        )
        incoming = self.query(
            f"SELECT ?thing ?property WHERE {{ ?thing ?property {term} . "
            f"FILTER(isIRI(?thing)) }} LIMIT {limit}"
        )
        facts = [
            Triple(entity, p, value, self.url)
            for p, value in outgoing.rows
            if isinstance(p, str) and value is not None
        ]
        facts += [
            Triple(thing, p, entity, self.url)
            for thing, p in incoming.rows
            if isinstance(thing, str) and isinstance(p, str)
        ]
        named = {term for t in facts for term in (t.subject, t.predicate, t.object)}
        iris = sorted(t for t in named if isinstance(t, str))
        return _sorted([*facts, *self._names(iris, languages)])

    def _names(self, things: Sequence[str], languages: Sequence[str]) -> tuple[Triple, ...]:
        """Return what the things are called, and are described as."""
        found: list[Triple] = []
        for start in range(0, len(things), _AT_ONCE):
            # An IRI that no query can hold came from the server; it stays without a name.
            some = [t for t in things[start : start + _AT_ONCE] if _writable(t)]
            rows = self.query(
                f"SELECT ?thing ?naming ?name WHERE {{ VALUES ?thing {{ {_iris(some)} }} "
                f"VALUES ?naming {{ {_iris(_NAMING)} }} ?thing ?naming ?name . "
                f"FILTER({_spoken('?name', languages)}) }} LIMIT {self.max_rows}"
            ).rows
            found += [
                Triple(thing, naming, name, self.url)
                for thing, naming, name in rows
                if isinstance(thing, str) and isinstance(naming, str) and isinstance(name, Literal)
            ]
        return _sorted(found)


def _iris(iris: Iterable[str]) -> str:
    return " ".join(iri_term(iri) for iri in iris)


def _writable(iri: str) -> bool:
    try:
        iri_term(iri)
    except GraphError:
        return False
    return not iri.startswith("_:")


def _spoken(variable: str, languages: Sequence[str]) -> str:
    """Return a condition: the text is in one of the languages, or in none."""
    tags = " || ".join(f"langMatches(lang({variable}), {literal_term(tag)})" for tag in languages)
    return f'(lang({variable}) = ""{" || " + tags if tags else ""})'


def _sorted(triples: Iterable[Triple]) -> tuple[Triple, ...]:
    return tuple(sorted(set(triples), key=lambda triple: triple.id))
