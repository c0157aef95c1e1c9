"""Which words of a text look like the name of something that the graph does not have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from convrag.graph.known_words import is_mostly_small
from convrag.text.function_words import stop_keys
from convrag.text.normalize import match_key
from convrag.text.scripts import script_of
from convrag.text.segment import overlap, sentences, words
from convrag.types import Span

NOUNS_CAPITAL = frozenset({"de", "lb"})
"""Languages in which all nouns begin with a capital letter."""
_CASED = frozenset({"latin", "cyrillic", "greek", "armenian"})
_CODE = re.compile(r"(?=[^\W\d_]*[A-ZА-ЯΑ-Ω])[^\W_]*\d[^\W_]*|[A-ZА-ЯΑ-Ω]{1,5}-[^\W_]*\d[^\W_]*")
_NUMBER = re.compile(r"\d{1,4}")
_GAP = 1
_PARTICLES = frozenset(
    [
        "al",
        "bin",
        "da",
        "das",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "do",
        "dos",
        "du",
        "el",
        "ibn",
        "la",
        "las",
        "le",
        "los",
        "of",
        "the",
        "van",
        "von",
    ]
)


@dataclass(frozen=True, slots=True)
class _Word:
    span: Span
    key: str
    capital: bool
    code: bool
    opening: bool
    """Whether a sentence begins with it."""


def unknown_names(
    text: str, language: str, linked: Sequence[Span], known: Sequence[Span]
) -> tuple[Span, ...]:
    """Return the spans of names that are no entity's, in order, without overlap.

    A linked word inside a longer name ("Lisbon" in "New Lisbon Hill") is part of that name.

    Args:
        text: The text.
        language: Its language.
        linked: Spans that were linked to entities.
        known: Spans of words with a known use.
    """
    return tuple(
        (run[0].span[0], run[-1].span[1])
        for run in _runs(text, language)
        if not any(overlap(w.span, s) for w in run for s in known)
        and _is_unknown(run, text, language, linked)
    )


def _is_unknown(run: Sequence[_Word], text: str, language: str, linked: Sequence[Span]) -> bool:
    rest = [w for w in run if not any(overlap(w.span, s) for s in linked)]
    if len(rest) == len(run):
        return _is_name(run, language, text)
    if language in NOUNS_CAPITAL or not all(w.capital or w.code for w in run):
        return False
    return any(w.capital and not w.opening for w in rest)


def _is_name(run: Sequence[_Word], language: str, text: str) -> bool:
    if any(w.code for w in run):
        return True
    foreign = script_of(text[run[0].span[0]]) not in _scripts_around(text, run)
    if len(run) > 1 or foreign:
        return True
    return language not in NOUNS_CAPITAL and not run[0].opening


def _scripts_around(text: str, run: Sequence[_Word]) -> set[str]:
    start, end = run[0].span[0], run[-1].span[1]
    return {script_of(c) for c in text[:start] + text[end:] if c.isalpha()} or {
        script_of(text[start])
    }


@lru_cache(maxsize=4)  # a text is looked at before and after its names are linked
def _runs(text: str, language: str) -> tuple[tuple[_Word, ...], ...]:
    """Return the stretches of capitalised words and codes, with the particles inside of names."""
    starts = {a for a, _ in sentences(text, language)}
    runs: list[list[_Word]] = []
    run: list[_Word] = []
    for span in words(text, language):
        word = _word(text, span, language, starts)
        near = bool(run) and span[0] - run[-1].span[1] <= _GAP and _plain(text, run, span)
        part = word.capital or word.code
        particle = word.key in _PARTICLES and language not in NOUNS_CAPITAL
        inside = bool(run) and (particle or _number(text, span))
        if near and (part or inside):
            run.append(word)
        else:
            runs.append(run)
            run = [word] if part else []
    runs.append(run)
    trimmed = (tuple(_trimmed(found, language, text)) for found in runs)
    return tuple(found for found in trimmed if found)


def _plain(text: str, run: Sequence[_Word], span: Span) -> bool:
    return text[run[-1].span[1] : span[0]] in ("", " ", "-", "'", "’")


def _number(text: str, span: Span) -> bool:
    return _NUMBER.fullmatch(text[span[0] : span[1]]) is not None


def _word(text: str, span: Span, language: str, starts: set[int]) -> _Word:
    part = text[span[0] : span[1]]
    key = match_key(part)
    opening = not any(c.isalnum() for c in text[_sentence_start(span[0], starts) : span[0]])
    head = key.partition("'")[0]
    function = {key, head} & stop_keys(language) or len(head) == 1
    cased = script_of(part[0]) in _CASED
    capital = cased and part[0].isupper() and not function
    return _Word(span, key, capital, _CODE.fullmatch(part) is not None, opening)


def _sentence_start(at: int, starts: set[int]) -> int:
    return max((s for s in starts if s <= at), default=0)


def _trimmed(run: list[_Word], language: str, text: str) -> list[_Word]:
    """Return the run without particles at its ends and a common word that opens the sentence."""
    while run and not (run[-1].capital or run[-1].code or _number(text, run[-1].span)):
        run = run[:-1]
    opens = bool(run) and run[0].opening and not run[0].code
    if opens and (is_mostly_small(run[0].key) or language in NOUNS_CAPITAL):
        run = run[1:]
    while run and not (run[0].capital or run[0].code):
        run = run[1:]
    return run
