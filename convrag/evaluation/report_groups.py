"""Metrics by language, turn number and kind of question, each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convrag.evaluation.report import Report
from convrag.evaluation.statistics.groups import Group
from convrag.evaluation.statistics.resampling import Estimate

if TYPE_CHECKING:
    from rich.table import Table

_ACROSS = 10
"""Groups side by side in one table."""
_TITLES = {"language": "Languages", "turn": "Turns of a dialogue", "kind": "Kinds of questions"}


def group_tables(report: Report) -> list[Table]:
    """Return tables with a row a metric and a column a group, for what has several groups.

    Under each value stands its 95 % interval.
    """
    return [
        _table(key, groups[at : at + _ACROSS], report)
        for key, groups in report.groups.items()
        if len(groups) > 1
        for at in range(0, len(groups), _ACROSS)
    ]


def _table(key: str, groups: tuple[Group, ...], report: Report) -> Table:
    from rich import box
    from rich.table import Table

    title = f"{_TITLES.get(key, key)}, with 95 % intervals"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for group in groups:
        table.add_column(f"{group.name or '-'}\nn {group.turns}")
    for name, whole in report.metrics.items():
        if whole.count:
            table.add_row(name, *(_cell(group.metrics.get(name)) for group in groups))
    return table


def _cell(estimate: Estimate | None) -> str:
    if estimate is None or not estimate.count:
        return "-"
    return f"{estimate.value:.3f}\n{estimate.low:.2f}-{estimate.high:.2f}"
