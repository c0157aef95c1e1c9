"""Bounds on what a graph file may make its parser do: entities, and nesting of any kind.

The parsers of RDF/XML and JSON-LD take time, or stack, that grows faster than the depth of what
they read, so depth is looked at before they are called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.parsers import expat

DEEPEST = 256
_DEEPEST_TERM = 32
_LARGEST_ENTITY = 100_000
_LARGEST_TOTAL = 10_000_000
_REFERENCE = re.compile(r"&([^\s&;#]+);")
_TERM_MARKS = re.compile(
    rb"""\"{3}(?:\"{0,2}(?:[^"\\]|\\.))*+\"{3} | '{3}(?:'{0,2}(?:[^'\\]|\\.))*+'{3}
       | "(?:[^"\\\n\r]|\\.)*+" | '(?:[^'\\\n\r]|\\.)*+' | \#[^\n\r]*+
       | (?P<open><<) | (?P<close>>>) | <[^<>\n]*+>""",
    re.VERBOSE | re.DOTALL,
)


class SyntaxMistake(ValueError):
    """The text breaks its grammar, or a bound.

    Args:
        line: Where, counted from 1; 0 when that is unknown.
        reason: What was expected or found.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason


def check_terms(data: bytes) -> None:
    """Pass when triple terms (``<<( ... )>>``) in Turtle or N-Triples are not nested too deeply.

    Raises:
        SyntaxMistake: They are.
    """
    if b"<<" not in data:
        return
    depth = 0
    for mark in _TERM_MARKS.finditer(data):
        if mark.lastgroup == "open":
            depth += 1
            if depth > _DEEPEST_TERM:
                line = data.count(b"\n", 0, mark.start()) + 1
                raise SyntaxMistake(line, f"triple terms nested more than {_DEEPEST_TERM} deep")
        elif mark.lastgroup == "close":
            depth = max(0, depth - 1)


def read_json(data: bytes) -> object:
    """Return the JSON value in ``data``; numbers with a point keep their writing, as strings.

    Raises:
        SyntaxMistake: It is not JSON, or nested too deeply.
    """
    try:
        value: object = json.loads(data, parse_float=Written)
        if any(depth > DEEPEST for depth in _depths(value)):
            raise _too_deep(0)
    except json.JSONDecodeError as error:
        raise SyntaxMistake(error.lineno, error.msg) from error
    except RecursionError as error:
        raise _too_deep(0) from error
    except ValueError as error:
        # Python refuses to turn thousands of digits into a number.
        raise SyntaxMistake(0, str(error)) from error
    if b"\\ud" in data or b"\\uD" in data:
        _check_surrogates(value)
    return value


def _check_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start : error.start + 1]
        raise SyntaxMistake(0, f"{half!a} is half a character") from error


class Written(float):
    """A number that remembers how it was written."""

    def __new__(cls, text: str) -> Written:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


def _depths(value: object) -> Iterator[int]:
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        yield depth
        waiting += [(part, depth + 1) for part in inner if isinstance(part, dict | list)]


def objects(value: object) -> Iterator[dict[str, object]]:
    """Return an iterator over all objects inside a JSON value."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def check_xml(data: bytes) -> dict[str, str]:
    """Return the namespace prefixes of well-formed XML that begins like RDF/XML, within bounds.

    Namespace shorthands as ontology editors write them pass; entities that grow by naming each
    other (the "billion laughs"), parameter entities, entities in other files and default
    attributes do not.

    Raises:
        SyntaxMistake: The XML is not well-formed or nested too deeply, the root element has no
            namespace, or an entity is of a refused kind or grows too large.
    """
    return _Check(data).run()


class _Check:
    """One pass over the file by expat, which knows its line at every moment."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._sizes: dict[str, int] = {}
        self._depth = 0
        self._prefixes: dict[str, str] = {}
        self._parser = expat.ParserCreate(namespace_separator=" ")

    def run(self) -> dict[str, str]:
        self._parser.EntityDeclHandler = self._declared
        self._parser.AttlistDeclHandler = self._attribute
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartNamespaceDeclHandler = self._bound
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise SyntaxMistake(error.lineno, expat.ErrorString(error.code)) from error
        return self._prefixes

    def _bound(self, prefix: str | None, iri: str) -> None:
        self._prefixes.setdefault(prefix or "", iri)

    def _mistake(self, reason: str) -> SyntaxMistake:
        return SyntaxMistake(self._parser.CurrentLineNumber, reason)

    def _declared(
        self,
        name: str,
        is_parameter: bool,  # noqa: FBT001 (expat calls it so)
        value: str | None,
        *_: str | None,
    ) -> None:
        if is_parameter or value is None:
            raise self._mistake(f"XML entity {name!r} is not a plain text")
        size = len(value) + sum(self._sizes.get(n, 0) for n in _REFERENCE.findall(value))
        if size > _LARGEST_ENTITY:
            raise self._mistake(f"XML entity {name!r} expands to too much text")
        self._sizes.setdefault(name, size)

    def _attribute(
        self, _element: str, name: str, _kind: str, default: str | None, _needed: int
    ) -> None:
        if default is not None:
            raise self._mistake(f"XML attribute {name!r} has a default value")

    def _start(self, name: str, _attributes: object) -> None:
        if self._depth == 0:
            if " " not in name:
                raise self._mistake(f"not RDF/XML: its root element is <{name[:40]}>")
            if self._sizes:
                names = _REFERENCE.findall(self._data.decode("utf-8", "replace"))
                if sum(self._sizes.get(n, 0) for n in names) > _LARGEST_TOTAL:
                    raise SyntaxMistake(1, "the XML entities expand to too much text")
        self._depth += 1
        if self._depth > DEEPEST:
            raise _too_deep(self._parser.CurrentLineNumber)

    def _end(self, _name: str) -> None:
        self._depth -= 1


def _too_deep(line: int) -> SyntaxMistake:
    return SyntaxMistake(line, f"nested more than {DEEPEST} deep")
