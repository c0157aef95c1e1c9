"""Tables by language, turn and kind carry an interval under every value."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, Group

from convrag.evaluation.datasets.scoring import METRICS as SET_METRICS
from convrag.evaluation.meanings import meaning, meanings
from convrag.evaluation.records import ScoredTurn, Trace
from convrag.evaluation.report import make_report
from convrag.evaluation.report_groups import group_tables
from convrag.evaluation.report_markdown import report_to_markdown
from convrag.evaluation.scoring import METRICS

LANGUAGES = ("ar", "en", "hi", "ja", "ru", "th", "zh")


def _shown(turns: list[ScoredTurn]) -> str:
    out = StringIO()
    Console(file=out, width=200).print(Group(*group_tables(make_report(turns))))
    return out.getvalue()


def _turn(dialogue: str, number: int, language: str, kind: str, value: float) -> ScoredTurn:
    metrics = {"f1": value}
    return ScoredTurn(f"{dialogue}-{number}", dialogue, number, language, kind, metrics, Trace("?"))


def test_every_group_has_its_value_and_interval() -> None:
    turns = [
        _turn(f"{language}{half}", number, language, "who", float(half))
        for language in LANGUAGES
        for half in (0, 1)
        for number in (1, 2)
    ]
    text = _shown(turns)
    head = next(line for line in text.splitlines() if "zh" in line)
    assert [word for word in head.split() if word in LANGUAGES] == list(LANGUAGES)
    assert "Turns of a dialogue" in " ".join(text.split())
    assert text.count("0.500") == len(LANGUAGES) + 2
    assert text.count("0.00-1.00") == len(LANGUAGES)  # two dialogues each
    assert "Kinds of questions" not in text  # there is but one


def test_many_groups_take_several_tables() -> None:
    turns = [_turn(str(n), 1, "en", f"kind {n:02d}", n / 20) for n in range(23)]
    assert _shown(turns).count("Kinds of questions") == 3


def test_markdown_has_the_same_groups_with_their_intervals() -> None:
    turns = [_turn(f"{code}{half}", 1, code, "who", half) for code in LANGUAGES for half in (0, 1)]
    text = report_to_markdown(make_report(turns))
    assert text.count("0.500 (0.00-1.00)") == len(LANGUAGES)
    assert "| " + " | ".join(f"{code}, n 2" for code in LANGUAGES) + " |" in text
    many = [_turn(str(n), 1, "en", f"kind {n:02d}", n / 20) for n in range(23)]
    assert report_to_markdown(make_report(many)).count("kind 2") == 3


def test_every_metric_is_explained_once() -> None:
    assert not [name for name in (*METRICS, *SET_METRICS) if not meaning(name)]
    assert list(meanings(["recall@1", "recall@5", "f1"])) == ["recall", "f1"]
    turns = [_turn(str(n), 1, "en", "who", n / 2) for n in (0, 1, 2)]
    assert report_to_markdown(make_report(turns)).count(meaning("f1")) == 1


def test_what_is_left_without_a_part_is_in_the_report() -> None:
    whole = [_turn(str(n), 1, code, "who", 1.0) for n, code in enumerate(LANGUAGES)]
    left = [_turn(str(n), 1, code, "who", n % 2) for n, code in enumerate(LANGUAGES)]
    report = make_report(whole, without={"graph": left, "walk": whole})
    text = report_to_markdown(report)
    assert "| graph | f1 | 1.000 | 0.429 | -0.571 | -0.857 - -0.286 | 0.125 |" in text
    assert "| walk | nothing changes |" in text


def test_hostile_names_are_shown_as_text() -> None:
    names = ("\x1b[31m<b>|a", "\x1b]0;t\x07\u202eb", "文|c")
    turns = [_turn(f"{name}{half}", 1, name, name, half) for name in names for half in (0, 1)]
    shown, text = _shown(turns), report_to_markdown(make_report(turns))
    assert not set("\x1b\x07\u202e") & set(shown + text)
    assert "<b>" not in text
    rows = [line for line in text.splitlines() if line.startswith("| f1")]
    head = next(line for line in text.splitlines() if "n 2" in line)
    assert head.replace("\\|", "").count("|") == rows[1].count("|")
