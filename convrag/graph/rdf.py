"""Reading RDF files into triples, with errors that name file and line."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax import SAXException, SAXParseException

from convrag.errors import GraphError
from convrag.graph.syntax import SyntaxMistake, check_ntriples, check_turtle
from convrag.graph.xml_bounds import check_xml
from convrag.types import Literal, Triple

FORMATS = {".ttl": "turtle", ".nt": "nt", ".rdf": "xml", ".owl": "xml"}
"""File endings that are read, with rdflib's name of the format."""

# rdflib reports odd IRIs and values to its log; with no handler they would land on the terminal.
logging.getLogger("rdflib").addHandler(logging.NullHandler())

_XML_PLACE = re.compile(r"^\S*?:(\d+):\d+: ")


def is_graph(path: Path) -> bool:
    """Return whether the file's ending says that it is a graph convrag reads."""
    return path.suffix.lower() in FORMATS


def read_rdf(path: Path, *, source: str) -> tuple[Triple, ...]:
    """Return the file's triples, sorted; the same file always gives the same triples.

    Blank nodes are numbered and kept apart per source. Relative IRIs start at ``file:///`` and the
    file's name, so that they do not depend on where the file lies.

    Args:
        path: A Turtle, N-Triples or RDF/XML file in UTF-8.
        source: What the triples' ``source`` says.

    Raises:
        GraphError: The file is missing, not UTF-8, or not valid RDF.
    """
    blanks: dict[str, int] = {}
    found = _parse(path, *_read_text(path)).found
    triples = {_triple(terms, source, blanks) for terms in found}
    return tuple(sorted(triples, key=lambda triple: triple.id))


def prefixes(path: Path) -> dict[str, str]:
    """Return the namespace prefixes that the file binds; none for N-Triples.

    Raises:
        GraphError: As :func:`read_rdf`.
    """
    kind, text = _read_text(path)
    if kind == "xml":
        graph = _parse(path, kind, text)
        return {prefix: str(iri) for prefix, iri in graph.namespaces()}
    return _checked(path, kind, text)


def _read_text(path: Path) -> tuple[str, str]:
    """Return the file's format and text."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise GraphError(f"{path}: not a graph format", f"known endings: {', '.join(FORMATS)}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GraphError(f"{path}: {error.strerror or error}", "check the path") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GraphError(
            f"{path}:{line}: not UTF-8 at byte {error.start}", "save the file as UTF-8"
        ) from error
    return kind, text


def _checked(path: Path, kind: str, text: str) -> dict[str, str]:
    """Return the prefixes that the text binds, after a strict look at its syntax."""
    try:
        if kind == "turtle":
            return check_turtle(text, _base(path))
        if kind == "nt":
            check_ntriples(text)
        else:
            check_xml(text)
    except SyntaxMistake as error:
        raise _mistake(path, error.line, error.reason) from error
    return {}


def _parse(path: Path, kind: str, text: str) -> Any:  # noqa: ANN401 (made late, see _recorder)
    from rdflib.exceptions import Error
    from rdflib.plugins.parsers.notation3 import BadSyntax

    _checked(path, kind, text)
    graph = _recorder()
    try:
        # N-Triples is a subset of Turtle, whose parser is the one that knows its line numbers.
        graph.parse(data=text, format="turtle" if kind == "nt" else kind, publicID=_base(path))
    except BadSyntax as error:
        raise _mistake(path, int(error.lines) + 1, str(error._why)) from error
    except SAXParseException as error:
        raise _mistake(path, error.getLineNumber() or 1, error.getMessage()) from error
    except (
        Error,
        SAXException,
        ValueError,
        AssertionError,
        LookupError,
        AttributeError,
        TypeError,
        RecursionError,
    ) as error:
        place = _XML_PLACE.match(str(error))
        if place:
            reason = str(error)[place.end() :]
            raise _mistake(path, int(place.group(1)), reason) from error
        raise GraphError(
            f"{path}: not valid {kind}: {_one_line(str(error))}",
            "check the file with an RDF validator",
        ) from error
    return graph


def _recorder() -> Any:  # noqa: ANN401 (a class made late, because rdflib loads slowly)
    """Return an rdflib graph that only lists what it is given, in the file's order."""
    import rdflib

    class Recorder(rdflib.Graph):
        def __init__(self) -> None:
            super().__init__(bind_namespaces="none")
            self.found: list[Any] = []

        def add(self, triple: Any) -> Recorder:  # noqa: ANN401
            self.found.append(triple)
            return self

    return Recorder()


def _base(path: Path) -> str:
    return f"file:///{quote(path.name, errors='surrogateescape')}"


def _mistake(path: Path, line: int, reason: str) -> GraphError:
    return GraphError(f"{path}:{line}: {_one_line(reason)}", "fix the line and try again")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:160]


def _triple(terms: Any, source: str, blanks: dict[str, int]) -> Triple:  # noqa: ANN401
    subject, predicate, value = terms
    return Triple(
        subject=_node(subject, source, blanks),
        predicate=str(predicate),
        object=_object(value, source, blanks),
        source=source,
    )


def _object(value: Any, source: str, blanks: dict[str, int]) -> str | Literal:  # noqa: ANN401
    import rdflib

    if isinstance(value, rdflib.Literal):
        language = str(value.language or "").lower().split("-")[0]
        return Literal(str(value), str(value.datatype or ""), language)
    return _node(value, source, blanks)


def _node(value: Any, source: str, blanks: dict[str, int]) -> str:  # noqa: ANN401
    import rdflib

    if isinstance(value, rdflib.BNode):
        # rdflib draws random names; numbers in order of appearance are the same in every run.
        return f"_:{source}:b{blanks.setdefault(str(value), len(blanks))}"
    return str(value)
