"""A turn's text with the chosen words of the history put in, and false starts taken out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convrag.dialogue.context import Context
from convrag.dialogue.lexicon import lexicon
from convrag.dialogue.tagging import DELETE, REPLACE, Tagging
from convrag.text.analysis import content_words
from convrag.text.normalize import match_key
from convrag.text.segment import overlap, words
from convrag.types import Span

_IN_PLACE = frozenset({"en", "zh", "ja"})
"""Languages in which a name can stand where the pronoun stood without changing its form."""
_GENITIVE = {"en": "'s", "zh": "的", "ja": "の"}
_AROUND = ' ,;:!?。，、？！"“”«»()（）'
_CLOSING = "?？!！.。؟।… "
_JOINING = re.compile(r"[\s\-‐–'’·・.の之&]{0,3}")
_BETWEEN = 2
"""Function words between two chosen words that belong to one name: "Tower of the Moon"."""
_WORD = 40
"""Characters read beyond the last token, for the rest of its word."""
_MOST_RUNS = 4
_LEAST, _NEAR = 0.1, 0.7
"""The lowest probability that is ever enough, and how close to the likeliest word is enough."""
_MOST_DELETED = 0.75


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring words of the history that were chosen, and how sure that is."""

    text: str
    score: float


def chosen_runs(
    context: Context, tagging: Tagging, threshold: float, language: str
) -> tuple[Run, ...]:
    """Return what of the history belongs into the turn, surest first, nothing twice.

    Args:
        context: The tokens.
        tagging: Their probabilities.
        threshold: From which probability on a word is chosen.
        language: The turn's.
    """
    units: dict[tuple[int, Span], float] = {}
    last = len(context.texts) - 1
    ends: dict[int, int] = {}
    for place, (_, end) in context.places:
        ends[place] = max(end, ends.get(place, 0))
    # Of a long answer only the beginning has tokens.
    spans = {n: words(context.texts[n][: end + _WORD]) for n, end in ends.items() if n < last}
    for (place, span), score in zip(context.places, tagging.terms.tolist(), strict=True):
        if place < last and span[1] > span[0]:
            unit = (place, _unit(span, spans[place], context.texts[place]))
            units[unit] = max(score, units.get(unit, 0.0))
    chosen = _chosen(sorted(units.items()), threshold, context.texts, language)
    turn = match_key(context.texts[last])
    runs: dict[str, Run] = {}
    for place, span, score in _joined(chosen, context.texts, language):
        text = _trimmed(context.texts[place][span[0] : span[1]])
        key = match_key(text)
        new = key not in runs or runs[key].score < score
        if any(c.isalnum() for c in key) and key not in turn and new:
            runs[key] = Run(text, score)
    keys = sorted(runs, key=lambda key: (-len(key), key))
    whole = [k for n, k in enumerate(keys) if not any(k in longer for longer in keys[:n])]
    ranked = sorted((runs[key] for key in whole), key=lambda run: (-run.score, run.text))
    return tuple(ranked[:_MOST_RUNS])


def _trimmed(text: str) -> str:
    """Return the run without punctuation around it; an abbreviation keeps its full stop."""
    text = text.strip(_AROUND).lstrip(".")
    return text if "." in text[:-1] else text.rstrip(".")


def _chosen(
    units: Sequence[tuple[tuple[int, Span], float]],
    threshold: float,
    texts: Sequence[str],
    language: str,
) -> list[tuple[tuple[int, Span], float]]:
    """Return the units that are likely, and those beside them of the same name.

    That are neighbours half as likely, and capitalised ones of capitalised ones: a name is put in
    whole. A turn that needs something gets the likeliest unit though it is below ``threshold``.
    """
    capital = [_capitalised(texts[place], span, language) for (place, span), _ in units]
    most = max((score for _, score in units), default=0.0)
    threshold = max(_LEAST, min(threshold, _NEAR * most))
    kept = [score >= threshold for _, score in units]
    for step in (1, -1):
        places = range(len(units)) if step == 1 else range(len(units) - 1, -1, -1)
        for at in places:
            before = at - step
            if kept[at] or not 0 <= before < len(units) or not kept[before]:
                continue
            first, second = sorted((units[before][0], units[at][0]))
            touching = first[0] == second[0] and second[1][0] - first[1][1] <= 1
            named = capital[before] and capital[at]
            kept[at] = touching and (named or units[at][1] >= threshold / 2)
    return [unit for unit, keep in zip(units, kept, strict=True) if keep]


