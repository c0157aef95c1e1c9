"""Run txtai: its hybrid index, BM25 and vectors, with the weights it has by default.

    python -m tests.bench.peers.run_txtai WORK/quality --model WORK/model --out WORK/runs

Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.peers.interchange import DEPTH, Text, run


class Txtai:
    """An ``Embeddings`` with ``hybrid=True``; the prefixes come from the model's own settings."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from txtai import Embeddings

        self._settings = {"path": str(arguments.model), "hybrid": True, "gpu": False}
        self._models: dict[str, Any] = {}
        self._embeddings = Embeddings(self._settings, models=self._models)

    def encode(self, texts: Sequence[str], kind: str) -> Sequence[Sequence[float]]:
        """Return the model's vectors."""
        return self._embeddings.batchtransform(texts, "query" if kind == "query" else "data")

    def index(self, passages: Sequence[Text], folder: Path) -> float:
        """Build both indexes and save them."""
        from txtai import Embeddings

        self._embeddings = Embeddings(self._settings, models=self._models)
        model = self._embeddings.model
        encode, seconds = model.encode, 0.0

        def timed(*given: Any) -> Any:
            nonlocal seconds
            began = time.perf_counter()
            vectors = encode(*given)
            seconds += time.perf_counter() - began
            return vectors

        model.encode = timed
        self._embeddings.index((p.id, p.text, None) for p in passages)
        model.encode = encode
        self._embeddings.save(str(folder))
        return seconds

    def search(self, question: Text) -> Sequence[str]:
        """Return the passages by the fused score."""
        return [passage_id for passage_id, _ in self._embeddings.search(question.text, DEPTH)]


if __name__ == "__main__":
    run("txtai", Txtai)
