"""The library's metrics against outside implementations, where these are installed."""

from __future__ import annotations

import random
import warnings

import pytest

from convrag.evaluation.metrics import ranking
from convrag.evaluation.metrics.overlap import rouge_l, rouge_n


def test_rankings_are_measured_as_trec_eval_does() -> None:
    measures = pytest.importorskip("ir_measures", reason="install convrag[parity]")
    rng = random.Random(5)  # noqa: S311
    names = [f"d{n}" for n in range(40)]
    grades = {
        f"q{n}": {name: rng.randint(0, 3) for name in rng.sample(names, 12)} for n in range(60)
    }
    grades = {q: g for q, g in grades.items() if max(g.values()) > 0}
    runs = {q: rng.sample(names, rng.randint(1, 40)) for q in grades}
    scored = {q: {d: 100.0 - at for at, d in enumerate(found)} for q, found in runs.items()}
    own = {
        "R@10": lambda r, g: ranking.recall(r, g, 10),
        "P@5": lambda r, g: ranking.precision(r, g, 5),
        "RR": ranking.reciprocal_rank,
        "AP": ranking.average_precision,
        "AP@10": lambda r, g: ranking.average_precision(r, g, 10),
        "nDCG": ranking.ndcg,
        "nDCG@5": lambda r, g: ranking.ndcg(r, g, 5),
    }
    wanted = [measures.parse_measure(name) for name in own]
    found = list(measures.iter_calc(wanted, grades, scored))
    assert len(found) == len(own) * len(grades)
    for value in found:
        mine = own[str(value.measure)](runs[value.query_id], grades[value.query_id])
        assert mine == pytest.approx(value.value, abs=1e-9)


def test_rouge_is_that_of_rouge_score() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that it imports
        rouge = pytest.importorskip("rouge_score.rouge_scorer", reason="install convrag[parity]")
    scorer = rouge.RougeScorer(["rouge1", "rouge2", "rougeL"])
    rng = random.Random(7)  # noqa: S311
    words = ["the", "nile's", "river", "is", "6,650", "km", "long", "it's", "not", "short"]
    for _ in range(100):
        said, wanted = (" ".join(rng.choices(words, k=rng.randint(0, 12))) for _ in range(2))
        other = scorer.score(wanted, said)
        assert rouge_n(said, [wanted], 1) == pytest.approx(tuple(other["rouge1"]))
        assert rouge_n(said, [wanted], 2) == pytest.approx(tuple(other["rouge2"]))
        assert rouge_l(said, [wanted]) == pytest.approx(tuple(other["rougeL"]))
