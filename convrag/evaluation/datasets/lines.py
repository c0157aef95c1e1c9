"""convrag's own format: one JSON a line, either a document, a fact or a turn of a conversation."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convrag.evaluation.datasets.files import json_lines
from convrag.evaluation.datasets.rows import Row
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset, document
from convrag.types import Document, Literal, Span, Triple

LINES = (
    'one JSON a line: {"document", "text", title, language}, {"subject", "predicate", "object" or'
    ' "value"}, or {"question", id, dialogue, answers[], answer_entities[], rewrites[],'
    " relevant[] or {}, entities[], mentions[]: start, end, entity; answerable, kind, reply,"
    " language, scored}"
)
_LONGEST = 20_000
"""Characters of a question; more than that is a document that got into the wrong field."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a line."""
    file = importlib.resources.files("convrag.evaluation.datasets") / "lines.schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def lines(path: Path, language: str) -> Dataset:
    """Return a set in convrag's own format.

    Turns with the same ``dialogue`` that follow each other are one conversation; a turn without one
    stands alone. ``relevant`` names documents and triples, with grades or without. ``mentions`` are
    all names in the question, by character offsets; one without an entity is of nothing in the
    graph.
    """

    def rows() -> Iterator[tuple[int, Row]]:
        return ((entry[0], Row.of(path, entry, LINES)) for entry in json_lines(path))

    def documents() -> Iterator[Document]:
        seen = set[str]()
        for _, row in rows():
            if row.has("document"):
                name = row.text("document")
                if name in seen:
                    raise row.wrong("document", f"'{name}' is given twice")
                seen.add(name)
                yield document(
                    name,
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
        ended, asked = set[str](), set[str]()
        for line, row in rows():
            if row.has("document") or row.has("subject"):
                continue
            name = row.optional("dialogue") or f"line {line}"
            if turns and name != dialogue:
                yield Conversation(dialogue, code, tuple(turns))
                ended.add(dialogue)
                turns = []
            if name in ended:
                raise row.wrong("dialogue", f"'{name}' ended before another one began")
            dialogue, code = name, row.optional("language") or language or "en"
            turns.append(_turn(row, f"{name}-{len(turns) + 1}"))
            if turns[-1].id in asked:
                raise row.wrong("id", f"'{turns[-1].id}' is given twice")
            asked.add(turns[-1].id)
        if turns:
            yield Conversation(dialogue, code, tuple(turns))

    return Dataset("jsonl", conversations, documents, triples)


def _object(row: Row) -> str | Literal:
    if row.has("object"):
        return row.text("object")
    return Literal(row.text("value"), "", row.optional("language"))


def _turn(row: Row, name: str) -> AskedTurn:
    scored = row.flag("scored")
    if len(row.text("question")) > _LONGEST:
        raise row.wrong("question", f"is longer than {_LONGEST:,} characters")
    return AskedTurn(
        row.optional("id") or name,
        row.text("question"),
        answers=row.texts("answers"),
        answer_entities=row.texts("answer_entities"),
        rewrites=row.texts("rewrites"),
        relevant=_grades(row),
        entities=row.texts("entities"),
        mentions=_mentions(row),
        answerable=row.flag("answerable"),
        kind=row.optional("kind"),
        reply=row.optional("reply"),
        scored=scored is not False,
    )


def _mentions(row: Row) -> dict[Span, str | None]:
    found: dict[Span, str | None] = {}
    for mention in row.rows("mentions", needed=False):
        span = mention.number("start"), mention.number("end")
        if not 0 <= span[0] < span[1] <= len(row.text("question")):
            raise mention.wrong("end", "must be after 'start' and within the question")
        found[span] = mention.optional("entity") or None
    return found


def _grades(row: Row) -> dict[str, float]:
    if not isinstance(row.fields.get("relevant"), dict):
        return dict.fromkeys(row.texts("relevant"), 1.0)
    grades = row.row("relevant")
    given = {name: float(grades.number(name)) for name in grades.fields}
    return {name: grade for name, grade in given.items() if grade > 0}
