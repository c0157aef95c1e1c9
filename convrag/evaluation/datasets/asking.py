"""A data set made an index, and its conversations asked and scored."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from convrag.evaluation.datasets.scoring import found_ids, measured
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset
from convrag.evaluation.dialogues import Expectation, ScriptedDialogue, ScriptedTurn
from convrag.evaluation.metrics.wording import token_count
from convrag.evaluation.records import ScoredTurn, Trace
from convrag.evaluation.runner import Respondent, TurnRun, follow
from convrag.graph import storage
from convrag.indexing import link_passages
from convrag.protocols import Encoder
from convrag.retrieval.index import Index
from convrag.retrieval.metering import Progress
from convrag.retrieval.storage import MANIFEST
from convrag.types import Dialogue, Role, Turn

_SHOWN = 5
"""Pieces of evidence whose texts are kept."""
_LONGEST = 600


def index_dataset(
    dataset: Dataset, folder: Path, encoder: Encoder, *, progress: Progress | None = None
) -> None:
    """Bring the index in ``folder`` up to date with a set's documents and facts.

    Raises:
        ConvragError: The set cannot be read, or the folder is no index of this encoder.
    """
    there = (folder / MANIFEST).exists()
    made = (
        Index.open(folder, encoder_id=encoder.id, writable=True)
        if there
        else Index.create(folder, encoder=encoder, title=dataset.name)
    )
    with made as index:
        index.update(dataset.documents(), encoder, prune=True, progress=_counting(progress))
        triples = list(dataset.triples())
        if triples or there:
            digest = hashlib.sha256("\n".join(sorted(t.id for t in triples)).encode()).hexdigest()
            with index.transaction() as connection:
                storage.create_tables(connection)
                storage.replace_source(connection, dataset.name, digest, triples, {})
        link_passages(index, progress)


def _counting(progress: Progress | None) -> Callable[[int, str], None] | None:
    if progress is None:
        return None
    return lambda done, _: progress(f"indexing, {done} documents", 0.0)


def chosen(
    conversations: Iterable[Conversation], limit: int | None, *, seed: int
) -> Iterator[Conversation]:
    """Yield all conversations, or ``limit`` of them drawn at random, in their order."""
    if limit is None:
        yield from conversations
        return
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    kept: dict[int, Conversation] = {}  # reservoir sampling (Vitter 1985): one pass, `limit` held
    for at, conversation in enumerate(conversations):
        if at < limit:
            kept[at] = conversation
        else:
            place = rng.randrange(at + 1)
            if place < limit:
                del kept[sorted(kept)[place]]
                kept[at] = conversation
    yield from (kept[at] for at in sorted(kept))


def counted(conversations: Iterable[Conversation]) -> tuple[dict[str, int], str]:
    """Return the number of scored turns by conversation, and the SHA-256 of all that is asked."""
    turns: dict[str, int] = {}
    digest = hashlib.sha256()
    for conversation in conversations:
        turns[conversation.id] = sum(turn.scored for turn in conversation.turns)
        digest.update(repr(conversation).encode("utf-8", "surrogatepass"))
    return turns, digest.hexdigest()


def ask_conversation(
    respondent: Respondent, name: str, conversation: Conversation, *, own_replies: bool = False
) -> tuple[ScoredTurn, ...]:
    """Return the scored turns of one conversation.

    Every turn is asked with the set's own replies before it, as is usual for such sets, so that one
    bad answer does not spoil the turns after it.

    Args:
        respondent: What answers.
        name: The set's.
        conversation: What is asked.
        own_replies: Let what was answered stand in the dialogue instead.
    """
    script = _script(name, conversation)
    dialogue = Dialogue(conversation.id)
    found: list[ScoredTurn] = []
    for number, asked in enumerate(conversation.turns, start=1):
        turn = Turn(asked.id, Role.USER, asked.question, created=float(number))
        answering = partial(respondent.respond, dialogue, turn)
        run, dialogue = follow(answering, script, number, dialogue, turn)
        if asked.scored:
            found.append(_record(asked, run, respondent))
        if asked.reply and not own_replies:
            dialogue = _with_reply(dialogue, asked, turn)
    return tuple(found)


def _script(name: str, conversation: Conversation) -> ScriptedDialogue:
    turns = tuple(
        ScriptedTurn(turn.question, Expectation(language=conversation.language))
        for turn in conversation.turns
    )
    return ScriptedDialogue(
        conversation.id, name, conversation.language, conversation.id, turns, Path()
    )


def _with_reply(dialogue: Dialogue, asked: AskedTurn, turn: Turn) -> Dialogue:
    """Return the dialogue in which the turn was answered as the set has it."""
    turns = dialogue.turns
    if turns and turns[-1].role is Role.ASSISTANT and turns[-2:-1] and turns[-2].id == turn.id:
        return replace(dialogue, turns=(*turns[:-1], replace(turns[-1], text=asked.reply)))
    reply = Turn(f"{turn.id}-reply", Role.ASSISTANT, asked.reply, created=turn.created)
    return replace(dialogue, turns=(*turns, turn, reply))  # the turn failed


def _record(asked: AskedTurn, run: TurnRun, respondent: Respondent) -> ScoredTurn:
    result = measured(asked, run, respondent)
    answer, language = run.answer, run.dialogue.language
    texts: Mapping[str, str] = {
        name: respondent.evidence_text(e, language=language)[:_LONGEST]
        for e in run.evidence[:_SHOWN]
        for name in found_ids([e])
    }
    metrics = dict(result.metrics)
    if run.evidence:
        read = (respondent.evidence_text(e, language=language) for e in run.evidence)
        metrics["evidence_tokens"] = float(sum(map(token_count, read)))
    return ScoredTurn(
        id=asked.id,
        dialogue=run.dialogue.id,
        number=run.number,
        language=language,
        kind=asked.kind,
        metrics=metrics,
        weights=result.weights,
        trace=Trace(
            question=asked.question,
            rewritten=run.query.text if run.query else "",
            answer=answer.text if answer else "",
            status=answer.status.value if answer else "failed",
            mode=answer.mode.value if answer else "none",
            evidence=found_ids(run.evidence),
            links=tuple(dict.fromkeys(k.entity_id for k in run.links if k.entity_id)),
            wanted_answers=(*asked.answers, *asked.answer_entities),
            wanted_rewrite=asked.rewrites[0] if asked.rewrites else "",
            wanted_links=asked.entities,
            relevant=dict(asked.relevant),
            seconds=dict(run.seconds),
            problems=result.problems,
            kinds=result.kinds,
            texts=texts,
        ),
    )
