"""What the chat needs from whoever answers; the pipeline is one, a script in a test another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from convrag.events import Event
from convrag.types import Dialogue, Evidence, Filter, Turn
from convrag.views import EntityView

if TYPE_CHECKING:
    from convrag.protocols import CancelToken


class Responder(Protocol):
    """Answers the turns of dialogues. ``respond`` runs in a thread, one call at a time."""

    @property
    def name(self) -> str:
        """What is asked: the knowledge pack or the index."""
        ...

    @property
    def generator_id(self) -> str:
        """The generator's reference, empty when answers are quoted and never generated."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that can be asked in, ISO 639-1."""
        ...

    @property
    def examples(self) -> Mapping[str, tuple[str, ...]]:
        """Questions a newcomer may start with, by language, the best first."""
        ...

    def respond(
        self, dialogue: Dialogue, turn: Turn, *, filter: Filter, cancel: CancelToken
    ) -> Iterator[Event]:
        """Yield the events of one answer; `Finished` or `Failed` is the last one.

        Only what ``filter`` lets through is found.
        """
        ...

    def describe(self, entity_id: str, *, language: str) -> EntityView:
        """Return the entity in words; may be called while an answer runs.

        Raises:
            ConvragError: There is no such entity.
        """
        ...

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        """Return the passage's text, or the triple in words."""
        ...

    def title(self, evidence: Evidence, *, language: str) -> str:
        """Return a short name for a piece of evidence."""
        ...

    def close(self) -> None:
        """Free what it holds. Idempotent."""
        ...
