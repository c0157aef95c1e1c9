"""Compare ways of fusing dense and lexical ranks on public development sets.

    python -m tests.bench.fusion ../shared/data

Per language: MRR@10 of question -> own paragraph for dense alone, lexical alone, equal reciprocal
ranks, and scores fused with a share of dense. XQuAD is never read.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from convrag.config import load_config
from convrag.models.registry import load_encoder
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.fusion import reciprocal_rank_fusion, weighted_score_fusion
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import Document
from tests.bench.squad import DEVELOPMENT_SETS, by_paragraph

PARAGRAPHS, QUESTIONS, DEPTH, SEED = 200, 200, 30, 13
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7)


def reciprocal(ranking: Sequence[str], own: str) -> float:
    """Return 1 / rank of the own document's first passage, 0 beyond 10."""
    documents = list(dict.fromkeys(i.split("#")[0] for i in ranking))[:10]
    return 1.0 / (documents.index(own) + 1) if own in documents else 0.0


def measure(language: str, path: Path) -> dict[str, float]:
    """Return MRR@10 by method."""
    rng = random.Random(SEED)
    paragraphs = by_paragraph(path)
    keys = sorted(paragraphs)
    start = rng.randrange(max(1, len(keys) - PARAGRAPHS))
    keys = keys[start : start + PARAGRAPHS]
    encoder = load_encoder("embedded:e5-small", config=load_config())
    documents = [
        Document(f"p{i}", text, title.replace("_", " "), language, f"p{i}", str(i))
        for i, (title, text) in enumerate(keys)
    ]
    asked = [(f"p{i}", q) for i, key in enumerate(keys) for q in paragraphs[key]]
    asked = rng.sample(asked, min(QUESTIONS, len(asked)))
    totals: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Index.create(Path(folder) / "i", encoder=encoder) as index,
    ):
        index.update(documents, encoder)
        dense, lexical = DenseChannel(index), LexicalChannel(index)
        for own, question in asked:
            d = dense.search(encoder.encode([question], "query"), k=DEPTH)[0]
            w = lexical.search(question, language=language, k=DEPTH)
            ranks = {"dense": [i for i, _ in d], "lexical": [i for i, _ in w]}
            rankings = {
                **ranks,
                "rrf": [
                    i
                    for i, _, _ in reciprocal_rank_fusion(
                        ranks, weights={"dense": 1, "lexical": 1}, k=DEPTH
                    )
                ],
            }
            for share in SHARES:
                fused = weighted_score_fusion(
                    {"dense": d, "lexical": w},
                    weights={"dense": share, "lexical": 1 - share},
                    k=DEPTH,
                )
                rankings[f"score {share}"] = [i for i, _, _ in fused]
            for name, ranking in rankings.items():
                totals[name] = totals.get(name, 0.0) + reciprocal(ranking, own)
    return {name: total / len(asked) for name, total in totals.items()}


def main() -> None:
    """Print one row a language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    for number, (language, name) in enumerate(DEVELOPMENT_SETS.items()):
        result = measure(language, data / name)
        if not number:
            print("    ", *(f"{n:>9}" for n in result))
        print(f"{language:4}", *(f"{v:9.3f}" for v in result.values()), flush=True)


if __name__ == "__main__":
    main()
