"""The results of an evaluation: metrics, groups, times and the stages at fault, and all as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from convrag import __version__
from convrag.evaluation.ablation import Ablations, ablations, ablations_to_json
from convrag.evaluation.causes import StageShare, most_frequent, stage_shares
from convrag.evaluation.datasets.scoring import METRICS as SET_METRICS
from convrag.evaluation.meanings import ATTRIBUTED, INTERVALS, meanings
from convrag.evaluation.records import ScoredTurn, to_json
from convrag.evaluation.runner import STAGES
from convrag.evaluation.scoring import METRICS
from convrag.evaluation.statistics.groups import KEYS, Group, grouped, pooled
from convrag.evaluation.statistics.resampling import Estimate
from convrag.evaluation.store import RunInfo
from convrag.evaluation.wording_measures import WORDING

SCHEMA = "convrag.evaluation/2"
"""Value of the JSON report's ``schema`` field."""
_TAIL = 0.025
_NOT_ASKED = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds of one stage over all turns that reached it."""

    median: float
    low: float
    """95 % interval of the median, like ``high``; NaN of fewer than six turns."""
    high: float
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
    ablations: Ablations = field(default_factory=dict)
    """What the same turns come to without a part of the pipeline."""

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
    turns: Sequence[ScoredTurn],
    *,
    seed: int = 0,
    info: RunInfo | None = None,
    without: Mapping[str, Sequence[ScoredTurn]] | None = None,
) -> Report:
    """Return the report over ``turns``.

    Args:
        turns: Of the whole run.
        seed: The bootstrap's.
        info: What is known of the run.
        without: The same turns by the part of the pipeline that was left out.
    """
    languages = sorted({turn.language for turn in turns})
    by_language = {
        language: stage_shares([turn for turn in turns if turn.language == language], seed=seed)
        for language in languages
    }
    return Report(
        turns=tuple(turns),
        metrics=_in_order(pooled(turns, seed=seed)),
        groups={key: grouped(turns, key, seed=seed) for key in KEYS},
        latency=latencies(turns),
        stages=stage_shares(turns, seed=seed),
        stages_by_language={
            language: shares
            for language, shares in by_language.items()
            if any(share.count for share in shares)
        },
        causes=most_frequent(turns),
        seed=seed,
        info=info,
        ablations=ablations(turns, without or {}, seed=seed),
    )


def _in_order(metrics: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return the metrics in their usual order, those of scripts also where no turn asks for them.

    Metrics that are not known come last.
    """
    if metrics.keys() <= {*METRICS, *WORDING}:
        metrics = {**dict.fromkeys(METRICS, _NOT_ASKED), **metrics}
    places = {name: at for at, name in enumerate(dict.fromkeys((*METRICS, *SET_METRICS)))}
    return {name: metrics[name] for name in sorted(metrics, key=lambda m: places.get(m, math.inf))}


def latencies(turns: Sequence[ScoredTurn]) -> dict[str, Latency]:
    """Return median and 95th percentile of every stage, in seconds, in the order of the stages."""
    found: dict[str, Latency] = {}
    for stage in STAGES:
        seconds = sorted(t.trace.seconds[stage] for t in turns if stage in t.trace.seconds)
        if seconds:
            median, p95 = np.quantile(seconds, (0.5, 0.95))
            low, high = _around_median(seconds)
            found[stage] = Latency(float(median), low, high, float(p95), len(seconds))
    return found


def _around_median(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the median of sorted values, from their ranks alone.

    How many values lie below the median is binomial (Conover, "Practical Nonparametric
    Statistics", 1999, section 3.2).
    """
    count = len(values)
    below, total = 0, 0.0
    while below <= count:
        total += math.comb(count, below) / 2**count
        if total > _TAIL:
            break
        below += 1
    return (values[below - 1], values[count - below]) if below else (math.nan, math.nan)


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
        "latency_seconds": {
            stage: _finite(asdict(value)) for stage, value in report.latency.items()
        },
        "stages": _shares_to_json(report.stages),
        "stage_shares": {share.stage: _finite(asdict(share)) for share in report.stages},
        "stages_by_language": {
            language: _shares_to_json(shares)
            for language, shares in report.stages_by_language.items()
        },
        "causes": [{"cause": name, "turns": count} for name, count in report.causes],
        "ablations": ablations_to_json(report.ablations),
        "meanings": meanings(report.metrics),
        "method": {"intervals": INTERVALS, "attributed": ATTRIBUTED},
        "turns": [to_json(turn) for turn in report.turns],
    }


def _shares_to_json(shares: Sequence[StageShare]) -> dict[str, int]:
    return {share.stage: share.count for share in shares}


def estimates_to_json(metrics: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return the metrics as plain JSON, null for what is no number."""
    return {name: _finite(asdict(estimate)) for name, estimate in metrics.items()}


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }
