"""What an answer says, as the state of the dialogue takes it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convrag.dialogue.owning import owner_of
from convrag.dialogue.state import Outcome
from convrag.dialogue.years import years_in
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.text.normalize import match_key
from convrag.types import Answer, Clarification, Evidence, Inference, Passage, Status, Triple

_DECIDING = (Inference.COMPARISON, Inference.RANKING)


def outcome_of(
    answer: Answer,
    evidence: Sequence[Evidence],
    linker: DictionaryLinker,
    graph: KnowledgeGraph,
    pending: Clarification | None,
) -> Outcome:
    """Return what the answer says.

    Args:
        answer: The answer.
        evidence: What it cites from.
        linker: Knows what a passage's title names, and namesakes.
        graph: Knows what things belong to.
        pending: Which of its names are open.
    """
    by_id = {e.id: e for e in evidence}
    ordered = sorted(answer.citations, key=lambda c: c.marker)
    cited = [by_id[c.evidence_id] for c in ordered if c.evidence_id in by_id]
    others: dict[str, None] = {}
    about: set[str] = set()
    for item, via in ((e.item, e.via) for e in cited):
        if isinstance(item, Triple) and via:
            about.add(via[0])
            other = item.subject if via[2] == "inverse" else item.object
            if isinstance(other, str):
                others[other] = None
    in_question = [link.entity_id for link in answer.query.links if link.entity_id]
    owners = {e: owner_of(e, linker.namesakes(e), graph) for e in {*in_question, *about}}
    found = Outcome(
        answered=tuple(others),
        about=tuple(sorted(about)),
        winner=_winner(cited),
        years=years_in(answer.text) if answer.status is Status.COMPLETE else (),
        complete=answer.status is Status.COMPLETE,
        owners={e: owner for e, owner in sorted(owners.items()) if owner},
        pending=pending,
    )
    return _with_subject(found, answer, cited, linker)


def _winner(cited: Sequence[Evidence]) -> str:
    """Return the entity that a comparison or a ranking puts ahead, or ""."""
    for evidence in cited:
        conclusion = evidence.conclusion
        if conclusion is None or conclusion.kind not in _DECIDING:
            continue
        if len(conclusion.values) == 1 and isinstance(conclusion.values[0], str):
            return conclusion.values[0]
    return ""


def _with_subject(
    found: Outcome, answer: Answer, cited: Sequence[Evidence], linker: DictionaryLinker
) -> Outcome:
    """Return the outcome with what a passage is about, when the question names nothing known."""
    links = answer.query.links
    passages = [e.item for e in cited if isinstance(e.item, Passage)]
    if any(link.entity_id for link in links) or not passages or not answer.query.standalone:
        return found
    title = " ".join(passages[0].title.split())
    for link in links:
        if match_key(link.mention.text) in match_key(title):
            return replace(found, subject=link.mention.text)
    named = linker.link(title, language=passages[0].language, fuzzy=False)
    whole = [k.entity_id for k in named if k.entity_id and k.mention.text == title]
    return replace(found, subject=title, subject_id=whole[0]) if whole else found
