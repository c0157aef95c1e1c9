"""Metrics of scored turns, all together and by language, turn number and kind of question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.statistics.resampling import (
    Difference,
    Estimate,
    Part,
    difference,
    estimate,
)

MOST_TURNS = 10
"""Turns from this number on are put together."""


@dataclass(frozen=True, slots=True)
class Group:
    """Turns that have something in common, and their metrics."""

    name: str
    turns: int
    metrics: Mapping[str, Estimate]


def turn_group(turn: ScoredTurn) -> str:
    """Return the turn's number, late ones together."""
    return str(turn.number) if turn.number < MOST_TURNS else f"{MOST_TURNS}+"


KEYS: Mapping[str, Callable[[ScoredTurn], str]] = {
    "language": lambda turn: turn.language,
    "turn": turn_group,
    "kind": lambda turn: turn.kind,
}
"""What turns are grouped by."""


def part(turn: ScoredTurn, metric: str) -> Part:
    """Return what the turn adds to a metric; a denominator of 0 when it does not ask for it."""
    weight = turn.weight(metric)
    return turn.dialogue, turn.metrics.get(metric, 0.0) * weight, weight


def metric_names(turns: Iterable[ScoredTurn]) -> tuple[str, ...]:
    """Return the metrics that any turn has, in the order in which they first come."""
    return tuple(dict.fromkeys(name for turn in turns for name in turn.metrics))


def pooled(turns: Sequence[ScoredTurn], *, seed: int) -> dict[str, Estimate]:
    """Return every metric over all turns with its interval."""
    return {
        name: estimate((part(turn, name) for turn in turns), seed=seed)
        for name in metric_names(turns)
    }


def grouped(turns: Sequence[ScoredTurn], by: str, *, seed: int) -> tuple[Group, ...]:
    """Return the groups by a key of :data:`KEYS`, sorted; numbers in their order."""
    found: dict[str, list[ScoredTurn]] = {}
    for turn in turns:
        found.setdefault(KEYS[by](turn), []).append(turn)
    ordered = sorted(found, key=lambda name: (len(name) if by == "turn" else 0, name))
    return tuple(Group(name, len(found[name]), pooled(found[name], seed=seed)) for name in ordered)


def compared(
    first: Sequence[ScoredTurn], second: Sequence[ScoredTurn], *, seed: int
) -> dict[str, Difference]:
    """Return, for every metric that both runs have, how much the second is ahead."""
    names = [name for name in metric_names(first) if name in set(metric_names(second))]
    return {
        name: difference(
            {turn.id: part(turn, name) for turn in first},
            {turn.id: part(turn, name) for turn in second},
            seed=seed,
        )
        for name in names
    }
