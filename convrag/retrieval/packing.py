"""Passages' vectors as the records hold them: little-endian float16, half the size of float32.

A cosine of unit vectors of 384 values changes by about 0.00003 that way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from convrag.protocols import Vectors


def packed(vector: Vectors) -> bytes:
    """Return one vector (D,) as it is stored."""
    return vector.astype("<f2").tobytes()


def unpacked(blobs: Sequence[bytes], dimension: int) -> Vectors:
    """Return stored vectors as float32 (N, D), unit norm; what is damaged is zero."""
    size = 2 * dimension
    data = b"".join(blob if len(blob) == size else bytes(size) for blob in blobs)
    matrix = np.frombuffer(data, dtype="<f2").astype(np.float32).reshape(len(blobs), dimension)
    norms = np.sqrt(np.einsum("nd,nd->n", matrix, matrix))[:, None]  # (N, 1)
    matrix /= np.maximum(norms, 1e-12)
    return matrix


def passage_input(title: str, text: str) -> str:
    """Return what the encoder reads of a passage: its title, for context, and its text."""
    return f"{title}\n{text}" if title else text


def input_hash(title: str, text: str) -> int:
    """Return a signed 64-bit hash of what the encoder reads: equal inputs are found by it."""
    data = passage_input(title, text).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)
