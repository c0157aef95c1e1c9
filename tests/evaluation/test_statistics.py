"""Intervals and tests against values worked by hand, and their behaviour on known cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from convrag.evaluation.records import ScoredTurn, Trace
from convrag.evaluation.statistics.groups import compared, grouped, metric_names, pooled
from convrag.evaluation.statistics.resampling import Part, difference, estimate


def _turn(dialogue: str, number: int, language: str = "en", **metrics: float) -> ScoredTurn:
    return ScoredTurn(
        f"{dialogue}-{number}", dialogue, number, language, "fact", metrics, Trace("?")
    )


def test_the_estimate_is_the_ratio_of_sums() -> None:
    parts = [("a", 1.0, 1.0), ("a", 0.0, 1.0), ("b", 1.0, 2.0), ("b", 9.0, 0.0)]
    found = estimate(parts, seed=0)
    assert (found.value, found.count) == (0.5, 3)


def test_one_dialogue_tells_nothing_about_others() -> None:
    found = estimate([("a", 1.0, 1.0), ("a", 0.0, 1.0)], seed=0)
    assert found.value == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_dialogues_that_all_say_the_same_have_their_exact_interval() -> None:
    """Of ten dialogues without an exception the lower bound is the tenth root of .025: .6915."""
    right = estimate([(str(i), 1.0, 1.0) for i in range(10)], seed=0)
    assert (right.value, right.low, right.high) == (1.0, pytest.approx(0.69150, abs=1e-5), 1.0)
    wrong = estimate([(str(i // 2), 0.0, 1.0) for i in range(20)], seed=0)
    assert (wrong.value, wrong.low, wrong.high) == (0.0, 0.0, pytest.approx(0.30850, abs=1e-5))


def test_two_dialogues_have_the_interval_of_their_draws() -> None:
    """Draws are aa, ab, ba and bb: a quarter is 0, a half .5, a quarter 1."""
    found = estimate([("a", 0.0, 1.0), ("b", 1.0, 1.0)], seed=3)
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)


def test_the_interval_covers_the_true_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for trial in range(200):
        values = rng.random(40) < 0.3
        found = estimate([(str(i), float(v), 1.0) for i, v in enumerate(values)], seed=trial)
        covered += found.low <= 0.3 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_turns_of_a_dialogue_are_drawn_together() -> None:
    """Ten equal turns of a dialogue say no more than one: the interval is wider than by turns."""
    together = [(str(i // 10), float(i // 10 % 2), 1.0) for i in range(100)]
    apart = [(str(i), top, under) for i, (_, top, under) in enumerate(together)]
    wide, narrow = estimate(together, seed=1), estimate(apart, seed=1)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_nothing_asked_gives_no_value() -> None:
    found = estimate([("a", 0.0, 0.0)], seed=0)
    assert math.isnan(found.value)
    assert found.count == 0


def _run(values: list[float]) -> dict[str, Part]:
    return {str(i): (str(i), value, 1.0) for i, value in enumerate(values)}


def test_the_difference_of_equal_runs_is_none() -> None:
    run = _run([0.0, 1.0, 0.5])
    found = difference(run, run, seed=0)
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_all_sign_patterns_are_tried_for_few_dialogues() -> None:
    """Five gains of 1: of 32 patterns only all and none get as far as 1."""
    found = difference(_run([0.0] * 5), _run([1.0] * 5), seed=0)
    assert found.value == 1.0
    assert found.p == 2 / 32


def test_a_single_gain_proves_nothing() -> None:
    found = difference(_run([0.0] * 20), _run([1.0, *[0.0] * 19]), seed=0)
    assert found.p == 1.0
    assert found.low == 0.0 < found.value == 0.05


def test_many_gains_are_tested_by_random_patterns() -> None:
    found = difference(_run([0.0] * 40), _run([1.0] * 30 + [0.0] * 10), seed=0, swaps=999)
    assert found.p == 1 / 1000
    assert found.low > 0.5


def test_chance_gains_are_significant_as_often_as_they_should_be() -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for trial in range(200):
        first, second = rng.random((2, 30))
        found = difference(_run(list(first)), _run(list(second)), seed=trial, samples=50, swaps=199)
        hits += found.p <= 0.05
    assert 2 <= hits <= 20


def test_only_turns_that_both_runs_have_are_compared() -> None:
    first = [_turn("a", 1, f1=0.0), _turn("b", 1, f1=1.0), _turn("c", 1, em=1.0)]
    second = [_turn("a", 1, f1=0.5), _turn("c", 1, em=1.0, mrr=1.0)]
    found = compared(first, second, seed=0)
    assert list(found) == ["f1", "em"]
    assert (found["f1"].value, found["f1"].count) == (0.5, 1)


def test_groups_are_in_order_and_late_turns_together() -> None:
    turns = [_turn("a", number, f1=number % 2) for number in (12, 2, 1, 10, 9)]
    found = grouped(turns, "turn", seed=0)
    assert [(group.name, group.turns) for group in found] == [
        ("1", 1), ("2", 1), ("9", 1), ("10+", 2),
    ]  # fmt: skip
    assert found[2].metrics["f1"].value == 1.0


@pytest.mark.parametrize("by", ["language", "kind"])
def test_groups_by_what_turns_say_of_themselves(by: str) -> None:
    turns = [_turn("a", 1, "zh", f1=1.0), _turn("b", 1, "ar", em=0.0), _turn("c", 1, "zh", em=1.0)]
    names = {"language": ["ar", "zh"], "kind": ["fact"]}[by]
    assert [group.name for group in grouped(turns, by, seed=0)] == names
    assert metric_names(turns) == ("f1", "em")


def test_weights_make_the_micro_average() -> None:
    trace = Trace("?")
    turns = [
        ScoredTurn("1", "a", 1, "en", "", {"p": 1.0}, trace, {"p": 1.0}),
        ScoredTurn("2", "b", 1, "en", "", {"p": 0.5}, trace, {"p": 4.0}),
        ScoredTurn("3", "c", 1, "en", "", {}, trace, {}),
    ]
    found = pooled(turns, seed=0)["p"]
    assert (found.value, found.count) == (3 / 5, 2)
