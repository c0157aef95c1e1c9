"""Kept runs: what was written is read back, whatever moment the writing stopped at."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from convrag.errors import RunError, UsageError
from convrag.evaluation.asking import ask_dialogue
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.report import make_report, report_to_json
from convrag.evaluation.store import KeptRun, RunStore
from tests.evaluation.conftest import Echo, asked_turns, made_up, run_info, without_times


def kept(folder: Path, turns: list[ScoredTurn], dialogues, name: str = "r") -> KeptRun:
    run = RunStore(folder).create(run_info(dialogues, name))
    for dialogue in dialogues:
        run.add(dialogue.id, [turn for turn in turns if turn.dialogue == dialogue.id])
    return run


@pytest.mark.parametrize("seed", range(2))
def test_a_thousand_turns_stopped_anywhere_and_gone_on_with_are_the_same(
    tmp_path: Path, thousand, seed: int
) -> None:
    dialogues, turns = thousand
    whole = kept(tmp_path / "whole", turns, dialogues)
    stopped = kept(tmp_path / "stopped", turns, dialogues)
    file = tmp_path / "stopped" / "r" / "turns.jsonl"
    written = file.read_bytes()
    cut = random.Random(seed).randrange(len(written))  # noqa: S311 - no secret
    file.write_bytes(written[:cut])

    again = RunStore(tmp_path / "stopped").open("last")
    done = again.clean()
    left = [dialogue for dialogue in dialogues if dialogue.id not in done]
    assert 0 < len(left) <= len(dialogues)
    random.Random(seed).shuffle(left)  # noqa: S311 - workers are done in any order
    for dialogue in left:
        again.add(dialogue.id, ask_dialogue(Echo(), dialogue, attributed=True))
    again.finish()

    assert len(again.turns()) == 1000
    assert without_times(again.turns()) == without_times(whole.turns()) == without_times(turns)
    first, other = (make_report(without_times(run.turns()), seed=seed) for run in (whole, again))
    assert report_to_json(first)["metrics"] == report_to_json(other)["metrics"]
    assert again.info.finished
    assert not stopped.info.finished


def test_a_dialogue_without_its_end_was_not_asked(tmp_path: Path) -> None:
    dialogues = made_up(2, 3)
    turns = asked_turns(dialogues)
    run = RunStore(tmp_path).create(run_info(dialogues))
    run.add("d000", turns[:2])  # of a branch that was not gone no turn is asked
    run.add("d001", turns[3:])
    file = tmp_path / "r" / "turns.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:-1]), encoding="utf-8")
    assert run.turns() == tuple(turns[:2])
    assert run.clean() == {"d000"}
    run.add("d001", turns[3:])
    assert run.turns() == tuple([*turns[:2], *turns[3:]])


def test_a_damaged_line_before_the_last_one_is_named(tmp_path: Path) -> None:
    dialogues = made_up(3, 1)
    run = kept(tmp_path, asked_turns(dialogues), dialogues)
    file = tmp_path / "r" / "turns.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2][:30]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"turns\.jsonl:3"):
        run.turns()


def test_runs_are_listed_newest_first_and_named_anew_when_taken(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    info = run_info(made_up(1, 1))
    first = store.create(info)
    second = store.create(replace(info, began="2026-01-02T00:00:00Z"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{", encoding="utf-8")
    assert (first.info.id, second.info.id) == ("r", "r-2")
    assert [run.id for run in store.list()] == ["r-2", "r"]
    assert store.open("last").info == second.info
    assert store.open("r").info == info


def test_a_run_is_removed_with_its_turns(tmp_path: Path) -> None:
    dialogues = made_up(1, 1)
    kept(tmp_path, asked_turns(dialogues), dialogues)
    kept(tmp_path, asked_turns(dialogues), dialogues, "other")
    RunStore(tmp_path).remove("r")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    for name in ("r", "last", "..", ""):
        with pytest.raises(UsageError):
            RunStore(tmp_path).remove(name)


@pytest.mark.parametrize("name", ["nothing", "../r", "", "/etc", "last"])
def test_what_is_no_run_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        RunStore(tmp_path / "runs").open(name)


def test_only_the_same_work_is_gone_on_with() -> None:
    info = run_info(made_up(2, 1))
    faster = replace(info, settings={"threads": "8"}, machine={"cores": "64"}, commit="other")
    assert info.same_work(faster)
    for other in (
        replace(info, data="1" * 64),
        replace(info, settings={"k": "3"}),
        replace(info, respondent="dense alone"),
        replace(info, models={"pack world": "ff"}),
    ):
        assert not info.same_work(other)


def test_another_encoder_in_the_middle_is_refused(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(run_info(made_up(1, 1)))
    run.check_encoder("e5@1")
    run.check_encoder("e5@1")
    run.check_encoder("")
    assert RunStore(tmp_path).open("r").info.models == {"encoder": "e5@1"}
    with pytest.raises(RunError, match="e5@2"):
        run.check_encoder("e5@2")
