"""A data set made an index, and its conversations asked and scored."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from convrag.evaluation.attribution import STAGES, UNKNOWN, Attribution, attribute
from convrag.evaluation.datasets.scoring import Measured, found_ids, measured, states
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset
from convrag.evaluation.dialogues import (
    Expectation,
    ItemNeed,
    ScriptedDialogue,
    ScriptedTurn,
    Words,
)
from convrag.evaluation.gold import Steps
from convrag.evaluation.records import ScoredTurn, Trace
from convrag.evaluation.runner import Respondent, follow
from convrag.evaluation.scoring import item_id
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
        counting = None
        if progress is not None:
            total = sum(1 for _ in dataset.documents())
            progress(f"indexing {total} documents", 0.0)
            counting = _counting(progress, total)
        index.update(dataset.documents(), encoder, prune=True, progress=counting)
        triples = list(dataset.triples())
        if triples or there:
            digest = hashlib.sha256("\n".join(sorted(t.id for t in triples)).encode()).hexdigest()
            with index.transaction() as connection:
                storage.create_tables(connection)
                storage.replace_source(connection, dataset.name, digest, triples, {})
        link_passages(index, progress)


def _counting(progress: Progress, total: int) -> Callable[[int, str], None]:
    return lambda done, _: progress(f"indexed {done} of {total} documents", done / max(total, 1))


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


@dataclass(frozen=True, slots=True)
class SetConversation:
    """One conversation of a set, and how it is asked."""

    dataset: str
    """The set's name."""
    conversation: Conversation
    own_replies: bool = False
    """Let what was answered stand in the dialogue instead of the set's replies."""

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.conversation.id


def ask_conversation(
    respondent: Respondent, item: SetConversation, *, attributed: bool
) -> tuple[ScoredTurn, ...]:
    """Return the scored turns of one conversation, each failed one with its stage at fault.

    Every turn is asked with the set's own replies before it, as is usual for such sets, so that one
    bad answer does not spoil the turns after it.

    Args:
        respondent: What answers.
        item: What is asked.
        attributed: Whether the stage at fault is looked for, where the respondent has stages.
    """
    script = _script(item.dataset, item.conversation)
    dialogue = Dialogue(item.id)
    found: list[ScoredTurn] = []
    for number, asked in enumerate(item.conversation.turns, start=1):
        turn = Turn(asked.id, Role.USER, asked.question, created=float(number))
        answering = partial(respondent.respond, dialogue, turn)
        run, dialogue = follow(answering, script, number, dialogue, turn)
        if asked.scored:
            score = partial(measured, asked, respondent=respondent)
            result, blamed = score(run), None
            if attributed and isinstance(respondent, Steps):
                blamed = attribute(result, respondent, score)
                if blamed and blamed.stage == STAGES[-1] and not _told(asked, script, respondent):
                    blamed = Attribution(UNKNOWN, blamed.tried)
            found.append(_record(asked, result, blamed, respondent))
        if asked.reply and not item.own_replies:
            dialogue = _with_reply(dialogue, asked, turn)
    return tuple(found)


def _told(asked: AskedTurn, script: ScriptedDialogue, respondent: Steps) -> bool:
    """Return whether what the set calls relevant says what it wants as an answer.

    Where it does not, as the set's own texts are not in its files, no wording could be right.
    """
    for name in asked.relevant:
        if name.startswith("<"):  # a fact
            return True
        text = "\n".join(passage.text for passage in respondent.index.passages_of(name))
        if (
            text
            and asked.answers
            and states(text, asked.answers, asked.answer_language or script.language)
        ):
            return True
    return False


def _script(name: str, conversation: Conversation) -> ScriptedDialogue:
    turns = tuple(
        _scripted(turn, conversation.language, first=not number)
        for number, turn in enumerate(conversation.turns)
    )
    return ScriptedDialogue(
        conversation.id, name, conversation.language, conversation.id, turns, Path()
    )


def _scripted(asked: AskedTurn, language: str, *, first: bool) -> ScriptedTurn:
    """Return the turn with what the set says is right at each stage.

    A conversation's first question stands alone; of the others only the set's rewrites say how they
    would be asked alone.
    """
    expect = Expectation(
        abstain=asked.answerable is False,
        language=language,
        entities=asked.entities or tuple(filter(None, asked.mentions.values())),
        evidence=tuple((ItemNeed(name, asked.answers),) for name in asked.relevant),
        rewrite=Words(),
        standalone=asked.rewrites[0] if asked.rewrites else asked.question if first else "",
    )
    return ScriptedTurn(asked.question, expect)


def _with_reply(dialogue: Dialogue, asked: AskedTurn, turn: Turn) -> Dialogue:
    """Return the dialogue in which the turn was answered as the set has it."""
    turns = dialogue.turns
    if turns and turns[-1].role is Role.ASSISTANT and turns[-2:-1] and turns[-2].id == turn.id:
        return replace(dialogue, turns=(*turns[:-1], replace(turns[-1], text=asked.reply)))
    reply = Turn(f"{turn.id}-reply", Role.ASSISTANT, asked.reply, created=turn.created)
    return replace(dialogue, turns=(*turns, turn, reply))  # the turn failed


def _record(
    asked: AskedTurn, result: Measured, blamed: Attribution | None, respondent: Respondent
) -> ScoredTurn:
    run = result.run
    answer, language = run.answer, run.dialogue.language
    first = {item_id(e): e for e in reversed(run.evidence)}
    texts: Mapping[str, str] = {
        name: respondent.evidence_text(first[name], language=language)[:_LONGEST]
        for name in found_ids(run.evidence)[:_SHOWN]
    }
    return ScoredTurn(
        id=asked.id,
        dialogue=run.dialogue.id,
        number=run.number,
        language=language,
        kind=asked.kind,
        metrics=result.metrics,
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
            wanted_links=asked.entities or tuple(filter(None, asked.mentions.values())),
            relevant=dict(asked.relevant),
            seconds=dict(run.seconds),
            problems=result.problems,
            kinds=result.kinds,
            stage=blamed.stage if blamed else "",
            tried=dict(blamed.tried) if blamed else {},
            texts=texts,
        ),
    )
