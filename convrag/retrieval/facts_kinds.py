"""What kind of answer a question asks for, and what kinds of answer a value can be."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from convrag.graph import terms
from convrag.graph.phrases import PhraseIndex
from convrag.graph.quantities import asks_for_number, has_number
from convrag.types import Literal

_DATES = frozenset(terms.XSD + name for name in ("date", "dateTime", "gYear", "gYearMonth", "time"))
_YEAR_OR_TIME = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)|\d[:：]\d\d")
_LONGEST_NAME = 60
"""Characters; longer texts are no names."""


def kinds_asked_for(question: str, language: str) -> frozenset[str]:
    """Return which of ``number``, ``date``, ``place`` and ``person`` the question's words ask for.

    In a language without a table nothing is known to be asked for.
    """
    found = {match.phrase.target for match in _index(language).find(question)}
    if asks_for_number(question, language):
        found.add("number")
    return frozenset(found)


def kinds_of(value: str | Literal, text: str, language: str) -> frozenset[str]:
    """Return which kinds of answer a value can be.

    Places and persons have names: entities, and short texts that are no number.

    Args:
        value: An entity id or a literal.
        text: The value in words.
        language: The language of ``text``.
    """
    datatype = value.datatype if isinstance(value, Literal) else ""
    found: set[str] = set()
    if datatype in _DATES or (isinstance(value, Literal) and _YEAR_OR_TIME.search(text)):
        found.add("date")
    if datatype in terms.NUMERIC or has_number(text, language):
        found.add("number")
    if isinstance(value, str) or (not datatype and len(text) <= _LONGEST_NAME):
        found |= {"place", "person"}
    return frozenset(found)


@cache
def _index(language: str) -> PhraseIndex:
    tables = _tables().get(language, {})
    rows = ((p, language, kind, True) for kind, phrases in tables.items() for p in phrases)
    return PhraseIndex(rows)


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    text = resources.files("convrag.retrieval").joinpath("facts_kinds.toml").read_text("utf-8")
    return tomllib.loads(text)
