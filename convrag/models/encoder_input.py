"""What every runtime of an encoder does to a text first, so that all of them read the same."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Kind = Literal["query", "passage"]

MAX_CHARACTERS = 8192
"""A longer text is cut here: about four windows of the model, a bound on time and memory."""

_LIGATURE = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}"
# The one character that grows to more than four characters per byte: the C engine reserves four.
_EXPANDED = unicodedata.normalize("NFKC", _LIGATURE)
_SPECIAL = re.compile(r"<(?=/?s>|pad>|unk>|mask>)")


def clean_text(text: str) -> str:
    """Return ``text`` as an encoder may read it.

    NUL (which ends a C string) becomes a space, half a surrogate pair becomes U+FFFD, composed and
    decomposed spellings become one, and what looks like a special token is broken up: text is data.
    """
    text = text[:MAX_CHARACTERS].replace("\0", " ").replace(_LIGATURE, _EXPANDED)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _SPECIAL.sub("< ", unicodedata.normalize("NFC", text))


def clean_with_origins(text: str) -> tuple[str, list[int]]:
    """Return ``clean_text(text)`` and where in ``text`` each of its characters comes from.

    The list has one entry more, the end of what was read. A composed character comes from where its
    base is, so that the origins never fall.
    """
    clean = clean_text(text)
    end = min(len(text), MAX_CHARACTERS)
    if clean == text[:end]:
        return clean, list(range(end + 1))
    broken = {found.start() for found in _SPECIAL.finditer(text[:end])}
    origins: list[int] = []
    start = 0
    while start < end:
        piece, stop = unicodedata.normalize("NFC", text[start]), start + 1
        while stop < end:
            longer = unicodedata.normalize("NFC", text[start : stop + 1])
            if longer == piece + unicodedata.normalize("NFC", text[stop]) and not (
                unicodedata.combining(text[stop])
            ):
                break
            piece, stop = longer, stop + 1
        piece = _EXPANDED if text[start] == _LIGATURE else piece
        origins += [start] * (len(piece) + (start in broken))
        start = stop
    return clean, [*origins[: len(clean)], *[end] * (len(clean) + 1 - len(origins))]
