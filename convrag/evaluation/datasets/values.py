"""What every data set is read as: conversations whose turns say what is wanted of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from convrag.types import Document, Span, Triple


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """A question and what the set says of it; empty and None where it says nothing."""

    id: str
    """Unique in the set."""
    question: str
    answers: tuple[str, ...] = ()
    """Each of them is right."""
    answer_language: str = ""
    """Of the answers, where it is not the question's."""
    answer_entities: tuple[str, ...] = ()
    """Entities or values of a graph that are the answer, all of them."""
    rewrites: tuple[str, ...] = ()
    """The question made to stand alone; each of them is right."""
    relevant: Mapping[str, float] = field(default_factory=dict)
    """Documents and triples that answer, by their ids, with grades from 1 on."""
    entities: tuple[str, ...] = ()
    """Entities of a graph that the question names."""
    mentions: Mapping[Span, str | None] = field(default_factory=dict)
    """All names in the question with their entities, None for what the graph does not have."""
    answerable: bool | None = None
    """Whether the set's documents answer it; None when the set does not say."""
    kind: str = ""
    reply: str = ""
    """What was replied in the set's own dialogue; the turns after it build on that."""
    scored: bool = True
    """False for a turn that only leads to others."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in order; a single question is a conversation of one turn."""

    id: str
    language: str
    """Of the questions, ISO 639-1."""
    turns: tuple[AskedTurn, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One set as it lies in a file or folder. Every call reads it from the beginning."""

    name: str
    conversations: Callable[[], Iterable[Conversation]]
    documents: Callable[[], Iterable[Document]] = tuple
    """None for sets that come without their texts: another index is asked then."""
    triples: Callable[[], Iterable[Triple]] = tuple


def document(
    document_id: str, text: str, *, title: str = "", language: str = "en", source: str = ""
) -> Document:
    """Return a text of a set as a document under the id by which the set's turns name it."""
    from hashlib import sha256

    digest = sha256(f"{title}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
    return Document(document_id, text, title, language, source or document_id, digest)
