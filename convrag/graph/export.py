"""Graphs for other programs: files in RDF's formats and GraphML, and rdflib's graph."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyoxigraph as ox

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.model import KnowledgeGraph
from convrag.graph.paths import as_network
from convrag.graph.wording import readable
from convrag.text.sanitize import plain
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


def write_graphml(graph: KnowledgeGraph, entities: Sequence[str], language: str) -> bytes:
    """Return the entities and the facts among them as a GraphML file, named in ``language``.

    A node has its ``label``, ``description`` and ``types``, and its facts with plain values under
    the properties' names; an edge has the property's ``label`` and ``id``.
    """
    import networkx as nx  # slow to import, and only who asks for it pays

    network = as_network(graph, list(entities))
    for entity_id, node in network.nodes.items():
        entity = graph.entities[entity_id]
        node["label"] = xml_text(graph.label(entity_id, language))
        node["types"] = xml_text(", ".join(graph.label(t, language) for t in entity.types))
        texts = entity.description
        node["description"] = xml_text(texts.get(language) or texts.get("en") or texts.get("", ""))
        for group in graph.groups(entity_id):
            values = readable([v for v in group.others if isinstance(v, Literal)], language)
            if values and group.forward and group.property != terms.DEFINITION:
                name = xml_text(graph.label(group.property, language))
                # As they are, so that programs can calculate with them.
                told = "; ".join(v.value for v in values if isinstance(v, Literal))
                node.setdefault(name, xml_text(told))
    for _, _, item, edge in network.edges(keys=True, data=True):
        edge.clear()
        edge.update(label=xml_text(graph.label(item, language)), id=xml_text(item))
    # Ids are what others look entities up by, so only what XML cannot hold is taken from them.
    network = nx.relabel_nodes(network, {n: xml_text(n) for n in network.nodes})
    written = io.BytesIO()
    nx.write_graphml_xml(network, written)
    return written.getvalue()


def part_of(triples: Iterable[Triple], entities: Iterable[str]) -> tuple[Triple, ...]:
    """Return what is said of the entities and among them, and the names of all that says it.

    Triples that lead to entities left out are left out too; nodes without an id that belong to an
    entity, such as addresses, come with it.
    """
    known = tuple(triples)
    subjects = {t.subject for t in known}
    chosen = _with_owned(known, set(entities))
    schema = {t.predicate for t in known} | _classes(known)
    kept = [
        t
        for t in known
        if t.subject in chosen
        and (
            isinstance(t.object, Literal)
            or t.object in chosen
            or t.object in schema
            or t.object not in subjects
        )
    ]
    used = {t.predicate for t in kept} | _classes(kept)
    kept += [t for t in known if t.subject in used - chosen]
    return tuple(kept)


def _with_owned(triples: Iterable[Triple], chosen: set[str]) -> set[str]:
    """Return the chosen nodes with the nodes without an id that they lead to."""
    owned: dict[str, list[str]] = {}
    for t in triples:
        if isinstance(t.object, str) and t.object.startswith("_:"):
            owned.setdefault(t.subject, []).append(t.object)
    waiting = list(chosen)
    while waiting:
        new = [node for node in owned.get(waiting.pop(), ()) if node not in chosen]
        chosen.update(new)
        waiting += new
    return chosen


def _classes(triples: Iterable[Triple]) -> set[str]:
    return {t.object for t in triples if t.predicate == terms.TYPE and isinstance(t.object, str)}


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


def xml_text(text: str) -> str:
    """Return the text without what is hidden, or what XML cannot hold."""
    return "".join(c for c in plain(text) if c not in "\ufffe\uffff")


def _check_element_names(statements: Iterable[ox.Triple]) -> None:
    """RDF/XML makes an XML name of the end of each predicate; not every IRI ends in one."""
    for iri in sorted({statement.predicate.value for statement in statements}):
        if not _ELEMENT_NAME.search(iri):
            raise ValueError(f"<{iri}> does not end in an XML name")


def _node(term: str) -> ox.NamedNode | ox.BlankNode:
    return ox.BlankNode(blank_name(term)) if _blank(term) else ox.NamedNode(term)


def _blank(term: str) -> bool:
    return term.startswith("_:")
