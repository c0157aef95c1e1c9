"""SPARQL that only reads: which queries may be asked, and answers as rows of convrag's terms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.types import Literal

LONGEST_QUERY = 100_000
"""Characters; a query is written by a person or made of a few hundred names."""
TIMEOUT = 30.0
"""Seconds that a query may take when nobody says."""
ROWS = 1000
"""Rows that an answer may have when nobody says."""
_DEEPEST = 64
_TOKEN = re.compile(
    r"""(?P<skip>
        "{3}(?:"{0,2}(?:[^"\\]|\\.))*+"{3} | '{3}(?:'{0,2}(?:[^'\\]|\\.))*+'{3}
      | "(?:[^"\\\n\r]|\\.)*+" | '(?:[^'\\\n\r]|\\.)*+'
      | <[^<>"{}|^`\\\x00-\x20]*+> | \#[^\n\r]*+ | [?$]\w++
      | (?:[^\W\d_][\w.\-]*+)?:[\w.\-:%\\]*+
    ) | (?P<word>[^\W\d_]\w*+) | (?P<open>[({\[]|<<) | (?P<close>[)}\]]|>>)""",
    re.VERBOSE | re.DOTALL,
)
_READING = ("SELECT", "ASK", "CONSTRUCT")
_WRITING = frozenset(
    {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"}
)
_NOT_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a query, in the engine's order.

    A CONSTRUCT query gives the columns ``subject, predicate, object``; an ASK query one row with
    one boolean. None is a value that is not bound.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | Literal | None, ...], ...]
    truncated: bool = False
    """Whether there were more rows than asked for."""


class Queried(Protocol):
    """A graph that answers SPARQL: a store on disk, or a server."""

    @property
    def name(self) -> str:
        """Where it is."""

    def query(self, sparql: str, *, timeout: float = TIMEOUT, limit: int = ROWS) -> Rows:
        """Return the answer to a SELECT, ASK or CONSTRUCT query.

        Args:
            sparql: The query; it may not call other servers.
            timeout: Seconds it may take.
            limit: Rows it may have; what is beyond is cut off.

        Raises:
            GraphError: There is no answer.
        """


def check_query(query: str) -> str:
    """Return the query's form, SELECT, ASK or CONSTRUCT, when it is one of those and only reads.

    Raises:
        GraphError: The query is of another form, calls other servers (SERVICE), or is too long or
            nested too deeply.
    """
    if len(query) > LONGEST_QUERY:
        raise GraphError(
            f"the query is longer than {LONGEST_QUERY} characters", "ask for less at once"
        )
    form, depth = "", 0
    for token in _TOKEN.finditer(query):
        word = token.group().upper() if token.lastgroup == "word" else ""
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if depth > _DEEPEST:
            raise GraphError(f"the query is nested more than {_DEEPEST} deep", "simplify it")
        if word == "SERVICE":
            raise GraphError("the query calls another server", "leave SERVICE out")
        if not form and (word in _READING or word in _WRITING or word == "DESCRIBE"):
            form = word
    if form not in _READING:
        raise GraphError(
            f"{form or 'this'} is not a query that is answered", "ask SELECT, ASK or CONSTRUCT"
        )
    return form


def iri_term(iri: str) -> str:
    """Return the IRI as a query writes it.

    Raises:
        GraphError: It has characters that no IRI has.
    """
    if not iri or _NOT_IN_IRI.search(iri):
        raise GraphError(f"{iri[:80]!r} is not an IRI", "check its spelling")
    return f"<{iri}>"


def literal_term(text: str, language: str = "") -> str:
    """Return the text as a query writes it; whatever it contains, it stays a text."""
    escaped = "".join(_ESCAPES.get(c, c) for c in text)
    if language and not re.fullmatch(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", language):
        raise GraphError(f"{language!r} is not a language", "use a code such as 'en'")
    return f'"{escaped}"@{language}' if language else f'"{escaped}"'


def rows_of(results: object, limit: int) -> Rows:
    """Return the rows of a SPARQL 1.1 result in JSON, at most ``limit`` of them.

    Raises:
        ValueError: It is no such result.
    """
    if not isinstance(results, Mapping) or not isinstance(results.get("head"), Mapping):
        raise ValueError("it has no head")  # noqa: TRY004 (one error for all that is amiss)
    if isinstance(results.get("boolean"), bool):
        return truth(results["boolean"])
    try:
        columns = tuple(str(name) for name in results["head"]["vars"])
        bindings = results["results"]["bindings"]
        rows = tuple(tuple(_term(row.get(name)) for name in columns) for row in bindings[:limit])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it has no results of the standard's form") from error
    return Rows(columns, rows, len(bindings) > limit)


def truth(answer: bool) -> Rows:  # noqa: FBT001 (the value itself)
    """Return the answer to an ASK query as rows."""
    return Rows(("answer",), ((Literal(str(answer).lower(), terms.XSD + "boolean"),),))


def _term(value: Mapping[str, str] | None) -> str | Literal | None:
    if value is None:
        return None
    kind, text = value["type"], str(value["value"])
    if kind == "uri":
        return text
    if kind == "bnode":
        return f"_:{text}"
    if kind not in ("literal", "typed-literal"):
        raise ValueError(f"a term of the kind {kind!r}")
    language = str(value.get("xml:lang", "")).lower().split("-")[0]
    datatype = "" if language else str(value.get("datatype", ""))
    return Literal(text, "" if datatype == terms.XSD + "string" else datatype, language)
