"""The graph channel: facts of the linked entities that the question asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import pairwise

from convrag.graph import terms
from convrag.graph.holding import holding, year_spans
from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.graph.operators import operators
from convrag.graph.planning import Planner
from convrag.graph.plans import execute
from convrag.graph.quantities import number_phrases
from convrag.graph.relations import RelationMatch, RelationMatcher
from convrag.graph.wording import readable
from convrag.protocols import Encoder
from convrag.retrieval.facts_ranking import FactRanker
from convrag.text.analysis import content_words
from convrag.text.function_words import greetings
from convrag.text.normalize import match_key
from convrag.text.segment import overlap
from convrag.types import Conclusion, Filter, Link, Query, Span

_BY_INVERSE_NAME = 0.9
"""Trust in the name of the other direction ("whose capital is Lima", "the capital of Peru")."""
_BY_CLASS = 0.8
"""Trust in a class word alone ("which rivers are in Spain") when no property is named."""
_DOUBT = 0.9
"""How much trust is lost when no content word of the question beside the names is understood."""
_DEFINITION = 0.7
"""Trust in the definition as the answer to a question that names nothing but the entity."""
_BETWEEN_NAMED = 0.5
"""Trust in a fact that connects two entities of the question."""
_NAMESAKE_MARGIN = 0.45
"""How far below the best namesake another one is still tried."""


_TIE = 0.02
"""Namesakes this close to each other all answer: nothing says which one is meant."""
_WEAK = 0.3
"""Confidence of facts that the question does not name but likely asks for; the reader decides."""
_UNNAMED = 0.05
"""The same when the question names nothing at all: it may have left what the dialogue is about, so
such facts stand below the passages that fit."""
_WEAK_KEPT = 5
"""Groups of such facts; on dialogues about a graph 3 keep a tenth less of what the ranker finds."""
_LONGEST_LIST = 30
"""Longer lists say little about one question."""

_CLAUSE = re.compile(r"(?:[^,.;:!?，。；：！？、؟،؛।]|(?<=\d)[.,:](?=\d))+")

_Key = tuple[str, str, bool]
"""The entity, property and direction of a group."""


@dataclass(frozen=True, slots=True)
class FactHit:
    """A group of facts with how well it fits the question (0..1)."""

    group: FactGroup
    confidence: float
    conclusion: Conclusion | None = None
    """What the group says together with the others that have the same conclusion."""


class FactChannel:
    """Matches what the question names against what the graph knows of its entities."""

    def __init__(self, graph: KnowledgeGraph, matcher: RelationMatcher, encoder: Encoder) -> None:
        self._graph = graph
        self._matcher = matcher
        self._planner = Planner(graph, matcher, encoder)
        self._ranker = FactRanker(graph, matcher, encoder)

    def search(self, query: Query) -> tuple[FactHit, ...]:
        """Return the facts that the query asks for, best first, none with confidence 0.

        Of the query's filter only sources can hold for a fact, and languages do not count: a fact
        is said in the asker's. With documents, tags or dates wanted there are no facts. When the
        question is answered by several facts together, these are all that is found.
        """
        concluded = self._concluded(query)
        if concluded or self._planner.takes_several(query):
            return concluded  # half of what is asked would be no answer
        return self._single(query)

    def _concluded(self, query: Query) -> tuple[FactHit, ...]:
        """Return the facts that a plan for the question concludes from, none without a plan."""
        plan = self._planner.plan(query)
        result = execute(self._graph, plan) if plan is not None else None
        if result is None:
            return ()
        hits = tuple(FactHit(group, 1.0, result.conclusion) for group in result.groups)
        kept = tuple(k for hit in hits for k in _let_through(self._graph, hit, query.filter))
        # A conclusion without some of its facts would be another one.
        whole = [len(k.group.triples) for k in kept] == [len(h.group.triples) for h in hits]
        return kept if whole else ()

    def _single(self, query: Query) -> tuple[FactHit, ...]:
        masked = [link.mention.span for link in query.links if link.entity_id is not None]
        relations = self._matcher.match(query.text, language=query.language, masked=masked)
        named = {link.entity_id for link in query.links if link.entity_id is not None}
        hits: dict[_Key, FactHit] = {}
        for link in query.links:
            for hit in self._of_link(link, relations, named, query):
                key = _key(hit.group)
                if key not in hits or hits[key].confidence < hit.confidence:
                    hits[key] = hit
        likely = self._likely(query)
        places = {key: place for place, key in enumerate(likely)}
        for key in list(likely)[:_WEAK_KEPT]:
            hits.setdefault(key, likely[key])
        ordered = sorted(hits, key=lambda k: (-hits[k].confidence, places.get(k, len(places)), k))
        return tuple(
            self._in_language(kept, query.language)
            for key in ordered
            for kept in _let_through(self._graph, hits[key], query.filter)
        )

    def names(self, query: Query, language: str) -> str:
        """Return what the query's entities are called in ``language``; empty for none known."""
        linked = dict.fromkeys(link.entity_id or "" for link in query.links)
        known = [self._graph.entities[e].labels for e in linked if e in self._graph.entities]
        return " ".join(labels[language] for labels in known if language in labels)

    def _in_language(self, hit: FactHit, language: str) -> FactHit:
        """Return the hit without the texts that only repeat it in other languages."""
        shown = set(readable(hit.group.others, language))
        kept = tuple(
            triple
            for triple, other in zip(hit.group.triples, hit.group.others, strict=True)
            if other in shown
        )
        return replace(hit, group=replace(hit.group, triples=kept))

    def _of_link(
        self,
        link: Link,
        relations: tuple[RelationMatch, ...],
        named: set[str],
        query: Query,
    ) -> Iterable[FactHit]:
        if link.entity_id is None:
            return
        strengths = _by_target(self._held(link, relations), self._graph)
        kinds = self._kinds_asked_for(relations, named)
        joined = self._joined(query)
        certainty = 1.0 - _DOUBT * _unexplained(query, relations, joined)
        # A year adds to what is asked; where it says which of the facts hold, it is understood.
        dated = 1.0 - _DOUBT * _unexplained(query, relations, [*joined, *year_spans(query.text)])
        answered = 0.0
        for entity, trust in _namesakes(link):
            if trust < answered - _TIE:
                break
            found = [
                FactHit(then, round(min(strength * trust, 1.0) * sure, 4))
                for group in self._graph.groups(entity)
                for fitting, strength in [self._fit(group, strengths, kinds)]
                if strength > 0
                for then in [holding(self._graph, fitting, query.text)]
                for sure in [certainty if then is fitting else dated]
            ]
            if found:
                answered = answered or trust
                yield from found
        yield from self._between(link.entity_id, named)
        if not strengths and not kinds:
            yield from self._definition(link, query)

    def _held(self, link: Link, relations: tuple[RelationMatch, ...]) -> tuple[RelationMatch, ...]:
        """Return the relations without those of a class word that the entity has no fact for.

        In "which shops sell it" the shops are what is asked for, not whose shops they are.
        """
        kinds = {r.span for r in relations if r.target in self._graph.classes}
        had = {p for e, _ in _namesakes(link) for p in self._graph.properties_of(e)}
        return tuple(r for r in relations if r.span not in kinds or r.target in had)

    def _joined(self, query: Query) -> list[Span]:
        """Return where words stand between two names that a fact connects: "AP-40 shows F01".

        They say how these belong together, which is known.
        """
        return [
            (one.mention.span[1], other.mention.span[0])
            for one, other in pairwise(query.links)
            if one.entity_id and other.entity_id in self._graph.neighbours(one.entity_id)
        ]

    def _kinds_asked_for(self, relations: tuple[RelationMatch, ...], named: set[str]) -> set[str]:
        """Return the classes in the question, but for those that say what a named entity is."""
        described = {kind for e in named for kind in self._graph.entities[e].types}
        return {r.target for r in relations if r.target in self._graph.classes} - described

    def _fit(
        self, group: FactGroup, strengths: Mapping[str, float], kinds: set[str]
    ) -> tuple[FactGroup, float]:
        """Return the group, narrowed to the class asked for, and how well it fits."""
        item = self._graph.property(group.property)
        straight = strengths.get(item.id, 0.0)
        inverse = strengths.get(item.inverse, 0.0) if item.inverse else 0.0
        if not group.forward:
            straight, inverse = inverse, straight
        strength = max(straight, inverse * _BY_INVERSE_NAME)
        fitting = self._of_kinds(group, kinds)
        if fitting is None:
            return group, strength
        if strength > 0:
            return fitting, strength
        return fitting, 0.0 if strengths else _BY_CLASS

    def _of_kinds(self, group: FactGroup, kinds: set[str]) -> FactGroup | None:
        """Return the group with only the others of a class asked for; None if there are none."""
        kept = tuple(
            triple
            for triple, other in zip(group.triples, group.others, strict=True)
            if isinstance(other, str)
            and other in self._graph.entities
            and kinds & set(self._graph.entities[other].types)
        )
        return replace(group, triples=kept) if kept else None

    def _between(self, entity: str, named: set[str]) -> Iterable[FactHit]:
        for group in self._graph.groups(entity):
            if not group.forward:
                continue
            kept = tuple(t for t in group.triples if t.object in named and t.object != entity)
            if kept:
                yield FactHit(replace(group, triples=kept), _BETWEEN_NAMED)

    def _likely(self, query: Query) -> dict[_Key, FactHit]:
        """Return the groups of facts at hand as weak evidence, most likely meant first.

        None where something is named that the graph does not know: nothing stands in for it.
        """
        if query.links and all(link.entity_id is None for link in query.links):
            return {}
        weak = _WEAK if query.links else _UNNAMED
        found: dict[_Key, FactHit] = {}
        for fact in self._ranker.rank(query):
            group = fact.group
            if len(group.triples) <= _LONGEST_LIST:
                confidence = round(weak * (0.9 + 0.1 * fact.probability), 4)
                found.setdefault(_key(group), FactHit(group, confidence))
        return found

    def _definition(self, link: Link, query: Query) -> Iterable[FactHit]:
        rest = query.text[: link.mention.span[0]] + " " + query.text[link.mention.span[1] :]
        if link.entity_id is None or content_words(rest, query.language):
            return
        for group in self._graph.groups(link.entity_id):
            if group.property == terms.DEFINITION and readable(group.others, query.language):
                yield FactHit(group, _DEFINITION)


