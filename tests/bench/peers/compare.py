"""Score the runs of a folder and set convrag beside each peer.

    python -m tests.bench.peers.compare WORK/quality WORK/runs

Runs in the peers' environment. Prints a table a metric: each system's mean by language, and after
it convrag's lead with its 95 % interval by a paired bootstrap over questions. The questions are the
same in all languages, so the mean's interval draws a question in all languages at once.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG

from tests.bench.peers.interchange import SEED

METRICS = {"R@1": R @ 1, "R@5": R @ 5, "MRR@10": RR @ 10, "nDCG@10": nDCG @ 10}
RESAMPLES = 1000
OURS = "convrag"


def scored(qrels: Path, runs: Path) -> tuple[list[str], dict[str, dict[str, np.ndarray]]]:
    """Return the languages, and by system and metric float64 (languages, questions).

    A question that a system found nothing for scores 0; what no system was asked is left out.
    """
    relevant = list(ir_measures.read_trec_qrels(str(qrels)))
    found = {p.stem: list(ir_measures.read_trec_run(str(p))) for p in sorted(runs.glob("*.run"))}
    asked = sorted({hit.query_id for run in found.values() for hit in run})
    languages = sorted({question.split("-", 1)[0] for question in asked})
    own = [q for q in relevant if q.query_id in set(asked)]
    scores: dict[str, dict[str, np.ndarray]] = {}
    for system, run in found.items():
        by_question = dict.fromkeys(((m, q) for m in METRICS for q in asked), 0.0)
        names = {str(measure): name for name, measure in METRICS.items()}
        for value in ir_measures.iter_calc(list(METRICS.values()), own, run):
            by_question[names[str(value.measure)], value.query_id] = value.value
        scores[system] = {
            metric: np.array([by_question[metric, q] for q in asked]).reshape(len(languages), -1)
            for metric in METRICS
        }
    return languages, scores


def lead(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Return the mean difference of two (languages, questions) with its interval."""
    by_question = (ours - theirs).mean(axis=0)
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(by_question), (RESAMPLES, len(by_question)))
    low, high = np.quantile(by_question[drawn].mean(axis=1), [0.025, 0.975])
    return f"{by_question.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    arguments = parser.parse_args()
    languages, scores = scored(arguments.data / "qrels.txt", arguments.runs)
    peers = [system for system in scores if system != OURS]
    questions = next(iter(scores.values()))["R@1"].shape[1]
    print(f"{questions} questions in each of {len(languages)} languages")
    for metric in METRICS:
        head = [metric, OURS, *(name for peer in peers for name in (peer, "convrag leads by"))]
        print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        rows = {language: slice(i, i + 1) for i, language in enumerate(languages)}
        for name, row in (rows | {"mean": slice(None)}).items():
            ours = scores[OURS][metric][row]
            cells = [name, f"{ours.mean():.3f}"]
            for peer in peers:
                theirs = scores[peer][metric][row]
                cells += [f"{theirs.mean():.3f}", lead(ours, theirs)]
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
