"""What went wrong in words: the stage at fault and how it shows in the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from convrag.evaluation.attribution import STAGES, UNKNOWN
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.statistics.resampling import estimate

_ANY = ""
_WORDED = {
    ("language", _ANY): "the question's language was misjudged",
    ("rewrite", _ANY): "the follow-up was not completed as it was meant",
    ("link", "asked back"): "it was asked back what is meant, though it is clear",
    ("link", "not asked back"): "it was not asked back what is meant, though it is open",
    ("link", _ANY): "another entity, or none, was taken for the one that was meant",
    ("retrieve", _ANY): "the {evidence} that answers was not among the first pieces",
    ("read", "abstained"): "the {evidence} that answers was found and was doubted",
    ("read", "not abstained"): "something was taken for an answer though nothing answers",
    ("read", _ANY): "something else was chosen than the {evidence} that answers",
    ("generate", "wrong language"): "the answer is worded in another language",
    ("generate", _ANY): "the right evidence was worded without what was asked for",
    (UNKNOWN, _ANY): "the script or set says too little to tell",
}


@dataclass(frozen=True, slots=True)
class StageShare:
    """How many failed turns a stage owns."""

    stage: str
    count: int
    share: float
    """Of all failed turns that were attributed."""
    low: float
    """95 % interval of ``share``, like ``high``."""
    high: float


def cause(turn: ScoredTurn) -> str:
    """Return why the turn's answer is not as expected; empty when no stage was found at fault."""
    stage = turn.trace.stage
    if not stage:
        return ""
    kind = turn.trace.kinds[0] if turn.trace.kinds else _ANY
    if stage == "rewrite" and turn.kind == "stands alone":
        return "rewrite: a question that stands alone was changed"
    worded = _WORDED.get((stage, kind)) or _WORDED[stage, _ANY]
    return f"{stage}: {worded.format(evidence=_evidence(turn))}"


def _evidence(turn: ScoredTurn) -> str:
    """Return what kind of evidence the turn needs."""
    facts = {name.startswith("<") for name in turn.trace.relevant}
    return {frozenset({True}): "fact", frozenset({False}): "passage"}.get(
        frozenset(facts), "evidence"
    )


def most_frequent(turns: Iterable[ScoredTurn], count: int = 5) -> tuple[tuple[str, int], ...]:
    """Return the most frequent causes with how many turns have them, most frequent first."""
    found = Counter(filter(None, map(cause, turns)))
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:count])


def stage_shares(turns: Sequence[ScoredTurn], *, seed: int) -> tuple[StageShare, ...]:
    """Return every stage with the failed turns it owns, in the order in which stages run."""
    failed = [turn for turn in turns if turn.trace.stage]
    found = Counter(turn.trace.stage for turn in failed)
    shares = []
    for stage in [*STAGES, *([UNKNOWN] if found[UNKNOWN] else [])]:
        parts = [(t.dialogue, float(t.trace.stage == stage), 1.0) for t in failed]
        share = estimate(parts, seed=seed)
        shares.append(StageShare(stage, found[stage], share.value, share.low, share.high))
    return tuple(shares)
