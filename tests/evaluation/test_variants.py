"""Dialogues with values, personas and branches: what is asked, and what a file does wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from convrag.errors import DialogueError, ModelError
from convrag.evaluation.dialogue_files import schema
from convrag.evaluation.dialogues import Number, check_dialogues, load_dialogue, load_dialogues
from convrag.evaluation.runner import run_dialogue
from convrag.events import Event, Failed, Finished
from convrag.types import Answer, Dialogue, Evidence, Mode, Query, Role, Status, Turn

RIVERS = """\
id: length
pack: world
language: {language}
title: How long is ${{river}}
variables: {{tolerance: 0.01}}
cases:
  - {{river: {one}, length: 2850}}
  - {{river: {two}, length: 1233.5}}
personas: [plain, hurried]
turns:
  - user: {{plain: "{plain}", hurried: "${{river}}?"}}
    expect:
      answer: {{number: {{value: "${{length}}", tolerance: "${{tolerance}}"}}}}
      standalone: "{plain}"
"""
WORDED = {
    "en": ("the Danube", "the Rhine", "How long is ${river}?"),
    "ar": ("الدانوب", "الراين", "كم طول ${river}؟"),
    "hi": ("डेन्यूब", "राइन", "${river} कितनी लंबी है?"),
    "ja": ("ドナウ川", "ライン川", "${river}の長さは？"),
    "ru": ("Дунай", "Рейн", "Какова длина реки ${river}?"),
    "th": ("แม่น้ำดานูบ", "แม่น้ำไรน์", "${river}ยาวเท่าไร"),
    "zh": ("多瑙河", "莱茵河", "${river}有多长？"),
}
FORK = """\
id: fork
pack: world
language: en
title: t
turns:
  - user: first
  - branches:
      - if: {status: abstained}
        turns:
          - user: was abstained
      - if: {contains_any: [red, blue]}
        turns:
          - user: was a colour
          - branches:
              - if: {contains_any: [blue]}
                turns: [{user: still blue}]
              - turns: [{user: no longer blue}]
      - turns:
          - user: was something else
  - user: last
"""


def write(folder: Path, text: str, name: str = "d.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class Says:
    """Answers in turn what it is told to; ``-`` abstains, ``!`` fails."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        self.asked.append(turn.text)
        text = self.answers.pop(0) if self.answers else "?"
        if text == "!":
            yield Failed(ModelError("broken"))
            return
        status = Status.ABSTAINED if text == "-" else Status.COMPLETE
        query = Query(turn.text, turn.text, "en")
        answer = Answer(text, "en", (), (), query, status, Mode.EXTRACT, {})
        reply = Turn(turn.id + "-reply", Role.ASSISTANT, text)
        yield Finished(answer, Dialogue(dialogue.id, (*dialogue.turns, turn, reply)))

    def expand_curie(self, text: str) -> str:
        return text

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        return evidence.id

    def close(self) -> None:
        pass


@pytest.mark.parametrize("language", WORDED)
def test_every_case_is_asked_by_every_persona(tmp_path: Path, language: str) -> None:
    one, two, plain = WORDED[language]
    text = RIVERS.format(language=language, one=one, two=two, plain=plain)
    found = load_dialogues([write(tmp_path, text)])
    assert [dialogue.id for dialogue in found] == [
        "length-1-hurried", "length-1-plain", "length-2-hurried", "length-2-plain",
    ]  # fmt: skip
    assert [dialogue.persona for dialogue in found] == ["hurried", "plain"] * 2
    asked = [dialogue.turns[0].user for dialogue in found]
    assert asked[0] == f"{one}?"
    assert asked[3] == plain.replace("${river}", two)
    assert [d.turns[0].expect.number for d in found[1::2]] == [
        Number(2850, 0.01),
        Number(1233.5, 0.01),
    ]
    assert found[3].turns[0].expect.standalone == asked[3]
    assert found[3].title == f"How long is {two}"


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        (["-"], ["was abstained", "last"]),
        (["it is blue", "blue"], ["was a colour", "still blue", "last"]),
        (["it is red", "red"], ["was a colour", "no longer blue", "last"]),
        (["green"], ["was something else", "last"]),
        (["!"], ["was something else", "last"]),
    ],
)
def test_the_last_answer_decides_which_branch_is_taken(
    tmp_path: Path, answers: list[str], asked: list[str]
) -> None:
    (dialogue,) = load_dialogue(write(tmp_path, FORK))
    says = Says(*answers)
    runs = run_dialogue(says, dialogue)
    assert says.asked == ["first", *asked]
    assert [dialogue.turns[run.number - 1].user for run in runs] == says.asked


def test_turns_keep_their_numbers_whatever_branch_is_taken(tmp_path: Path) -> None:
    (dialogue,) = load_dialogue(write(tmp_path, FORK))
    assert [run.number for run in run_dialogue(Says("-"), dialogue)] == [1, 2, 7]
    assert [run.number for run in run_dialogue(Says("x"), dialogue)] == [1, 6, 7]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("river: the Rhine, ", "", "no value is given for '${river}'"),
        ("length: 1233.5", "length: long", "'long' is no number"),
        ('hurried: "${river}?"', 'other: "${river}?"', "no wording for the persona 'hurried'"),
        ("[plain, hurried]", "[plain, plain]", ":9: personas"),
        ("river: the Danube", "1river: x, river: y", "cases.0"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    one, two, plain = WORDED["en"]
    text = RIVERS.format(language="en", one=one, two=two, plain=plain)
    assert old in text
    with pytest.raises(DialogueError, match=r"d\.yaml") as caught:
        load_dialogue(write(tmp_path, text.replace(old, new)))
    assert said in caught.value.message


@pytest.mark.parametrize(
    "branch",
    ["- branches: []", "- branches: [{if: {}, turns: [{user: x}]}]", "- branches: [{if: {a: b}}]"],
)
def test_a_bad_fork_is_refused(tmp_path: Path, branch: str) -> None:
    text = f"id: d\npack: world\nlanguage: en\ntitle: t\nturns:\n  {branch}\n"
    with pytest.raises(DialogueError, match=r"d\.yaml:6"):
        load_dialogue(write(tmp_path, text))


def test_all_bad_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, FORK, "a.yaml")
    write(tmp_path, FORK, "b.yaml")
    write(tmp_path, "id: x\n", "c.yaml")
    write(tmp_path, "id: [\n", "d.yaml")
    count, errors = check_dialogues([tmp_path])
    assert count == 1
    assert [error.message.split(":")[0].rsplit("/", 1)[-1] for error in errors] == [
        "b.yaml", "c.yaml", "d.yaml",
    ]  # fmt: skip
    assert "is taken by" in errors[0].message


def test_the_schema_is_a_schema_and_takes_the_files(tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(yaml.safe_load(FORK), schema())
