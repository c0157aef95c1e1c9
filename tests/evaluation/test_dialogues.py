from __future__ import annotations

from pathlib import Path

import pytest

from convrag.errors import DialogueError, UsageError
from convrag.evaluation.dialogues import (
    Number,
    PassageNeed,
    TripleNeed,
    Words,
    load_dialogue,
    load_dialogues,
)

WHOLE = """\
id: world-en-01
pack: world
language: en
title: Around the Danube
turns:
  - user: "What is the capital of Austria?"
    expect:
      answer: {contains_any: ["Vienna"], contains_none: ["Graz"]}
      entities: ["w:austria"]
      evidence:
        - "w:austria ws:capital w:vienna"
        - {source: "passages/danube.en.md", contains: "short quote"}
        - ['w:danube ws:length "2850 km"', {source: danube.de.md}]
  - user: "How long is it?"
    shift: true
    expect:
      answer: {number: {value: 2850, tolerance: 0.01}}
      language: de
      rewrite: {contains_all: ["Austria"]}
  - user: "Who won the race?"
    expect: {abstain: true}
  - user: "Thanks!"
"""


def write(folder: Path, text: str, name: str = "one.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_field_is_read(tmp_path: Path) -> None:
    dialogue = load_dialogue(write(tmp_path, WHOLE))[0]
    first, second, third, fourth = dialogue.turns
    assert (dialogue.id, dialogue.pack, dialogue.language) == ("world-en-01", "world", "en")
    assert first.expect.answer == Words(contains_any=("Vienna",), contains_none=("Graz",))
    assert first.expect.evidence == (
        (TripleNeed("w:austria", "ws:capital", "w:vienna"),),
        (PassageNeed("passages/danube.en.md", "short quote"),),
        (TripleNeed("w:danube", "ws:length", '"2850 km"'), PassageNeed("danube.de.md")),
    )
    assert first.expect.language == "en"
    assert second.expect.language == "de"
    assert second.shift
    assert second.expect.number == Number(2850, 0.01)
    assert third.expect.abstain
    assert not third.expect.wants_answer
    assert not fourth.expect.wants_answer
    assert second.expect.wants_answer


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("zh", "奥地利的首都是哪里？", "维也纳"),
        ("ar", "ما هي عاصمة النمسا؟", "فيينا"),
        ("hi", "ऑस्ट्रिया की राजधानी क्या है?", "वियना"),
        ("ru", "Какая столица Австрии?", "Вена"),
        ("ja", "オーストリアの首都はどこですか？", "ウィーン"),
        ("ko", "오스트리아의 수도는 어디입니까?", "빈"),
        ("th", "เมืองหลวงของออสเตรียคืออะไร", "เวียนนา"),
    ],
)
def test_every_script_is_kept(tmp_path: Path, language: str, question: str, answer: str) -> None:
    text = (
        f"id: a\npack: world\nlanguage: {language}\ntitle: {answer}\nturns:\n"
        f'  - user: "{question}"\n    expect: {{answer: {{contains_any: ["{answer}"]}}}}\n'
    )
    turn = load_dialogue(write(tmp_path, text))[0].turns[0]
    assert turn.user == question
    assert turn.expect.answer == Words(contains_any=(answer,))


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("language: en", "language: English", 3, "language"),
        ("language: en", "language: no", 3, "False"),
        ("title: Around the Danube\n", "", 1, "'title' is a required property"),
        ("    shift: true", "    shfit: true", 14, "shfit"),
        ("value: 2850", 'value: "2850"', 17, "2850"),
        ("{abstain: true}", "{abstain: true, answer: {contains_any: [a]}}", 21, "abstained turn"),
        ('"w:austria ws:capital w:vienna"', '"w:austria"', 11, "not valid"),
        ("pack: world", "pack: world\npack: world", 3, "given twice"),
        ('user: "How long is it?"', "user: ]", 14, "expected"),
        ("id: world-en-01", "id: ../../x", 1, "does not match"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in WHOLE
    path = write(tmp_path, WHOLE.replace(old, new, 1))
    with pytest.raises(DialogueError) as caught:
        load_dialogue(path)
    assert f"{path}:{line}:" in caught.value.message
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00bad", b"- a\n- b\n", b"\x00\x01", b"!!x y", b"turns: &a [*a]"]
)
def test_what_is_no_dialogue_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(DialogueError, match="x.yaml"):
        load_dialogue(path)


def test_yaml_never_makes_objects(tmp_path: Path) -> None:
    path = write(tmp_path, "!!python/object/apply:os.getcwd []\n")
    with pytest.raises(DialogueError):
        load_dialogue(path)


def test_folders_are_searched_and_sorted_by_id(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    write(tmp_path / "world", WHOLE.replace("world-en-01", "b"), "1.yaml")
    first = write(tmp_path, WHOLE.replace("world-en-01", "a"), "2.yml")
    write(tmp_path, "not: a dialogue", "README.md")
    assert [d.id for d in load_dialogues([tmp_path, first])] == ["a", "b"]


def test_two_dialogues_with_one_id_are_refused(tmp_path: Path) -> None:
    write(tmp_path, WHOLE, "1.yaml")
    write(tmp_path, WHOLE, "2.yaml")
    with pytest.raises(DialogueError, match="world-en-01"):
        load_dialogues([tmp_path])


def test_missing_path_and_empty_folder_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        load_dialogues([tmp_path / "nowhere"])
    with pytest.raises(UsageError, match="no dialogues"):
        load_dialogues([tmp_path])
