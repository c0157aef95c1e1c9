"""Dialogues asked one after another, or by several processes, turn by turn scored and recorded."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from convrag.dependencies import require
from convrag.evaluation.attribution import attribute
from convrag.evaluation.dialogues import ScriptedDialogue
from convrag.evaluation.gold import Steps
from convrag.evaluation.opening import Opened, Opening
from convrag.evaluation.recording import record
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.runner import Respondent, run_dialogue
from convrag.evaluation.scoring import score_turn

if TYPE_CHECKING:
    from collections.abc import Callable

Asked = tuple[str, tuple[ScoredTurn, ...]]
"""A dialogue's id and its scored turns."""
RAY = "ray"
"""Asks for as many Ray workers as the cluster has cores."""


def ask(
    opening: Opening,
    dialogues: Sequence[ScriptedDialogue],
    *,
    workers: str = "1",
    progress: Callable[[str, float], None] | None = None,
    on_open: Callable[[Respondent], None] | None = None,
) -> Iterator[Asked]:
    """Yield each dialogue's scored turns when it is done, in no order with several workers.

    Args:
        opening: Opens what answers.
        dialogues: What is asked.
        workers: A number of processes, or :data:`RAY`.
        progress: Told what is being opened.
        on_open: Told what was opened.

    Raises:
        ConvragError: What answers cannot be opened.
        MissingDependencyError: Ray is asked for and not installed.
    """
    opened = Opened(opening, progress, on_open)
    if workers != RAY and (int(workers) == 1 or len(dialogues) < 2):
        yield from _here(opened, dialogues)
        return
    with closing(opened):  # once here: no two processes make a pack's index at the same time
        for dialogue in dialogues:
            opened.of(dialogue)
    if workers == RAY:
        yield from _by_ray(opening, dialogues)
    else:
        yield from _by_processes(opening, dialogues, int(workers))


def ask_dialogue(
    respondent: Respondent, dialogue: ScriptedDialogue, *, attributed: bool
) -> tuple[ScoredTurn, ...]:
    """Return the scored turns of one dialogue, each failed one with its stage at fault.

    Args:
        respondent: What answers.
        dialogue: What is asked.
        attributed: Whether the stage at fault is looked for, where the respondent has stages.
    """
    turns: list[ScoredTurn] = []
    for run in run_dialogue(respondent, dialogue):
        score = score_turn(run, respondent.expand_curie)
        blamed = None
        if attributed and isinstance(respondent, Steps):
            blamed = attribute(score, respondent)
        turns.append(
            record(
                score,
                blamed,
                expand=respondent.expand_curie,
                worded=lambda e, language: respondent.evidence_text(e, language=language),
            )
        )
    return tuple(turns)


def _here(opened: Opened, dialogues: Sequence[ScriptedDialogue]) -> Iterator[Asked]:
    with closing(opened):
        for dialogue in dialogues:
            yield _asked(opened, dialogue)


def _asked(opened: Opened, dialogue: ScriptedDialogue) -> Asked:
    attributed = opened.opening.attributed
    return dialogue.id, ask_dialogue(opened.of(dialogue), dialogue, attributed=attributed)


class _Worker:
    """Keeps open what one process asks."""

    def __init__(self, opening: Opening) -> None:
        self._opened = Opened(opening)

    def ask(self, dialogue: ScriptedDialogue) -> Asked:
        return _asked(self._opened, dialogue)


_worker: _Worker | None = None


def _start(opening: Opening) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the one that writes, which ends us
    _worker = _Worker(opening)


def _ask(dialogue: ScriptedDialogue) -> Asked:
    assert _worker is not None  # noqa: S101 - the pool has called _start
    return _worker.ask(dialogue)


def _by_processes(
    opening: Opening, dialogues: Sequence[ScriptedDialogue], workers: int
) -> Iterator[Asked]:
    pool = ProcessPoolExecutor(
        min(workers, len(dialogues)), get_context("spawn"), _start, (opening,)
    )
    try:
        for future in as_completed([pool.submit(_ask, dialogue) for dialogue in dialogues]):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _by_ray(opening: Opening, dialogues: Sequence[ScriptedDialogue]) -> Iterator[Asked]:
    ray: Any = require("ray", extra="ray")
    started = not ray.is_initialized()
    if started:
        ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        actor = ray.remote(_Worker)
        pool = require("ray.util", extra="ray").ActorPool(
            [actor.remote(opening) for _ in range(min(cores, len(dialogues)))]
        )
        yield from pool.map_unordered(lambda worker, d: worker.ask.remote(d), list(dialogues))
    finally:
        if started:
            ray.shutdown()
