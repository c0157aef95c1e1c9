"""The passages' vectors as a search sees them: a base file, a tail in memory, and what is gone.

The base (:mod:`convrag.retrieval.ann`) covers the passages up to some number and never changes; the
tail are the passages since, searched exactly; what was removed since is left out inside the search.
A small index is all tail. All three follow the records: a view is of one generation.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convrag.protocols import Vectors
from convrag.retrieval import ann, records
from convrag.retrieval.ann import Base, BaseInfo
from convrag.retrieval.bitmap import Bitmap, Numbers
from convrag.retrieval.projection import Projection

_BATCH = 4096
"""Vectors read at a time."""
_SPARE = 16
"""Hits read beyond those asked for, so that ties at the border are broken by id, not by arrival."""


@dataclass(frozen=True, slots=True, eq=False)
class VectorView:
    """The vectors of one generation. ``numbers`` int64 (T,), rising, and ``matrix`` (T, D) are the
    tail; ``dead`` the numbers below the base's last that may be found, None when all may."""

    generation: int
    info: BaseInfo
    base: Base | None
    live: Bitmap | None
    numbers: Numbers
    matrix: Vectors
    projection: Projection | None

    def projected(self, vectors: Vectors) -> Vectors:
        """Return the encoder's vectors (N, D) as they are compared: float32 (N, D), unit norm."""
        return vectors if self.projection is None else self.projection.apply(vectors)

    def candidates(
        self, connection: sqlite3.Connection, queries: Vectors, k: int, allowed: Bitmap | None
    ) -> Numbers:
        """Return int64 (Q, n): passages among which the ``k`` nearest are, -1 for none.

        Args:
            connection: Inside the snapshot this view is of.
            queries: float32 (Q, D), projected.
            k: How many will be taken.
            allowed: The only passages that may be found; None for all.
        """
        share = 1.0
        if allowed is not None:
            share = min(1.0, allowed.count() / max(1, self.info.count))
        with ann.one_thread():
            found = [ann.nearest(queries, self.numbers, self.matrix, k + _SPARE, allowed)]
            if share and self.base is not None:
                selector = self.live if allowed is None else allowed
                count = min(4 * k + 64, self.info.count)
                found.append(self.base.search(queries, count, selector, share))
            elif share and self.info.name:
                found.append(self._exact(connection, queries, k + _SPARE, allowed))
        return np.concatenate(found, axis=1)

    def _exact(
        self, connection: sqlite3.Connection, queries: Vectors, count: int, allowed: Bitmap | None
    ) -> Numbers:
        """Search the records in place of a base that is missing: slow, but right."""
        found = [np.empty((len(queries), 0), dtype=np.int64)]
        dimension = queries.shape[1]
        for numbers, matrix in records.vector_batches(connection, dimension, 0, _BATCH):
            if numbers[0] > self.info.last:
                break
            found.append(ann.nearest(queries, numbers, self.projected(matrix), count, allowed))
        return np.concatenate(found, axis=1)

    def scores(
        self, connection: sqlite3.Connection, queries: Vectors, numbers: Numbers
    ) -> list[list[tuple[int, float]]]:
        """Return for each query its candidates' numbers with their exact cosines.

        Args:
            connection: Inside the snapshot this view is of.
            queries: float32 (Q, D), projected.
            numbers: int64 (Q, n), -1 for none.
        """
        asked = np.unique(numbers[numbers >= 0])
        known, matrix = records.vectors_of(connection, queries.shape[1], asked)
        # Double precision, so that a score does not depend on what else is scored with it.
        exact = self.projected(matrix).astype(np.float64)
        cosines = (queries.astype(np.float64) @ exact.T).astype(np.float32)  # (Q, n)
        scored = []
        for row, wanted in zip(cosines, numbers, strict=True):
            asked = np.unique(wanted[wanted >= 0])
            places = np.searchsorted(known, asked)
            scored.append([(int(known[place]), float(row[place])) for place in places])
        return scored


