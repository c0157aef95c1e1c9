"""What is shown of an entity: its name and its facts in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from convrag.types import Triple


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of an entity in words. ``forward`` is False for edges that point at it."""

    triple: Triple
    predicate: str
    other: str
    other_id: str | None
    forward: bool


@dataclass(frozen=True, slots=True)
class EntityView:
    """An entity in the reader's language, for display."""

    id: str
    label: str
    description: str
    edges: tuple[Edge, ...]
