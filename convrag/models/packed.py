"""The packed encoder file (``E5S1``): header, vocabulary, tensor directory, 4-bit tensors.

Everything the C engine would take on trust is checked here: sizes, offsets, order and ranges.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convrag.errors import ModelError
from convrag.models.files import write_atomically
from convrag.models.packed_vocabulary import check_vocabulary
from convrag.models.q4 import BLOCK, BLOCK_BYTES, Bytes, Floats, dequantise, requantise

MAGIC = b"E5S1"
VERSION = 1
_HEADER = struct.Struct("<4sI7ifi")
_ENTRY = struct.Struct("<BIQQ")
_ALIGNMENT = 64
_FLOAT, _Q4 = 0, 1
_REMEDY = "make the file again, or reinstall the package it came with"


@dataclass(frozen=True, slots=True)
class PackedHeader:
    """The sizes of the packed BERT."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where one tensor lies; ``shape`` follows from the header."""

    name: str
    quantised: bool
    shape: tuple[int, ...]
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class PackedModel:
    """A packed file, mapped and checked. ``vocabulary`` is its section of the file as it is."""

    path: Path
    header: PackedHeader
    vocabulary: bytes
    entries: Mapping[str, TensorEntry]
    data: Bytes

    def raw(self, name: str) -> Bytes:
        """Return the bytes of a tensor: uint8 (size,)."""
        entry = self.entries[name]
        return self.data[entry.offset : entry.offset + entry.size]

    def tensor(self, name: str) -> Floats:
        """Return a tensor as float32 in its shape, dequantised.

        Raises:
            ModelError: It has a value that is not finite.
        """
        entry = self.entries[name]
        if entry.quantised:
            values = dequantise(self.raw(name).reshape(-1, BLOCK_BYTES)).reshape(entry.shape)
        else:
            values = self.raw(name).copy().view("<f4").astype(np.float32).reshape(entry.shape)
        if not np.isfinite(values).all():
            raise ModelError(
                f"{self.path}: tensor '{name}' has values that are not finite", _REMEDY
            )
        return values


