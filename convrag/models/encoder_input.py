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
