"""An encoder that does not encode a text twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from convrag.protocols import Encoder, Vectors

_KEPT = 4096


class RememberingEncoder:
    """Keeps the vectors of the latest texts: the stages of a turn encode the same question.

    For one thread at a time. A vector takes its dimension times 4 bytes, 6 MB in all for 384.
    """

    def __init__(self, encoder: Encoder) -> None:
        """Encode with ``encoder`` what is new."""
        self._encoder = encoder
        self._vectors: OrderedDict[tuple[str, str], Vectors] = OrderedDict()

    @property
    def id(self) -> str:
        """The encoder's id."""
        return self._encoder.id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"] = "query") -> Vectors:
        """Return float32 (N, D), unit norm, in the order of ``texts``."""
        missing = [t for t in dict.fromkeys(texts) if (kind, t) not in self._vectors]
        if missing or not texts:
            fresh = self._encoder.encode(missing, kind)
            self._vectors.update(zip([(kind, t) for t in missing], fresh, strict=True))
            if not texts:
                return fresh
        found = np.stack([self._vectors[kind, t] for t in texts])
        while len(self._vectors) > _KEPT:
            self._vectors.popitem(last=False)
        return found
