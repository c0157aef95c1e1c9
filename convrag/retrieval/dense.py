"""The dense channel: inner products of unit vectors, by FAISS, over the memory-mapped array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from convrag.errors import ModelError
from convrag.protocols import Vectors
from convrag.retrieval import records

if TYPE_CHECKING:
    from convrag.retrieval.index import Index

_SPARE = 16
"""Hits read beyond those asked for, so that ties at the border are broken by id, not by arrival."""


class ExactSearch:
    """Exact inner-product search over an array as it lies in the file: nothing is copied."""

    def __init__(self, matrix: Vectors) -> None:
        """Search the rows of ``matrix``, float32 (N, D), C-contiguous."""
        self._matrix = matrix

    def search(
        self, queries: Vectors, k: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return scores (Q, k) and rows (Q, k), best first; row -1 where there are fewer than k."""
        import faiss  # takes a third of a second: only who searches pays for it

        # One question is too little work to share out, and faiss' threads would fight with torch's.
        faiss.omp_set_num_threads(1)
        scores, rows = faiss.knn(queries, self._matrix, k, metric=faiss.METRIC_INNER_PRODUCT)
        return scores, rows


class DenseChannel:
    """Searches passages by the likeness of their vectors to a question's."""

    def __init__(self, index: Index) -> None:
        """Search ``index``."""
        self._index = index

    def search(self, vectors: Vectors, *, k: int) -> list[list[tuple[str, float]]]:
        """Return, for each row of ``vectors``, at most ``k`` passage ids with similarities above 0.

        Args:
            vectors: float32 (Q, D), unit norm, of the index's encoder.
            k: How many hits for each.

        Returns:
            Q lists, best first, ties by id.

        Raises:
            IndexStoreError: The database fails.
            ModelError: The vectors are not finite or not of the index's dimension.
        """
        queries = checked_vectors(vectors, self._index.dimension)
        if k < 1 or not len(queries):
            return [[] for _ in queries]
        with self._index.snapshot() as connection:
            table = self._index.vectors()
            wanted = min(k + _SPARE, len(table.numbers))
            if not wanted:
                return [[] for _ in queries]
            scores, rows = ExactSearch(table.matrix).search(queries, wanted)
            # (Q, wanted): row -1 and scores of 0 and below are no hits.
            found = (rows >= 0) & (scores > 0)
            numbers = np.where(found, table.numbers[np.maximum(rows, 0)], -1)
            ids = records.ids_of(connection, {int(n) for n in np.unique(numbers) if n >= 0})
        return [
            _ranked([(ids[int(n)], float(s)) for n, s in zip(*pair, strict=True) if n >= 0], k)
            for pair in zip(numbers, scores, strict=True)
        ]


def _ranked(hits: list[tuple[str, float]], k: int) -> list[tuple[str, float]]:
    return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]


def checked_vectors(vectors: Vectors, dimension: int) -> Vectors:
    """Return ``vectors`` as C-contiguous float32 (N, ``dimension``).

    Raises:
        ModelError: They are of another shape, or not finite.
    """
    array = np.ascontiguousarray(vectors, dtype=np.float32)
    if array.ndim != 2 or array.shape[1] != dimension:
        raise ModelError(
            f"the encoder gave vectors of shape {array.shape}, not (N, {dimension})",
            "use the encoder the index was made with",
        )
    if not np.isfinite(array).all():
        raise ModelError("the encoder gave vectors that are not finite", "run: convrag doctor")
    return array
