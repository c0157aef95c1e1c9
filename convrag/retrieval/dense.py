"""The dense channel: passages by the cosines of their vectors to a question's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convrag.errors import ModelError
from convrag.protocols import Vectors
from convrag.retrieval import records
from convrag.types import Filter

if TYPE_CHECKING:
    from convrag.retrieval.index import Index

_SPARE = 16
"""Hits looked at beyond those asked for, so that ties at the border are broken by id."""
_ALL = Filter()


class DenseChannel:
    """Searches passages by the likeness of their vectors to a question's."""

    def __init__(self, index: Index) -> None:
        """Search ``index``."""
        self._index = index

    def search(
        self,
        vectors: Vectors,
        *,
        k: int,
        filter: Filter = _ALL,  # noqa: A002 (the name that every channel uses)
    ) -> list[list[tuple[str, float]]]:
        """Return, for each row of ``vectors``, at most ``k`` passage ids with cosines above 0.

        Args:
            vectors: float32 (Q, D), unit norm, of the index's encoder.
            k: How many hits for each.
            filter: Which passages may be found.

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
            view = self._index.vectors()
            allowed = self._index.allowed(filter)
            queries = view.projected(queries)
            numbers = view.candidates(connection, queries, k, allowed)
            scored = [
                sorted((hit for hit in hits if hit[1] > 0), key=lambda hit: -hit[1])[: k + _SPARE]
                for hits in view.scores(connection, queries, numbers)
            ]
            ids = records.ids_of(connection, {number for hits in scored for number, _ in hits})
        return [
            sorted(
                [(ids[number], score) for number, score in hits if number in ids],
                key=lambda hit: (-hit[1], hit[0]),
            )[:k]
            for hits in scored
        ]


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
