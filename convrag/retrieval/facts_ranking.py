"""Which facts of the entities at hand a speaker is likely to ask for or to tell next."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.graph.naming import generalized
from convrag.graph.relations import RelationMatcher
from convrag.graph.wording import value_text
from convrag.protocols import Encoder, Vectors
from convrag.retrieval.facts_kinds import kinds_asked_for, kinds_of
from convrag.retrieval.facts_model import FactFeatures, weights
from convrag.text.analysis import analyze
from convrag.types import Literal, Query, Span, Triple

_ENTITIES = 8
"""Entities whose facts are ranked, at most: those linked, then the most salient ones in focus."""
_NAMESAKE, _NAMESAKE_MARGIN = 0.5, 0.45
"""What naming a namesake counts, and how far below the best one it may be."""
_FACTS, _OF_A_GROUP = 400, 60
"""Facts that are ranked, at most, and facts of one entity by one property among them."""
_LONG = 200.0
"""Characters of a value that is a long text."""
_QUESTION_MARKS = "?？؟՞\u037e"
_TOLD = 0.9
"""Share of a value's words from which on it was told."""
_PHRASES = 2
"""Phrases of a property that are encoded beside its label: a first question should not wait."""
_EARLIER = 40
"""Messages before the question that are looked at."""
_PAUSES = re.compile("[,.;:!?，。；：！？、؟،؛।]")


Value = str | Literal


@dataclass(frozen=True, slots=True)
class RankedFact:
    """A fact of a group with the probability (0..1) that it is the one among all ranked."""

    group: FactGroup
    triple: Triple
    probability: float


@dataclass(frozen=True, slots=True)
class _Moment:
    """The question as the features look at it."""

    query: Query
    asked: bool
    words: frozenset[str]
    before: frozenset[str]
    upto: frozenset[str]
    kinds: frozenset[str]
    linked: Mapping[str, float]
    salience: Mapping[str, float]
    first: frozenset[str]
    """Linked entities that were not in focus before."""
    classes: frozenset[str]
    """Classes that the question names."""
    open: float
    """1 for a question that names no property of the entities at hand."""


