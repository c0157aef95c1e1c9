"""Words of a hundred languages: what is one is less likely a misspelt name.

The list is that of the words which the encoder's tokenizer has as one piece.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from convrag.text.normalize import match_key

_SMALL = 1


def is_word(text: str) -> bool:
    """Return whether the text is a known word, a common noun or a well-known name."""
    code = code_of(match_key(text))
    return _has(code) or _has(code | _SMALL)


def is_mostly_small(text: str) -> bool:
    """Return whether the text is a word that is more often written small than capitalised."""
    return _has(code_of(match_key(text)) | _SMALL)


def code_of(key: str) -> int:
    """Return the number that stands for a word in the list; its lowest bit is free."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) & ~_SMALL


def _has(code: int) -> bool:
    codes = _codes()
    place = int(np.searchsorted(codes, np.uint32(code)))
    return place < len(codes) and int(codes[place]) == code


@cache
def _codes() -> NDArray[np.uint32]:
    with as_file(files("convrag.graph").joinpath("known_words.npy")) as path:
        codes: NDArray[np.uint32] = np.load(path, allow_pickle=False)
    return codes
