"""Fixtures of the models' tests: settings with an own home, and a tiny packed encoder."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest

from convrag.config import Config
from convrag.models.packed import PackedHeader, tensor_shapes
from convrag.models.q4 import quantise

TINY = PackedHeader(
    hidden=32, layers=1, heads=2, feed_forward=64, vocabulary=12, positions=16, types=2, epsilon=0.0
)
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "中", "я", "ع", "क", "ü"]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(home=tmp_path / "home", threads=1)


def vocabulary_section() -> bytes:
    blob = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, blob)]).astype("<u4").tobytes()
    scores = np.linspace(0, -9, len(blob)).astype("<f4").tobytes()
    mapping = struct.pack("<IBI", 9, 1, 32) + struct.pack("<IB", 11, 0)
    mapping += struct.pack("<IB2I", 0xFB01, 2, 0x66, 0x69)
    head = struct.pack("<5iQ", len(blob), 0, 2, 1, 3, sum(map(len, blob)))
    return head + offsets + scores + b"".join(blob) + struct.pack("<iI", 3, len(mapping)) + mapping


def tiny_bytes(seed: int = 0) -> bytes:
    """Return a packed file laid out by hand, independent of the writer."""
    h = TINY
    sizes = (h.hidden, h.layers, h.heads, h.feed_forward, h.vocabulary, h.positions, h.types)
    head = struct.pack("<4sI7ifi", b"E5S1", 1, *sizes, h.epsilon, 32) + vocabulary_section()
    shapes = tensor_shapes(h)
    directory = struct.pack("<i", len(shapes))
    start = len(head) + 4 + sum(2 + len(name) + 21 for name in shapes)
    rng = np.random.default_rng(seed)
    body = b""
    for name, shape in shapes.items():
        values = rng.normal(size=shape).astype(np.float32)
        small = len(shape) == 2 and name not in ("emb.pos", "emb.type")
        raw = quantise(values.reshape(-1, 32)).tobytes() if small else values.tobytes()
        body += bytes(-(start + len(body)) % 64)
        directory += struct.pack("<H", len(name)) + name.encode()
        place = start + len(body)
        directory += struct.pack("<BIQQ", int(small), math.prod(shape), place, len(raw))
        body += raw
    return head + directory + body


@pytest.fixture
def tiny_path(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.bin"
    path.write_bytes(tiny_bytes())
    return path
