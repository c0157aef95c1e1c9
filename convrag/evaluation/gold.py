"""The right inputs of a turn's stages, and the stages run with some of them in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from convrag.evaluation.dialogues import Expectation, Need, PassageNeed, ScriptedTurn, TripleNeed
from convrag.evaluation.scoring import Expand, satisfies
from convrag.events import Event
from convrag.protocols import CancelToken
from convrag.text.normalize import match_key
from convrag.text.segment import sentences
from convrag.types import (
    AnswerSpan,
    Clarification,
    Dialogue,
    Evidence,
    Filter,
    Link,
    Mention,
    Passage,
    Query,
    Reading,
    Span,
    Triple,
    Turn,
)

if TYPE_CHECKING:
    from convrag.graph.model import KnowledgeGraph
    from convrag.pipeline import Pipeline
    from convrag.retrieval.index import Index

_CERTAIN = 1.0


@runtime_checkable
class Steps(Protocol):
    """What has stages that can be put right one by one, as a pipeline has."""

    @property
    def graph(self) -> KnowledgeGraph: ...

    @property
    def index(self) -> Index: ...

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query: ...

    def link(self, query: Query, dialogue: Dialogue) -> tuple[Link, ...]: ...

    def open_name(self, query: Query, dialogue: Dialogue) -> Clarification | None: ...

    def retrieve(self, query: Query) -> tuple[Evidence, ...]: ...

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading: ...

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]: ...

    def expand_curie(self, text: str) -> str: ...


class GoldStages:
    """A pipeline in which the stages named are given, or give, what the script says is right.

    Stages that the script says nothing about run as they are.
    """

    def __init__(self, pipeline: Steps, turn: ScriptedTurn, stages: Iterable[str]) -> None:
        """Take the place of ``pipeline`` for one turn.

        Args:
            pipeline: Does everything else.
            turn: Says what is right.
            stages: Of :data:`convrag.evaluation.attribution.STAGES`.
        """
        self._pipeline = pipeline
        self._turn = turn
        self._stages = frozenset(stages)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the pipeline has
        return getattr(self._pipeline, name)

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        """Yield the turn's events."""
        from convrag.pipeline.turn import Run  # what runs it is loaded by now

        if "language" in self._stages:
            turn = replace(turn, language=self._turn.expect.language)
        return Run(cast("Pipeline", self), dialogue, turn, Filter(), CancelToken()).events()

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the question that stands alone, read without the turns before."""
        text = right_rewrite(self._turn)
        if "rewrite" not in self._stages or not text:
            return self._pipeline.rewrite(turn, dialogue)
        query = self._pipeline.rewrite(replace(turn, text=text), Dialogue(dialogue.id))
        return replace(query, original=turn.text)

    def link(self, query: Query, dialogue: Dialogue) -> tuple[Link, ...]:
        """Return links to the expected entities and to no others."""
        found = self._pipeline.link(query, dialogue)
        wanted = [self._pipeline.expand_curie(text) for text in self._turn.expect.entities]
        if "link" not in self._stages or not wanted:
            return found
        return right_links(query, found, wanted, self._names)

    def open_name(self, query: Query, dialogue: Dialogue) -> Clarification | None:
        """Return what is to be asked back: nothing, when the script says what is meant."""
        if "link" in self._stages and not self._turn.expect.clarify:
            return None
        return self._pipeline.open_name(query, dialogue)

    def retrieve(self, query: Query) -> tuple[Evidence, ...]:
        """Return the expected evidence before what is found."""
        found = self._pipeline.retrieve(query)
        needs = self._turn.expect.evidence
        if "retrieve" not in self._stages or not needs:
            return found
        return with_needed(found, needs, self._pipeline, query)

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading:
        """Return the places in the expected evidence that answer, or that nothing answers."""
        expect = self._turn.expect
        if "read" in self._stages and expect.abstain:
            return Reading((), 0.0)
        found = self._pipeline.read(query, evidence)
        if "read" not in self._stages or not expect.evidence:
            return found
        spans = tuple(right_spans(expect, evidence, self._pipeline.expand_curie, query.language))
        same = {span.evidence_id for span in spans} == {span.evidence_id for span in found.spans}
        return Reading(spans, _CERTAIN, found.conclusion if same else None) if spans else found

    def _names(self, entity_id: str) -> set[str]:
        entity = self._pipeline.graph.entities.get(entity_id)
        if entity is None:
            return set()
        return {
            *entity.labels.values(),
            *(name for all_ in entity.aliases.values() for name in all_),
        }


def right_rewrite(turn: ScriptedTurn) -> str:
    """Return the question as it would be asked first in a dialogue; empty when it is not known.

    A question that changes the topic, or has an answer and nothing that a rewrite must contain,
    stands alone.
    """
    expect = turn.expect
    alone = turn.shift or (expect.wants_answer and expect.rewrite is None)
    return expect.standalone or (turn.user if alone else "")


@dataclass(frozen=True, slots=True)
class _Place:
    text: str
    span: Span


def right_links(
    query: Query, found: Sequence[Link], wanted: Sequence[str], names: Callable[[str], set[str]]
) -> tuple[Link, ...]:
    """Return one link or more to each wanted entity, sorted by their places.

    A missing entity takes the place of the link that has it as an alternative, else of one of its
    names, else of a link to something else; without any place its mention is empty.
    """
    right = [link for link in found if link.entity_id in wanted]
    others = [link for link in found if link.entity_id not in wanted]
    for entity_id in wanted:
        if any(link.entity_id == entity_id for link in right):
            continue
        known = [x for x in others if entity_id in {other for other, _ in x.alternatives}]
        place = _named(query.text, names(entity_id))
        if known or (place is None and others):
            taken = (known or others)[0]
            others.remove(taken)
            right.append(Link(taken.mention, entity_id, _CERTAIN))
        else:
            mention = Mention(place.text, place.span) if place else Mention("", (0, 0))
            right.append(Link(mention, entity_id, _CERTAIN))
    return tuple(sorted(right, key=lambda link: link.mention.span))


def _named(text: str, names: Iterable[str]) -> _Place | None:
    """Return where the longest of the names is in the text."""
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text
    for name in sorted(names, key=lambda name: (-len(name), name)):
        at = folded.find(name.casefold())
        if name and at >= 0:
            return _Place(text[at : at + len(name)], (at, at + len(name)))
    return None


def with_needed(
    found: Sequence[Evidence],
    needs: Sequence[Sequence[Need]],
    pipeline: Steps,
    query: Query,
) -> tuple[Evidence, ...]:
    """Return what is needed, first and certain, then the rest of what was found."""
    best = max((e.score for e in found), default=1.0)
    sure = max((e.confidence for e in found if isinstance(e.item, Passage)), default=_CERTAIN)
    first: dict[str, Evidence] = {}
    for alternatives in needs:
        have = [
            e for e in found if any(satisfies(e, n, pipeline.expand_curie) for n in alternatives)
        ]
        for evidence in have or _looked_up(alternatives, pipeline, query, sure):
            first.setdefault(evidence.id, evidence)
    rest = [e for e in found if e.id not in first]
    ahead = [replace(e, score=max(best, e.score)) for e in first.values()]
    return tuple(replace(e, rank=rank) for rank, e in enumerate([*ahead, *rest], start=1))


def _looked_up(
    alternatives: Sequence[Need], pipeline: Steps, query: Query, sure: float
) -> list[Evidence]:
    """Return the alternatives that the index has; of passages one, in the query's language."""
    linked = {link.entity_id for link in query.links}
    facts: list[Evidence] = []
    passages: list[Passage] = []
    for need in alternatives:
        if isinstance(need, TripleNeed):
            facts += _facts(need, pipeline, linked)
        else:
            passages += _passages(need, pipeline)
    if facts:
        return facts
    passages.sort(key=lambda p: p.language != query.language)
    return [Evidence(p, 0.0, 0, {}, (), sure) for p in passages[:1]]


