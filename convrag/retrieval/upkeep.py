"""Builds the base of an index, takes in what came since, and removes files nobody needs."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from convrag.protocols import Vectors
from convrag.retrieval import ann, records
from convrag.retrieval.ann import BaseInfo
from convrag.retrieval.bitmap import Numbers
from convrag.retrieval.projection import Projection
from convrag.retrieval.vectors import projection_id

TAIL = 30_000
"""Vectors that are searched without a base; exactly, in about a thousandth of a second."""
_PATIENCE = 4
"""A tail may be so many times longer while documents are being taken in."""
_DEAD = 0.25
"""Share of removed vectors from which on a base is worth changing."""
_GROWTH = 2.0
"""A base takes in what is new until it is so many times as large as when its cells were trained."""
_BATCH = 8192
_SEED = 20


def due(connection: sqlite3.Connection, info: BaseInfo, *, midway: bool) -> bool:
    """Return whether the tail has grown too long, or too much is gone.

    Args:
        connection: Inside a snapshot.
        info: The base that there is.
        midway: Whether more is about to come: a base is then changed each time all has doubled.
    """
    longest = max(_PATIENCE * TAIL, info.count) if midway else TAIL
    if _count(connection, "FROM passages WHERE number > ?", info.last) > longest:
        return True
    gone = _count(connection, "FROM removed WHERE number > ?", 0)
    return gone > max(TAIL, _DEAD * info.count)


def broken(folder: Path, info: BaseInfo, dimension: int, projection: Projection | None) -> bool:
    """Return whether the base cannot be searched: damaged, or made with another projection."""
    if not info.name:
        return False
    return (
        info.projection != projection_id(projection) or ann.opened(folder, info, dimension) is None
    )


def built(
    connection: sqlite3.Connection,
    folder: Path,
    dimension: int,
    projection: Projection | None,
    *,
    anew: bool = False,
) -> BaseInfo:
    """Write a base of all passages of the connection's state; return what is to be recorded.

    A base that is there takes in what is new and gives up what was removed, unless it has doubled
    since its cells were trained; a small index needs none.

    Args:
        connection: Inside a snapshot.
        folder: Where the file goes.
        dimension: Length of a vector.
        projection: What the vectors go through, if anything.
        anew: Whether to train the cells in any case: the same passages then give the same base.

    Raises:
        OSError: The file cannot be written.
    """
    old = records.base(connection)
    count = records.count(connection)
    info = BaseInfo(epoch=old.epoch + 1, previous=old.name, projection=projection_id(projection))
    if count <= TAIL:
        return info
    index = None
    after, removed = 0, np.empty(0, dtype=np.int64)
    usable = not anew and old.projection == info.projection
    if usable and old.trained / _GROWTH <= count <= old.trained * _GROWTH:
        index = ann.loaded(folder, old)
    if index is not None:
        after = old.last
        removed = records.listed(connection, "FROM removed WHERE number <= ?", (after,))
        info = replace(info, trained=old.trained)
    else:
        index = ann.trained(_sample(connection, dimension, projection, count), count)
        info = replace(info, trained=count)
    batches = records.vector_batches(connection, dimension, after, _BATCH)
    ann.changed(index, removed, _projected(batches, projection))
    return ann.written(folder, index, replace(info, last=records.last_number(connection)))


def _projected(
    batches: Iterator[tuple[Numbers, Vectors]], projection: Projection | None
) -> Iterator[tuple[Numbers, Vectors]]:
    for numbers, vectors in batches:
        yield numbers, vectors if projection is None else projection.apply(vectors)


def _sample(
    connection: sqlite3.Connection, dimension: int, projection: Projection | None, count: int
) -> Vectors:
    live = records.listed(connection, "FROM vectors", ())
    live.sort()
    chosen = np.random.default_rng(_SEED).choice(
        live, min(len(live), ann.training_size(count)), replace=False
    )
    chosen.sort()
    parts = []
    for start in range(0, len(chosen), _BATCH):
        some = chosen[start : start + _BATCH]
        parts.append(records.vectors_of(connection, dimension, some))
    return np.concatenate([vectors for _, vectors in _projected(iter(parts), projection)])


def record(connection: sqlite3.Connection, info: BaseInfo, generation: int) -> None:
    """Make ``info`` the base of the records and forget what was removed up to ``generation``.

    Args:
        connection: Inside a transaction.
        info: What :func:`built` gave.
        generation: Up to which base and term index have followed the records.
    """
    records.set_base(connection, info)
    connection.execute("DELETE FROM removed WHERE generation <= ?", (generation,))


def sweep(folder: Path, info: BaseInfo) -> None:
    """Remove what killed runs left and all base files but the last two; needs the writer's lock.

    The last but one stays for readers that are still in an older state of the records.
    """
    kept = {info.name, info.previous}
    for pattern in (ann.PATTERN, ".vectors-*.tmp", "vectors-*.f32"):
        for path in folder.glob(pattern):
            if path.name not in kept:
                with contextlib.suppress(OSError):
                    path.unlink()


def discard(folder: Path, data: str) -> None:
    """Remove what does not belong to the index in ``folder``; needs the writer's lock.

    Args:
        folder: The index's folder.
        data: Folder inside it that is used; empty when the data lies in ``folder`` itself.
    """
    for path in folder.glob(".manifest.json-*.tmp"):
        with contextlib.suppress(OSError):
            path.unlink()
    for path in folder.glob("data-*"):
        if path.name != data:
            shutil.rmtree(path, ignore_errors=True)
    if data:
        for pattern in ("records.sqlite*", ann.PATTERN, "vectors-*.f32"):
            for path in folder.glob(pattern):
                if not path.name.startswith("records.sqlite.damaged"):
                    with contextlib.suppress(OSError):
                        path.unlink()
        shutil.rmtree(folder / "terms", ignore_errors=True)


def _count(connection: sqlite3.Connection, source: str, value: object) -> int:
    return int(connection.execute(f"SELECT count(*) {source}", (value,)).fetchone()[0])  # noqa: S608 (fixed texts)
