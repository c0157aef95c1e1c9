"""Q4_0 blocks: 32 weights as one fp16 scale and 16 bytes, low nibbles first, value minus 8.

The layout is llama.cpp's ``block_q4_0``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BLOCK = 32
BLOCK_BYTES = 18

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_CHUNK = 1 << 16  # blocks worked on at once: bounds the temporary arrays to some tens of MB
_FACTORS = (1.0, 0.98, 0.96, 0.94, 0.92, 0.9, 0.88, 1.03)


def dequantise(blocks: Bytes) -> Floats:
    """Return the weights of ``blocks``: float32 (B, 32) of uint8 (B, 18)."""
    weights = np.empty((len(blocks), BLOCK), dtype=np.float32)  # (B, 32)
    for start in range(0, len(blocks), _CHUNK):
        part = blocks[start : start + _CHUNK]
        out = weights[start : start + _CHUNK]
        scale = np.ascontiguousarray(part[:, :2]).view("<f2").astype(np.float32)  # (b, 1)
        nibbles = part[:, 2:]
        half = BLOCK // 2
        np.subtract(nibbles & 15, 8.0, out=out[:, :half], dtype=np.float32)
        np.subtract(nibbles >> 4, 8.0, out=out[:, half:], dtype=np.float32)
        with np.errstate(invalid="ignore"):  # a damaged scale gives NaN, which the reader refuses
            out *= scale
    return weights


def quantise(weights: Floats) -> Bytes:
    """Return the blocks nearest to ``weights``: uint8 (B, 18) of float32 (B, 32).

    Each block takes, of a few scales around the one that maps its largest weight to -8, the one
    with the least squared error.
    """
    blocks = np.empty((len(weights), BLOCK_BYTES), dtype=np.uint8)  # (B, 18)
    for start in range(0, len(weights), _CHUNK):
        blocks[start : start + _CHUNK] = _quantise_chunk(weights[start : start + _CHUNK])
    return blocks


def requantise(weights: Floats, old: Bytes) -> Bytes:
    """Return ``quantise(weights)``, but the block of ``old`` wherever it already has these weights.

    So weights that did not change keep their bytes, whichever way they were quantised at first.
    """
    blocks = old.copy()
    for start in range(0, len(old), _CHUNK):
        part = weights[start : start + _CHUNK]
        changed = (dequantise(old[start : start + _CHUNK]) != part).any(axis=1)  # (b,)
        if changed.any():
            blocks[start : start + _CHUNK][changed] = _quantise_chunk(part[changed])
    return blocks


def _quantise_chunk(weights: Floats) -> Bytes:
    rows = np.arange(len(weights))
    peak = weights[rows, np.abs(weights).argmax(axis=1)]  # (b,) with its sign
    best_error = np.full(len(weights), np.inf, dtype=np.float32)
    best_scale = np.zeros(len(weights), dtype="<f2")
    best = np.full(weights.shape, 8, dtype=np.uint8)  # (b, 32)
    for factor in _FACTORS:
        scale = (peak * np.float32(factor / -8.0)).astype("<f2")
        wide = scale.astype(np.float32)[:, None]  # (b, 1)
        steps = np.divide(weights, wide, out=np.zeros_like(weights), where=wide != 0)
        codes = np.clip(np.rint(steps) + 8.0, 0.0, 15.0)
        error = np.square((codes - 8.0) * wide - weights).sum(axis=1)
        better = error < best_error
        best_error[better], best_scale[better] = error[better], scale[better]
        best[better] = codes[better].astype(np.uint8)
    half = BLOCK // 2
    blocks = np.empty((len(weights), BLOCK_BYTES), dtype=np.uint8)
    blocks[:, :2] = best_scale[:, None].view(np.uint8)
    blocks[:, 2:] = best[:, :half] | (best[:, half:] << 4)
    return blocks
