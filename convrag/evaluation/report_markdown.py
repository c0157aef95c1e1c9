"""The results of an evaluation as Markdown, to put into a README, an issue or a wiki."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from convrag.evaluation.causes import cause
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.report import Report
from convrag.evaluation.report_tables import number
from convrag.text.sanitize import plain
from convrag.wire import escape_markdown

_MOST_FAILED = 100


def report_to_markdown(report: Report) -> str:
    """Return the tables, then the failed turns; outside text is escaped."""
    parts = ["# Evaluation", *_about(report)]
    rows = [
        (name, number(e.value), f"{e.low:.3f} – {e.high:.3f}" if e.count else "-", str(e.count))
        for name, e in report.metrics.items()
    ]
    parts += ["## Metrics", _table(("metric", "value", "95 % interval", "turns"), rows)]
    for key, groups in report.groups.items():
        if len(groups) > 1:
            parts += [f"## By {key}", _groups(report, key)]
    if report.wrong:
        parts += ["## Stages at fault", _stages(report)]
        causes = [(str(count), escape_markdown(name)) for name, count in report.causes]
        parts += ["## Most frequent causes", _table(("turns", "cause"), causes)]
    times = [
        (s, f"{t.median:.3f}", f"{t.p95:.3f}", str(t.count)) for s, t in report.latency.items()
    ]
    parts += ["## Seconds", _table(("stage", "median", "p95", "turns"), times)]
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


def _groups(report: Report, key: str) -> str:
    names = [name for name, estimate in report.metrics.items() if estimate.count]
    rows = [
        (group.name or "-", str(group.turns))
        + tuple(number(e.value if e else None) for e in map(group.metrics.get, names))
        for group in report.groups[key]
    ]
    return _table((key, "turns", *names), rows)


def _stages(report: Report) -> str:
    names = [share.stage for share in report.stages]
    rows = []
    for language, shares in {**report.stages_by_language, "all": report.stages}.items():
        counts = {share.stage: share.count for share in shares}
        rows.append((language, *(str(counts.get(name, 0)) for name in names)))
    rows.append(("share", *(f"{share.share:.0%}" for share in report.stages)))
    return _table(("language", *names), rows)


def _failed(report: Report) -> list[str]:
    lines = [_turn(turn) for turn in report.failing[:_MOST_FAILED]]
    more = len(report.failing) - _MOST_FAILED
    return [*lines, *([f"and {more} more"] if more > 0 else [])] or ["None."]


def _turn(turn: ScoredTurn) -> str:
    trace = turn.trace
    lines = [f"**{turn.id}** {_inline(trace.question)}", ""]
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
