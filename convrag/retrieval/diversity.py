"""Keeps the list of evidence from saying the same thing twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from convrag.protocols import Vectors
from convrag.types import Passage

_ALIKE = 0.98
"""Cosine from which two passages may be one text with small changes."""
_SHARED = 0.9
"""Share of common shingles (of all that either has) from which they are."""
_SHINGLE = 5
"""Characters of a shingle: long enough to keep the order of words, in any script."""
_NUMBERS = re.compile(r"\w*\d[\w.,:/-]*")


def without_repeats(passages: Sequence[Passage], vectors: Vectors, *, k: int) -> list[int]:
    """Return the positions of the first ``k`` passages that do not repeat an earlier one.

    A repeat has the same text but for case, width and spacing, or nearly the same: vectors with a
    cosine of at least .98 and nine of ten shingles in common. Texts that differ in a number, an
    identifier or an entity say different things however alike they are.

    Args:
        passages: Best first.
        vectors: float32 (N, D), unit norm: theirs.
        k: How many are wanted.
    """
    kept: dict[int, str] = {}
    for position, passage in enumerate(passages):
        if len(kept) >= k:
            break
        key = _plain(passage.text)
        cosines = vectors[list(kept)] @ vectors[position]
        if key not in kept.values() and not any(
            cosine >= _ALIKE and _same(passages[at], other, passage, key)
            for (at, other), cosine in zip(kept.items(), cosines.tolist(), strict=True)
        ):
            kept[position] = key
    return list(kept)


def _plain(text: str) -> str:
    """Return the text in one case, width and spacing; a match key would take far longer."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _same(one: Passage, key: str, other: Passage, other_key: str) -> bool:
    if one.language != other.language or set(one.entity_ids) != set(other.entity_ids):
        return False
    if set(_NUMBERS.findall(key)) != set(_NUMBERS.findall(other_key)):
        return False
    left, right = _shingles(key), _shingles(other_key)
    return len(left & right) >= _SHARED * len(left | right)


def _shingles(text: str) -> set[str]:
    return {text[i : i + _SHINGLE] for i in range(max(1, len(text) - _SHINGLE + 1))}


def diversified(
    relevance: Sequence[float], vectors: Vectors, *, k: int, weight: float
) -> list[int]:
    """Return at most ``k`` positions by maximal marginal relevance, best first.

    Next comes the passage with the highest ``(1 - weight) * relevance - weight * cosine``, the
    cosine being the highest with those chosen: Carbonell and Goldstein, "The Use of MMR,
    Diversity-Based Reranking for Reordering Documents and Producing Summaries", SIGIR 1998. Cosines
    and relevance are spread over 0..1 first, so that ``weight`` means the same for every encoder.

    Args:
        relevance: Of each passage, (N,), in any unit.
        vectors: float32 (N, D), unit norm.
        k: How many.
        weight: 0 gives the order of relevance, 1 that of unlikeness.
    """
    wanted = _spread(np.asarray(relevance, dtype=np.float64))
    alike = _spread((vectors @ vectors.T).astype(np.float64))  # (N, N)
    nearest = np.zeros(len(wanted))
    left = list(range(len(wanted)))
    chosen: list[int] = []
    while left and len(chosen) < k:
        gain = (1 - weight) * wanted[left] - weight * nearest[left]
        best = left.pop(int(np.argmax(gain)))
        chosen.append(best)
        nearest = np.maximum(nearest, alike[best])
    return chosen


def _spread(values: np.ndarray) -> np.ndarray:
    low, high = (values.min(), values.max()) if values.size else (0.0, 0.0)
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
