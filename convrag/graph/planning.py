"""From a question to a plan: only when every word of content in it has a part in the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from convrag.graph.bounding import Bounding
from convrag.graph.choice_planning import ChoicePlanner
from convrag.graph.empty_words import EmptyWords
from convrag.graph.model import KnowledgeGraph
from convrag.graph.operators import ANY, Degree, measuring
from convrag.graph.path_planning import PathPlanner
from convrag.graph.plan_shapes import NONE, PlanShapes
from convrag.graph.plans import Compare, Count, Difference, Lookup, Plan, Rank
from convrag.graph.question import Asked, Parts, QuestionReader, senses
from convrag.graph.relations import RelationMatcher
from convrag.graph.select_planning import SelectPlanner
from convrag.graph.selection import Select, members
from convrag.graph.walking import Step, measured_properties, steps_from, value_of
from convrag.protocols import Encoder
from convrag.types import Link, Query

_SAMPLE = 40
"""Members of a class that are looked at to see whether a property measures them."""


_UNRANKED = Degree((0, 0), ((ANY, True),))
"""For "the difference in length", where the property is named and no adjective ranks."""


_LEAST_EMPTY = -1.0
"""What the scores of words without a part must be above when the question's form tells its plan."""
_SURE = 0.5
"""What the score of a form must be, so that a single fact is no answer."""
_OF_TWO_NAMES = frozenset({"compare", "verdict", "difference", "both"})
"""Forms that one fact never answers."""
_FORMS: Mapping[str, tuple[type[Plan], ...]] = {
    "compare": (Compare,),
    "verdict": (Compare,),
    "difference": (Difference,),
    "count": (Count,),
    "both": (Select,),
    "most": (Rank,),
    "least": (Rank,),
    "path": (Lookup,),
}
"""The plans that a form may have."""


