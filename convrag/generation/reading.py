"""Reading the evidence: which facts or sentences answer, and whether they answer at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from convrag.generation.answerability import Features, answerability
from convrag.generation.bridging import joined
from convrag.generation.candidates import Candidate, lines_of
from convrag.generation.coverage import Wanted, wanted
from convrag.generation.writing import group_facts
from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.naming import generalized
from convrag.graph.quantities import (
    asks_for_number,
    asks_for_price,
    asks_for_reason,
    has_number,
    has_price,
)
from convrag.graph.relations import class_phrases
from convrag.graph.wording import statement
from convrag.protocols import Encoder
from convrag.types import AnswerSpan, Evidence, Passage, Query, Reading, Triple

FACT_THRESHOLD = 0.6
"""From this confidence on facts answer by themselves."""
_PASSAGES_READ = 4
_SENTENCES_READ = 40
_JOINED, _JOINED_MORE = 0.7, 0.15
"""Share of the question's words that two lines must have to be read instead of facts, and how much
more than these."""
_ALL_EXPLAINED = 0.9
"""Confidence of facts whose names and property explain every word of the question."""
_UNKNOWN = 0.5
"""Coverage by a text in another language, whose words cannot be compared."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the candidates of one question are measured against."""

    asked: Wanted
    number: bool
    mean_cosine: float
    mean_passage: float


