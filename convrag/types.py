"""The values that cross module borders: frozen, slotted, and nothing but data.

Ids are strings and never names. Spans are half-open character offsets ``[start, end)`` into the
original text. Languages are lower-case ISO 639-1 codes (``"zh"``), empty when unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal as OneOf

Span = tuple[int, int]
"""Half-open character offsets ``[start, end)``."""

Channel = OneOf["dense", "lexical", "graph"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a paged document: its 1-based number and its span in the document's text."""

    number: int
    span: Span


@dataclass(frozen=True, slots=True)
class Document:
    """One source file or record as text. ``id`` is stable for the same ``source``."""

    id: str
    text: str
    title: str
    language: str
    source: str
    content_hash: str
    pages: tuple[Page, ...] = ()
    date: str = ""
    """When the document says it was written: ISO 8601, ``2026-11-25``; empty when it does not."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document small enough to encode; ``span`` locates it in the document's text."""

    id: str
    text: str
    title: str
    language: str
    source: str
    span: Span
    document_id: str = ""
    page: int | None = None
    entity_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """A graph value that is no entity: text, number, date. ``datatype`` is an XSD IRI or empty."""

    value: str
    datatype: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Triple:
    """One statement of the graph. ``object`` is an entity id (IRI) or a :class:`Literal`."""

    subject: str
    predicate: str
    object: str | Literal
    source: str = ""

    @property
    def id(self) -> str:
        """Stable id: the triple's three terms in N-Triples-like form."""
        if isinstance(self.object, Literal):
            tail = f'"{self.object.value}"'
            if self.object.language:
                tail += f"@{self.object.language}"
            elif self.object.datatype:
                tail += f"^^<{self.object.datatype}>"
        else:
            tail = f"<{self.object}>"
        return f"<{self.subject}> <{self.predicate}> {tail}"


@dataclass(frozen=True, slots=True)
class Entity:
    """A node with its names. Mappings go from language to text(s)."""

    id: str
    labels: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A piece of text that names something; ``span`` is into the text that was linked."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Link:
    """A mention and the entity it stands for, None for NIL. Alternatives best first."""

    mention: Mention
    entity_id: str | None
    score: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Focus:
    """An entity the dialogue is about: its name, and how prominent it is now (0..1)."""

    entity_id: str
    name: str
    salience: float
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that the user may have meant; ``label`` tells it apart from the others."""

    entity_id: str
    label: str


@dataclass(frozen=True, slots=True)
class Clarification:
    """A question that waits until it is known what one of its names means."""

    question: str
    """In standalone form."""
    mention: Mention
    """The name, with its place in ``question``."""
    choices: tuple[Choice, ...]
    language: str
    asked: bool = False
    """Whether the user was asked; else every choice was answered, and the user may pick one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the dialogue: the ``number`` counts the user's turns from 1."""

    number: int
    text: str
    language: str
    act: str
    answered: bool
    about: tuple[str, ...] = ()
    """Entities of the question, then the one that answered it."""
    topic: int = 0


