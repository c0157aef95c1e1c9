"""The results of an evaluation: metrics, groups, times and the stages at fault, and all as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from convrag import __version__
from convrag.evaluation.causes import StageShare, most_frequent, stage_shares
from convrag.evaluation.records import ScoredTurn, to_json
from convrag.evaluation.runner import STAGES
from convrag.evaluation.scoring import METRICS
from convrag.evaluation.statistics.groups import KEYS, Group, grouped, pooled
from convrag.evaluation.statistics.resampling import Estimate
from convrag.evaluation.store import RunInfo

SCHEMA = "convrag.evaluation/2"
"""Value of the JSON report's ``schema`` field."""
_NOT_ASKED = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds of one stage over all turns that reached it."""

    median: float
    p95: float
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """All turns of one run, what they come to together and in groups."""

    turns: tuple[ScoredTurn, ...]
    metrics: Mapping[str, Estimate]
    groups: Mapping[str, tuple[Group, ...]]
    """By what they have in common: language, turn number, kind of question."""
    latency: Mapping[str, Latency]
    stages: tuple[StageShare, ...]
    stages_by_language: Mapping[str, tuple[StageShare, ...]]
    """Only languages with failed turns."""
    causes: tuple[tuple[str, int], ...]
    """The most frequent causes of failure."""
    seed: int
    info: RunInfo | None = None

    @property
    def failing(self) -> tuple[ScoredTurn, ...]:
        """The turns that were not as expected, in order."""
        return tuple(turn for turn in self.turns if turn.trace.problems)

    @property
    def wrong(self) -> int:
        """How many turns have a stage at fault: their answer itself is not as expected."""
        return sum(bool(turn.trace.stage) for turn in self.turns)

    def value(self, name: str) -> float | None:
        """Return a metric's pooled value, or seconds of ``STAGE_median`` or ``STAGE_p95``.

        Returns:
            None when there is no metric of this name; NaN when no turn asks for it.
        """
        if name in self.metrics:
            return self.metrics[name].value
        stage, _, kind = name.rpartition("_")
        if kind in ("median", "p95") and stage in self.latency:
            return self.latency[stage].median if kind == "median" else self.latency[stage].p95
        return None


def make_report(
    turns: Sequence[ScoredTurn], *, seed: int = 0, info: RunInfo | None = None
) -> Report:
    """Return the report over ``turns``; ``seed`` is the bootstrap's."""
    languages = sorted({turn.language for turn in turns})
    by_language = {
        language: stage_shares([turn for turn in turns if turn.language == language])
        for language in languages
    }
    return Report(
        turns=tuple(turns),
        metrics=_in_order(pooled(turns, seed=seed)),
        groups={key: grouped(turns, key, seed=seed) for key in KEYS},
        latency=latencies(turns),
        stages=stage_shares(turns),
        stages_by_language={
            language: shares
            for language, shares in by_language.items()
            if any(share.count for share in shares)
        },
        causes=most_frequent(turns),
        seed=seed,
        info=info,
    )


def _in_order(metrics: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return the metrics of scripted turns in their own order, also those no turn asks for."""
    if not metrics.keys() <= METRICS.keys():
        return dict(metrics)
    return {name: metrics.get(name, _NOT_ASKED) for name in METRICS}


def latencies(turns: Sequence[ScoredTurn]) -> dict[str, Latency]:
    """Return median and 95th percentile of every stage, in seconds, in the order of the stages."""
    found: dict[str, Latency] = {}
    for stage in STAGES:
        seconds = [t.trace.seconds[stage] for t in turns if stage in t.trace.seconds]
        if seconds:
            median, p95 = np.quantile(seconds, (0.5, 0.95))
            found[stage] = Latency(float(median), float(p95), len(seconds))
    return found


def report_to_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON; a metric no turn asks for has value null."""
    by_language = report.groups["language"]
    return {
        "schema": SCHEMA,
        "version": __version__,
        "run": asdict(report.info) if report.info else None,
        "seed": report.seed,
        "dialogues": len({turn.dialogue for turn in report.turns}),
        "metrics": estimates_to_json(report.metrics),
        "by_language": {g.name: estimates_to_json(_in_order(g.metrics)) for g in by_language},
        "groups": {
            key: [
                {"name": g.name, "turns": g.turns, "metrics": estimates_to_json(g.metrics)}
                for g in groups
            ]
            for key, groups in report.groups.items()
        },
        "latency_seconds": {stage: asdict(value) for stage, value in report.latency.items()},
        "stages": _shares_to_json(report.stages),
        "stages_by_language": {
            language: _shares_to_json(shares)
            for language, shares in report.stages_by_language.items()
        },
        "causes": [{"cause": name, "turns": count} for name, count in report.causes],
        "turns": [to_json(turn) for turn in report.turns],
    }


def _shares_to_json(shares: Sequence[StageShare]) -> dict[str, int]:
    return {share.stage: share.count for share in shares}


def estimates_to_json(metrics: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return the metrics as plain JSON, null for what is no number."""
    return {
        name: {
            key: value if math.isfinite(value) else None for key, value in asdict(estimate).items()
        }
        for name, estimate in metrics.items()
    }
