"""From a question to a plan: only when every word of content in it has a part in the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from convrag.graph import terms
from convrag.graph.model import KnowledgeGraph
from convrag.graph.operators import ANY, Degree, Operators, measuring, operators
from convrag.graph.phrases import mask
from convrag.graph.plans import (
    Compare,
    Constraint,
    Count,
    Difference,
    Lookup,
    Plan,
    Rank,
    Select,
    Step,
    is_of,
    members,
    reach,
    value_of,
)
from convrag.graph.relations import RelationMatch, RelationMatcher
from convrag.text.analysis import content_words
from convrag.text.function_words import greetings
from convrag.text.normalize import match_key
from convrag.text.segment import overlap
from convrag.types import Link, Query, Span

_MOST_NAMES = 6
_NAMESAKE_MARGIN = 0.45
"""How far below the best namesake another one may be the one that fits the plan."""
_MOST_BETWEEN = 12
"""Things in the middle of a path of two steps when no property says which way leads there."""
_LONGEST_CLITIC = 3
"""Letters that Arabic writes together with the word after them."""
_SAMPLE = 40
"""Members of a class that are looked at to see whether a property measures them."""


_UNRANKED = Degree((0, 0), (), True)
"""For "the difference in length", where the property is named and no adjective ranks."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Properties that the same words may mean, and where these stand."""

    properties: frozenset[str]
    span: Span


@dataclass(frozen=True, slots=True)
class _Parts:
    """What was understood of a question."""

    query: Query
    links: tuple[Link, ...]
    words: Operators
    kinds: Mapping[str, Span]
    """Classes, but for those that only say what a named entity is."""
    asked: tuple[_Asked, ...]
    """Properties that the plan must have a part for."""
    aside: tuple[_Asked, ...]
    """Properties named by the words of a class ("rivers"): they may have a part."""

    def names(self, group: _Asked, kind: Span) -> bool:
        """Return whether the words for the properties name the class at ``kind`` as well."""
        return any(
            overlap(kind, other.span)
            for other in (*self.asked, *self.aside)
            if other.properties & group.properties
        )

    def hints(self) -> frozenset[str]:
        """Return the properties that may have a part."""
        return frozenset(p for group in self.aside for p in group.properties)


