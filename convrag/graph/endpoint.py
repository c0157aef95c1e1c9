"""A SPARQL server somewhere else as a source of triples: read-only, and never trusted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

import pyoxigraph as ox

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.bounds import SyntaxMistake, check_terms, read_json
from convrag.graph.http_request import Response, post
from convrag.graph.sparql import ROWS, TIMEOUT, Rows, check_query, rows_of
from convrag.types import Literal

_JSON_TYPES = ("application/sparql-results+json", "application/json")
_RDF_TYPES = {
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/x-turtle": ox.RdfFormat.TURTLE,
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A SPARQL 1.1 query service.

    Attributes:
        url: Its address, http or https.
        max_bytes: Of one answer.
    """

    url: str
    max_bytes: int = 16 * 1024 * 1024

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, login = parts.hostname, parts.username
        except ValueError:
            parts, host, login = urlsplit(""), None, None
        if parts.scheme not in ("http", "https") or not host:
            raise GraphError(
                f"{self.url[:80]!r} is not the address of a server", "begin it with https://"
            )
        if login is not None:
            # Answers name it as their source.
            raise GraphError(
                "the address of a server may not hold a password", "leave out what is before '@'"
            )

    @property
    def name(self) -> str:
        """Where it is."""
        return self.url

    def query(self, sparql: str, *, timeout: float = TIMEOUT, limit: int = ROWS) -> Rows:
        """Return the answer to a SELECT, ASK or CONSTRUCT query.

        Args:
            sparql: The query; it may not call other servers.
            timeout: Seconds from connecting to the last byte.
            limit: Rows it may have; what is beyond is cut off.

        Raises:
            GraphError: The query does not only read, or the server cannot be reached, takes too
                long, refuses, or answers with something else or too much.
        """
        builds = check_query(sparql) == "CONSTRUCT"
        answer = post(
            self.url,
            sparql.encode(),
            headers={
                "Content-Type": "application/sparql-query; charset=utf-8",
                "Accept": "application/n-triples, text/turtle;q=0.9" if builds else _JSON_TYPES[0],
                "User-Agent": "convrag",
            },
            timeout=timeout,
            max_bytes=self.max_bytes,
        )
        if answer.content_type not in (_RDF_TYPES if builds else _JSON_TYPES):
            raise GraphError(
                f"{self.url} answers with {answer.content_type or 'nothing known'}, "
                f"not {'RDF' if builds else 'JSON results'}",
                "check that the address is that of the query service",
            )
        try:
            return _built(answer, limit) if builds else rows_of(read_json(answer.body), limit)
        except (SyntaxMistake, SyntaxError, ValueError) as error:
            reason = " ".join(str(error).split())[:160]
            raise GraphError(
                f"{self.url} does not answer with {'RDF' if builds else 'SPARQL results'}: "
                f"{reason}",
                "check that the address is that of the query service",
            ) from error


def _built(answer: Response, limit: int) -> Rows:
    """Return the triples of a graph as rows, at most ``limit`` of them."""
    check_terms(answer.body)
    quads = ox.parse(answer.body, format=_RDF_TYPES[answer.content_type])
    rows = [
        (_term(q.subject), _term(q.predicate), _term(q.object)) for q in islice(quads, limit + 1)
    ]
    return Rows(("subject", "predicate", "object"), tuple(rows[:limit]), len(rows) > limit)


def _term(term: object) -> str | Literal:
    if isinstance(term, ox.NamedNode):
        return term.value
    if isinstance(term, ox.BlankNode):
        return f"_:{term.value}"
    if isinstance(term, ox.Literal):
        if term.language:
            return Literal(term.value, "", term.language.lower().split("-")[0])
        datatype = term.datatype.value
        return Literal(term.value, "" if datatype == terms.XSD + "string" else datatype)
    raise ValueError("a triple about a triple")
