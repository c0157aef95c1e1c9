"""Two kept runs side by side: what got better, what got worse, and whether chance explains it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.scoring import DEPTH
from convrag.evaluation.statistics.groups import compared
from convrag.evaluation.statistics.resampling import Difference
from convrag.evaluation.store import KeptRun, RunInfo
from convrag.text.sanitize import plain

if TYPE_CHECKING:
    from rich.console import Group

SCHEMA = "convrag.comparison/1"
LEVEL = 0.05
"""Chance of calling any metric changed when none is, over all metrics together."""
_LESS_IS_BETTER = frozenset({"wrongly_abstained", "repetition"})
_LENGTHS = frozenset({"answer_tokens", "evidence_tokens"})
"""Neither more nor less of them is better."""
_JUDGED = (
    "answer_accuracy",
    f"evidence_recall@{DEPTH}",
    "abstention_recall",
    "language_declared",
    "exact_match",
    "f1",
)
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Change:
    """A metric in both runs."""

    metric: str
    difference: Difference
    p: float
    """Corrected for the number of metrics (Holm, "A Simple Sequentially Rejective Multiple Test
    Procedure", 1979)."""

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, ``same`` where chance explains the difference, or ``changed``.

        The last is for lengths, of which neither more nor less is better.
        """
        if self.p >= LEVEL or self.difference.value == 0:
            return "same"
        if self.metric in _LENGTHS:
            return "changed"
        up = self.difference.value > 0
        return "better" if up is not (self.metric in _LESS_IS_BETTER) else "worse"


@dataclass(frozen=True, slots=True)
class TurnPair:
    """One turn that one run has right and the other has not."""

    first: ScoredTurn
    second: ScoredTurn
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    """Metrics that went up, and down, in the second run; less of some is a gain."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs over the turns that both have."""

    first: RunInfo
    second: RunInfo
    changes: tuple[Change, ...]
    better: tuple[TurnPair, ...]
    worse: tuple[TurnPair, ...]
    common: int
    only_first: int
    only_second: int
    settings: Mapping[str, tuple[str, str]]
    """What the runs were made with that is not the same, by name: first, second."""
    seed: int


def compare_runs(first: KeptRun, second: KeptRun, *, seed: int = 0) -> Comparison:
    """Return what changed from the first run to the second.

    Raises:
        RunError: A run is damaged.
    """
    a, b = ({turn.id: turn for turn in run.turns()} for run in (first, second))
    both = [name for name in a if name in b]
    found = compared([a[name] for name in both], [b[name] for name in both], seed=seed)
    pairs = [_pair(a[name], b[name]) for name in both]
    return Comparison(
        first=first.info,
        second=second.info,
        changes=_corrected(found),
        better=tuple(pair for pair in pairs if pair.gained and not pair.lost),
        worse=tuple(pair for pair in pairs if pair.lost),
        common=len(both),
        only_first=len(a) - len(both),
        only_second=len(b) - len(both),
        settings=_unlike(first.info, second.info),
        seed=seed,
    )


def _corrected(found: Mapping[str, Difference]) -> tuple[Change, ...]:
    tested = sorted((d.p, name) for name, d in found.items() if d.count)
    corrected: dict[str, float] = {}
    least = 0.0
    for place, (p, name) in enumerate(tested):
        least = max(least, min(1.0, p * (len(tested) - place)))
        corrected[name] = least
    return tuple(Change(name, d, corrected.get(name, 1.0)) for name, d in found.items())


def _pair(first: ScoredTurn, second: ScoredTurn) -> TurnPair:
    gained: list[str] = []
    lost: list[str] = []
    for name in _JUDGED:
        one, other = first.metrics.get(name), second.metrics.get(name)
        if one is not None and other is not None and one != other:
            (gained if other > one else lost).append(name)
    one, other = (turn.metrics.get("wrongly_abstained") for turn in (first, second))
    if one is not None and other is not None and one != other and "answer_accuracy" not in lost:
        (gained if other < one else lost).append("wrongly_abstained")
    return TurnPair(first, second, tuple(gained), tuple(lost))


def _unlike(first: RunInfo, second: RunInfo) -> dict[str, tuple[str, str]]:
    def known(info: RunInfo) -> dict[str, str]:
        own = {"respondent": info.respondent, "source": info.source, "data": info.data[:12]}
        more = {"commit": info.commit, "version": info.version}
        machine = {f"machine {name}": value for name, value in info.machine.items()}
        return {**own, **more, **info.settings, **info.models, **machine}

    one, other = known(first), known(second)
    return {
        name: (one.get(name, "-"), other.get(name, "-"))
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    }


def comparison_to_json(found: Comparison) -> dict[str, Any]:
    """Return the comparison as plain JSON."""
    return {
        "schema": SCHEMA,
        "first": found.first.id,
        "second": found.second.id,
        "seed": found.seed,
        "turns": {
            "common": found.common,
            "only_first": found.only_first,
            "only_second": found.only_second,
        },
        "settings": {name: list(pair) for name, pair in found.settings.items()},
        "metrics": {
            change.metric: {
                **{
                    key: value if math.isfinite(value) else None
                    for key, value in asdict(change.difference).items()
                },
                "p_corrected": change.p,
                "verdict": change.verdict,
            }
            for change in found.changes
        },
        "better": [_pair_to_json(pair) for pair in found.better],
        "worse": [_pair_to_json(pair) for pair in found.worse],
    }


def _pair_to_json(pair: TurnPair) -> dict[str, Any]:
    return {
        "turn": pair.first.id,
        "question": pair.first.trace.question,
        "gained": list(pair.gained),
        "lost": list(pair.lost),
        "first": pair.first.trace.answer,
        "second": pair.second.trace.answer,
    }


def render(found: Comparison) -> Group:
    """Return the comparison as tables for a terminal."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    def table(title: str, *columns: str) -> Table:
        made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for column in columns:
            made.add_column(column)
        return made

    metrics = table(
        f"{found.second.id} against {found.first.id}, {found.common} turns",
        "metric", "first", "second", "difference", "95 % interval", "p", "p corrected", "", "turns",
    )  # fmt: skip
    for change in found.changes:
        d = change.difference
        metrics.add_row(
            change.metric, f"{d.first:.3f}", f"{d.second:.3f}", f"{d.value:+.3f}",
            f"{d.low:+.3f} - {d.high:+.3f}", f"{d.p:.3f}", f"{change.p:.3f}", change.verdict,
            str(d.count),
        )  # fmt: skip
    settings = table("Made with", "", "first", "second")
    for name, (one, other) in found.settings.items():
        settings.add_row(*(plain(cell) for cell in (name, one, other)))
    lines = [
        *_listed("Better", found.better),
        *_listed("Worse", found.worse),
        *([f"only in the first: {found.only_first} turns"] if found.only_first else []),
        *([f"only in the second: {found.only_second} turns"] if found.only_second else []),
    ]
    return Group(
        *([settings] if found.settings else []), metrics, Text("\n".join(map(plain, lines)))
    )


def _listed(title: str, pairs: Sequence[TurnPair]) -> list[str]:
    lines = [f"{title}: {len(pairs)} turns"]
    for pair in pairs[:_SHOWN]:
        names = ", ".join(dict.fromkeys([*pair.lost, *pair.gained]))
        lines.append(f"  {pair.first.id}: {' '.join(pair.first.trace.question.split())} ({names})")
    if len(pairs) > _SHOWN:
        lines.append(f"  and {len(pairs) - _SHOWN} more")
    return lines
