"""Which of a thing's facts hold at the time that a question names: who was mayor in 1995."""

from __future__ import annotations

import re
from dataclasses import replace

from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.graph.values import years_of
from convrag.types import Span, Triple

_YEAR = re.compile(r"(?<![\d.,:/-])\d{4}(?![\d:/-]|[.,]\d)")
_YEARS = range(1000, 2200)


def holding(graph: KnowledgeGraph, group: FactGroup, question: str) -> FactGroup:
    """Return the group with only what holds in the year that the question names.

    All of it where the question names no year or several, or nothing is known to hold then.
    """
    years = {int(question[start:end]) for start, end in year_spans(question)}
    if len(years) != 1:
        return group
    (year,) = years
    kept = tuple(triple for triple in group.triples if _holds(graph, triple, year))
    return replace(group, triples=kept) if kept else group


def year_spans(question: str) -> tuple[Span, ...]:
    """Return where the question names years."""
    return tuple(m.span() for m in _YEAR.finditer(question) if int(m[0]) in _YEARS)


def _holds(graph: KnowledgeGraph, triple: Triple, year: int) -> bool:
    """Return whether the fact is said to hold in the year; not where nothing is said of times."""
    spans = (years_of(qualifiers) for qualifiers in graph.qualifiers(triple))
    return any(span is not None and span[0] <= year <= span[1] for span in spans)
