"""Names in a line that stand beside numbers, and which of them a question asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convrag.graph.amounts import amounts
from convrag.graph.operators import Degree, operators
from convrag.types import Link, Query, Span


@dataclass(frozen=True, slots=True)
class Named:
    """Entities of a line, those first that a question asks for most.

    Attributes:
        entities: In this order.
        by: Where the question has the word ("most") by which numbers beside them gave the order;
            None when they stand as they are read.
    """

    entities: tuple[str, ...]
    by: Span | None = None

    @property
    def followed(self) -> tuple[str, ...]:
        """Return the entities that may be meant: where numbers rank them, the first alone."""
        return self.entities[:1] if self.by else self.entities


def in_order(query: Query, line: str, links: Sequence[Link]) -> Named:
    """Return the entities that a line names as the question ranks them.

    "To which country does Chad export most?" is answered by the highest number beside a name in
    "UAE 45%, China 23%, India 9%".

    Args:
        query: With its links.
        line: The line, in the query's language.
        links: What the line names, in reading order.
    """
    named = [(link.entity_id, link.mention.span) for link in links if link.entity_id is not None]
    order = tuple(dict.fromkeys(entity for entity, _ in named))
    degree = _degree(query) if len(order) > 1 else None
    numbers = _numbers(line, query.language, named) if degree is not None else {}
    if degree is None or len(numbers) < 2:
        return Named(order)
    sign = -1 if degree.most else 1
    ranked = sorted(numbers, key=lambda entity: sign * numbers[entity])
    return Named((*ranked, *(entity for entity in order if entity not in numbers)), degree.span)


def _degree(query: Query) -> Degree | None:
    """Return the word that ranks what stands nearest to the question's first entity."""
    words = operators(query.text, query.language)
    spans = [link.mention.span for link in query.links if link.entity_id is not None]
    if words is None or not words.degrees or not spans:
        return None
    return min(words.degrees, key=lambda degree: _gap(degree.span, spans[0]))


def _gap(a: Span, b: Span) -> int:
    return max(a[0] - b[1], b[0] - a[1], 0)


def _numbers(line: str, language: str, named: Sequence[tuple[str, Span]]) -> Mapping[str, float]:
    """Return the first number between each name and the next one."""
    found: dict[str, float] = {}
    every = amounts(line, language)
    for place, (entity, (_, end)) in enumerate(named):
        stop = named[place + 1][1][0] if place + 1 < len(named) else len(line)
        behind = [a for a in every if end <= a.span[0] < stop]
        if behind:
            found.setdefault(entity, float(behind[0].value * behind[0].factor))
    return found
