"""The measures of the retrieval benchmarks, against values worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.bench.fusion import minmax, reciprocal, reciprocal_ranks
from tests.bench.knowledge_share import share
from tests.bench.relevance import area, calibration_error, fit
from tests.bench.retrieval import average_precision, interval, rank_of, scores_of


def test_a_document_has_the_rank_of_its_first_passage():
    ranking = ["b#0", "b#1", "河#2", "a#0", "河#0"]
    assert rank_of(ranking, "b") == 1
    assert rank_of(ranking, "河") == 2
    assert rank_of(ranking, "a") == 3
    assert rank_of(ranking, "नदी") == 0
    assert reciprocal(ranking, "a") == pytest.approx(1 / 3)
    assert reciprocal(ranking, "نهر") == 0.0


@pytest.mark.parametrize(
    ("rank", "scores"),
    [
        (1, (1, 1, 1, 1)),
        (2, (0, 1, 1 / 2, 1 / math.log2(3))),
        (5, (0, 1, 1 / 5, 1 / math.log2(6))),
        (10, (0, 0, 1 / 10, 1 / math.log2(11))),
        (11, (0, 0, 0, 0)),
        (0, (0, 0, 0, 0)),
    ],
)
def test_one_relevant_document(rank: int, scores: tuple[float, ...]):
    assert scores_of(rank) == pytest.approx(scores)


def test_average_precision():
    assert average_precision([True, False, True], 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([False, True], 4) == pytest.approx(0.5 / 4)
    assert average_precision([False, False], 0) == 0.0


def test_the_interval_holds_the_mean_and_is_the_same_again():
    gains = np.array([0.0, 0.1, -0.1, 0.2, 0.3] * 40)
    low, high = interval(gains)
    assert low < gains.mean() < high
    assert interval(gains) == (low, high)
    assert interval(np.full(9, 0.25)) == (0.25, 0.25)


def test_the_recovered_share_is_of_means_and_draws_whole_dialogues():
    raw, full = np.array([0.0, 0.5, 0.0]), np.array([1.0, 0.5, 1.0])
    arm = np.array([0.5, 0.5, 1.0])
    mean, low, high = share(raw, arm, full, ["河", "河", "نهر"])
    assert mean == pytest.approx(0.75)
    assert (low, high) == pytest.approx((0.5, 1.0))
    assert share(raw, arm, full, ["d", "d", "d"]) == pytest.approx((0.75, 0.75, 0.75))
    assert share(raw, full, full, ["a", "b", "c"])[0] == 1.0
    assert share(raw, raw, full, ["a", "b", "c"])[0] == 0.0


def test_area_under_the_curve_and_calibration():
    hits = np.array([1.0, 0.0, 1.0, 0.0])
    assert area(np.array([0.9, 0.1, 0.4, 0.4]), hits) == pytest.approx((2 + 1.5) / 4)
    assert calibration_error(np.array([0.75, 0.75, 0.75, 0.25]), hits) == pytest.approx(
        (abs(2.25 - 2) + 0.25) / 4
    )


def test_the_fit_meets_the_shares_it_was_given():
    x = np.array([[0.0]] * 10 + [[1.0]] * 10)
    y = np.array([0.0] * 8 + [1.0] * 2 + [1.0] * 7 + [0.0] * 3)
    slope, bias = fit(x, y)
    assert 1 / (1 + math.exp(-bias)) == pytest.approx(0.2, abs=1e-2)
    assert 1 / (1 + math.exp(-bias - slope)) == pytest.approx(0.7, abs=1e-2)


def test_reciprocal_ranks_and_spread_scores():
    dense, words = {"a": 0.9, "b": 0.8, "в": 0.7}, {"b": 9.0, "в": 3.0}
    # b: 1/62 + 1/61, a: 1/61, в: 1/63 + 1/62
    assert reciprocal_ranks([dense, words]) == ["b", "в", "a"]
    # a: 1, b: .5 + 1, в: 0
    assert minmax([dense, words]) == ["b", "a", "в"]
    assert minmax([{}, {"文": 1.0}]) == ["文"]
