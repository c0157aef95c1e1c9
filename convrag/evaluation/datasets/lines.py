"""convrag's own format: one JSON a line, either a document, a fact or a turn of a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from convrag.evaluation.datasets.files import json_lines
from convrag.evaluation.datasets.rows import Row
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset, document
from convrag.types import Document, Literal, Triple

LINES = (
    'one JSON a line: {"document", "text", title, language}, {"subject", "predicate", "object" or'
    ' "value"}, or {"question", id, dialogue, answers[], answer_entities[], rewrites[],'
    " relevant[] or {}, entities[], answerable, kind, reply, language}"
)


def lines(path: Path, language: str) -> Dataset:
    """Return a set in convrag's own format.

    Turns with the same ``dialogue`` that follow each other are one conversation; a turn without one
    stands alone. ``relevant`` names documents and triples, with grades or without.
    """

    def rows() -> Iterator[tuple[int, Row]]:
        return ((entry[0], Row.of(path, entry, LINES)) for entry in json_lines(path))

    def documents() -> Iterator[Document]:
        for _, row in rows():
            if row.has("document"):
                yield document(
                    row.text("document"),
                    row.text("text"),
                    title=row.optional("title"),
                    language=row.optional("language") or language or "en",
                )

    def triples() -> Iterator[Triple]:
        for _, row in rows():
            if row.has("subject"):
                yield Triple(row.text("subject"), row.text("predicate"), _object(row))

    def conversations() -> Iterator[Conversation]:
        dialogue, code, turns = "", "", list[AskedTurn]()
        for line, row in rows():
            if row.has("document") or row.has("subject"):
                continue
            name = row.optional("dialogue") or f"line {line}"
            if turns and name != dialogue:
                yield Conversation(dialogue, code, tuple(turns))
                turns = []
            dialogue, code = name, row.optional("language") or language or "en"
            turns.append(_turn(row, f"{name}-{len(turns) + 1}"))
        if turns:
            yield Conversation(dialogue, code, tuple(turns))

    return Dataset("jsonl", conversations, documents, triples)


def _object(row: Row) -> str | Literal:
    if row.has("object"):
        return row.text("object")
    return Literal(row.text("value"), "", row.optional("language"))


def _turn(row: Row, name: str) -> AskedTurn:
    scored = row.flag("scored")
    return AskedTurn(
        row.optional("id") or name,
        row.text("question"),
        answers=row.texts("answers"),
        answer_entities=row.texts("answer_entities"),
        rewrites=row.texts("rewrites"),
        relevant=_grades(row),
        entities=row.texts("entities"),
        answerable=row.flag("answerable"),
        kind=row.optional("kind"),
        reply=row.optional("reply"),
        scored=scored is not False,
    )


def _grades(row: Row) -> dict[str, float]:
    if not isinstance(row.fields.get("relevant"), dict):
        return dict.fromkeys(row.texts("relevant"), 1.0)
    grades = row.row("relevant")
    return {name: float(grades.number(name)) for name in grades.fields}
