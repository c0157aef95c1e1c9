"""Compare ways of fusing dense and lexical hits on public development sets.

    python -m tests.bench.fusion ../shared/data [--cache FOLDER]

Per set: MRR@10 of question -> own paragraph for each channel alone, reciprocal ranks, min-max
norms, and the fusion in use with several weights of the lexical channel; then the mean of all sets,
of each half of the articles, and the worst difference to the better channel. XQuAD is never read.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder
from convrag.retrieval import fusion
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.fusion import Candidates, fused
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from tests.bench.lexical import SETS
from tests.bench.squad import KeptVectors, Pool, indexed, pool

PARAGRAPHS, QUESTIONS, DEPTH = 200, 500, 50
WEIGHTS = (0.4, 0.6, 0.7, 0.8, 1.0)

Scores = Mapping[str, float]


def reciprocal(ranking: Sequence[str], own: str, depth: int = 10) -> float:
    """Return 1 / rank of the own document's first passage, 0 beyond ``depth``."""
    documents = list(dict.fromkeys(i.split("#")[0] for i in ranking))[:depth]
    return 1.0 / (documents.index(own) + 1) if own in documents else 0.0


def ordered(scores: Scores) -> list[str]:
    """Return ids, highest score first, ties by id."""
    return sorted(scores, key=lambda i: (-scores[i], i))


def reciprocal_ranks(rankings: Sequence[Scores], constant: int = 60) -> list[str]:
    """Return ids by the sum of 1 / (constant + rank): Cormack, Clarke, Buettcher, SIGIR 2009."""
    total: dict[str, float] = {}
    for scores in rankings:
        for rank, item in enumerate(ordered(scores), start=1):
            total[item] = total.get(item, 0.0) + 1.0 / (constant + rank)
    return ordered(total)


def minmax(rankings: Sequence[Scores]) -> list[str]:
    """Return ids by the mean of each channel's scores spread over 0..1."""
    total: dict[str, float] = {}
    for scores in rankings:
        low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
        for item, score in scores.items():
            spread = (score - low) / (high - low) if high > low else 1.0
            total[item] = total.get(item, 0.0) + spread
    return ordered(total)


def rankings(index: Index, encoder: Encoder, question: str, language: str) -> dict[str, list[str]]:
    """Return ids best first by method."""
    asked = encoder.encode([question], "query")
    dense = dict(DenseChannel(index).search(asked, k=DEPTH)[0])
    words = dict(LexicalChannel(index).search(question, language=language, k=DEPTH))
    ids = sorted({*dense, *words})
    view = index.vectors()
    cosines = view.projected(index.vectors_of(ids)) @ view.projected(asked)[0]
    found = Candidates.of(dict(zip(ids, cosines.tolist(), strict=True)), words)
    result = {
        "dense": ordered(dense),
        "lexical": ordered(words),
        "rrf": reciprocal_ranks([dense, words]),
        "min-max": minmax([dense, words]),
    }
    used = fusion.LEXICAL
    for weight in WEIGHTS:
        fusion.LEXICAL = weight
        result[f"z+{weight}"] = [i for i, _ in fused(found, passages=index.passage_count)]
    fusion.LEXICAL = used
    return result


def measure(asked: Pool, encoder: Encoder) -> dict[str, np.ndarray]:
    """Return the reciprocal rank of each question by method."""
    found: dict[str, list[float]] = {}
    with indexed(asked.documents, encoder) as index:
        for question, own in asked.asked:
            for name, ranking in rankings(index, encoder, question, asked.language).items():
                found.setdefault(name, []).append(reciprocal(ranking, own))
    return {name: np.array(values) for name, values in found.items()}


def main() -> None:
    """Print one row a set, then the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    arguments = parser.parse_args()
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), arguments.cache)
    halves: dict[str, list[list[float]]] = {}
    for number, name in enumerate(SETS):
        asked = pool(arguments.data, name, paragraphs=PARAGRAPHS, questions=arguments.questions)
        result = measure(asked, encoder)
        if not number:
            print(" " * 8, *(f"{n:>8}" for n in result))
        print(f"{name:8}", *(f"{v.mean():8.3f}" for v in result.values()), flush=True)
        half = np.array(asked.half)
        best = max(result["dense"].mean(), result["lexical"].mean())
        for method, values in result.items():
            parts = [values.mean(), *(values[half == h].mean() for h in (0, 1) if h in half)]
            row = [parts[0], parts[1], parts[-1], values.mean() - best]
            halves.setdefault(method, []).append(row)
    for position, label in enumerate(("mean", "half 1", "half 2")):
        print(f"{label:8}", *(f"{np.mean([r[position] for r in v]):8.4f}" for v in halves.values()))
    print(f"{'worst':8}", *(f"{min(r[3] for r in v):8.3f}" for v in halves.values()))


if __name__ == "__main__":
    main()
