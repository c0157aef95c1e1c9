"""Reading the evidence: which facts or sentences answer, and whether they answer at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from convrag.generation.answerability import Features, answerability
from convrag.generation.writing import group_facts
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import mask, stems
from convrag.graph.wording import statement
from convrag.protocols import Encoder, Vectors
from convrag.text.analysis import content_words
from convrag.text.segment import sentences
from convrag.types import AnswerSpan, Evidence, Passage, Query, Reading, Span, Triple

FACT_THRESHOLD = 0.6
"""From this confidence on facts answer by themselves."""
_PASSAGES_READ = 4
_SENTENCES_READ = 40
_SHORTEST = 8
"""Characters; shorter pieces are headings or crumbs, not answers."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence of a passage or the statement of a group of facts, with where it comes from."""

    text: str
    context: str
    """The text around it; for a statement the statement itself."""
    title: str
    evidence: tuple[Evidence, ...]
    span: Span
    language: str
    entities: frozenset[str]


class EvidenceReader:
    """Facts that were asked for answer first; otherwise what lies closest to the question."""

    def __init__(self, graph: KnowledgeGraph, encoder: Encoder) -> None:
        self._graph = graph
        self._encoder = encoder
        self._vector = lru_cache(maxsize=4096)(self._encode_one)

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading:
        """Return spans best first with the probability that they answer (0..1).

        When facts answer, all of the best groups come first with their confidence. Otherwise
        sentences and weaker facts are ordered by how well they fit.
        """
        facts = [e for e in evidence if isinstance(e.item, Triple)]
        best = max((e.confidence for e in facts), default=0.0)
        if best >= FACT_THRESHOLD:
            spans = [AnswerSpan(e.id, (0, 0), e.confidence) for e in facts if e.confidence == best]
            return Reading(tuple(spans), best)
        passages = [e for e in evidence if isinstance(e.item, Passage)]
        read = _own_language_first(passages, query.language)[:_PASSAGES_READ]
        candidates = [c for e in read for c in _split(e)][:_SENTENCES_READ]
        candidates += self._statements(facts, query.language)
        if not candidates:
            return Reading((), 0.0)
        return self._judge(query, candidates)

    def _judge(self, query: Query, candidates: Sequence[_Candidate]) -> Reading:
        question = self._encoder.encode([query.text], "query")[0]
        wanted = _wanted(query)
        probability = 0.0
        spans: list[AnswerSpan] = []
        for candidate in candidates:
            features = self._features(query, question, wanted, candidate)
            probability = max(probability, answerability(features))
            spans += [
                AnswerSpan(e.id, candidate.span, round(features.ordering, 6))
                for e in candidate.evidence
            ]
        return Reading(tuple(sorted(spans, key=lambda s: -s.score)), probability)

    def _statements(self, facts: Sequence[Evidence], language: str) -> list[_Candidate]:
        candidates: list[_Candidate] = []
        for group in group_facts(facts):
            text = statement(self._graph, group, language)
            members = tuple(e for e in facts if e.item in group.triples)
            entities = frozenset({group.entity})
            candidates.append(_Candidate(text, text, "", members, (0, 0), language, entities))
        return candidates

    def _features(
        self,
        query: Query,
        question: Vectors,
        wanted: frozenset[str],
        candidate: _Candidate,
    ) -> Features:
        linked = {link.entity_id for link in query.links if link.entity_id is not None}
        cosine = float(self._vector(candidate.title, candidate.text) @ question)
        passage = candidate.evidence[0]
        return Features(
            sentence_cosine=cosine,
            passage_cosine=passage.confidence if isinstance(passage.item, Passage) else cosine,
            sentence_coverage=_coverage(wanted, candidate.text, query.language),
            passage_coverage=_coverage(wanted, candidate.context, query.language),
            names_entity=float(not linked or bool(linked & candidate.entities)),
            own_language=float(candidate.language == query.language),
        )

    def _encode_one(self, title: str, text: str) -> Vectors:
        return self._encoder.encode([f"{title}. {text}" if title else text], "passage")[0]


def _own_language_first(passages: Sequence[Evidence], language: str) -> list[Evidence]:
    return sorted(passages, key=lambda e: getattr(e.item, "language", "") != language)


def _split(evidence: Evidence) -> list[_Candidate]:
    passage = evidence.item
    if not isinstance(passage, Passage):
        return []
    return [
        _Candidate(
            passage.text[span[0] : span[1]],
            f"{passage.title}\n{passage.text}",
            passage.title,
            (evidence,),
            span,
            passage.language,
            frozenset(passage.entity_ids),
        )
        for span in sentences(passage.text, passage.language)
        if len(passage.text[span[0] : span[1]].strip()) >= _SHORTEST
    ]


def _wanted(query: Query) -> frozenset[str]:
    """Return the stems the answer should share with the question: content words beside the names."""
    names = [link.mention.span for link in query.links if link.entity_id is not None]
    rest = mask(query.text, names)
    spans = content_words(rest, query.language)
    return frozenset(s for start, end in spans for s, _ in stems(rest[start:end], query.language))


def _coverage(wanted: frozenset[str], text: str, language: str) -> float:
    """Return the share of the wanted stems that the text has; 1 when nothing is wanted."""
    present = {stem for stem, _ in stems(text, language)}
    return len(wanted & present) / len(wanted) if wanted else 1.0
