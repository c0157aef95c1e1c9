"""One turn: its stages in order, each with its time, as events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from convrag.events import Event, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.generation.phrases import phrase
from convrag.generation.writing import Draft
from convrag.protocols import CancelToken
from convrag.retrieval.evidence_score import relevance
from convrag.types import Answer, Dialogue, Evidence, Filter, Mode, Query, Reading, Status, Turn
from convrag.wire import filter_words

if TYPE_CHECKING:
    from convrag.pipeline.stages import Pipeline

ANSWERABLE = 0.22
"""Below this answerability the answer is that nothing was found.

On the packs' development questions .22 and .25 make equally many mistakes; .22 abstains less."""
ANYTHING = Filter()
"""Lets everything be found."""
T = TypeVar("T")


class Run:
    """One turn in the making."""

    def __init__(
        self,
        pipeline: Pipeline,
        dialogue: Dialogue,
        turn: Turn,
        filter: Filter,
        cancel: CancelToken,
    ) -> None:
        self._pipeline = pipeline
        self._dialogue = dialogue
        self._turn = turn
        self._filter = filter
        self._cancel = cancel
        self._timings: dict[str, float] = {}
        self._began = time.perf_counter()

    def events(self) -> Iterator[Event]:
        query = self._timed("rewrite", lambda: self._pipeline.rewrite(self._turn, self._dialogue))
        query = replace(query, filter=self._filter)
        yield Rewritten(query, self._timings["rewrite"])
        if query.act == "empty" or query.act.startswith("smalltalk:"):
            yield from self._fixed(query, query.act.split(":")[-1], Status.COMPLETE, ())
            return
        links = self._timed("link", lambda: self._pipeline.link(query, self._dialogue))
        query = replace(query, links=links)
        yield Linked(links, self._timings["link"])
        evidence = self._timed("retrieve", lambda: self._pipeline.retrieve(self._at(query)))
        yield Retrieved(evidence, self._timings["retrieve"], relevance(evidence))
        reading = self._timed("read", lambda: self._pipeline.read(query, evidence))
        yield Read(reading, self._timings["read"])
        if self._cancel.cancelled:
            yield self._finished(query, evidence, Draft("", (), Mode.NONE), Status.STOPPED)
        elif not reading.spans or reading.answerability < ANSWERABLE:
            yield from self._abstained(query, evidence)
        else:
            yield from self._answer(query, evidence, reading)

    def _at(self, query: Query) -> Query:
        """Return the query with what the dialogue was about and what was said in it."""
        said = tuple(turn.text for turn in self._dialogue.turns)
        return replace(query, focus=self._dialogue.state.focus, before=said)

    def _answer(
        self, query: Query, evidence: tuple[Evidence, ...], reading: Reading
    ) -> Iterator[Event]:
        draft = Draft("", (), Mode.NONE)
        written: list[str] = []
        for piece in self._pipeline.write(query, evidence, reading, self._cancel):
            if isinstance(piece, Draft):
                draft = piece
                break
            if self._cancel.cancelled:
                break
            self._first_word()
            written.append(piece)
            yield TextChunk(piece)
        if self._cancel.cancelled:
            partial = Draft("".join(written).rstrip(), draft.citations, draft.mode)
            yield self._finished(query, evidence, partial, Status.STOPPED)
        elif not draft.text:
            yield from self._abstained(query, evidence)
        else:
            yield self._finished(query, evidence, draft, Status.COMPLETE)

    def _abstained(self, query: Query, evidence: tuple[Evidence, ...]) -> Iterator[Event]:
        kind = "abstain" if query.filter == ANYTHING else "abstain-filtered"
        yield from self._fixed(query, kind, Status.ABSTAINED, evidence)

    def _fixed(
        self, query: Query, kind: str, status: Status, evidence: tuple[Evidence, ...]
    ) -> Iterator[Event]:
        text = phrase(kind, query.language).replace("{filter}", filter_words(query.filter))
        self._first_word()
        yield TextChunk(text)
        yield self._finished(query, evidence, Draft(text, (), Mode.NONE), status)

    def _finished(
        self, query: Query, evidence: tuple[Evidence, ...], draft: Draft, status: Status
    ) -> Finished:
        self._timings["whole"] = time.perf_counter() - self._began
        answer = Answer(
            draft.text,
            query.language,
            draft.citations,
            evidence,
            query,
            status,
            draft.mode,
            dict(self._timings),
        )
        dialogue = self._pipeline.next_dialogue(self._dialogue, self._turn, answer, evidence)
        return Finished(answer, dialogue)

    def _first_word(self) -> None:
        self._timings.setdefault("first_word", time.perf_counter() - self._began)

    def _timed(self, stage: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = work()
        self._timings[stage] = time.perf_counter() - began
        return result
