"""The messages of dialogues whose facts are to be found, with what each arm knows before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from convrag.dialogue.state import Outcome, advance
from convrag.graph import storage
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.graph.wording import triple_statement
from convrag.indexing import link_passages
from convrag.models.remembering import RememberingEncoder
from convrag.pipeline import Pipeline
from convrag.protocols import Encoder, Vectors
from convrag.retrieval.facts_ranking import FactRanker
from convrag.retrieval.index import Index
from convrag.types import (
    Dialogue,
    DialogueState,
    Document,
    Focus,
    Link,
    Mention,
    Passage,
    Query,
    Role,
    Triple,
    Turn,
)
from tests.bench.knowledge_dialogues import Conversation, Task

LANGUAGE = "zh"
FUSED = 10
"""Pieces of evidence that the pipeline is asked for."""
_DECAY, _NAMED, _OBJECT = 0.6, 0.9, 0.8
_ENCODED = 256
"""Characters of a fact in words that are encoded."""
_NOWHERE = Mention("", (0, 0))

Setting = Literal["history", "given"]
Ranking = Sequence[str]
"""Ids of triples, best first."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message whose facts are to be found."""

    conversation: str
    place: int
    """Messages before the one that asks."""
    query: Query
    """With the entities of earlier facts and names in focus."""
    own: Query
    """As the project's own stages make it."""
    raw: Query
    """As the project's own stages make it when nothing was said before."""
    mentioned: Query
    """As typed, with everything that was named before equally in focus."""
    about: Query
    """With the entities that its gold facts are about as its links: what no one knows before."""
    gold: frozenset[str]


class Setup:
    """A task with its graph, the tools over it, and a pipeline over an index of both."""

    def __init__(self, task: Task, encoder: Encoder, folder: Path, *, with_texts: bool) -> None:
        """Index the graph in ``folder``, and with ``with_texts`` each fact in words as well."""
        self.task = task
        self.encoder = encoder
        self.graph = KnowledgeGraph(task.triples)
        self.linker = DictionaryLinker(self.graph)
        self.ranker = FactRanker(
            self.graph, RelationMatcher(self.graph), RememberingEncoder(encoder)
        )
        self.ids = [t.id for t in task.facts]
        self.texts = [triple_statement(self.graph, t, LANGUAGE)[:_ENCODED] for t in task.facts]
        self._index = Index.create(folder, encoder=encoder)
        with self._index.transaction() as connection:
            storage.create_tables(connection)
            storage.replace_source(connection, "set", "0", task.triples, {})
        if with_texts:
            rows = zip(self.ids, self.texts, strict=True)
            self._index.update(
                (Document(i, text, "", LANGUAGE, i, "0") for i, text in rows), encoder
            )
            link_passages(self._index)
        self._index.publish()
        self.pipeline = Pipeline(self._index, encoder, name="bench", k=FUSED)

    def outgoing(self, entity: str) -> list[Triple]:
        """Return the facts about an entity."""
        return [t for g in self.graph.groups(entity) if g.forward for t in g.triples]

    def cases(self, setting: Setting) -> list[Case]:
        """Return a case for each message with facts and something said before."""
        return [c for talk in self.task.conversations for c in self._cases(talk, setting)]

    def _cases(self, talk: Conversation, setting: Setting) -> Iterator[Case]:
        known: dict[str, float] = {}
        state = DialogueState()
        texts = [message.text for message in talk.messages]
        queries: list[Query] = []
        for at, message in enumerate(talk.messages):
            queries.append(self._own(message.text, state, texts[:at]))
            state = advance(state, queries[-1], Outcome(), self.graph)
            focus = self._focus(dict(sorted(known.items())))
            if message.gold and at:
                place = at if setting == "given" else at - 1
                yield self._case(talk, place, queries[place], focus, message.gold)
            known = {e: s * _DECAY for e, s in known.items()}
            known |= dict.fromkeys(self._named(message.text, focus), _NAMED)
            for triple in message.gold:
                if isinstance(triple.object, str):
                    known[triple.object] = max(known.get(triple.object, 0.0), _OBJECT)
            known |= {triple.subject: 1.0 for triple in message.gold}

    def _case(
        self,
        talk: Conversation,
        place: int,
        own: Query,
        focus: tuple[Focus, ...],
        gold: Sequence[Triple],
    ) -> Case:
        texts = [message.text for message in talk.messages[: place + 1]]
        asked = texts[place]
        links = self.linker.link(asked, language=LANGUAGE, focus=focus, fuzzy=False)
        query = Query(asked, asked, LANGUAGE, links, focus=focus, before=own.before)
        alone = self.linker.link(asked, language=LANGUAGE, fuzzy=False)
        named = dict.fromkeys(e for text in reversed(texts) for e in self._named(text))
        about = dict.fromkeys(triple.subject for triple in gold)
        return Case(
            talk.id,
            place,
            query,
            own,
            self._own(asked, DialogueState(), ()),
            replace(query, links=alone, focus=self._focus(dict.fromkeys(named, 1.0))),
            replace(query, links=tuple(Link(_NOWHERE, e, 1.0) for e in about)),
            frozenset(t.id for t in gold),
        )

    def _named(self, text: str, focus: Sequence[Focus] = ()) -> Iterator[str]:
        for link in self.linker.link(text, language=LANGUAGE, focus=focus, fuzzy=False):
            if link.entity_id is not None:
                yield link.entity_id

    def _own(self, text: str, state: DialogueState, before: Sequence[str]) -> Query:
        turn, dialogue = Turn("t", Role.USER, text, LANGUAGE), Dialogue("d", (), state)
        query = self.pipeline.rewrite(turn, dialogue)
        links = self.pipeline.link(query, dialogue)
        return replace(query, links=links, focus=state.focus, before=tuple(before))

    def ranked(self, query: Query, model: Vectors) -> Ranking:
        """Return the facts at hand for a query, weighed by ``model`` (F,)."""
        candidates = self.ranker.candidates(query)
        if not candidates:
            return ()
        scores = self.ranker.features(query, candidates) @ model
        return [candidates[i][1].id for i in np.argsort(-scores, kind="stable")]

    def fused(self, query: Query) -> Ranking:
        """Return the facts that the pipeline retrieves, as triples or in words, each once."""
        found = self.pipeline.retrieve(query)
        return list(
            dict.fromkeys(
                e.item.document_id if isinstance(e.item, Passage) else e.id for e in found
            )
        )

    def _focus(self, known: Mapping[str, float]) -> tuple[Focus, ...]:
        """Return what is known, most prominent first; in the order of ``known`` in a tie."""
        best = sorted(known.items(), key=lambda item: -item[1])
        return tuple(
            Focus(e, self.graph.label(e, LANGUAGE), round(s, 4), self.graph.entities[e].types)
            for e, s in best
            if s > 0.05
        )
