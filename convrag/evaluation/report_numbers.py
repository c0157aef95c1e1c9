"""Numbers of a report as text."""

from __future__ import annotations

import math
from collections.abc import Callable

from convrag.evaluation.statistics.resampling import Estimate

_LARGE = 10.0
"""From here on a number is a count or a length: one decimal is enough."""


def number(value: float | None) -> str:
    """Return a metric's value, ``-`` for none."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.1f}" if abs(value) >= _LARGE else f"{value:.3f}"


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return f"{value:+.1f}" if abs(value) >= _LARGE else f"{value:+.3f}"


def percent(value: float) -> str:
    """Return a share in percent, ``-`` for none."""
    return "-" if math.isnan(value) else f"{value:.0%}"


def interval(low: float, high: float, worded: Callable[[float], str] = number) -> str:
    """Return an interval, ``-`` for none."""
    return "-" if math.isnan(low) else f"{worded(low)} - {worded(high)}"


def short_interval(estimate: Estimate) -> str:
    """Return a metric's interval for a narrow column, ``-`` for none."""
    if math.isnan(estimate.low):
        return "-"
    places = 0 if abs(estimate.high) >= _LARGE else 2
    return f"{estimate.low:.{places}f}-{estimate.high:.{places}f}"
