"""Run Haystack: in-memory BM25 and embedding retrievers, joined by reciprocal ranks.

    python -m tests.bench.peers.run_haystack WORK/quality --model WORK/model --out WORK/runs

Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.peers.interchange import Text, run

_DEPTH = 30
"""Documents of each retriever, as many as convrag's channels give; the default of 10 is too few to
fuse ten from."""


class Haystack:
    """The hybrid retrieval pipeline of Haystack's documentation."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
        from haystack.utils import ComponentDevice
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
            SentenceTransformersTextEmbedder,
        )

        settings = {
            "model": str(arguments.model),
            "device": ComponentDevice.from_str("cpu"),
            "progress_bar": False,
            "local_files_only": True,
        }
        self._documents = SentenceTransformersDocumentEmbedder(prefix="passage: ", **settings)
        self._texts = SentenceTransformersTextEmbedder(prefix="query: ", **settings)
        self._documents.warm_up()
        self._texts.warm_up()

    def encode(self, texts: Sequence[str], kind: str) -> Sequence[Sequence[float]]:
        """Return the embedders' vectors."""
        from haystack import Document

        if kind == "query":
            return [self._texts.run(text)["embedding"] for text in texts]
        documents = self._documents.run([Document(content=text) for text in texts])["documents"]
        return [document.embedding for document in documents]

    def index(self, passages: Sequence[Text], folder: Path) -> float:
        """Embed the documents, write them into a store and save it."""
        from haystack import Document
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        began = time.perf_counter()
        documents = self._documents.run([Document(id=p.id, content=p.text) for p in passages])
        seconds = time.perf_counter() - began
        store = InMemoryDocumentStore(shared=False)
        store.write_documents(documents["documents"])
        store.save_to_disk(str(folder / "store.json"))
        self._pipeline = self._joined(store)
        return seconds

    def _joined(self, store: object) -> object:
        from haystack import Pipeline
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import (
            InMemoryBM25Retriever,
            InMemoryEmbeddingRetriever,
        )

        pipeline = Pipeline()
        # A component belongs to one pipeline, so the embedder is called beside it.
        pipeline.add_component("words", InMemoryBM25Retriever(store, top_k=_DEPTH))
        pipeline.add_component("vectors", InMemoryEmbeddingRetriever(store, top_k=_DEPTH))
        pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        pipeline.connect("words", "joiner")
        pipeline.connect("vectors", "joiner")
        return pipeline

    def search(self, question: Text) -> Sequence[str]:
        """Return the documents by the sum of their reciprocal ranks."""
        embedding = self._texts.run(question.text)["embedding"]
        found = self._pipeline.run(
            {"words": {"query": question.text}, "vectors": {"query_embedding": embedding}}
        )
        return [document.id for document in found["joiner"]["documents"]]


if __name__ == "__main__":
    run("haystack", Haystack)
