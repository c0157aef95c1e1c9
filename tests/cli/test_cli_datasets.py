"""``convrag eval --dataset`` and ``--ablate``: what is asked, refused, kept and shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import FakePipeline
from tests.evaluation import dataset_files as files

ROWS = [
    {"question": "What is the capital of Austria?", "answers": ["Vienna"], "dialogue": "a"},
    {"question": "奥地利的首都是哪里？", "answers": ["维也纳"], "dialogue": "a", "language": "zh"},
    {"question": "Столица Австрии?", "answers": ["Вена"], "dialogue": "b", "language": "ru"},
    {"question": "عاصمة النمسا؟", "answerable": False, "dialogue": "c", "language": "ar"},
    {"question": "ऑस्ट्रिया की राजधानी?", "dialogue": "d", "language": "hi", "reply": "वियना"},
    {"question": "และเยอรมนีล่ะ", "dialogue": "d", "language": "th"},
]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return files.write(tmp_path / "own.jsonl", ROWS)


def asked(opened) -> list[str]:
    return [turn.text for pipeline in opened for _, turn in pipeline.asked]


def test_a_set_is_asked_of_the_index_that_is_named(run, opened, rows, tmp_path) -> None:
    results = tmp_path / "results.json"
    index = tmp_path / "index"
    index.mkdir()
    done = run(
        "eval", str(rows), "--dataset", "jsonl", "--index", str(index), "--json", str(results)
    )
    assert done.code == 0
    assert asked(opened) == [row["question"] for row in ROWS]
    assert [pipeline.index for pipeline in opened] == [index]
    report = json.loads(results.read_text(encoding="utf-8"))
    assert report["metrics"]["answer_contains"]["value"] == pytest.approx(1 / 3)
    assert report["metrics"]["abstention_recall"]["value"] == 0.0
    assert "answer_contains" in done.out


def test_the_sets_replies_stand_in_the_dialogue(run, opened, rows) -> None:
    run("eval", str(rows), "--dataset", "jsonl", "--pack", "world")
    before = [turn.text for turn in opened[0].asked[-1][0].turns]
    assert before == ["ऑस्ट्रिया की राजधानी?", "वियना"]
    run("eval", str(rows), "--dataset", "jsonl", "--pack", "world", "--own-replies")
    before = [turn.text for turn in opened[1].asked[-1][0].turns]
    assert before == ["ऑस्ट्रिया की राजधानी?", "The capital is Vienna [1][2]."]


def test_a_limit_draws_conversations_by_the_seed(run, opened, rows) -> None:
    for seed in ("1", "1", "2", "3", "4"):
        options = ["--dataset", "jsonl", "--pack", "world", "--limit", "2", "--seed", seed]
        assert run("eval", str(rows), *options).code == 0
    drawn = [[turn.text for _, turn in pipeline.asked] for pipeline in opened]
    assert drawn[0] == drawn[1]
    assert len({tuple(each) for each in drawn}) > 1
    assert all(len({d.id for d, _ in pipeline.asked}) == 2 for pipeline in opened)


def test_an_interrupted_set_is_gone_on_with(run, opened, tmp_path) -> None:
    stopped = [{**ROWS[2], "question": "interrupt"} if n == 2 else r for n, r in enumerate(ROWS)]
    path = files.write(tmp_path / "own.jsonl", stopped)
    options = ["--dataset", "jsonl", "--pack", "world"]
    done = run("eval", str(path), *options)
    assert done.code == 130
    assert "--resume" in done.err
    again = run("eval", str(path), *options, "--resume", "last")
    assert again.code == 130
    assert asked(opened) == [ROWS[0]["question"], ROWS[1]["question"], "interrupt", "interrupt"]


def test_parts_are_left_out_one_by_one(run, opened, rows, tmp_path, monkeypatch) -> None:
    stages = type(sys)("convrag.pipeline.stages")
    stages.PARTS = ("graph", "rewrite", "dense", "lexical")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "convrag.pipeline.stages", stages)
    results = tmp_path / "results.json"
    options = ["--dataset", "jsonl", "--pack", "world", "--ablate", "graph,lexical"]
    done = run("eval", str(rows), *options, "--json", str(results))
    assert done.code == 0
    assert [pipeline.without for pipeline in opened] == [(), ("graph",), ("lexical",)]
    report = json.loads(results.read_text(encoding="utf-8"))
    assert list(report["ablations"]) == ["graph", "lexical"]
    assert report["ablations"]["graph"]["answer_contains"]["p"] == 1.0
    assert "Without a part" in done.out
    assert run("eval", str(rows), *options[:-1], "graf").code == 2


def test_what_is_interrupted_without_a_part_is_gone_on_with(run, opened, rows, monkeypatch) -> None:
    stages = type(sys)("convrag.pipeline.stages")
    stages.PARTS = ("graph", "dense")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "convrag.pipeline.stages", stages)
    options = ["--dataset", "jsonl", "--pack", "world", "--ablate", "graph,dense"]
    respond = FakePipeline.respond

    def interrupted(self, dialogue, turn, **more):
        if self.without == ("dense",) and turn.text == ROWS[2]["question"]:
            raise KeyboardInterrupt
        return respond(self, dialogue, turn, **more)

    with monkeypatch.context() as patched:
        patched.setattr(FakePipeline, "respond", interrupted)
        done = run("eval", str(rows), *options)
    assert done.code == 130
    whole = done.err.split("kept as ")[1].split()[0].rstrip(",")
    assert f"go on with: --resume {whole}" in done.err
    before = len(asked(opened))
    again = run("eval", str(rows), *options, "--resume", whole)
    assert again.code == 0
    assert asked(opened)[before:] == [row["question"] for row in ROWS[2:]]
    assert again.out.count("nothing changes") == 2


def test_a_malformed_set_is_named_before_anything_is_asked(run, opened, tmp_path) -> None:
    path = files.write(tmp_path / "own.jsonl", [*ROWS, {"answers": ["x"]}])
    for more in (["--pack", "world"], ["--validate"]):
        done = run("eval", str(path), "--dataset", "jsonl", *more)
        assert done.code == 3
        assert "own.jsonl:7: question is missing" in done.err
    assert opened == []


def test_a_set_can_be_checked_alone(run, opened, tmp_path) -> None:
    path = files.write(tmp_path / "dev.json.gz", files.SQUAD)
    done = run("eval", str(path), "--dataset", "squad", "--validate")
    assert (done.code, opened) == (0, [])
    assert done.out.strip() == "1 documents, 0 facts, 2 conversations and 2 turns are valid"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--dataset", "squat", "x.json"], "unknown data set 'squat'"),
        (["--dataset", "squad"], "one path is due"),
        (["--dataset", "squad", "gone.json"], "no such file"),
        (["--limit", "3"], "--limit is for data sets"),
        (["--language", "fi"], "--language is for data sets"),
        (["--ablate", "graph", "--endpoint", "http://x/v1"], "takes parts from the pipeline"),
    ],
)
def test_a_wrong_request_is_refused(run, opened, arguments, problem, monkeypatch) -> None:
    stages = type(sys)("convrag.pipeline.stages")
    stages.PARTS = ("graph",)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "convrag.pipeline.stages", stages)
    done = run("eval", *arguments)
    assert done.code == 2
    assert problem in done.err
    assert opened == []


def test_bounds_name_the_sets_own_metrics(run, opened, rows) -> None:
    options = ["--dataset", "jsonl", "--pack", "world"]
    assert run("eval", str(rows), *options, "--fail-under", "answer_contains=0.3").code == 0
    assert run("eval", str(rows), *options, "--fail-under", "answer_contains=0.4").code == 1
    assert run("eval", str(rows), *options, "--fail-under", "rewrite_recovery_x=0.4").code == 2
