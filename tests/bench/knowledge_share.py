"""Measure how much of what a dialogue's history gives is recovered when facts are looked for.

    python -m tests.bench.knowledge_share ../shared/data [--held-out]

The same search in the graph, over the facts of the entities at hand, of the message before each one
that was said from facts:

``raw``: that message alone, through the project's stages, as if nothing was said before.
``named``: the message as typed, with everything that was named before equally in focus.
``own``: the project's own rewriting, linking and focus.
``gold``: with the entities of earlier facts and names in focus, as the annotation has them.
``about``: with the entities that the facts looked for are about. Who asks seldom says them before
the answer does; it says what naming the right entity is worth.

R@5 is the share of the facts among the first five; the recovered share of an arm is
``(arm - raw) / (gold - raw)``, also with ``about`` in the place of ``gold``, with a 95 % bootstrap
interval that draws whole dialogues, each with all of its arms. Again for the first follow-up alone,
the answer to the second message of the one who began. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.models.registry import load_encoder
from convrag.protocols import Vectors
from convrag.retrieval.facts_model import weights
from tests.bench.knowledge_cases import Case, Setup
from tests.bench.knowledge_dialogues import DOMAINS, SEED, load
from tests.bench.squad import KeptVectors

K = 5
DIALOGUES = 150
"""Of each file: all of KdConv's, and as many of CrossWOZ's."""
_SECOND = 2
"""Messages before the second one of who began the dialogue."""
_DRAWS = 2000


def recalls(setup: Setup, cases: Sequence[Case]) -> dict[str, Vectors]:
    """Return R@5 (N,) of the cases by arm."""
    model = weights()
    queries = {
        "raw": [c.raw for c in cases],
        "named": [c.mentioned for c in cases],
        "own": [c.own for c in cases],
        "gold": [c.query for c in cases],
        "about": [c.about for c in cases],
    }
    return {
        arm: np.array(
            [
                len(case.gold & set(setup.ranked(query, model)[:K])) / len(case.gold)
                for case, query in zip(cases, asked, strict=True)
            ]
        )
        for arm, asked in queries.items()
    }


def share(
    low: Vectors, arm: Vectors, high: Vectors, dialogues: Sequence[str]
) -> tuple[float, float, float]:
    """Return ``(arm - low) / (high - low)`` of the means, with its 95 % bootstrap interval.

    Args:
        low: Scores (N,) without what is to be recovered.
        arm: Scores (N,) of what recovers it.
        high: Scores (N,) with it.
        dialogues: Which dialogue each case is of; whole dialogues are drawn.
    """
    names, at = np.unique(list(dialogues), return_inverse=True)
    gained = np.bincount(at, arm - low)  # (D,)
    possible = np.bincount(at, high - low)
    drawn = np.random.default_rng(SEED).integers(0, len(names), (_DRAWS, len(names)))
    gains, tops = gained[drawn].sum(1), possible[drawn].sum(1)
    lost = tops > 0  # of a drawing in which nothing was lost there is no share
    first, last = np.percentile(gains[lost] / tops[lost], [2.5, 97.5])
    return float(gained.sum() / possible.sum()), float(first), float(last)


def report(title: str, cases: Sequence[Case], found: Mapping[str, Vectors]) -> None:
    """Print R@5 of each arm, and the shares that ``named`` and ``own`` recover."""
    for name, some in {
        title: np.ones(len(cases), bool),
        "  first follow-up": np.array([c.place == _SECOND for c in cases]),
    }.items():
        scores = {arm: values[some] for arm, values in found.items()}
        dialogues = [c.conversation for c, there in zip(cases, some, strict=True) if there]
        means = "  ".join(f"{arm} {values.mean():.3f}" for arm, values in scores.items())
        print(f"{name}: {len(dialogues)} of {len(set(dialogues))} dialogues  {means}")
        for arm in ("named", "own"):
            for top in ("gold", "about"):
                mean, low, high = share(scores["raw"], scores[arm], scores[top], dialogues)
                print(f"    {arm} recovers of {top:5} {mean:.3f} [{low:.3f}, {high:.3f}]")


def main() -> None:
    """Report on each domain."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    parser.add_argument("--domains", nargs="+", choices=DOMAINS, default=list(DOMAINS))
    parser.add_argument("--dialogues", type=int, default=DIALOGUES, help="of each file")
    parser.add_argument("--held-out", action="store_true", help="report on the held-out files")
    settings = parser.parse_args()
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), settings.cache)
    for domain in settings.domains:
        task = load(settings.data, domain, held_out=settings.held_out, dialogues=settings.dialogues)
        with tempfile.TemporaryDirectory() as folder:
            setup = Setup(task, encoder, Path(folder) / domain, with_texts=False)
            cases = setup.cases("history")
            report(domain, cases, recalls(setup, cases))


if __name__ == "__main__":
    main()
