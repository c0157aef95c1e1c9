"""What a question has in it that a plan can use, when that is all it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convrag.graph import terms
from convrag.graph.model import KnowledgeGraph
from convrag.graph.operators import Operators, operators
from convrag.graph.phrases import mask
from convrag.graph.relations import RelationMatch, RelationMatcher
from convrag.graph.walking import kinds_of, steps_from
from convrag.text.analysis import content_words
from convrag.text.function_words import greetings
from convrag.text.normalize import match_key
from convrag.text.segment import overlap
from convrag.types import Link, Query, Span

_MOST_NAMES = 6
_NAMESAKE_MARGIN = 0.45
"""How far below the best namesake another one may be the one that fits the plan."""
_LONGEST_CLITIC = 3
"""Letters that Arabic writes together with the word after them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Properties that the same words may mean, and where these stand."""

    properties: frozenset[str]
    span: Span


@dataclass(frozen=True, slots=True)
class Parts:
    """What was understood of a question."""

    query: Query
    links: tuple[Link, ...]
    words: Operators
    kinds: Mapping[str, Span]
    """Classes, but for those that only say what a named entity is."""
    asked: tuple[Asked, ...]
    """Properties that the plan must have a part for."""
    aside: tuple[Asked, ...]
    """Properties named by the words of a class ("rivers"): they may have a part."""

    def names(self, group: Asked, kind: Span) -> bool:
        """Return whether the words for the properties name the class at ``kind`` as well."""
        return any(
            overlap(kind, other.span)
            for other in (*self.asked, *self.aside)
            if other.properties & group.properties
        )

    def hints(self) -> frozenset[str]:
        """Return the properties that may have a part."""
        return frozenset(p for group in self.aside for p in group.properties)


class QuestionReader:
    """Finds names, classes, properties and operators, and sees whether these are all there is."""

    def __init__(self, graph: KnowledgeGraph, matcher: RelationMatcher) -> None:
        self._graph = graph
        self._matcher = matcher

    def read(self, query: Query) -> Parts | None:
        """Return what was understood; None when something was not."""
        links = self._names(query)
        if len(links) > _MOST_NAMES or any(link.entity_id is None for link in links):
            return None
        names = [link.mention.span for link in links]
        words = operators(mask(query.text, names), query.language)
        if words is None or words.forbidden:
            return None
        relations = self._matcher.mentions(query.text, language=query.language, masked=names)
        if not (words.degrees and len(links) > 1) and self._is_named(relations, words, links):
            return None
        acting = [*(d.span for d in words.degrees), *words.counts, *words.differences]
        ranking = [*(d.span for d in words.degrees), *words.differences]
        relations = tuple(
            relation
            for relation in self._matcher.mentions(
                query.text, language=query.language, masked=[*names, *ranking]
            )
            # What is counted may be part of the word that counts: 何か国.
            if relation.target in self._graph.classes
            or not any(overlap(relation.span, span) for span in words.counts)
        )
        known = [*names, *acting, *(r.span for r in relations)]
        empty = [*words.fillers, *words.marks, *words.choices, *words.standards]
        if not _explained(query, known, empty):
            return None
        return self._sorted(query, links, words, relations)

    def _names(self, query: Query) -> tuple[Link, ...]:
        """Return the links but for inflected names that are rather a word with a use here.

        "самой" is hardly a form of Samoa in "самой большой".
        """
        words = operators(query.text, query.language)
        relations = self._matcher.mentions(query.text, language=query.language)
        used = [r.span for r in relations if r.strength == 1.0]
        used += [d.span for d in words.degrees] if words else []
        return tuple(
            link
            for link in query.links
            if link.entity_id is None
            or not any(overlap(link.mention.span, span) for span in used)
            or self._as_written(link)
        )

    def _as_written(self, link: Link) -> bool:
        entity = self._graph.entities.get(link.entity_id or "")
        if entity is None:
            return False
        names = [*entity.labels.values(), *(n for some in entity.aliases.values() for n in some)]
        return match_key(link.mention.text) in {match_key(name) for name in names}

    def _sorted(
        self,
        query: Query,
        links: tuple[Link, ...],
        words: Operators,
        relations: Sequence[RelationMatch],
    ) -> Parts:
        places: dict[Span, set[str]] = {}
        kinds: dict[str, Span] = {}
        for relation in relations:
            if relation.target == terms.DEFINITION:
                continue  # "tell me the largest country" asks for no meaning
            if relation.target in self._graph.properties:
                places.setdefault(relation.span, set()).add(relation.target)
            else:
                kinds.setdefault(relation.target, relation.span)
        groups = [Asked(frozenset(found), span) for span, found in places.items()]
        aside = tuple(g for g in groups if any(overlap(g.span, s) for s in kinds.values()))
        # In "how long is the river Nile" the word for what is named adds nothing.
        named = {kind for link in links for kind in kinds_of(self._graph, link.entity_id)}
        free = {kind: span for kind, span in kinds.items() if kind not in named}
        asked = tuple({g.properties: g for g in groups if g not in aside}.values())
        return Parts(query, links, words, free or kinds, asked, aside)

    def _is_named(
        self, relations: Sequence[RelationMatch], words: Operators, links: Sequence[Link]
    ) -> bool:
        """Whether a named entity has a property whose name has the operator in it.

        "The highest mountain of Peru" is a fact of its own where the graph has highest points.
        """
        acting = [d.span for d in words.degrees] + [*words.counts]
        wider = {
            r.target
            for r in relations
            for a, b in acting
            if r.span[0] <= a and b <= r.span[1] and r.span != (a, b)
        } & self._graph.properties.keys()
        return any(
            steps_from(self._graph, entity, wider)
            for link in links
            for entity in senses(link)
            if wider
        )


def senses(link: Link) -> tuple[str, ...]:
    """Return the entity that the link means and those it may mean as well, likeliest first."""
    near = [e for e, score in link.alternatives if score >= link.score - _NAMESAKE_MARGIN]
    return tuple(dict.fromkeys([link.entity_id or "", *near]))


def _explained(query: Query, known: Sequence[Span], empty: Sequence[Span]) -> bool:
    """Whether every word of content lies in the known spans or in those that say nothing."""
    rest = mask(query.text, known)
    polite = greetings(query.language)
    covered = {at for start, end in empty for at in range(start, end)}
    starts = {a for a, _ in (*known, *empty)} if query.language == "ar" else set()

    def says_nothing(start: int, end: int) -> bool:
        joined = [at for at in range(start + 1, start + 1 + _LONGEST_CLITIC) if at in starts]
        start = min(joined, default=start)
        return all(at in covered or rest[at].isspace() for at in range(start, end))

    return all(
        match_key(rest[a:b]) in polite or says_nothing(a, b)
        for a, b in content_words(rest, query.language)
    )
