"""Fitting the weights of the facts at hand on dialogues with gold facts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tests.bench.knowledge_cases import Case, Setup

Example = tuple[np.ndarray, np.ndarray]
"""Features (N, F) of the candidates, and which of them are gold (N,)."""


def examples(setup: Setup, cases: Sequence[Case]) -> Iterator[Example]:
    """Yield what the model is fitted on: queries for which some gold fact is a candidate."""
    for case in cases:
        for query in (case.query, case.own):
            candidates = setup.ranker.candidates(query)
            gold = np.array([t.id in case.gold for _, t in candidates], bool)
            if gold.any():
                yield setup.ranker.features(query, candidates), gold


def kept_back(conversation: str) -> bool:
    """Whether a dialogue of the development files is not fitted on: every fifth."""
    return hashlib.sha256(conversation.encode()).digest()[0] % 5 == 0


def fit(groups: Sequence[Sequence[Example]], *, ridge: float = 1e-3) -> np.ndarray:
    """Return weights (F,) of a conditional logit model (McFadden, 1974).

    Maximises the mean logarithm of the probability of the gold facts by Newton's method with step
    halving; each group counts the same.
    """
    rows = [(x, gold, 1 / len(groups) / len(group)) for group in groups for x, gold in group]
    features = np.vstack([x for x, _, _ in rows])  # (M, F)
    sizes = [len(x) for x, _, _ in rows]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    owner = np.repeat(np.arange(len(rows)), sizes)
    counts = np.array([count for _, _, count in rows])
    wanted = np.concatenate([gold / gold.sum() for _, gold, _ in rows])

    def chances(found: np.ndarray) -> np.ndarray:
        scores = features @ found
        raised = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        return raised / np.add.reduceat(raised, starts)[owner]

    def loss(found: np.ndarray) -> float:
        logs = np.log(np.maximum(chances(found), 1e-300))
        return float(-(wanted * logs * counts[owner]).sum() + ridge / 2 * found @ found)

    found = np.zeros(features.shape[1])
    before = loss(found)
    for _ in range(50):
        p = chances(found)
        gradient = features.T @ ((p - wanted) * counts[owner]) + ridge * found
        means = np.add.reduceat(features * p[:, None], starts)  # (N, F)
        hessian = features.T @ (features * (p * counts[owner])[:, None])
        hessian += ridge * np.eye(len(found)) - means.T @ (means * counts[:, None])
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-4 and loss(found - size * step) > before:
            size /= 2
        found -= size * step
        after = loss(found)
        if before - after < 1e-7:
            break
        before = after
    return found
