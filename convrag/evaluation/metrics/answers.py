"""Exact match and F1 of short answers, by the rules of the SQuAD and MLQA scripts.

The rules for ar, de, en, es, hi, vi and zh are MLQA's (Lewis et al. 2020), which XQuAD is scored
with too; for English they are SQuAD's (Rajpurkar et al. 2016) with the punctuation of all scripts
dropped. The other languages follow the same pattern, with the articles of each. Scripts without
spaces are compared by characters, as MLQA does for Chinese, and so is Korean, as KorQuAD does.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from convrag.text.scripts import UNSPACED, mark_ranges, ranges_of

_ARTICLES = {
    "ar": r"\sال^|ال",  # as MLQA has it: the first half never matches
    "ca": r"\b(el|la|els|les|un|una|uns|unes|l)\b",
    "da": r"\b(en|et|den|det|de)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "el": r"\b(ο|η|το|οι|τα|του|της|των|τον|την|τους|τις|ένας|μια|μία|ένα)\b",
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "fr": r"\b(le|la|les|l|un|une|des|du)\b",
    "it": r"\b(il|lo|la|i|gli|le|l|un|uno|una)\b",
    "nl": r"\b(de|het|een)\b",
    "pt": r"\b(o|a|os|as|um|uma|uns|umas)\b",
    "sv": r"\b(en|ett|den|det|de)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
}
_APOSTROPHES = {"ca", "fr", "it"}
"""Languages whose articles are joined to the word: they part at the apostrophe."""


def exact_match(answer: str, wanted: Iterable[str], language: str) -> float:
    """Return 1 if the answer is one of ``wanted`` up to case, articles and punctuation, else 0.

    An empty ``wanted`` means that there is no answer: an empty answer is right then (SQuAD 2.0).
    """
    own = normalized(answer, language)
    return float(any(own == normalized(text, language) for text in list(wanted) or [""]))


def f1(answer: str, wanted: Iterable[str], language: str) -> float:
    """Return the best F1 (0..1) between the answer's tokens and those of any wanted answer.

    Where one of the two has no tokens, it is 1 if the other has none either (SQuAD 2.0; MLQA's
    script, in which every question has an answer, says 0).
    """
    own = tokens(answer, language)
    return max(_f1(own, tokens(text, language)) for text in list(wanted) or [""])


def overlap(answer: str, wanted: Iterable[str], language: str) -> tuple[float, float]:
    """Return precision and recall (0..1) of the tokens, against the wanted answer of best recall.

    For answers in whole sentences: their recall says whether the wanted answer is in them.
    """
    own = tokens(answer, language)
    pairs = [_shares(own, tokens(text, language)) for text in wanted]
    return max(pairs, key=lambda pair: (pair[1], pair[0]), default=(0.0, 0.0))


def contains(answer: str, wanted: Iterable[str], language: str) -> float:
    """Return 1 if the tokens of a wanted answer stand in the answer in one piece, else 0."""
    own = tokens(answer, language)
    for text in wanted:
        piece = tokens(text, language)
        places = range(len(own) - len(piece) + 1)
        if piece and any(own[at : at + len(piece)] == piece for at in places):
            return 1.0
    return 0.0


def normalized(text: str, language: str) -> str:
    """Return ``text`` in lower case without punctuation and articles, its tokens spaced."""
    text = text.lower()
    if language in _APOSTROPHES:
        text = text.replace("'", " ").replace("’", " ")
    text = text.translate(_punctuation())
    articles = _ARTICLES.get(language)
    if articles:
        text = re.sub(articles, " ", text)
    if language == "ko":
        return " ".join(char for char in text if not char.isspace())
    if language not in _SPACED:
        text = _unspaced().sub(r" \g<0> ", text)
    return " ".join(text.split())


def tokens(text: str, language: str) -> list[str]:
    """Return the tokens that F1 counts."""
    return normalized(text, language).split()


_SPACED = frozenset({"en", "es", "hi", "vi", "de", "ar"})
"""Languages that MLQA never cuts into characters, whatever is in the text."""


def _f1(own: Sequence[str], other: Sequence[str]) -> float:
    if not own or not other:
        return float(own == other)
    precision, recall = _shares(own, other)
    return 2 * precision * recall / (precision + recall) if precision else 0.0


def _shares(own: Sequence[str], other: Sequence[str]) -> tuple[float, float]:
    common = sum((Counter(own) & Counter(other)).values())
    return common / max(len(own), 1), common / max(len(other), 1)


@lru_cache(maxsize=1)
def _punctuation() -> dict[int, None]:
    found = {ord(char): None for char in string.punctuation}
    for code in range(0x1F000):  # no punctuation lies above
        if unicodedata.category(chr(code)).startswith("P"):
            found[code] = None
    return found


@lru_cache(maxsize=1)
def _unspaced() -> re.Pattern[str]:
    return re.compile(f"[{ranges_of(UNSPACED)}][{mark_ranges()}]*")
