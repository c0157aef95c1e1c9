"""The projection of vectors: what it computes, when it applies, and what its file may hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convrag.errors import ModelError
from convrag.models.catalog import E5_SMALL
from convrag.retrieval import projection as module
from convrag.retrieval.projection import (
    SHIPPED,
    Projection,
    load_projection,
    read_projection,
    write_projection,
)

ENCODER = f"{E5_SMALL.reference}@{E5_SMALL.sha256[:8]}"


def unit(rows: int, size: int, seed: int = 7) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, size)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_applies_the_affine_map_and_normalises() -> None:
    weight = np.array([[0, 2], [1, 0]], dtype=np.float32)
    projection = Projection("id", "encoder", weight, np.array([1, -0.6], dtype=np.float32))
    # W x + b of (0.6, 0.8) is (1.6 + 1, 0.6 - 0.6) = (2.6, 0); of (1, 0) it is (1, 0.4).
    found = projection.apply(np.array([[0.6, 0.8], [1, 0]], dtype=np.float32))
    expected = np.array([[1, 0], np.array([1, 0.4]) / np.hypot(1, 0.4)])
    assert np.allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32


def test_leaves_its_input_alone_and_takes_no_rows() -> None:
    projection = Projection("id", "e", np.eye(3, dtype=np.float32) * 2, np.ones(3, np.float32))
    vectors = unit(4, 3)
    before = vectors.copy()
    projection.apply(vectors)
    assert np.array_equal(vectors, before)
    assert projection.apply(vectors[:0]).shape == (0, 3)


def test_a_row_has_the_same_vector_alone_and_among_others() -> None:
    projection = read_projection(SHIPPED)
    vectors = unit(50, projection.dimension)
    together = projection.apply(vectors)
    alone = np.concatenate([projection.apply(vectors[i : i + 1]) for i in range(50)])
    assert np.allclose(together, alone, atol=1e-6)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 4), (3,), (1, 2, 3)])
def test_refuses_vectors_of_another_shape(shape: tuple[int, ...]) -> None:
    projection = Projection("id", "the-encoder", np.eye(3, dtype=np.float32), np.zeros(3))
    with pytest.raises(ModelError, match="the-encoder"):
        projection.apply(np.ones(shape, dtype=np.float32))


def test_the_shipped_projection_is_for_the_embedded_encoder_only() -> None:
    projection = load_projection(ENCODER)
    assert projection is not None
    assert projection.encoder == ENCODER
    assert projection.dimension == 384
    assert load_projection(ENCODER) is projection
    for other in ("embedded:e5-small@00000000", "packed:x@1571fc98", "scripted:hash-384", ""):
        assert load_projection(other) is None
    assert SHIPPED.stat().st_size < 400_000


def test_the_same_values_give_the_same_file_and_id(tmp_path: Path) -> None:
    weight, bias = unit(5, 5), unit(1, 5)[0]
    first, second, other = (tmp_path / name for name in ("a.npz", "b.npz", "c.npz"))
    write_projection(first, encoder="e", weight=weight, bias=bias)
    write_projection(second, encoder="e", weight=weight, bias=bias)
    write_projection(other, encoder="e", weight=weight, bias=bias * 2)
    assert first.read_bytes() == second.read_bytes()
    read = read_projection(first)
    assert read.id == read_projection(second).id != read_projection(other).id
    assert np.allclose(read.weight, weight, atol=1e-3)
    assert np.allclose(read.bias, bias, atol=1e-3)


def test_a_missing_or_damaged_file_is_a_model_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.npz"
    with pytest.raises(ModelError, match=r"p\.npz"):
        read_projection(path)
    write_projection(path, encoder="e", weight=unit(4, 4), bias=np.ones(4, np.float32))
    whole = path.read_bytes()
    for broken in (b"", b"not an archive", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(ModelError, match="reinstall"):
            read_projection(path)
    write_projection(path, encoder="e", weight=unit(4, 4), bias=np.ones(5, np.float32))
    with pytest.raises(ModelError, match="square"):
        read_projection(path)
    write_projection(path, encoder="e", weight=unit(4, 4), bias=np.full(4, np.nan, np.float32))
    with pytest.raises(ModelError, match="finite"):
        read_projection(path)
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "absent.npz")
    module._shipped.cache_clear()
    load_projection.cache_clear()
    try:
        with pytest.raises(ModelError, match="absent"):
            load_projection(ENCODER)
    finally:
        module._shipped.cache_clear()
        load_projection.cache_clear()
