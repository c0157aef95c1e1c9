"""The results of an evaluation as JSON and as tables for a terminal."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from convrag import __version__
from convrag.evaluation.scoring import (
    DEPTH,
    METRICS,
    Latency,
    TurnScore,
    latencies,
    pool,
)
from convrag.evaluation.statistics.resampling import Estimate
from convrag.text.sanitize import plain
from convrag.types import Evidence, Passage
from convrag.wire import plain_evidence_text

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

SCHEMA = "convrag.evaluation/1"
"""Value of the JSON report's ``schema`` field."""


@dataclass(frozen=True, slots=True)
class Report:
    """All scores of one run, pooled and by language."""

    scores: tuple[TurnScore, ...]
    pooled: Mapping[str, Estimate]
    by_language: Mapping[str, Mapping[str, Estimate]]
    """By the dialogues' language, sorted."""
    latency: Mapping[str, Latency]
    seed: int

    @property
    def failing(self) -> tuple[TurnScore, ...]:
        """The turns that were not as expected, in order."""
        return tuple(score for score in self.scores if score.problems)

    def value(self, name: str) -> float | None:
        """Return a metric's pooled value, or seconds of ``STAGE_median`` or ``STAGE_p95``.

        Returns:
            None when there is no metric of this name; NaN when no turn asks for it.
        """
        if name in self.pooled:
            return self.pooled[name].value
        stage, _, kind = name.rpartition("_")
        if kind in ("median", "p95") and stage in self.latency:
            return self.latency[stage].median if kind == "median" else self.latency[stage].p95
        return None


def make_report(scores: Sequence[TurnScore], *, seed: int = 0) -> Report:
    """Return the report over ``scores``; ``seed`` is the bootstrap's."""
    languages = sorted({score.run.dialogue.language for score in scores})
    return Report(
        scores=tuple(scores),
        pooled=pool(scores, seed=seed),
        by_language={
            language: pool(
                [score for score in scores if score.run.dialogue.language == language], seed=seed
            )
            for language in languages
        },
        latency=latencies([score.run for score in scores]),
        seed=seed,
    )


def report_to_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON; a metric no turn asks for has value null."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version()},
        "seed": report.seed,
        "dialogues": len({score.run.dialogue.id for score in report.scores}),
        "metrics": _estimates_to_json(report.pooled),
        "by_language": {
            language: _estimates_to_json(metrics)
            for language, metrics in report.by_language.items()
        },
        "latency_seconds": {stage: asdict(value) for stage, value in report.latency.items()},
        "turns": [_turn_to_json(score) for score in report.scores],
    }


def _estimates_to_json(metrics: Mapping[str, Estimate]) -> dict[str, Any]:
    return {
        name: {key: _finite(value) for key, value in asdict(estimate).items()}
        for name, estimate in metrics.items()
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _turn_to_json(score: TurnScore) -> dict[str, Any]:
    run = score.run
    answer = run.answer
    return {
        "dialogue": run.dialogue.id,
        "language": run.dialogue.language,
        "turn": run.number,
        "question": run.turn.user,
        "rewritten": run.query.text if run.query else None,
        "answer": answer.text if answer else None,
        "status": answer.status.value if answer else "failed",
        "mode": answer.mode.value if answer else "none",
        "evidence": [item.id for item in run.evidence],
        "evidence_recall": score.evidence_recall,
        "answer_right": score.answer_right,
        "language_declared": score.language_declared,
        "language_detected": score.language_detected,
        "language_script": score.language_script,
        "should_abstain": score.should_abstain,
        "abstained": score.abstained,
        "entity_recall": score.entity_recall,
        "rewrite_recovered": score.rewrite_recovered,
        "seconds": dict(run.seconds),
        "problems": list(score.problems),
    }


def render(report: Report) -> Group:
    """Return everything as tables: turns, languages, all together, times, and what went wrong."""
    from rich.console import Group

    return Group(
        turn_table(report), language_table(report), metric_table(report), latency_table(report),
        *_failures(report),
    )  # fmt: skip


def turn_table(report: Report) -> Table:
    """Return one row a turn."""
    table = _table("Turns", "dialogue", "turn", "question", "evidence", "answer", "language", "s")
    for score in report.scores:
        run = score.run
        table.add_row(
            run.dialogue.id,
            str(run.number),
            _text(run.turn.user, 48),
            _number(score.evidence_recall),
            _verdict(score),
            _mark(_all(score.language_declared, score.language_detected, score.language_script)),
            f"{run.seconds.get('whole', math.nan):.2f}",
        )
    return table


def language_table(report: Report) -> Table:
    """Return one row a language, metrics as columns."""
    table = _table("Languages", "", *(name.replace("_", "\n") for name in METRICS))
    for language, metrics in report.by_language.items():
        table.add_row(language, *(_number(metrics[name].value) for name in METRICS))
    return table


def metric_table(report: Report) -> Table:
    """Return one row a metric over all turns, with its interval."""
    table = _table("All", "metric", "value", "95 % interval", "turns")
    for name, estimate in report.pooled.items():
        interval = f"{estimate.low:.3f} - {estimate.high:.3f}" if estimate.count else "-"
        table.add_row(name, _number(estimate.value), interval, str(estimate.count))
    return table


def latency_table(report: Report) -> Table:
    """Return one row a stage."""
    table = _table("Seconds", "stage", "median", "p95", "turns")
    for stage, value in report.latency.items():
        table.add_row(stage, f"{value.median:.3f}", f"{value.p95:.3f}", str(value.count))
    return table


def _failures(report: Report) -> list[Any]:
    from rich.text import Text

    lines = []
    for score in report.failing:
        run = score.run
        lines.append(f"{run.dialogue.id} turn {run.number}: {run.turn.user}")
        if run.query and run.query.text != run.turn.user:
            lines.append(f"  searched: {run.query.text}")
        lines.append(f"  answered: {run.answer.text if run.answer else '-'}")
        lines += [f"  - {problem}" for problem in score.problems]
        if score.evidence_recall is not None and score.evidence_recall < 1:
            found = "; ".join(_short(item) for item in run.evidence[:DEPTH]) or "nothing"
            lines.append(f"  found instead: {found}")
    return [Text("\n".join(plain(" ".join(line.split(" "))) for line in lines))] if lines else []


def _short(evidence: Evidence) -> str:
    item = evidence.item
    return item.source if isinstance(item, Passage) else plain_evidence_text(evidence)


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


def _verdict(score: TurnScore) -> str:
    if score.run.error is not None:
        return "failed"
    if score.abstained:
        return "abstained" if score.should_abstain else "abstained!"
    if score.should_abstain:
        return "answered!"
    return {None: "-", True: "right", False: "wrong!"}[score.answer_right]


def _mark(value: bool | None) -> str:
    return {None: "-", True: "right", False: "wrong!"}[value]


def _all(*values: bool | None) -> bool | None:
    known = [value for value in values if value is not None]
    return all(known) if known else None


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
