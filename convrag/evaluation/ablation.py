"""What each part of the pipeline gives: the same turns asked with and without it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.report_numbers import number, signed
from convrag.evaluation.statistics.groups import compared
from convrag.evaluation.statistics.resampling import Difference

if TYPE_CHECKING:
    from rich.table import Table

Ablations = Mapping[str, Mapping[str, Difference]]
"""By the part that was left out, by metric: the whole pipeline first, then without it."""
COLUMNS = ("without", "metric", "whole", "left", "difference", "95 % interval", "p")


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


def ablation_rows(found: Ablations) -> Iterator[tuple[str, ...]]:
    """Yield a row of :data:`COLUMNS` for each metric that changes without a part."""
    for part, metrics in found.items():
        changed = {name: c for name, c in metrics.items() if c.count and c.value}
        if not changed:
            yield part, "nothing changes", *[""] * (len(COLUMNS) - 2)
        for name, c in changed.items():
            spread = f"{signed(c.low)} - {signed(c.high)}"
            yield (
                part,
                name,
                number(c.first),
                number(c.second),
                signed(c.value),
                spread,
                (f"{c.p:.3f}"),
            )


def ablation_table(found: Ablations) -> Table:
    """Return the rows as a table for a terminal."""
    from rich import box
    from rich.table import Table

    table = Table(title="Without a part", title_justify="left", box=box.SIMPLE_HEAD)
    for column in COLUMNS:
        table.add_column(column)
    for row in ablation_rows(found):
        table.add_row(*row)
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
