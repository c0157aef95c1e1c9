"""A remembering encoder gives the same vectors and encodes each text once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convrag.models.remembering import RememberingEncoder
from convrag.models.scripted import HashEncoder
from convrag.protocols import Vectors


class Counting(HashEncoder):
    """Notes what it is asked to encode."""

    def __init__(self) -> None:
        super().__init__(32)
        self.asked: list[tuple[str, str]] = []

    def encode(self, texts: Sequence[str], kind: str = "query") -> Vectors:  # type: ignore[override]
        self.asked += [(kind, text) for text in texts]
        return super().encode(texts)


def test_each_text_is_encoded_once_per_kind_and_in_order() -> None:
    counting = Counting()
    encoder = RememberingEncoder(counting)
    texts = ["Прага", "東京", "Prague", "東京", "القاهرة", "दिल्ली", "กรุงเทพ"]
    first = encoder.encode(texts)
    again = encoder.encode(list(reversed(texts)))
    assert np.array_equal(first, HashEncoder(32).encode(texts))
    assert np.array_equal(again, first[::-1])
    assert counting.asked == [("query", text) for text in dict.fromkeys(texts)]
    encoder.encode(["東京"], "passage")
    assert counting.asked[-1] == ("passage", "東京")
    assert (encoder.id, encoder.dimension) == (counting.id, 32)


def test_nothing_gives_no_vectors() -> None:
    assert RememberingEncoder(Counting()).encode([]).shape == (0, 32)
