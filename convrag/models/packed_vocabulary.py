"""The vocabulary section of a packed encoder: pieces, scores and normalisation map."""

from __future__ import annotations

import struct
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from convrag.models.q4 import Bytes

_HEAD = struct.Struct("<5iQ")
_MAP_HEAD = struct.Struct("<iI")
_LAST_CODE_POINT = 0x10FFFF
# The engine reserves this many code points per byte of text; the one longer expansion is written
# out before a text reaches it.
_ROOM_PER_BYTE = 4
_WRITTEN_OUT = 0xFDFA

_Scalar = TypeVar("_Scalar", bound=np.generic)


def check_vocabulary(data: Bytes, at: int, *, rows: int) -> int:
    """Return where the section that starts at ``at`` ends, after all of it was found sound.

    Args:
        data: The file: uint8 (size,).
        at: Start of the section.
        rows: Rows of the word embedding; every piece must have one.

    Raises:
        ValueError: The section is cut off or contradicts itself.
    """
    pieces, *special, length = _unpack(_HEAD, data, at)
    at += _HEAD.size
    if not 0 < pieces <= rows:
        raise ValueError(f"{pieces} pieces for {rows} embedding rows")
    if any(not 0 <= number < pieces for number in special):
        raise ValueError("a special token has no piece")
    offsets = _array(data, at, pieces + 1, np.dtype("<u4"))
    at += 4 * (pieces + 1)
    scores = _array(data, at, pieces, np.dtype("<f4"))
    at += 4 * pieces
    if offsets[0] != 0 or offsets[-1] != length or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("the pieces' offsets are out of order")
    if not np.isfinite(scores).all():
        raise ValueError("a piece's score is not finite")
    if at + length > len(data):
        raise ValueError("cut off in the pieces")
    return _check_map(data, at + length)


def _check_map(data: Bytes, at: int) -> int:
    """Check the normalisation map: code point, number of replacements, replacements, ascending."""
    count, size = _unpack(_MAP_HEAD, data, at)
    at += _MAP_HEAD.size
    if count < 0 or at + size > len(data) or count * 5 > size:
        raise ValueError("cut off in the normalisation map")
    section = bytes(data[at : at + size])
    place, last = 0, -1
    for _ in range(count):
        if place + 5 > size:
            raise ValueError("cut off in the normalisation map")
        code, length = struct.unpack_from("<IB", section, place)
        place += 5
        if place + 4 * length > size or not last < code <= _LAST_CODE_POINT:
            raise ValueError("the normalisation map is out of order")
        outputs = struct.unpack_from(f"<{length}I", section, place)
        place += 4 * length
        room = _ROOM_PER_BYTE * _utf8_length(code)
        if (length > room and code != _WRITTEN_OUT) or max(outputs, default=0) > _LAST_CODE_POINT:
            raise ValueError("the normalisation map has a replacement that is out of range")
        last = code
    if place != size:
        raise ValueError("the normalisation map has a wrong length")
    return at + size


def _utf8_length(code: int) -> int:
    return 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)


def _unpack(form: struct.Struct, data: Bytes, at: int) -> tuple[int, ...]:
    raw = bytes(data[at : at + form.size])
    if len(raw) != form.size:
        raise ValueError("cut off in the vocabulary")
    return form.unpack(raw)


def _array(data: Bytes, at: int, count: int, kind: np.dtype[_Scalar]) -> npt.NDArray[_Scalar]:
    size = count * kind.itemsize
    if at + size > len(data):
        raise ValueError("cut off in the vocabulary")
    return data[at : at + size].copy().view(kind)
