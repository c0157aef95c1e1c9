"""What properties that were made from text are called, and in which units they count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote

from convrag.graph import terms
from convrag.graph.building.names import PROPERTY, property_id
from convrag.graph.building.relations import table
from convrag.types import Literal, Triple


def described(triples: Iterable[Triple]) -> Iterator[Triple]:
    """Yield what is to be known of the properties that the triples use.

    It follows from the properties' ids, so documents need not store it.
    """
    for term in sorted({t.predicate for t in triples if t.predicate.startswith(PROPERTY)}):
        yield from _description(term)


@lru_cache(maxsize=4096)
def _description(term: str) -> tuple[Triple, ...]:
    tail, _, unit = term.removeprefix(PROPERTY).partition("/")
    found = [Triple(term, terms.TYPE, terms.RDF + "Property")]
    if unit:
        found.append(Triple(term, terms.UNIT, Literal(unquote(unit))))
    key = next((k for k in table() if property_id(k) == PROPERTY + tail), "")
    for language, labels in table().get(key, {}).get("labels", {}).items():
        for place, label in enumerate(labels):
            named = terms.ALIAS if place else terms.RDFS + "label"
            found.append(Triple(term, named, Literal(label, "", language)))
    if table().get(key, {}).get("symmetric"):
        found.append(Triple(term, terms.TYPE, terms.SYMMETRIC))
    return tuple(found)
