"""Scored turns of scripted dialogues as records: what is kept, shown and compared of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from convrag.evaluation.attribution import Attribution
from convrag.evaluation.dialogues import Expectation, Need, TripleNeed
from convrag.evaluation.records import ScoredTurn, Trace
from convrag.evaluation.scoring import DEPTH, METRICS, Expand, TurnScore, satisfies
from convrag.text.sanitize import plain
from convrag.types import Evidence, Passage

Worded = Callable[[Evidence, str], str]
"""Says what a piece of evidence says, in a language."""
_LONGEST = 600
"""Characters kept of a piece of evidence."""


def record(
    score: TurnScore,
    attribution: Attribution | None,
    *,
    wording: Mapping[str, float],
    expand: Expand,
    worded: Worded,
) -> ScoredTurn:
    """Return what is kept of a turn.

    Args:
        score: The turn's score.
        attribution: The stage at fault, when it was looked for.
        wording: How the answer is cited and worded.
        expand: Turns a CURIE into an IRI.
        worded: Words evidence in a language.
    """
    run = score.run
    parts = {name: part(score) for name, part in METRICS.items()}
    return ScoredTurn(
        id=f"{run.dialogue.id}-{run.number}",
        dialogue=run.dialogue.id,
        number=run.number,
        language=run.dialogue.language,
        kind=run.dialogue.persona or _kind(run.turn.expect),
        metrics={**{name: top for name, (top, under) in parts.items() if under}, **wording},
        trace=_trace(score, attribution, expand, worded),
    )


def _kind(expect: Expectation) -> str:
    if expect.abstain:
        return "unanswerable"
    if expect.clarify:
        return "ambiguous"
    if not expect.wants_answer:
        return "small talk"
    return "follow-up" if expect.rewrite or expect.standalone else "stands alone"


def _trace(
    score: TurnScore, attribution: Attribution | None, expand: Expand, worded: Worded
) -> Trace:
    run = score.run
    answer, expect = run.answer, run.turn.expect
    language = answer.language if answer else expect.language
    cited = {citation.evidence_id for citation in answer.citations} if answer else set()
    shown = [e for e in run.evidence if e.rank <= DEPTH or e.id in cited]
    return Trace(
        question=run.asked.text or run.turn.user,
        rewritten=run.query.text if run.query else "",
        answer=answer.text if answer else "",
        status=answer.status.value if answer else "failed",
        mode=answer.mode.value if answer else "none",
        evidence=tuple(e.id for e in run.evidence),
        links=tuple(dict.fromkeys(link.entity_id for link in run.links if link.entity_id)),
        wanted_answers=tuple(_wanted(expect)),
        wanted_rewrite=expect.standalone,
        wanted_links=tuple(expand(text) for text in expect.entities),
        relevant={_name(need, run.evidence, expand): 1.0 for need in expect.evidence},
        seconds=dict(run.seconds),
        problems=score.problems,
        kinds=score.kinds,
        stage=attribution.stage if attribution else "",
        tried=dict(attribution.tried) if attribution else {},
        texts={e.id: _text(e, language, worded) for e in shown},
    )


def _wanted(expect: Expectation) -> list[str]:
    """Return in words what the answer is held to."""
    wanted: list[str] = []
    if expect.abstain:
        wanted.append("that nothing answers it")
    if expect.clarify:
        wanted.append("a question back")
    if expect.answer:
        words = expect.answer
        wanted += [f"all of: {', '.join(words.contains_all)}"] if words.contains_all else []
        wanted += [f"any of: {', '.join(words.contains_any)}"] if words.contains_any else []
        wanted += [f"none of: {', '.join(words.contains_none)}"] if words.contains_none else []
    if expect.number:
        about = f" ± {expect.number.tolerance:.0%}" if expect.number.tolerance else ""
        wanted.append(f"the number {expect.number.value:g}{about}")
    return wanted


def _name(need: tuple[Need, ...], evidence: tuple[Evidence, ...], expand: Expand) -> str:
    """Return the id of the first piece that is needed, what was needed where there is none."""
    for item in evidence:
        if any(satisfies(item, alternative, expand) for alternative in need):
            return item.id
    return " or ".join(_spelled(alternative, expand) for alternative in need)


def _spelled(need: Need, expand: Expand) -> str:
    if not isinstance(need, TripleNeed):
        return str(need)
    tail = need.object if need.object.startswith('"') else f"<{expand(need.object)}>"
    return f"<{expand(need.subject)}> <{expand(need.predicate)}> {tail}"


def _text(evidence: Evidence, language: str, worded: Worded) -> str:
    text = " ".join(plain(worded(evidence, language)).split())
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    item = evidence.item
    return f"{text} [{item.source}]" if isinstance(item, Passage) else text
