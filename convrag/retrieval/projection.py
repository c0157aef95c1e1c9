"""A projection of an encoder's vectors that brings texts of like meaning in any language together.

Two texts of one language are more alike to an encoder than their meanings are, so a passage in the
asker's language outranks a better one in another. The projection takes that share out of questions
and passages alike: y = normalise(W x + b).
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np

from convrag.errors import ModelError
from convrag.protocols import Vectors

SHIPPED = Path(__file__).with_name("projection.npz")
"""The projection that comes with convrag, trained for one encoder."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """An affine map between unit vectors of ``dimension``.

    ``id`` is a hash of the values: vectors of two projections must not be compared. ``encoder`` is
    the id of the encoder the projection was trained for.
    """

    id: str
    encoder: str
    weight: Vectors  # (D, D)
    bias: Vectors  # (D,)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return len(self.bias)

    def apply(self, vectors: Vectors) -> Vectors:
        """Return the projected rows of ``vectors``, float32 (N, D), unit norm.

        Args:
            vectors: float32 (N, D), unit norm, of the encoder the projection was trained for.

        Raises:
            ModelError: The vectors are of another shape.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.dimension:
            raise ModelError(
                f"the projection takes vectors of shape (N, {self.dimension}), not {vectors.shape}",
                f"it is made for the encoder {self.encoder}",
            )
        projected: Vectors = vectors.astype(np.float32, copy=False) @ self.weight.T + self.bias
        projected /= np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-12)
        return projected


def read_projection(path: Path) -> Projection:
    """Return the projection that ``write_projection`` wrote to ``path``.

    Raises:
        ModelError: The file is missing or damaged.
    """
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            encoder, stored = str(file["encoder"]), (file["weight"], file["bias"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: not a readable projection: {error}", "reinstall convrag") from (
            error
        )
    digest = hashlib.blake2b(encoder.encode("utf-8"), digest_size=8)
    for array in stored:
        digest.update(np.ascontiguousarray(array, dtype="<f2").tobytes())
    weight, bias = (np.asarray(array, dtype=np.float32) for array in stored)
    if bias.ndim != 1 or weight.shape != (len(bias), len(bias)):
        raise ModelError(f"{path}: not a square projection: {weight.shape}", "reinstall convrag")
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise ModelError(f"{path}: the projection is not finite", "reinstall convrag")
    return Projection(digest.hexdigest(), encoder, weight, bias)


def write_projection(path: Path, *, encoder: str, weight: Vectors, bias: Vectors) -> None:
    """Write a projection, values as float16; the same values give the same file.

    Args:
        path: Of the ``.npz`` file.
        encoder: Id of the encoder the projection was trained for.
        weight: (D, D).
        bias: (D,).
    """
    arrays = {"weight": weight.astype("<f2"), "bias": bias.astype("<f2")}
    with path.open("wb") as stream:
        np.savez(stream, allow_pickle=False, encoder=np.array(encoder), **arrays)


@lru_cache(maxsize=8)
def load_projection(encoder_id: str) -> Projection | None:
    """Return the shipped projection if it was trained for the encoder ``encoder_id``, else None.

    Raises:
        ModelError: The shipped file is missing or damaged.
    """
    shipped = _shipped()
    return shipped if shipped.encoder == encoder_id else None


@lru_cache(maxsize=1)
def _shipped() -> Projection:
    return read_projection(SHIPPED)
