"""What a question has in it that a plan can use, when that is all it has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from convrag.graph import terms
from convrag.graph.limits import Limit, Numbers, numbers_in
from convrag.graph.model import KnowledgeGraph
from convrag.graph.operators import Operators, measuring, operators
from convrag.graph.phrases import mask
from convrag.graph.relations import RelationMatch, RelationMatcher
from convrag.graph.selection import Bound
from convrag.graph.walking import measured_properties, steps_from
from convrag.text.analysis import content_words
from convrag.text.function_words import greetings
from convrag.text.normalize import match_key
from convrag.text.segment import overlap
from convrag.types import Link, Query, Span

_MOST_NAMES = 6
_NAMESAKE_MARGIN = 0.45
"""How far below the best namesake another one may be the one that fits the plan."""
_MOST_LEFT = 3
"""Words without a part in the plan that may yet turn out to add nothing."""
_CLAUSE_END = re.compile(
    r"[,:;.，、：；。،؛—–]|(?<!\w)(?:but|sondern|sino|mais|mas|ma|а|بل|बल्कि)(?!\w)", re.IGNORECASE
)
"""Where a first clause may end."""
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
    limits: tuple[Limit, ...] = ()
    """Numbers that values must be above or below."""
    place: int = 1
    """Which one of a ranking is asked for."""
    first: int = 1
    """How many of a ranking are asked for."""
    left: tuple[str, ...] = ()
    """Words of content without a part, which must add nothing."""
    bounds: tuple[Bound, ...] = ()
    """The limits, once it is known of what."""

    def names(self, group: Asked, kind: Span) -> bool:
        """Return whether the words for the properties name the class at ``kind`` as well."""
        return any(
            overlap(kind, other.span)
            for other in (*self.asked, *self.aside)
            if other.properties & group.properties
        )

    def asks_for_kind(self) -> bool:
        """Return whether a word of choice stands right before a class: "which country"."""
        return any(
            before[1] <= kind[0] and not self.query.text[before[1] : kind[0]].strip()
            for before in self.words.choices
            for kind in self.kinds.values()
        )

    def hints(self) -> frozenset[str]:
        """Return the properties that may have a part."""
        return frozenset(p for group in self.aside for p in group.properties)


class QuestionReader:
    """Finds names, classes, properties and operators, and sees whether these are all there is."""

    def __init__(self, graph: KnowledgeGraph, matcher: RelationMatcher) -> None:
        self._graph = graph
        self._matcher = matcher
        self._measured = cache(lambda: measured_properties(graph))

    def read(self, query: Query) -> Parts | None:
        """Return what was understood; None when something was not."""
        query = self._corrected(query)
        links = self._names(query)
        if len(links) > _MOST_NAMES or any(link.entity_id is None for link in links):
            return None
        names = [link.mention.span for link in links]
        words = operators(mask(query.text, names), query.language)
        if words is None:
            return None
        relations = self._matcher.mentions(query.text, language=query.language, masked=names)
        if not (words.degrees and len(links) > 1) and self._is_named(relations, words, links):
            return None
        words = self._acting(words, relations)
        if words.forbidden:
            return None
        numbers = numbers_in(mask(query.text, names), query.language, words, len(links))
        if numbers is None:
            return None
        acting = [*(d.span for d in words.degrees), *words.counts, *words.differences]
        acting += numbers.spans
        ranking = [*(d.span for d in words.degrees), *words.differences]
        relations = tuple(
            relation
            for relation in self._matcher.mentions(
                query.text, language=query.language, masked=[*names, *ranking]
            )
            # What is counted may be part of the word that counts: 何か国.
            if relation.target in self._graph.classes
            or not any(a <= relation.span[0] and relation.span[1] <= b for a, b in words.counts)
        )
        known = [*names, *acting, *(r.span for r in relations)]
        empty = [*words.fillers, *words.marks, *words.choices, *words.standards]
        if words.differences or len(links) > 1:
            empty += [span for span, _ in words.limits]  # "(by how much) does A exceed B?"
        left = _unexplained(query, known, empty)
        if len(left) > _MOST_LEFT:
            return None
        words = replace(words, degrees=numbers.degrees)
        return replace(self._sorted(query, links, words, relations, numbers), left=left)

    def _corrected(self, query: Query) -> Query:
        """Return the query with a first clause blanked out that says what is not meant.

        "Not the city: how many people live in the country with the capital A?"
        """
        end = _CLAUSE_END.search(query.text)
        span = (0, end.end() if end else 0)
        clause = query.text[: span[1]]
        words = operators(clause, query.language)
        if words is None or not words.forbidden or words.degrees or words.counts:
            return query
        if any(overlap(link.mention.span, span) for link in query.links):
            return query
        known = [
            *words.forbidden,
            *(r.span for r in self._matcher.mentions(clause, language=query.language)),
        ]
        if _unexplained(replace(query, text=clause), known, [*words.fillers, *words.choices]):
            return query
        return replace(query, text=mask(query.text, [span]))

    def _acting(self, words: Operators, relations: Sequence[RelationMatch]) -> Operators:
        """Return the operators that are no part of a property's own name: 長 in 長さ."""
        named = [
            r.span for r in relations if r.strength == 1.0 and r.target in self._graph.properties
        ]

        def free(span: Span) -> bool:
            return not any(a <= span[0] and span[1] <= b and (a, b) != span for a, b in named)

        return replace(
            words,
            degrees=tuple(d for d in words.degrees if free(d.span)),
            counts=tuple(span for span in words.counts if free(span)),
            forbidden=tuple(span for span in words.forbidden if free(span)),
        )

    def _names(self, query: Query) -> tuple[Link, ...]:
        """Return the links but for inflected names that are rather a word with a use here.

        "самой" is hardly a form of Samoa in "самой большой".
        """
        words = operators(query.text, query.language)
        relations = self._matcher.mentions(query.text, language=query.language)
        used = [r.span for r in relations if r.strength == 1.0]
        if words is not None:
            used += [*(d.span for d in words.degrees), *words.counts, *words.choices]
            used += words.fillers
        return tuple(
            link
            for link in query.links
            if not any(overlap(link.mention.span, span) for span in used) or self._as_written(link)
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
        numbers: Numbers,
    ) -> Parts:
        places: dict[Span, set[str]] = {}
        kinds: dict[str, Span] = {}
        exact = {relation.span for relation in relations if relation.strength == 1.0}
        for relation in relations:
            if relation.strength < 1.0 and relation.span in exact:
                continue  # French "pays" is a country rather than what one pays with
            if relation.target == terms.DEFINITION:
                continue  # "tell me the largest country" asks for no meaning
            if relation.target in self._graph.properties:
                places.setdefault(relation.span, set()).add(relation.target)
            else:
                kinds.setdefault(relation.target, relation.span)
        groups = [Asked(frozenset(found), span) for span, found in places.items()]
        # "Which language do people speak" does not ask how many people there are.
        aside = tuple(
            g
            for g in groups
            if any(overlap(g.span, kind) for kind in kinds.values())
            or (
                any(a <= g.span[0] and g.span[1] <= b for a, b in words.fillers)
                and all(p in self._measured() for p in g.properties)
                and not _is_counted(query, g, words)
            )
        )
        # In "how long is the river Nile" the word for what is named adds nothing.
        named = {kind for link in links for kind in self._graph.kinds_of(link.entity_id)}
        free = {kind: span for kind, span in kinds.items() if kind not in named}
        asked = tuple({g.properties: g for g in groups if g not in aside}.values())
        asked = self._without_carrier(asked, words)
        limits, place, first = numbers.limits, numbers.place, numbers.first
        return Parts(query, links, words, free or kinds, asked, aside, limits, place, first)

    def _without_carrier(self, asked: tuple[Asked, ...], words: Operators) -> tuple[Asked, ...]:
        """Return the properties without the one that only says whose another is.

        In "the median age of the population" one is measured, not what counts people or else the
        one in more words; with "and" between them both are.
        """
        numbers = [g for g in asked if all(p in self._measured() for p in g.properties)]
        if len(numbers) != 2 or words.degrees:
            return asked
        start, end = numbers[0].span[1], numbers[1].span[0]
        if any(start <= a and b <= end for a, b in words.joints):
            return asked
        people = frozenset(measuring(self._graph, "population"))
        carrier = min(numbers, key=lambda g: (not g.properties <= people, g.span[1] - g.span[0]))
        return tuple(group for group in asked if group is not carrier)

    def _is_named(
        self, relations: Sequence[RelationMatch], words: Operators, links: Sequence[Link]
    ) -> bool:
        """Whether a named entity has a property whose name has the operator in it.

        "The highest mountain of Peru" is a fact of its own where the graph has highest points; how
        high that is is not.
        """
        acting = [d.span for d in words.degrees] + [*words.counts]
        wider = {
            r.target
            for r in relations
            for a, b in acting
            if r.span[0] <= a and b <= r.span[1] and r.span != (a, b)
        } & self._graph.properties.keys()
        asked = {r.target for r in relations if r.strength == 1.0} & self._graph.properties.keys()
        return any(
            steps_from(self._graph, entity, wider)
            and all(steps_from(self._graph, entity, (other,)) for other in asked - wider)
            for link in links
            for entity in senses(link)
            if wider
        )