def _facts(need: TripleNeed, pipeline: Steps, linked: set[str | None]) -> list[Evidence]:
    expand = pipeline.expand_curie
    facts = pipeline.graph.values(expand(need.subject), expand(need.predicate))
    return [
        Evidence(fact, 0.0, 0, {"graph": 1}, _via(fact, linked), _CERTAIN)
        for fact in facts
        if satisfies(Evidence(fact, 0.0, 0, {}), need, expand)
    ]


def _via(fact: Triple, linked: set[str | None]) -> tuple[str, str, str]:
    """Return how the fact is reached: from its object when only that is asked about."""
    if fact.subject not in linked and isinstance(fact.object, str) and fact.object in linked:
        return fact.object, fact.predicate, "inverse"
    return fact.subject, fact.predicate, ""


def _passages(need: PassageNeed, pipeline: Steps) -> list[Passage]:
    index = pipeline.index
    return [
        passage
        for document in index.documents()
        if document.source.replace("\\", "/").endswith(need.source)
        for passage in index.passages_of(document.id)
        if satisfies(Evidence(passage, 0.0, 0, {}), need, pipeline.expand_curie)
    ]


def right_spans(
    expect: Expectation, evidence: Sequence[Evidence], expand: Expand, language: str
) -> Iterator[AnswerSpan]:
    """Yield the expected facts, or the sentences with the expected quotes, need by need."""
    for alternatives in expect.evidence:
        found = [(e, need) for e in evidence for need in alternatives if satisfies(e, need, expand)]
        facts = [e for e, _ in found if isinstance(e.item, Triple)]
        if facts:
            yield from (AnswerSpan(e.id, (0, 0), _CERTAIN) for e in facts)
            continue
        found.sort(key=lambda pair: getattr(pair[0].item, "language", "") != language)
        for e, need in found[:1]:
            if isinstance(e.item, Passage) and isinstance(need, PassageNeed):
                yield AnswerSpan(e.id, _quoted(e.item, need.contains), _CERTAIN)


def _quoted(passage: Passage, quote: str) -> Span:
    """Return the sentences that the quote runs over, the whole passage when it is not in them."""
    at = passage.text.find(quote)
    spans = list(sentences(passage.text, passage.language))
    if at >= 0 and quote:
        hit = [s for s in spans if s[0] < at + len(quote) and at < s[1]]
    else:
        hit = [
            s for s in spans if quote and match_key(quote) in match_key(passage.text[s[0] : s[1]])
        ]
    return (hit[0][0], hit[-1][1]) if hit else (0, len(passage.text))
