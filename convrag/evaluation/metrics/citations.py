"""Citations of an answer: whether they support the sentences that they stand behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from convrag.evaluation.matching import plain_answer
from convrag.text.segment import sentences

_MARKER = re.compile(r"\[\^?(\d+)\](?:\([^)]*\))?")
_FEWEST = 2
"""Letters; with fewer a piece is a bullet or a rest of punctuation, and states nothing."""

Supports = Callable[[str, str], float]
"""Returns the probability (0..1) that the first text supports the second, a sentence."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer as plain words, and the numbers of the sources cited for it."""

    text: str
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CitationScores:
    """How well an answer's sentences are cited; None where there is nothing to say it of."""

    recall: float | None
    """Share of the sentences that their citations support."""
    precision: float | None
    """Share of the citations that help to support their sentence."""
    attribution: float | None
    """Mean probability that a sentence is supported; 0 for one without citations."""
    sentences: int
    citations: int


def statements(answer: str, language: str) -> tuple[Statement, ...]:
    """Return the sentences of an answer with the sources cited in them or right behind them."""
    bare = _MARKER.sub(lambda found: " " * len(found[0]), answer)
    spans = [
        span
        for span in sentences(bare, language)
        if sum(map(str.isalnum, bare[span[0] : span[1]])) >= _FEWEST
    ]
    cited: list[list[int]] = [[] for _ in spans]
    for found in _MARKER.finditer(answer):
        before = [at for at, (start, _) in enumerate(spans) if start <= found.start()]
        if before and int(found[1]) not in cited[before[-1]]:
            cited[before[-1]].append(int(found[1]))
    return tuple(
        Statement(" ".join(plain_answer(bare[start:end]).split()), tuple(numbers))
        for (start, end), numbers in zip(spans, cited, strict=True)
    )


def citation_scores(
    said: Sequence[Statement], sources: Mapping[int, str], supports: Supports, *, least: float
) -> CitationScores:
    """Return citation recall and precision (Gao et al., "ALCE", EMNLP 2023) and attribution.

    A sentence counts as supported when all that is cited for it, put together, supports it. A
    citation is right when its sentence is supported and either it supports the sentence alone or
    the others do not without it.

    Args:
        said: The answer's sentences.
        sources: What each number stands for: the cited span.
        supports: Judges a text and a sentence.
        least: From this probability on a sentence counts as supported.
    """
    supported, right, count = 0, 0, 0
    probabilities: list[float] = []
    for statement in said:
        texts = [sources[marker] for marker in statement.markers if marker in sources]
        count += len(statement.markers)  # one that stands for nothing is wrong
        probability = supports("\n".join(texts), statement.text) if texts else 0.0
        probabilities.append(probability)
        if probability >= least:
            supported += 1
            right += sum(
                _helps(texts, at, statement.text, supports, least) for at in range(len(texts))
            )
    number = len(said)
    return CitationScores(
        recall=supported / number if number else None,
        precision=right / count if count else None,
        attribution=sum(probabilities) / number if number else None,
        sentences=number,
        citations=count,
    )


def _helps(texts: Sequence[str], at: int, sentence: str, supports: Supports, least: float) -> bool:
    others = [text for place, text in enumerate(texts) if place != at]
    if not others or supports(texts[at], sentence) >= least:
        return True
    return supports("\n".join(others), sentence) < least
