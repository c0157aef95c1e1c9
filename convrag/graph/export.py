"""Triples for other programs: files in RDF's formats, and rdflib's graph."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyoxigraph as ox

from convrag.errors import GraphError
from convrag.types import Literal, Triple

if TYPE_CHECKING:
    import rdflib

_FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
_ELEMENT_NAME = re.compile(r"[^\W\d][\w.\-]*$")
FORMATS = tuple(_FORMATS)
"""Names of the formats that :func:`write_rdf` writes."""


def write_rdf(
    triples: Iterable[Triple],
    form: str,
    *,
    prefixes: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """Return the triples as a file in UTF-8, without the sources they are from.

    Args:
        triples: What to write; their order is kept.
        form: One of :data:`FORMATS`.
        prefixes: Namespace prefixes by which IRIs are shortened, in the formats that can.

    Raises:
        GraphError: The format is unknown, or a term cannot be written in it.
    """
    if form not in _FORMATS:
        raise GraphError(f"{form!r} is not a graph format", f"use one of {', '.join(FORMATS)}")
    try:
        statements = [ox.Triple(*terms_of(triple)) for triple in triples]
        if form == "rdfxml":
            _check_element_names(statements)
        written = ox.serialize(statements, format=_FORMATS[form], prefixes=dict(prefixes))
    except (ValueError, OSError) as error:
        raise GraphError(
            f"a term cannot be written as {form}: {error}", "use ntriples, which takes any IRI"
        ) from error
    return written or b""


def as_rdflib(
    triples: Iterable[Triple], *, prefixes: Mapping[str, str] = MappingProxyType({})
) -> rdflib.Graph:
    """Return the triples as a graph of rdflib, for programs that work with it."""
    import rdflib  # slow to import, and only who asks for it pays

    # It reports odd dates to its log; with no handler they would land on the terminal.
    logging.getLogger("rdflib").addHandler(logging.NullHandler())
    graph: rdflib.Graph = rdflib.Graph(bind_namespaces="none")
    for prefix, iri in prefixes.items():
        graph.bind(prefix, iri)

    def term(value: str | Literal) -> rdflib.term.Node:
        node: rdflib.term.Node
        if isinstance(value, Literal):
            datatype = rdflib.URIRef(value.datatype) if value.datatype else None
            node = rdflib.Literal(
                value.value, lang=value.language or None, datatype=datatype, normalize=False
            )
        else:
            node = rdflib.BNode(blank_name(value)) if _blank(value) else rdflib.URIRef(value)
        return node

    for triple in triples:
        graph.add((term(triple.subject), term(triple.predicate), term(triple.object)))
    return graph


def terms_of(
    triple: Triple,
) -> tuple[ox.NamedNode | ox.BlankNode, ox.NamedNode, ox.NamedNode | ox.BlankNode | ox.Literal]:
    """Return the triple's terms as the RDF library has them.

    Raises:
        ValueError: One of them is not an IRI.
    """
    value = triple.object
    if isinstance(value, str):
        return _node(triple.subject), ox.NamedNode(triple.predicate), _node(value)
    if value.language:
        literal = ox.Literal(value.value, language=value.language)
    else:
        datatype = ox.NamedNode(value.datatype) if value.datatype else None
        literal = ox.Literal(value.value, datatype=datatype)
    return _node(triple.subject), ox.NamedNode(triple.predicate), literal


def blank_name(node: str) -> str:
    """Return a name for a blank node that any format may write; nodes of two sources differ."""
    return "b" + node.removeprefix("_:").encode("utf-8", "surrogateescape").hex()


def _check_element_names(statements: Iterable[ox.Triple]) -> None:
    """RDF/XML makes an XML name of the end of each predicate; not every IRI ends in one."""
    for iri in sorted({statement.predicate.value for statement in statements}):
        if not _ELEMENT_NAME.search(iri):
            raise ValueError(f"<{iri}> does not end in an XML name")


def _node(term: str) -> ox.NamedNode | ox.BlankNode:
    return ox.BlankNode(blank_name(term)) if _blank(term) else ox.NamedNode(term)


def _blank(term: str) -> bool:
    return term.startswith("_:")
