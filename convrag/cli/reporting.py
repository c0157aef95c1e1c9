"""What an evaluation writes: tables on the terminal, and files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convrag.evaluation.report import Report


def write_reports(
    report: Report,
    *,
    json: Path | None = None,
    markdown: Path | None = None,
    html: Path | None = None,
) -> None:
    """Draw the tables on stdout and write the files that are asked for.

    Args:
        report: What is shown.
        json: Where all of it is written.
        markdown: Where the tables are written.
        html: Where the page is written.

    Raises:
        UsageError: A file cannot be written.
    """
    import json as json_module

    from convrag.cli.output import show_on_stdout, write_file
    from convrag.evaluation.report import report_to_json
    from convrag.evaluation.report_html import report_page
    from convrag.evaluation.report_markdown import report_to_markdown
    from convrag.evaluation.report_tables import render

    show_on_stdout(render(report))
    if json is not None:
        text = json_module.dumps(report_to_json(report), ensure_ascii=False, indent=1)
        write_file(json, text + "\n")
    if markdown is not None:
        write_file(markdown, report_to_markdown(report))
    if html is not None:
        write_file(html, report_page(report))


def bounds(
    texts: Sequence[str] | None, option: str, metrics: Sequence[str]
) -> list[tuple[str, float]]:
    """Return the metrics with their bounds that an option names as ``METRIC=VALUE``.

    Args:
        texts: What was given.
        option: How the option is called.
        metrics: Those that are known, besides the times.

    Raises:
        UsageError: There is no such metric, or its bound is no number.
    """
    return [_bound(text, option, metrics) for text in texts or ()]


def _bound(text: str, option: str, metrics: Sequence[str]) -> tuple[str, float]:
    from convrag.errors import UsageError
    from convrag.evaluation.runner import STAGES

    name, _, value = text.partition("=")
    known = [*metrics, *(f"{stage}_{kind}" for stage in STAGES for kind in ("median", "p95"))]
    if name not in known:
        raise UsageError(f"{option} {text}: unknown metric '{name}'", f"known: {', '.join(known)}")
    try:
        return name, float(value)
    except ValueError as error:
        raise UsageError(
            f"{option} {text}: '{value}' is no number", "like answer_accuracy=0.8"
        ) from error
