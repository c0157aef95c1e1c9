"""Run scripted dialogues through a pipeline, turn after turn, and keep what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from convrag.errors import ConvragError, ModelError
from convrag.evaluation.dialogues import ScriptedDialogue, ScriptedTurn
from convrag.events import Event, Failed, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.types import Answer, Dialogue, Evidence, Link, Query, Role, Turn

STAGES = ("rewrite", "link", "retrieve", "read", "first_token", "whole")
"""Names of the measured times: four stages by themselves, two from the question on."""


class Respondent(Protocol):
    """What answers: a `convrag.pipeline.Pipeline`, or anything with its two methods."""

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        """Yield the events of one turn."""
        ...

    def expand_curie(self, text: str) -> str:
        """Return the IRI that ``text`` abbreviates, or ``text``."""
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
    runs: list[TurnRun] = []
    for script in dialogues:
        dialogue = Dialogue(script.id)
        for number, scripted in enumerate(script.turns, start=1):
            turn = Turn(f"{script.id}-{number}", Role.USER, scripted.user, created=float(number))
            run, dialogue = _run_turn(respondent, script, number, dialogue, turn)
            runs.append(run)
            if on_turn is not None:
                on_turn(run)
    return tuple(runs)


def _run_turn(
    respondent: Respondent, script: ScriptedDialogue, number: int, dialogue: Dialogue, turn: Turn
) -> tuple[TurnRun, Dialogue]:
    query: Query | None = None
    links: tuple[Link, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    answer: Answer | None = None
    error: ConvragError | None = None
    seconds: dict[str, float] = {}
    start = time.perf_counter()
    try:
        for event in respondent.respond(dialogue, turn):
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
    )
    return run, dialogue
