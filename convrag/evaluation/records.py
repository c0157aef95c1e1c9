"""One asked turn with everything measured of it: what tables, kept runs and comparisons read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from convrag.errors import UsageError


@dataclass(frozen=True, slots=True)
class Trace:
    """What was asked, what was wanted, and what came; empty where there is nothing to say.

    ``evidence`` and ``relevant`` name the same things (passages, documents or triples), so that one
    is looked up in the other; evidence is best first, relevant ones come with their grade.
    """

    question: str
    rewritten: str = ""
    answer: str = ""
    status: str = ""
    """A :class:`~convrag.types.Status`."""
    mode: str = ""
    """A :class:`~convrag.types.Mode`."""
    evidence: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    """Entities the question was linked to."""
    wanted_answers: tuple[str, ...] = ()
    wanted_rewrite: str = ""
    wanted_links: tuple[str, ...] = ()
    relevant: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Times by :data:`convrag.evaluation.runner.STAGES`."""
    problems: tuple[str, ...] = ()
    """What was not as expected, one remark each."""
    kinds: tuple[str, ...] = ()
    """Kinds of those problems, such as ``wrong answer``, to count and to filter by."""
    stage: str = ""
    """Of a turn that went wrong, the stage at fault; see `convrag.evaluation.attribution`."""
    tried: Mapping[str, bool] = field(default_factory=dict)
    """Whether the turn came right with the right input given to a stage and to all before it."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """What the first pieces of evidence say, by what ``evidence`` calls them."""


@dataclass(frozen=True, slots=True)
class ScoredTurn:
    """One turn and its metrics.

    ``id`` is the same in every run over the same set, so that runs are compared turn by turn.
    ``dialogue`` names the turns that stand or fall together: intervals draw whole dialogues.
    """

    id: str
    dialogue: str
    number: int
    """Place in the dialogue, from 1."""
    language: str
    kind: str
    """Kind of question, as the set calls it; empty when it does not."""
    metrics: Mapping[str, float]
    """Only those that the turn asks for."""
    trace: Trace
    weights: Mapping[str, float] = field(default_factory=dict)
    """What a metric of this turn counts in the mean over turns, where that is not 1."""

    def weight(self, metric: str) -> float:
        """Return what this turn counts in the mean of a metric; 0 when it does not ask for it."""
        return self.weights.get(metric, 1.0) if metric in self.metrics else 0.0


def to_json(turn: ScoredTurn) -> dict[str, Any]:
    """Return the turn as plain JSON values, for :func:`from_json`."""
    return asdict(turn)


def from_json(data: Mapping[str, Any]) -> ScoredTurn:
    """Return the turn that :func:`to_json` gave.

    Raises:
        UsageError: A field is missing or unknown.
    """
    try:
        trace: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in dict(data["trace"]).items()
        }
        return ScoredTurn(**{**data, "trace": Trace(**trace)})
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"this is no scored turn: {error}", "read it with the version that wrote it"
        ) from error