def _capitalised(text: str, span: Span, language: str) -> bool:
    return text[span[0]].isupper() and bool(content_words(text[span[0] : span[1]], language))


def _unit(span: Span, words_of: Sequence[Span], text: str) -> Span:
    """Return the word the token is in; the token itself where words are single characters."""
    for start, end in words_of:
        if start <= span[0] < end:
            return (start, max(end, span[1])) if end - start > 1 else span
    return span


def _joined(
    chosen: Sequence[tuple[tuple[int, Span], float]], texts: Sequence[str], language: str
) -> list[tuple[int, Span, float]]:
    """Return the chosen words, those of one name together."""
    runs: list[tuple[int, Span, float]] = []
    for (place, span), score in chosen:
        if runs and runs[-1][0] == place:
            _, (start, end), best = runs[-1]
            if span[0] <= end or _belong(texts[place], end, span[0], language):
                runs[-1] = (place, (start, max(end, span[1])), max(best, score))
                continue
        runs.append((place, span, score))
    return runs


def _belong(text: str, end: int, start: int, language: str) -> bool:
    gap = text[end:start]
    if _JOINING.fullmatch(gap):
        return True
    if any(c in gap for c in ",.;:!?()。，、？！（）\n"):
        return False
    return len(words(gap)) <= _BETWEEN and not content_words(gap, language)


def rendered(
    context: Context, tagging: Tagging, runs: Sequence[Run], sure: float, language: str
) -> str:
    """Return the turn with ``runs`` in it: in a pronoun's place, else in parentheses.

    Args:
        context: The tokens; the turn is the last text.
        tagging: Their probabilities.
        runs: What is put in, surest first.
        sure: From which probability on a word of the turn is taken out or replaced.
        language: The turn's.
    """
    turn = context.texts[-1]
    gone = [] if runs else _edited(context, tagging, DELETE, sure)
    if gone:
        return _without(turn, gone)
    if not runs:
        return turn
    places = _edited(context, tagging, REPLACE, sure)
    return put_in(turn, [run.text for run in runs], places, language)


def put_in(turn: str, names: Sequence[str], places: Sequence[Span], language: str) -> str:
    """Return the turn with names in it: the first in the only place, the others in parentheses.

    Args:
        turn: The turn.
        names: What is put in.
        places: Where the turn has a word for the first name, such as a pronoun.
        language: The turn's; in most a name cannot stand where the pronoun stood.
    """
    rest = list(names)
    if language in _IN_PLACE and len(places) == 1:
        turn = _replaced(turn, places[0], rest.pop(0), language)
    if not rest:
        return turn
    body = turn.rstrip(_CLOSING)
    return f"{body} ({', '.join(rest)}){turn[len(body) :]}"


def _edited(context: Context, tagging: Tagging, kind: int, sure: float) -> list[Span]:
    """Return the stretches of the turn that get an edit for sure, whole words, in order."""
    last = len(context.texts) - 1
    turn = context.texts[last]
    spans: list[Span] = []
    for (place, span), row in zip(context.places, tagging.edits, strict=True):
        if place != last or span[1] <= span[0]:
            continue
        if int(np.argmax(row)) == kind and row[kind] >= sure:
            start, end = _unit(span, words(turn), turn)
            if spans and not turn[spans[-1][1] : start].strip():
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
    return spans


def _without(turn: str, gone: Sequence[Span]) -> str:
    """Return the turn without the stretches, or as it is where too little would be left."""
    if sum(end - start for start, end in gone) > _MOST_DELETED * len(turn):
        return turn
    for start, end in reversed(gone):
        turn = f"{turn[:start].rstrip(' ,，、')} {turn[end:].lstrip(' ,，、')}"
    return " ".join(turn.split())


def _replaced(turn: str, span: Span, name: str, language: str) -> str:
    cues = [cue for cue in lexicon(language).cues(turn) if overlap(cue.span, span)]
    owns = any("possessives" in cue.kinds for cue in cues)
    return turn[: span[0]] + name + (_GENITIVE[language] if owns else "") + turn[span[1] :]
