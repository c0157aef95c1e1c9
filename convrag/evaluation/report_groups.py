"""Metrics by language, turn number and kind of question, each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convrag.evaluation.report import Report
from convrag.evaluation.report_numbers import number, short_interval
from convrag.evaluation.statistics.groups import Group
from convrag.evaluation.statistics.resampling import Estimate
from convrag.text.sanitize import plain

if TYPE_CHECKING:
    from rich.table import Table

ACROSS = 8
"""Groups side by side in one table."""
TITLES = {"language": "Languages", "turn": "Turns of a dialogue", "kind": "Kinds of questions"}


def group_tables(report: Report) -> list[Table]:
    """Return tables with a row a metric and a column a group, for what has several groups.

    Under each value stands its 95 % interval.
    """
    return [
        _table(key, groups[at : at + ACROSS], report)
        for key, groups in report.groups.items()
        if len(groups) > 1
        for at in range(0, len(groups), ACROSS)
    ]


def _table(key: str, groups: tuple[Group, ...], report: Report) -> Table:
    from rich import box
    from rich.table import Table

    title = f"{TITLES.get(key, key)}, with 95 % intervals"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for group in groups:
        table.add_column(f"{plain(group.name) or '-'}\nn {group.turns}")
    for name, whole in report.metrics.items():
        if whole.count:
            table.add_row(name, *(_cell(group.metrics.get(name)) for group in groups))
    return table


def _cell(estimate: Estimate | None) -> str:
    if estimate is None or not estimate.count:
        return "-"
    return f"{number(estimate.value)}\n{short_interval(estimate)}"
