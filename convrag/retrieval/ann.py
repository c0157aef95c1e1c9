"""The base: an approximate index over most of the passages' vectors, one immutable file.

FAISS' inverted lists of 8-bit codes: the vectors are parted among cells by k-means, a search looks
into the cells nearest to the question. What it finds are candidates; scores are taken from the
records. Of the two kinds that are usual, the graph of HNSW takes many times longer to build and
cannot give up vectors, inverted lists take in more and drop some within seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convrag.errors import IndexStoreError
from convrag.files import sync_folder
from convrag.protocols import Vectors
from convrag.retrieval.bitmap import Bitmap, Numbers

PATTERN = "vectors-*.ivf"
"""Names of base files."""
_CELLS = 2.0
"""Cells are this many times the square root of the number of vectors."""
_PER_CELL = 40
"""Vectors a cell is trained on; FAISS warns below 39."""
_VISITED = 32_000
"""Vectors in the cells that a search looks into, about; it finds .99 of the ten nearest among a
million. With a filter there are more, and more of them are passed over."""
_SEED = 20
_FEW = 0.25
"""Up to this share of rows it is faster to copy them than to score all."""


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """Which base belongs to the records: one of their meta values, committed with them.

    ``epoch`` rises whenever the base changes or the list of removed passages is cleared. ``name``
    is that of the file, empty when there is none, ``previous`` that of the file before it. The base
    covers the passages with numbers up to ``last`` that there were: ``count`` vectors, in cells
    trained on ``trained``. ``size`` and ``digest`` are of the file, ``projection`` is the id of
    what the vectors went through.
    """

    epoch: int = 0
    name: str = ""
    previous: str = ""
    last: int = 0
    count: int = 0
    trained: int = 0
    size: int = 0
    digest: str = ""
    projection: str = ""

    def text(self) -> str:
        """Return the form in which the records hold it."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def read(cls, text: str) -> BaseInfo:
        """Return what :meth:`text` gave.

        Raises:
            IndexStoreError: It is damaged.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise IndexStoreError(
                f"the records describe no base: {text:.80}", "run: convrag index repair"
            ) from error


class Base:
    """An open base file, memory-mapped: what a search does not look into takes no memory."""

    def __init__(self, index: Any, info: BaseInfo) -> None:  # noqa: ANN401 (FAISS has no types)
        """Search ``index``, which ``info`` describes."""
        self._index = index
        self.info = info

    def search(self, queries: Vectors, count: int, allowed: Bitmap | None, share: float) -> Numbers:
        """Return int64 (Q, count): numbers of likely neighbours in no order, -1 for none.

        Args:
            queries: float32 (Q, D), projected as the vectors were.
            count: How many; more cells are looked into until there are so many.
            allowed: The only numbers that may be found; None for all.
            share: Of the vectors that ``allowed`` holds, in 0..1.
        """
        faiss = _faiss()
        wanted = min(count, max(1, math.ceil(share * self.info.count)))
        selector = None if allowed is None else faiss.IDSelectorBitmap(allowed.bits)
        in_cell = self.info.count / self._index.nlist
        probed = math.ceil(_VISITED / in_cell / math.sqrt(max(share, 1e-9)))
        while True:
            probed = min(probed, self._index.nlist)
            parameters = faiss.SearchParametersIVF(nprobe=probed, sel=selector)
            _, found = self._index.search(queries, count, params=parameters)
            numbers: Numbers = found
            if probed == self._index.nlist or (numbers[:, wanted - 1] >= 0).all():
                return numbers
            probed *= 4

    def numbers(self) -> Numbers:
        """Return the passage numbers that the file has, rising."""
        faiss = _faiss()
        lists = self._index.invlists
        found = [np.empty(0, dtype=np.int64)]
        for cell in range(self._index.nlist):
            if size := lists.list_size(cell):
                found.append(faiss.rev_swig_ptr(lists.get_ids(cell), size).astype(np.int64))
        return np.sort(np.concatenate(found))


def opened(folder: Path, info: BaseInfo, dimension: int) -> Base | None:
    """Return the base that ``info`` describes; None when its file is missing or damaged."""
    path = folder / info.name
    try:
        if path.stat().st_size != info.size:
            return None
        index = _faiss().read_index(str(path), _faiss().IO_FLAG_MMAP)
    except (OSError, RuntimeError, UnicodeEncodeError):
        return None
    if index.d != dimension or index.ntotal != info.count:
        return None
    return Base(index, info)


def cells(count: int) -> int:
    """Return how many cells so many vectors are parted among."""
    return max(1, round(_CELLS * math.sqrt(count)))


def training_size(count: int) -> int:
    """Return how many of so many vectors the cells are trained on."""
    return min(count, _PER_CELL * cells(count))


def trained(sample: Vectors, count: int) -> Any:  # noqa: ANN401
    """Return an empty FAISS index for ``count`` vectors like those of ``sample``, (N, D)."""
    faiss = _faiss()
    dimension = sample.shape[1]
    quantizer = faiss.IndexFlatL2(dimension)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer,
        dimension,
        min(cells(count), max(1, len(sample) // _PER_CELL)),
        faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_L2,
    )
    index.cp.seed = _SEED
    index.train(sample)
    return index


def loaded(folder: Path, info: BaseInfo) -> Any | None:  # noqa: ANN401
    """Return the FAISS index of a base in memory, to be changed; None when it is damaged."""
    if not info.name or digest_of(folder / info.name) != info.digest:
        return None
    return _faiss().read_index(str(folder / info.name))


def changed(
    index: Any,  # noqa: ANN401
    removed: Numbers,
    added: Iterable[tuple[Numbers, Vectors]],
) -> None:
    """Drop the vectors of ``removed`` from a FAISS index and take in those of ``added``."""
    faiss = _faiss()
    if len(removed):
        index.remove_ids(faiss.IDSelectorBatch(removed))
    for numbers, vectors in added:
        index.add_with_ids(vectors, numbers)


def written(folder: Path, index: Any, info: BaseInfo) -> BaseInfo:  # noqa: ANN401
    """Write a FAISS index into a new file of ``folder`` and return ``info`` with what it is.

    Raises:
        OSError: It cannot be written.
    """
    faiss = _faiss()
    handle, name = tempfile.mkstemp(prefix=".vectors-", suffix=".tmp", dir=folder)
    temporary = Path(name)
    digest = hashlib.blake2b(digest_size=16)
    try:
        with os.fdopen(handle, "wb") as stream:

            def take(data: bytes) -> int:
                digest.update(data)
                return stream.write(data)

            writer = faiss.PyCallbackIOWriter(take, 1 << 20)
            faiss.write_index(index, writer)
            del writer  # what it still holds goes to the file
            stream.flush()
            os.fsync(stream.fileno())
        size = temporary.stat().st_size
        target = folder / f"vectors-{digest.hexdigest()[:8]}-{info.epoch}.ivf"
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    values = asdict(info) | {"name": target.name, "size": size, "digest": digest.hexdigest()}
    return BaseInfo(**values | {"count": int(index.ntotal)})


def digest_of(path: Path) -> str:
    """Return the hash of a file's content, empty when it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def nearest(
    queries: Vectors, numbers: Numbers, matrix: Vectors, count: int, allowed: Bitmap | None
) -> Numbers:
    """Return int64 (Q, count'): the exact neighbours of ``queries`` among the rows of ``matrix``.

    Args:
        queries: float32 (Q, D).
        numbers: int64 (N,), of the rows.
        matrix: float32 (N, D).
        count: How many at most.
        allowed: The only numbers that may be found; None for all.
    """
    kept = None if allowed is None or not len(numbers) else allowed.holds(numbers)
    if kept is not None and kept.mean() < _FEW:
        numbers, matrix, kept = numbers[kept], np.ascontiguousarray(matrix[kept]), None
    count = min(count, len(numbers))
    if not count:
        return np.empty((len(queries), 0), dtype=np.int64)
    if kept is None:
        faiss = _faiss()
        _, rows = faiss.knn(queries, matrix, count, metric=faiss.METRIC_INNER_PRODUCT)
        return np.asarray(numbers[rows], dtype=np.int64)
    scores = queries @ matrix.T  # (Q, N)
    scores[:, ~kept] = -np.inf
    rows = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    best = np.take_along_axis(scores, rows, axis=1)
    return np.where(np.isfinite(best), numbers[rows], -1)


def _faiss() -> Any:  # noqa: ANN401
    import faiss  # takes a third of a second: only who searches pays for it

    return faiss


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Search with one thread inside the block: a question is too little to share out."""
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
