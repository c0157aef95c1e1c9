"""From which probabilities on the rewriter acts, chosen on the development split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convrag.dialogue.context import Context
from convrag.dialogue.rendering import Run, chosen_runs, rendered
from convrag.dialogue.tagging import Tagger, TaggerSettings, Tagging
from convrag.text.analysis import query_terms
from convrag.text.normalize import match_key
from convrag.training.examples import ELLIPSIS, Example
from convrag.training.states import KeptStates

_GATES = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_TERMS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
_NEVER = 2.0
_UNTOUCHED = 0.985
"""Share of standalone turns that must stay as they are."""
_COST = 0.1
"""What it costs to make a turn twice as long as it is in full, or to change one that is."""
_UNCLEAR = frozenset({"canard", "cast", "ikat"})
"""Sets in which a turn may lean on the dialogue though the people who wrote it out did not care."""
_ALONE = frozenset({"standalone", "chat"})


@dataclass(frozen=True, slots=True)
class Tagged:
    """An example with what the network says of it."""

    example: Example
    context: Context
    tagging: Tagging


def rewritten(one: Tagged, settings: TaggerSettings) -> str:
    """Return the turn as it is rewritten with ``settings``."""
    language = one.example.language
    runs: tuple[Run, ...] = ()
    if one.tagging.gate >= settings.gate:
        runs = chosen_runs(one.context, one.tagging, settings.term, language)
    return rendered(one.context, one.tagging, runs, settings.sure, language)


def recovered(example: Example, text: str) -> float:
    """Return the share (0..1) of what the turn lacked that ``text`` has.

    That is 1 or 0 where the example says which name it needs; else the share of the terms that the
    full turn has beyond the turn itself, of an ellipsis those of what was asked; 1 where there are
    none.
    """
    language = example.language
    if example.needs and example.kind != ELLIPSIS:
        key = match_key(text)
        return float(all(match_key(need) in key for need in example.needs))
    if example.needs:
        asked = set(_terms(" ".join(example.needs), language))
        return len(asked & set(_terms(text, language))) / len(asked) if asked else 1.0
    lacking = set(_terms(example.rewrite, language)) - set(_terms(example.turn, language))
    if not lacking:
        return 1.0
    return len(lacking & set(_terms(text, language))) / len(lacking)


def _terms(text: str, language: str) -> list[str]:
    return [term for term in query_terms(text, language) if not term.startswith("t:")]


def fitted(tagger: Tagger, examples: Sequence[Example], kept: KeptStates) -> TaggerSettings:
    """Return the tagger's settings with thresholds fitted on the development split.

    Of those that leave enough standalone turns as they are, the ones that recover the most.
    """
    tagged = [
        Tagged(one, kept.contexts[n], tagger.tag(kept.contexts[n], kept.of(n).astype(np.float32)))
        for n, one in enumerate(examples)
        if one.split == "dev" and one.history
    ]
    tagged = [one for one in tagged if one.example.kind != "restart"]
    alone = [n for n, one in enumerate(tagged) if one.example.kind in _ALONE]
    clear = [n for n in alone if tagged[n].example.source not in _UNCLEAR]
    leaning = [n for n, one in enumerate(tagged) if one.example.kind not in _ALONE]

    def texts(gate: float, term: float) -> list[str]:
        settings = replace(tagger.settings, gate=gate, term=term)
        return [rewritten(one, settings) for one in tagged]

    closed = texts(_NEVER, _TERMS[0])
    opened = {term: texts(0.0, term) for term in _TERMS}

    def score(gate: float, term: float) -> tuple[float, float]:
        written = [
            opened[term][n] if one.tagging.gate >= gate else closed[n]
            for n, one in enumerate(tagged)
        ]
        kept_as_is = _mean(written[n] == tagged[n].example.turn for n in clear)
        gain = _mean(
            recovered(tagged[n].example, written[n]) - _COST * _added(tagged[n].example, written[n])
            for n in leaning
        )
        loss = _mean(written[n] != tagged[n].example.turn for n in alone)
        return min(kept_as_is, _UNTOUCHED), gain - _COST * loss

    gate = max(_GATES, key=lambda gate: score(gate, _TERMS[2]))
    term = max(_TERMS, key=lambda term: score(gate, term))
    return replace(tagger.settings, gate=gate, term=term)


def _added(example: Example, text: str) -> float:
    """Return how much longer than in full the turn becomes, of its full length."""
    return max(0.0, len(text) - len(example.rewrite)) / max(20, len(example.rewrite))


def _mean(values: Iterable[float]) -> float:
    found = np.fromiter((float(value) for value in values), dtype=float)
    return float(found.mean()) if len(found) else 0.0
