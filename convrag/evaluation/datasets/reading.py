"""Sets that come with the texts to read: SQuAD's format and the conversational CoQA and QuAC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convrag.evaluation.datasets.files import json_entries
from convrag.evaluation.datasets.rows import Row
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset, document
from convrag.text.language import LanguageIdentifier
from convrag.types import Document

SQUAD = "data[]: title, paragraphs[]: context, qas[]: id, question, answers[]: text"
COQA = "data[]: id, story, questions[]: turn_id, input_text, answers[]: turn_id, input_text"
QUAC = "data[]: title, paragraphs[]: id, context, qas[]: id, question, answers[]: text"

_CONTEXT_LANGUAGE = re.compile(r"context-([a-z]{2})-question-([a-z]{2})")
_FILE_LANGUAGE = re.compile(r"[._-]([a-z]{2})(?=\.json)")
_LANGUAGES = (
    *("en", "ar", "bn", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "hi", "hu", "id"),
    *("it", "ja", "kk", "ko", "nl", "pl", "pt", "ro", "ru", "sv", "sw", "te", "th", "tr", "uk"),
    *("ur", "vi", "zh"),
)
"""Languages that SQuAD was translated to or followed in."""
_QUESTION_WORDS = ("who", "whom", "whose", "what", "when", "where", "which", "why", "how")
_NO_ANSWER = frozenset({"unknown", "CANNOTANSWER"})


def squad(path: Path, language: str) -> Dataset:
    """Return a set in SQuAD's format, 1.1 or 2.0: SQuAD, XQuAD, MLQA and many others.

    Every paragraph is a document, every question a conversation. Empty questions, which some
    published files have, are left out.

    Args:
        path: A file or a folder of them.
        language: Of all texts; empty to go by the file's name (``xquad.ru.json``,
            ``test-context-de-question-en.json``), else by its first paragraph.
    """
    return Dataset(
        "squad",
        lambda: _squad_questions(path, language),
        lambda: _squad_documents(path, language),
    )


def languages_of(file: Path) -> tuple[str, str]:
    """Return the languages of texts and questions, by the file's name or its first paragraph.

    Raises:
        DatasetError: The first article is not as it should be.
    """
    both = _CONTEXT_LANGUAGE.search(file.name)
    if both:
        return both[1], both[2]
    own = _FILE_LANGUAGE.search(file.name)
    code = own[1] if own else _language_of(file)
    return code, code


def _language_of(file: Path) -> str:
    for entry in json_entries(file, "data"):
        for paragraph in Row.of(file, entry, SQUAD).rows("paragraphs"):
            return LanguageIdentifier(_LANGUAGES).identify(paragraph.text("context"))
    return _LANGUAGES[0]


def files_of(path: Path) -> list[Path]:
    """Return the file, or the JSON files of the folder, sorted."""
    return sorted(path.rglob("*.json*")) if path.is_dir() else [path]


def question_kind(question: str) -> str:
    """Return the English question word that opens a question or stands first in it."""
    words = re.findall(r"[a-z]+", question.lower())
    return next((word for word in words if word in _QUESTION_WORDS), "")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A paragraph with its id, its article's title, and the languages of text and questions."""

    id: str
    title: str
    languages: tuple[str, str]
    row: Row
    file: str = ""
    """The file's name where there are several: their questions may have the same ids."""


def _squad_paragraphs(path: Path, language: str) -> Iterator[_Paragraph]:
    for file in files_of(path):
        languages = (language, language) if language else languages_of(file)
        for place, entry in enumerate(json_entries(file, "data")):
            article = Row.of(file, entry, SQUAD)
            title = article.optional("title").replace("_", " ")
            for number, paragraph in enumerate(article.rows("paragraphs")):
                name = f"{file.name}-{place}-{number}" if path.is_dir() else f"{place}-{number}"
                own = file.name if path.is_dir() else ""
                yield _Paragraph(name, title, languages, paragraph, own)


def _squad_documents(path: Path, language: str) -> Iterator[Document]:
    for item in _squad_paragraphs(path, language):
        text = item.row.text("context")
        yield document(item.id, text, title=item.title, language=item.languages[0])


