"""Open-domain questions: Natural Questions in its three published forms, and TriviaQA."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from convrag.evaluation.datasets.files import Entry, first_character, json_entries, json_lines
from convrag.evaluation.datasets.reading import question_kind
from convrag.evaluation.datasets.rows import Row
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset, document
from convrag.types import Document

NQ = (
    "one JSON a line, simplified (example_id, question_text, document_text, annotations[]) or open"
    " (question, answer[]); or DPR's list of question, answers[], positive_ctxs[]: title, text"
)
TRIVIA = "Data[]: QuestionId, Question, Answer: Value, Aliases[]; EntityPages[], SearchResults[]"

_TAG = re.compile(r"^</?\w[^<>]*>$")
_HELD = ("positive_ctxs", "negative_ctxs", "hard_negative_ctxs")
_FILES = {"EntityPages": "wikipedia", "SearchResults": "web"}


def natural_questions(path: Path, language: str) -> Dataset:
    """Return Natural Questions: simplified or open JSON lines, or DPR's JSON.

    Of a simplified page the long answers that annotators chose from are the documents; of DPR's
    file all contexts are.
    """
    code = language or "en"

    def rows() -> Iterator[tuple[int, Row]]:
        whole = first_character(path) == "["
        entries: Iterator[Entry] = json_entries(path) if whole else json_lines(path)
        return ((at, Row.of(path, entry, NQ)) for at, entry in enumerate(entries))

    def documents() -> Iterator[Document]:
        seen: set[bytes] = set()
        for _, row in rows():
            for item in _pages(row, code):
                key = sha256(item.id.encode()).digest()[:12]
                if key not in seen:
                    seen.add(key)
                    yield item

    def conversations() -> Iterator[Conversation]:
        for at, row in rows():
            turn = _simplified(row) if row.has("question_text") else _short(row, at)
            yield Conversation(turn.id, code, (turn,))

    return Dataset("nq", conversations, documents)


def _short(row: Row, at: int) -> AskedTurn:
    """Return the question of an open or a DPR row."""
    answers = row.texts("answers" if row.has("answers") else "answer")
    if not answers:
        raise row.wrong("answers", "is missing")
    right = {_context_id(context): 1.0 for context in row.rows("positive_ctxs", needed=False)}
    question = row.text("question")
    return AskedTurn(
        row.optional("id") or str(at),
        question,
        answers=answers,
        relevant=right,
        kind=question_kind(question),
    )


def _context_id(context: Row) -> str:
    """Return DPR's id of a passage; the hash of its text where the file has none."""
    given = context.optional("passage_id") or context.optional("psg_id")
    return given or sha256(context.text("text").encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _pages(row: Row, language: str) -> Iterator[Document]:
    for held in _HELD:
        for context in row.rows(held, needed=False):
            yield document(
                _context_id(context),
                context.text("text"),
                title=context.optional("title"),
                language=language,
            )
    if row.has("question_text"):
        title = row.optional("document_title")
        tokens = row.text("document_text").split(" ")
        for candidate in row.rows("long_answer_candidates", needed=False):
            if candidate.flag("top_level") is not False:
                start, end = candidate.number("start_token"), candidate.number("end_token")
                text = _plain(tokens[start:end])
                if text:
                    name = f"{row.text('example_id')}-{start}-{end}"
                    yield document(name, text, title=title, language=language)


def _plain(tokens: list[str]) -> str:
    return " ".join(token for token in tokens if token and not _TAG.match(token))


def _simplified(row: Row) -> AskedTurn:
    name, question = row.text("example_id"), row.text("question_text")
    tokens = row.text("document_text").split(" ")
    answers: dict[str, None] = {}
    relevant: dict[str, float] = {}
    for annotation in row.rows("annotations"):
        spans = [_span(piece) for piece in annotation.rows("short_answers")]
        for start, end in spans:
            answers[_plain(tokens[start:end])] = None
        said = annotation.optional("yes_no_answer").upper()
        if said in ("YES", "NO"):
            answers[said.lower()] = None
        start, end = _span(annotation.row("long_answer"))
        for candidate in row.rows("long_answer_candidates", needed=False):
            first, last = _span(candidate)
            if candidate.flag("top_level") is not False and first <= start < end <= last:
                relevant[f"{name}-{first}-{last}"] = 1.0
    known = tuple(text for text in answers if text)
    return AskedTurn(
        name,
        question,
        answers=known,
        relevant=relevant,
        answerable=bool(known or relevant),
        kind=question_kind(question),
    )


def _span(row: Row) -> tuple[int, int]:
    return row.number("start_token"), row.number("end_token")


def trivia(path: Path, language: str) -> Dataset:
    """Return TriviaQA, with what its search results say, and the evidence files where they are.

    Those lie in ``evidence/wikipedia`` and ``evidence/web`` beside the folder of the question
    files, as the published archive has them.
    """
    code = language or "en"

    def rows() -> Iterator[Row]:
        return (Row.of(path, entry, TRIVIA) for entry in json_entries(path, "Data"))

    def documents() -> Iterator[Document]:
        seen: set[str] = set()
        for row in rows():
            for name, page, field in _evidence(row):
                file = path.parent.parent / "evidence" / _FILES[field] / page.optional("Filename")
                text = page.optional("Description")
                if page.has("Filename") and file.is_file():
                    text = file.read_text(encoding="utf-8", errors="replace")
                if name not in seen and text.strip():
                    seen.add(name)
                    title = page.optional("Title")
                    yield document(name, text, title=title, language=code)

    def conversations() -> Iterator[Conversation]:
        for row in rows():
            answer = row.row("Answer")
            names = dict.fromkeys((answer.text("Value"), *answer.texts("Aliases")))
            turn = AskedTurn(
                row.text("QuestionId"),
                row.text("Question"),
                answers=tuple(names),
                relevant={name: 1.0 for name, _, _ in _evidence(row)},
                kind=question_kind(row.text("Question")),
            )
            yield Conversation(turn.id, code, (turn,))

    return Dataset("triviaqa", conversations, documents)


def _evidence(row: Row) -> Iterator[tuple[str, Row, str]]:
    """Yield id, row and field of the pages that are thought to answer."""
    for field in _FILES:
        for at, page in enumerate(row.rows(field, needed=False)):
            given = page.optional("Filename") or page.optional("Url")
            yield given or f"{row.text('QuestionId')}-{field}-{at}", page, field
