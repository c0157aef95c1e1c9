"""A set of passage numbers as one bit each, which FAISS takes as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Bitmap:
    """A set of numbers below ``8 * len(bits)``, lowest bit first: uint8 (N,)."""

    bits: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, numbers: Numbers) -> Bitmap:
        """Return the set of ``numbers``, none of them negative."""
        flags = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=np.uint8)
        flags[numbers] = 1
        return cls(np.packbits(flags, bitorder="little"))

    @classmethod
    def without(cls, numbers: Numbers, last: int) -> Bitmap:
        """Return the set of all numbers from 0 to ``last`` that are not among ``numbers``."""
        flags = np.ones(last + 1, dtype=np.uint8)
        flags[numbers[numbers <= last]] = 0
        return cls(np.packbits(flags, bitorder="little"))

    def __and__(self, other: Bitmap) -> Bitmap:
        size = min(len(self.bits), len(other.bits))
        return Bitmap(self.bits[:size] & other.bits[:size])

    def holds(self, numbers: Numbers) -> npt.NDArray[np.bool_]:
        """Return for each of ``numbers`` whether the set has it: bool (N,)."""
        places = numbers >> 3
        inside = places < len(self.bits)
        found = np.zeros(len(numbers), dtype=bool)
        found[inside] = (self.bits[places[inside]] >> (numbers[inside] & 7)) & 1
        return found

    def count(self) -> int:
        """Return how many numbers the set has."""
        return int(np.bitwise_count(self.bits).sum())
