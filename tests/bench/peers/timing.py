"""Time the systems on one set of passages, in turn, each time in a fresh process.

    python -m tests.bench.peers.timing WORK --peers-python PEERS/bin/python

Runs in convrag's environment, on a machine that does nothing else. Prints medians over the
repetitions, then how convrag's passages a second compare with sentence-transformers': the geometric
mean of the ratios of runs that followed each other, with its 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

from tests.bench.peers.interchange import SEED, quantile

OURS, BASE = "convrag", "sentence-transformers"
SYSTEMS = (OURS, BASE, "txtai", "haystack")
COLUMNS = {
    "indexed_per_second": "passages/s indexed",
    "encoded_per_second": "passages/s encoded",
    "query_p50_ms": "query p50 ms",
    "query_p95_ms": "query p95 ms",
    "loaded_mb": "MB loaded",
    "peak_mb": "MB at most",
    "disk_mb": "MB on disk",
}
RESAMPLES = 1000

Report = dict[str, Any]


def timed(arguments: argparse.Namespace, system: str, threads: int, number: int) -> Report:
    """Run the system once and return its report."""
    python = sys.executable if system == OURS else arguments.peers_python
    out = arguments.work / "timing" / f"threads-{threads}" / str(number)
    command = [python, "-m", f"tests.bench.peers.run_{system.replace('-', '_')}"]
    command += [str(arguments.work / "speed"), "--model", str(arguments.work / "model")]
    command += ["--out", str(out), "--threads", str(threads)]
    if system == OURS and arguments.queries:
        command += ["--queries", arguments.queries]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{system} failed:\n{done.stderr[-2000:]}")
    report: Report = json.loads((out / f"{system}.json").read_text(encoding="utf-8"))
    return report


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the geometric mean of the paired ratios with its interval."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    rng = random.Random(SEED)
    drawn = [geometric_mean(rng.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES)]
    low, high = quantile(drawn, 0.025), quantile(drawn, 0.975)
    return f"{geometric_mean(ratios):.2f} [{low:.2f}, {high:.2f}]"


def show(threads: int, reports: dict[str, list[Report]]) -> None:
    """Print the table of one number of threads, and the ratios."""
    count = len(next(iter(reports.values())))
    print(f"\n{threads} thread(s), median of {count}\n")
    head = ["system", *COLUMNS.values()]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for system, runs in reports.items():
        cells = [f"{median(run[key] for run in runs):.1f}" for key in COLUMNS]
        print("| " + " | ".join([system, *cells]) + " |")
    if OURS in reports and BASE in reports:
        base = [run["encoded_per_second"] for run in reports[BASE]]
        for key in ("indexed_per_second", "encoded_per_second"):
            ours = [run[key] for run in reports[OURS]]
            print(f"\nconvrag {COLUMNS[key]} / {BASE} encoded: {ratio(ours, base)}")


def main() -> None:
    """Run every system in turn, repetition by repetition."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--peers-python", required=True)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--queries", choices=["torch", "engine"], help="convrag's for questions")
    arguments = parser.parse_args()
    for threads in arguments.threads:
        reports: dict[str, list[Report]] = {system: [] for system in arguments.systems}
        for number in range(arguments.repetitions):
            # Whoever goes first may find a cooler machine, so they take turns at that too.
            order = arguments.systems if number % 2 == 0 else arguments.systems[::-1]
            for system in order:
                reports[system].append(timed(arguments, system, threads, number))
                print(threads, number, system, "done", file=sys.stderr, flush=True)
        show(threads, reports)


if __name__ == "__main__":
    main()
