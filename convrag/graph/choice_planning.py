"""From a question to a choice: which of the things named has what else is named."""

from __future__ import annotations

from collections.abc import Sequence

from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import mask
from convrag.graph.question import Parts, senses
from convrag.graph.selection import Constraint, Select
from convrag.graph.walking import Node, Step, reverse
from convrag.text.analysis import content_words
from convrag.types import Link, Span

_OPENING = frozenset("(（[")


class ChoicePlanner:
    """Plans choices among named things over one graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    def plan(self, parts: Parts) -> Select | None:
        """Plan "which of A and B borders C?", also as "which one borders C, A or B?"."""
        links = sorted(parts.links, key=lambda link: link.mention.span)
        if len(links) < 3 or len(parts.asked) > 1 or parts.bounds or not parts.words.choices:
            return None
        for among, value in ((links[:-1], links[-1]), (links[1:], links[0])):
            chosen = self._alike(among)
            if chosen is None or not self._are_offered(parts, among, value):
                continue
            for entity in senses(value):
                steps = self._steps(parts, chosen, entity)
                if steps:
                    constraint = Constraint(entity, tuple((step,) for step in steps))
                    return Select("", (constraint,), among=chosen)
        return None

    def _alike(self, links: Sequence[Link]) -> tuple[str, ...] | None:
        """Return the things that the links mean; None unless they are different ones of a class."""
        found = tuple(dict.fromkeys(link.entity_id or "" for link in links))
        kinds = [self._graph.kinds_of(entity) for entity in found]
        return found if len(found) == len(links) and frozenset.intersection(*kinds) else None

    def _are_offered(self, parts: Parts, among: Sequence[Link], value: Link) -> bool:
        """Whether the names stand together and the question is which of them.

        What is no thing of their kind can only be what one of them has. Else it takes a word of
        choice beside them or between the last two.
        """
        spans = [link.mention.span for link in among]
        gaps = [(a[1], b[0]) for a, b in zip(spans, spans[1:], strict=False)]
        if any(_has_content(parts, gap, parts.words.alternatives) for gap in gaps):
            return False
        kinds = [self._graph.kinds_of(link.entity_id) for link in among]
        if not frozenset.intersection(*kinds) & self._graph.kinds_of(value.entity_id):
            return not parts.asks_for_kind() or self._only_kinds_of(parts, among)
        first, last = gaps[-1]
        offered = any(first <= a and b <= last for a, b in parts.words.alternatives)
        if not self._is_apart(parts, spans, value.mention.span, offered=offered):
            return False
        return offered or any(_beside(parts, spans, choice) for choice in parts.words.choices)

    def _only_kinds_of(self, parts: Parts, among: Sequence[Link]) -> bool:
        """Whether "which robot" asks for what is named, not for what it has."""
        return set(parts.kinds) <= self._graph.kinds_of(among[0].entity_id)

    def _is_apart(self, parts: Parts, spans: Sequence[Span], value: Span, *, offered: bool) -> bool:
        """Whether words stand between what they may have and the names, and nobody else's.

        In "A and B's neighbours border C" nothing is asked of A and B.
        """
        gap = (spans[-1][1], value[0]) if value > spans[-1] else (value[1], spans[0][0])
        if any(gap[0] <= a and b <= gap[1] for a, b in parts.words.alternatives):
            return False
        asking = [*(g.span for g in parts.asked), *parts.words.choices]
        others = _content(parts, gap, [*asking, *parts.words.fillers])
        if any(word not in parts.left for word in others):
            return False
        if _has_content(parts, gap, ()):
            return True
        # "Which one borders C, A or B?"
        end = (spans[-1][1], len(parts.query.text))
        return offered and value < spans[0] and not _content(parts, end, ())

    def _steps(self, parts: Parts, among: Sequence[str], value: str) -> tuple[Step, ...]:
        """Return the steps from the value by which it belongs to what has it.

        Where nothing says by what, and none of them has it, by what they have of its kind.
        """
        groups = [group for entity in among for group in self._graph.groups(entity)]
        wanted = {p for group in parts.asked for p in group.properties}
        wanted |= self._graph.both_ways(wanted)
        kinds = self._graph.kinds_of(value)
        alike = kinds & self._graph.kinds_of(among[0])
        groups = [g for g in groups if not wanted or g.property in wanted]
        having = [g for g in groups if value in g.others]
        if not having and (wanted or not alike):
            having = [g for g in groups if self._any_of(g.others, kinds)]
        steps = (reverse(self._graph, Step(g.property, g.forward)) for g in having)
        return tuple(dict.fromkeys(steps))

    def _any_of(self, nodes: Sequence[Node], kinds: frozenset[str]) -> bool:
        return any(kinds & self._graph.kinds_of(n) for n in nodes if isinstance(n, str))


def _beside(parts: Parts, spans: Sequence[Span], choice: Span) -> bool:
    """Whether the word of choice stands right before or after the names, or they in brackets."""
    start, end = spans[0][0], spans[-1][1]
    if parts.query.text[:start].rstrip()[-1:] in _OPENING:
        return True
    gap = (choice[1], start) if choice[1] <= start else (end, choice[0])
    return not _content(parts, gap, [*parts.kinds.values(), *parts.words.fillers])


def _has_content(parts: Parts, gap: Span, known: Sequence[Span]) -> bool:
    """Whether there is anything but function words in the gap, outside the known spans."""
    asking = [*(g.span for g in parts.asked), *parts.words.choices]
    inside = [s for s in asking if gap[0] <= s[0] and s[1] <= gap[1] and s not in known]
    return bool(inside or _content(parts, gap, known))


def _content(parts: Parts, gap: Span, known: Sequence[Span]) -> list[str]:
    """Return the words of content in the gap outside the known spans."""
    text, names = parts.query.text, [link.mention.span for link in parts.links]
    rest = mask(text, [*names, *known, *parts.words.joints])
    found = content_words(rest, parts.query.language)
    return [text[a:b] for a, b in found if gap[0] <= a and b <= gap[1]]
