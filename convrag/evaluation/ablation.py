"""What each part of the pipeline gives: the same turns asked with and without it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.statistics.groups import compared
from convrag.evaluation.statistics.resampling import Difference

if TYPE_CHECKING:
    from rich.table import Table

Ablations = Mapping[str, Mapping[str, Difference]]
"""By the part that was left out, by metric: the whole pipeline first, then without it."""


def ablations(
    whole: Sequence[ScoredTurn], without: Mapping[str, Sequence[ScoredTurn]], *, seed: int
) -> Ablations:
    """Return how the turns change when a part is left out.

    Args:
        whole: The turns of the whole pipeline.
        without: The same turns by what was left out.
        seed: Of the resampling.
    """
    return {part: compared(whole, turns, seed=seed) for part, turns in without.items()}


def ablation_table(found: Ablations) -> Table:
    """Return one row a metric that changes without a part: both values and their difference."""
    from rich import box
    from rich.table import Table

    table = Table(title="Without a part", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("without", "metric", "whole", "left", "difference", "95 % interval", "p"):
        table.add_column(column)
    for part, metrics in found.items():
        changed = {
            name: change for name, change in metrics.items() if change.count and change.value
        }
        if not changed:
            table.add_row(part, "nothing changes")
        for name, change in changed.items():
            table.add_row(
                part,
                name,
                f"{change.first:.3f}",
                f"{change.second:.3f}",
                f"{change.value:+.3f}",
                f"{change.low:+.3f} - {change.high:+.3f}",
                f"{change.p:.3f}",
            )
    return table


def ablations_to_json(found: Ablations) -> dict[str, Any]:
    """Return the differences as plain JSON; null for metrics that no turn has in both."""
    return {
        part: {
            name: {
                key: value if math.isfinite(value) else None
                for key, value in asdict(change).items()
            }
            for name, change in metrics.items()
        }
        for part, metrics in found.items()
    }
