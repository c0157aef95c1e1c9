"""Run sentence-transformers: dense retrieval alone.

    python -m tests.bench.peers.run_sentence_transformers WORK/quality --model WORK/model \
        --out WORK/runs

Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.peers.interchange import DEPTH, Text, run


class SentenceTransformers:
    """The bi-encoder with exact search, as ``util.semantic_search`` does it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(arguments.model), device="cpu")

    def encode(self, texts: Sequence[str], kind: str) -> Sequence[Sequence[float]]:
        """Return the model's vectors."""
        if kind == "query":
            return self._model.encode_query(list(texts))
        return self._model.encode_document(list(texts))

    def index(self, passages: Sequence[Text], folder: Path) -> float:
        """Encode the passages and save the array."""
        import numpy as np

        began = time.perf_counter()
        self._vectors = self._model.encode_document([p.text for p in passages])
        seconds = time.perf_counter() - began
        self._ids = [p.id for p in passages]
        np.save(folder / "vectors.npy", self._vectors)
        return seconds

    def search(self, question: Text) -> Sequence[str]:
        """Return the passages by cosine."""
        from sentence_transformers.util import semantic_search

        hits = semantic_search(
            self._model.encode_query([question.text]), self._vectors, top_k=DEPTH
        )[0]
        return [self._ids[hit["corpus_id"]] for hit in hits]


if __name__ == "__main__":
    run("sentence-transformers", SentenceTransformers)
