from __future__ import annotations

import json
from pathlib import Path

import pytest

RIGHT = """\
id: {id}
pack: {pack}
language: en
title: t
turns:
  - user: "What is the capital of Austria?"
    expect:
      answer: {{contains_any: ["Vienna"]}}
      evidence: ["w:a w:capital w:v", {{source: b.md}}]
  - user: "奥地利的首都是哪里？"
    expect: {{answer: {{contains_any: ["Graz"]}}}}
  - user: boom
    expect: {{abstain: true}}
"""


@pytest.fixture
def dialogues(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for name, pack in (("a", "world"), ("b", "helpdesk")):
        text = RIGHT.format(id=name, pack=pack)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_each_dialogue_is_asked_of_its_own_pack(run, opened, dialogues, tmp_path) -> None:
    results = tmp_path / "results.json"
    done = run("eval", str(dialogues), "--json", str(results))
    assert done.code == 0
    assert [pipeline.pack for pipeline in opened] == ["world", "helpdesk"]
    assert all(pipeline.closed for pipeline in opened)
    data = json.loads(results.read_text(encoding="utf-8"))
    assert data["dialogues"] == 2
    assert data["metrics"]["answer_accuracy"]["value"] == 0.5
    assert data["metrics"]["evidence_recall@5"]["value"] == 1.0
    assert data["metrics"]["abstention_recall"]["value"] == 0.0
    said = [turn["trace"]["status"] for turn in data["turns"]]
    assert said == ["complete", "complete", "failed"] * 2
    assert "answer_accuracy" in done.out
    assert "Graz" in done.out
    assert "the model broke badly" in " ".join(done.out.split())


def test_one_pack_or_index_may_be_asked_for_all(run, opened, dialogues, tmp_path) -> None:
    run("eval", str(dialogues), "--pack", "world")
    run("eval", str(dialogues / "a.yaml"), "--index", str(tmp_path))
    assert [(p.pack, p.index) for p in opened] == [("world", None), (None, tmp_path)]


def test_without_paths_all_bundled_dialogues_run(run, opened, packs) -> None:
    text = RIGHT.format(id="c", pack="world")
    (packs / "dialogues" / "c.yaml").write_text(text, encoding="utf-8")
    assert run("eval").code == 0
    assert len(opened[0].asked) == 3


@pytest.mark.parametrize(
    ("option", "bound", "code"),
    [
        ("--fail-under", "answer_accuracy=0.5", 0),
        ("--fail-under", "answer_accuracy=0.51", 1),
        ("--fail-under", "evidence_recall@5=1", 0),
        ("--fail-under", "rewrite_recovery=0.1", 1),
        ("--fail-under", "citation_recall=0", 0),
        ("--fail-over", "wrongly_abstained=0.1", 0),
        ("--fail-over", "whole_p95=60", 0),
        ("--fail-over", "rewrite_median=0.05", 1),
    ],
)
def test_a_missed_bound_fails(run, opened, dialogues, option: str, bound: str, code: int) -> None:
    done = run("eval", str(dialogues), option, bound)
    assert done.code == code
    assert ("missed: " + bound.split("=")[0] in done.err) is bool(code)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--fail-under", "accuracy=1"), 2, "answer_accuracy"),
        (("--fail-under", "answer_accuracy=high"), 2, "no number"),
        (("nowhere",), 2, "nowhere"),
        (("--pack", "mars"), 2, "known packs: helpdesk, world"),
    ],
)
def test_a_bad_request_is_refused_at_once(
    run, opened, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run("eval", *arguments)
    assert done.code == code
    assert said in done.err
    assert opened == []


def test_a_broken_dialogue_names_file_and_line(run, opened, dialogues) -> None:
    path = dialogues / "c.yaml"
    path.write_text("id: c\npack: world\nlanguage: eng\n", encoding="utf-8")
    done = run("eval", str(dialogues))
    assert done.code == 3
    assert f"{path}:" in done.err
    assert opened == []


def test_a_dialogue_about_an_unknown_pack_is_refused(run, opened, dialogues) -> None:
    (dialogues / "c.yaml").write_text(RIGHT.format(id="c", pack="mars"), encoding="utf-8")
    assert run("eval", str(dialogues)).code == 2
    assert opened == []


def test_a_result_file_that_cannot_be_written_is_an_error(run, opened, dialogues) -> None:
    done = run("eval", str(dialogues), "--json", str(dialogues / "no" / "x.json"))
    assert done.code == 2
    assert "cannot be written" in done.err
