"""What any answer is measured by, whatever is expected of it: citations, repetition, length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from convrag.evaluation.matching import plain_answer
from convrag.evaluation.metrics.citations import citation_scores, statements
from convrag.evaluation.metrics.support import SUPPORTED, signals, support
from convrag.evaluation.metrics.wording import repetition, token_count
from convrag.evaluation.runner import Respondent, TurnRun
from convrag.types import Answer, Evidence, Passage, Query, Reading, Status

WORDING = (
    *("citation_recall", "citation_precision", "attribution", "attribution_reader"),
    *("repetition", "answer_tokens", "evidence_tokens"),
)
"""Metrics of :func:`wording_measures`, each only where there is something to say it of."""
_SILENT = (Status.ABSTAINED, Status.FAILED, Status.CLARIFYING)


@runtime_checkable
class Reads(Protocol):
    """What has a reader, as a pipeline has."""

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading: ...


def wording_measures(run: TurnRun, respondent: Respondent) -> dict[str, float]:
    """Return how an answer is cited and worded, by the names of :data:`WORDING`.

    Args:
        run: The turn and what came.
        respondent: What was asked; words the evidence, and reads the cited places again.
    """
    found: dict[str, float] = {}
    if run.evidence:
        language = run.answer.language if run.answer else run.dialogue.language
        read = (respondent.evidence_text(e, language=language) for e in run.evidence)
        found["evidence_tokens"] = float(sum(map(token_count, read)))
    answer = run.answer
    if answer is None or answer.status in _SILENT:
        return found
    text = plain_answer(answer.text)
    found |= {"repetition": repetition(text), "answer_tokens": float(token_count(text))}
    if answer.citations or answer.evidence:
        found |= _citing(answer, run.evidence, respondent)
        found |= _reading(answer, run, respondent)
    return found


def _citing(
    answer: Answer, evidence: Sequence[Evidence], respondent: Respondent
) -> dict[str, float]:
    """Return how the answer's sentences are cited."""
    by_id = {e.id: e for e in (*evidence, *answer.evidence)}
    sources: dict[int, str] = {}
    for citation in answer.citations:
        cited = by_id.get(citation.evidence_id)
        if cited is not None:
            text = respondent.evidence_text(cited, language=answer.language)
            start, end = citation.span
            more = text[start:end] if end > start else text
            sources[citation.marker] = f"{sources.get(citation.marker, '')}\n{more}".strip()

    def supports(text: str, statement: str) -> float:
        return support(signals(statement, text, answer.language))

    scores = citation_scores(
        statements(answer.text, answer.language), sources, supports, least=SUPPORTED
    )
    named = {
        "citation_recall": scores.recall,
        "citation_precision": scores.precision,
        "attribution": scores.attribution,
    }
    return {name: value for name, value in named.items() if value is not None}


def _reading(answer: Answer, run: TurnRun, respondent: Respondent) -> dict[str, float]:
    """Return whether the reader sees the question answered by the cited places and nothing else."""
    if not isinstance(respondent, Reads) or run.query is None:
        return {}
    cited = tuple(_cited(answer, run.evidence))
    return {"attribution_reader": respondent.read(run.query, cited).answerability if cited else 0.0}


def _cited(answer: Answer, evidence: Sequence[Evidence]) -> Iterator[Evidence]:
    """Yield each cited piece of evidence once, passages cut down to the cited places."""
    by_id = {e.id: e for e in (*evidence, *answer.evidence)}
    for name in dict.fromkeys(citation.evidence_id for citation in answer.citations):
        found = by_id.get(name)
        if found is None or not isinstance(found.item, Passage):
            if found is not None:
                yield found
            continue
        spans = sorted({c.span for c in answer.citations if c.evidence_id == name})
        text = "\n".join(found.item.text[start:end] for start, end in spans if end > start)
        yield replace(found, item=replace(found.item, text=text)) if text else found
