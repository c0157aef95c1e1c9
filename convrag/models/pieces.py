"""Text into the packed encoder's pieces, with their places, in numpy alone.

The C engine keeps its tokens to itself, and the ``tokenizers`` library needs seconds and 300 MB for
a vocabulary of this size. Here the vocabulary is one sorted array of hashes: all substrings of a
text are looked up at once, and the best split is found as in a unigram model (Kudo, 2018).
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convrag.models.packed import PackedModel
from convrag.types import Span

START, END, UNKNOWN = 0, 2, 3
"""Ids of the tokens around a text and of what has no piece."""

_HEAD = struct.Struct("<5iQ")
_SPECIAL = 4
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
_LONGEST = 16
_PRIME = np.uint64(1_099_511_628_211)
_SEED = np.uint64(14_695_981_039_346_656_037)
_UNKNOWN_COST = 10.0

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text's tokens: their ids and their places in the text; no special tokens."""

    ids: tuple[int, ...]
    spans: tuple[Span, ...]


class PieceTokenizer:
    """Splits text into the pieces of a packed model.

    Args:
        packed: The model; its structure was checked when it was read.
    """

    def __init__(self, packed: PackedModel) -> None:
        section = packed.vocabulary
        count, *_, size = _HEAD.unpack_from(section, 0)
        at = _HEAD.size
        offsets = np.frombuffer(section, dtype="<u4", count=count + 1, offset=at)
        scores = np.frombuffer(section, dtype="<f4", count=count, offset=at + 4 * (count + 1))
        start = at + 4 * (count + 1) + 4 * count
        text = section[start : start + size].decode("utf-8", "replace")
        bytes_of = np.frombuffer(section, dtype=np.uint8, count=size, offset=start)
        # Offsets count bytes; a byte that continues a character begins none.
        before = np.concatenate(([0], np.cumsum((bytes_of & 0xC0) != 0x80)))
        bounds = before[offsets]  # (V + 1,) in characters
        codes = _codes(text)
        lengths = np.diff(bounds)
        hashes = np.full(count, _SEED, dtype=np.uint64)
        for place in range(_LONGEST):
            rows = np.flatnonzero(lengths > place)
            hashes[rows] = _step(hashes[rows], codes[bounds[:-1][rows] + place])
        usable = np.flatnonzero((lengths > 0) & (lengths <= _LONGEST))
        usable = usable[usable >= _SPECIAL]
        order = usable[np.argsort(hashes[usable], kind="stable")]
        self._hashes = hashes[order]
        self._ids = order.astype(np.int32)
        self._scores = scores[order].copy()
        self._worst = float(self._scores.min()) - _UNKNOWN_COST

    def split(self, text: str) -> Pieces:
        """Return the pieces of ``text`` in reading order; white space alone is none."""
        plain, origins = _plain(text)
        if not plain.strip(_SPACE):
            return Pieces((), ())
        starts, lengths, ids, scores = self._matches(plain)
        path = _best_path(len(plain), starts, lengths, ids, scores, self._worst)
        found: list[int] = []
        spans: list[Span] = []
        for start, end, piece in path:
            first = start + (plain[start] == _SPACE)
            if first >= end:
                continue  # a bare space says nothing that the next piece's place does not
            found.append(piece)
            spans.append((origins[first], max(origins[first] + 1, origins[end])))
        return Pieces(tuple(found), tuple(spans))

    def _matches(self, plain: str) -> tuple[list[int], list[int], list[int], list[float]]:
        """Return start, length, id and score of every piece in ``plain``, by start."""
        codes = _codes(plain)
        size = len(codes)
        found: list[tuple[npt.NDArray[np.int64], int, npt.NDArray[np.int64]]] = []
        hashes = np.full(size, _SEED, dtype=np.uint64)
        for length in range(1, min(_LONGEST, size) + 1):
            hashes = _step(hashes[: size - length + 1], codes[length - 1 :])
            at = np.searchsorted(self._hashes, hashes)
            at[at == len(self._hashes)] = 0
            hit = np.flatnonzero(self._hashes[at] == hashes)
            found.append((hit, length, at[hit]))
        starts = np.concatenate([hit for hit, _, _ in found])
        lengths = np.concatenate([np.full(len(hit), length) for hit, length, _ in found])
        rows = np.concatenate([at for _, _, at in found])
        order = np.argsort(starts, kind="stable")
        rows = rows[order]
        return (
            starts[order].tolist(),
            lengths[order].tolist(),
            self._ids[rows].tolist(),
            self._scores[rows].tolist(),
        )


def _codes(text: str) -> npt.NDArray[np.uint64]:
    raw = text.encode("utf-32-le", "surrogatepass")
    return np.frombuffer(raw, dtype="<u4").astype(np.uint64)


def _step(hashes: npt.NDArray[np.uint64], codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the FNV-1a hashes grown by one character each."""
    return (hashes ^ codes) * _PRIME


def _plain(text: str) -> tuple[str, list[int]]:
    """Return ``text`` as pieces are written, and where each character comes from.

    Compatibility forms are folded, runs of white space are one mark, and a mark opens the text. The
    list has one entry more, the text's end.
    """
    characters = [_SPACE]
    origins = [0]
    for place, char in enumerate(text):
        for one in unicodedata.normalize("NFKC", char):
            if one.isspace():
                if characters[-1] == _SPACE:
                    origins[-1] = place
                    continue
                one = _SPACE
            characters.append(one)
            origins.append(place)
    return "".join(characters), [*origins, len(text)]


def _best_path(
    size: int,
    starts: list[int],
    lengths: list[int],
    ids: list[int],
    scores: list[float],
    worst: float,
) -> list[tuple[int, int, int]]:
    """Return (start, end, id) along the split with the greatest sum of scores."""
    best = [float("-inf")] * (size + 1)
    back: list[tuple[int, int]] = [(0, UNKNOWN)] * (size + 1)
    best[0] = 0.0
    match, count = 0, len(starts)
    for start in range(size):
        here = best[start]
        if here + worst > best[start + 1]:
            best[start + 1], back[start + 1] = here + worst, (start, UNKNOWN)
        while match < count and starts[match] == start:
            end = start + lengths[match]
            if here + scores[match] > best[end]:
                best[end], back[end] = here + scores[match], (start, ids[match])
            match += 1
    path: list[tuple[int, int, int]] = []
    end = size
    while end:
        start, piece = back[end]
        path.append((start, end, piece))
        end = start
    return path[::-1]
