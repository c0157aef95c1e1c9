"""Two runs: what is better and worse turn by turn, and what chance explains."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from convrag.evaluation.compare import Comparison, compare_runs, comparison_to_json, render
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.store import KeptRun, RunStore
from tests.evaluation.conftest import asked_turns, made_up, run_info

DIALOGUES = made_up(40, 2)


def run(folder: Path, name: str, change: Callable[[ScoredTurn], ScoredTurn] | None) -> KeptRun:
    made = RunStore(folder).create(run_info(DIALOGUES, name))
    for dialogue in DIALOGUES:
        turns = [turn for turn in asked_turns((dialogue,))]
        made.add(dialogue.id, [change(turn) if change else turn for turn in turns])
    return made


def with_answer(turn: ScoredTurn, right: float) -> ScoredTurn:
    return replace(turn, metrics={**turn.metrics, "answer_accuracy": right})


def compared(folder: Path, one, other) -> Comparison:
    return compare_runs(run(folder, "a", one), run(folder, "b", other), seed=1)


def verdicts(found: Comparison) -> dict[str, str]:
    return {change.metric: change.verdict for change in found.changes}


def test_a_run_is_the_same_as_itself(tmp_path: Path) -> None:
    found = compared(tmp_path, None, None)
    assert set(verdicts(found).values()) == {"same"}
    assert (found.better, found.worse, found.common) == ((), (), 80)
    assert all(change.p == 1 for change in found.changes)


def test_a_real_gain_is_significant_and_its_turns_are_listed(tmp_path: Path) -> None:
    found = compared(tmp_path, lambda t: with_answer(t, 0.0), lambda t: with_answer(t, 1.0))
    assert verdicts(found)["answer_accuracy"] == "better"
    assert len(found.better) == 80
    assert found.better[0].gained == ("answer_accuracy",)
    back = compare_runs(RunStore(tmp_path).open("b"), RunStore(tmp_path).open("a"), seed=1)
    assert verdicts(back)["answer_accuracy"] == "worse"
    assert len(back.worse) == 80


def test_one_turn_more_is_not_significant(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        lambda t: with_answer(t, 0.0),
        lambda t: with_answer(t, float(t.id == "d003-1")),
    )
    assert verdicts(found)["answer_accuracy"] == "same"
    assert [pair.first.id for pair in found.better] == ["d003-1"]


@pytest.mark.parametrize(
    ("metric", "verdict"),
    [
        ("citation_recall", "better"),
        ("wrongly_abstained", "worse"),
        ("repetition", "worse"),
        ("answer_tokens", "changed"),
        ("evidence_tokens", "changed"),
    ],
)
def test_more_is_not_always_better(tmp_path: Path, metric: str, verdict: str) -> None:
    def having(value: float) -> Callable[[ScoredTurn], ScoredTurn]:
        return lambda t: replace(t, metrics={metric: value})

    assert verdicts(compared(tmp_path, having(0.0), having(1.0))) == {metric: verdict}


def test_p_values_are_corrected_for_their_number(tmp_path: Path) -> None:
    def metrics(turn: ScoredTurn, gain: bool) -> ScoredTurn:
        right = float(gain and turn.number == 1 and int(turn.dialogue[1:]) < 6)
        return replace(turn, metrics={name: right for name in ("m1", "m2", "m3")})

    found = compared(tmp_path, lambda t: metrics(t, False), lambda t: metrics(t, True))
    raw = found.changes[0].difference.p
    assert raw == pytest.approx(2 / 2**6)  # the runs swapped in all or none of six dialogues
    assert [change.p for change in found.changes] == pytest.approx([3 * raw] * 3)
    assert set(verdicts(found).values()) == {"same"}


def test_what_the_runs_were_made_with_is_told_apart(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    one = store.create(replace(run_info(DIALOGUES, "a"), settings={"k": "8"}))
    other = store.create(replace(run_info(DIALOGUES, "b"), settings={"k": "4"}, commit="abc"))
    assert compare_runs(one, other).settings == {"k": ("8", "4")}


def test_the_comparison_is_plain_json_and_a_table(tmp_path: Path) -> None:
    found = compared(tmp_path, lambda t: with_answer(t, 0.0), None)
    data = json.loads(json.dumps(comparison_to_json(found), allow_nan=False))
    assert data["metrics"]["answer_accuracy"]["verdict"] == "better"
    assert data["turns"] == {"common": 80, "only_first": 0, "only_second": 0}
    console = Console(width=160, record=True, file=(tmp_path / "out").open("w", encoding="utf-8"))
    with console.file:
        console.print(render(found))
    shown = console.export_text()
    assert "answer_accuracy" in shown
    assert f"Better: {len(found.better)} turns" in shown
