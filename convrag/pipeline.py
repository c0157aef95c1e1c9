"""One turn, one way: rewrite, link, retrieve, read, answer; every step is an event."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from convrag.config import Config
from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import advance
from convrag.errors import ConvragError, UsageError
from convrag.events import Event, Failed, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.generation.neural import NeuralWriter
from convrag.generation.phrases import phrase
from convrag.generation.reading import EvidenceReader
from convrag.generation.writing import Draft, compose
from convrag.graph import storage
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.naming import generalized
from convrag.graph.relations import RelationMatcher
from convrag.graph.wording import entity_view, triple_statement
from convrag.indexing import Progress, build_index, fingerprint
from convrag.models.registry import load_encoder, load_generator
from convrag.models.remembering import RememberingEncoder
from convrag.packs import DEFAULT_PACK, Pack, find_pack
from convrag.protocols import CancelToken, Encoder, Generator, Reranker
from convrag.retrieval.facts import FactChannel
from convrag.retrieval.hybrid import RERANKED, HybridRetriever, first
from convrag.retrieval.index import Index
from convrag.retrieval.storage import read_manifest
from convrag.text.language import LanguageIdentifier
from convrag.text.segment import overlap
from convrag.types import (
    Answer,
    Dialogue,
    EntityView,
    Evidence,
    Filter,
    Link,
    Mode,
    Passage,
    Query,
    Reading,
    Role,
    Status,
    Triple,
    Turn,
)
from convrag.wire import filter_words

ANSWERABLE = 0.22
"""Below this answerability the answer is that nothing was found.

