"""Of what a question's limits are: the properties that its numbers are values of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import product

from convrag.graph.amounts import unit_named
from convrag.graph.limits import Limit
from convrag.graph.model import KnowledgeGraph
from convrag.graph.operators import ANY, measuring
from convrag.graph.question import Asked, Parts
from convrag.graph.selection import Bound, Select, measure, members, unbounded
from convrag.graph.walking import DATES, Step
from convrag.types import Literal

_SAMPLE = 40
"""Members that are looked at to see whether they have such values."""
_YEARS = range(1, 3000)


class Bounding:
    """Finds what limits are of, in one graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._of_kind = lru_cache(maxsize=256)(self._values_of)

    def bounded(self, parts: Parts) -> Iterator[Parts]:
        """Yield the parts with bounds instead of limits, likeliest first."""
        choices = [list(self._choices(parts, limit)) for limit in parts.limits]
        for chosen in product(*choices):
            named = {group for _, group in chosen if group is not None}
            yield replace(
                parts,
                limits=(),
                asked=tuple(group for group in parts.asked if group not in named),
                bounds=tuple(bound for bound, _ in chosen),
            )

    def with_unit(self, quantities: Collection[str]) -> list[str]:
        """Return the properties whose unit is of one of the quantities."""
        return sorted(p for p in self._graph.properties if self._unit(p)[0] in {*quantities} - {""})

    def is_measured(self, select: Select) -> bool:
        """Return whether what is selected has values that the bounds are of."""
        some = [n for n in members(self._graph, unbounded(select)) if isinstance(n, str)][:_SAMPLE]
        return all(
            any(measure(self._graph, n, bound.property, bound.counted) for n in some)
            for bound in select.bounds
        )

    def _choices(self, parts: Parts, limit: Limit) -> Iterator[tuple[Bound, Asked | None]]:
        for group in (*parts.asked, *parts.aside):
            for item in sorted(group.properties):
                if (bound := self._bound(item, limit)) is not None:
                    yield bound, group
        usual = [p for q in limit.quantities if q != ANY for p in measuring(self._graph, q)]
        if not usual and limit.amount.quantity:
            usual = self.with_unit({limit.amount.quantity})
        for item in usual:
            if (bound := self._bound(item, limit)) is not None:
                yield bound, None
        if limit.amount.quantity:
            return
        for group in (*parts.asked, *parts.aside):
            for item in sorted(group.properties):
                steps = (Step(item, True), Step(item, False))
                if not self._of_kind(item):
                    yield Bound(item, limit.sign, limit.amount.value, steps), group

    def _bound(self, item: str, limit: Limit) -> Bound | None:
        """Return the bound in the property's unit; None when it measures something else."""
        kinds = self._of_kind(item)
        if not kinds:
            return None
        amount = limit.amount
        if kinds <= DATES:
            return self._dated(item, limit)
        quantity, factor = self._unit(item)
        if not amount.quantity:
            return Bound(item, limit.sign, amount.value)
        if amount.quantity != quantity:
            return None
        return Bound(item, limit.sign, amount.value * amount.factor / factor)

    def _dated(self, item: str, limit: Limit) -> Bound | None:
        amount = limit.amount
        if amount.quantity or amount.value not in _YEARS:
            return None
        year = int(amount.value) + (limit.sign in (">", "<="))
        sign = ">=" if limit.sign in (">", ">=") else "<"
        return Bound(item, sign, Decimal(date(year, 1, 1).toordinal()))

    def _unit(self, item: str) -> tuple[str, Decimal]:
        """Return the quantity of the property's unit and its factor; an empty one if unknown."""
        found = (unit_named(unit) for unit in self._graph.property(item).units.values())
        return next((unit for unit in found if unit is not None), ("", Decimal(1)))

    def _values_of(self, item: str) -> frozenset[str]:
        """Return the datatypes of the property's values that can be compared."""
        found: set[str] = set()
        for entity in self._graph.entities:
            measured = measure(self._graph, entity, item)
            if measured is not None and isinstance(measured[0][0].object, Literal):
                found.add(measured[0][0].object.datatype)
                break
        return frozenset(found)
