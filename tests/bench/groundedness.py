"""Support of statements by texts against human labels: fitted on BEGIN's development files.

    python -m tests.bench.groundedness ../shared/data --cache DIR [--sample N] [--fit]

BEGIN's test file and MEMERAG are held out: they are only measured. Labels are binary: "Fully
attributable" against the rest in BEGIN, "Supported" against "Not Supported" in MEMERAG.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.evaluation.metrics.overlap import rouge_l
from convrag.evaluation.metrics.support import (
    SUPPORTED,
    Signals,
    features,
    signals,
    support,
)
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder
from tests.bench.squad import SEED, KeptVectors

DEVELOPMENT = {
    "begin wow dev": "begin/wow/begin_dev_wow.tsv",
    "begin cmu dev": "begin/cmu-dog/begin_dev_cmu.tsv.gz",
    "begin tc dev": "begin/topicalchat/begin_dev_tc.tsv.gz",
}
HELD_OUT = {"begin wow test": "begin/wow/begin_test_wow.tsv.gz"}
LANGUAGES = ("de", "en", "es", "fr", "hi")
RESAMPLES = 1000
WEIGHED = 5
"""Signals that are weighed besides the encoder's."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement, the text it should follow from, and whether people say that it does."""

    statement: str
    text: str
    language: str
    supported: bool


def begin(path: Path) -> Iterator[Judged]:
    """Yield the responses of one BEGIN file."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    with io.StringIO(text, newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            label = row["begin_label"] == "Fully attributable"
            yield Judged(row["response"], row["knowledge"], "en", label)


def memerag(path: Path, language: str) -> Iterator[Judged]:
    """Yield the sentences of one MEMERAG file that people could decide on."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            text = "\n".join(piece["text"] for piece in row["context"])
            for sentence in row["answer"]:
                if sentence["factuality"] in ("Supported", "Not Supported"):
                    label = sentence["factuality"] == "Supported"
                    yield Judged(sentence["sentence"], text, language, label)


def found(judged: Sequence[Judged], encoder: Encoder | None) -> list[Signals]:
    """Return the signals of each."""
    return [signals(j.statement, j.text, j.language, encoder=encoder) for j in judged]


# --- measures -------------------------------------------------------------------------------------


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the area under the ROC curve: how often a supported one scores higher; ties half."""
    ranks = _ranks(scores)
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative:
        return float("nan")
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1, ties with the mean of their places."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]


def spearman(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the rank correlation with the labels."""
    a, b = _ranks(scores), _ranks(labels.astype(float))
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else float("nan")


def interval(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the AUC."""
    rng = np.random.default_rng(SEED)
    drawn = [rng.integers(len(labels), size=len(labels)) for _ in range(RESAMPLES)]
    values = [auc(scores[at], labels[at]) for at in drawn]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def fitted(values: np.ndarray, labels: np.ndarray, *, decay: float = 1.0) -> np.ndarray:
    """Return bias and weights (F + 1,) of a logistic regression, by Newton's method."""
    design = np.hstack([np.ones((len(values), 1)), values])
    weights = np.zeros(design.shape[1])
    penalty = decay * np.eye(len(weights))
    penalty[0, 0] = 0.0
    for _ in range(50):
        odds = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (labels - odds) - penalty @ weights
        curve = (design * (odds * (1 - odds))[:, None]).T @ design + penalty
        weights = weights + np.linalg.solve(curve, gradient)
    return weights


# --- reports --------------------------------------------------------------------------------------


def report(name: str, judged: Sequence[Judged], encoder: Encoder | None) -> None:
    """Print how well each score tells supported statements from others."""
    labels = np.array([item.supported for item in judged])
    rows = found(judged, encoder)
    lexical = [support(replace(row, meaning=None)) for row in rows]
    scores = {
        "rouge-l": [rouge_l(j.statement, [j.text]).precision for j in judged],
        "words": [row.words for row in rows],
        "lexical": lexical,
    }
    if encoder is not None:
        scores["meaning"] = [row.meaning or 0.0 for row in rows]
        scores["both"] = [support(row) for row in rows]
    for kind, values in scores.items():
        array = np.array(values)
        low, high = interval(array, labels)
        right = (
            ((array >= SUPPORTED) == labels).mean() if kind in ("lexical", "both") else float("nan")
        )
        print(
            f"{name:16} {kind:8} n {len(labels):4} supported {labels.mean():.2f}"
            f" auc {auc(array, labels):.3f} [{low:.3f}, {high:.3f}]"
            f" spearman {spearman(array, labels):+.3f} right {right:.3f}",
            flush=True,
        )


def fit(judged: Sequence[Judged], encoder: Encoder | None) -> None:
    """Print the weights, and what five folds say of them."""
    labels = np.array([item.supported for item in judged])
    rows = found(judged, encoder)
    every = np.array([features(row) for row in rows])
    for name, values in (("lexical", every[:, :WEIGHED]), ("with meaning", every)):
        folds = np.random.default_rng(SEED).integers(0, 5, len(labels))
        held = np.zeros(len(labels))
        for fold in range(5):
            weights = fitted(values[folds != fold], labels[folds != fold])
            held[folds == fold] = values[folds == fold] @ weights[1:] + weights[0]
        print(
            f"{name}: five-fold auc {auc(held, labels):.3f}",
            fitted(values, labels).round(3).tolist(),
        )


def main() -> None:
    """Fit or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    parser.add_argument("--sample", type=int, default=0, help="statements of a set, 0 for all")
    parser.add_argument("--lexical", action="store_true", help="without the encoder")
    parser.add_argument("--fit", action="store_true", help="fit on the development files")
    arguments = parser.parse_args()
    encoder: Encoder | None = None
    if not arguments.lexical:
        config = load_config()
        encoder = KeptVectors(load_encoder("embedded:e5-small", config=config), arguments.cache)

    def some(judged: Iterator[Judged]) -> list[Judged]:
        every = list(judged)
        count = arguments.sample or len(every)
        return random.Random(SEED).sample(every, min(count, len(every)))

    development = {n: some(begin(arguments.data / p)) for n, p in DEVELOPMENT.items()}
    if arguments.fit:
        fit([item for judged in development.values() for item in judged], encoder)
        return
    for name, judged in development.items():
        report(name, judged, encoder)
    for name, path in HELD_OUT.items():
        report(name, some(begin(arguments.data / path)), encoder)
    for language in LANGUAGES:
        path = arguments.data / "memerag" / "memerag" / f"{language}.jsonl.gz"
        report(f"memerag {language}", some(memerag(path, language)), encoder)


if __name__ == "__main__":
    main()
