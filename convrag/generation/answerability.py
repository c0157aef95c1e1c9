"""The probability that a sentence answers, from a few language-neutral features."""

from __future__ import annotations

import json
import math
from dataclasses import astuple, dataclass, fields
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Features:
    """What is known about a question and one sentence of a passage; all values are about 0..1."""

    sentence_margin: float
    """How far its cosine lies above the mean of the lines read: cosines differ by language."""
    passage_margin: float
    """The same for the passage's cosine among the passages found."""
    sentence_coverage: float
    """Share of the question's content words, names aside, that the sentence has."""
    passage_coverage: float
    sentence_entities: float
    """Share of the question's entities that the sentence is about."""
    names_entity: float
    """1 when about an entity of the question (or it has none), 0 when about others of the kind."""
    own_language: float
    """1 when the passage is in the asker's language; word overlap means little otherwise."""
    number_fit: float
    """0 when a number is asked for and the sentence has none, else 1."""

    @property
    def ordering(self) -> float:
        """How good the sentence is beside the others; higher is better."""
        return (
            self.sentence_margin
            + 0.08 * self.sentence_coverage
            + 0.04 * self.sentence_entities
            + 0.03 * self.names_entity
            + 0.02 * self.own_language
            + 0.02 * self.number_fit
        )


def answerability(features: Features) -> float:
    """Return the logistic model's probability (0..1) that the sentence answers the question."""
    weights, bias = _model()
    score = bias + sum(w * v for w, v in zip(weights, astuple(features), strict=True))
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


@cache
def _model() -> tuple[tuple[float, ...], float]:
    text = (
        resources.files("convrag.generation")
        .joinpath("answerability.json")
        .read_text(encoding="utf-8")
    )
    model = json.loads(text)
    return tuple(model["weights"][f.name] for f in fields(Features)), model["bias"]
