"""The results of an evaluation as Markdown, to put into a README, an issue or a wiki."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from convrag.evaluation.ablation import COLUMNS, ablation_rows
from convrag.evaluation.causes import cause
from convrag.evaluation.meanings import ATTRIBUTED, INTERVALS, meaning
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.report import Report
from convrag.evaluation.report_groups import ACROSS, TITLES
from convrag.evaluation.report_numbers import interval, number, percent, short_interval
from convrag.evaluation.statistics.groups import Group
from convrag.evaluation.statistics.resampling import Estimate
from convrag.text.sanitize import plain
from convrag.wire import escape_markdown

_MOST_FAILED = 100


def report_to_markdown(report: Report) -> str:
    """Return the tables, then the failed turns; outside text is escaped."""
    parts = ["# Evaluation", *_about(report)]
    rows = [
        (name, number(e.value), interval(e.low, e.high), str(e.count), meaning(name))
        for name, e in report.metrics.items()
    ]
    header = ("metric", "value", "95 % interval", "turns", "what it is")
    parts += ["## Metrics", _table(header, rows), INTERVALS]
    for key, groups in report.groups.items():
        if len(groups) > 1:
            parts += [f"## {TITLES.get(key, key)}", *_groups(report, groups)]
    if report.ablations:
        parts += ["## Without a part", _table(COLUMNS, ablation_rows(report.ablations))]
    if report.wrong:
        parts += ["## Stages at fault", _stages(report), ATTRIBUTED]
        causes = [(str(count), escape_markdown(name)) for name, count in report.causes]
        parts += ["## Most frequent causes", _table(("turns", "cause"), causes)]
    times = [
        (s, number(t.median), interval(t.low, t.high), number(t.p95), str(t.count))
        for s, t in report.latency.items()
    ]
    header = ("stage", "median", "95 % interval", "p95", "turns")
    parts += ["## Seconds", _table(header, times)]
    parts += ["## Turns that are not as expected", *_failed(report)]
    return "\n\n".join(parts) + "\n"


def _about(report: Report) -> list[str]:
    info = report.info
    if info is None:
        return []
    rows = [
        ("run", info.id),
        ("began", info.began),
        ("answers", info.respondent),
        ("dialogues", f"{len(info.dialogues)}, SHA-256 {info.data[:16]}"),
        *sorted({**info.settings, **info.models}.items()),
        ("commit", info.commit or "-"),
        *(("machine", f"{name}: {value}") for name, value in info.machine.items()),
    ]
    return [_table(("", ""), [(name, escape_markdown(value)) for name, value in rows])]


def _groups(report: Report, groups: Sequence[Group]) -> Iterator[str]:
    """Yield tables with a row a metric and a column a group, each value with its interval."""
    names = [name for name, estimate in report.metrics.items() if estimate.count]
    for begin in range(0, len(groups), ACROSS):
        some = groups[begin : begin + ACROSS]
        header = ("", *(f"{_inline(g.name) or '-'}, n {g.turns}" for g in some))
        rows = [(name, *(_cell(group.metrics.get(name)) for group in some)) for name in names]
        yield _table(header, rows)


def _cell(estimate: Estimate | None) -> str:
    if estimate is None or not estimate.count:
        return "-"
    return f"{number(estimate.value)} ({short_interval(estimate)})"


def _stages(report: Report) -> str:
    names = [share.stage for share in report.stages]
    rows = []
    for language, shares in {**report.stages_by_language, "all": report.stages}.items():
        counts = {share.stage: share.count for share in shares}
        rows.append((_inline(language), *(str(counts.get(name, 0)) for name in names)))
    rows.append(("share", *(percent(share.share) for share in report.stages)))
    spread = (interval(share.low, share.high, percent) for share in report.stages)
    rows.append(("95 % interval", *spread))
    return _table(("language", *names), rows)


def _failed(report: Report) -> list[str]:
    lines = [_turn(turn) for turn in report.failing[:_MOST_FAILED]]
    more = len(report.failing) - _MOST_FAILED
    return [*lines, *([f"and {more} more"] if more > 0 else [])] or ["None."]


def _turn(turn: ScoredTurn) -> str:
    trace = turn.trace
    lines = [f"**{_inline(turn.id)}** {_inline(trace.question)}", ""]
    if trace.rewritten and trace.rewritten != trace.question:
        lines.append(f"- searched: {_inline(trace.rewritten)}")
    lines.append(f"- answered: {_inline(trace.answer) or '-'}")
    lines += [f"- {_inline(problem)}" for problem in trace.problems]
    if trace.stage:
        lines.append(f"- {escape_markdown(cause(turn))}")
    return "\n".join(lines)


def _inline(text: str) -> str:
    return escape_markdown(" ".join(plain(text).split()))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(header), _row(["---"] * len(header)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("\n", " ") for cell in cells) + " |"
