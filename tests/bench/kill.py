"""Kill processes at random moments of all they do to an index, and look at what is left.

    python -m tests.bench.kill --rounds 50 --seed 0

A round makes an index, lets a process add, update, delete, compact, migrate, repair or replace,
kills it, and asserts that the index opens, is sound, and has all that was committed.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.retrieval.killing import WORK, ordeal


def main() -> None:
    """Run the rounds and print how far each kind of work came."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    steps = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(chosen.rounds):
            what = WORK[number % len(WORK)]
            steps[what].append(ordeal(Path(scratch) / f"{number}", what, chance))
    for what, done in steps.items():
        print(f"{what:8} {len(done)} kills, all sound; steps done before: {done}")


if __name__ == "__main__":
    main()
