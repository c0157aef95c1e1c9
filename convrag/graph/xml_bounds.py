"""What an XML file may declare before any other XML parser reads it: a bound on its entities."""

from __future__ import annotations

import re
from xml.parsers import expat

from convrag.graph.syntax import SyntaxMistake

_LARGEST_ENTITY = 100_000
_LARGEST_TOTAL = 10_000_000
_REFERENCE = re.compile(r"&([^\s&;#]+);")


class _BodyReachedError(Exception):
    """The declarations are over."""


def check_xml(text: str) -> None:
    """Pass when ``text`` begins like RDF/XML and the entities it declares stay small together.

    Namespace shorthands as ontology editors write them pass; entities that grow by naming each
    other (the "billion laughs"), parameter entities, entities in other files and default
    attributes do not.

    Raises:
        SyntaxMistake: The root element has no namespace, or an entity is of a refused kind or
            grows too large.
    """
    sizes = _sizes(text)
    if sizes and sum(sizes.get(name, 0) for name in _REFERENCE.findall(text)) > _LARGEST_TOTAL:
        raise SyntaxMistake(1, "the XML entities expand to too much text")


def _sizes(text: str) -> dict[str, int]:
    """Return the expanded length of each declared entity, in characters."""
    sizes: dict[str, int] = {}
    parser = expat.ParserCreate(namespace_separator=" ")

    def declared(
        name: str,
        is_parameter: bool,  # noqa: FBT001 (expat calls it so)
        value: str | None,
        *_: str | None,
    ) -> None:
        line = parser.CurrentLineNumber
        if is_parameter or value is None:
            raise SyntaxMistake(line, f"XML entity {name!r} is not a plain text")
        size = len(value) + sum(sizes.get(n, 0) for n in _REFERENCE.findall(value))
        if size > _LARGEST_ENTITY:
            raise SyntaxMistake(line, f"XML entity {name!r} expands to too much text")
        sizes.setdefault(name, size)

    def attribute(_element: str, name: str, _kind: str, default: str | None, _needed: int) -> None:
        if default is not None:
            raise SyntaxMistake(
                parser.CurrentLineNumber, f"XML attribute {name!r} has a default value"
            )

    def body(root: str, _attributes: object) -> None:
        if " " not in root:
            raise SyntaxMistake(
                parser.CurrentLineNumber, f"not RDF/XML: its root element is <{root[:40]}>"
            )
        raise _BodyReachedError

    parser.EntityDeclHandler = declared
    parser.AttlistDeclHandler = attribute
    parser.StartElementHandler = body
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except _BodyReachedError:
        pass
    except expat.ExpatError as error:
        raise SyntaxMistake(error.lineno, expat.ErrorString(error.code)) from error
    return sizes
