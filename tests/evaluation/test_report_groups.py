"""Tables by language, turn and kind carry an interval under every value."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, Group

from convrag.evaluation.records import ScoredTurn, Trace
from convrag.evaluation.report import make_report
from convrag.evaluation.report_groups import group_tables

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
