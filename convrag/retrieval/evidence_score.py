"""The probability that the best passage found is relevant at all.

Scores only put passages in order. Whether the first one answers the question shows in how far it
stands out: from the other cosines, from the second in the list, and in both channels at once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache
from importlib import resources

from convrag.types import Evidence, Passage

_LARGEST_LEAD = 6.0
"""A lead that says all it can; also bounds that of a single passage over nothing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the first passage stands out from the others; language and encoder drop out."""

    cosine: float
    """How far its cosine lies above the mean of the passages."""
    lead: float
    """Logarithm of the ratio of its score to the second one's: standard deviations of cosines."""
    agreement: float
    """Mean of its reciprocal ranks in the dense and in the lexical channel, 0..1."""


def standing(evidence: Sequence[Evidence]) -> Standing | None:
    """Return how the first passage stands out; None when there are fewer than two passages."""
    found = [e for e in evidence if isinstance(e.item, Passage)]
    if len(found) < 2:
        return None
    first, second = found[:2]
    return Standing(
        first.confidence - math.fsum(e.confidence for e in found) / len(found),
        min(math.log(first.score / second.score), _LARGEST_LEAD),
        math.fsum(1 / first.channels[c] for c in ("dense", "lexical") if c in first.channels) / 2,
    )


def relevance(evidence: Sequence[Evidence]) -> float:
    """Return the probability (0..1) that the first passage is about the question.

    Facts do not count: their ``confidence`` says how well they fit. A single passage has nothing to
    stand out from and gets .5, none gets 0.

    A logistic model, fitted by ``python -m tests.bench.relevance``.

    Args:
        evidence: What :meth:`~convrag.retrieval.hybrid.HybridRetriever.retrieve` returned.
    """
    found = standing(evidence)
    if found is None:
        return 0.5 if any(isinstance(e.item, Passage) for e in evidence) else 0.0
    weights, bias = _model()
    score = bias + math.fsum(w * v for w, v in zip(weights, astuple(found), strict=True))
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


@cache
def _model() -> tuple[tuple[float, ...], float]:
    file = resources.files("convrag.retrieval").joinpath("evidence_score.json")
    model = json.loads(file.read_text(encoding="utf-8"))
    return tuple(model["weights"][f.name] for f in fields(Standing)), model["bias"]
