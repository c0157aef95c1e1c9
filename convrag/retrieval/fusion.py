"""Puts what the channels say of each passage together into one score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

LEXICAL = 0.7
"""What the lexical unit counts beside one standard deviation of the cosines.

Chosen on one half of thirteen development sets and confirmed on the other
(``python -m tests.bench.fusion``): .6 to 1.0 differ by .002 in the mean, but below .7 Chinese and
above it English falls behind its better channel."""
_NAMED = 1.0
"""What naming all of the question's entities counts, in standard deviations of the cosines."""
_FOREIGN = 0.7
"""Share of the best BM25 in the asker's language that a passage in another one is taken to have.

Its words cannot be compared with the question's, which says nothing against it. The rest is what
names and numbers that are the same in both make of it; counted in full, chance likeness of words in
related languages does harm."""
_OWN = 1.0
"""What being in the asker's language counts, in standard deviations: such a passage can be quoted.

Found on mixed pools of development sets: where the source is in the asker's language, .5 to 2 are
as good; where it is not, each further .5 costs .03 to .05 of MRR."""
JOINED = 36.0
"""What explaining the whole question together with another passage counts, in such deviations.

Both passages of such a pair then stand above what only names the question's entity. Chosen on the
development half of ``python -m tests.bench.joins``."""
_SMALLEST_DEVIATION = 1e-4
"""Cosines that differ by less are the same: what is left is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Passages that some channel found, with what is known of each; all arrays are (N,).

    ``cosines`` are known for every one, whichever channel found it.
    """

    ids: tuple[str, ...]
    cosines: Values
    bm25: Values
    """0 where the lexical channel did not find the passage."""
    foreign: npt.NDArray[np.bool_]
    """Whether the passage is in another language than the question."""
    entities: Values
    """Share of the question's entities that the passage names, 0..1."""
    joined: Values
    """Share of the question that the passage explains only with another one, 0..1."""

    @classmethod
    def of(
        cls,
        cosines: Mapping[str, float],
        bm25: Mapping[str, float],
        *,
        foreign: frozenset[str] = frozenset(),
        entities: Mapping[str, float] | None = None,
        joined: Mapping[str, float] | None = None,
    ) -> Candidates:
        """Return the passages of ``cosines``, in order of their ids, with what the others know."""
        ids = tuple(sorted(cosines))
        return cls(
            ids,
            np.array([cosines[i] for i in ids], dtype=np.float64),
            np.array([bm25.get(i, 0.0) for i in ids], dtype=np.float64),
            np.array([i in foreign for i in ids], dtype=bool),
            np.array([(entities or {}).get(i, 0.0) for i in ids], dtype=np.float64),
            np.array([(joined or {}).get(i, 0.0) for i in ids], dtype=np.float64),
        )


def fused(candidates: Candidates, *, passages: int) -> list[tuple[str, float]]:
    """Return all candidates with scores in (0, 1], best first, ties by id.

    ``f = z(cosine) + .7 * BM25 / ln(1 + passages) + entities + own language + 36 * joined``, where
    z counts in standard deviations from the candidates' mean: cosines lie in a narrow band that
    differs by encoder and language. BM25 is counted in units of the highest idf that an index of
    that size can give, so that the two weigh the same against each other in an index of five
    passages and of a million.
    Unlike a min-max norm, both keep how sure a channel is: equal cosines stay near each other, and
    a single common word is no full score. The score is ``exp(f - max f)``, so the logarithm of a
    ratio of scores is a difference of f.

    A convex combination in the sense of Bruch, Gai and Ingber, "An Analysis of Fusion Functions
    for Hybrid Retrieval", ACM TOIS 2023.

    Args:
        candidates: What to put in order.
        passages: How many passages the index has.
    """
    if not candidates.ids:
        return []
    deviation = max(float(candidates.cosines.std()), _SMALLEST_DEVIATION)
    total = (candidates.cosines - candidates.cosines.mean()) / deviation
    total = total + LEXICAL * _comparable(candidates) / math.log1p(max(passages, 1))
    total = total + _NAMED * candidates.entities - _OWN * candidates.foreign
    total = total + JOINED * candidates.joined
    scores = np.exp(np.maximum(total - total.max(), -500.0))
    pairs = zip(candidates.ids, scores.tolist(), strict=True)
    return sorted(pairs, key=lambda hit: (-hit[1], hit[0]))


def _comparable(candidates: Candidates) -> Values:
    """Return BM25 such that passages in all languages can be compared."""
    foreign = candidates.foreign
    if foreign.all():
        return candidates.bm25
    best = float(candidates.bm25[~foreign].max(initial=0.0))
    granted = _FOREIGN * best + (1 - _FOREIGN) * candidates.bm25
    return np.where(foreign, granted, candidates.bm25)


def ranks(scores: Mapping[str, float]) -> dict[str, int]:
    """Return the rank, from 1, of each id, highest score first, ties by id."""
    ordered = sorted(scores, key=lambda item: (-scores[item], item))
    return {item: rank for rank, item in enumerate(ordered, start=1)}


def combined(found: Sequence[Mapping[str, float]], weights: Sequence[float]) -> dict[str, float]:
    """Return the weighted mean of several searches' scores; what one did not find counts 0."""
    total: dict[str, float] = {}
    for hits, weight in zip(found, weights, strict=True):
        for item, score in hits.items():
            total[item] = total.get(item, 0.0) + weight * score / sum(weights)
    return total