def tensor_shapes(header: PackedHeader) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor, in file order; two-dimensional weights are 4-bit."""
    wide, inner = header.hidden, header.feed_forward
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (header.vocabulary, wide),
        "emb.pos": (header.positions, wide),
        "emb.type": (header.types, wide),
        "emb.ln.w": (wide,),
        "emb.ln.b": (wide,),
    }
    for layer in range(header.layers):
        for name in ("q", "k", "v", "ao"):
            shapes[f"l{layer}.{name}.w"] = (wide, wide)
            shapes[f"l{layer}.{name}.b"] = (wide,)
        shapes |= {f"l{layer}.aln.w": (wide,), f"l{layer}.aln.b": (wide,)}
        shapes |= {f"l{layer}.fi.w": (inner, wide), f"l{layer}.fi.b": (inner,)}
        shapes |= {f"l{layer}.fo.w": (wide, inner), f"l{layer}.fo.b": (wide,)}
        shapes |= {f"l{layer}.oln.w": (wide,), f"l{layer}.oln.b": (wide,)}
    return shapes


def read_packed(path: Path) -> PackedModel:
    """Return the packed file, mapped into memory, all its structure checked.

    Raises:
        ModelError: The file is missing, truncated or malformed.
    """
    try:
        size = path.stat().st_size
        if size < _HEADER.size:
            raise ModelError(f"{path}: too short for a packed model", _REMEDY)
        data = np.memmap(path, dtype=np.uint8, mode="r")
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    header = _parse_header(path, bytes(data[: _HEADER.size]))
    try:
        end = check_vocabulary(data, _HEADER.size, rows=header.vocabulary)
        entries = _parse_directory(data, end, tensor_shapes(header))
    except ValueError as error:
        raise ModelError(f"{path}: {error}", _REMEDY) from error
    vocabulary = bytes(data[_HEADER.size : end])
    return PackedModel(path, header, vocabulary, entries, data)


def read_header(path: Path) -> PackedHeader:
    """Return the header of a packed file whose structure was checked whole.

    Raises:
        ModelError: The file is missing, truncated or malformed.
    """
    return read_packed(path).header


def write_packed(path: Path, base: PackedModel, tensors: Mapping[str, Floats]) -> None:
    """Write ``base`` with some tensors replaced, in the same layout.

    A block whose weights are those of ``base`` keeps its bytes: writing unchanged weights gives
    the same file.

    Args:
        path: The new file; an old one is replaced only when the new one is complete.
        base: Gives header, vocabulary, normalisation and the tensors not in ``tensors``.
        tensors: Name to float32 in the tensor's shape.

    Raises:
        ModelError: A name or shape is not that of ``base``, a value is not finite, or the file
            cannot be written.
    """
    unknown = sorted(set(tensors) - set(base.entries))
    if unknown:
        raise ModelError(f"{path}: '{unknown[0]}' is no tensor of this model")
    h = base.header
    sizes = (h.hidden, h.layers, h.heads, h.feed_forward, h.vocabulary, h.positions, h.types)
    head = _HEADER.pack(MAGIC, VERSION, *sizes, h.epsilon, BLOCK) + base.vocabulary
    length = 4 + sum(2 + len(name) + _ENTRY.size for name in base.entries)
    offset = len(head) + length
    directory = [struct.pack("<i", len(base.entries))]
    body: list[bytes] = []
    for name, entry in base.entries.items():
        padding = -offset % _ALIGNMENT
        offset += padding
        raw = _encoded(path, base, entry, tensors[name]) if name in tensors else base.raw(name)
        count = math.prod(entry.shape)
        directory.append(struct.pack("<H", len(name)) + name.encode("ascii"))
        directory.append(_ENTRY.pack(_Q4 if entry.quantised else _FLOAT, count, offset, entry.size))
        body += [bytes(padding), raw.tobytes()]
        offset += entry.size
    write_atomically(path, b"".join([head, *directory, *body]))


def _encoded(path: Path, base: PackedModel, entry: TensorEntry, values: Floats) -> Bytes:
    values = np.asarray(values, dtype=np.float32)
    if values.shape != entry.shape:
        raise ModelError(f"{path}: '{entry.name}' has shape {values.shape}, not {entry.shape}")
    # A fp16 scale ends at 65504, and the largest weight is 8 scales.
    if not np.isfinite(values).all() or np.abs(values).max(initial=0.0) > 5e5:
        raise ModelError(f"{path}: '{entry.name}' has values that cannot be stored")
    if not entry.quantised:
        return np.ascontiguousarray(values, dtype="<f4").reshape(-1).view(np.uint8)
    old = base.raw(entry.name).reshape(-1, BLOCK_BYTES)
    return requantise(values.reshape(-1, BLOCK), old).reshape(-1)


def _parse_header(path: Path, raw: bytes) -> PackedHeader:
    magic, version, *numbers, epsilon, block = _HEADER.unpack(raw)
    if magic != MAGIC:
        raise ModelError(f"{path}: not a packed model (it does not start with 'E5S1')", _REMEDY)
    if version != VERSION or block != BLOCK:
        raise ModelError(f"{path}: packed format {version}, block {block}: not supported", _REMEDY)
    hidden, layers, heads, inner, words, positions, types = numbers
    h = PackedHeader(hidden, layers, heads, inner, words, positions, types, epsilon)
    sound = (
        0 < h.hidden <= 8192
        and h.hidden % BLOCK == 0
        and 0 < h.layers <= 128
        and 0 < h.heads <= h.hidden
        and h.hidden % h.heads == 0
        and 0 < h.feed_forward <= 65_536
        and h.feed_forward % BLOCK == 0
        and 0 < h.vocabulary <= 4_000_000
        and 2 < h.positions <= 65_536
        and 0 < h.types <= 16
        and 0.0 <= h.epsilon < 1.0
    )
    if not sound:
        raise ModelError(f"{path}: the sizes in the header make no model: {h}", _REMEDY)
    return h


def _parse_directory(
    data: Bytes, at: int, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, TensorEntry]:
    """Return the directory that starts at ``at``, in file order.

    Raises:
        ValueError: It is cut off, or an entry does not fit the header or the file.
    """
    if at + 4 > len(data):
        raise ValueError("cut off before the tensor directory")
    (count,) = struct.unpack("<i", bytes(data[at : at + 4]))
    if count != len(shapes):
        raise ValueError(f"{count} tensors, expected {len(shapes)}")
    at += 4
    entries: dict[str, TensorEntry] = {}
    for _ in range(count):
        head = bytes(data[at : at + 2])
        length = struct.unpack("<H", head)[0] if len(head) == 2 else 0
        raw = bytes(data[at + 2 : at + 2 + length + _ENTRY.size])
        if not length or len(raw) != length + _ENTRY.size:
            raise ValueError("cut off in the tensor directory")
        name = raw[:length].decode("ascii", "replace")
        if name not in shapes or name in entries:
            raise ValueError(f"unexpected tensor '{ascii(name)}'")
        entries[name] = _checked_entry(name, shapes[name], _ENTRY.unpack(raw[length:]), len(data))
        at += 2 + len(raw)
    if any(entry.offset < at for entry in entries.values()):
        raise ValueError("a tensor lies over the directory")
    return entries


def _checked_entry(
    name: str, shape: tuple[int, ...], fields: tuple[int, int, int, int], end: int
) -> TensorEntry:
    kind, count, offset, size = fields
    quantised = len(shape) == 2 and name not in ("emb.pos", "emb.type")
    expected = math.prod(shape)
    needed = expected // BLOCK * BLOCK_BYTES if quantised else expected * 4
    if kind != (_Q4 if quantised else _FLOAT) or count != expected or size != needed:
        raise ValueError(f"tensor '{name}' does not have the type and size the header asks for")
    if offset % 4 or offset + size > end:
        raise ValueError(f"tensor '{name}' does not lie within the file")
    return TensorEntry(name, quantised, shape, offset, size)
