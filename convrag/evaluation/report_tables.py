"""The results of an evaluation as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convrag.evaluation.ablation import ablation_table
from convrag.evaluation.meanings import ATTRIBUTED, INTERVALS, meaning
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.report import Report
from convrag.evaluation.report_groups import group_tables
from convrag.evaluation.report_numbers import interval, number, percent
from convrag.evaluation.scoring import DEPTH
from convrag.text.sanitize import plain

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_MOST_TURNS = 300
"""With more turns than these only the failed ones are listed."""
_MOST_FAILED = 60
"""So many failed turns are shown."""


def render(report: Report) -> Group:
    """Return everything as tables: turns, groups, all together, times, and what went wrong."""
    from rich.console import Group

    turns = [turn_table(report)] if len(report.turns) <= _MOST_TURNS else []
    stages = [stage_table(report)] if report.wrong else []
    parts = [ablation_table(report.ablations)] if report.ablations else []
    return Group(
        *turns, *_failures(report), *group_tables(report), *parts, metric_table(report),
        latency_table(report), *stages, *_causes(report), _method(report),
    )  # fmt: skip


def turn_table(report: Report) -> Table:
    """Return one row a turn."""
    table = _table("Turns", "dialogue", "turn", "question", "evidence", "answer", "language", "s")
    for turn in report.turns:
        trace = turn.trace
        table.add_row(
            plain(turn.dialogue),
            str(turn.number),
            _text(trace.question, 48),
            number(turn.metrics.get(f"evidence_recall@{DEPTH}")),
            verdict(turn),
            "wrong!" if "wrong language" in trace.kinds else "right",
            f"{trace.seconds.get('whole', math.nan):.2f}",
        )
    return table


def metric_table(report: Report) -> Table:
    """Return one row a metric over all turns, with its interval and what it means."""
    table = _table("All", "metric", "value", "95 % interval", "turns", "what it is")
    for name, e in report.metrics.items():
        table.add_row(name, number(e.value), interval(e.low, e.high), str(e.count), meaning(name))
    return table


def latency_table(report: Report) -> Table:
    """Return one row a stage."""
    table = _table("Seconds", "stage", "median", "95 % interval", "p95", "turns")
    for stage, value in report.latency.items():
        spread = interval(value.low, value.high)
        table.add_row(stage, number(value.median), spread, number(value.p95), str(value.count))
    return table


def stage_table(report: Report) -> Table:
    """Return how many failed turns each stage owns, all together and by language."""
    names = [share.stage for share in report.stages]
    table = _table("Stages at fault", "", *names, "failed")
    rows = {**report.stages_by_language, "all": report.stages}
    for row, shares in rows.items():
        counts = {share.stage: share.count for share in shares}
        total = sum(counts.values())
        table.add_row(plain(row), *(str(counts.get(name, 0)) for name in names), str(total))
    table.add_row("share", *(percent(share.share) for share in report.stages), "")
    spread = (interval(share.low, share.high, percent) for share in report.stages)
    table.add_row("95 % interval", *spread, "")
    return table


def _causes(report: Report) -> list[Any]:
    if not report.causes:
        return []
    table = _table("Most frequent causes", "turns", "cause")
    for cause, count in report.causes:
        table.add_row(str(count), cause)
    return [table]


def _failures(report: Report) -> list[Any]:
    from rich.text import Text

    lines = []
    for turn in report.failing[:_MOST_FAILED]:
        trace = turn.trace
        lines.append(f"{turn.dialogue} turn {turn.number}: {trace.question}")
        if trace.rewritten and trace.rewritten != trace.question:
            lines.append(f"  searched: {trace.rewritten}")
        lines.append(f"  answered: {trace.answer or '-'}")
        lines += [f"  - {problem}" for problem in trace.problems]
        if "evidence missing" in trace.kinds:
            found = "; ".join(_short(trace.texts.get(e, e)) for e in trace.evidence[:DEPTH])
            lines.append(f"  found instead: {found or 'nothing'}")
        if trace.stage:
            lines.append(f"  stage at fault: {trace.stage}")
    more = len(report.failing) - _MOST_FAILED
    lines += [f"and {more} more turns that are not as expected; --html shows all"] * (more > 0)
    return [Text("\n".join(plain(" ".join(line.split(" "))) for line in lines))] if lines else []


def _method(report: Report) -> Any:  # noqa: ANN401 - rich is imported late
    """Return in words how intervals and stages at fault are found."""
    from rich.text import Text

    return Text("\n".join([INTERVALS, *([ATTRIBUTED] if report.wrong else [])]) + "\n")


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column)
    return table


def _text(text: str, width: int) -> Any:  # noqa: ANN401 - rich is imported late
    from rich.text import Text

    words = Text(" ".join(plain(text).split()), no_wrap=True)
    words.truncate(width, overflow="ellipsis")
    return words


def verdict(turn: ScoredTurn) -> str:
    """Return in a word how the answer went; ``!`` marks what is not as expected."""
    kinds: Sequence[str] = turn.trace.kinds
    for kind, word in _VERDICTS.items():
        if kind in kinds:
            return word
    if turn.trace.status in ("abstained", "clarifying"):
        return turn.trace.status
    return "right" if "answer_accuracy" in turn.metrics else "-"


_VERDICTS = {
    "failed": "failed",
    "abstained": "abstained!",
    "not abstained": "answered!",
    "asked back": "asked back!",
    "not asked back": "answered!",
    "wrong answer": "wrong!",
}
