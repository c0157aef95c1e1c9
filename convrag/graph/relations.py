"""Which properties and classes a question asks about, by the words the graph has for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import PhraseIndex, longest, mask
from convrag.types import Span

_OTHER_LANGUAGE = 0.6


@dataclass(frozen=True, slots=True)
class RelationMatch:
    """A property or class named in a question; ``strength`` is 0..1."""

    target: str
    span: Span
    strength: float


class RelationMatcher:
    """Finds property and class phrases, longest first."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._phrases = PhraseIndex(_phrases(graph))

    def match(
        self, text: str, *, language: str, masked: Sequence[Span] = ()
    ) -> tuple[RelationMatch, ...]:
        """Return the properties and classes named outside the ``masked`` spans, in reading order.

        A phrase may stand for several properties; each is returned. A phrase of another language
        counts less, and only where the question's own language has no phrase at that place.
        """
        found = self._phrases.find(mask(text, masked), language=language)
        native = [m for m in found if m.phrase.language in (language, "")]
        matches: dict[tuple[str, Span], float] = {}
        places = longest(native) or longest(m for m in found if m.exact)
        for group in places:
            for match in group:
                strength = 1.0 if match.exact else 0.95
                if match.phrase.language not in (language, ""):
                    strength *= _OTHER_LANGUAGE
                key = (match.phrase.target, match.span)
                matches[key] = max(strength, matches.get(key, 0.0))
        return tuple(RelationMatch(t, s, score) for (t, s), score in matches.items())


def _phrases(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str, bool]]:
    for item in graph.properties.values():
        for language, label in item.labels.items():
            yield label, language, item.id, True
        for language, phrases in item.phrases.items():
            for phrase in phrases:
                yield phrase, language, item.id, False
    for kind in graph.classes.values():
        for language, label in kind.labels.items():
            yield label, language, kind.id, True
        for language, aliases in kind.aliases.items():
            for alias in aliases:
                yield alias, language, kind.id, False
