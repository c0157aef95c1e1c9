"""Reading the evidence: which facts or sentences answer, and whether they answer at all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convrag.generation.answerability import Features, answerability
from convrag.generation.writing import group_facts
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import mask
from convrag.graph.wording import statement
from convrag.protocols import Encoder, Vectors
from convrag.text.analysis import analyze, content_words, kind_weight
from convrag.text.segment import sentences
from convrag.types import AnswerSpan, Evidence, Passage, Query, Reading, Span, Triple

FACT_THRESHOLD = 0.6
"""From this confidence on facts answer by themselves."""
_PASSAGES_READ = 4
_SENTENCES_READ = 40
_VECTORS_KEPT = 4096
_SHORTEST = 8
"""Characters; shorter pieces are headings or crumbs, not answers."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage or the statement of a group of facts, with where it comes from."""

    text: str
    context: str
    """The text around it; for a statement the statement itself."""
    title: str
    evidence: tuple[Evidence, ...]
    span: Span
    language: str
    entities: frozenset[str]

    @property
    def in_context(self) -> str:
        """The text as the encoder reads it: a sentence is little without its title."""
        return f"{self.title}. {self.text}" if self.title else self.text


class EvidenceReader:
    """Facts that were asked for answer first; otherwise what lies closest to the question."""

    def __init__(self, graph: KnowledgeGraph, encoder: Encoder) -> None:
        self._graph = graph
        self._encoder = encoder
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()

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
        weighed = self.weigh(query, evidence)
        if not weighed:
            return Reading((), 0.0)
        ordered = tuple(
            AnswerSpan(e.id, candidate.span, round(features.ordering, 6))
            for candidate, features in weighed
            for e in candidate.evidence
        )
        return Reading(ordered, answerability(weighed[0][1]))

    def weigh(self, query: Query, evidence: Sequence[Evidence]) -> list[tuple[Candidate, Features]]:
        """Return the sentences and statements of the evidence with their features, best first."""
        passages = [e for e in evidence if isinstance(e.item, Passage)]
        read = _own_language_first(passages, query.language)[:_PASSAGES_READ]
        candidates = [c for e in read for c in _split(e)][:_SENTENCES_READ]
        facts = [e for e in evidence if isinstance(e.item, Triple)]
        candidates += self._statements(facts, query.language)
        if not candidates:
            return []
        question = self._encoder.encode([query.text], "query")[0]
        wanted = _wanted(query)
        cosines = self._encode([c.in_context for c in candidates]) @ question
        weighed = [
            (c, self._features(query, wanted, c, float(cosine)))
            for c, cosine in zip(candidates, cosines, strict=True)
        ]
        return sorted(weighed, key=lambda item: -item[1].ordering)

    def _statements(self, facts: Sequence[Evidence], language: str) -> list[Candidate]:
        candidates: list[Candidate] = []
        for group in group_facts(facts):
            text = statement(self._graph, group, language)
            members = tuple(e for e in facts if e.item in group.triples)
            entities = frozenset({group.entity})
            candidates.append(Candidate(text, text, "", members, (0, 0), language, entities))
        return candidates

    def _features(
        self,
        query: Query,
        wanted: Mapping[str, float],
        candidate: Candidate,
        cosine: float,
    ) -> Features:
        linked = {link.entity_id for link in query.links if link.entity_id is not None}
        passage = candidate.evidence[0]
        return Features(
            sentence_cosine=cosine,
            passage_cosine=passage.confidence if isinstance(passage.item, Passage) else cosine,
            sentence_coverage=_coverage(wanted, candidate.text, query.language),
            passage_coverage=_coverage(wanted, candidate.context, query.language),
            names_entity=float(not linked or bool(linked & candidate.entities)),
            own_language=float(candidate.language == query.language),
        )

    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (N, D); texts met before are not encoded again."""
        missing = [t for t in dict.fromkeys(texts) if t not in self._vectors]
        if missing:
            fresh = self._encoder.encode(missing, "passage")
            self._vectors.update(zip(missing, fresh, strict=True))
        found = np.stack([self._vectors[t] for t in texts])
        while len(self._vectors) > _VECTORS_KEPT:
            self._vectors.popitem(last=False)
        return found


def _own_language_first(passages: Sequence[Evidence], language: str) -> list[Evidence]:
    return sorted(passages, key=lambda e: getattr(e.item, "language", "") != language)


def _split(evidence: Evidence) -> list[Candidate]:
    passage = evidence.item
    if not isinstance(passage, Passage):
        return []
    return [
        Candidate(
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


def _wanted(query: Query) -> dict[str, float]:
    """Return the weighted terms that an answer should share with the question, names aside."""
    names = [link.mention.span for link in query.links if link.entity_id is not None]
    rest = mask(query.text, names)
    content = [rest[start:end] for start, end in content_words(rest, query.language)]
    return {t: kind_weight(t) for word in content for t in analyze(word, query.language)}


def _coverage(wanted: Mapping[str, float], text: str, language: str) -> float:
    """Return the share of the wanted terms' weight that the text has; 1 when nothing is wanted."""
    total = sum(wanted.values())
    if not total:
        return 1.0
    present = set(analyze(text, language))
    return sum(weight for term, weight in wanted.items() if term in present) / total
