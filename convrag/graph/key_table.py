"""Sorted keys in one piece of memory: found whole, by their beginning, or nearly as written."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

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
_FEW_BITS = 12
_FEW_LETTERS = 1 << 17
_RANGES_KEPT = 1 << 14
_BREAK = 10
"""The code of the line end, which stands for the beginning and the end of a key."""

Arrays = Mapping[str, NDArray[Any]]


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
        sizes = np.fromiter(map(len, keys), np.int64, len(keys))
        ends = np.concatenate([[0], np.cumsum(sizes)])
        self._use(
            {
                "values": np.fromiter((value for _, value in rows), np.uint32, len(rows)),
                "firsts": np.array([*firsts, len(rows)], np.uint32),
                "ends": ends.astype(np.uint32 if ends[-1] < 1 << 32 else np.int64),
                "bytes": np.frombuffer(b"".join(keys), np.uint8),
            }
        )

    @classmethod
    def of(cls, arrays: Arrays) -> KeyTable:
        """Return the table that gave these :meth:`arrays`; they may lie in a mapped file."""
        table = cls.__new__(cls)
        table._use(arrays)
        return table

    def _use(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._values = arrays["values"].data
        self._firsts = arrays["firsts"].data
        self._end_array = arrays["ends"]
        self._ends = arrays["ends"].data
        self._bytes = arrays["bytes"].data
        self._size = len(self._ends) - 1
        self._numbers = range(self._size)
        self._range = lru_cache(_RANGES_KEPT)(self._find_range)

    def arrays(self, *, near: bool = False) -> dict[str, NDArray[Any]]:
        """Return what the table is made of, with ``near`` also what finding near keys takes."""
        found = {name: self._arrays[name] for name in ("values", "firsts", "ends", "bytes")}
        if near:
            starts, places = self._grams
            found |= {"starts": starts, "places": places, "letters": self._letters}
        return found

    def __len__(self) -> int:
        """Return the number of different keys."""
        return self._size

    def key(self, number: int) -> str:
        """Return the key of this number."""
        return self._raw(number).decode("utf-8", "surrogatepass")

    def values(self, number: int) -> list[int]:
        """Return the values of the key of this number, ascending."""
        return self._values[self._firsts[number] : self._firsts[number + 1]].tolist()

    @property
    def firsts(self) -> Sequence[int]:
        """Where each key's values begin among all of them, and where the last one's end."""
        return self._firsts

    def find(self, key: str) -> int | None:
        """Return the key's number, None where there is no such key."""
        wanted = key.encode("utf-8", "surrogatepass")
        place = self._place(wanted)
        return place if place < self._size and self._raw(place) == wanted else None

    def begun(self, prefix: str) -> tuple[int, bool]:
        """Return the number of the first key from ``prefix`` on, and whether it begins so.

        The number is -1 unless that key is ``prefix`` itself. What was asked before is remembered.
        """
        return self._range(prefix)

    def _find_range(self, prefix: str) -> tuple[int, bool]:
        wanted = prefix.encode("utf-8", "surrogatepass")
        place = self._place(wanted)
        if place >= self._size:
            return -1, False
        raw = self._raw(place)
        return (place if raw == wanted else -1), raw.startswith(wanted)

    def starting(self, prefix: str, limit: int) -> list[int]:
        """Return the numbers of at most ``limit`` keys that begin so, the shortest first."""
        start = prefix.encode("utf-8", "surrogatepass")
        # No UTF-8 text has the byte FF, so every key that begins so comes before it.
        low, high = self._place(start), self._place(start + b"\xff")
        ends = self._end_array[low : high + 1].astype(np.int64)
        sizes = ends[1:] - ends[:-1]
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
        grams = self._telling(key, edits)
        least = max(len(grams) - _GRAMS_PER_EDIT * edits, 1)
        lists = np.concatenate([places[starts[g] : starts[g + 1]] for g in grams])
        letters = self._letters[lists]
        fitting = (letters >= len(key) - edits) & (letters <= len(key) + edits)
        shared = np.sort(lists[fitting])
        # In sorted order a key that is there ``least`` times lies that far from itself.
        often = shared[least - 1 :] == shared[: len(shared) - least + 1]
        found: list[int] = np.unique(shared[least - 1 :][often]).tolist()
        return found

    def _telling(self, key: str, edits: int) -> list[int]:
        """Return the key's rarest pairs of letters: they tell as much as all, in short lists."""
        starts, _ = self._grams
        grams = set(_codes(_points(f"\n{key}\n"), self._bits).tolist())
        rarest = sorted(grams, key=lambda g: (starts[g + 1] - starts[g], g))
        return rarest[: _GRAMS_PER_EDIT * edits + _SPARE_GRAMS]

    def effort(self, key: str) -> int:
        """Return how many entries :meth:`near` would look at for this key."""
        edits = most_edits(key)
        if not edits or not self._size:
            return 0
        starts, _ = self._grams
        return sum(int(starts[g + 1]) - int(starts[g]) for g in self._telling(key, edits))

    def _place(self, wanted: bytes) -> int:
        return bisect_left(self._numbers, wanted, key=self._raw)

    def _raw(self, number: int) -> bytes:
        return bytes(self._bytes[self._ends[number] : self._ends[number + 1]])

    @cached_property
    def _letters(self) -> NDArray[np.uint16]:
        """How many characters each key has."""
        if "letters" in self._arrays:
            return self._arrays["letters"]
        return np.minimum(self._characters, 65535).astype(np.uint16)

    @cached_property
    def _characters(self) -> NDArray[np.int64]:
        """How many characters each key has, (len(self),)."""
        first = (self._arrays["bytes"] & 0xC0) != 0x80  # (bytes,): not inside a character
        total = np.concatenate([[0], np.cumsum(first, dtype=np.int64)])
        at = total[self._end_array.astype(np.int64)]
        counts: NDArray[np.int64] = at[1:] - at[:-1]
        return counts

    @cached_property
    def _bits(self) -> int:
        """How many bits a pair of letters has here."""
        if "starts" in self._arrays:
            return (len(self._arrays["starts"]) - 1).bit_length() - 1
        return _GRAM_BITS if len(self._arrays["bytes"]) > _FEW_LETTERS else _FEW_BITS

    @cached_property
    def _grams(self) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Return where each pair of letters is: starts (2**bits + 1,) into keys (pairs,)."""
        if "starts" in self._arrays:
            return self._arrays["starts"], self._arrays["places"]
        codes: list[NDArray[np.uint32]] = []
        owners: list[NDArray[np.uint32]] = []
        step = 65536
        for first in range(0, self._size, step):
            last = min(first + step, self._size)
            text = bytes(self._bytes[self._ends[first] : self._ends[last]])
            points = _points(text.decode("utf-8", "surrogatepass"))
            counts = self._characters[first:last]
            points = np.insert(points, np.cumsum(counts), _BREAK)
            points = np.concatenate([np.array([_BREAK], np.uint32), points])
            owner = np.repeat(np.arange(first, last, dtype=np.uint32), counts + 1)
            codes.append(_codes(points, self._bits))
            owners.append(owner)
        code = np.concatenate(codes) if codes else np.zeros(0, np.uint32)
        order = np.argsort(code, kind="stable")
        counted = np.bincount(code, minlength=1 << self._bits)
        starts = np.concatenate([[0], np.cumsum(counted)]).astype(np.int64)
        return starts, (np.concatenate(owners) if owners else code)[order]


def most_edits(key: str) -> int:
    """Return how many edits away a key may be and still be near this one."""
    if len(key) < _SHORTEST or (len(key) == _SHORTEST and key.isascii()):
        return 0
    return 1 if len(key) <= _ONE_EDIT else 2


def _points(text: str) -> NDArray[np.uint32]:
    """Return the code points of the text, (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _codes(points: NDArray[np.uint32], bits: int) -> NDArray[np.uint32]:
    """Return a number under 2**bits for each pair of neighbours, (len(points) - 1,)."""
    mixed = points[:-1] * np.uint32(0x9E3779B1) + points[1:] * np.uint32(0x85EBCA77)
    codes: NDArray[np.uint32] = mixed >> np.uint32(32 - bits)
    return codes


def _digits(key: str) -> str:
    return "".join(c for c in key if c.isdigit())
