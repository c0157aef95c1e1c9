"""Reading RDF files into triples, with errors that name file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax import SAXParseException

from convrag.errors import GraphError
from convrag.types import Literal, Triple

FORMATS = {".ttl": "turtle", ".nt": "nt", ".rdf": "xml", ".owl": "xml"}
"""File endings that are read, with rdflib's name of the format."""


def is_graph(path: Path) -> bool:
    """Return whether the file's ending says that it is a graph convrag reads."""
    return path.suffix.lower() in FORMATS


def read_rdf(path: Path, *, source: str) -> tuple[Triple, ...]:
    """Return the file's triples, sorted; blank nodes are kept apart per source.

    Args:
        path: A Turtle, N-Triples or RDF/XML file in UTF-8.
        source: What the triples' ``source`` says.

    Raises:
        GraphError: The file is missing, not UTF-8, or not valid RDF.
    """
    text = _read_text(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise GraphError(f"{path}: not a graph format", f"known endings: {', '.join(FORMATS)}")
    graph = _parse(text, kind, path)
    triples = {_triple(terms, source) for terms in graph}
    return tuple(sorted(triples, key=lambda triple: triple.id))


def prefixes(path: Path) -> dict[str, str]:
    """Return the namespace prefixes that a Turtle file binds.

    Raises:
        GraphError: As :func:`read_rdf`.
    """
    graph = _parse(_read_text(path), FORMATS[path.suffix.lower()], path)
    return {prefix: str(iri) for prefix, iri in graph.namespaces()}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise GraphError(
            f"{path}: not UTF-8 at byte {error.start}", "save the file as UTF-8"
        ) from error
    except OSError as error:
        raise GraphError(f"{path}: {error.strerror or error}", "check the path") from error


def _parse(text: str, kind: str, path: Path) -> Any:  # noqa: ANN401 (rdflib.Graph, imported late)
    import rdflib
    from rdflib.exceptions import ParserError
    from rdflib.plugins.parsers.notation3 import BadSyntax

    graph = rdflib.Graph(bind_namespaces="none")
    try:
        # N-Triples is a subset of Turtle, whose parser knows its line numbers.
        graph.parse(data=text, format="turtle" if kind == "nt" else kind, publicID=path.name + ":")
    except BadSyntax as error:
        line = int(error.lines) + 1
        raise GraphError(
            f"{path}:{line}: {_reason(error)}", "fix the line and try again"
        ) from error
    except SAXParseException as error:
        raise GraphError(
            f"{path}:{error.getLineNumber()}: {error.getMessage()}", "fix the line and try again"
        ) from error
    except (ParserError, ValueError, AssertionError, IndexError, KeyError) as error:
        raise GraphError(
            f"{path}: not valid {kind}: {error}", "check the file with an RDF validator"
        ) from error
    return graph


def _reason(error: Any) -> str:  # noqa: ANN401 (rdflib's BadSyntax, imported late)
    return " ".join(str(error._why).split())[:160]


def _triple(terms: Any, source: str) -> Triple:  # noqa: ANN401 (rdflib terms, imported late)
    subject, predicate, value = terms
    return Triple(
        subject=_node(subject, source),
        predicate=str(predicate),
        object=_object(value, source),
        source=source,
    )


def _object(value: Any, source: str) -> str | Literal:  # noqa: ANN401
    import rdflib

    if isinstance(value, rdflib.Literal):
        language = str(value.language or "").lower().split("-")[0]
        return Literal(str(value), str(value.datatype or ""), language)
    return _node(value, source)


def _node(value: Any, source: str) -> str:  # noqa: ANN401
    import rdflib

    if isinstance(value, rdflib.BNode):
        return f"_:{source}:{value}"
    return str(value)
