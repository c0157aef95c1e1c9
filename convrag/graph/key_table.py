"""Sorted keys in one piece of memory: found whole, by their beginning, or nearly as written."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

_SHORTEST = 3
"""Characters of a key that may be misspelt; shorter ones are near to too many others."""
_ONE_EDIT = 5
"""Characters up to which one edit is near; longer keys may have two."""
_GRAMS_PER_EDIT = 3
"""Pairs of letters that one edit can destroy; swapping two letters takes three."""
_SPARE_GRAMS = 4
"""More of them leave fewer keys to compare, but take longer to look up."""
_GRAM_BITS = 18


class KeyTable:
    """Keys by number in order of their UTF-8 bytes, each with the values that have it.

    A key takes its bytes and twelve more. The pairs of letters that near keys are found by take
    four bytes a letter; they are counted when the first near key is looked for.
    """

    def __init__(self, pairs: Iterable[tuple[str, int]]) -> None:
        """Take ``(key, value)`` pairs in any order; values are numbers under 2**32."""
        rows = sorted({(key.encode("utf-8", "surrogatepass"), value) for key, value in pairs})
        keys: list[bytes] = []
        firsts: list[int] = []
        for place, (key, _) in enumerate(rows):
            if not keys or keys[-1] != key:
                keys.append(key)
                firsts.append(place)
        self._values = np.fromiter((value for _, value in rows), np.uint32, len(rows))
        self._firsts = np.array([*firsts, len(rows)], np.uint32)
        sizes = np.fromiter(map(len, keys), np.int64, len(keys))
        ends = np.concatenate([[0], np.cumsum(sizes)])
        self._ends = ends.astype(np.uint32 if ends[-1] < 1 << 32 else np.int64)
        self._bytes = b"".join(keys)

    def __len__(self) -> int:
        """Return the number of different keys."""
        return len(self._ends) - 1

    def key(self, number: int) -> str:
        """Return the key of this number."""
        return self._raw(number).decode("utf-8", "surrogatepass")

    def values(self, number: int) -> list[int]:
        """Return the values of the key of this number, ascending."""
        found: list[int] = self._values[self._firsts[number] : self._firsts[number + 1]].tolist()
        return found

    def find(self, key: str) -> int | None:
        """Return the key's number, None where there is no such key."""
        wanted = key.encode("utf-8", "surrogatepass")
        place = self._place(wanted)
        return place if place < len(self) and self._raw(place) == wanted else None

    def starting(self, prefix: str, limit: int) -> list[int]:
        """Return the numbers of at most ``limit`` keys that begin so, the shortest first."""
        start = prefix.encode("utf-8", "surrogatepass")
        # No UTF-8 text has the byte FF, so every key that begins so comes before it.
        low, high = self._place(start), self._place(start + b"\xff")
        sizes = self._sizes[low:high]
        if len(sizes) > limit:
            longest = np.partition(sizes, limit - 1)[limit - 1]
            chosen = np.flatnonzero(sizes <= longest)
        else:
            chosen = np.arange(len(sizes))
        order = np.argsort(sizes[chosen], kind="stable")[:limit]
        found: list[int] = (chosen[order] + low).tolist()
        return found

    def near(self, key: str, limit: int) -> list[tuple[int, int]]:
        """Return ``(edits, number)`` of at most ``limit`` keys near this one, the nearest first.

        Edits are letters put in, left out, changed, or swapped with the next (optimal string
        alignment): one in up to five letters, two in more. Digits are never edited: a number that
        is off by one is another number.
        """
        edits = most_edits(key)
        if not edits or not len(self):
            return []
        digits = _digits(key)
        found: list[tuple[int, int]] = []
        for number in self._alike(key, edits):
            other = self.key(number)
            distance = OSA.distance(key, other, score_cutoff=edits)
            if 0 < distance <= edits and _digits(other) == digits:
                found.append((distance, number))
        return sorted(found)[:limit]

    def _alike(self, key: str, edits: int) -> list[int]:
        """Return keys of a like length that share enough pairs of letters (Ukkonen, 1992)."""
        starts, places = self._grams
        grams = sorted(
            set(_gram_codes(f"\n{key}\n").tolist()), key=lambda g: starts[g + 1] - starts[g]
        )
        # The rarest pairs tell as much as all of them, and their lists are short.
        grams = grams[: _GRAMS_PER_EDIT * edits + _SPARE_GRAMS]
        least = max(len(grams) - _GRAMS_PER_EDIT * edits, 1)
        lists = np.concatenate([places[starts[g] : starts[g + 1]] for g in grams])
        letters = self._letters[lists]
        fitting = (letters >= len(key) - edits) & (letters <= len(key) + edits)
        shared = np.sort(lists[fitting])
        # In sorted order a key that is there ``least`` times lies that far from itself.
        often = shared[least - 1 :] == shared[: len(shared) - least + 1]
        found: list[int] = np.unique(shared[least - 1 :][often]).tolist()
        return found

    def _place(self, wanted: bytes) -> int:
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._raw(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _raw(self, number: int) -> bytes:
        return self._bytes[self._ends[number] : self._ends[number + 1]]

    @cached_property
    def _sizes(self) -> NDArray[np.int64]:
        return np.diff(self._ends)

    @cached_property
    def _letters(self) -> NDArray[np.uint16]:
        """How many characters each key has."""
        return self._lettered[1]

    @cached_property
    def _grams(self) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        return self._lettered[0]

    @cached_property
    def _lettered(
        self,
    ) -> tuple[tuple[NDArray[np.int64], NDArray[np.uint32]], NDArray[np.uint16]]:
        """Return where each pair of letters is: starts (2**18 + 1,), keys; and keys' lengths."""
        letters = np.zeros(len(self), np.uint16)
        codes: list[NDArray[np.uint32]] = []
        owners: list[NDArray[np.uint32]] = []
        step = 65536
        for first in range(0, len(self), step):
            last = min(first + step, len(self))
            keys = [self.key(n) for n in range(first, last)]
            letters[first:last] = [min(len(k), 65535) for k in keys]
            text = "\n" + "\n".join(keys) + "\n"
            points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
            owner = first + np.cumsum(points[:-1] == 10) - 1
            codes.append(_gram_codes(text))
            owners.append(owner.astype(np.uint32))
        code = np.concatenate(codes)
        order = np.argsort(code, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(code, minlength=1 << _GRAM_BITS))])
        return (starts, np.concatenate(owners)[order]), letters


def most_edits(key: str) -> int:
    """Return how many edits away a key may be and still be near this one."""
    if len(key) < _SHORTEST or (len(key) == _SHORTEST and key.isascii()):
        return 0
    return 1 if len(key) <= _ONE_EDIT else 2


def _gram_codes(text: str) -> NDArray[np.uint32]:
    """Return a number under 2**18 for each pair of letters, (len(text) - 1,)."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    mixed = points[:-1] * np.uint32(0x9E3779B1) + points[1:] * np.uint32(0x85EBCA77)
    codes: NDArray[np.uint32] = mixed >> np.uint32(32 - _GRAM_BITS)
    return codes


def _digits(key: str) -> str:
    return "".join(c for c in key if c.isdigit())
