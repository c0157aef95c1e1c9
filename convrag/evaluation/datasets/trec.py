"""TREC's conversations: CAsT 2019 to 2021 and iKAT 2023 and 2024."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from convrag.evaluation.datasets.files import json_entries, table_rows
from convrag.evaluation.datasets.reading import question_kind
from convrag.evaluation.datasets.rows import Row
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset, document
from convrag.types import Document

CAST = "list of: number, turn[]: number, raw_utterance, manual_rewritten_utterance, passage"
IKAT = "list of: number, ptkb{}, turns[]: turn_id, utterance, resolved_utterance, response"

_RESOLVED = "*annotated_resolved*.tsv"


def cast(path: Path, language: str) -> Dataset:
    """Return CAsT topics. Rewrites of 2019 are read from the table that lies beside the topics.

    The passages of 2021, which are in the topics, are the documents. Other years' passages are not
    in the files: without an index of their own collections only rewriting is measured.
    """
    resolved = _resolved(path.parent)

    def topics() -> Iterator[Row]:
        return (Row.of(path, entry, CAST) for entry in json_entries(path))

    def documents() -> Iterator[Document]:
        seen: set[str] = set()
        for topic in topics():
            for turn in topic.rows("turn"):
                name = _passage_id(turn)
                if turn.has("passage") and name not in seen:
                    seen.add(name)
                    yield document(name, turn.text("passage"), language=language or "en")

    def conversations() -> Iterator[Conversation]:
        for topic in topics():
            number = topic.text("number")
            turns = tuple(_cast_turn(number, turn, resolved) for turn in topic.rows("turn"))
            yield Conversation(number, language or "en", turns)

    return Dataset("cast", conversations, documents)


def _resolved(folder: Path) -> dict[str, str]:
    """Return the rewrites of CAsT 2019 by topic and turn: ``31_4``."""
    return {
        row[0]: row[1] for file in sorted(folder.glob(_RESOLVED)) for _, row in table_rows(file, 2)
    }


def _cast_turn(topic: str, turn: Row, resolved: Mapping[str, str]) -> AskedTurn:
    name = f"{topic}_{turn.number('number')}"
    rewrite = turn.optional("manual_rewritten_utterance") or resolved.get(name, "")
    passage = turn.optional("passage")
    question = turn.text("raw_utterance")
    return AskedTurn(
        name,
        question,
        rewrites=(rewrite,) if rewrite else (),
        relevant={_passage_id(turn): 1.0} if passage else {},
        reply=passage,
        kind=question_kind(question),
    )


def _passage_id(turn: Row) -> str:
    return f"{turn.optional('canonical_result_id')}-{turn.optional('passage_id')}".strip("-")


def ikat(path: Path, language: str) -> Dataset:
    """Return iKAT topics. What the users say of themselves (their PTKB) are the documents.

    Relevant are the statements that the set says a turn's answer has to take into account. The
    passages behind the responses are not in the files.
    """
    code = language or "en"

    def topics() -> Iterator[Row]:
        return (Row.of(path, entry, IKAT) for entry in json_entries(path))

    def documents() -> Iterator[Document]:
        for topic in topics():
            statements = topic.row("ptkb")
            for number in statements.fields:
                name = _statement_id(topic, number)
                yield document(name, statements.text(number), language=code)

    def conversations() -> Iterator[Conversation]:
        for topic in topics():
            turns = tuple(_ikat_turn(topic, turn) for turn in topic.rows("turns"))
            yield Conversation(topic.text("number"), code, turns)

    return Dataset("ikat", conversations, documents)


def _ikat_turn(topic: Row, turn: Row) -> AskedTurn:
    question, response = turn.text("utterance"), turn.optional("response")
    resolved = turn.optional("resolved_utterance")
    return AskedTurn(
        f"{topic.text('number')}_{turn.number('turn_id')}",
        question,
        answers=(response,) if response.strip() else (),
        rewrites=(resolved,) if resolved else (),
        relevant={_statement_id(topic, number): 1.0 for number in turn.texts("ptkb_provenance")},
        reply=response,
        kind=question_kind(question),
    )


def _statement_id(topic: Row, number: str) -> str:
    return f"{topic.text('number')}#{number}"