class VectorViews:
    """Keeps the newest view and brings it up to date: only what is new is read."""

    def __init__(self, folder: Path, dimension: int, projection: Projection | None) -> None:
        """Read base files from ``folder``."""
        self._folder = folder
        self._dimension = dimension
        self.projection = projection
        self._lock = threading.Lock()
        self._newest: VectorView | None = None
        self._buffer: Vectors = np.empty((0, dimension), dtype=np.float32)

    def view(self, connection: sqlite3.Connection, *, keep: bool) -> VectorView:
        """Return the view of the connection's state.

        Args:
            connection: Inside a snapshot or transaction.
            keep: Whether the state is one that others may see: what a transaction has changed may
                be taken back.
        """
        generation = records.generation(connection)
        info = records.base(connection)
        with self._lock:
            newest = self._newest
            if newest is not None and (newest.generation, newest.info) == (generation, info):
                return newest
            newer = newest is None or (generation, info.epoch) > (
                newest.generation,
                newest.info.epoch,
            )
            if not (keep and newer):
                return self._read(connection, generation, info)
            if newest is not None and newest.info == info:
                self._newest = self._grown(connection, generation, newest)
            else:
                self._newest = self._read(connection, generation, info)
                self._buffer = self._newest.matrix
            return self._newest

    def _read(self, connection: sqlite3.Connection, generation: int, info: BaseInfo) -> VectorView:
        base = ann.opened(self._folder, info, self._dimension) if self._fits(info) else None
        numbers, matrix = self._since(connection, info.last)
        live = None
        if info.name:
            gone = records.listed(connection, "FROM removed WHERE number <= ?", (info.last,))
            live = Bitmap.without(gone, info.last) if len(gone) else None
        return VectorView(generation, info, base, live, numbers, matrix, self.projection)

    def _fits(self, info: BaseInfo) -> bool:
        return bool(info.name) and info.projection == projection_id(self.projection)

    def _grown(
        self, connection: sqlite3.Connection, generation: int, old: VectorView
    ) -> VectorView:
        """Return the view after ``old``, whose rows it shares where it can."""
        gone = records.removed_since(connection, old.generation)
        last = int(old.numbers[-1]) if len(old.numbers) else old.info.last
        new, rows = self._since(connection, last)
        numbers, matrix, live = old.numbers, old.matrix, old.live
        if old.info.name and (below := gone[gone <= old.info.last]).size:
            rest = Bitmap.without(below, old.info.last)
            live = rest if live is None else live & rest
        kept = ~np.isin(numbers, gone)
        if not kept.all():
            numbers, matrix = numbers[kept], matrix[kept]
            self._buffer = matrix
        filled = len(numbers)
        if filled + len(new) > len(self._buffer):
            size = max(filled + len(new), 2 * filled)
            self._buffer = np.empty((size, self._dimension), dtype=np.float32)
            self._buffer[:filled] = matrix
        # Rows past those of older views: nobody reads them yet.
        self._buffer[filled : filled + len(new)] = rows
        matrix = self._buffer[: filled + len(new)]
        numbers = np.concatenate([numbers, new])
        return VectorView(generation, old.info, old.base, live, numbers, matrix, self.projection)

    def _since(self, connection: sqlite3.Connection, last: int) -> tuple[Numbers, Vectors]:
        numbers = [np.empty(0, dtype=np.int64)]
        rows: list[npt.NDArray[np.float32]] = [np.empty((0, self._dimension), dtype=np.float32)]
        for some, matrix in records.vector_batches(connection, self._dimension, last, _BATCH):
            numbers.append(some)
            rows.append(matrix if self.projection is None else self.projection.apply(matrix))
        return np.concatenate(numbers), np.concatenate(rows)


def projection_id(projection: Projection | None) -> str:
    """Return the id of a projection, empty for none."""
    return "" if projection is None else projection.id