class Planner:
    """Plans questions over one graph."""

    def __init__(
        self, graph: KnowledgeGraph, matcher: RelationMatcher, encoder: Encoder | None = None
    ) -> None:
        """Plan over ``graph``; with an encoder, words that no list has may yet add nothing."""
        self._graph = graph
        self._empty = EmptyWords(encoder) if encoder is not None else None
        self._shapes = PlanShapes(encoder) if encoder is not None else None
        self._reader = QuestionReader(graph, matcher)
        self._paths = PathPlanner(graph)
        self._choices = ChoicePlanner(graph)
        self._selecting = SelectPlanner(graph)
        self._bounding = Bounding(graph)
        self._kinds = cache(lambda: measured_properties(graph))
        self._measuring = lru_cache(maxsize=64)(lambda quantity: measuring(graph, quantity))

    def plan(self, query: Query) -> Plan | None:
        """Return how the question is answered from several facts; None when it is not.

        None as well for a question about one fact, for one that has words without a part in the
        plan, and when what it names does not fit together in the graph.
        """
        parts = self._reader.read(query)
        if parts is None or (parts.left and self._empty is None):
            return None
        plan = self._within_limits(parts) if parts.limits else self._unlimited(parts)
        told = plan is not None and not (
            parts.left and self._empty is not None and not self._empty.all_empty(parts.left)
        )
        return plan if told else self._by_form(parts)

    def takes_several(self, query: Query) -> bool:
        """Return whether two things are surely asked about together: no single fact answers."""
        names = [link.mention.span for link in query.links]
        if self._shapes is None or len(names) < 2:
            return False
        return self._shapes.shape(query.text, names, least=_SURE) in _OF_TWO_NAMES

    def _by_form(self, parts: Parts) -> Plan | None:
        """Plan a question by its form where words that no list has keep the rules from it."""
        if self._shapes is None or self._empty is None or not _may_be_told(parts):
            return None
        if parts.left and not self._empty.all_empty(parts.left, least=_LEAST_EMPTY):
            return None
        shape = self._shapes.shape(parts.query.text, [k.mention.span for k in parts.links])
        return self._shaped(parts, shape) if shape != NONE else None

    def _shaped(self, parts: Parts, shape: str) -> Plan | None:
        plan = self._within_limits(parts) if parts.limits else self._unlimited(parts)
        if plan is None and len(parts.links) == 2 and not parts.limits:
            if shape in ("compare", "verdict"):
                plan = self._comparison(parts, _UNRANKED)
            elif shape == "difference":
                marked = replace(parts, words=replace(parts.words, differences=((0, 0),)))
                plan = self._comparison(marked, _UNRANKED)
        if plan is None and shape in ("most", "least") and not parts.limits:
            plan = self._ranking(parts, Degree((0, 0), ((ANY, shape == "most"),)))
        if plan is None and shape == "count":
            plan = self._count(parts)
        return plan if isinstance(plan, _FORMS[shape]) else None

    def _within_limits(self, parts: Parts) -> Plan | None:
        bounded = (self._within(p) for p in self._bounding.bounded(parts))
        return next((plan for plan in bounded if plan is not None), None)

    def _unlimited(self, parts: Parts) -> Plan | None:
        if parts.words.degrees:
            return self._by_degree(parts)
        if _marked(parts) and (first := self._ranking(parts, _UNRANKED)) is not None:
            return first
        told = len(parts.asked) == 1 or (not parts.asked and (parts.words.units or parts.aside))
        if parts.words.differences and len(parts.links) == 2 and told:
            return self._comparison(parts, _UNRANKED)
        if parts.words.counts and (counted := self._count(parts)) is not None:
            return counted
        if parts.words.limits and len(parts.links) == 2 and (exceeds := self._exceeding(parts)):
            return exceeds
        chosen = self._choices.plan(parts)
        return chosen or self._paths.plan(parts) or self._intersection(parts)

    def _count(self, parts: Parts) -> Count | None:
        numbers = (p for group in parts.asked for p in group.properties if self._is_number(p))
        select = self._selecting.select(parts, parts.asked)
        if select is None or not select.constraints or next(numbers, None):
            return None
        # "How many inhabitants" asks for a value.
        things = all(isinstance(node, str) for node in members(self._graph, select))
        return Count(select) if things else None

    def _within(self, parts: Parts) -> Plan | None:
        """Plan a count, a list or a ranking of what is within limits."""
        if parts.words.degrees:
            return self._by_degree(parts)
        select = self._selecting.select(parts, parts.asked)
        if select is None or not self._bounding.is_measured(select):
            return None
        return Count(select) if parts.words.counts else select

    # Plans by kind.

    def _by_degree(self, parts: Parts) -> Plan | None:
        degrees = parts.words.degrees
        if len({d.most for d in degrees}) > 1:
            return None
        readings = {q: most for d in reversed(degrees) for q, most in d.readings}
        degree = Degree(degrees[0].span, tuple(readings.items()))
        simple = parts.place == parts.first == 1 and not parts.bounds
        compared = self._comparison(parts, degree) if simple and len(parts.links) > 1 else None
        if compared is not None:
            return compared
        if parts.words.differences or (parts.words.counts and not (parts.kinds or parts.asked)):
            return None
        if parts.words.marked and not parts.words.marks and parts.place == 1:
            return None
        return self._ranking(parts, degree)

    def _comparison(self, parts: Parts, degree: Degree) -> Plan | None:
        """Plan "which is longer, A or B?", "is A longer than B?", "how much longer is A?"."""
        for item, most in self._measures(parts, degree).items():
            if any(item not in g.properties and not self._is_symmetric(g) for g in parts.asked):
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
            return Compare(chosen, item, most, self._claimed(parts, chosen))
        return None

    def _exceeding(self, parts: Parts) -> Plan | None:
        """Plan "does A surpass B in area?"."""
        signs = {sign for _, sign in parts.words.limits} & {">", "<"}
        if len(signs) != 1 or len(parts.asked) != 1:
            return None
        return self._comparison(parts, Degree((0, 0), ((ANY, signs == {">"}),)))

    def _claimed(self, parts: Parts, chosen: tuple[str, ...]) -> str:
        """Return which of two is said to be ahead, when the question only asks whether it is so."""
        if parts.words.choices or len(chosen) != 2:
            return ""
        end = parts.links[0].mention.span[1]
        between = parts.query.text[end : end + 2]
        behind = any(end <= a < end + 1 + len(between) for a, _ in parts.words.standards)
        return chosen[1] if behind else chosen[0]

    def _ranking(self, parts: Parts, degree: Degree) -> Plan | None:
        """Plan "the largest country of A", alone or as what something else is asked of."""
        for item, most in self._measures(parts, degree).items():
            rest = tuple(g for g in parts.asked if item not in g.properties)
            told = any(item in g.properties for g in parts.asked) and len(rest) < len(parts.asked)
            if parts.asks_for_kind() or told:
                # "Which country has the youngest population?" asks for no population.
                rest = tuple(g for g in rest if not all(self._is_number(p) for p in g.properties))
            select = self._selecting.select(parts, rest)
            if select is None and parts.links and not self._free_kinds(parts):
                # "Where in A is the coast longest?": in which country, as countries have coasts.
                kind = self._kinds().get(item, "")
                of_kind = replace(parts, kinds={kind: (0, 0)} if kind else {})
                select = self._selecting.select(of_kind, rest)
            if select is not None and self._measured(select, item):
                return Rank(select, item, most, (), parts.place, parts.first)
            for onward in rest if len(rest) == 1 else () if rest else parts.aside:
                select = self._selecting.select(parts, (), onward)
                if select is not None and self._measured(select, item):
                    paths = self._onwards(select, onward)
                    if paths:
                        rank = Rank(select, item, most, (), parts.place, parts.first)
                        return Lookup(rank, paths)
        return self._ranking_by_count(parts, degree) if ANY in degree.quantities else None

    def _ranking_by_count(self, parts: Parts, degree: Degree) -> Plan | None:
        """Plan "which country has the most neighbours?"."""
        for group in [*parts.asked, *parts.aside]:
            rest = tuple(g for g in parts.asked if g != group)
            select = self._selecting.select(parts, rest, group)
            if select is None:
                continue
            paths = self._onwards(select, group)
            if paths:
                steps = tuple(path[0] for path in paths)
                return Rank(select, steps[0].property, degree.most, steps, parts.place, parts.first)
        return None

    def _intersection(self, parts: Parts) -> Plan | None:
        """Plan a list by several conditions; a list by one is a fact like others."""
        if len(parts.links) < 2 or not (parts.kinds or parts.asked):
            return None
        select = self._selecting.select(parts, parts.asked)
        return select if select is not None and len(members(self._graph, select)) else None

    def _onwards(self, select: Select, wanted: Asked) -> tuple[tuple[Step, ...], ...]:
        """Return the steps by which the wanted properties lead on from what is selected."""
        some = [n for n in members(self._graph, select) if isinstance(n, str)][:_SAMPLE]
        steps = dict.fromkeys(
            s for node in some for s in steps_from(self._graph, node, wanted.properties)
        )
        return tuple((step,) for step in steps)

    # What is measured.

    def _measures(self, parts: Parts, degree: Degree) -> Mapping[str, bool]:
        """Return the properties that the adjective may be about, the likeliest first.

        Each with whether it is about the highest value.
        """
        readings = dict(degree.readings)
        usual = {
            item: most for q, most in degree.readings if q != ANY for item in self._measuring(q)
        }
        named = {p for group in parts.asked for p in group.properties}
        if not named and not usual:
            # "How many square kilometres more has A than B?"
            units = {quantity for quantity, _ in parts.words.units}
            aside = [p for group in parts.aside for p in sorted(group.properties)]
            usual = {p: degree.most for p in (*self._bounding.with_unit(units), *aside)}
        most = readings.get(ANY, degree.most)
        return {
            **{p: usual.get(p, most) for p in sorted(named, key=lambda p: (p not in usual, p))},
            **usual,
        }

    def _free_kinds(self, parts: Parts) -> list[str]:
        """Return the classes but for those that only say what is named: "the region Europe"."""
        named = {kind for link in parts.links for kind in self._graph.kinds_of(link.entity_id)}
        return [kind for kind in parts.kinds if kind not in named]

    def _is_symmetric(self, group: Asked) -> bool:
        """Whether the words only relate what is compared: "of the neighbours A and B"."""
        return all(self._graph.property(p).symmetric for p in group.properties)

    def _is_number(self, item: str) -> bool:
        return item in self._kinds()

    def _measured(self, select: Select, item: str) -> bool:
        some = [n for n in members(self._graph, select) if isinstance(n, str)][:_SAMPLE]
        return any(value_of(self._graph, node, item) for node in some)

    def _with_value(self, link: Link, item: str) -> str:
        """Return which namesake has a value of the property, else the likeliest of all."""
        meant = senses(link)
        return next((e for e in meant if value_of(self._graph, e, item)), meant[0])

    def _alike(self, entities: Sequence[str]) -> bool:
        """Whether they are of one class, so that what one has may be asked of the others."""
        return bool(frozenset.intersection(*(self._graph.kinds_of(e) for e in entities)))


def _may_be_told(parts: Parts) -> bool:
    """Whether there is something to plan with, and something that the rules did not understand."""
    content = parts.asked or parts.words.degrees or parts.kinds
    return bool(parts.links and content and (parts.left or len(parts.links) > 1))


def _marked(parts: Parts) -> bool:
    """Whether only a mark ranks by what stands beside it: もっとも面積のある国."""
    long = any(end - start > 1 for start, end in parts.words.marks)
    return long and len(parts.asked) == 1 and not parts.words.counts and len(parts.links) < 2
