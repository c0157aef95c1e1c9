"""Reading graph files into triples, with errors that name file and line."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.bounds import SyntaxMistake, check_terms, check_xml
from convrag.graph.entity_tables import read_table
from convrag.graph.jsonld import prepared
from convrag.text.graph_files import GRAPH_ENDINGS, graph_ending, is_graph, mapping_file, plain_name
from convrag.types import Literal, Triple

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["GraphFile", "content_hash", "is_graph", "prefixes", "read_graph", "read_rdf"]

MAX_BYTES = 1024 * 1024 * 1024
"""Larger files are refused, packed or not: they are for a store on disk, not for memory."""

_FORMATS = {
    ".ttl": "TURTLE",
    ".nt": "N_TRIPLES",
    ".nq": "N_QUADS",
    ".trig": "TRIG",
    ".rdf": "RDF_XML",
    ".owl": "RDF_XML",
    ".jsonld": "JSON_LD",
}
_PLAIN = frozenset({"", terms.XSD + "string"})
Taken = TypeVar("Taken")
_ANY = frozenset({"mul", "und", "zxx"})
"""Codes that say: not in one language."""


@dataclass(frozen=True, slots=True)
class GraphFile:
    """What a file says: its triples, sorted, and the namespace prefixes it binds."""

    triples: tuple[Triple, ...]
    prefixes: Mapping[str, str] = field(default_factory=dict)


def read_graph(path: Path, *, source: str) -> GraphFile:
    """Return the file's triples and prefixes; the same file always gives the same.

    Blank nodes are numbered and kept apart per source. Relative IRIs start at ``file:///`` and the
    file's name, so that they do not depend on where the file lies. Triples of named graphs count
    like those of the default graph. Languages lose their region; a name in a regional form
    ("colour"@en-gb) is an alias where there is one without.

    Args:
        path: An RDF file in UTF-8 (Turtle, TriG, N-Triples, N-Quads, RDF/XML, JSON-LD), maybe
            packed with gzip, or a JSON file with a mapping beside it.
        source: What the triples' ``source`` says.

    Raises:
        GraphError: The file is missing, too large, not UTF-8, or not valid.
    """
    ending, mapping = graph_ending(path), mapping_file(path)
    if not ending and mapping is None:
        raise GraphError(
            f"{path}: not a graph format", f"known endings: {', '.join(GRAPH_ENDINGS)}"
        )
    data = read_bytes(path)
    if mapping is not None:
        return GraphFile(_sorted(read_table(path, data, mapping, source=source)))
    triples, bound = parse(path, data, _Reading(source).triples)
    if ending == ".jsonld" and not triples and data.translate(None, b" \t\r\n[]{}"):
        raise GraphError(
            f"{path}: states nothing, since its keys are not IRIs", "give it an @context"
        )
    return GraphFile(_sorted(triples), dict(sorted(bound.items())))


def read_rdf(path: Path, *, source: str) -> tuple[Triple, ...]:
    """Return the triples of :func:`read_graph`.

    Raises:
        GraphError: As :func:`read_graph`.
    """
    return read_graph(path, source=source).triples


def prefixes(path: Path) -> Mapping[str, str]:
    """Return the prefixes of :func:`read_graph`.

    Raises:
        GraphError: As :func:`read_graph`.
    """
    return read_graph(path, source="").prefixes


def content_hash(path: Path) -> str:
    """Return a hash of all that :func:`read_graph` reads for the file: it and its mapping.

    Raises:
        GraphError: The file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for part in (path, mapping_file(path)):
            if part is not None:
                digest.update(part.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from error
    return digest.hexdigest()


def read_bytes(path: Path) -> bytes:
    """Return the file's content, unpacked, in UTF-8 without a byte order mark.

    Raises:
        GraphError: The file is missing, too large, not a whole gzip file, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            packed = path.name != plain_name(path) and path.name.lower().endswith(".gz")
            stream = gzip.GzipFile(fileobj=file) if packed else file
            data = stream.read(MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise GraphError(f"{path}: not a whole gzip file: {error}", "pack it again") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) > MAX_BYTES:
        raise GraphError(f"{path}: larger than {MAX_BYTES >> 20} MiB", "split the file")
    try:
        # ASCII and UTF-8 are told apart without a copy as long as the text is dropped at once.
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GraphError(
            f"{path}:{line}: not UTF-8 at byte {error.start}", "save the file as UTF-8"
        ) from error
    return data.removeprefix(b"\xef\xbb\xbf")


def parse(
    path: Path, data: bytes, take: Callable[[pyoxigraph.QuadParser], Taken]
) -> tuple[Taken, Mapping[str, str]]:
    """Return what ``take`` makes of the statements in ``data``, and the prefixes it binds.

    Args:
        path: The RDF file that the data is from.
        data: Its content, as :func:`read_bytes` gives it.
        take: Is given an iterator over the statements.

    Raises:
        GraphError: The data is not valid.
    """
    import pyoxigraph

    kind = _FORMATS[graph_ending(path)]
    form, base = getattr(pyoxigraph.RdfFormat, kind), base_iri(path)
    try:
        ready, bound = _checked(kind, data)
        quads = pyoxigraph.parse(ready, format=form, base_iri=base)
        return take(quads), bound or quads.prefixes
    except SyntaxError as error:
        line = error.lineno or 0
        if not line and kind == "RDF_XML":
            lines = _Lines(data)
            with contextlib.suppress(SyntaxError):
                deque(pyoxigraph.parse(lines, format=form, base_iri=base), maxlen=0)
            line = lines.given
        raise _mistake(path, line, _reason(error)) from error
    except SyntaxMistake as error:
        raise _mistake(path, error.line, error.reason) from error


def base_iri(path: Path) -> str:
    """Return the IRI that relative ones in the file start from; it tells no folder."""
    return f"file:///{quote(path.name, errors='surrogateescape')}"


def _checked(kind: str, data: bytes) -> tuple[bytes, Mapping[str, str]]:
    """Return data its parser can be trusted with, and XML's prefixes, which it does not tell."""
    if kind == "RDF_XML":
        return data, check_xml(data)
    if kind == "JSON_LD":
        return prepared(data), {}
    check_terms(data)
    return data, {}


class _Lines(io.BytesIO):
    """Hands out data by the line, and so knows how far a parser without positions has come."""

    given = 0

    def read(self, _size: int | None = -1) -> bytes:
        line = self.readline()
        self.given += bool(line)
        return line


class _Reading:
    """Turns the parser's terms into convrag's, one string per IRI."""

    def __init__(self, source: str) -> None:
        import pyoxigraph

        self._source = source
        self._blanks: dict[str, str] = {}
        self._iris: dict[str, str] = {}
        self._blank_node = pyoxigraph.BlankNode
        self._literal = pyoxigraph.Literal
        self._triple = pyoxigraph.Triple
        self._regional: dict[tuple[str, str], list[tuple[str, str, str]]] = {}

    def triples(self, quads: Iterable[pyoxigraph.Quad | pyoxigraph.Triple]) -> set[Triple]:
        """Return the triples; names in regional languages come after the others."""
        found: set[Triple] = set()
        source = self._source
        for quad in quads:
            subject, value = self._node(quad.subject), quad.object
            predicate = self._iri(quad.predicate.value)
            if type(value) is self._triple:
                found.update(self._reified(subject, predicate, value))
            elif type(value) is self._literal:
                tag = (value.language or "").lower()
                if "-" in tag and predicate in terms.LABELS:
                    names = self._regional.setdefault((subject, tag.split("-")[0]), [])
                    names.append((tag, predicate, value.value))
                else:
                    found.add(Triple(subject, predicate, self._value(value), source))
            else:
                found.add(Triple(subject, predicate, self._node(value), source))
        found |= self._regional_names(found)
        return found

    def _regional_names(self, found: set[Triple]) -> set[Triple]:
        """Return names in regional languages: aliases, unless the first stands for its language."""
        if not self._regional:
            return set()
        named = {
            (t.subject, t.object.language)
            for t in found
            if t.predicate in terms.LABELS and isinstance(t.object, Literal)
        }
        names: set[Triple] = set()
        for (subject, language), forms in self._regional.items():
            first = "" if (subject, language) in named else min(forms)[0]
            for tag, predicate, text in forms:
                kind = predicate if tag == first else terms.ALIAS
                names.add(Triple(subject, kind, Literal(text, "", language), self._source))
        return names

    def _iri(self, value: str) -> str:
        return self._iris.setdefault(value, value)

    def _node(self, term: object) -> str:
        if type(term) is self._blank_node:
            # The parser draws random names; numbers in order of appearance stay the same.
            return self._blanks.setdefault(term.value, f"_:{self._source}:b{len(self._blanks)}")
        return self._iri(term.value)  # type: ignore[attr-defined]

    def _value(self, term: pyoxigraph.Literal) -> Literal:
        if term.language:
            language = term.language.lower().split("-")[0]
            return Literal(term.value, "", "" if language in _ANY else self._iri(language))
        datatype = term.datatype.value
        return Literal(term.value, "" if datatype in _PLAIN else self._iri(datatype))

    def _reified(self, subject: str, predicate: str, term: pyoxigraph.Triple) -> tuple[Triple, ...]:
        """Return a triple about a triple as the four that RDF 1.1 writes for it."""
        if predicate != terms.REIFIES or type(term.object) is self._triple:
            raise SyntaxMistake(0, "a triple inside a triple is only read after rdf:reifies")
        inner = term.object
        value = self._value(inner) if isinstance(inner, self._literal) else self._node(inner)
        return (
            Triple(subject, terms.TYPE, terms.RDF + "Statement", self._source),
            Triple(subject, terms.RDF + "subject", self._node(term.subject), self._source),
            Triple(subject, terms.RDF + "predicate", term.predicate.value, self._source),
            Triple(subject, terms.RDF + "object", value, self._source),
        )


def _sorted(triples: Iterable[Triple]) -> tuple[Triple, ...]:
    return tuple(sorted(triples, key=lambda triple: triple.id))


def _reason(error: SyntaxError) -> str:
    """Return the parser's message without the place, which is said before it."""
    text = error.msg
    if error.lineno and text.startswith("Parser error at line "):
        text = text.partition(": ")[2]
    return text


def _mistake(path: Path, line: int, reason: str) -> GraphError:
    hint = "fix the line and try again"
    if "@context" in reason:
        hint = "write the context's content into the file in place of its address"
    elif not line:
        hint = "check the file with an RDF validator"
    place = f"{path}:{line}" if line else f"{path}"
    return GraphError(f"{place}: {_one_line(reason)}", hint)


def _unreadable(path: Path, error: OSError) -> GraphError:
    return GraphError(f"{path}: {error.strerror or error}", "check the path")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:160]
