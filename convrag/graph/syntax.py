"""Turtle and N-Triples checked against the W3C grammars, so that every mistake has its line.

The RDF library reads both formats but lets much through that no other tool would read again: bad
escapes, spaces in IRIs, Notation3 extras. Grammar: W3C, RDF 1.1 Turtle (2014), section 6.5, and
RDF 1.1 N-Triples (2014), section 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin

_DEEPEST = 60
_BASE_CHARS = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME_CHARS = _BASE_CHARS + r"_\-0-9" + "\u00b7\u0300-\u036f\u203f\u2040"
_UCHAR = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_ECHAR = r"""\\[tbnrf"'\\]"""
_PREFIX = rf"[{_BASE_CHARS}](?:[{_NAME_CHARS}]|\.+(?=[{_NAME_CHARS}]))*+"
_PLX = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_LOCAL = (
    rf"(?:[{_BASE_CHARS}_:0-9]|{_PLX})"
    rf"(?:[{_NAME_CHARS}:]|{_PLX}|\.+(?=[{_NAME_CHARS}:%\\]))*+"
)
_BLANK = rf"_:[{_BASE_CHARS}_0-9](?:[{_NAME_CHARS}]|\.+(?=[{_NAME_CHARS}]))*+"
_IRI = rf"<(?:[^\x00-\x20<>\"{{}}|^`\\]|{_UCHAR})*+>"
_SHORT = rf'"(?:[^"\\\n\r]|{_ECHAR}|{_UCHAR})*+"'
_LANGUAGE = r"@[A-Za-z]+(?:-[A-Za-z0-9]+)*+"

_TURTLE = re.compile(
    rf"""
    (?P<skip>(?:[ \t\r\n]+|\#[^\n\r]*)++)
  | (?P<iri>{_IRI})
  | (?P<string>
        \"\"\"(?:\"{{0,2}}(?:[^"\\]|{_ECHAR}|{_UCHAR}))*+\"\"\"
      | '''(?:'{{0,2}}(?:[^'\\]|{_ECHAR}|{_UCHAR}))*+'''
      | {_SHORT}
      | '(?:[^'\\\n\r]|{_ECHAR}|{_UCHAR})*+'
    )
  | (?P<number>[+-]?(?:[0-9]+\.[0-9]*[eE][+-]?[0-9]+|\.?[0-9]+[eE][+-]?[0-9]+
        |[0-9]*\.[0-9]+|[0-9]+))
  | (?P<language>{_LANGUAGE})
  | (?P<blank>{_BLANK})
  | (?P<name>(?:{_PREFIX})?:(?:{_LOCAL})?)
  | (?P<word>[A-Za-z]+)
  | (?P<mark>\^\^|[.;,\[\]()])
    """,
    re.VERBOSE,
)
_NT_LINE = re.compile(
    rf"[ \t]*(?:(?:({_IRI})|{_BLANK})[ \t]*({_IRI})[ \t]*"
    rf"(?:({_IRI})|{_BLANK}|{_SHORT}(?:\^\^({_IRI})|{_LANGUAGE})?)[ \t]*\.[ \t]*)?(?:\#.*)?"
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|.)", re.DOTALL)
_NOT_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
_ABSOLUTE = re.compile(r"<[A-Za-z][A-Za-z0-9+.\-]*:")


class SyntaxMistake(ValueError):
    """The text breaks the grammar.

    Args:
        line: Where, counted from 1.
        reason: What was expected or found.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def check_ntriples(text: str) -> None:
    """Pass when ``text`` is N-Triples.

    Raises:
        SyntaxMistake: It is not.
    """
    for number, line in enumerate(re.split(r"\r\n|[\r\n]", text), start=1):
        match = _NT_LINE.fullmatch(line)
        if match is None:
            raise SyntaxMistake(number, f"not an N-Triples statement: {_shown(line)}")
        for iri in match.groups():
            if iri is not None and not _ABSOLUTE.match(iri):
                raise SyntaxMistake(number, f"relative IRI {_shown(iri)}")
        if "\\" in line:
            faults = [_escape_fault(line)]
            faults += [_escape_fault(iri, in_iri=True) for iri in match.groups() if iri]
            if any(faults):
                raise SyntaxMistake(number, max(faults))


def check_turtle(text: str, base: str) -> dict[str, str]:
    """Return the prefixes that ``text`` binds, with absolute IRIs, when it is Turtle.

    Args:
        text: The whole file.
        base: The IRI that relative ones start from.

    Raises:
        SyntaxMistake: It is not Turtle.
    """
    return _Turtle(text, base).document()


class _Turtle:
    """A recursive-descent recogniser; it builds nothing but the prefixes."""

    def __init__(self, text: str, base: str) -> None:
        self._text = text
        self._base = base
        self._prefixes: dict[str, str] = {}
        self._tokens = self._scan()
        self._now = next(self._tokens)
        self._depth = 0

    def document(self) -> dict[str, str]:
        while self._now.kind != "end":
            if not self._directive():
                self._triples()
                self._expect(".")
        return self._prefixes

    def _scan(self) -> Iterator[_Token]:
        at = 0
        while at < len(self._text):
            match = _TURTLE.match(self._text, at)
            if match is None:
                line = self._text[at : at + 60].split("\n", 1)[0]
                raise self._mistake(at, f"cannot read {_shown(line)}")
            kind, text = match.lastgroup or "", match.group()
            if "\\" in text and kind in ("iri", "string"):
                fault = _escape_fault(text, in_iri=kind == "iri")
                if fault:
                    raise self._mistake(at, fault)
            if kind != "skip":
                yield _Token(kind, text, at)
            at = match.end()
        yield _Token("end", "", at)

    def _mistake(self, at: int, reason: str) -> SyntaxMistake:
        return SyntaxMistake(self._text.count("\n", 0, at) + 1, reason)

    def _unexpected(self, wanted: str) -> SyntaxMistake:
        found = _shown(self._now.text) if self._now.text else "the end of the file"
        return self._mistake(self._now.start, f"expected {wanted}, found {found}")

    def _take(self) -> _Token:
        token = self._now
        self._now = next(self._tokens)
        return token

    def _is(self, mark: str) -> bool:
        return self._now.kind == "mark" and self._now.text == mark

    def _expect(self, mark: str) -> None:
        if not self._is(mark):
            raise self._unexpected(f"{mark!r}")
        self._take()

    def _directive(self) -> bool:
        kind, text, _ = self._now
        sparql = kind == "word" and text.casefold() in ("prefix", "base")
        if not sparql and (kind != "language" or text not in ("@prefix", "@base")):
            return False
        self._take()
        if text.casefold().endswith("prefix"):
            if self._now.kind != "name" or not self._now.text.endswith(":"):
                raise self._unexpected("a prefix such as 'ex:'")
            prefix = self._take().text[:-1]
        else:
            prefix = None
        if self._now.kind != "iri":
            raise self._unexpected("an IRI in angle brackets")
        written = self._take().text[1:-1]
        iri = urljoin(self._base, written)
        if written.endswith("#"):
            iri = iri.removesuffix("#") + "#"
        if prefix is None:
            self._base = iri
        else:
            self._prefixes[prefix] = iri
        if not sparql:
            self._expect(".")
        return True

    def _triples(self) -> None:
        if self._is("["):
            if not self._bracketed() and self._is("."):
                return
        elif self._is("("):
            self._collection()
        elif self._now.kind == "blank":
            self._take()
        else:
            self._iri("a subject")
        self._properties()

    def _properties(self) -> None:
        """Take a predicate-object list."""
        while True:
            if self._now.kind == "word" and self._now.text == "a":
                self._take()
            else:
                self._iri("a predicate")
            self._object()
            while self._is(","):
                self._take()
                self._object()
            if not self._is(";"):
                return
            while self._is(";"):
                self._take()
            if self._is(".") or self._is("]"):
                return

    def _object(self) -> None:
        kind, text, _ = self._now
        if self._is("["):
            self._bracketed()
        elif self._is("("):
            self._collection()
        elif kind in ("blank", "number") or (kind == "word" and text in ("true", "false")):
            self._take()
        elif kind == "string":
            self._take()
            if self._now.kind == "language":
                self._take()
            elif self._is("^^"):
                self._take()
                self._iri("a datatype")
        else:
            self._iri("an object")

    def _iri(self, wanted: str) -> None:
        kind, text, start = self._now
        if kind == "name" and text.split(":", 1)[0] not in self._prefixes:
            raise self._mistake(start, f"prefix {text.split(':', 1)[0] + ':'!r} is not bound")
        if kind not in ("iri", "name"):
            raise self._unexpected(wanted)
        self._take()

    def _bracketed(self) -> bool:
        """Take ``[...]``; return whether it is empty."""
        self._enter()
        empty = self._is("]")
        if not empty:
            self._properties()
        self._expect("]")
        self._depth -= 1
        return empty

    def _collection(self) -> None:
        self._enter()
        while not self._is(")"):
            self._object()
        self._expect(")")
        self._depth -= 1

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._mistake(self._now.start, f"brackets nested more than {_DEEPEST} deep")
        self._take()


def _escape_fault(text: str, *, in_iri: bool = False) -> str:
    """Return what is wrong with an escape in ``text``: no character, or none for an IRI; or ""."""
    for match in _ESCAPE.finditer(text):
        digits = match.group(1) or match.group(2)
        if digits is None:
            continue
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            return f"{match.group()} is not a character"
        if in_iri and _NOT_IN_IRI.match(chr(code)):
            return f"{match.group()} is not allowed in an IRI"
    return ""


def _shown(text: str) -> str:
    """Return ``text`` quoted, one line, short."""
    short = text if len(text) <= 60 else text[:59] + "…"
    return repr(short)
