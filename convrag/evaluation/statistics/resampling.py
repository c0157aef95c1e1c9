"""Intervals and tests by resampling whole dialogues.

Turns of one dialogue stand or fall together, so dialogues are drawn and swapped, not turns (cluster
bootstrap; Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SAMPLES = 2000
"""Resamples of a bootstrap."""
SWAPS = 10_000
"""Random sign patterns of a randomisation test, where not all of them can be tried."""
_EXACT = 13
"""So many dialogues that differ have few enough sign patterns to try them all."""

_CELLS = 2_000_000
Values = npt.NDArray[np.float64]
Part = tuple[str, float, float]
"""What a turn adds: its dialogue, and a numerator and denominator; a mean has denominator 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric over turns with its 95 % interval; NaN when no turn asks for it."""

    value: float
    low: float
    """NaN, like ``high``, when a single dialogue cannot tell how much dialogues differ."""
    high: float
    count: int
    """Turns it is taken over."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Second run less first, over the turns that both have."""

    first: float
    second: float
    value: float
    low: float
    """95 % interval of ``value``, paired bootstrap."""
    high: float
    p: float
    """Two-sided, randomisation test; 1 when nothing differs."""
    count: int
    """Turns that are compared."""


def estimate(parts: Iterable[Part], *, seed: int, samples: int = SAMPLES) -> Estimate:
    """Return the ratio of the sums with its percentile bootstrap interval.

    Where all dialogues say 0 or all say 1, there is nothing to resample; their exact interval
    stands in (Clopper and Pearson, Biometrika 1934). Parts without a denominator count for nothing.
    """
    kept = [part for part in parts if part[2] > 0]
    if not kept:
        return Estimate(math.nan, math.nan, math.nan, 0)
    sums = _sums(kept)[1]  # (C, 2)
    total = sums.sum(axis=0)
    value = float(total[0] / total[1])
    shares = sums[:, 0] / sums[:, 1]
    if np.allclose(shares, round(value)) and round(value) in (0, 1):
        least = 0.025 ** (1 / len(sums))
        low, high = (least, 1.0) if round(value) else (0.0, 1.0 - least)
    elif len(sums) == 1:
        low = high = math.nan
    else:
        drawn = _drawn(sums, seed, samples)  # (S, 2)
        low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return Estimate(value, float(low), float(high), len(kept))


def difference(
    first: Mapping[str, Part],
    second: Mapping[str, Part],
    *,
    seed: int,
    samples: int = SAMPLES,
    swaps: int = SWAPS,
) -> Difference:
    """Return how much the second run is ahead, turns paired by their ids.

    The interval is the paired bootstrap's (Efron and Tibshirani, "An Introduction to the
    Bootstrap", 1993, chapter 8). The test swaps the two runs' results of randomly chosen dialogues
    and asks how often the difference gets as far from 0 (Noreen, "Computer-Intensive Methods for
    Testing Hypotheses", 1989; Smucker, Allan and Carterette, CIKM 2007); with few dialogues all
    patterns are tried, otherwise ``(1 + hits) / (1 + swaps)``.

    Args:
        first: Parts by turn id.
        second: Parts by turn id; a turn that one run lacks, or has no denominator for, is left out.
        seed: Of both kinds of resampling.
        samples: Resamples of the bootstrap.
        swaps: Sign patterns of the test.
    """
    ids = sorted(
        turn for turn in first.keys() & second.keys() if first[turn][2] > 0 and second[turn][2] > 0
    )
    if not ids:
        nothing = math.nan
        return Difference(nothing, nothing, nothing, nothing, nothing, 1.0, 0)
    names, a = _sums([first[turn] for turn in ids])
    b = _sums([(first[turn][0], *second[turn][1:]) for turn in ids])[1]
    both = np.concatenate([a, b], axis=1)  # (C, 4)
    gains = _gain(_drawn(both, seed, samples))
    low, high = np.quantile(gains, (0.025, 0.975))
    total = both.sum(axis=0)
    gain = float(_gain(total[None])[0])
    p = _swapped(both, gain, seed, swaps)
    one, other = float(total[0] / total[1]), float(total[2] / total[3])
    return Difference(one, other, gain, float(low), float(high), p, len(ids))


def _sums(parts: Sequence[Part]) -> tuple[list[str], Values]:
    """Return the dialogues, sorted, and their sums, float64 (C, 2)."""
    names = sorted({dialogue for dialogue, _, _ in parts})
    places = {name: at for at, name in enumerate(names)}
    sums = np.zeros((len(names), 2))
    for dialogue, top, under in parts:
        sums[places[dialogue]] += top, under
    return names, sums


def _drawn(sums: Values, seed: int, samples: int) -> Values:
    """Return the sums (S, W) of dialogues drawn with replacement from ``sums`` (C, W)."""
    rng = np.random.default_rng(seed)
    parts = [
        sums[rng.integers(0, len(sums), (size, len(sums)))].sum(axis=1)
        for size in _sizes(samples, len(sums))
    ]
    return np.concatenate(parts)


def _sizes(rows: int, columns: int) -> list[int]:
    """Return ``rows`` in portions of which a table with so many columns fits in memory."""
    step = max(1, _CELLS // columns)
    return [min(step, rows - begin) for begin in range(0, rows, step)]


def _gain(sums: Values) -> Values:
    """Return the second ratio less the first of each row (S, 4)."""
    gains: Values = sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]
    return gains


def _swapped(both: Values, gain: float, seed: int, swaps: int) -> float:
    """Return the two-sided p of ``gain`` when the runs are swapped for whole dialogues."""
    differing = np.any(both[:, :2] != both[:, 2:], axis=1)
    fixed, moved = both[~differing].sum(axis=0), both[differing]
    count = len(moved)
    if not count:
        return 1.0
    least = abs(gain) - 1e-12
    other = moved[:, [2, 3, 0, 1]]

    def hits(patterns: npt.NDArray[np.int64]) -> int:
        sums = fixed + (1 - patterns) @ moved + patterns @ other
        return int((np.abs(_gain(sums)) >= least).sum())

    if count <= _EXACT:
        every = (np.arange(1 << count)[:, None] >> np.arange(count)) & 1
        return hits(every) / len(every)
    rng = np.random.default_rng(seed + 1)
    found = sum(hits(rng.integers(0, 2, (size, count))) for size in _sizes(swaps, count))
    return (1 + found) / (1 + swaps)
