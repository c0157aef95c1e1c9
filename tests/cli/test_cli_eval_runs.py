"""Kept runs on the command line: gone on with after Ctrl-C, listed, shown again, compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FIRST = """\
id: {id}
pack: world
language: en
title: t
turns:
  - user: "What is the capital of Austria?"
    expect: {{answer: {{contains_any: ["Vienna"]}}}}
  - user: "{question}"
    expect: {{answer: {{contains_any: ["Graz"]}}}}
"""
ASKED = ("奥地利的首都是哪里？", "ما هي العاصمة؟", "राजधानी?", "首都は？", "Столица?", "เมืองหลวง?")


@pytest.fixture
def dialogues(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for number, question in enumerate(ASKED):
        text = FIRST.format(id=f"d{number}", question=question)
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    return folder


def results(file: Path) -> dict[str, object]:
    """Return the results without what differs from run to run."""
    data = json.loads(file.read_text(encoding="utf-8"))
    del data["run"], data["latency_seconds"]
    for turn in data["turns"]:
        del turn["trace"]["seconds"]
    return data


def test_an_interrupted_run_is_gone_on_with(run, opened, dialogues, tmp_path, monkeypatch) -> None:
    whole = run("eval", str(dialogues), "--json", str(tmp_path / "whole.json"))
    assert whole.code == 0

    from tests.cli import conftest

    real, asked = conftest.FakePipeline.respond, 0

    def stopping(self, dialogue, turn, **more):
        nonlocal asked
        asked += 1
        if asked == 6:
            raise KeyboardInterrupt
        return real(self, dialogue, turn, **more)

    monkeypatch.setattr(type(opened[0]), "respond", stopping)
    stopped = run("eval", str(dialogues))
    assert stopped.code == 130
    name = stopped.err.split("--resume ")[1].split()[0]
    assert f"kept as {name}" in stopped.err
    assert "interrupted" in run("eval", "runs").out

    before = asked
    again = run("eval", str(dialogues), "--resume", "last", "--json", str(tmp_path / "again.json"))
    assert again.code == 0
    assert asked - before == 12 - 4  # two dialogues of two turns had been asked to the end
    assert results(tmp_path / "again.json") == results(tmp_path / "whole.json")
    assert "interrupted" not in run("eval", "runs").out


def test_other_sources_are_told_when_a_run_is_gone_on_with(
    run, opened, dialogues, monkeypatch
) -> None:
    for commit, told in (("abc", False), ("abc", False), ("def", True)):
        monkeypatch.setattr("convrag.evaluation.provenance.commit", lambda commit=commit: commit)
        resume = ("--resume", "last") if told or opened else ()
        done = run("eval", str(dialogues), *resume)
        assert done.code == 0
        assert ("begun with the sources of abc, now def" in done.err) is told


def test_other_work_is_not_put_into_a_run(run, opened, dialogues) -> None:
    run("eval", str(dialogues))
    other = run("eval", str(dialogues / "0.yaml"), "--resume", "last")
    assert other.code == 4
    assert "other dialogues, models or settings" in other.err
    assert run("eval", str(dialogues), "--resume", "last", "--k", "3").code == 4
    assert run("eval", str(dialogues), "--resume", "nothing").code == 2


def test_a_kept_run_is_shown_again_in_every_form(run, opened, dialogues, home, tmp_path) -> None:
    run("eval", str(dialogues), "--json", str(tmp_path / "first.json"))
    files = {kind: tmp_path / f"again.{kind}" for kind in ("json", "html", "markdown")}
    shown = run("eval", "show", *(str(x) for kind, f in files.items() for x in (f"--{kind}", f)))
    assert shown.code == 0
    assert "answer_accuracy" in shown.out
    assert results(files["json"]) == results(tmp_path / "first.json")
    for file in files.values():
        text = file.read_text(encoding="utf-8")
        assert all(question in text for question in ASKED)
        assert str(tmp_path) not in text
        assert str(home) not in text
    kept = next((home / "runs").iterdir())
    assert str(tmp_path) not in (kept / "run.json").read_text(encoding="utf-8")


def test_two_runs_are_compared(run, opened, dialogues, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("convrag.evaluation.provenance.commit", lambda: "abc")
    run("eval", str(dialogues))
    run("eval", str(dialogues), "--k", "3")
    lines = run("eval", "runs").out.splitlines()
    newest, oldest = (line.split("\t")[0] for line in lines[1:3])
    done = run("eval", "compare", oldest, newest, "--json", str(tmp_path / "c.json"))
    assert done.code == 0
    assert "Worse: 0 turns" in done.out
    data = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert data["settings"] == {"k": ["8", "3"]}
    assert data["metrics"]["answer_accuracy"]["verdict"] == "same"
    assert run("eval", "compare", newest, "nothing").code == 2
    assert run("eval", "delete", oldest).code == 0
    assert [line.split("\t")[0] for line in run("eval", "runs").out.splitlines()[1:]] == [newest]


def test_files_are_only_checked_when_asked(run, opened, dialogues) -> None:
    good = run("eval", "--validate", str(dialogues))
    assert (good.code, good.out) == (0, "6 dialogues are valid\n")
    for name in ("x", "y"):
        (dialogues / f"{name}.yaml").write_text("id: x\n", encoding="utf-8")
    bad = run("eval", str(dialogues), "--validate")
    assert bad.code == 3
    assert "x.yaml:1" in bad.err
    assert "y.yaml:1" in bad.err
    assert opened == []


def test_the_schema_is_printed(run) -> None:
    assert json.loads(run("eval", "schema").out)["title"] == "A scripted dialogue"
    assert "question" in json.loads(run("eval", "schema", "jsonl").out)["properties"]
    assert run("eval", "schema", "yaml").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--workers", "many"), "neither a number nor 'ray'"),
        (("--workers", "0"), "neither a number nor 'ray'"),
        (("--retriever", "magic"), "known: dense, lexical, graph, hybrid"),
        (("--retriever", "dense", "--endpoint", "http://x"), "choose one of them"),
        (("--endpoint", "ftp://x"), "no HTTP address"),
    ],
)
def test_what_cannot_be_asked_is_refused(run, opened, dialogues, arguments, said) -> None:
    done = run("eval", str(dialogues), *arguments)
    assert done.code == 2
    assert said in done.err
    assert opened == []
