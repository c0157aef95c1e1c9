"""Fit the probability that the best passage found is relevant, on development questions.

    python -m tests.bench.relevance ../shared/data [--cache FOLDER] [--write]

Each question is asked of paragraphs with its own among them and without it; the label is whether
the first passage is of its own paragraph. Pools are small and large, as indexes are. Prints, for
each set, how a model fitted on all other sets does there (AUC, Brier score, expected calibration
error in ten bins), then the model fitted on all. XQuAD is never read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import astuple, fields, replace
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder
from convrag.retrieval.evidence_score import Standing, standing
from convrag.retrieval.facts import FactChannel
from convrag.retrieval.hybrid import HybridRetriever
from convrag.retrieval.index import Index
from convrag.types import Filter, Passage, Query
from tests.bench.lexical import SETS
from tests.bench.squad import KeptVectors, Pool, indexed, pool

PARAGRAPHS, QUESTIONS, KEPT = 80, 60, 8
SMALL = 20
"""Documents of a small pool, which every third question is asked of."""


def retriever(index: Index, encoder: Encoder) -> HybridRetriever:
    """Return the shipped retriever over an index without a graph."""
    graph = KnowledgeGraph([])
    facts = FactChannel(graph, RelationMatcher(graph), encoder)
    return HybridRetriever(index, encoder, facts, lambda query: query.text)


def examples(asked: Pool, encoder: Encoder) -> Iterator[tuple[Standing, float]]:
    """Yield what is known of the first passage, and whether it is of the own paragraph."""
    names = [document.id for document in asked.documents]
    with indexed(asked.documents, encoder) as index:
        search = retriever(index, encoder)
        for number, (question, own) in enumerate(asked.asked):
            query = Query(question, question, asked.language)
            at = max(0, min(names.index(own) - SMALL // 2, len(names) - SMALL))
            near = names[at : at + SMALL] if number % 3 == 0 else names
            for there in (True, False):
                kept = tuple(name for name in near if there or name != own)
                evidence = search.retrieve(replace(query, filter=Filter(documents=kept)), k=KEPT)
                found = standing(evidence)
                first = evidence[0].item if evidence else None
                if found is not None and isinstance(first, Passage):
                    yield found, float(first.document_id == own)


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return logistic-regression weights (F + 1,), the bias last, by Newton's method."""
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (p - y) + 1e-3 * weights
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + 1e-3 * np.eye(len(weights))
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def area(p: np.ndarray, y: np.ndarray) -> float:
    """Return the area under the ROC curve: how often a hit is above a miss, ties count half."""
    hits, misses = p[y == 1][:, None], p[y == 0][None]
    return float((hits > misses).mean() + 0.5 * (hits == misses).mean())


def calibration_error(p: np.ndarray, y: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error: the mean gap of probability and share of hits."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs(p[place == b].sum() - y[place == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(p))


def main() -> None:
    """Fit, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    parser.add_argument("--write", action="store_true", help="put the model into the package")
    arguments = parser.parse_args()
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), arguments.cache)
    sets: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name in SETS:
        asked = pool(arguments.data, name, paragraphs=PARAGRAPHS, questions=QUESTIONS)
        rows = list(examples(asked, encoder))
        sets[name] = (np.array([astuple(s) for s, _ in rows]), np.array([y for _, y in rows]))
        print(name, len(rows), flush=True)
    for name, (x, y) in sets.items():
        rest = [v for k, v in sets.items() if k != name]
        weights = fit(*map(np.concatenate, zip(*rest, strict=True)))
        p = 1 / (1 + np.exp(-(x @ weights[:-1] + weights[-1])))
        print(
            f"{name:8} AUC {area(p, y):.3f} Brier {((p - y) ** 2).mean():.3f}"
            f" ECE {calibration_error(p, y):.3f}",
            flush=True,
        )
    weights = fit(*map(np.concatenate, zip(*sets.values(), strict=True)))
    names = [f.name for f in fields(Standing)]
    model = {
        "weights": dict(zip(names, weights[:-1].round(4).tolist(), strict=True)),
        "bias": round(float(weights[-1]), 4),
    }
    text = json.dumps(model, indent=2) + "\n"
    print(text)
    if arguments.write:
        path = Path("convrag/retrieval/evidence_score.json")
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
