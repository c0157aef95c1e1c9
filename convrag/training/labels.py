"""What a rewriter should have said of each token, from a turn and how it reads in full."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from convrag.dialogue.context import Context
from convrag.text.analysis import analyze, content_words
from convrag.text.normalize import match_key
from convrag.text.scripts import UNSPACED, script_of
from convrag.text.segment import overlap, words
from convrag.training.examples import Example
from convrag.types import Span

KEEP, DELETE, REPLACE = 0, 1, 2
_DISFLUENT = frozenset({"restart", "disfluent"})
_ALONE = frozenset({"standalone", "chat", "restart"})
_LONGEST_REFERENCE = 3
_SHORTEST_RUN = 2

_Change = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Labels:
    """One example's labels, token by token.

    ``gate`` is 1 for a turn that needs its history, 0 for one that needs no words of it and -1
    where that is not known. ``terms`` are 1 for the tokens of the history that belong into the
    turn. ``tags`` are those of the turn's own tokens; both are -1 elsewhere.
    """

    gate: int
    terms: tuple[int, ...]
    tags: tuple[int, ...]


def label(example: Example, context: Context) -> Labels:
    """Return the labels of an example's context."""
    turn = len(context.texts) - 1
    language = example.language
    inserted = _inserted(example.turn, example.rewrite, language)
    wanted = [_marks(text, example.needs, inserted, language) for text in context.texts[:turn]]
    tagged = _edits(example, inserted)
    terms, tags = [], []
    for place, (start, end) in context.places:
        inside = end > start
        term = tag = -1
        if inside and place < turn:
            term = int(any(overlap((start, end), mark) for mark in wanted[place]))
        elif inside:
            tag = next((t for t, span in tagged if overlap((start, end), span)), KEEP)
        terms.append(term)
        tags.append(tag)
    full = example.kind in _ALONE or not (inserted or example.needs)
    gate = 0 if full else 1 if 1 in terms else -1
    if gate == 0:
        terms = [min(term, 0) for term in terms]
    return Labels(gate, tuple(terms), tuple(tags))


def _diff(turn: str, rewrite: str) -> tuple[Sequence[Span], Sequence[Span], list[_Change]]:
    """Return the words of both, and what makes the one into the other."""
    old, new = words(turn), words(rewrite)
    matcher = difflib.SequenceMatcher(
        None,
        [match_key(turn[a:b]) for a, b in old],
        [match_key(rewrite[a:b]) for a, b in new],
        autojunk=False,
    )
    return old, new, list(matcher.get_opcodes())


def _inserted(turn: str, rewrite: str, language: str) -> list[str]:
    """Return the runs of content words that the full turn has and the turn has not."""
    _, new, changes = _diff(turn, rewrite)
    known = set(_stems(turn, language))
    spans = [
        (new[c][0], new[d - 1][1]) for kind, _, _, c, d in changes if kind in ("insert", "replace")
    ]
    runs: list[str] = []
    for start, end in _merged(content_words(rewrite, language)):
        for a, b in spans:
            text = rewrite[max(start, a) : min(end, b)]
            if text and not set(_stems(text, language)) <= known:
                runs.append(text)
    return runs


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Return overlapping spans as one, which bigrams of unspaced scripts are."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _marks(text: str, needs: Sequence[str], inserted: Sequence[str], language: str) -> list[Span]:
    """Return where in a text of the history the wanted words are."""
    if needs:
        return [span for need in needs for span in _occurrences(need, text)]
    stems = {stem for run in inserted for stem in _stems(run, language)}
    found = []
    for start, end in content_words(text, language):
        if script_of(text[start]) in UNSPACED:
            continue
        if stems & set(_stems(text[start:end], language)):
            found.append((start, end))
    for run in inserted:
        if any(script_of(char) in UNSPACED for char in run):
            found += _occurrences(run, text) or _longest_common(run, text)
    return found


def _occurrences(piece: str, text: str) -> list[Span]:
    piece, text = piece.casefold(), text.casefold()
    found: list[Span] = []
    at = text.find(piece)
    while piece and at >= 0:
        found.append((at, at + len(piece)))
        at = text.find(piece, at + len(piece))
    return found


def _longest_common(run: str, text: str) -> list[Span]:
    match = difflib.SequenceMatcher(None, run, text, autojunk=False).find_longest_match()
    return [(match.b, match.b + match.size)] if match.size >= _SHORTEST_RUN else []


def _edits(example: Example, inserted: Sequence[str]) -> list[tuple[int, Span]]:
    """Return which words of the turn go, and which stand for what is inserted."""
    turn, language = example.turn, example.language
    old, new, changes = _diff(turn, example.rewrite)
    content = content_words(turn, language)
    found: list[tuple[int, Span]] = []
    for kind, a, b, c, d in changes:
        if kind == "delete" and example.kind in _DISFLUENT:
            found.append((DELETE, (old[a][0], old[b - 1][1])))
        elif kind == "replace" and b - a <= _LONGEST_REFERENCE:
            span = (old[a][0], old[b - 1][1])
            instead = example.rewrite[new[c][0] : new[d - 1][1]]
            names = any(run in instead for run in (*example.needs, *inserted))
            if names and not any(overlap(span, word) for word in content):
                found.append((REPLACE, span))
    return found


@lru_cache(maxsize=65_536)
def _stems(text: str, language: str) -> tuple[str, ...]:
    """Return the stems of words and the bigrams of unspaced scripts; no trigrams of letters."""
    return tuple(token for token in analyze(text, language) if not token.startswith("t:"))
