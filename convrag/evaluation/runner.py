"""Run scripted dialogues through a pipeline, turn after turn, and keep what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from convrag.errors import ConvragError, ModelError
from convrag.evaluation.dialogues import Condition, ScriptedDialogue, ScriptedTurn
from convrag.evaluation.matching import plain_answer, words_match
from convrag.events import Event, Failed, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.types import Answer, Dialogue, Evidence, Link, Query, Reading, Role, Turn

STAGES = ("rewrite", "link", "retrieve", "read", "first_token", "whole")
"""Names of the measured times: four stages by themselves, two from the question on."""


_NOTHING = Turn("", Role.USER, "")
_EMPTY = Dialogue("")


class Respondent(Protocol):
    """What answers: a `convrag.pipeline.Pipeline`, or anything with these methods."""

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        """Yield the events of one turn."""
        ...

    def expand_curie(self, text: str) -> str:
        """Return the IRI that ``text`` abbreviates, or ``text``."""
        ...

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        """Return what a piece of evidence says, in a language where it is a fact."""
        ...

    def close(self) -> None:
        """Give free what was opened."""
        ...


@dataclass(frozen=True, slots=True)
class TurnRun:
    """One scripted turn and what the pipeline made of it. Times are seconds, by :data:`STAGES`."""

    dialogue: ScriptedDialogue
    number: int
    """Counts from 1."""
    turn: ScriptedTurn
    query: Query | None
    links: tuple[Link, ...]
    evidence: tuple[Evidence, ...]
    """What retrieval found, best first."""
    answer: Answer | None
    error: ConvragError | None
    seconds: Mapping[str, float]
    asked: Turn = _NOTHING
    """The turn as it was asked."""
    before: Dialogue = _EMPTY
    """The dialogue as it was then."""
    reading: Reading | None = None


def run_dialogues(
    respondent: Respondent,
    dialogues: Sequence[ScriptedDialogue],
    *,
    on_turn: Callable[[TurnRun], None] | None = None,
) -> tuple[TurnRun, ...]:
    """Return the runs of all turns in order; each dialogue starts anew.

    A turn that fails is kept with its error, and the dialogue goes on as if it had not been asked.
    The language of a turn is not told: finding it is part of the task.

    Args:
        respondent: The pipeline.
        dialogues: Run in this order.
        on_turn: Called after every turn, for progress.
    """
    return tuple(
        run for script in dialogues for run in run_dialogue(respondent, script, on_turn=on_turn)
    )


def run_dialogue(
    respondent: Respondent,
    script: ScriptedDialogue,
    *,
    on_turn: Callable[[TurnRun], None] | None = None,
) -> tuple[TurnRun, ...]:
    """Return the runs of the turns of one dialogue, as :func:`run_dialogues` does."""
    runs: list[TurnRun] = []
    dialogue = Dialogue(script.id)
    taken: dict[int, int] = {}
    for number, scripted in enumerate(script.turns, start=1):
        if not _reached(script, scripted, runs[-1] if runs else None, taken):
            continue
        turn = Turn(f"{script.id}-{number}", Role.USER, scripted.user, created=float(number))
        events = partial(respondent.respond, dialogue, turn)
        run, dialogue = follow(events, script, number, dialogue, turn)
        runs.append(run)
        if on_turn is not None:
            on_turn(run)
    return tuple(runs)


def _reached(
    script: ScriptedDialogue, turn: ScriptedTurn, last: TurnRun | None, taken: dict[int, int]
) -> bool:
    """Return whether the dialogue comes to the turn, after noting the way at forks before it."""
    for fork, way in turn.way:
        if fork not in taken:
            ways = enumerate(script.forks[fork])
            taken[fork] = next((at for at, condition in ways if holds(condition, last)), -1)
        if taken[fork] != way:
            return False
    return True


def holds(condition: Condition, last: TurnRun | None) -> bool:
    """Return whether the last answer is as the condition says; a failed turn's text is empty."""
    answer = last.answer if last else None
    status = answer.status.value if answer else "failed"
    if condition.status and condition.status != status:
        return False
    return not words_match(plain_answer(answer.text) if answer else "", condition.words)


def follow(
    respond: Callable[[], Iterator[Event]],
    script: ScriptedDialogue,
    number: int,
    dialogue: Dialogue,
    turn: Turn,
) -> tuple[TurnRun, Dialogue]:
    """Return what came of one turn, and the dialogue after it.

    Args:
        respond: Answers the turn.
        script: Where the turn is from.
        number: The turn's number there, from 1.
        dialogue: The turns before.
        turn: The turn as it is asked.
    """
    before = dialogue
    reading: Reading | None = None
    query: Query | None = None
    links: tuple[Link, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    answer: Answer | None = None
    error: ConvragError | None = None
    seconds: dict[str, float] = {}
    start = time.perf_counter()
    try:
        for event in respond():
            match event:
                case Rewritten():
                    query = event.query
                    seconds["rewrite"] = event.seconds
                case Linked():
                    links = event.links
                    seconds["link"] = event.seconds
                case Retrieved():
                    evidence = event.evidence
                    seconds["retrieve"] = event.seconds
                case Read():
                    reading = event.reading
                    seconds["read"] = event.seconds
                case TextChunk():
                    seconds.setdefault("first_token", time.perf_counter() - start)
                case Finished():
                    answer, dialogue = event.answer, event.dialogue
                case Failed():
                    error = event.error
    except ConvragError as raised:
        error = raised
    seconds["whole"] = time.perf_counter() - start
    if answer is None and error is None:
        error = ModelError("the answer ended before it was finished")
    if answer is not None:
        query, links, evidence = (
            answer.query,
            links or answer.query.links,
            evidence or answer.evidence,
        )
    run = TurnRun(
        dialogue=script,
        number=number,
        turn=script.turns[number - 1],
        query=query,
        links=links,
        evidence=tuple(sorted(evidence, key=lambda item: item.rank)),
        answer=answer,
        error=error,
        seconds=seconds,
        asked=turn,
        before=before,
        reading=reading,
    )
    return run, dialogue