class Planner:
    """Plans questions over one graph."""

    def __init__(self, graph: KnowledgeGraph, matcher: RelationMatcher) -> None:
        self._graph = graph
        self._matcher = matcher
        self._measuring = lru_cache(maxsize=64)(lambda quantity: measuring(graph, quantity))

    def plan(self, query: Query) -> Plan | None:
        """Return how the question is answered from several facts; None when it is not.

        None as well for a question about one fact, for one that has words without a part in the
        plan, and when what it names does not fit together in the graph.
        """
        parts = self._parts(query)
        if parts is None:
            return None
        if parts.words.degrees:
            return self._by_degree(parts)
        if parts.words.differences and len(parts.links) == 2 and len(parts.asked) == 1:
            return self._comparison(parts, _UNRANKED)
        if parts.words.counts:
            select = self._select(parts, parts.asked)
            return Count(select) if select and select.constraints else None
        return self._path(parts) or self._intersection(parts)

    # What the question has in it.

    def _parts(self, query: Query) -> _Parts | None:
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
        relations = self._matcher.mentions(
            query.text, language=query.language, masked=[*names, *acting]
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
    ) -> _Parts:
        places: dict[Span, set[str]] = {}
        kinds: dict[str, Span] = {}
        for relation in relations:
            if relation.target == terms.DEFINITION:
                continue  # "tell me the largest country" asks for no meaning
            if relation.target in self._graph.properties:
                places.setdefault(relation.span, set()).add(relation.target)
            else:
                kinds.setdefault(relation.target, relation.span)
        groups = [_Asked(frozenset(found), span) for span, found in places.items()]
        aside = tuple(g for g in groups if any(overlap(g.span, s) for s in kinds.values()))
        # In "how long is the river Nile" the word for what is named adds nothing.
        named = {kind for link in links for kind in self._kinds(link.entity_id)}
        free = {kind: span for kind, span in kinds.items() if kind not in named}
        asked = tuple({g.properties: g for g in groups if g not in aside}.values())
        return _Parts(query, links, words, free or kinds, asked, aside)

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
            self._steps(entity, wider) for link in links for entity in _senses(link) if wider
        )

    # Plans by kind.

    def _by_degree(self, parts: _Parts) -> Plan | None:
        degrees = parts.words.degrees
        if len({d.most for d in degrees}) > 1:
            return None
        degree = Degree(
            degrees[0].span,
            tuple(dict.fromkeys(q for d in degrees for q in d.quantities)),
            degrees[0].most,
        )
        if len(parts.links) > 1 and (plan := self._comparison(parts, degree)) is not None:
            return plan
        if parts.words.differences or (parts.words.counts and not parts.kinds):
            return None
        if parts.words.marked and not parts.words.marks:
            return None
        return self._ranking(parts, degree)

    def _comparison(self, parts: _Parts, degree: Degree) -> Plan | None:
        """Plan "which is longer, A or B?", "is A longer than B?", "how much longer is A?"."""
        for item in self._measures(parts, degree):
            if any(item not in group.properties for group in parts.asked):
                continue
            entities = [self._with_value(link, item) for link in parts.links]
            chosen = tuple(dict.fromkeys(e for e in entities if e))
            if len(chosen) != len(parts.links):
                continue
            if not any(value_of(self._graph, e, item) for e in chosen) or not self._alike(chosen):
                continue
            if len(chosen) == 2 and (parts.words.differences or parts.words.counts):
                # "How much" and "how many" are the same word in some languages.
                return Difference((chosen[0], chosen[1]), item)
            return Compare(chosen, item, degree.most, self._claimed(parts, chosen))
        return None

    def _claimed(self, parts: _Parts, chosen: tuple[str, ...]) -> str:
        """Return which of two is said to be ahead, when the question only asks whether it is so."""
        if parts.words.choices or len(chosen) != 2:
            return ""
        end = parts.links[0].mention.span[1]
        between = parts.query.text[end : end + 2]
        behind = any(end <= a < end + 1 + len(between) for a, _ in parts.words.standards)
        return chosen[1] if behind else chosen[0]

    def _ranking(self, parts: _Parts, degree: Degree) -> Plan | None:
        """Plan "the largest country of A", alone or as what something else is asked of."""
        for item in self._measures(parts, degree):
            rest = tuple(g for g in parts.asked if item not in g.properties)
            select = self._select(parts, rest)
            if select is not None and self._measured(select, item):
                return Rank(select, item, degree.most)
            for onward in rest if len(rest) == 1 else () if rest else parts.aside:
                select = self._select(parts, (), onward)
                if select is not None and self._measured(select, item):
                    paths = self._onwards(select, onward)
                    if paths:
                        return Lookup(Rank(select, item, degree.most), paths)
        return self._ranking_by_count(parts, degree) if ANY in degree.quantities else None

    def _ranking_by_count(self, parts: _Parts, degree: Degree) -> Plan | None:
        """Plan "which country has the most neighbours?"."""
        for group in [*parts.asked, *parts.aside]:
            rest = tuple(g for g in parts.asked if g != group)
            select = self._select(parts, rest, group)
            if select is None:
                continue
            paths = self._onwards(select, group)
            if paths:
                steps = tuple(path[0] for path in paths)
                return Rank(select, steps[0].property, degree.most, steps)
        return None

    def _path(self, parts: _Parts) -> Plan | None:
        """Plan what lies two facts away: "the currency of the country whose capital is A"."""
        groups = (*parts.asked, *parts.aside)
        if len(parts.links) != 1 or not groups or len(parts.asked) > 2:
            return None
        senses = _senses(parts.links[0])
        if any(self._is_one_fact(parts, entity, group) for entity in senses for group in groups):
            return None
        for entity in senses:
            for pair in permutations(groups, 2):
                if all(group in pair for group in parts.asked):
                    plan = self._checked(parts, entity, self._by_two(entity, *pair), pair)
                    if plan is not None:
                        return plan
        for entity in senses:
            for group in groups if not parts.asked else parts.asked if len(parts.asked) < 2 else ():
                if not self._steps(entity, group.properties):
                    paths = self._by_kind(entity, parts, group)
                    plan = self._checked(parts, entity, paths, (group,))
                    if plan is not None:
                        return plan
        return None

    def _is_one_fact(self, parts: _Parts, entity: str, group: _Asked) -> bool:
        """Whether the entity has what the words ask for: a property, and classes of its values."""
        steps = tuple((step,) for step in self._steps(entity, group.properties))
        if len(parts.asked) > 1:
            return all(self._steps(entity, asked.properties) for asked in parts.asked)
        alone = set(parts.asked) <= {group}
        return alone and self._checked(parts, entity, steps, (group,)) is not None

    def _by_two(self, entity: str, first: _Asked, second: _Asked) -> tuple[tuple[Step, ...], ...]:
        """Return the paths over the first property and then the second."""
        return tuple(
            path
            for step in self._steps(entity, first.properties)
            for path in self._then(entity, step, second.properties)
        )

    def _by_kind(self, entity: str, parts: _Parts, wanted: _Asked) -> tuple[tuple[Step, ...], ...]:
        """Return the paths to what is wanted over something of a class in the question."""
        kinds = [k for k, span in parts.kinds.items() if not parts.names(wanted, span)]
        found: list[tuple[Step, ...]] = []
        for group in self._graph.groups(entity):
            others = [o for o in group.others if any(is_of(self._graph, o, k) for k in kinds)]
            if others and len(group.others) <= _MOST_BETWEEN:
                step = Step(group.property, group.forward)
                found += self._then(entity, step, wanted.properties)
        return tuple(found)

    def _checked(
        self,
        parts: _Parts,
        entity: str,
        paths: tuple[tuple[Step, ...], ...],
        used: Sequence[_Asked],
    ) -> Lookup | None:
        """Return the lookup if everything of a class in the question lies on its paths."""
        if not paths:
            return None
        passed = [
            n
            for path in paths
            for end in range(1, len(path) + 1)
            for n in reach(self._graph, {entity: ()}, path[:end])
        ]
        for kind, span in parts.kinds.items():
            named = any(parts.names(group, span) for group in used)
            if not named and not any(is_of(self._graph, n, kind) for n in [entity, *passed]):
                return None
        return Lookup(entity, paths)

    def _then(self, entity: str, step: Step, wanted: frozenset[str]) -> list[tuple[Step, ...]]:
        """Return the paths from the entity over the step to what is wanted, and not back."""
        between = reach(self._graph, {entity: ()}, (step,))
        nexts = dict.fromkeys(
            after
            for node in between
            if isinstance(node, str)
            for after in self._steps(node, wanted)
            if not self._leads_back(step, after)
        )
        return [(step, after) for after in nexts]

    def _leads_back(self, step: Step, after: Step) -> bool:
        inverse = self._graph.property(step.property).inverse
        if after.property == step.property:
            return after.forward != step.forward
        return after.property == inverse and after.forward == step.forward

    def _intersection(self, parts: _Parts) -> Plan | None:
        """Plan a list by several conditions; a list by one is a fact like others."""
        if len(parts.links) < 2 or not (parts.kinds or parts.asked):
            return None
        select = self._select(parts, parts.asked)
        return select if select is not None and len(members(self._graph, select)) else None

    # What is selected.

    def _select(
        self, parts: _Parts, groups: Sequence[_Asked], onward: _Asked | None = None
    ) -> Select | None:
        """Return what the names, class and properties select together; None if they do not fit.

        Args:
            parts: What was understood.
            groups: Properties that must have a part in it.
            onward: What is asked of what is selected; the class it names is not selected.
        """
        kinds = {
            k: s for k, s in parts.kinds.items() if onward is None or not parts.names(onward, s)
        }
        if len(set(kinds.values())) > 1:
            kinds = self._without_types(kinds, groups)
        if len(set(kinds.values())) > 1:
            return None
        hints = parts.hints() - (onward.properties if onward else frozenset())
        for kind in kinds or ("",):
            constraints: list[Constraint] = []
            used: set[_Asked] = set()
            for link in parts.links:
                constraint = self._constraint(link, kind, groups, hints, used)
                if constraint is None:
                    break
                constraints.append(constraint)
            else:
                if all(group in used for group in groups) and (kind or constraints):
                    return Select(kind, tuple(constraints))
        return None

    def _without_types(
        self, kinds: Mapping[str, Span], groups: Sequence[_Asked]
    ) -> dict[str, Span]:
        """Return the classes but for those that only repeat a property ("official language")."""
        return {
            k: s for k, s in kinds.items() if not any(overlap(s, group.span) for group in groups)
        }

    def _constraint(
        self,
        link: Link,
        kind: str,
        groups: Sequence[_Asked],
        hints: frozenset[str],
        used: set[_Asked],
    ) -> Constraint | None:
        for entity in _senses(link):
            for group in groups:
                steps = self._steps(entity, group.properties, kind)
                if steps:
                    used.add(group)
                    return Constraint(entity, tuple((step,) for step in steps))
        for entity in _senses(link) if kind else ():
            paths = self._untold(entity, kind, hints)
            if paths:
                return Constraint(entity, paths)
        return None

    def _untold(
        self, entity: str, kind: str, hints: frozenset[str]
    ) -> tuple[tuple[Step, ...], ...]:
        """Return how things of the class hang together with the entity when nothing says how.

        One fact away, else two: the mountains in the countries of a continent.
        """
        near = self._steps(entity, hints, kind)
        if not near and kind in self._kinds(entity):
            return ()  # countries have more than one thing to do with each other
        near = near or self._steps(entity, None, kind)
        if near:
            sizes = {s: len(reach(self._graph, {entity: ()}, (s,))) for s in near}
            widest = max(near, key=lambda s: (sizes[s], s.property))
            same = [s for s in near if self._same(s, widest)]
            return tuple((step,) for step in same)
        found: dict[tuple[Step, Step], int] = {}
        for first in self._steps(entity, None):
            between = reach(self._graph, {entity: ()}, (first,))
            for node in [n for n in between if isinstance(n, str)]:
                for second in self._steps(node, None, kind):
                    found[first, second] = found.get((first, second), 0) + 1
        if not found:
            return ()
        return (max(found, key=lambda path: (found[path], path[0].property, path[1].property)),)

    def _same(self, step: Step, other: Step) -> bool:
        inverse = self._graph.property(step.property).inverse
        return step == other or (inverse == other.property and step.forward != other.forward)

    def _steps(
        self, entity: str, properties: Iterable[str] | None, kind: str = ""
    ) -> tuple[Step, ...]:
        """Return the steps from the entity by any of the properties to things of the class.

        A property is also asked for by the name of its inverse. None is for all properties.
        """
        wanted = None if properties is None else self._both_ways(frozenset(properties))
        return tuple(
            Step(group.property, group.forward)
            for group in self._graph.groups(entity)
            if (wanted is None or group.property in wanted)
            and any(is_of(self._graph, other, kind) for other in group.others)
        )

    def _both_ways(self, properties: frozenset[str]) -> frozenset[str]:
        inverses = {self._graph.property(p).inverse for p in properties} - {""}
        return properties | inverses

    def _onwards(self, select: Select, wanted: _Asked) -> tuple[tuple[Step, ...], ...]:
        """Return the steps by which the wanted properties lead on from what is selected."""
        some = [n for n in members(self._graph, select) if isinstance(n, str)][:_SAMPLE]
        steps = dict.fromkeys(s for node in some for s in self._steps(node, wanted.properties))
        return tuple((step,) for step in steps)

    # What is measured.

    def _measures(self, parts: _Parts, degree: Degree) -> tuple[str, ...]:
        """Return the properties that the adjective may be about, the likeliest first."""
        named = [p for group in parts.asked for p in sorted(group.properties)]
        usual = [p for q in degree.quantities if q != ANY for p in self._measuring(q)]
        return tuple(dict.fromkeys([*named, *usual]))

    def _measured(self, select: Select, item: str) -> bool:
        some = [n for n in members(self._graph, select) if isinstance(n, str)][:_SAMPLE]
        return any(value_of(self._graph, node, item) for node in some)

    def _with_value(self, link: Link, item: str) -> str:
        """Return which namesake has a value of the property, else the likeliest of all."""
        senses = _senses(link)
        return next((e for e in senses if value_of(self._graph, e, item)), senses[0])

    def _alike(self, entities: Sequence[str]) -> bool:
        """Whether they are of one class, so that what one has may be asked of the others."""
        return bool(frozenset.intersection(*(frozenset(self._kinds(e)) for e in entities)))

    def _kinds(self, entity_id: str | None) -> Sequence[str]:
        entity = self._graph.entities.get(entity_id or "")
        return entity.types if entity else ()


def _senses(link: Link) -> tuple[str, ...]:
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
