"""Write the words that the encoder's tokenizer knows whole: convrag/graph/known_words.npy.

    python -m tests.bench.known_words

A word is a CRC-32 of its match key without the lowest bit, which says whether the word is more
often written small than capitalised, by the tokenizer's probabilities (XLM-R, 100 languages).
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import semantra_multilingual

import convrag.graph
from convrag.graph.known_words import code_of
from convrag.text.normalize import match_key

_SHORTEST = 2
_SMALL_BY = 0.3
"""How much more probable, in nats, the small form of a common word is."""
_RAREST_SMALL = -13.6


def main() -> None:
    """Write the file."""
    folder = Path(semantra_multilingual.__file__).parent
    path = next(folder.rglob("tokenizer.json"))
    pieces = dict(json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"])
    small: dict[str, bool] = {}
    for piece, score in pieces.items():
        word = piece[1:]
        if piece[0] != "▁" or len(word) < _SHORTEST or not word.isalpha():
            continue
        capital = pieces.get(f"▁{word[0].upper()}{word[1:]}", -math.inf)
        common = word[0].islower() and score > _RAREST_SMALL and score - capital > _SMALL_BY
        key = match_key(word)
        small[key] = small.get(key, False) or common
    codes = np.unique([code_of(key) | is_small for key, is_small in small.items()])
    out = Path(convrag.graph.__file__).with_name("known_words.npy")
    np.save(out, codes.astype(np.uint32))
    print(f"{len(small):,} words, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
