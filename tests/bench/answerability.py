"""Fit the reader's answerability model on public development sets.

    python -m tests.bench.answerability ../shared/data [--write]

For each language, questions are asked twice over a pool of paragraphs: once with their own paragraph
in it, once without. The label is whether the best sentence stands in the question's own paragraph.
Prints accuracy per language, fitted on all other languages (leave one language out), and the share of
answerable questions wrongly abstained at 0.5. XQuAD is never read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.generation.answerability import Features
from convrag.generation.reading import EvidenceReader
from convrag.graph.model import KnowledgeGraph
from convrag.models.registry import load_encoder
from convrag.types import Evidence, Passage, Query

SETS = {
    "ar": "arcd/arcd-train.json.gz",
    "es": "squad_es/dev-v1.1-es_small.json.gz",
    "fr": "piaf/piaf-v1.0.json.gz",
    "ja": "jaquad/dev",
    "pt": "faquad/train.json.gz",
    "zh": "cmrc2018/cmrc2018_trial.json.gz",
    "he": "heq",
}
PARAGRAPHS, QUESTIONS, SEED = 80, 50, 13


def squad_rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (title, paragraph, question) of a SQuAD file or a folder of them."""
    files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    for file in files:
        opened = (
            gzip.open(file, "rt", encoding="utf-8")
            if file.suffix == ".gz"
            else file.open(encoding="utf-8")
        )
        with opened as stream:
            data = json.load(stream)
        for article in data["data"]:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    yield article.get("title", ""), paragraph["context"], question["question"]


def examples(language: str, path: Path, encoder, rng: random.Random):  # noqa: ANN001, ANN201
    """Return features (N, F) and labels (N,) for one language."""
    by_paragraph: dict[tuple[str, str], list[str]] = {}
    for title, text, question in squad_rows(path):
        by_paragraph.setdefault((title, text), []).append(question)
    keys = sorted(by_paragraph)
    start = rng.randrange(max(1, len(keys) - PARAGRAPHS))
    keys = keys[start : start + PARAGRAPHS]  # neighbours: the same articles, so hard negatives
    passages = [
        Passage(f"p{i}", text[:1500], title.replace("_", " "), language, "set", (0, len(text)))
        for i, (title, text) in enumerate(keys)
    ]
    vectors = np.concatenate(
        [
            encoder.encode([f"{p.title}. {p.text}" for p in passages[i : i + 16]], "passage")
            for i in range(0, len(passages), 16)
        ]
    )
    asked = rng.sample(range(len(keys)), min(QUESTIONS, len(keys)))
    reader = EvidenceReader(KnowledgeGraph([]), encoder)
    rows, labels = [], []
    for own in asked:
        text = rng.choice(by_paragraph[keys[own]])
        query = Query(text, text, language)
        cosines = vectors @ encoder.encode([text], "query")[0]
        for absent in (False, True):
            order = [
                int(i) for i in np.argsort(-cosines, kind="stable") if not (absent and i == own)
            ]
            evidence = [
                Evidence(passages[i], float(cosines[i]), r, {"dense": r}, (), float(cosines[i]))
                for r, i in enumerate(order[:4], start=1)
            ]
            candidate, features = reader.weigh(query, evidence)[0]
            rows.append(astuple(features))
            labels.append(candidate.evidence[0].id == f"p{own}")
    return np.array(rows), np.array(labels, dtype=float)


def fit(x: np.ndarray, y: np.ndarray, ridge: float = 1e-3) -> np.ndarray:
    """Return logistic-regression weights (F + 1,), the bias last, by Newton's method."""
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (p - y) + ridge * weights
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + ridge * np.eye(len(weights))
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def main() -> None:
    """Run the fit and print its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    encoder = load_encoder("embedded:e5-small", config=load_config())
    sets = {}
    for language, name in SETS.items():
        sets[language] = examples(language, arguments.data / name, encoder, random.Random(SEED))
        x, y = sets[language]
        print(
            language,
            len(y),
            "positive",
            y.mean().round(3),
            "means",
            x[y == 1].mean(0).round(3),
            x[y == 0].mean(0).round(3),
            flush=True,
        )
    if arguments.cache:
        np.savez(
            arguments.cache,
            **{f"{k}_{n}": a for k, v in sets.items() for n, a in zip("xy", v, strict=True)},
        )
    for language, (x, y) in sets.items():
        rest = [v for k, v in sets.items() if k != language]
        weights = fit(np.concatenate([v[0] for v in rest]), np.concatenate([v[1] for v in rest]))
        scores = x @ weights[:-1] + weights[-1]
        print(
            f"{language}: accuracy {((scores > 0) == y).mean():.3f} wrongly abstained {(scores[y == 1] <= 0).mean():.3f} wrongly answered {(scores[y == 0] > 0).mean():.3f}"
        )
    weights = fit(
        np.concatenate([v[0] for v in sets.values()]), np.concatenate([v[1] for v in sets.values()])
    )
    model = {
        "weights": dict(
            zip([f.name for f in fields(Features)], weights[:-1].round(4).tolist(), strict=True)
        ),
        "bias": round(float(weights[-1]), 4),
    }
    print(json.dumps(model, indent=2))
    if arguments.write:
        Path("convrag/generation/answerability.json").write_text(
            json.dumps(model, indent=2) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
