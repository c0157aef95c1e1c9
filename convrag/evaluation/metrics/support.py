"""Whether a text supports a statement: words, numbers, names and negation, and the encoder's view.

All are weighed into a probability that the statement follows from the text. Numbers and names of
the statement have to be in the text; its other words may be inflected or spelt otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from convrag.evaluation.matching import numbers
from convrag.evaluation.metrics.overlap import rouge_l, rouge_n, rouge_tokens
from convrag.protocols import Encoder
from convrag.text.analysis import analyze, content_words
from convrag.text.scripts import script_of
from convrag.text.segment import sentences, words

SUPPORTED = 0.3
"""From this probability on a statement counts as supported.

On BEGIN's development files the mean of both classes' accuracies is highest there (.878); half of
its responses would have to be supported, not a quarter, for that to be at .5."""
_CASED = frozenset({"latin", "cyrillic", "greek", "armenian"})
_READ = 3
"""Sentences that the encoder compares with the statement: those with most words of it."""
_ALIKE = 0.4
"""Share of common trigrams from which on two words begin to count as forms of one."""
_NEGATIONS = {
    "ar": "لا|لم|لن|ليس|ليست|غير|بدون",
    "de": "nicht|kein|keine|keinen|keiner|keinem|keines|nie|niemals|ohne|weder",
    "en": r"not|no|never|none|neither|nor|without|nobody|nothing|cannot|\w+n['’]t",
    "es": "no|nunca|jamás|ningún|ninguna|ninguno|sin|tampoco|ni",
    "fa": "نه|نیست|نبود|هیچ|بدون|نمی‌?\\w*",
    "fr": r"ne|n['’]\w+|pas|jamais|aucun|aucune|sans|ni",
    "he": "לא|אין|אינו|אינה|בלי|ללא",
    "hi": "नहीं|न|मत|बिना",
    "it": "non|mai|nessun|nessuno|nessuna|senza|né",
    "ja": "ない|なかった|ません|ず|ぬ",
    "ko": r"\w*않\w*|\w*없\w*|아니\w*|못\w*",
    "nl": "niet|geen|nooit|zonder|noch",
    "pt": "não|nunca|jamais|nenhum|nenhuma|sem|nem",
    "ru": "не|нет|ни|никогда|без",
    "th": "ไม่|มิได้|ปราศจาก",
    "tr": r"değil|yok|asla|hiç|\w+m[ae]d[ıi]\w*",
    "uk": "не|ні|немає|ніколи|без",
    "vi": "không|chưa|chẳng|chả",
    "zh": "不|没|没有|無|无|非|未|沒",
}
_UNSPACED = frozenset({"ja", "th", "zh"})


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a statement to be supported; all 0..1."""

    words: float
    """Share of its content words that the text has."""
    pairs: float
    """Share of its neighbouring words that are neighbours in the text."""
    order: float
    """Share of its words that the text has in the same order, with gaps."""
    numbers: float
    """Share of its numbers that the text does not have."""
    names: float
    """Share of its capitalised words that the text does not have."""
    negated: float
    """1 when one of the two is negated and the other is not."""
    meaning: float | None = None
    """Highest cosine with a sentence of the text; None when no encoder was asked."""


def signals(statement: str, text: str, language: str, *, encoder: Encoder | None = None) -> Signals:
    """Return what speaks for and against ``statement`` following from ``text``.

    Args:
        statement: One sentence.
        text: What is cited for it, in the same language.
        language: ISO 639-1 code of both.
        encoder: Compares their meaning, when there is one.
    """
    wanted = [analyze(statement[a:b], language) for a, b in content_words(statement, language)]
    parts = [text[a:b] for a, b in sentences(text, language)] or [text]
    shares = [_share(wanted, part, language) for part in parts]
    order = sorted(range(len(parts)), key=lambda at: (-shares[at], at))
    best = parts[order[0]]
    return Signals(
        words=_share(wanted, text, language),
        pairs=rouge_n(statement, [text], 2 if len(rouge_tokens(statement)) > 1 else 1).precision,
        order=rouge_l(statement, [text]).precision,
        numbers=_missing_numbers(statement, text),
        names=_missing_names(statement, text, language),
        negated=float(_is_negated(statement, language) is not _is_negated(best, language)),
        meaning=None
        if encoder is None
        else _meaning(statement, [parts[i] for i in order], encoder),
    )


def support(found: Signals) -> float:
    """Return the probability (0..1) that the statement is supported.

    A number that the text does not have takes three quarters of it away: people make few such
    mistakes but none is small, so there are too few of them to fit this.

    Logistic regressions with and without the encoder, fitted on the development files of BEGIN
    (Dziri et al., "Evaluating Attribution in Dialogue Systems", TACL 2022) by
    ``python -m tests.bench.groundedness``.
    """
    weights = _LEXICAL if found.meaning is None else _WITH_MEANING
    values = features(found)
    total = weights[0] + sum(w * v for w, v in zip(weights[1:], values, strict=True))
    return (1.0 - _STRICT * found.numbers) / (1.0 + math.exp(-total))


def features(found: Signals) -> tuple[float, ...]:
    """Return the signals that are weighed, the meaning last where there is one."""
    values = (found.words, found.pairs, found.order, found.names, found.negated)
    if found.meaning is None:
        return values
    return *values, (found.meaning - _UNRELATED) / (1.0 - _UNRELATED)


_LEXICAL = (-6.864, 3.506, 1.3, 4.614, -1.201, -0.703)
_WITH_MEANING = (-6.175, 2.927, 1.314, 3.768, -1.141, -0.365, 0.639)
_STRICT = 0.75
_UNRELATED = 0.8
"""Cosine that texts about different things still have: it lies in a narrow band."""


def _share(wanted: Sequence[Sequence[str]], text: str, language: str) -> float:
    present = set(analyze(text, language))
    return sum(_has(word, present) for word in wanted) / len(wanted) if wanted else 1.0


def _has(word: Sequence[str], present: set[str]) -> float:
    """Return 1 if the word is there in some form, less if only pieces of it are."""
    if any(token in present for token in word if token[0] in "wbi"):
        return 1.0
    pieces = [token for token in word if token[0] in "tu"]
    share = sum(token in present for token in pieces) / len(pieces) if pieces else 0.0
    return max(0.0, (share - _ALIKE) / (1.0 - _ALIKE))


def _missing_numbers(statement: str, text: str) -> float:
    said = [statement[a:b] for a, b in words(statement)]
    stated = [set(found) for word in said if (found := numbers(word))]
    known = set(numbers(text))
    return sum(not value & known for value in stated) / len(stated) if stated else 0.0


def _missing_names(statement: str, text: str, language: str) -> float:
    spans = words(statement)
    said = [
        statement[a:b]
        for number, (a, b) in enumerate(spans)
        if number and statement[a].isupper() and script_of(statement[a]) in _CASED
    ]
    if not said:
        return 0.0
    present = set(analyze(text, language))
    return sum(1.0 - _has(analyze(word, language), present) for word in said) / len(said)


def _is_negated(text: str, language: str) -> bool:
    pattern = _NEGATIONS.get(language)
    if pattern is None:
        return False
    low = text.lower()
    if language in _UNSPACED:
        return re.search(pattern, low) is not None
    return any(re.fullmatch(pattern, low[a:b]) for a, b in words(low))


def _meaning(statement: str, parts: Sequence[str], encoder: Encoder) -> float:
    vectors = encoder.encode([statement, *parts[:_READ]], "passage")  # (1 + P, D)
    return float((vectors[1:] @ vectors[0]).max())
