"""The stages of a turn, and what they share: one index, one graph, the models."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from convrag.dialogue.choosing import ChosenRewriter, Learned
from convrag.dialogue.clarifying import Clarifier
from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import advance
from convrag.errors import ConvragError, UsageError
from convrag.events import Event, Failed
from convrag.generation.neural import NeuralWriter
from convrag.generation.reading import EvidenceReader
from convrag.generation.writing import Draft, compose
from convrag.graph import storage
from convrag.graph.conflicts import Conflicts
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.name_table import fingerprint_of, open_names
from convrag.graph.naming import generalized
from convrag.graph.relations import RelationMatcher
from convrag.graph.wording import entity_view, triple_statement
from convrag.models.remembering import RememberingEncoder
from convrag.pipeline.outcome import outcome_of
from convrag.pipeline.turn import ANYTHING, Run
from convrag.protocols import CancelToken, Encoder, Generator, Reranker, Rewriter
from convrag.retrieval.facts import FactChannel
from convrag.retrieval.hybrid import CHANNELS, RERANKED, HybridRetriever, first
from convrag.retrieval.index import Index
from convrag.retrieval.storage import read_manifest
from convrag.retrieval.walks import WalkChannel
from convrag.text.analysis import analyze
from convrag.text.language import LanguageIdentifier
from convrag.text.segment import overlap
from convrag.types import (
    Answer,
    Clarification,
    Dialogue,
    DialogueState,
    Evidence,
    Filter,
    Link,
    Passage,
    Query,
    Reading,
    Role,
    Turn,
)
from convrag.views import EntityView

_LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
"""Languages in which questions are understood whatever the documents' languages."""
PARTS = ("graph", "walk", "rewrite", "dense", "lexical")
"""What a pipeline can do without, so that it can be measured what that part gives.

The walk finds what only two passages together answer; it starts at entities of the graph."""
_PIECES = re.compile(r"\S+\s*|\s+")