class EvidenceReader:
    """Facts that were asked for answer first; otherwise what lies closest to the question."""

    def __init__(self, graph: KnowledgeGraph, linker: DictionaryLinker, encoder: Encoder) -> None:
        self._graph = graph
        self._linker = linker
        self._encoder = encoder
        self._kinds = class_phrases(graph)

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading:
        """Return spans best first with the probability that they answer (0..1).

        When facts answer, all of the best groups come first with their confidence. Otherwise
        sentences and weaker facts are ordered by how well they fit.
        """
        if asks_for_reason(query.text, query.language):
            evidence = [e for e in evidence if not _is_plain_value(e)]
        facts = [e for e in evidence if isinstance(e.item, Triple)]
        best = max((e.confidence for e in facts), default=0.0)
        if best >= FACT_THRESHOLD and not self._joins_more(query, evidence, best):
            answering = [e for e in facts if e.confidence == best]
            spans = [AnswerSpan(e.id, (0, 0), e.confidence) for e in answering]
            return Reading(tuple(spans), best, answering[0].conclusion)
        weighed = self.weigh(query, evidence)
        if not weighed:
            return Reading((), 0.0)
        first, features = weighed[0]
        lead = first.lead or self._naming_line(query, first)
        chance = answerability(features)
        said = has_price(first.text, first.language)
        if asks_for_price(query.text, query.language) and not said:
            chance = 0.0  # no other sentence says what something costs
        return Reading(
            tuple(
                AnswerSpan(e.id, candidate.span, round(features.ordering, 6))
                for candidate, features in weighed
                for e in candidate.evidence
            ),
            chance,
            lead=AnswerSpan(lead.evidence[0].id, lead.span, 1.0) if lead else None,
        )

    def _naming_line(self, query: Query, answer: Candidate) -> Candidate | None:
        """Return the line before the answer that names what the answer calls by its kind alone.

        "Which river is the island in?" is not answered by "The island lies in the river." until it
        is said which river that is.
        """
        named = {k for e in query.links for k in self._graph.kinds_of(e.entity_id)}
        asked = {m.phrase.target for m in self._kinds.find(query.text, language=query.language)}
        said = {m.phrase.target for m in self._kinds.find(answer.text, language=answer.language)}
        open_kinds = (asked & said) - named
        if not open_kinds or self._names_some(answer, open_kinds):
            return None
        before = [line for line in lines_of(answer.evidence[0]) if line.span[1] <= answer.span[0]]
        return next((x for x in reversed(before) if self._names_some(x, open_kinds)), None)

    def _names_some(self, line: Candidate, kinds: Collection[str]) -> bool:
        links = self._linker.link(line.text, language=line.language, fuzzy=False)
        found = {kind for link in links for kind in self._graph.kinds_of(link.entity_id)}
        return not found.isdisjoint(kinds)

    def _joins_more(self, query: Query, evidence: Sequence[Evidence], best: float) -> bool:
        """Return whether lines of two passages explain clearly more than the best facts do.

        "The capital of the largest export partner of Chad" is not answered by the capital of Chad.
        What code concluded from several facts explains all of the question, as do facts of the
        highest confidence, however they are worded.
        """
        facts = [e for e in evidence if isinstance(e.item, Triple) and e.confidence == best]
        if best >= _ALL_EXPLAINED or any(fact.conclusion is not None for fact in facts):
            return False
        asked = wanted(self._graph, query)
        passages = [e for e in evidence if isinstance(e.item, Passage)]
        lines = [c for e in _worth_reading(query, passages) for c in lines_of(e)]
        pairs, alone = (
            max((asked.words_in(c.wording, query.language) for c in some), default=0.0)
            for some in (
                joined(self._linker, query, asked, lines),
                self._statements(facts, query.language),
            )
        )
        return pairs >= max(alone + _JOINED_MORE, _JOINED)

    def weigh(self, query: Query, evidence: Sequence[Evidence]) -> list[tuple[Candidate, Features]]:
        """Return the sentences and statements of the evidence with their features, best first."""
        passages = [e for e in evidence if isinstance(e.item, Passage)]
        read = _worth_reading(query, passages)
        asked = wanted(self._graph, query)
        candidates = [c for e in read[:_PASSAGES_READ] for c in lines_of(e)][:_SENTENCES_READ]
        facts = [e for e in evidence if isinstance(e.item, Triple)]
        candidates += self._statements(facts, query.language)
        if not candidates:
            return []
        candidates += joined(self._linker, query, asked, [c for e in read for c in lines_of(e)])
        texts = [query.text, generalized(self._graph, query)]
        question = self._encoder.encode(texts, "query").mean(axis=0)  # (D,)
        cosines = self._encoder.encode([c.in_context for c in candidates], "passage") @ question
        setting = _Setting(
            asked,
            asks_for_number(query.text, query.language),
            float(np.mean(_compared(candidates, cosines.tolist()))),
            float(np.mean([e.confidence for e in passages])) if passages else 0.0,
        )
        weighed = [
            (c, self._features(query, setting, c, float(cosine)))
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
        self, query: Query, setting: _Setting, candidate: Candidate, cosine: float
    ) -> Features:
        asked = setting.asked
        own = candidate.language == query.language
        found = candidate.evidence[0]
        named = candidate.entities
        if isinstance(found.item, Passage):
            links = self._linker.link(candidate.wording, language=candidate.language, fuzzy=False)
            named = frozenset(link.entity_id for link in links if link.entity_id is not None)
        return Features(
            sentence_margin=cosine - setting.mean_cosine,
            passage_margin=(
                found.confidence - setting.mean_passage if isinstance(found.item, Passage) else 0.0
            ),
            sentence_coverage=asked.words_in(candidate.wording, query.language)
            if own
            else _UNKNOWN,
            passage_coverage=asked.words_in(candidate.surroundings, query.language)
            if own
            else _UNKNOWN,
            sentence_entities=asked.entities_in(
                candidate.wording, query.language, named, candidate.entities
            ),
            names_entity=self._names_entity(asked, candidate, named),
            own_language=float(own),
            number_fit=float(not setting.number or has_number(candidate.text, candidate.language)),
        )

    def _names_entity(self, asked: Wanted, candidate: Candidate, named: frozenset[str]) -> float:
        """Return 1 if the text is about the question's entities, 0 if about others of their kind.

        A half is for a text that is about no such entity in particular: advice for all machines.
        """
        if not asked.entities or asked.entities.keys() & (candidate.entities | named):
            return 1.0
        kinds = {k for e in asked.entities for k in self._graph.entities[e].types}
        others = {k for e in named for k in self._graph.entities[e].types}
        return 0.0 if kinds & others else 0.5


def _is_plain_value(evidence: Evidence) -> bool:
    """Return whether it is a fact that gives a thing or a value, and says nothing in sentences."""
    item = evidence.item
    return isinstance(item, Triple) and item.predicate not in terms.DESCRIPTIONS


def _compared(candidates: Sequence[Candidate], cosines: Sequence[float]) -> list[float]:
    """Return the cosines that others are measured against: of lines, of facts where there are none.

    How many facts come along says nothing about a line. Joined lines count one by one.
    """
    single = [(c, v) for c, v in zip(candidates, cosines, strict=True) if not c.lead]
    lines = [v for c, v in single if isinstance(c.evidence[0].item, Passage)]
    return lines or [v for _, v in single]


def _worth_reading(query: Query, passages: Sequence[Evidence]) -> list[Evidence]:
    """Return the passages to read: those in the asker's language, others where there is none."""
    own = [e for e in passages if getattr(e.item, "language", "") == query.language]
    return own or list(passages)
