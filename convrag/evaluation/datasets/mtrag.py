"""MTRAG and MTRAG-UN: tasks with their history, passages, and whether they can be answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from convrag.evaluation.datasets.files import json_entries, json_lines, table_rows
from convrag.evaluation.datasets.rows import Row
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset, document
from convrag.types import Document

MTRAG = (
    "one JSON a line: generation task (task_id, input[]: speaker, text; targets[], contexts[],"
    " answerability[]) or retrieval task (_id, text with |user|: before each turn); or an object of"
    " tasks[] and documents[]: document_id, text"
)
_USER = re.compile(r"^\|user\|:\s*", re.MULTILINE)


def mtrag(path: Path, language: str) -> Dataset:
    """Return the tasks of one file; of each only its last turn is scored.

    The file has generation or retrieval tasks line by line, or is the subset with human
    evaluations, where the passages stand beside the tasks.

    Judgements are read where the benchmark has them: ``retrieval_tasks/qrels/*.tsv`` beside the
    folder of generation tasks, ``qrels/*.tsv`` beside a file of retrieval tasks. Where there are
    none, the contexts of a task count as relevant. Rewrites of retrieval tasks are read from
    ``*_rewrite.jsonl`` beside them.
    """
    code = language or "en"

    lines = ".jsonl" in path.suffixes

    def rows() -> Iterator[Row]:
        entries = json_lines(path) if lines else json_entries(path, "tasks")
        return (Row.of(path, entry, MTRAG) for entry in entries)

    def passages() -> Iterator[Row]:
        if not lines:
            yield from (Row.of(path, entry, MTRAG) for entry in json_entries(path, "documents"))
            return
        for row in rows():
            yield from row.rows("contexts", needed=False)

    def documents() -> Iterator[Document]:
        seen: set[str] = set()
        for context in passages():
            name = context.text("document_id")
            if name not in seen:
                seen.add(name)
                title = context.optional("title")
                yield document(name, context.text("text"), title=title, language=code)

    def conversations() -> Iterator[Conversation]:
        judged, rewrites = _judgements(path), _rewrites(path)
        for row in rows():
            retrieval = row.has("_id")
            yield _retrieval(row, judged, rewrites, code) if retrieval else _task(row, judged, code)

    return Dataset("mtrag", conversations, documents)


def _judgements(path: Path) -> dict[str, dict[str, float]]:
    """Return the grades by task and document."""
    folders = (path.parent / "qrels", path.parent.parent / "retrieval_tasks" / "qrels")
    found: dict[str, dict[str, float]] = {}
    for file in sorted(file for folder in folders for file in folder.glob("*.tsv")):
        for number, (task, name, grade) in table_rows(file, 3):
            if number > 1:
                row = Row({"score": grade}, f"{file}:{number}", "", "query-id, corpus-id, score")
                if row.number("score") > 0:  # judged, and not relevant
                    found.setdefault(task, {})[name] = float(row.number("score"))
    return found


def _rewrites(path: Path) -> dict[str, str]:
    """Return the rewrites of retrieval tasks by task."""
    return {
        row.text("_id"): _USER.sub("", row.text("text"))
        for file in sorted(path.parent.glob("*_rewrite.jsonl"))
        for entry in json_lines(file)
        for row in [Row.of(file, entry, "one JSON a line: _id, text")]
    }


def _task(row: Row, judged: Mapping[str, Mapping[str, float]], language: str) -> Conversation:
    name = row.text("task_id")
    said = [(turn.text("speaker"), turn.text("text")) for turn in row.rows("input")]
    if not said or said[-1][0] != "user":
        raise row.wrong("input", "must end with what the user says")
    turns = []
    for at, (speaker, text) in enumerate(said[:-1]):
        if speaker == "user":
            reply = said[at + 1][1] if said[at + 1][0] != "user" else ""
            turns.append(AskedTurn(f"{name}-{at}", text, reply=reply, scored=False))
    contexts = {context.text("document_id"): 1.0 for context in row.rows("contexts", needed=False)}
    field = "answerability" if row.has("answerability") else "Answerability"
    answerability = next(iter(row.texts(field)), "")
    relevant = judged.get(name) or (contexts if not judged else {})
    turns.append(
        AskedTurn(
            name,
            said[-1][1],
            answers=tuple(target.text("text") for target in row.rows("targets", needed=False)),
            relevant=relevant if answerability in ("", "ANSWERABLE", "PARTIAL") else {},
            answerable=_ANSWERABLE.get(answerability),
            kind=", ".join(row.texts("Question Type")[:1]),
        )
    )
    return Conversation(name, language, tuple(turns))


_ANSWERABLE = {"ANSWERABLE": True, "PARTIAL": True, "UNANSWERABLE": False}
"""Underspecified questions are to be asked back about, which neither says."""


def _retrieval(
    row: Row,
    judged: Mapping[str, Mapping[str, float]],
    rewrites: Mapping[str, str],
    language: str,
) -> Conversation:
    name = row.text("_id")
    texts = [text.strip() for text in _USER.split(row.text("text")) if text.strip()]
    turns = [AskedTurn(f"{name}-{at}", text, scored=False) for at, text in enumerate(texts[:-1])]
    rewrite = rewrites.get(name, "")
    turns.append(
        AskedTurn(
            name,
            texts[-1] if texts else row.text("text"),
            rewrites=(rewrite,) if rewrite else (),
            relevant=judged.get(name, {}),
        )
    )
    return Conversation(name, language, tuple(turns))
