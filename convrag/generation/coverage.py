"""How much of a question's wording a text has, in any script and inflection."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import mask
from convrag.text.analysis import analyze, content_words
from convrag.text.function_words import greetings
from convrag.text.normalize import match_key
from convrag.types import Query, Span

_ALIKE = 0.4
"""Share of common trigrams from which on two words begin to count as forms of one."""

_NEARBY = 0.7
"""What an entity counts that only the text around names, or whose kind the text names."""
_QUESTION = re.compile(r"([^.!?:。！？：؟।]+)[?？؟][^?？؟]*$")
_SHORTEST_QUESTION = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer should share with the question: content words as tokens, and entities."""

    words: tuple[tuple[str, ...], ...]
    entities: Mapping[str, tuple[frozenset[str], ...]]
    """By entity the tokens of each name of its kind ("washing machine")."""

    def words_in(self, text: str, language: str) -> float:
        """Return the share (0..1) of the words that a text has; 1 if there are none."""
        if not self.words:
            return 1.0
        present = set(analyze(text, language))
        return sum(_has(word, present) for word in self.words) / len(self.words)

    def entities_in(
        self, text: str, language: str, named: Collection[str], around: Collection[str]
    ) -> float:
        """Return the share (0..1) of the entities that a text is about; 1 if there are none.

        Args:
            text: The text.
            language: Of the question.
            named: Entities that the text itself names.
            around: Entities that the text around it names; they count for less, as the kind does.
        """
        if not self.entities:
            return 1.0
        present = set(analyze(text, language))
        found = 0.0
        for entity, kinds in self.entities.items():
            if entity in named:
                found += 1.0
            elif entity in around or any(kind <= present for kind in kinds):
                found += _NEARBY
        return found / len(self.entities)


def wanted(graph: KnowledgeGraph, query: Query) -> Wanted:
    """Return the content words and linked entities of what the query asks."""
    links = [link for link in query.links if link.entity_id is not None]
    entities = {
        entity_id: _kind_names(graph, entity_id, query.language)
        for link in links
        if (entity_id := link.entity_id)
    }
    kinds = {token for names in entities.values() for name in names for token in name}
    start, end = _asked(query.text)
    rest = mask(query.text, [link.mention.span for link in links])
    polite = greetings(query.language)
    words = dict.fromkeys(
        tuple(analyze(rest[a:b], query.language))
        for a, b in content_words(rest, query.language)
        if start <= a and b <= end and match_key(rest[a:b]) not in polite
    )
    # "that city (La Paz)": a word for the entity's kind says nothing beyond the entity.
    asked = [word for word in words if not any(t in kinds for t in word if t[0] in "wb")]
    return Wanted(tuple(asked), entities)


def _asked(text: str) -> Span:
    """Return where the question proper stands: after what leads up to it.

    "Now something else: how much is the filter?", "My oven is dirty. How do I clean it?"
    """
    question = _QUESTION.search(text)
    if question is None or sum(map(str.isalnum, question[1])) < _SHORTEST_QUESTION:
        return 0, len(text)
    return question.span(1)


def _kind_names(graph: KnowledgeGraph, entity_id: str, language: str) -> tuple[frozenset[str], ...]:
    names: list[frozenset[str]] = []
    for kind in graph.entities[entity_id].types:
        named = graph.classes[kind]
        for name in (named.labels.get(language, ""), *named.aliases.get(language, ())):
            tokens = frozenset(t for t in analyze(name, language) if t[0] in "wb")
            if tokens:
                names.append(tokens)
    return tuple(names)


def _has(word: Sequence[str], present: set[str]) -> float:
    """Return 1 if the word is there in some form, less if only pieces of it are."""
    whole = [t for t in word if t[0] in "wbi"]
    if any(t in present for t in whole):
        return 1.0
    pieces = [t for t in word if t[0] in "tu"]
    share = sum(t in present for t in pieces) / len(pieces) if pieces else 0.0
    return max(0.0, (share - _ALIKE) / (1.0 - _ALIKE))