On the packs' development questions .22 and .25 make equally many mistakes; .22 abstains less."""
_LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
"""Languages in which questions are understood whatever the documents' languages."""
_ANYTHING = Filter()
T = TypeVar("T")
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
    ) -> None:
        self.name = name
        self.examples = examples or {}
        self.generator_id = generator.id if generator else ""
        self._encoder = RememberingEncoder(encoder)
        self._generator = generator
        self._reranker = reranker
        self._k = k
        self._use(index)

    def _use(self, index: Index) -> None:
        """Answer from ``index`` as it is now."""
        encoder = self._encoder
        self._index = index
        with index.snapshot() as connection:
            self._generation = index.generation
            self._graph_files = storage.source_hashes(connection)
            self._graph = KnowledgeGraph(storage.load_triples(connection))
            self._prefixes = storage.load_prefixes(connection)
            self._document_languages = index.languages
        self.languages = tuple(dict.fromkeys([*self._document_languages, *_LANGUAGES]))
        self._language = LanguageIdentifier(self.languages)
        self._linker = DictionaryLinker(self._graph)
        matcher = RelationMatcher(self._graph)
        self._rewriter = RuleRewriter(
            self._graph,
            self._linker,
            matcher,
            self._identify,
        )
        facts = FactChannel(self._graph, matcher, encoder)
        self._retriever = HybridRetriever(index, encoder, facts, self._generalize)
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
            graph_files = storage.source_hashes(connection)
            grown = generation != self._generation and index.languages != self._document_languages
        if grown or graph_files != self._graph_files:
            self._use(index)
        self._generation = generation

    def respond(
        self,
        dialogue: Dialogue,
        turn: Turn,
        *,
        filter: Filter = _ANYTHING,
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
        run = _Run(self, dialogue, turn, filter, cancel or CancelToken())
        try:
            self._follow()
            yield from run.events()
        except ConvragError as error:
            yield Failed(error)

    def _generalize(self, query: Query) -> str:
        return generalized(self._graph, query)

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

    def expand_curie(self, text: str) -> str:
        """Return the IRI that ``prefix:name`` stands for; the text itself if it is no CURIE."""
        prefix, _, name = text.partition(":")
        return self._prefixes[prefix] + name if prefix in self._prefixes else text

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    # The stages, called by _Run in this order.

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the turn made to stand alone."""
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
            return self._retriever.retrieve(query, k=self._k)
        found = self._retriever.retrieve(query, k=max(self._k, RERANKED))
        return first(self._reranker.rerank(query, found, k=len(found)), self._k)

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

        When a model says nothing, the evidence answers for itself.
        """
        if self._neural is not None:
            for piece in self._neural.write(query, evidence, reading, cancel=cancel):
                if isinstance(piece, Draft) and not piece.text and not cancel.cancelled:
                    break
                yield piece
            else:
                return
        draft = compose(self._graph, query, evidence, reading)
        yield from _PIECES.findall(draft.text)
        yield draft

    def next_dialogue(
        self, dialogue: Dialogue, turn: Turn, answer: Answer, evidence: Sequence[Evidence]
    ) -> Dialogue:
        """Return the dialogue with both turns and the state they leave."""
        by_id = {e.id: e for e in evidence}
        cited = [by_id[c.evidence_id] for c in answer.citations if c.evidence_id in by_id]
        answered = {
            other
            for e in cited
            if isinstance(e.item, Triple) and e.via
            for other in [e.item.subject if e.via[2] == "inverse" else e.item.object]
            if isinstance(other, str)
        }
        about = sorted({e.via[0] for e in cited if isinstance(e.item, Triple) and e.via})
        state = advance(dialogue.state, answer.query, sorted(answered), self._graph, about=about)
        reply = Turn(uuid.uuid4().hex, Role.ASSISTANT, answer.text, answer.language, time.time())
        asked = replace(turn, language=answer.query.language)
        return Dialogue(dialogue.id, (*dialogue.turns, asked, reply), state)


def _inside(part: Link, whole: Link) -> bool:
    (a, b), (start, end) = part.mention.span, whole.mention.span
    return start <= a and b <= end and end - start > b - a


class _Run:
    """One turn in the making."""

    def __init__(
        self,
        pipeline: Pipeline,
        dialogue: Dialogue,
        turn: Turn,
        filter: Filter,
        cancel: CancelToken,
    ) -> None:
        self._pipeline = pipeline
        self._dialogue = dialogue
        self._turn = turn
        self._filter = filter
        self._cancel = cancel
        self._timings: dict[str, float] = {}
        self._began = time.perf_counter()

    def events(self) -> Iterator[Event]:
        query = self._timed("rewrite", lambda: self._pipeline.rewrite(self._turn, self._dialogue))
        query = replace(query, filter=self._filter)
        yield Rewritten(query, self._timings["rewrite"])
        if query.act == "empty" or query.act.startswith("smalltalk:"):
            yield from self._fixed(query, query.act.split(":")[-1], Status.COMPLETE, ())
            return
        links = self._timed("link", lambda: self._pipeline.link(query, self._dialogue))
        query = replace(query, links=links)
        yield Linked(links, self._timings["link"])
        evidence = self._timed("retrieve", lambda: self._pipeline.retrieve(query))
        yield Retrieved(evidence, self._timings["retrieve"])
        reading = self._timed("read", lambda: self._pipeline.read(query, evidence))
        yield Read(reading, self._timings["read"])
        if self._cancel.cancelled:
            yield self._finished(query, evidence, Draft("", (), Mode.NONE), Status.STOPPED)
        elif not reading.spans or reading.answerability < ANSWERABLE:
            yield from self._abstained(query, evidence)
        else:
            yield from self._answer(query, evidence, reading)

    def _answer(
        self, query: Query, evidence: tuple[Evidence, ...], reading: Reading
    ) -> Iterator[Event]:
        draft = Draft("", (), Mode.NONE)
        written: list[str] = []
        for piece in self._pipeline.write(query, evidence, reading, self._cancel):
            if isinstance(piece, Draft):
                draft = piece
                break
            if self._cancel.cancelled:
                break
            self._first_word()
            written.append(piece)
            yield TextChunk(piece)
        if self._cancel.cancelled:
            partial = Draft("".join(written).rstrip(), draft.citations, draft.mode)
            yield self._finished(query, evidence, partial, Status.STOPPED)
        elif not draft.text:
            yield from self._abstained(query, evidence)
        else:
            yield self._finished(query, evidence, draft, Status.COMPLETE)

    def _abstained(self, query: Query, evidence: tuple[Evidence, ...]) -> Iterator[Event]:
        kind = "abstain" if query.filter == _ANYTHING else "abstain-filtered"
        yield from self._fixed(query, kind, Status.ABSTAINED, evidence)

    def _fixed(
        self, query: Query, kind: str, status: Status, evidence: tuple[Evidence, ...]
    ) -> Iterator[Event]:
        text = phrase(kind, query.language).replace("{filter}", filter_words(query.filter))
        self._first_word()
        yield TextChunk(text)
        yield self._finished(query, evidence, Draft(text, (), Mode.NONE), status)

    def _finished(
        self, query: Query, evidence: tuple[Evidence, ...], draft: Draft, status: Status
    ) -> Finished:
        self._timings["whole"] = time.perf_counter() - self._began
        answer = Answer(
            draft.text,
            query.language,
            draft.citations,
            evidence,
            query,
            status,
            draft.mode,
            dict(self._timings),
        )
        dialogue = self._pipeline.next_dialogue(self._dialogue, self._turn, answer, evidence)
        return Finished(answer, dialogue)

    def _first_word(self) -> None:
        self._timings.setdefault("first_word", time.perf_counter() - self._began)

    def _timed(self, stage: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = work()
        self._timings[stage] = time.perf_counter() - began
        return result


def open_pipeline(
    config: Config,
    *,
    pack: str | None = None,
    index: Path | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Pipeline:
    """Return a pipeline over a bundled pack or an index folder; a pack is indexed at first use.

    Args:
        config: The settings in force.
        pack: The pack's name; the default pack when neither is given.
        index: An index's folder.
        progress: Told what is being loaded or built.
        cancel: Stops building; what was committed stays for the next start.

    Raises:
        UsageError: Both or an unknown pack is given.
        IndexStoreError: The index is missing, damaged, or was made with another encoder.
        ModelError: A model is unknown, missing or damaged.
    """
    if pack and index:
        raise UsageError("both a pack and an index are given", "choose one of --pack and --index")
    report = progress or (lambda stage, share: None)
    report("loading the encoder", 0.0)
    encoder = load_encoder(config.encoder, config=config)
    generator = None
    if config.generator != "none":
        report("loading the generator", 0.3)
        generator = load_generator(config.generator, config=config)
    reranker = None
    if config.reranker:
        report("loading the reranker", 0.6)
        from convrag.retrieval.reranking import load_reranker  # torch is loaded with it

        reranker = load_reranker(config.reranker, config=config)
    if index is not None:
        opened = Index.open(index, encoder_id=encoder.id)
        return Pipeline(
            opened,
            encoder,
            name=opened.title or index.name,
            k=config.k,
            generator=generator,
            reranker=reranker,
        )
    chosen = find_pack(pack or DEFAULT_PACK)
    opened = Index.open(_pack_index(config, chosen, encoder, report, cancel), encoder_id=encoder.id)
    return Pipeline(
        opened,
        encoder,
        name=chosen.title,
        k=config.k,
        generator=generator,
        reranker=reranker,
        examples=chosen.examples,
    )


def _pack_index(
    config: Config, pack: Pack, encoder: Encoder, progress: Progress, cancel: CancelToken | None
) -> Path:
    """Return the folder of the pack's index, brought up to date when the pack's files changed."""
    folder = config.indexes / f"{pack.name}-{encoder.id.split('@')[-1]}"
    paths = [pack.graph, pack.passages]
    stamp = fingerprint(paths, encoder.id)
    stamp_file = folder / "sources.stamp"
    if stamp_file.is_file() and stamp_file.read_text(encoding="utf-8") == stamp:
        return folder
    build_index(
        paths,
        folder,
        encoder,
        title=pack.title,
        languages=pack.languages,
        root=pack.graph.parent,
        prune=True,
        progress=progress,
        cancel=cancel,
    )
    if cancel is None or not cancel.cancelled:
        stamp_file.write_text(stamp, encoding="utf-8")
    return folder
