"""The packed encoder file: reading, refusing, writing."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.errors import ModelError
from convrag.models.packed import read_packed, tensor_shapes, write_packed
from convrag.models.packed_bert import bert_name
from convrag.models.q4 import dequantise, quantise, requantise
from tests.models.conftest import TINY, tiny_bytes, vocabulary_section


def test_dequantises_a_block_worked_by_hand() -> None:
    # Scale 0.5; the first byte 0x2F holds 15 (low, weight 0) and 2 (high, weight 16).
    block = np.frombuffer(struct.pack("<e", 0.5) + bytes([0x2F] + [0x88] * 15), dtype=np.uint8)
    weights = dequantise(block[None, :])[0]
    assert weights[0] == 3.5
    assert weights[16] == -3.0
    assert not weights[1:16].any()
    assert not weights[17:].any()


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
@settings(max_examples=25, deadline=None)
def test_quantising_is_never_worse_than_the_plain_scale(seed: int, size: float) -> None:
    weights = (np.random.default_rng(seed).normal(size=(20, 32)) * size).astype(np.float32)
    peak = weights[np.arange(20), np.abs(weights).argmax(axis=1)]
    scale = (peak / -8).astype("<f2").astype(np.float32)[:, None]
    plain = (np.clip(np.rint(weights / scale), -8, 7)) * scale
    error = np.square(dequantise(quantise(weights)) - weights).sum(axis=1)
    assert (error <= np.square(plain - weights).sum(axis=1) * 1.0001).all()
    assert (error <= 32 * np.square(scale[:, 0])).all()


def test_zero_weights_stay_zero() -> None:
    assert not dequantise(quantise(np.zeros((3, 32), dtype=np.float32))).any()


def test_unchanged_blocks_keep_their_bytes() -> None:
    rng = np.random.default_rng(1)
    old = rng.integers(0, 256, size=(50, 18), dtype=np.uint8)
    old[:, :2] = rng.normal(size=50).astype("<f2")[:, None].view(np.uint8)
    weights = dequantise(old)
    weights[7] += 0.3
    new = requantise(weights, old)
    assert (new != old).any(axis=1).nonzero()[0].tolist() == [7]


def test_reads_header_and_tensors(tiny_path: Path) -> None:
    packed = read_packed(tiny_path)
    assert packed.header == TINY
    assert packed.vocabulary == vocabulary_section()
    assert {name: packed.tensor(name).shape for name in packed.entries} == tensor_shapes(TINY)
    rng = np.random.default_rng(0)
    word = rng.normal(size=(12, 32)).astype(np.float32)
    position = rng.normal(size=(16, 32)).astype(np.float32)
    assert np.abs(packed.tensor("emb.word") - word).max() < 0.4
    assert (packed.tensor("emb.pos") == position).all()


def test_writing_what_was_read_gives_the_same_file(tiny_path: Path, tmp_path: Path) -> None:
    packed = read_packed(tiny_path)
    copy = tmp_path / "copy.bin"
    write_packed(copy, packed, {name: packed.tensor(name) for name in packed.entries})
    assert copy.read_bytes() == tiny_path.read_bytes()
    write_packed(copy, packed, {})
    assert copy.read_bytes() == tiny_path.read_bytes()


def test_a_changed_tensor_is_written_and_the_others_kept(tiny_path: Path, tmp_path: Path) -> None:
    packed = read_packed(tiny_path)
    changed = packed.tensor("l0.fi.w") * 1.5
    write_packed(tmp_path / "new.bin", packed, {"l0.fi.w": changed})
    new = read_packed(tmp_path / "new.bin")
    assert np.abs(new.tensor("l0.fi.w") - changed).max() < 0.05
    for name in set(packed.entries) - {"l0.fi.w"}:
        assert (new.raw(name) == packed.raw(name)).all()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("nothing", np.zeros(3)),
        ("l0.q.b", np.zeros(3)),
        ("l0.q.b", np.full(32, np.nan)),
        ("l0.q.w", np.full((32, 32), 1e9)),
    ],
)
def test_what_does_not_fit_is_not_written(
    tiny_path: Path, tmp_path: Path, name: str, values: np.ndarray
) -> None:
    target = tmp_path / "new.bin"
    with pytest.raises(ModelError):
        write_packed(target, read_packed(tiny_path), {name: values.astype(np.float32)})
    assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.bin"]


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = tiny_bytes()
    path = tmp_path / "short.bin"
    for size in [0, 1, 43, 44, 60, 100, *range(120, len(data), 37), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(ModelError) as caught:
            read_packed(path)
        assert caught.value.hint
        assert str(path) in caught.value.message


@given(st.integers(0, len(tiny_bytes()) - 1), st.binary(min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, at: int, noise: bytes
) -> None:
    data = bytearray(tiny_bytes())
    data[at : at + len(noise)] = noise
    path = tmp_path_factory.mktemp("damage") / "x.bin"
    path.write_bytes(data)
    try:
        packed = read_packed(path)
        for name in packed.entries:
            assert packed.tensor(name).shape == tensor_shapes(packed.header)[name]
    except ModelError as error:
        assert error.message


@pytest.mark.parametrize(
    ("at", "value"),
    [(8, 1 << 30), (12, 1 << 30), (24, 1 << 31 - 1), (28, -1), (44, 1 << 30), (8, 33), (16, 5)],
)
def test_absurd_sizes_are_refused_before_anything_is_allocated(
    tmp_path: Path, at: int, value: int
) -> None:
    data = bytearray(tiny_bytes())
    struct.pack_into("<i", data, at, value)
    path = tmp_path / "x.bin"
    path.write_bytes(data)
    with pytest.raises(ModelError):
        read_packed(path)


def test_a_missing_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_packed(tmp_path / "nothing.bin")


def test_names_follow_transformers() -> None:
    assert bert_name("emb.word") == "embeddings.word_embeddings.weight"
    assert bert_name("emb.ln.b") == "embeddings.LayerNorm.bias"
    assert bert_name("l11.ao.w") == "encoder.layer.11.attention.output.dense.weight"
    assert bert_name("l0.oln.b") == "encoder.layer.0.output.LayerNorm.bias"
