"""Words that add nothing to a question ("tell", "please", "those"), told by their vectors.

A logistic model over the vectors of single words, fitted to the words that are known to add
nothing and to content words of ordinary questions, in ten languages (`tests/bench/empty_words.py`).
It finds words that no list has, also in languages without a list.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np

from convrag.protocols import Encoder, Vectors


class EmptyWords:
    """Judges words by their vectors, of the encoder that the model was fitted to alone."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._model = _models().get(encoder.id)

    def all_empty(self, words: Sequence[str], *, least: float = 0.0) -> bool:
        """Return whether each of the words adds nothing to a question.

        Args:
            words: Single words.
            least: What their scores must be above; below 0 more of them pass.
        """
        if self._model is None or not all(_may_be_empty(word) for word in words):
            return False
        weights, bias = self._model
        return bool((self._encoder.encode(words, "query") @ weights + bias > least).all())


def _may_be_empty(word: str) -> bool:
    """Whether it is no number and no name in capitals."""
    return not any(c.isdigit() for c in word) and not (word.isupper() and len(word) > 1)


@cache
def _models() -> dict[str, tuple[Vectors, float]]:
    """Return by encoder the weights (D,) and the bias that leaves the accepted words positive."""
    text = resources.files("convrag.graph").joinpath("empty_words.json").read_text("utf-8")
    return {
        name: (np.array(model["weights"], np.float32), model["bias"])
        for name, model in json.loads(text).items()
    }