def _is_counted(query: Query, group: Asked, words: Operators) -> bool:
    """Whether the words stand right behind "how many"."""
    return any(
        end <= group.span[0] and not content_words(query.text[end : group.span[0]], query.language)
        for _, end in words.counts
    )


def senses(link: Link) -> tuple[str, ...]:
    """Return the entity that the link means and those it may mean as well, likeliest first."""
    near = [e for e, score in link.alternatives if score >= link.score - _NAMESAKE_MARGIN]
    return tuple(dict.fromkeys([link.entity_id or "", *near]))


def _unexplained(query: Query, known: Sequence[Span], empty: Sequence[Span]) -> tuple[str, ...]:
    """Return the words of content outside the known spans and those that say nothing."""
    rest = mask(query.text, known)
    polite = greetings(query.language)
    covered = {at for start, end in empty for at in range(start, end)}
    starts = {a for a, _ in (*known, *empty)} if query.language == "ar" else set()

    def says_nothing(start: int, end: int) -> bool:
        joined = [at for at in range(start + 1, start + 1 + _LONGEST_CLITIC) if at in starts]
        start = min(joined, default=start)
        return all(at in covered or rest[at].isspace() for at in range(start, end))

    return tuple(
        rest[a:b].strip()
        for a, b in content_words(rest, query.language)
        if match_key(rest[a:b]) not in polite and not says_nothing(a, b)
    )
