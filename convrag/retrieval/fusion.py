"""Puts the rankings of several channels together, by rank or by score, and drops repeated texts."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeVar

from convrag.errors import UsageError
from convrag.text.normalize import match_key

Fused = tuple[str, float, dict[str, int]]
"""An id, its score, and its rank, from 1, in each channel that found it."""

Normalisation = Literal["minmax", "zscore"]

_T = TypeVar("_T")


def reciprocal_rank_fusion(
    rankings: Mapping[str, Sequence[str]],
    *,
    weights: Mapping[str, float] | None = None,
    k: int,
    constant: int = 60,
) -> list[Fused]:
    """Return the ids of all rankings by reciprocal ranks, best first, ties by id.

    ``score(d) = sum over channels c of weight(c) / (constant + rank_c(d))``, after Cormack, Clarke
    and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
    Methods", SIGIR 2009, where the constant 60 is from.

    Args:
        rankings: Ids best first, by channel; of an id that comes twice the better rank counts.
        weights: By channel, for each of ``rankings``; None weighs all alike. A channel of weight 0
            brings nothing in.
        k: How many to return.
        constant: Above 0; the larger, the less the first ranks stand out.

    Raises:
        UsageError: A ranking has no weight, a weight is negative or not finite, or the constant is
            not above 0.
    """
    if constant <= 0:
        raise UsageError(f"fusion: the constant must be above 0, not {constant}")
    used = _weights(rankings, weights)
    ranks = {name: _ranks(rankings[name]) for name in used}
    scores = {
        name: {item: 1 / (constant + rank) for item, rank in found.items()}
        for name, found in ranks.items()
    }
    return _fused(scores, ranks, used, k)


def weighted_score_fusion(
    scored: Mapping[str, Sequence[tuple[str, float]]],
    *,
    weights: Mapping[str, float] | None = None,
    k: int,
    normalisation: Normalisation = "minmax",
    floors: Mapping[str, float] | None = None,
) -> list[Fused]:
    """Return the ids of all channels by weighted sums of normalised scores, best first, ties by id.

    The convex combination of Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid
    Retrieval", ACM TOIS 2023. ``minmax`` maps a channel's scores from its lowest to its highest
    onto 0..1; with a floor (their theoretical minimum: 0 for BM25, -1 for cosines) from the floor
    instead. ``zscore`` maps mean - 3 deviations to mean + 3 deviations onto 0..1 and clips. Scores
    that are all equal become 1 (``minmax``) or 0.5 (``zscore``). What a channel did not find counts
    0 there.

    Args:
        scored: Ids with scores by channel, in any order; of an id that comes twice the higher
            counts.
        weights: As for :func:`reciprocal_rank_fusion`.
        k: How many to return.
        normalisation: ``minmax`` or ``zscore``.
        floors: By channel, for ``minmax``: the lowest score its function could give.

    Raises:
        UsageError: A channel has no weight, a weight is negative or not finite, a score is not
            finite, or the normalisation is unknown.
    """
    if normalisation not in ("minmax", "zscore"):
        raise UsageError(f"fusion: unknown normalisation '{normalisation}'", "minmax or zscore")
    used = _weights(scored, weights)
    best = {name: _best(name, scored[name]) for name in used}
    ranks = {
        name: _ranks(sorted(found, key=lambda item, f=found: (-f[item], item)))  # type: ignore[misc]
        for name, found in best.items()
    }
    scores = {}
    for name, found in best.items():
        if normalisation == "minmax":
            scores[name] = _minmax(found, (floors or {}).get(name))
        else:
            scores[name] = _zscore(found)
    return _fused(scores, ranks, used, k)


def distinct(items: Iterable[_T], text: Callable[[_T], str]) -> list[_T]:
    """Return ``items`` without those whose text an earlier one has but for case, width, spacing."""
    seen = set()
    kept = []
    for item in items:
        digest = hashlib.blake2b(
            match_key(text(item)).encode("utf-8", "surrogatepass"), digest_size=16
        ).digest()
        if digest not in seen:
            seen.add(digest)
            kept.append(item)
    return kept


def _weights(names: Iterable[str], weights: Mapping[str, float] | None) -> dict[str, float]:
    used = {}
    for name in names:
        weight = 1.0 if weights is None else weights.get(name)
        if weight is None:
            known = ", ".join(sorted(weights or ()))
            raise UsageError(f"fusion: channel '{name}' has no weight", f"weights: {known}")
        if not (math.isfinite(weight) and weight >= 0):
            raise UsageError(f"fusion: the weight of '{name}' is {weight}, not 0 or more")
        if weight > 0:
            used[name] = weight
    return used


def _ranks(ids: Iterable[str]) -> dict[str, int]:
    return {item: rank for rank, item in enumerate(dict.fromkeys(ids), start=1)}


def _best(name: str, hits: Sequence[tuple[str, float]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for item, score in hits:
        if not math.isfinite(score):
            raise UsageError(f"fusion: channel '{name}' scores '{item}' with {score}")
        best[item] = max(score, best.get(item, score))
    return best


def _minmax(found: Mapping[str, float], floor: float | None) -> dict[str, float]:
    if not found:
        return {}
    high = max(found.values())
    low = min(found.values()) if floor is None else min(floor, *found.values())
    if high <= low:
        return dict.fromkeys(found, 1.0)
    return {item: (score - low) / (high - low) for item, score in found.items()}


def _zscore(found: Mapping[str, float]) -> dict[str, float]:
    if not found:
        return {}
    mean = math.fsum(found.values()) / len(found)
    deviation = math.sqrt(math.fsum((s - mean) ** 2 for s in found.values()) / len(found))
    if deviation == 0:
        return dict.fromkeys(found, 0.5)
    return {
        item: min(max(0.5 + (score - mean) / (6 * deviation), 0.0), 1.0)
        for item, score in found.items()
    }


def _fused(
    scores: Mapping[str, Mapping[str, float]],
    ranks: Mapping[str, dict[str, int]],
    weights: Mapping[str, float],
    k: int,
) -> list[Fused]:
    ids = dict.fromkeys(item for found in scores.values() for item in found)
    fused = [
        (
            item,
            math.fsum(weights[n] * found[item] for n, found in scores.items() if item in found),
            {name: found[item] for name, found in ranks.items() if item in found},
        )
        for item in ids
    ]
    fused.sort(key=lambda hit: (-hit[1], hit[0]))
    return fused[: max(k, 0)]
