"""The right inputs of a turn's stages, and the stages run with some of them in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from convrag.evaluation.dialogues import ScriptedTurn
from convrag.evaluation.gold_evidence import right_spans, with_needed
from convrag.events import Event
from convrag.protocols import CancelToken
from convrag.types import (
    Clarification,
    Dialogue,
    Evidence,
    Filter,
    Link,
    Mention,
    Query,
    Reading,
    Span,
    Turn,
)

if TYPE_CHECKING:
    from convrag.graph.model import KnowledgeGraph
    from convrag.pipeline import Pipeline
    from convrag.retrieval.index import Index

_CERTAIN = 1.0


@runtime_checkable
class Steps(Protocol):
    """What has stages that can be put right one by one, as a pipeline has."""

    @property
    def graph(self) -> KnowledgeGraph: ...

    @property
    def index(self) -> Index: ...

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query: ...

    def link(self, query: Query, dialogue: Dialogue) -> tuple[Link, ...]: ...

    def open_name(self, query: Query, dialogue: Dialogue) -> Clarification | None: ...

    def retrieve(self, query: Query) -> tuple[Evidence, ...]: ...

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading: ...

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]: ...

    def expand_curie(self, text: str) -> str: ...


class GoldStages:
    """A pipeline in which the stages named are given, or give, what the script says is right.

    Stages that the script says nothing about run as they are.
    """

    def __init__(self, pipeline: Steps, turn: ScriptedTurn, stages: Iterable[str]) -> None:
        """Take the place of ``pipeline`` for one turn.

        Args:
            pipeline: Does everything else.
            turn: Says what is right.
            stages: Of :data:`convrag.evaluation.attribution.STAGES`.
        """
        self._pipeline = pipeline
        self._turn = turn
        self._stages = frozenset(stages)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the pipeline has
        return getattr(self._pipeline, name)

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        """Yield the turn's events."""
        from convrag.pipeline.turn import Run  # what runs it is loaded by now

        if "language" in self._stages:
            turn = replace(turn, language=self._turn.expect.language)
        return Run(cast("Pipeline", self), dialogue, turn, Filter(), CancelToken()).events()

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the question that stands alone, read without the turns before."""
        text = right_rewrite(self._turn)
        if "rewrite" not in self._stages or not text:
            return self._pipeline.rewrite(turn, dialogue)
        query = self._pipeline.rewrite(replace(turn, text=text), Dialogue(dialogue.id))
        return replace(query, original=turn.text)

    def link(self, query: Query, dialogue: Dialogue) -> tuple[Link, ...]:
        """Return links to the expected entities and to no others."""
        found = self._pipeline.link(query, dialogue)
        known = self._pipeline.graph.entities
        expanded = map(self._pipeline.expand_curie, self._turn.expect.entities)
        wanted = [entity_id for entity_id in expanded if entity_id in known]
        if "link" not in self._stages or not wanted:
            return found
        return right_links(query, found, wanted, self._names)

    def open_name(self, query: Query, dialogue: Dialogue) -> Clarification | None:
        """Return what is to be asked back: nothing, when the script says what is meant."""
        if "link" in self._stages and not self._turn.expect.clarify:
            return None
        return self._pipeline.open_name(query, dialogue)

    def retrieve(self, query: Query) -> tuple[Evidence, ...]:
        """Return the expected evidence before what is found."""
        found = self._pipeline.retrieve(query)
        needs = self._turn.expect.evidence
        if "retrieve" not in self._stages or not needs:
            return found
        return with_needed(found, needs, self._pipeline, query)

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading:
        """Return the places in the expected evidence that answer, or that nothing answers."""
        expect = self._turn.expect
        if "read" in self._stages and expect.abstain:
            return Reading((), 0.0)
        found = self._pipeline.read(query, evidence)
        if "read" not in self._stages or not expect.evidence:
            return found
        spans = tuple(right_spans(expect, evidence, self._pipeline.expand_curie, query.language))
        same = {span.evidence_id for span in spans} == {span.evidence_id for span in found.spans}
        return Reading(spans, _CERTAIN, found.conclusion if same else None) if spans else found

    def _names(self, entity_id: str) -> set[str]:
        entity = self._pipeline.graph.entities.get(entity_id)
        if entity is None:
            return set()
        return {
            *entity.labels.values(),
            *(name for all_ in entity.aliases.values() for name in all_),
        }


def right_rewrite(turn: ScriptedTurn) -> str:
    """Return the question as it would be asked first in a dialogue; empty when it is not known.

    A question that changes the topic, or has an answer and nothing that a rewrite must contain,
    stands alone.
    """
    expect = turn.expect
    alone = turn.shift or (expect.wants_answer and expect.rewrite is None)
    return expect.standalone or (turn.user if alone else "")


@dataclass(frozen=True, slots=True)
class _Place:
    text: str
    span: Span


def right_links(
    query: Query, found: Sequence[Link], wanted: Sequence[str], names: Callable[[str], set[str]]
) -> tuple[Link, ...]:
    """Return one link or more to each wanted entity, sorted by their places.

    A missing entity takes the place of the link that has it as an alternative, else of one of its
    names, else of a link to something else; without any place its mention is empty.
    """
    right = [link for link in found if link.entity_id in wanted]
    others = [link for link in found if link.entity_id not in wanted]
    for entity_id in wanted:
        if any(link.entity_id == entity_id for link in right):
            continue
        known = [x for x in others if entity_id in {other for other, _ in x.alternatives}]
        place = _named(query.text, names(entity_id))
        if known or (place is None and others):
            taken = (known or others)[0]
            others.remove(taken)
            right.append(Link(taken.mention, entity_id, _CERTAIN))
        else:
            mention = Mention(place.text, place.span) if place else Mention("", (0, 0))
            right.append(Link(mention, entity_id, _CERTAIN))
    return tuple(sorted(right, key=lambda link: link.mention.span))


def _named(text: str, names: Iterable[str]) -> _Place | None:
    """Return where the longest of the names is in the text."""
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text
    for name in sorted(names, key=lambda name: (-len(name), name)):
        at = folded.find(name.casefold())
        if name and at >= 0:
            return _Place(text[at : at + len(name)], (at, at + len(name)))
    return None