class Pipeline:
    """Answers the turns of dialogues over one index."""

    def __init__(
        self,
        index: Index,
        encoder: Encoder,
        *,
        name: str,
        k: int = 8,
        generator: Generator | None = None,
        reranker: Reranker | None = None,
        examples: Mapping[str, tuple[str, ...]] | None = None,
        learned: Learned | None = None,
        without: Collection[str] = (),
    ) -> None:
        """Answer from ``index``.

        Args:
            index: Closed with the pipeline.
            encoder: The one the index was made with.
            name: For people to read.
            k: Pieces of evidence kept for an answer.
            generator: Words answers; without one sentences and facts answer as they are.
            reranker: Reads the first pieces of evidence again.
            examples: Questions to begin with, by language.
            learned: Makes follow-ups stand alone beside the rules over the graph.
            without: What to do without, of :data:`PARTS`.
        """
        self._without = frozenset(without)
        self.name = name
        self.examples = examples or {}
        self.generator_id = generator.id if generator else ""
        self._encoder = RememberingEncoder(encoder)
        self._generator = generator
        self._reranker = reranker
        self._k = k
        self._learned = learned
        self._use(index)

    def _use(self, index: Index) -> None:
        """Answer from ``index`` as it is now."""
        encoder = self._encoder
        self._index = index
        with index.snapshot() as connection:
            self._generation = index.generation
            self._graph_files = storage.content_hashes(connection)
            self._graph = KnowledgeGraph(storage.load_triples(connection))
            self._prefixes = storage.load_prefixes(connection)
            self._document_languages = index.languages
        self.languages = tuple(dict.fromkeys([*self._document_languages, *_LANGUAGES]))
        self._language = LanguageIdentifier(self.languages)
        names = open_names(self._graph, index.path, fingerprint_of(self._graph_files))
        self._linker = DictionaryLinker(self._graph, names, encoder, has_word=self._has_word)
        self._conflicts = Conflicts(self._graph)
        matcher = RelationMatcher(self._graph)
        self._clarifier = Clarifier(self._graph, self._linker, matcher)
        rules = RuleRewriter(self._graph, self._linker, matcher, self._identify)
        self._rewriter: Rewriter = rules
        if self._learned is not None:
            self._rewriter = ChosenRewriter(rules, self._learned)
        facts = FactChannel(self._graph, matcher, encoder)
        walk = None
        if not self._without & {"graph", "walk"}:
            walk = WalkChannel(index, self._graph, self._named)
        self._retriever = HybridRetriever(
            index,
            encoder,
            facts,
            self._generalize,
            walk=walk,
            channels=CHANNELS - self._without,
        )
        self._reader = EvidenceReader(self._graph, self._linker, encoder)
        self._neural = NeuralWriter(self._graph, self._generator) if self._generator else None

    def _follow(self) -> None:
        """Take in what other processes made of the index since the turn before.

        Passages are read as they are anyway; the graph is in memory, and a rebuilt index is another
        one in the same folder.
        """
        index = self._index
        if read_manifest(index.path).uid != index.manifest.uid:
            self._use(Index.open(index.path, encoder_id=index.encoder_id))
            index.close()
            return
        with index.snapshot() as connection:
            generation = index.generation
            graph_files = storage.content_hashes(connection)
            grown = generation != self._generation and index.languages != self._document_languages
        if grown or graph_files != self._graph_files:
            self._use(index)
        self._generation = generation

    def respond(
        self,
        dialogue: Dialogue,
        turn: Turn,
        *,
        filter: Filter = ANYTHING,
        cancel: CancelToken | None = None,
    ) -> Iterator[Event]:
        """Yield the turn's events; the last one is `Finished` or `Failed`.

        Args:
            dialogue: The turns before.
            turn: The question.
            filter: What may be found. Facts of the graph have a source, but neither language, tags,
                date nor document: filters by language let them through, as they are said in the
                asker's language, the other ones only by source.
            cancel: Stops the answer.
        """
        run = Run(self, dialogue, turn, filter, cancel or CancelToken())
        try:
            self._follow()
            yield from run.events()
        except ConvragError as error:
            yield Failed(error)

    def _generalize(self, query: Query) -> str:
        return generalized(self._graph, query)

    def _named(self, text: str, language: str) -> tuple[Link, ...]:
        return self._linker.link(text, language=language, fuzzy=False)

    def _has_word(self, word: str, language: str) -> bool:
        """Return whether the passages have the word in some form."""
        stems = [t for t in analyze(word, language) if t.startswith("w:")]
        return bool(stems) and all(self._index.terms.frequency(t) for t in stems)

    def _identify(self, text: str, default: str) -> str:
        return self._language.identify(text, default=default)

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        """Return the passage's text, or the triple as a sentence in ``language``."""
        if isinstance(evidence.item, Passage):
            return evidence.item.text
        return triple_statement(self._graph, evidence.item, language)

    def title(self, evidence: Evidence, *, language: str) -> str:
        """Return the passage's title, or the name of the triple's subject in ``language``."""
        if isinstance(evidence.item, Passage):
            return evidence.item.title
        return self._graph.label(evidence.item.subject, language)

    def describe(self, entity_id: str, *, language: str) -> EntityView:
        """Return the entity with its facts in words.

        Raises:
            UsageError: The graph has no such entity.
        """
        if entity_id not in self._graph.entities:
            raise UsageError(f"the graph has no entity '{entity_id}'")
        return entity_view(self._graph, entity_id, language)

    @property
    def graph(self) -> KnowledgeGraph:
        """What the index knows of entities, as the last turn found it."""
        return self._graph

    @property
    def index(self) -> Index:
        """Where the answers come from, as the last turn found it."""
        return self._index

    def expand_curie(self, text: str) -> str:
        """Return the IRI that ``prefix:name`` stands for; the text itself if it is no CURIE."""
        prefix, _, name = text.partition(":")
        return self._prefixes[prefix] + name if prefix in self._prefixes else text

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    # The stages, called by Run in this order.

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the turn made to stand alone."""
        if "rewrite" in self._without:
            dialogue = Dialogue(dialogue.id, (), DialogueState(language=dialogue.state.language))
        return self._rewriter.rewrite(turn, dialogue)

    def link(self, query: Query, dialogue: Dialogue) -> tuple[Link, ...]:
        """Return the query's links: what the rewriter knows, and what else its text names."""
        if query.standalone:
            return query.links
        found = self._linker.link(
            query.text, language=query.language, focus=dialogue.state.focus, fuzzy=False
        )
        kept = [k for k in query.links if not any(_inside(k, link) for link in found)]
        free = [
            link
            for link in found
            if not any(overlap(link.mention.span, k.mention.span) for k in kept)
        ]
        return tuple(sorted([*kept, *free], key=lambda link: link.mention.span))

    def retrieve(self, query: Query) -> tuple[Evidence, ...]:
        """Return evidence, best first."""
        if self._reranker is None:
            found = self._retriever.retrieve(query, k=self._k)
        else:
            found = self._retriever.retrieve(query, k=max(self._k, RERANKED))
            found = first(self._reranker.rerank(query, found, k=len(found)), self._k)
        return tuple(self._conflicts.sourced(evidence) for evidence in found)

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading:
        """Return the spans that answer."""
        return self._reader.read(query, evidence)

    def write(
        self,
        query: Query,
        evidence: Sequence[Evidence],
        reading: Reading,
        cancel: CancelToken,
    ) -> Iterator[str | Draft]:
        """Yield the answer's text in pieces, then the draft it belongs to.

        When a model says nothing, the evidence answers for itself. What code concluded from
        several facts is worded by code.
        """
        if self._neural is not None and reading.conclusion is None:
            for piece in self._neural.write(query, evidence, reading, cancel=cancel):
                if isinstance(piece, Draft) and not piece.text and not cancel.cancelled:
                    break
                yield piece
            else:
                return
        draft = compose(self._graph, query, evidence, reading)
        yield from _PIECES.findall(draft.text)
        yield draft

    def open_name(self, query: Query, dialogue: Dialogue) -> Clarification | None:
        """Return which name of the query may mean several things; ``asked`` says to ask back.

        Nobody is asked back twice in a row.
        """
        found = self._clarifier.open_name(query, dialogue.state)
        pending = dialogue.state.pending
        if found is None or (pending is not None and pending.asked):
            return found
        return replace(found, asked=True)

    def next_dialogue(
        self,
        dialogue: Dialogue,
        turn: Turn,
        answer: Answer,
        evidence: Sequence[Evidence],
        pending: Clarification | None = None,
    ) -> Dialogue:
        """Return the dialogue with both turns and the state they leave."""
        outcome = outcome_of(answer, evidence, self._linker, self._graph, pending)
        state = advance(dialogue.state, answer.query, outcome, self._graph)
        reply = Turn(uuid.uuid4().hex, Role.ASSISTANT, answer.text, answer.language, time.time())
        asked = replace(turn, language=answer.query.language)
        return Dialogue(dialogue.id, (*dialogue.turns, asked, reply), state)


def _inside(part: Link, whole: Link) -> bool:
    (a, b), (start, end) = part.mention.span, whole.mention.span
    return start <= a and b <= end and end - start > b - a
