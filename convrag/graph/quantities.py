"""Whether a question asks for a number, and whether a text has one."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from convrag.graph.phrases import PhraseIndex
from convrag.types import Span


def asks_for_number(question: str, language: str) -> bool:
    """Return whether the question's answer should have a number in it."""
    return bool(number_phrases(question, language))


def number_phrases(question: str, language: str) -> tuple[Span, ...]:
    """Return where the question asks for a number ("how often"), in reading order."""
    return tuple(match.span for match in _index("asks", language).find(question))


def has_number(text: str, language: str) -> bool:
    """Return whether the text has digits of any script or a word for a number.

    The number of a list item ("2. Pour ...") is none of the text's own.
    """
    text = _LIST_NUMBER.sub("", text)
    return any(c.isdigit() for c in text) or bool(_index("numbers", language).find(text))


_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)、．]\s*(?=\D)")


@cache
def _index(kind: str, language: str) -> PhraseIndex:
    words = _tables().get(language, {}).get(kind, [])
    return PhraseIndex((word, language, kind, True) for word in words)


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    text = resources.files("convrag.graph").joinpath("quantities.toml").read_text("utf-8")
    return tomllib.loads(text)