@dataclass(frozen=True, slots=True)
class DialogueState:
    """What the next turn may refer to; its size does not grow with the dialogue."""

    focus: tuple[Focus, ...] = ()
    """Entities in focus, most salient first. One without an id is a passage's subject."""
    last_question: str = ""
    """The last question in standalone form."""
    last_links: tuple[Link, ...] = ()
    """Links of ``last_question``; spans are into it."""
    language: str = ""
    topic: int = 0
    """Counts topic shifts from 0."""
    turn: int = 0
    """How many turns the user has had."""
    listed: tuple[str, ...] = ()
    """Entities that were listed or compared last, in order: "the second one"."""
    years: tuple[int, ...] = ()
    """Years that the last answer names, in order: "two years later"."""
    asked: tuple[Asked, ...] = ()
    """The last questions, oldest first, with their languages and whether they were answered."""
    pending: Clarification | None = None
    """What the user was asked back."""
    senses: tuple[tuple[str, str], ...] = ()
    """Names with the entity that the user said they mean, oldest first."""
    reply_language: str = ""
    """Language that the user wants answers in; empty for each question's own."""


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance. ``created`` is seconds since the epoch (UTC)."""

    id: str
    role: Role
    text: str
    language: str = ""
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The turns so far, oldest first, and the state they left."""

    id: str
    turns: tuple[Turn, ...] = ()
    state: DialogueState = field(default_factory=DialogueState)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which passages may be found: every field that is not empty must hold."""

    languages: tuple[str, ...] = ()
    """One of these ISO 639-1 codes."""
    sources: tuple[str, ...] = ()
    """One of these patterns, as the shell writes them: ``manuals/*.pdf``."""
    documents: tuple[str, ...] = ()
    """One of these document ids."""
    tags: tuple[str, ...] = ()
    """At least one of these."""
    after: str = ""
    """Dated on this day or later, ``2026-11-25``; what has no date does not hold."""
    before: str = ""
    """Dated on this day or earlier."""


@dataclass(frozen=True, slots=True)
class Query:
    """A turn made to stand alone. ``text`` is searched together with ``original``."""

    text: str
    original: str
    language: str
    links: tuple[Link, ...] = ()
    confidence: float = 1.0
    standalone: bool = True
    act: str = "question"
    """``question``, ``followup``, ``correction``, ``clarified``, ``smalltalk:KIND``, ``outside``,
    ``preference`` or ``empty``."""
    filter: Filter = field(default_factory=Filter)
    focus: tuple[Focus, ...] = ()
    """Entities that the dialogue is about, most salient first."""
    before: tuple[str, ...] = ()
    """What was said before, oldest first."""
    reply_language: str = ""
    """Language of the answer, where it is not the question's."""


class Inference(StrEnum):
    """How several facts of the graph were put together."""

    COMPARISON = "comparison"
    RANKING = "ranking"
    COUNT = "count"
    LIST = "list"
    DIFFERENCE = "difference"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What several facts say together that none says alone.

    Attributes:
        kind: How they were put together.
        values: What answers: entities or plain values; of a comparison those ahead, all in a tie.
        property: What was measured, "" when nothing was.
        most: Whether the highest value was asked for, else the lowest.
        measured: Entities with their value, best first: all that were compared, or the first few.
        lacking: Entities that were asked for but have no value to compare, or lack what was asked.
        count: How many things were counted, listed or ranked.
        holds: Of a comparison, whether it is as the question says; None when it says nothing.
        difference: Between the two values.
        place: Of a ranking, which place was asked for: 2 for the second highest.
    """

    kind: Inference
    values: tuple[str | Literal, ...] = ()
    property: str = ""
    most: bool = True
    measured: tuple[tuple[str, Literal], ...] = ()
    lacking: tuple[str, ...] = ()
    count: int = 0
    holds: bool | None = None
    difference: Literal | None = None
    place: int = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """A found passage or triple. ``rank`` counts from 1; ``channels`` has the rank in each."""

    item: Passage | Triple
    score: float
    rank: int
    channels: Mapping[Channel, int]
    via: tuple[str, ...] = ()
    """How the graph led here: entity and predicate ids from the question's entity on."""
    confidence: float = 0.0
    """How well the item fits the question by itself: relation match (0..1) or query cosine."""
    conclusion: Conclusion | None = None
    """What the triple says together with the others that have the same conclusion."""
    sources: tuple[str, ...] = ()
    """All that say the triple, sorted, when they are several or it is disputed."""
    disputed: bool = False
    """Whether another source gives another value of a property that has one."""

    @property
    def id(self) -> str:
        """The item's id."""
        return self.item.id


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """A piece of evidence that answers. A triple is cited whole, with the span ``(0, 0)``."""

    evidence_id: str
    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader found, best first, and the probability that it answers (0..1)."""

    spans: tuple[AnswerSpan, ...]
    answerability: float
    conclusion: Conclusion | None = None
    """What the facts that answer say together, when each alone does not answer."""
    lead: AnswerSpan | None = None
    """Line of another passage that says why the first span answers; it is quoted before that."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Marker ``[n]`` in the answer's text stands for this span of that evidence."""

    marker: int
    evidence_id: str
    span: Span


class Status(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    ABSTAINED = "abstained"
    FAILED = "failed"
    CLARIFYING = "clarifying"
    """The answer is a question back, with choices."""


class Mode(StrEnum):
    """Which way of answering produced the text."""

    GRAPH = "graph"
    """Triples put into words by code."""
    EXTRACT = "extract"
    """Sentences of a passage, as written."""
    GENERATED = "generated"
    """A language model, from numbered evidence."""
    NONE = "none"
    """Nothing was answered: small talk, abstention or failure."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user reads, with what supports it. ``timings`` are seconds by stage."""

    text: str
    language: str
    citations: tuple[Citation, ...]
    evidence: tuple[Evidence, ...]
    query: Query
    status: Status
    mode: Mode
    timings: Mapping[str, float]
    choices: tuple[Choice, ...] = ()
    """What a clarifying answer offers, in order."""
