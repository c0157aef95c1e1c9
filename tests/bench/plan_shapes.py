"""Fit which plan the form of a question asks for, by the vector of the question without its names.

    python -m tests.bench.plan_shapes ../shared/data --index INDEX --cache ~/.cache/shapes [--write]

Positive are the wordings of the three files of templates that development has seen, negative are
questions about one fact and ordinary questions of training sets; in both, names are replaced by
letters. A ridge regression on the shapes is fitted to the
vectors. It is judged on wordings that were left out, in all languages at once. Written:
``convrag/graph/plan_shapes.json``.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import convrag.graph.operators
from convrag.config import load_config
from convrag.graph import storage
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.plan_shapes import SHAPES, letters
from convrag.models.registry import load_encoder
from convrag.retrieval.index import Index
from convrag.types import Query
from tests.bench.empty_words import SETS, texts
from tests.bench.multihop import load_templates
from tests.bench.squad import KeptVectors

SEED = 7
_SHAPE = {
    "compare": "compare", "compare_population": "compare", "compare_life": "compare",
    "verdict": "verdict", "difference": "difference", "neighbours": "count", "users": "count",
    "more_than": "count", "both": "both", "largest": "most", "smallest": "least",
    "beside": "most", "neighbour_population": "most", "spoken": "path", "paid": "path",
    "capital_life": "path", "capital_population": "path", "currency_median_age": "path",
    "top_paid": "path", "top_coastline": "most", "top_population": "most",
    "bottom_median_age": "least", "value_population": "none", "value_coastline": "none",
}  # fmt: skip
_LETTERS = {"a": "A", "b": "B", "r": "A", "c": "A", "p": "A", "n": "1000000"}
_ORDINARY = 400
_FOLDS = 7
_PENALTY = 0.3


@dataclass(frozen=True, slots=True)
class Sample:
    """A question without names, its shape, and which part of the samples it is left out with."""

    text: str
    language: str
    shape: str
    fold: int


def wordings() -> Iterator[Sample]:
    """Yield the templates; those in the same place of a file are left out together."""
    place = 0
    for name in ("old", "dev", "test"):
        templates = load_templates(name)
        longest = max(len(some) for kinds in templates.values() for some in kinds.values())
        for language, kinds in templates.items():
            for kind, some in kinds.items():
                for n, wording in enumerate(some):
                    text = wording.format_map(_LETTERS)
                    yield Sample(text, language, _SHAPE.get(kind, kind), (place + n) % _FOLDS)
        place += longest


def ordinary(data: Path, graph: KnowledgeGraph) -> Iterator[Sample]:
    """Yield questions of training sets that name something the graph knows."""
    linker = DictionaryLinker(graph)
    for language, name in SETS.items():
        if "ntrex" in name:
            continue  # news asks nothing
        some = texts(data / name)
        random.Random(SEED).shuffle(some)
        kept = 0
        for text in some[:6000]:
            query = Query(text, text, language, linker.link(text, language=language))
            if query.links:
                spans = [link.mention.span for link in query.links]
                yield Sample(letters(text, spans), language, "none", kept % _FOLDS)
                kept += 1
            if kept == _ORDINARY:
                break


def fit(x: Any, y: Any, *, penalty: float = _PENALTY) -> Any:  # noqa: ANN401
    """Return the weights (D + 1, K) of a ridge regression on which shape it is."""
    ones = np.c_[x, np.ones(len(x))]
    ridge = penalty * np.eye(ones.shape[1])
    ridge[-1, -1] = 1e-6
    return np.linalg.solve(ones.T @ ones + ridge, ones.T @ np.eye(len(SHAPES))[y])


def main() -> None:
    """Fit, say how well left-out wordings are told, and write the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--index", type=Path, required=True, help="whose names are masked")
    parser.add_argument("--cache", type=Path, help="folder to keep vectors in")
    parser.add_argument("--least", type=float, default=0.3, help="least score of a shape")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with Index.open(options.index).snapshot() as connection:
        graph = KnowledgeGraph(storage.load_triples(connection))
    samples = [*wordings(), *ordinary(options.data, graph)]
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), options.cache)
    x = encoder.encode([s.text for s in samples], "query").astype(np.float64)
    mean = x.mean(axis=0)
    y = np.array([SHAPES.index(s.shape) for s in samples])
    fold = np.array([s.fold for s in samples])
    scores = np.zeros((len(y), len(SHAPES)))
    for held in range(_FOLDS):
        model = fit(x[fold != held] - mean, y[fold != held])
        scores[fold == held] = (x[fold == held] - mean) @ model[:-1] + model[-1]
    sure = (scores.max(axis=1) >= options.least) & (scores.argmax(axis=1) > 0)
    right = sure & (scores.argmax(axis=1) == y)
    print(f"{(y > 0).sum()} left-out wordings: told rightly {right[y > 0].mean():.3f}, ", end="")
    print(f"wrongly {(sure & ~right)[y > 0].mean():.3f}; others taken {sure[y == 0].mean():.4f}")
    if options.write:
        model = fit(x - mean, y)
        kept = {
            "weights": [[round(float(v), 3) for v in row] for row in model[:-1]],
            "bias": [round(float(v), 3) for v in model[-1] - mean @ model[:-1]],
            "least": options.least,
        }
        path = Path(convrag.graph.operators.__file__).with_name("plan_shapes.json")
        path.write_text(json.dumps({encoder.id: kept}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
