"""The results of an evaluation as one page for a browser, which needs nothing but itself."""

from __future__ import annotations

import importlib.resources
import json
import re
from typing import Any

from convrag.evaluation.causes import cause
from convrag.evaluation.report import Report, report_to_json
from convrag.text.sanitize import plain

_PLACE = "{{DATA}}"
_MARKUP = re.compile("[<>&\u2028\u2029]")


def report_page(report: Report) -> str:
    """Return the HTML page, its styles, code and data in it.

    Texts of documents, models and askers are data: they are put into the page as JSON without any
    character that HTML knows, and shown as text.
    """
    data = report_to_json(report)
    for turn, shown in zip(report.turns, data["turns"], strict=True):
        shown["cause"] = cause(turn)
    text = json.dumps(_plain(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _template().replace(_PLACE, _MARKUP.sub(lambda m: f"\\u{ord(m[0]):04x}", text), 1)


def _template() -> str:
    file = importlib.resources.files("convrag.evaluation") / "report.html"
    return file.read_text(encoding="utf-8")


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value with every text made safe to show."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
