"""Entity links against marked ones: right, found and wanted, with and without an entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from convrag.types import Link, Span

_NAMES = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many links are right, were found, and were wanted. Counts of turns can be added."""

    right: int = 0
    found: int = 0
    wanted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.right + other.right, self.found + other.found, self.wanted + other.wanted
        )

    @property
    def parts(self) -> dict[str, tuple[float, float]]:
        """Numerator and denominator of precision, recall and F1.

        The ratio of their sums over turns is the micro average (GERBIL, Usbeck et al. 2015).
        """
        rights = float(self.right)
        below = (float(self.found), float(self.wanted), (self.found + self.wanted) / 2)
        return {name: (rights, under) for name, under in zip(_NAMES, below, strict=True)}

    @property
    def scores(self) -> dict[str, float]:
        """Precision, recall and F1, 0..1; those without a denominator are left out."""
        return {name: top / under for name, (top, under) in self.parts.items() if under}


def same_mentions(found: Iterable[Link], wanted: Mapping[Span, str | None]) -> Counts:
    """Return counts of links to entities: right when span and entity are (strong matching).

    Args:
        found: Links; those to nothing (NIL) count as not found.
        wanted: Entity ids by span, None for NIL.
    """
    links = {link.mention.span: link.entity_id for link in found if link.entity_id is not None}
    right = sum(wanted.get(span) == entity for span, entity in links.items())
    return Counts(right, len(links), sum(entity is not None for entity in wanted.values()))


def nil_mentions(found: Iterable[Link], wanted: Mapping[Span, str | None]) -> Counts:
    """Return counts of mentions that have no entity in the graph (NIL), by span."""
    nil = {link.mention.span for link in found if link.entity_id is None}
    marked = {span for span, entity in wanted.items() if entity is None}
    return Counts(len(nil & marked), len(nil), len(marked))


def same_entities(found: Iterable[str], wanted: Iterable[str]) -> Counts:
    """Return counts of entities, wherever they are named: for sets that mark no spans."""
    own, marked = set(found), set(wanted)
    return Counts(len(own & marked), len(own), len(marked))
