"""What a session list shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One line of a session list. Times are seconds since the epoch; ``turns`` counts questions."""

    id: str
    title: str
    pack: str
    created: float
    updated: float
    turns: int
