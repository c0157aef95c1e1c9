"""Run convrag: documents into an index with the torch encoder, questions through the pipeline.

    python -m tests.bench.peers.run_convrag WORK/quality --model WORK/model --out WORK/runs

Runs in convrag's environment. There is no graph; a question goes the way a chat's first turn goes,
up to the retrieved evidence. A paragraph longer than a passage is found by its best passage.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.bench.peers.interchange import DEPTH, Text, run

if TYPE_CHECKING:
    from convrag.protocols import Encoder, Vectors


class TimedEncoder:
    """An encoder that counts the seconds it takes."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.id = encoder.id
        self.dimension = encoder.dimension
        self.seconds = 0.0

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"] = "query") -> Vectors:
        """Return what the encoder does."""
        began = time.perf_counter()
        vectors = self._encoder.encode(texts, kind)
        self.seconds += time.perf_counter() - began
        return vectors


class Convrag:
    """convrag with an index of its own for each pool."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from convrag.config import load_config
        from convrag.models.registry import load_encoder

        config = load_config(threads=arguments.threads)
        runtime: Literal["engine", "torch"] = arguments.queries or "torch"
        self._encoder = load_encoder("embedded:e5-small", config=config, runtime="torch")
        self._asker = (
            load_encoder("embedded:e5-small", config=config, runtime=runtime)
            if runtime == "engine"
            else self._encoder
        )
        self._pipeline = None

    def encode(self, texts: Sequence[str], kind: str) -> Sequence[Sequence[float]]:
        """Return the index encoder's vectors."""
        return self._encoder.encode(texts, "query" if kind == "query" else "passage").tolist()

    def index(self, passages: Sequence[Text], folder: Path) -> float:
        """Create an index and a pipeline over it."""
        from convrag.pipeline import Pipeline
        from convrag.retrieval.index import Index
        from convrag.types import Document

        if self._pipeline is not None:
            self._pipeline.close()
        encoder = TimedEncoder(self._encoder)
        documents = [Document(p.id, p.text, "", p.language, p.id, p.id) for p in passages]
        with Index.create(folder, encoder=encoder) as index:
            index.update(documents, encoder)
        opened = Index.open(folder, encoder_id=encoder.id)
        # Several passages of one paragraph may be found: enough for ten paragraphs.
        self._pipeline = Pipeline(opened, self._asker, name="bench", k=3 * DEPTH)
        return encoder.seconds

    def search(self, question: Text) -> Sequence[str]:
        """Return the paragraphs of the evidence."""
        from convrag.events import Failed, Retrieved
        from convrag.types import Dialogue, Passage, Role, Turn

        turn = Turn(question.id, Role.USER, question.text)
        for event in self._pipeline.respond(Dialogue(question.id), turn):
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, Retrieved):
                items = [e.item for e in event.evidence if isinstance(e.item, Passage)]
                return list(dict.fromkeys(item.document_id for item in items))
        return []  # taken for small talk: nothing is looked up


if __name__ == "__main__":
    run("convrag", Convrag, options=["--queries"])
