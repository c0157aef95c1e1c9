"""The passages' vectors as one array: read from SQLite, kept in a memory-mapped file beside it.

The file is derived and disposable. Its name carries the generation it was made from and its head
the index it belongs to; a file that is missing, short or of another generation is made anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convrag.protocols import Vectors
from convrag.retrieval import records
from convrag.retrieval.storage import replace_file

_HEAD = struct.Struct("<8s32sqqq")
_MAGIC = b"convrag1"
_PATTERN = "vectors-*.f32"


@dataclass(frozen=True, slots=True)
class VectorTable:
    """All vectors of one generation: ``matrix`` float32 (N, D), ``numbers`` int64 (N,), rising."""

    generation: int
    numbers: npt.NDArray[np.int64]
    matrix: Vectors


def collect(
    connection: sqlite3.Connection, dimension: int, previous: VectorTable | None
) -> VectorTable:
    """Return the vectors of the connection's current state.

    Args:
        connection: Inside a snapshot or transaction.
        dimension: Length of a vector.
        previous: A table of an older generation; what it already has is not read again.
    """
    live = np.fromiter(
        (number for (number,) in connection.execute("SELECT number FROM passages")), dtype=np.int64
    )
    live.sort()
    matrix = np.empty((len(live), dimension), dtype=np.float32)
    last, filled = 0, 0
    if previous is not None and len(previous.numbers):
        kept = np.isin(previous.numbers, live, assume_unique=True)
        filled = int(kept.sum())
        matrix[:filled] = previous.matrix[kept]
        last = int(previous.numbers[-1])
    rows = connection.execute(
        "SELECT vector FROM vectors WHERE number > ? ORDER BY number", (last,)
    )
    for position, (blob,) in enumerate(rows, start=filled):
        matrix[position] = np.frombuffer(blob, dtype="<f4")
    return VectorTable(records.generation(connection), live, matrix)


def path_of(folder: Path, generation: int) -> Path:
    """Return where the array of this generation is kept."""
    return folder / f"vectors-{generation}.f32"


def write(folder: Path, uid: str, table: VectorTable) -> None:
    """Write the file of ``table`` and remove the files of other generations.

    Raises:
        OSError: The folder cannot be written; the index works without the file.
    """
    count, dimension = table.matrix.shape
    head = _HEAD.pack(_MAGIC, uid.encode("ascii"), table.generation, count, dimension)
    path = path_of(folder, table.generation)
    numbers = np.ascontiguousarray(table.numbers, dtype="<i8")
    matrix = np.ascontiguousarray(table.matrix, dtype="<f4")
    replace_file(path, [head, numbers.tobytes(), matrix.reshape(-1).data])
    for old in folder.glob(_PATTERN):
        if old != path:
            with contextlib.suppress(OSError):  # another process may be faster, or may hold it open
                old.unlink()


def read(folder: Path, uid: str, generation: int, dimension: int) -> VectorTable | None:
    """Return the file's table of exactly this generation, memory-mapped, or None.

    Args:
        folder: The index's folder.
        uid: The index's own id: a file left over from an index that was replaced is not taken.
        generation: What the records are at.
        dimension: Length of a vector.
    """
    path = path_of(folder, generation)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD.size)
            size = path.stat().st_size
            if len(head) < _HEAD.size:
                return None
            count = _HEAD.unpack(head)[3]
            expected = _HEAD.pack(_MAGIC, uid.encode("ascii"), generation, count, dimension)
            if head != expected or size != _HEAD.size + count * (8 + 4 * dimension):
                return None
            numbers = np.fromfile(stream, dtype="<i8", count=count).astype(np.int64, copy=False)
            if not count:
                return VectorTable(generation, numbers, np.empty((0, dimension), np.float32))
            matrix = np.memmap(
                stream, dtype="<f4", mode="r", offset=stream.tell(), shape=(count, dimension)
            )
    except OSError:
        return None
    return VectorTable(generation, numbers, matrix)


def remove_files(folder: Path) -> None:
    """Remove every vector file of the folder.

    Raises:
        OSError: One of them cannot be removed.
    """
    for path in folder.glob(_PATTERN):
        path.unlink(missing_ok=True)
