"""Which stage a wrong turn goes back to: it is asked again with one right input more each time.

The stages are put right in the order in which they run. The first one with which the turn comes
right is at fault: all before it may be right or wrong, they do not matter for this turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from convrag.evaluation.gold import GoldStages, Steps, right_rewrite
from convrag.evaluation.runner import TurnRun, follow
from convrag.types import Status

STAGES = ("language", "rewrite", "link", "retrieve", "read", "generate")
"""The stages that a turn can fail in, in the order in which they run."""
UNKNOWN = "unknown"
"""Of a turn whose script says too little to put any stage right."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """The stage at fault, and what was tried to find it."""

    stage: str
    """One of :data:`STAGES`, or :data:`UNKNOWN`."""
    tried: Mapping[str, bool] = field(default_factory=dict)
    """By stage: whether the turn came right with this stage and all before it put right."""


class Score(Protocol):
    """What is known of how a turn went, of a scripted dialogue or of a data set."""

    @property
    def run(self) -> TurnRun: ...

    @property
    def wrong(self) -> bool: ...

    @property
    def found_all(self) -> bool | None:
        """Whether the evidence that is needed was found; None when the turn names none."""
        ...

    @property
    def clarified(self) -> bool: ...

    @property
    def should_clarify(self) -> bool | None: ...


def attribute(
    score: Score, pipeline: Steps, scored: Callable[[TurnRun], Score]
) -> Attribution | None:
    """Return the stage at which a turn went wrong; None when its answer is as expected.

    Args:
        score: How it went.
        pipeline: What answered.
        scored: Scores the turn when it was asked again, by the same measure.
    """
    if not score.wrong:
        return None
    run = score.run
    tried: dict[str, bool] = {}
    right: list[str] = []
    for stage in STAGES[:-1]:
        if not _differs(stage, score):
            continue
        right.append(stage)
        again = GoldStages(pipeline, run.turn, right)
        respond = partial(again.respond, run.before, run.asked)
        rerun, _ = follow(respond, run.dialogue, run.number, run.before, run.asked)
        tried[stage] = not scored(rerun).wrong
        if tried[stage]:
            return Attribution(stage, tried)
    return Attribution(_last(score, tried), tried)


def _differs(stage: str, score: Score) -> bool:
    """Return whether the right input of a stage is known and is not the one it had."""
    run, expect = score.run, score.run.turn.expect
    match stage:
        case "language":
            return run.query is not None and run.query.language != expect.language
        case "rewrite":
            text = run.query.text if run.query else ""
            gold = right_rewrite(run.turn)
            return bool(gold) and text != gold
        case "link":
            return bool(expect.entities) or score.clarified
        case "retrieve":
            return score.found_all is False
        case _:
            return expect.abstain or bool(expect.evidence)


def _last(score: Score, tried: Mapping[str, bool]) -> str:
    """Return the stage of a turn that stays wrong whatever is put right before it."""
    if score.should_clarify:
        return "link"  # which of its namesakes a name means was not seen to be open
    if "read" in tried:
        return STAGES[-1]
    answer = score.run.answer
    if answer is None or answer.status is Status.FAILED:
        return UNKNOWN
    return STAGES[-1] if score.run.turn.expect.wants_answer else UNKNOWN
