"""Answers from a language model: numbered evidence in the prompt, citations and support by code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from babel import Locale

from convrag.generation.writing import Draft, group_facts
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import stems
from convrag.graph.wording import statement
from convrag.protocols import CancelToken, Generator, Prompt
from convrag.text.analysis import content_words
from convrag.text.sanitize import plain
from convrag.text.segment import sentences
from convrag.types import Citation, Evidence, Mode, Passage, Query, Reading, Span

_SOURCES = 3
_SOURCE_LENGTH = 600
_SUPPORTED = 0.5
"""Share of a sentence's content words that one source must have to support it."""
UNSUPPORTED = "[?]"


class NeuralWriter:
    """Streams a model's answer and marks every sentence with its source, or as unsupported."""

    def __init__(self, graph: KnowledgeGraph, generator: Generator) -> None:
        self._graph = graph
        self._generator = generator

    def write(
        self,
        query: Query,
        evidence: Sequence[Evidence],
        reading: Reading,
        *,
        cancel: CancelToken,
    ) -> Iterator[str | Draft]:
        """Yield pieces of text as they come, markers included, and the draft last.

        Markers the model writes itself are dropped: only code cites. The draft is empty when the
        model said nothing.
        """
        sources = self._sources(query, evidence, reading)
        prompt = build_prompt(query, [text for _, _, text in sources])
        written: list[str] = []
        cited: dict[int, Citation] = {}
        pending = ""
        for piece in self._generator.stream(prompt, cancel=cancel):
            pending += _without_markers(plain(piece))
            done = _complete(pending, query.language)
            if done:
                for text in self._cited(pending[:done], query, sources, cited):
                    written.append(text)
                    yield text
                pending = pending[done:]
        if pending.strip():
            for text in self._cited(pending, query, sources, cited):
                written.append(text)
                yield text
        yield Draft(
            "".join(written).strip(),
            tuple(cited[marker] for marker in sorted(cited)),
            Mode.GENERATED,
        )

    def _sources(
        self, query: Query, evidence: Sequence[Evidence], reading: Reading
    ) -> list[tuple[str, Span, str]]:
        """Return ``(evidence id, span, text)`` of what the model may use, best first."""
        by_id = {e.id: e for e in evidence}
        wanted = list(dict.fromkeys(s.evidence_id for s in reading.spans))
        sources: list[tuple[str, Span, str]] = []
        facts = [by_id[i] for i in wanted if by_id[i].via and not _is_passage(by_id[i])]
        for group in group_facts(facts):
            sources.append(
                (group.triples[0].id, (0, 0), statement(self._graph, group, query.language))
            )
        for evidence_id in wanted:
            item = by_id[evidence_id].item
            if isinstance(item, Passage):
                text = item.text[:_SOURCE_LENGTH]
                sources.append((item.id, (0, len(text)), plain(text)))
        return sources[:_SOURCES]

    def _cited(
        self,
        text: str,
        query: Query,
        sources: Sequence[tuple[str, Span, str]],
        cited: dict[int, Citation],
    ) -> Iterator[str]:
        for start, end in sentences(text, query.language):
            sentence = text[start:end].strip()
            if not sentence:
                continue
            marker = _supporting(sentence, query.language, [s for _, _, s in sources])
            if marker is None:
                yield f"{sentence} {UNSUPPORTED} "
            else:
                evidence_id, span, _ = sources[marker - 1]
                cited[marker] = Citation(marker, evidence_id, span)
                yield f"{sentence} [{marker}] "


def build_prompt(query: Query, sources: Sequence[str]) -> Prompt:
    """Return the prompt: numbered sources as data, the question, and where the answer starts."""
    language = Locale.parse(query.language or "en").get_display_name("en") or "English"
    numbered = "\n".join(
        f"[{number}] {' '.join(text.split())}" for number, text in enumerate(sources, start=1)
    )
    text = (
        f"Sources:\n{numbered}\n\n"
        f"Answer the question in one short sentence in {language}, from the sources only.\n"
        f"Question: {' '.join(query.text.split())}\nAnswer:"
    )
    return Prompt(text, max_tokens=120, stop=("\n", "Question:", "Sources:"))


def _is_passage(evidence: Evidence) -> bool:
    return isinstance(evidence.item, Passage)


def _without_markers(text: str) -> str:
    return text.replace("[", "(").replace("]", ")")


def _complete(text: str, language: str) -> int:
    """Return the length of the part of ``text`` that is surely whole sentences."""
    spans = sentences(text, language)
    return spans[-1][0] if len(spans) > 1 else 0


def _supporting(sentence: str, language: str, sources: Sequence[str]) -> int | None:
    """Return the 1-based number of the source that has most of the sentence's words, if enough."""
    spans = content_words(sentence, language)
    wanted = {s for a, b in spans for s, _ in stems(sentence[a:b], language)}
    if not wanted:
        return None
    best, number = 0.0, None
    for place, source in enumerate(sources, start=1):
        share = len(wanted & {s for s, _ in stems(source, language)}) / len(wanted)
        if share > best:
            best, number = share, place
    return number if best >= _SUPPORTED else None