def _key(group: FactGroup) -> _Key:
    return group.entity, group.property, group.forward


def _let_through(graph: KnowledgeGraph, hit: FactHit, wanted: Filter) -> Iterable[FactHit]:
    """Yield the hit with only the triples that the filter lets through, if any are left.

    Of several sources a triple keeps one that is wanted.
    """
    if wanted.documents or wanted.tags or wanted.after or wanted.before:
        return
    if not wanted.sources:
        yield hit
        return
    kept = []
    for triple in hit.group.triples:
        names = (triple.source, *graph.sources(triple))
        fitting = (n for n in names if any(fnmatchcase(n, p) for p in wanted.sources))
        source = next(fitting, None)
        if source is not None:
            kept.append(triple if source == triple.source else replace(triple, source=source))
    if kept:
        yield replace(hit, group=replace(hit.group, triples=tuple(kept)))


def _unexplained(
    query: Query, relations: tuple[RelationMatch, ...], understood: Sequence[Span] = ()
) -> float:
    """Return the share of content words that neither names nor relations cover, in what is asked.

    Nothing counts of what is ``understood`` otherwise.
    What is asked are the clauses that name a relation: "My oven shows F03, what does it mean?"
    """
    names = [link.mention.span for link in query.links if link.entity_id is not None]
    covered = [r.span for r in relations]
    asked = [m.span() for m in _CLAUSE.finditer(query.text) if _touches(m.span(), covered)]
    acting = operators(query.text, query.language)
    unknown = [*names, *understood, *number_phrases(query.text, query.language)]
    unknown += acting.fillers if acting is not None else ()
    polite = greetings(query.language)
    words = [
        s
        for s in content_words(query.text, query.language)
        if _touches(s, asked) and match_key(query.text[s[0] : s[1]]) not in polite
    ]
    explained = sum(_touches(s, covered) for s in words)
    unexplained = sum(not _touches(s, covered) and not _touches(s, unknown) for s in words)
    return unexplained / (explained + unexplained) if unexplained else 0.0


def _touches(span: Span, others: Sequence[Span]) -> bool:
    return any(overlap(span, other) for other in others)


def _by_target(relations: tuple[RelationMatch, ...], graph: KnowledgeGraph) -> dict[str, float]:
    strengths: dict[str, float] = {}
    for relation in relations:
        if relation.target in graph.properties:
            strengths[relation.target] = max(relation.strength, strengths.get(relation.target, 0.0))
    return strengths


def _namesakes(link: Link) -> list[tuple[str, float]]:
    """Return the link's entity and close namesakes with their trust (0..1), best first."""
    best = link.score or 1.0
    near = [(e, s / best) for e, s in link.alternatives if s >= link.score - _NAMESAKE_MARGIN]
    return [(link.entity_id or "", min(1.0, link.score)), *((e, 0.9 * s) for e, s in near)]
