"""A responder that answers from a script and stops at gates, for exact tests of the chat."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from convrag.errors import ConvragError
from convrag.events import Event, Failed, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.protocols import CancelToken
from convrag.types import (
    Answer,
    AnswerSpan,
    Choice,
    Citation,
    Dialogue,
    DialogueState,
    Evidence,
    Filter,
    Link,
    Mention,
    Mode,
    Passage,
    Query,
    Reading,
    Role,
    Status,
    Triple,
    Turn,
)
from convrag.views import Edge, EntityView

EX = "urn:convrag:test/"
KENYA, NAIROBI, CAPITAL = EX + "kenya", EX + "nairobi", EX + "capital"
LABELS = {
    KENYA: "Kenya",
    NAIROBI: "Nairobi",
    EX + "tanzania": "Tanzania",
    EX + "swahili": "Swahili",
}
FACT = Triple(KENYA, CAPITAL, NAIROBI, source="world/graph.ttl")
TEXT = (
    "Kenya is a country in East Africa. Its capital and largest city is Nairobi, which lies at "
    "1,795 metres above the sea. The country borders Tanzania, Uganda and Ethiopia."
)
SPAN = (TEXT.index("Its capital"), TEXT.index(", which"))


def passage(
    text: str = TEXT, *, key: str = "kenya-1", title: str = "Kenya", rank: int = 1
) -> Evidence:
    item = Passage(key, text, title, "en", "world/kenya.md", (0, len(text)), "kenya", 3, (KENYA,))
    return Evidence(item, 0.87, rank, {"dense": 1, "lexical": 2})


def default_evidence() -> tuple[Evidence, ...]:
    other = "Nairobi National Park lies seven kilometres south of the centre of the city."
    return (
        passage(),
        Evidence(FACT, 0.71, 2, {"graph": 1}, via=(KENYA, CAPITAL)),
        passage(other, key="park-1", title="Nairobi National Park", rank=3),
    )


@dataclass
class Script:
    """One answer: its pieces, what supports it, and how it ends."""

    pieces: tuple[str, ...] = (
        "The capital of Kenya ",
        "is **Nairobi** [1], ",
        "says the graph [2].",
    )
    rewritten: str = ""
    mode: Mode = Mode.EXTRACT
    evidence: tuple[Evidence, ...] = field(default_factory=default_evidence)
    span: tuple[int, int] = SPAN
    language: str = "en"
    error: Exception | None = None
    abstain: bool = False
    choices: tuple[str, ...] = ()


class ScriptedResponder:
    """Plays scripts in turn; after piece ``gate_after`` it waits for `gate` or a stop."""

    name = "world"
    generator_id = "scripted:test"
    languages = ("en", "zh", "es", "ar")
    examples = MappingProxyType(
        {
            "en": ("What is the capital of Kenya?", "How long is the Nile?"),
            "es": ("¿Qué países limitan con Tanzania?",),
            "zh": ("尼罗河有多长?",),
            "ar": ("ما هي عملة المغرب؟",),
        }
    )

    def __init__(self, *scripts: Script, gate_after: int | None = None, deaf: bool = False) -> None:
        self.scripts = list(scripts)
        self.gate_after = gate_after
        self.gate = threading.Event()
        self.reached = threading.Event()
        self.deaf = deaf
        self.asked: list[tuple[Dialogue, Turn]] = []
        self.closed = False

    def open(self, progress: Callable[[str, float], None]) -> ScriptedResponder:
        progress("Loading the encoder", 0.5)
        return self

    def respond(
        self, dialogue: Dialogue, turn: Turn, *, filter: Filter, cancel: CancelToken
    ) -> Iterator[Event]:
        self.asked.append((dialogue, turn))
        script = self.scripts.pop(0) if self.scripts else Script()
        links = (Link(Mention("Kenya", (0, 5)), KENYA, 0.98),)
        text = script.rewritten or turn.text
        alone = not script.rewritten
        query = Query(text, turn.text, script.language, links, standalone=alone, filter=filter)
        yield Rewritten(query, 0.012)
        yield Linked(links, 0.004)
        yield Retrieved(script.evidence, 0.031)
        if isinstance(script.error, ConvragError):
            yield Failed(script.error)
            return
        if script.error is not None:
            raise script.error
        yield Read(Reading((AnswerSpan("kenya-1", script.span, 0.9),), 0.93), 0.02)
        said = ""
        for number, piece in enumerate(script.pieces):
            if number == self.gate_after:
                self.reached.set()
                while not self.gate.wait(0.005) and (self.deaf or not cancel.cancelled):
                    pass
            if cancel.cancelled and not self.deaf:
                break
            said += piece
            yield TextChunk(piece)
        status = Status.ABSTAINED if script.abstain else Status.COMPLETE
        status = Status.CLARIFYING if script.choices else status
        status = Status.STOPPED if cancel.cancelled else status
        yield self._end(dialogue, turn, script, query, said, status)

    def _end(
        self,
        dialogue: Dialogue,
        turn: Turn,
        script: Script,
        query: Query,
        said: str,
        status: Status,
    ) -> Finished:
        found = script.evidence
        spans = (script.span, (0, 0))
        citations = tuple(
            Citation(n, e.id, s)
            for n, (e, s) in enumerate(zip(found, spans, strict=False), start=1)
        )
        answer = Answer(
            said,
            script.language,
            () if script.abstain else citations,
            found,
            query,
            status,
            Mode.NONE if script.abstain else script.mode,
            {"retrieve": 0.031, "total": 1.24},
            tuple(Choice(EX + label, label) for label in script.choices),
        )
        reply = Turn(f"{turn.id}-reply", Role.ASSISTANT, said, script.language, turn.created + 1)
        turns = (*dialogue.turns, turn, reply)
        state = DialogueState(last_question=query.text, topic=len(turns) // 2)
        return Finished(answer, Dialogue(dialogue.id, turns, state))

    def describe(self, entity_id: str, *, language: str) -> EntityView:
        if entity_id not in LABELS:
            raise ConvragError(f"no entity {entity_id}")
        others = [other for other in LABELS if other != entity_id]
        edges = [
            Edge(Triple(entity_id, EX + "near", other), "near", LABELS[other], other, True)
            for other in others
        ]
        if entity_id == KENYA:
            edges.append(Edge(FACT, "capital", "Nairobi", NAIROBI, True))
        if entity_id == NAIROBI:
            edges.append(Edge(FACT, "capital", "Kenya", KENYA, False))
        return EntityView(entity_id, LABELS[entity_id], "a place in East Africa", tuple(edges))

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        item = evidence.item
        return item.text if isinstance(item, Passage) else "The capital of Kenya is Nairobi."

    def title(self, evidence: Evidence, *, language: str) -> str:
        item = evidence.item
        return item.title if isinstance(item, Passage) else "Kenya: capital"

    def close(self) -> None:
        self.closed = True
