"""Fit which words add nothing to a question, by the vectors of single words, in ten languages.

    python -m tests.bench.empty_words ../shared/data --cache ~/.cache/words [--write]

Positive are the words of ``operators.toml`` that add nothing, negative are other content words of
ordinary questions, or of news where a language has no questions for training. The negatives hold
some empty words too, so that the share of them that passes is an upper bound. A logistic model
with an L2 penalty (Newton's method) is fitted to both; the bias lets ``--accepted`` of those
pass, measured on words that were left out. Written: ``convrag/graph/empty_words.json``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import convrag.graph.operators
from convrag.config import load_config
from convrag.graph.operators import empty_words
from convrag.models.registry import load_encoder
from convrag.text.analysis import content_words
from convrag.text.normalize import match_key
from tests.bench.squad import KeptVectors, rows

SETS = {
    "ar": "arcd/arcd-train.json.gz",
    "de": "ntrex/newstest2019-ref.deu.txt",
    "en": "lc_quad/train-data.json.gz",
    "es": "ntrex/newstest2019-ref.spa.txt",
    "fr": "piaf/piaf-v1.0.json.gz",
    "it": "ntrex/newstest2019-ref.ita.txt",
    "ja": "jaquad/train",
    "pt": "faquad/train.json.gz",
    "ru": "rubq/RuBQ_1.0/RuBQ_1.0_test.json.gz",
    "zh": "cmrc2018/cmrc2018_dev.json.gz",
}
"""Sets whose use is training; of the news the first nine tenths."""
_NEWS = 1_700
_TEXTS = 1_500
_WORDS = 600
_FOLDS = 3
SEED = 7


def texts(path: Path) -> list[str]:
    """Return the questions of a set, or the lines of news, each once and sorted."""
    if ".txt" in path.name:
        return sorted(set(path.read_text("utf-8").splitlines()[:_NEWS]))
    if path.parts[-2].startswith(("lc_quad", "RuBQ")):
        data = path.read_bytes()
        content = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        return sorted({row.get("corrected_question") or row["question_text"] for row in content})
    return sorted({question for _, _, question in rows(path)})


def words(language: str, path: Path) -> Iterator[tuple[str, int]]:
    """Yield words with 1 for those that add nothing, 0 for the others."""
    empty = empty_words(language)
    known = {match_key(part) for phrase in empty for part in (phrase, *phrase.split())}
    yield from ((word, 1) for word in sorted(empty))
    chance = random.Random(SEED)
    some = texts(path)
    found: set[str] = set()
    for text in chance.sample(some, min(_TEXTS, len(some))):
        for start, end in content_words(text, language):
            word = text[start:end].strip()
            name = word[:1].isupper() and (language != "de" or start == 0)
            if len(word) > 1 and not name and not any(c.isdigit() for c in word):
                found.add(word if language == "de" else word.lower())
    others = sorted(word for word in found if match_key(word) not in known)
    yield from ((word, 0) for word in chance.sample(others, min(_WORDS, len(others))))


def fit(x: Any, y: Any, *, steps: int = 8) -> Any:  # noqa: ANN401 (arrays)
    """Return weights and bias of the logistic model, both classes counting the same."""
    ones = np.c_[x, np.ones(len(x))]
    share = np.where(y == 1, len(y) / (2 * y.sum()), len(y) / (2 * (len(y) - y.sum())))
    ridge = np.eye(ones.shape[1])
    ridge[-1, -1] = 1e-6
    found = np.zeros(ones.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(ones @ found, -30, 30)))
        slope = ones.T @ (share * (p - y)) + ridge @ found
        curve = (ones * (share * p * (1 - p))[:, None]).T @ ones + ridge
        found = found - np.linalg.solve(curve, slope)
    return found


def main() -> None:
    """Fit, say how many left-out words are told apart, and write the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="folder to keep vectors in")
    parser.add_argument("--accepted", type=float, default=0.07, help="share of the other words")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), options.cache)
    rows_ = [
        (language, word, label)
        for language, name in SETS.items()
        for word, label in words(language, options.data / name)
    ]
    y = np.array([label for *_, label in rows_])
    x = encoder.encode([word for _, word, _ in rows_], "query").astype(np.float64)
    mean = x.mean(axis=0)
    fold = np.random.default_rng(SEED).integers(0, _FOLDS, len(y))
    scores = np.zeros(len(y))
    for held in range(_FOLDS):
        model = fit(x[fold != held] - mean, y[fold != held])
        scores[fold == held] = (x[fold == held] - mean) @ model[:-1] + model[-1]
    least = float(np.quantile(scores[y == 0], 1 - options.accepted))
    print(f"{int(y.sum())} empty words and {int((y == 0).sum())} others in {len(SETS)} languages")
    print(f"left-out words accepted: {(scores[y == 1] > least).mean():.3f} of the empty ones")
    model = fit(x - mean, y)
    if options.write:
        kept = {
            "weights": [round(float(v), 4) for v in model[:-1]],
            "bias": round(float(model[-1] - mean @ model[:-1] - least), 4),
        }
        path = Path(convrag.graph.operators.__file__).with_name("empty_words.json")
        path.write_text(json.dumps({encoder.id: kept}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
