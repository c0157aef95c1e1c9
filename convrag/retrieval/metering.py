"""How far a run over files is and how fast it goes, told while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from convrag.protocols import Encoder, Vectors
from convrag.retrieval.roots import Roots

Progress = Callable[[str, float], None]
"""Called with what is being done and the share done (0..1)."""


class Meter:
    """Says what is being read, which share of the files that is, and how fast it goes."""

    def __init__(self, progress: Progress | None, files: int, roots: Roots) -> None:
        self._progress = progress
        self._files = files
        self._roots = roots
        self._read = 0
        self._source = "reading"
        self._passages = 0
        self._seconds = 0.0

    def read(self, _done: int, _total: int, source: str) -> None:
        """Count a file."""
        self._read += 1
        self._source = self._roots.named(source)
        self._tell()

    def encoded(self, passages: int, seconds: float) -> None:
        """Count passages."""
        self._passages += passages
        self._seconds += seconds
        self._tell()

    def watching(self, encoder: Encoder) -> Encoder:
        """Return an encoder whose passages are counted."""
        return _Watched(encoder, self.encoded)

    def _tell(self) -> None:
        if self._progress is None:
            return
        rate = f"{self._passages / self._seconds:,.0f} passages/s · " if self._seconds else ""
        self._progress(rate + self._source, min(1.0, self._read / max(self._files, 1)))


class _Watched:
    """An encoder that tells how many texts it encoded in how many seconds."""

    def __init__(self, encoder: Encoder, tell: Callable[[int, float], None]) -> None:
        self._encoder = encoder
        self._tell = tell

    @property
    def id(self) -> str:
        return self._encoder.id

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"] = "query") -> Vectors:
        began = time.perf_counter()
        vectors = self._encoder.encode(texts, kind)
        self._tell(len(texts), time.perf_counter() - began)
        return vectors