def _squad_questions(path: Path, language: str) -> Iterator[Conversation]:
    for item in _squad_paragraphs(path, language):
        for qa in item.row.rows("qas"):
            if qa.fields.get("question") != "":
                turn = _squad_turn(qa, item)
                yield Conversation(turn.id, item.languages[1], (turn,))


def _squad_turn(qa: Row, item: _Paragraph) -> AskedTurn:
    question = qa.text("question")
    found = (answer.text("text") for answer in qa.rows("answers", needed=False))
    answers = tuple(dict.fromkeys(found))
    impossible = qa.flag("is_impossible")
    return AskedTurn(
        "-".join(filter(None, (item.file, qa.text("id")))),
        question,
        answers=() if impossible else answers,
        answer_language=item.languages[0] if item.languages[0] != item.languages[1] else "",
        relevant={item.id: 1.0} if answers and not impossible else {},
        answerable=bool(answers) if impossible is None else not impossible,
        kind=question_kind(question) if item.languages[1] == "en" else "",
    )


def coqa(path: Path, language: str) -> Dataset:
    """Return CoQA: every story is a document with one conversation about it."""

    def stories() -> Iterator[Row]:
        return (Row.of(path, entry, COQA) for entry in json_entries(path, "data"))

    def documents() -> Iterator[Document]:
        for story in stories():
            yield document(story.text("id"), story.text("story"), language=language or "en")

    def conversations() -> Iterator[Conversation]:
        for story in stories():
            yield Conversation(story.text("id"), language or "en", _coqa_turns(story))

    return Dataset("coqa", conversations, documents)


def _coqa_turns(story: Row) -> tuple[AskedTurn, ...]:
    name = story.text("id")
    replies = {row.number("turn_id"): row.text("input_text") for row in story.rows("answers")}
    answers = {number: [text] for number, text in replies.items()}
    if story.has("additional_answers"):
        more = story.row("additional_answers")
        for annotator in more.fields:
            for row in more.rows(annotator):
                answers.setdefault(row.number("turn_id"), []).append(row.text("input_text"))
    turns = []
    for row in story.rows("questions"):
        number = row.number("turn_id")
        if number not in replies:
            raise row.wrong("turn_id", f"{number} has no answer")
        known = tuple(text for text in dict.fromkeys(answers[number]) if text not in _NO_ANSWER)
        turns.append(
            AskedTurn(
                f"{name}-{number}",
                row.text("input_text"),
                answers=known,
                relevant={name: 1.0} if known else {},
                answerable=bool(known),
                reply=replies[number],
                kind=question_kind(row.text("input_text")),
            )
        )
    return tuple(turns)


def quac(path: Path, language: str) -> Dataset:
    """Return QuAC: every section is a document with one conversation about it."""

    def sections() -> Iterator[tuple[str, Row]]:
        for entry in json_entries(path, "data"):
            article = Row.of(path, entry, QUAC)
            title = f"{article.optional('title')}: {article.optional('section_title')}".strip(": ")
            for paragraph in article.rows("paragraphs"):
                yield title, paragraph

    def documents() -> Iterator[Document]:
        for title, section in sections():
            text = section.text("context").removesuffix("CANNOTANSWER").rstrip()
            yield document(section.text("id"), text, title=title, language=language or "en")

    def conversations() -> Iterator[Conversation]:
        for _, section in sections():
            name = section.text("id")
            turns = tuple(_quac_turn(name, qa) for qa in section.rows("qas"))
            yield Conversation(name, language or "en", turns)

    return Dataset("quac", conversations, documents)


def _quac_turn(name: str, qa: Row) -> AskedTurn:
    found = dict.fromkeys(row.text("text") for row in qa.rows("answers"))
    known = tuple(text for text in found if text not in _NO_ANSWER)
    reply = qa.row("orig_answer").optional("text") if qa.has("orig_answer") else ""
    question = qa.text("question")
    return AskedTurn(
        qa.text("id"),
        question,
        answers=known,
        relevant={name: 1.0} if known else {},
        answerable=bool(known),
        reply="" if reply in _NO_ANSWER else reply or next(iter(known), ""),
        kind=question_kind(question),
    )
