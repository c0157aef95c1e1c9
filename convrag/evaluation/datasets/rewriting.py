"""Conversations with the question made to stand alone: CANARD, QReCC and TopiOCQA.

Their passage collections are files of their own, or the whole web. What stands in for them are the
texts that the rows themselves give: TopiOCQA's gold passages or rationales, else the replies. They
tell whether a rewrite finds what answers it among all replies of the set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from convrag.evaluation.datasets.files import first_character, json_entries, json_lines
from convrag.evaluation.datasets.reading import question_kind
from convrag.evaluation.datasets.rows import Row
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset, document
from convrag.types import Document

CANARD = "list of: QuAC_dialog_id, Question_no, Question, Rewrite, History[]"
QRECC = "list of: Conversation_no, Turn_no, Question, Rewrite or Truth_rewrite, Answer, Context[]"
TOPIOCQA = "list of: Conversation_no, Turn_no, Question, Answer, Rationale or Gold_passage"

_NO_ANSWER = frozenset({"CANNOTANSWER", "UNANSWERABLE", "I don't know.", "I don't know"})


@dataclass(frozen=True, slots=True)
class _Said:
    """One row: a turn, and the text that answers it with its id and title."""

    dialogue: str
    number: int
    turn: AskedTurn
    text: str = ""
    text_id: str = ""
    title: str = ""


def canard(path: Path, language: str) -> Dataset:
    """Return CANARD. A turn's reply is in the history of the turn after it.

    Of the last turn of a dialogue nobody knows the reply.
    """

    def rows() -> Iterator[_Said]:
        waiting: Row | None = None
        for row in _rows(path, CANARD):
            if waiting is not None:
                yield _canard_turn(waiting, row)
            waiting = row
        if waiting is not None:
            yield _canard_turn(waiting, None)

    return _dataset("canard", rows, language)


def _canard_turn(row: Row, after: Row | None) -> _Said:
    dialogue, number = row.text("QuAC_dialog_id"), row.number("Question_no")
    history = row.texts("History")
    reply = ""
    if after is not None and after.text("QuAC_dialog_id") == dialogue:
        said = after.texts("History")
        if len(said) == len(history) + 2:
            reply = said[-1]
    known = bool(reply) and reply not in _NO_ANSWER
    name = f"{dialogue}-{number}"
    question = row.text("Question")
    turn = AskedTurn(
        name,
        question,
        answers=(reply,) if known else (),
        rewrites=(row.text("Rewrite"),),
        relevant={name: 1.0} if known else {},
        answerable=known if reply else None,
        reply=reply if known else "",
        kind=question_kind(question),
    )
    return _Said(dialogue, number, turn, reply if known else "", name, " - ".join(history[:2]))


def qrecc(path: Path, language: str) -> Dataset:
    """Return QReCC, as published or as in the SCAI-QReCC task (``Truth_`` before the names)."""

    def rows() -> Iterator[_Said]:
        for row in _rows(path, QRECC):
            dialogue, number = row.text("Conversation_no"), row.number("Turn_no")
            prefix = "Truth_" if row.has("Truth_rewrite") else ""
            reply = row.optional(f"{prefix}answer" if prefix else "Answer").strip()
            name = f"{dialogue}_{number}"
            question = row.text("Question")
            turn = AskedTurn(
                name,
                question,
                answers=(reply,) if reply else (),
                rewrites=(row.text(f"{prefix}rewrite" if prefix else "Rewrite"),),
                relevant={name: 1.0} if reply else {},
                answerable=bool(reply),
                reply=reply,
                kind=question_kind(question),
            )
            yield _Said(dialogue, number, turn, reply, name)

    return _dataset("qrecc", rows, language)


def topiocqa(path: Path, language: str) -> Dataset:
    """Return TopiOCQA; later turns may be about another topic than the first."""

    def rows() -> Iterator[_Said]:
        for row in _rows(path, TOPIOCQA):
            dialogue, number = row.text("Conversation_no"), row.number("Turn_no")
            reply = row.text("Answer").strip()
            more = row.rows("Additional_answers", needed=False)
            answers = dict.fromkeys([reply, *(other.text("Answer") for other in more)])
            known = tuple(text for text in answers if text not in _NO_ANSWER)
            name = f"{dialogue}_{number}"
            if row.has("Gold_passage"):
                passage = row.row("Gold_passage")
                text, title = passage.text("text"), passage.optional("title")
                text_id = passage.optional("id") or name
            else:
                text, title, text_id = row.optional("Rationale"), row.optional("Topic"), name
            question = row.text("Question")
            turn = AskedTurn(
                name,
                question,
                answers=known,
                rewrites=row.texts("Rewrite"),
                relevant={text_id: 1.0} if known and text else {},
                answerable=bool(known),
                reply=reply if known else "",
                kind=question_kind(question),
            )
            yield _Said(dialogue, number, turn, text if known else "", text_id, title)

    return _dataset("topiocqa", rows, language)


def _rows(path: Path, layout: str) -> Iterator[Row]:
    entries = json_entries(path) if first_character(path) == "[" else json_lines(path)
    return (Row.of(path, entry, layout) for entry in entries)


def _dataset(name: str, rows: Callable[[], Iterator[_Said]], language: str) -> Dataset:
    """Return the set whose rows come dialogue by dialogue, as all three are published."""
    code = language or "en"

    def documents() -> Iterator[Document]:
        seen: set[str] = set()
        for said in rows():
            if said.text and said.text_id not in seen:
                seen.add(said.text_id)
                yield document(said.text_id, said.text, title=said.title, language=code)

    def conversations() -> Iterator[Conversation]:
        dialogue, turns = "", list[_Said]()
        for said in rows():
            if turns and said.dialogue != dialogue:
                yield _conversation(dialogue, turns, code)
                turns = []
            dialogue = said.dialogue
            turns.append(said)
        if turns:
            yield _conversation(dialogue, turns, code)

    return Dataset(name, conversations, documents)


def _conversation(dialogue: str, rows: list[_Said], language: str) -> Conversation:
    ordered = sorted(rows, key=lambda said: said.number)
    return Conversation(dialogue, language, tuple(said.turn for said in ordered))
