"""Words beside a known name that make it the name of something else: Lake Victoria, New Guinea.

A longer stretch of capitals shows such names too, but not in scripts without capitals, not
"lago Victoria", and not at the start of a sentence.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from convrag.text.normalize import match_key
from convrag.text.scripts import UNSPACED, script_of
from convrag.types import Span


def longer_name(text: str, language: str, span: Span) -> Span | None:
    """Return the place of the longer name that the name at ``span`` is a part of; None for none.

    Args:
        text: The text.
        language: Its language.
        span: Of a name that is known.
    """
    start, end = span
    for kind in ("before", "new-before"):
        for word in _words(kind, language):
            at = _before(text, start, word)
            capital = kind == "before" or text[at : at + 1].upper() == text[at : at + 1]
            if at >= 0 and capital:
                return at, end
    for kind in ("after", "new-after"):
        for word in _words(kind, language):
            at = _after(text, end, word)
            if at >= 0:
                return start, at
    return None


def _before(text: str, start: int, word: str) -> int:
    """Return where the word begins that is written before ``start``; -1 for nowhere."""
    head = text[:start]
    if script_of(word[0]) not in UNSPACED:
        if not head.endswith(" "):
            return -1
        head = head[:-1]
    at = len(head) - len(word)
    if at < 0 or match_key(head[at:]) != match_key(word):
        return -1
    return at if at == 0 or not head[at - 1].isalnum() else -1


def _after(text: str, end: int, word: str) -> int:
    """Return where the word ends that is written after ``end``; -1 for nowhere."""
    spaced = text[end : end + 1] == " "
    if not spaced and script_of(word[0]) not in UNSPACED:
        return -1
    begin = end + spaced
    stop = begin + len(word)
    if match_key(text[begin:stop]) != match_key(word):
        return -1
    inside = script_of(word[0]) not in UNSPACED and text[stop : stop + 1].isalnum()
    return -1 if inside else stop


@cache
def _words(kind: str, language: str) -> tuple[str, ...]:
    text = files("convrag.graph").joinpath("name_parts.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)[kind].get(language, ()))