class FactRanker:
    """Weighs facts by a linear model of language-neutral features."""

    def __init__(self, graph: KnowledgeGraph, matcher: RelationMatcher, encoder: Encoder) -> None:
        self._graph = graph
        self._matcher = matcher
        self._encoder = encoder
        self._names = lru_cache(maxsize=4096)(self._encode_names)
        self._value = lru_cache(maxsize=8192)(self._read_value)
        self._named = lru_cache(maxsize=256)(self._relations)
        self._top_degree = max((graph.degree(e) for e in graph.entities), default=0) or 1

    def rank(self, query: Query) -> tuple[RankedFact, ...]:
        """Return facts of the linked entities and of those in focus, best first.

        The probabilities sum to 1: they say which fact is meant if one of them is.
        """
        candidates = self.candidates(query)
        if not candidates:
            return ()
        scores = self.features(query, candidates) @ weights()
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        order = sorted(range(len(candidates)), key=lambda i: (-chances[i], candidates[i][1].id, i))
        return tuple(RankedFact(*candidates[i], float(chances[i])) for i in order)

    def candidates(self, query: Query) -> list[tuple[FactGroup, Triple]]:
        """Return the facts to rank, each once, from the end that is more at hand."""
        found: dict[str, tuple[FactGroup, Triple]] = {}
        for entity in self._entities(query):
            for group in self._graph.groups(entity):
                for triple in group.triples[:_OF_A_GROUP]:
                    if len(found) < _FACTS:
                        found.setdefault(triple.id, (group, triple))
        return list(found.values())

    def features(
        self, query: Query, candidates: Sequence[tuple[FactGroup, Triple]]
    ) -> npt.NDArray[np.float64]:
        """Return float64 (N, F), a row of :class:`FactFeatures` for each candidate."""
        masked = [k.mention.span for k in query.links if k.entity_id is not None]
        named = [
            self._relations(query.text, query.language, masked),
            self._relations(_last_clause(query.text), query.language),
            self._earlier(query.before, query.language),
            self._earlier(query.before[-1:], query.language),
        ]
        hand = {(group.property, group.forward) for group, _ in candidates}
        moment = self._moment(query, bool(hand & named[0].keys()))
        meanings = self._meanings(query, [group.property for group, _ in candidates])
        top = max(meanings.values(), default=0.0)
        shares = self._shares_said(candidates, moment)
        return np.array(
            [
                astuple(
                    self._row(
                        moment,
                        group,
                        triple,
                        relations=[
                            found.get((group.property, group.forward), 0.0) for found in named
                        ],
                        meaning=meanings[group.property],
                        closest=float(meanings[group.property] >= top),
                        group_said=shares[group.entity, group.property, group.forward],
                    )
                )
                for group, triple in candidates
            ]
        )

    def _entities(self, query: Query) -> Iterator[str]:
        linked = _linked(query)
        near = [f.entity_id for f in query.focus]
        known = [e for e in dict.fromkeys([*linked, *near]) if e in self._graph.entities]
        yield from known[:_ENTITIES]

    def _moment(self, query: Query, closed: bool) -> _Moment:
        language = query.language
        before = frozenset(t for text in query.before[-_EARLIER:] for t in analyze(text, language))
        words = frozenset(analyze(query.text, language))
        linked = _linked(query)
        salience = {f.entity_id: f.salience for f in query.focus}
        asked = any(mark in query.original for mark in _QUESTION_MARKS)
        return _Moment(
            query,
            asked,
            words,
            before,
            before | words,
            kinds_asked_for(_last_clause(query.text), language),
            linked,
            salience,
            frozenset(e for e, trust in linked.items() if trust == 1.0) - salience.keys(),
            frozenset(self._classes(query)),
            float(asked and not closed),
        )

    def _row(
        self,
        moment: _Moment,
        group: FactGroup,
        triple: Triple,
        *,
        relations: Sequence[float],
        meaning: float,
        closest: float,
        group_said: float,
    ) -> FactFeatures:
        entity = group.entity
        other = _other(group, triple)
        text, words, kinds = self._value(other, group.property, moment.query.language)
        linked = moment.linked.get(entity, 0.0)
        focus = moment.salience.get(entity, 0.0)
        length = min(len(text) / _LONG, 1.0)
        named, said = _share(words, moment.words), _share(words, moment.before)
        crowd = math.log(len(group.triples))
        asked = float(moment.asked)
        fits = (1.0 if moment.kinds & kinds else -1.0) if moment.kinds else 0.0
        return FactFeatures(
            linked=linked,
            focus=focus,
            only=float(not moment.linked and focus == max(moment.salience.values(), default=-1.0)),
            forward=float(group.forward),
            relation=relations[0],
            relation_last=relations[1],
            relation_before=relations[2],
            relation_once=relations[3],
            meaning=meaning,
            closest=closest,
            kind_fits=fits,
            named=named,
            covers=_share(moment.words, words),
            said=said,
            group_said=group_said,
            crowd=crowd,
            length=length,
            asked_long=asked * length,
            long_said=length * said,
            long_named=length * named,
            long_first=length * float(entity in moment.first),
            asked_said=asked * said,
            asked_relation=asked * relations[1],
            asked_meaning=asked * meaning,
            asked_kind=asked * fits,
            asked_crowd=asked * crowd,
            told_group=(1.0 - asked) * group_said,
            other_focus=moment.salience.get(other, 0.0) if isinstance(other, str) else 0.0,
            told=float(said > _TOLD and length < 0.5),
            open_long=moment.open * length,
            open_crowd=moment.open * crowd,
            kind_named=self._is_of(entity, moment.classes) if moment.classes else 0.0,
            value_kind=max(0.0, self._is_of(other, moment.classes)),
            popular=self._popularity(other),
        )

    def _relations(
        self, text: str, language: str, masked: Sequence[Span] = ()
    ) -> dict[tuple[str, bool], float]:
        """Return how surely a text names each property, by the direction it is looked at from."""
        found: dict[tuple[str, bool], float] = {}
        for match in self._matcher.match(text, language=language, masked=masked):
            item = self._graph.properties.get(match.target)
            for name in (item.id, item.inverse) if item is not None else ():
                for key in ((name, True), (name, False)):
                    found[key] = max(match.strength, found.get(key, 0.0))
        return found

    def _earlier(self, texts: Sequence[str], language: str) -> dict[tuple[str, bool], float]:
        found: dict[tuple[str, bool], float] = {}
        for text in texts[-_EARLIER:]:
            for key, strength in self._named(text, language).items():
                found[key] = max(strength, found.get(key, 0.0))
        return found

    def _classes(self, query: Query) -> Iterator[str]:
        masked = [k.mention.span for k in query.links if k.entity_id is not None]
        for match in self._matcher.match(query.text, language=query.language, masked=masked):
            if match.target in self._graph.classes:
                yield match.target

    def _is_of(self, term: Value, classes: frozenset[str]) -> float:
        """Return 1 for an entity of one of the classes, else -1."""
        entity = self._graph.entities.get(term) if isinstance(term, str) else None
        return 1.0 if entity is not None and classes & set(entity.types) else -1.0

    def _popularity(self, other: Value) -> float:
        if not isinstance(other, str):
            return 0.0
        return math.log1p(self._graph.degree(other)) / math.log1p(self._top_degree)

    def _meanings(self, query: Query, properties: Sequence[str]) -> dict[str, float]:
        """Return how close each property's names lie to the question, standardised."""
        distinct = list(dict.fromkeys(properties))
        question = self._encoder.encode([generalized(self._graph, query)], "query")[0]  # (D,)
        cosines = np.array(
            [float((self._names(p, query.language) @ question).max()) for p in distinct]
        )
        spread = float(cosines.std())
        if spread > 0:
            cosines = (cosines - cosines.mean()) / spread
        return dict(zip(distinct, cosines.tolist(), strict=True))

    def _encode_names(self, property_id: str, language: str) -> Vectors:
        """Return float32 (N, D) of the property's names, in ``language`` if it has any there."""
        item = self._graph.property(property_id)
        texts = [item.labels[language]] if language in item.labels else []
        texts += item.phrases.get(language, ())[:_PHRASES]
        return self._encoder.encode(texts or [self._graph.label(property_id, language)], "passage")

    def _read_value(
        self, other: Value, property_id: str, language: str
    ) -> tuple[str, frozenset[str], frozenset[str]]:
        """Return the value in words, its words, and the kinds of answer it can be."""
        text = value_text(self._graph, other, self._graph.property(property_id), language)
        return text, frozenset(analyze(text, language)), kinds_of(other, text, language)

    def _shares_said(
        self, candidates: Sequence[tuple[FactGroup, Triple]], moment: _Moment
    ) -> dict[tuple[str, str, bool], float]:
        said: dict[tuple[str, str, bool], list[float]] = {}
        for group, triple in candidates:
            _, words, _ = self._value(_other(group, triple), group.property, moment.query.language)
            key = (group.entity, group.property, group.forward)
            said.setdefault(key, []).append(_share(words, moment.upto))
        return {key: sum(found) / len(found) for key, found in said.items()}


def _other(group: FactGroup, triple: Triple) -> Value:
    at_subject = group.forward and triple.subject == group.entity
    return triple.object if at_subject else triple.subject


def _linked(query: Query) -> dict[str, float]:
    """Return the entities that the question names with how surely, namesakes after them."""
    links = [link for link in query.links if link.entity_id is not None]
    found = {link.entity_id or "": 1.0 for link in links}
    for link in links:
        for entity, score in link.alternatives:
            if score >= link.score - _NAMESAKE_MARGIN:
                found.setdefault(entity, _NAMESAKE)
    return found


def _last_clause(text: str) -> str:
    """Return the last clause with letters in it, the whole text when there is none."""
    clauses = reversed(_PAUSES.split(text))
    return next((c for c in clauses if any(map(str.isalpha, c))), text)


def _share(words: frozenset[str], present: frozenset[str]) -> float:
    """Return the share of ``words`` that are present, 0 for no words."""
    return len(words & present) / len(words) if words else 0.0
