"""Measures of a ranking against graded judgements, as ``trec_eval`` defines them.

What has a grade of at least 1 is relevant; what has no judgement is not. ``ranking`` holds ids,
best first; of an id that comes twice the first place counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Grades = Mapping[str, float]
"""Judgements by id; below 1 is not relevant."""


def recall(ranking: Sequence[str], grades: Grades, k: int) -> float:
    """Return the share of the relevant ids among the first ``k``; 0 when none is relevant."""
    relevant = _relevant(grades)
    return len(relevant & set(_first(ranking, k))) / len(relevant) if relevant else 0.0


def precision(ranking: Sequence[str], grades: Grades, k: int) -> float:
    """Return the share of relevant ids among ``k`` places; places left empty count as wrong."""
    return len(_relevant(grades) & set(_first(ranking, k))) / k


def reciprocal_rank(ranking: Sequence[str], grades: Grades, k: int | None = None) -> float:
    """Return 1 / rank of the first relevant id among the first ``k``, 0 without one."""
    relevant = _relevant(grades)
    places = (rank for rank, item in enumerate(_first(ranking, k), start=1) if item in relevant)
    return 1.0 / next(places, math.inf)


def average_precision(ranking: Sequence[str], grades: Grades, k: int | None = None) -> float:
    """Return the mean, over the relevant ids, of the precision at their places.

    Those not among the first ``k`` count 0. Its mean over questions is MAP.
    """
    relevant = _relevant(grades)
    hits, total = 0, 0.0
    for rank, item in enumerate(_first(ranking, k), start=1):
        if item in relevant:
            hits += 1
            total += hits / rank
    return total / len(relevant) if relevant else 0.0


def ndcg(ranking: Sequence[str], grades: Grades, k: int | None = None) -> float:
    """Return the discounted gain over that of the best ranking, 0..1; 0 when none is relevant.

    The gain is the grade, the discount ``log2(1 + rank)`` (Järvelin and Kekäläinen, "Cumulated
    Gain-Based Evaluation of IR Techniques", ACM TOIS 2002, with the discount that ``trec_eval``
    has: it also counts at rank 2).
    """
    found = [max(grades.get(item, 0.0), 0.0) for item in _first(ranking, k)]
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:k]
    ideal = _discounted(best)
    return _discounted(found) / ideal if ideal else 0.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(1 + rank) for rank, gain in enumerate(gains, start=1))


def _relevant(grades: Grades) -> set[str]:
    return {item for item, grade in grades.items() if grade >= 1}


def _first(ranking: Sequence[str], k: int | None) -> list[str]:
    return list(dict.fromkeys(ranking))[:k]
