"""Whether every turn of a scripted dialogue went as expected, and how far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from convrag.evaluation.dialogues import ItemNeed, Need, TripleNeed
from convrag.evaluation.languages import detect, detected_right, own_words, script_right
from convrag.evaluation.matching import number_matches, numbers, plain_answer, words_match
from convrag.evaluation.runner import TurnRun
from convrag.text.normalize import match_key
from convrag.types import Answer, Evidence, Literal, Passage, Status

DEPTH = 5
"""Required evidence must be among so many first pieces."""

Expand = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class TurnScore:
    """How one turn went; None where the turn does not ask for that."""

    run: TurnRun
    evidence_recall: float | None
    """Share of the required items among the first :data:`DEPTH` pieces of evidence."""
    answer_right: bool | None
    language_declared: bool | None
    """Whether the answer says it is in the asker's language."""
    language_detected: bool | None
    """Whether a detector agrees, from the words outside quotations."""
    language_script: bool | None
    should_abstain: bool | None
    abstained: bool
    entity_recall: float | None
    rewrite_recovered: bool | None
    problems: tuple[str, ...]
    """What was expected and what came, one remark each; empty when the turn is as expected."""
    should_clarify: bool | None = None
    clarified: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """What kinds of things are not as expected, those of the answer first."""
        found = {
            "failed": self.run.error is not None,
            "wrong answer": self.answer_right is False
            and not (self.abstained or self.clarified or self.run.error),
            "abstained": self.abstained and self.should_abstain is False,
            "not abstained": not self.abstained and self.should_abstain is True,
            "asked back": self.clarified and not self.should_clarify,
            "not asked back": not self.clarified and self.should_clarify is True,
            "wrong language": False
            in (self.language_declared, self.language_detected, self.language_script),
            "evidence missing": self.evidence_recall is not None and self.evidence_recall < 1,
            "entity missing": self.entity_recall is not None and self.entity_recall < 1,
            "wrong rewrite": self.rewrite_recovered is False,
        }
        return tuple(kind for kind, holds in found.items() if holds)

    @property
    def found_all(self) -> bool | None:
        """Whether all required evidence was found; None when none is required."""
        return None if self.evidence_recall is None else self.evidence_recall == 1

    @property
    def wrong(self) -> bool:
        """Whether the answer itself is not as expected, whatever happened on the way to it."""
        return any(kind not in ON_THE_WAY for kind in self.kinds)


ON_THE_WAY = ("evidence missing", "entity missing", "wrong rewrite")
"""Kinds of problems that need not show in the answer."""


def score_turn(run: TurnRun, expand: Expand) -> TurnScore:
    """Return the score of one turn.

    Args:
        run: The turn and what came.
        expand: Turns a CURIE into an IRI.
    """
    problems: list[str] = []
    if run.error is not None:
        problems.append(f"failed: {run.error}")
    expect, answer = run.turn.expect, run.answer
    abstained = answer is not None and answer.status is Status.ABSTAINED
    clarified = answer is not None and answer.status is Status.CLARIFYING
    asked = expect.wants_answer or expect.abstain
    declared, detected, script = _score_language(answer, expect.language, problems)
    if clarified and not expect.clarify:
        problems.append("asked back, though the question is clear")
    elif expect.clarify and not clarified:
        problems.append("should have asked which one is meant")
    return TurnScore(
        run=run,
        evidence_recall=_score_evidence(run, expand, problems),
        answer_right=_score_answer(run, abstained, problems) if expect.wants_answer else None,
        language_declared=declared,
        language_detected=detected,
        language_script=script,
        should_abstain=_score_abstention(run, abstained, problems) if asked else None,
        abstained=abstained,
        entity_recall=_score_entities(run, expand, problems),
        rewrite_recovered=_score_rewrite(run, problems),
        problems=tuple(problems),
        should_clarify=expect.clarify if asked or expect.clarify else None,
        clarified=clarified,
    )


def satisfies(evidence: Evidence, need: Need, expand: Expand) -> bool:
    """Return whether a piece of evidence is what ``need`` asks for."""
    item = evidence.item
    if isinstance(need, ItemNeed):
        return item_id(evidence) == need.id
    if isinstance(need, TripleNeed):
        if isinstance(item, Passage):
            return False
        subject, predicate = expand(need.subject), expand(need.predicate)
        return (item.subject, item.predicate) == (subject, predicate) and _same_object(
            item.object, need.object, expand
        )
    if not isinstance(item, Passage):
        return False
    source, wanted = item.source.replace("\\", "/"), need.source.replace("\\", "/").lstrip("/")
    at_end = source == wanted or source.endswith("/" + wanted)
    return at_end and match_key(need.contains) in match_key(item.text)


def item_id(evidence: Evidence) -> str:
    """Return the id of the document that a passage is from, or of a triple."""
    item = evidence.item
    return item.document_id or item.id if isinstance(item, Passage) else item.id


