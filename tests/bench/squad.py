"""Reading SQuAD-format development sets for the benchmarks."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from convrag.protocols import Encoder, Vectors
from convrag.retrieval.index import Index
from convrag.types import Document
from tests.bench import lexical

DEVELOPMENT_SETS = {
    "ar": "arcd/arcd-train.json.gz",
    "es": "squad_es/dev-v1.1-es_small.json.gz",
    "fr": "piaf/piaf-v1.0.json.gz",
    "ja": "jaquad/dev",
    "pt": "faquad/train.json.gz",
    "zh": "cmrc2018/cmrc2018_trial.json.gz",
    "he": "heq/val v1.1.json.gz",
}
"""Sets whose use is train or dev; XQuAD is a held-out test and never among them."""
SEED = 13


def rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (title, paragraph, question) of a SQuAD file or of a folder of them."""
    files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    for file in files:
        data = file.read_bytes()
        articles = json.loads(gzip.decompress(data) if file.suffix == ".gz" else data)["data"]
        for article in articles:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    yield article.get("title", ""), paragraph["context"], question["question"]


def by_paragraph(path: Path) -> dict[tuple[str, str], list[str]]:
    """Return the questions of each (title, paragraph)."""
    found: dict[tuple[str, str], list[str]] = {}
    for title, text, question in rows(path):
        found.setdefault((title, text), []).append(question)
    return found


@dataclass(frozen=True, slots=True)
class Pool:
    """Paragraphs of one language as documents, and questions with the id of their document.

    ``half`` says, for each question, in which half of the articles its own is.
    """

    language: str
    documents: tuple[Document, ...]
    asked: tuple[tuple[str, str], ...]
    half: tuple[int, ...]


def pool(data: Path, name: str, *, paragraphs: int, questions: int) -> Pool:
    """Return neighbouring paragraphs, so that some are hard to tell apart, and their questions.

    Args:
        data: The folder of all sets.
        name: A key of ``tests.bench.lexical.SETS``.
        paragraphs: How many, at most.
        questions: How many, at most.
    """
    held: dict[tuple[str, str], list[str]] = {}
    for title, text, question in lexical.rows(data / lexical.SETS[name], lexical.held_out(data)):
        held.setdefault((title.replace("_", " "), text), []).append(question)
    rng = random.Random(SEED)
    keys = sorted(held)
    start = rng.randrange(max(1, len(keys) - 200))
    keys = keys[start : start + paragraphs]
    language = name[:2]
    documents = tuple(
        Document(f"p{i}", text, title, language, f"p{i}", str(i))
        for i, (title, text) in enumerate(keys)
    )
    asked = [(q, f"p{i}", key[0]) for i, key in enumerate(keys) for q in held[key]]
    asked = rng.sample(asked, min(questions, len(asked)))
    half = tuple(hashlib.sha256(title.encode()).digest()[0] % 2 for _, _, title in asked)
    return Pool(language, documents, tuple((q, own) for q, own, _ in asked), half)


@contextmanager
def indexed(documents: Sequence[Document], encoder: Encoder) -> Iterator[Index]:
    """Give a temporary index of the documents."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Index.create(Path(folder) / "index", encoder=encoder) as index,
    ):
        index.update(documents, encoder)
        yield index


class KeptVectors:
    """An encoder that keeps what it encoded in an SQLite file, so that a second run is quick."""

    def __init__(self, encoder: Encoder, folder: Path | None) -> None:
        """Keep vectors in ``folder``, or for this run only."""
        self._encoder = encoder
        self.id, self.dimension = encoder.id, encoder.dimension
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / "vectors.sqlite" if folder else ":memory:")
        self._file.execute("CREATE TABLE IF NOT EXISTS v (key BLOB PRIMARY KEY, vector BLOB)")

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"] = "query") -> Vectors:
        """Return float32 (N, D), unit norm, in the order of ``texts``."""
        keys = [self.key(self.id, kind, text) for text in texts]
        found = {key: self._found(key) for key in keys}
        missing = [i for i, key in enumerate(keys) if found[key] is None]
        for start in range(0, len(missing), 32):
            part = missing[start : start + 32]
            vectors = self._encoder.encode([texts[i] for i in part], kind)
            for i, vector in zip(part, vectors, strict=True):
                found[keys[i]] = vector
                self.keep(keys[i], vector)
            self._file.commit()
        none = np.zeros(self.dimension, np.float32)
        return np.stack([none, *(found[key] for key in keys)])[1:]

    @staticmethod
    def key(encoder_id: str, kind: str, text: str) -> bytes:
        """Return what a text's vector is kept under."""
        return hashlib.sha256(f"{encoder_id}\0{kind}\0{text}".encode()).digest()

    def keep(self, key: bytes, vector: Vectors) -> None:
        """Keep a vector."""
        data = np.ascontiguousarray(vector, "<f4").tobytes()
        self._file.execute("INSERT OR REPLACE INTO v VALUES (?, ?)", (key, data))

    def _found(self, key: bytes) -> Vectors | None:
        row = self._file.execute("SELECT vector FROM v WHERE key = ?", (key,)).fetchone()
        return None if row is None else np.frombuffer(row[0], "<f4").astype(np.float32)
