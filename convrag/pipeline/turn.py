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
from convrag.text.sanitize import plain
from convrag.types import (
    Answer,
    Clarification,
    Dialogue,
    Evidence,
    Filter,
    Mode,
    Query,
    Reading,
    Status,
    Turn,
)
from convrag.wire import filter_words

if TYPE_CHECKING:
    from convrag.pipeline.stages import Pipeline

ANSWERABLE = 0.22
"""Below this answerability the answer is that nothing was found.

On the packs' development questions .22 and .25 make equally many mistakes; .22 abstains less."""
_WITHOUT_SEARCH = frozenset({"empty", "outside", "preference"})
"""Acts that a fixed sentence answers."""
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
        self._pending: Clarification | None = None
        self._timings: dict[str, float] = {}
        self._began = time.perf_counter()

    def events(self) -> Iterator[Event]:
        query = self._timed("rewrite", lambda: self._pipeline.rewrite(self._turn, self._dialogue))
        query = replace(query, filter=self._filter)
        yield Rewritten(query, self._timings["rewrite"])
        if query.act in _WITHOUT_SEARCH or query.act.startswith("smalltalk:"):
            yield from self._fixed(query, query.act.split(":")[-1], Status.COMPLETE, ())
            return
        links = self._timed("link", lambda: self._pipeline.link(query, self._dialogue))
        query = replace(query, links=links)
        yield Linked(links, self._timings["link"])
        self._pending = self._pipeline.open_name(query, self._dialogue)
        if self._pending is not None and self._pending.asked:
            yield from self._asked_back(query, self._pending)
            return
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
        said = replace(query, language=query.reply_language or query.language)
        for piece in self._pipeline.write(said, evidence, reading, self._cancel):
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
        language = query.reply_language or query.language
        text = phrase(kind, language).replace("{filter}", filter_words(query.filter))
        self._first_word()
        yield TextChunk(text)
        yield self._finished(query, evidence, Draft(text, (), Mode.NONE), status)

    def _asked_back(self, query: Query, pending: Clarification) -> Iterator[Event]:
        """Ask which thing is meant, with the choices by number."""
        lines = [phrase("clarify", query.language).replace("{name}", plain(pending.mention.text))]
        lines += [f"{n}. {plain(c.label)}" for n, c in enumerate(pending.choices, start=1)]
        text = "\n".join([lines[0], "", *lines[1:]])
        self._first_word()
        yield TextChunk(text)
        yield self._finished(query, (), Draft(text, (), Mode.NONE), Status.CLARIFYING)

    def _finished(
        self, query: Query, evidence: tuple[Evidence, ...], draft: Draft, status: Status
    ) -> Finished:
        self._timings["whole"] = time.perf_counter() - self._began
        answer = Answer(
            draft.text,
            query.reply_language or query.language,
            draft.citations,
            evidence,
            query,
            status,
            draft.mode,
            dict(self._timings),
            self._pending.choices if self._pending and status is Status.CLARIFYING else (),
        )
        dialogue = self._pipeline.next_dialogue(
            self._dialogue, self._turn, answer, evidence, self._pending
        )
        return Finished(answer, dialogue)

    def _first_word(self) -> None:
        self._timings.setdefault("first_word", time.perf_counter() - self._began)

    def _timed(self, stage: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = work()
        self._timings[stage] = time.perf_counter() - began
        return result