def _same_object(found: str | Literal, wanted: str, expand: Expand) -> bool:
    if isinstance(found, str):
        return found == expand(wanted)
    if wanted.startswith('"') and '"' in wanted[1:]:
        wanted = wanted[1 : wanted.rindex('"')]
    if match_key(found.value) == match_key(wanted):
        return True
    try:
        return float(found.value) == float(wanted)
    except ValueError:
        return False


def _score_evidence(run: TurnRun, expand: Expand, problems: list[str]) -> float | None:
    required = run.turn.expect.evidence
    if not required:
        return None
    first = run.evidence[:DEPTH]
    missing = [
        alternatives
        for alternatives in required
        if not any(satisfies(item, need, expand) for item in first for need in alternatives)
    ]
    for alternatives in missing:
        problems.append(
            f"evidence not among the first {DEPTH}: {' or '.join(map(str, alternatives))}"
        )
    return 1 - len(missing) / len(required)


def _score_answer(run: TurnRun, abstained: bool, problems: list[str]) -> bool:
    answer, expect = run.answer, run.turn.expect
    if answer is None or abstained:
        return False
    text = plain_answer(answer.text)
    wrong = list(words_match(text, expect.answer)) if expect.answer else []
    if expect.number and not number_matches(text, expect.number):
        stated = ", ".join(f"{value:g}" for value in numbers(text)) or "none"
        wrong.append(f"number {expect.number.value:g} expected, stated: {stated}")
    problems.extend(f"answer {remark}" for remark in wrong)
    return not wrong and answer.status is not Status.FAILED


def _score_language(
    answer: Answer | None, language: str, problems: list[str]
) -> tuple[bool | None, bool | None, bool | None]:
    if answer is None or answer.status is Status.FAILED:
        return None, None, None
    declared = answer.language == language
    if not declared:
        problems.append(f"language '{language}' expected, declared '{answer.language}'")
    words = own_words(answer.text)
    detected, script = detected_right(words, language), script_right(words, language)
    if detected is False:
        problems.append(f"the words look like language '{detect(words)[0][0]}', not '{language}'")
    if script is False:
        problems.append(f"the words are not in the script of language '{language}'")
    return declared, detected, script


def _score_abstention(run: TurnRun, abstained: bool, problems: list[str]) -> bool:
    wanted = run.turn.expect.abstain
    if wanted and not abstained:
        problems.append("should have abstained")
    elif abstained and not wanted:
        problems.append("abstained, though it can be answered")
    return wanted


def _score_entities(run: TurnRun, expand: Expand, problems: list[str]) -> float | None:
    wanted = {expand(text) for text in run.turn.expect.entities}
    if not wanted:
        return None
    links = (*run.links, *(run.query.links if run.query else ()))
    missing = wanted - {link.entity_id for link in links}
    if missing:
        problems.append(f"not linked: {', '.join(sorted(missing))}")
    return 1 - len(missing) / len(wanted)


def _score_rewrite(run: TurnRun, problems: list[str]) -> bool | None:
    expected = run.turn.expect.rewrite
    if expected is None:
        return None
    text = run.query.text if run.query else ""
    wrong = words_match(text, expected)
    problems.extend(f"rewrite {remark}" for remark in wrong)
    return not wrong


def _flag(value: bool | None) -> tuple[float, float]:
    return (0.0, 0.0) if value is None else (float(value), 1.0)


def _share(value: float | None) -> tuple[float, float]:
    return (0.0, 0.0) if value is None else (value, 1.0)


METRICS: Mapping[str, Callable[[TurnScore], tuple[float, float]]] = {
    f"evidence_recall@{DEPTH}": lambda turn: _share(turn.evidence_recall),
    "answer_accuracy": lambda turn: _flag(turn.answer_right),
    "language_declared": lambda turn: _flag(turn.language_declared),
    "language_detected": lambda turn: _flag(turn.language_detected),
    "language_script": lambda turn: _flag(turn.language_script),
    "abstention_precision": lambda turn: _flag(
        turn.should_abstain if turn.abstained and turn.should_abstain is not None else None
    ),
    "abstention_recall": lambda turn: _flag(turn.abstained if turn.should_abstain else None),
    "wrongly_abstained": lambda turn: _flag(
        turn.abstained if turn.should_abstain is False else None
    ),
    "clarification_precision": lambda turn: _flag(
        turn.should_clarify if turn.clarified and turn.should_clarify is not None else None
    ),
    "clarification_recall": lambda turn: _flag(turn.clarified if turn.should_clarify else None),
    "entity_recall": lambda turn: _share(turn.entity_recall),
    "rewrite_recovery": lambda turn: _flag(turn.rewrite_recovered),
}
"""What a turn adds to a metric's numerator and denominator; the metric is the ratio of the sums."""
