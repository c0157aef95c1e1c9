"""Ranking measures against values worked by hand."""

from __future__ import annotations

import math

import pytest

from convrag.evaluation.metrics.ranking import (
    average_precision,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
)

GRADES = {"a": 1.0, "b": 2.0, "c": 0.0, "d": 1.0}
RANKING = ("x", "b", "c", "a", "y")


def test_recall_counts_relevant_ones_among_the_first() -> None:
    assert [recall(RANKING, GRADES, k) for k in (1, 2, 4, 9)] == [0.0, 1 / 3, 2 / 3, 2 / 3]


def test_precision_counts_places_that_are_empty() -> None:
    assert [precision(RANKING, GRADES, k) for k in (1, 2, 10)] == [0.0, 0.5, 0.2]


def test_the_first_relevant_one_gives_the_reciprocal_rank() -> None:
    assert reciprocal_rank(RANKING, GRADES) == 0.5
    assert reciprocal_rank(RANKING, GRADES, 1) == 0.0
    assert reciprocal_rank((), GRADES) == 0.0


def test_average_precision_divides_by_all_relevant_ones() -> None:
    """Precision 1/2 at rank 2 and 2/4 at rank 4; the third is not found."""
    assert average_precision(RANKING, GRADES) == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert average_precision(RANKING, GRADES, 2) == pytest.approx(1 / 2 / 3)


def test_the_gain_is_the_grade_and_the_second_rank_is_discounted() -> None:
    gain = 2 / math.log2(3) + 1 / math.log2(5)
    best = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(RANKING, GRADES) == pytest.approx(gain / best)
    assert ndcg(RANKING, GRADES, 2) == pytest.approx(2 / math.log2(3) / (2 + 1 / math.log2(3)))
    assert ndcg(("b", "a", "d"), GRADES) == pytest.approx(1.0)


def test_an_id_that_comes_twice_counts_once() -> None:
    assert recall(("b", "b", "a"), GRADES, 2) == 2 / 3
    assert average_precision(("b", "b"), GRADES) == 1 / 3


@pytest.mark.parametrize("metric", [average_precision, ndcg, reciprocal_rank])
def test_nothing_relevant_gives_zero(metric) -> None:
    assert metric(RANKING, {"q": 0.0}) == 0.0
    assert recall(RANKING, {}, 5) == 0.0
