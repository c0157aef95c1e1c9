"""Dialogues asked one after another, or by several processes, turn by turn scored and recorded."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from convrag.dependencies import require
from convrag.errors import ModelError
from convrag.evaluation.attribution import attribute
from convrag.evaluation.datasets.asking import SetConversation, ask_conversation
from convrag.evaluation.dialogues import ScriptedDialogue
from convrag.evaluation.gold import Steps
from convrag.evaluation.opening import Opened, Opening
from convrag.evaluation.recording import record
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.runner import Respondent, run_dialogue
from convrag.evaluation.scoring import score_turn
from convrag.evaluation.wording_measures import wording_measures

if TYPE_CHECKING:
    from collections.abc import Callable

Item = ScriptedDialogue | SetConversation
"""A dialogue that is asked; goes to other processes."""
Asked = tuple[str, tuple[ScoredTurn, ...]]
"""A dialogue's id and its scored turns."""
RAY = "ray"
"""Asks for as many Ray workers as the cluster has cores."""
_AHEAD = 3
"""Dialogues given out for each process: one is asked, the others wait."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked, read as it is asked for."""

    items: Iterable[Item]
    count: int
    """How many items there are."""
    sources: tuple[str, ...]
    """Names of the packs that they are asked of; an empty one for the index."""


def scripted(opening: Opening, dialogues: Sequence[ScriptedDialogue]) -> Work:
    """Return scripted dialogues as what is asked."""
    sources = sorted({opening.source(dialogue.pack) for dialogue in dialogues})
    return Work(dialogues, len(dialogues), tuple(sources))


def ask(
    opening: Opening,
    work: Work,
    *,
    workers: str = "1",
    progress: Callable[[str, float], None] | None = None,
    on_open: Callable[[Respondent], None] | None = None,
) -> Iterator[Asked]:
    """Yield each dialogue's scored turns when it is done, in no order with several workers.

    Args:
        opening: Opens what answers.
        work: What is asked.
        workers: A number of processes, or :data:`RAY`.
        progress: Told what is being opened.
        on_open: Told what was opened.

    Raises:
        ConvragError: What answers cannot be opened, or a process was ended from outside.
        MissingDependencyError: Ray is asked for and not installed.
    """
    opened = Opened(opening, progress, on_open)
    if workers != RAY and (int(workers) == 1 or work.count < 2):
        yield from _here(opened, work.items)
        return
    with closing(opened):  # once here: no two processes make a pack's index at the same time
        for source in work.sources:
            opened.of(source)
    if workers == RAY:
        yield from _by_ray(opening, work)
    else:
        yield from _by_processes(opening, work, int(workers))


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
    scored = partial(score_turn, expand=respondent.expand_curie)
    for run in run_dialogue(respondent, dialogue):
        score = scored(run)
        blamed = None
        if attributed and isinstance(respondent, Steps):
            blamed = attribute(score, respondent, scored)
        turns.append(
            record(
                score,
                blamed,
                wording=wording_measures(run, respondent),
                expand=respondent.expand_curie,
                worded=lambda e, language: respondent.evidence_text(e, language=language),
            )
        )
    return tuple(turns)


def _here(opened: Opened, items: Iterable[Item]) -> Iterator[Asked]:
    with closing(opened):
        for item in items:
            yield _asked(opened, item)


def _asked(opened: Opened, item: Item) -> Asked:
    attributed = opened.opening.attributed
    if isinstance(item, SetConversation):
        respondent = opened.of(opened.opening.source())
        return item.id, ask_conversation(respondent, item, attributed=attributed)
    respondent = opened.of(opened.opening.source(item.pack))
    return item.id, ask_dialogue(respondent, item, attributed=attributed)


class _Worker:
    """Keeps open what one process asks."""

    def __init__(self, opening: Opening) -> None:
        self._opened = Opened(opening)

    def ask(self, item: Item) -> Asked:
        return _asked(self._opened, item)


_worker: _Worker | None = None


def _start(opening: Opening) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the one that writes, which ends us
    _worker = _Worker(opening)


def _ask(item: Item) -> Asked:
    assert _worker is not None  # noqa: S101 - the pool has called _start
    return _worker.ask(item)


def _by_processes(opening: Opening, work: Work, workers: int) -> Iterator[Asked]:
    count = min(workers, work.count)
    pool = ProcessPoolExecutor(count, get_context("spawn"), _start, (opening,))
    items = iter(work.items)
    waiting: set[Future[Asked]] = set()
    try:
        while True:  # a few wait in line: the rest of a set stays in its file
            waiting |= {
                pool.submit(_ask, item) for item in islice(items, _AHEAD * count - len(waiting))
            }
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        raise ModelError(
            "a process that asks was ended from outside",
            "each holds the models: ask for fewer with --workers, and go on with --resume",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _by_ray(opening: Opening, work: Work) -> Iterator[Asked]:
    ray: Any = require("ray", extra="ray")
    started = not ray.is_initialized()
    if started:
        ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        actor = ray.remote(_Worker)
        pool = require("ray.util", extra="ray").ActorPool(
            [actor.remote(opening) for _ in range(min(cores, work.count))]
        )
        for item in work.items:
            if not pool.has_free():
                yield pool.get_next_unordered()
            pool.submit(lambda worker, given: worker.ask.remote(given), item)
        while pool.has_next():
            yield pool.get_next_unordered()
    finally:
        if started:
            ray.shutdown()
