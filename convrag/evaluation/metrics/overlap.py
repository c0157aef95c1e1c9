"""ROUGE, BLEU and chrF between a text and reference texts, in any script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from convrag.text.scripts import UNSPACED, mark_ranges, ranges_of

_TOKENIZERS = {"zh": "zh", "ja": "char", "th": "char", "km": "char", "lo": "char", "my": "char"}
"""Of sacrebleu, by language; the others have words between spaces."""
_LONGEST = 2000
"""Tokens of which a common subsequence is looked for: the table grows with their square."""
_MOST = 20_000


class Share(NamedTuple):
    """Precision, recall and their harmonic mean, 0..1."""

    precision: float
    recall: float
    f1: float


def rouge_tokens(text: str) -> list[str]:
    """Return runs of letters and digits in lower case; scripts without spaces by character.

    For plain English these are the tokens of the original ROUGE.
    """
    return _token_pattern().findall(text.lower())


def rouge_n(text: str, references: Sequence[str], n: int) -> Share:
    """Return ROUGE-N with the reference that gives the best F1 (Lin, "ROUGE", 2004)."""
    own = _grams(rouge_tokens(text), n)
    return _best([_rouge_n(own, _grams(rouge_tokens(each), n)) for each in references])


def rouge_l(text: str, references: Sequence[str]) -> Share:
    """Return ROUGE-L with the reference that gives the best F1 (Lin, "ROUGE", 2004).

    Of texts of more than 2,000 tokens only the first so many are compared.
    """
    own = rouge_tokens(text)[:_LONGEST]
    return _best([_rouge_l(own, rouge_tokens(each)[:_LONGEST]) for each in references])


def bleu(text: str, references: Sequence[str], language: str) -> float:
    """Return sentence BLEU, 0..1, as sacrebleu has it (Post, WMT 2018): with its smoothing.

    Of texts of more than 20,000 characters only the first so many are compared.

    Args:
        text: What is measured.
        references: What it is held against, at least one.
        language: ISO 639-1, chooses sacrebleu's tokenizer.
    """
    cut = [each[:_MOST] for each in references]
    return float(_bleu(language).sentence_score(text[:_MOST], cut).score) / 100


def chrf(text: str, references: Sequence[str]) -> float:
    """Return chrF2, 0..1 (Popović, "chrF", WMT 2015): sacrebleu's implementation and defaults.

    Of texts of more than 20,000 characters only the first so many are compared.
    """
    cut = [each[:_MOST] for each in references]
    return float(CHRF().sentence_score(text[:_MOST], cut).score) / 100


@lru_cache(maxsize=16)
def _bleu(language: str) -> BLEU:
    return BLEU(tokenize=_TOKENIZERS.get(language, "13a"), effective_order=True)


def _rouge_n(own: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> Share:
    return _share((own & other).total(), own.total(), other.total())


def _rouge_l(own: Sequence[str], other: Sequence[str]) -> Share:
    return _share(_common_length(own, other), len(own), len(other))


def _common_length(a: Sequence[str], b: Sequence[str]) -> int:
    row = [0] * (len(b) + 1)
    for left in a:
        before = 0
        for at, right in enumerate(b, start=1):
            above = row[at]
            row[at] = before + 1 if left == right else max(above, row[at - 1])
            before = above
    return row[-1]


def _grams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1))


def _share(common: int, own: int, other: int) -> Share:
    precision, recall = common / max(own, 1), common / max(other, 1)
    both = precision + recall
    return Share(precision, recall, 2 * precision * recall / both if both else 0.0)


def _best(shares: Sequence[Share]) -> Share:
    return max(shares, key=lambda share: share.f1)


@lru_cache(maxsize=1)
def _token_pattern() -> re.Pattern[str]:
    unspaced, marks = ranges_of(UNSPACED), mark_ranges()
    return re.compile(
        f"[{unspaced}][{marks}]*|(?:(?![{unspaced}])[^\\W_][{marks}\\u200c\\u200d]*)+"
    )
