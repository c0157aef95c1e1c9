"""How much of a question's wording a text has, in any script and inflection."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from convrag.graph.phrases import mask
from convrag.text.analysis import analyze, content_words
from convrag.types import Query

_ALIKE = 0.4
"""Share of common trigrams from which on two words begin to count as forms of one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer should share with the question: content words as tokens, and entities."""

    words: tuple[tuple[str, ...], ...]
    entities: frozenset[str]

    def share(self, text: str, language: str, entities: Collection[str]) -> float:
        """Return the share (0..1) that a text with these entities has; 1 if nothing is wanted."""
        total = len(self.words) + len(self.entities)
        if not total:
            return 1.0
        present = set(analyze(text, language))
        found = sum(_has(word, present) for word in self.words)
        return (found + len(self.entities & set(entities))) / total


def wanted(query: Query) -> Wanted:
    """Return the question's content words and linked entities."""
    links = [link for link in query.links if link.entity_id is not None]
    rest = mask(query.text, [link.mention.span for link in links])
    words = dict.fromkeys(
        tuple(analyze(rest[start:end], query.language))
        for start, end in content_words(rest, query.language)
    )
    return Wanted(tuple(words), frozenset(str(link.entity_id) for link in links))


def _has(word: Sequence[str], present: set[str]) -> float:
    """Return 1 if the word is there in some form, less if only pieces of it are."""
    whole = [t for t in word if t[0] in "wbi"]
    if any(t in present for t in whole):
        return 1.0
    pieces = [t for t in word if t[0] in "tu"]
    share = sum(t in present for t in pieces) / len(pieces) if pieces else 0.0
    return max(0.0, (share - _ALIKE) / (1.0 - _ALIKE))
