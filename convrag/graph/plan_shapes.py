"""What kind of plan a question asks for, told by its form: for wordings that no list has.

A linear model over the vector of the question with letters instead of names, fitted to wordings
of questions over several facts and to ordinary questions in ten languages
(`tests/bench/plan_shapes.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from convrag.protocols import Encoder
from convrag.types import Span

NONE = "none"
SHAPES = (NONE, "compare", "verdict", "difference", "count", "both", "most", "least", "path")
_LETTERS = "ABCDEFGH"


class PlanShapes:
    """Judges questions by their vectors, of the encoder that the model was fitted to alone."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._model = _models().get(encoder.id)

    def shape(self, text: str, names: Sequence[Span], *, least: float = 0.0) -> str:
        """Return the shape of the plan that the question asks for, ``none`` when in doubt.

        Args:
            text: The question.
            names: Where the things that it names stand.
            least: What its score must be if that is more than the model's own limit.
        """
        if self._model is None:
            return NONE
        vector = self._encoder.encode([letters(text, names)], "query")[0]
        scores = vector @ self._model["weights"] + self._model["bias"]
        best = int(scores.argmax())
        return SHAPES[best] if scores[best] >= max(least, self._model["least"]) else NONE


def letters(text: str, names: Sequence[Span]) -> str:
    """Return the text with A, B, ... in place of the names."""
    parts: list[str] = []
    at = 0
    for number, (start, end) in enumerate(sorted(names)):
        parts += [text[at:start], _LETTERS[number % len(_LETTERS)]]
        at = end
    return "".join([*parts, text[at:]])


@cache
def _models() -> dict[str, Mapping[str, Any]]:
    """Return by encoder the weights (D, K), the bias (K,), and the least score of a shape."""
    text = resources.files("convrag.graph").joinpath("plan_shapes.json").read_text("utf-8")
    return {
        name: {
            "weights": np.array(model["weights"], np.float32),
            "bias": np.array(model["bias"], np.float32),
            "least": float(model["least"]),
        }
        for name, model in json.loads(text).items()
    }
