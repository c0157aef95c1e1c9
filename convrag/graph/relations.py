"""Which properties and classes a question asks about, by the words the graph has for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import PhraseIndex, longest, mask, stems
from convrag.text.analysis import content_words
from convrag.text.segment import overlap
from convrag.types import Span

_OTHER_LANGUAGE = 0.6
_SCATTERED = 0.85
_SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True)
class RelationMatch:
    """A property or class named in a question; ``strength`` is 0..1."""

    target: str
    span: Span
    strength: float


class RelationMatcher:
    """Finds property and class phrases: as they stand, longest first, or by their content words."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._properties = frozenset(graph.properties)
        self._rows = tuple(_phrases(graph))
        self._phrases = PhraseIndex(self._rows)
        self._bags = lru_cache(maxsize=None)(self._content_bags)

    def match(
        self, text: str, *, language: str, masked: Sequence[Span] = ()
    ) -> tuple[RelationMatch, ...]:
        """Return the properties and classes named outside the ``masked`` spans, in reading order.

        A phrase may stand for several properties; each is returned. A phrase of another language
        counts less, and only when the question has no phrase of its own language. A phrase may
        enclose a masked name.

        Args:
            text: The question.
            language: Its language, for inflected forms and content words.
            masked: Spans of names, whose words are not looked at.
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
        named = [RelationMatch(t, s, score) for (t, s), score in matches.items()]
        taken = [r.span for r in named if r.target in self._properties]
        named += [
            r
            for r in self._scattered(mask(text, masked), language)
            if not any(overlap(r.span, span) for span in taken)
        ]
        return tuple(self._without_kinds_as_properties(named))

    def mentions(
        self, text: str, *, language: str, masked: Sequence[Span] = ()
    ) -> tuple[RelationMatch, ...]:
        """Return all that the words may name, in reading order: classes inside properties as well.

        As :meth:`match`, but a property's phrase hides no class ("which country" names both).
        """
        found = self._phrases.find(mask(text, masked), language=language)
        native = [m for m in found if m.phrase.language in (language, "")]
        usable = native or [m for m in found if m.exact]
        kept: dict[tuple[str, Span], RelationMatch] = {}
        for of_property in (True, False):
            some = [m for m in usable if (m.phrase.target in self._properties) is of_property]
            for match in (m for group in longest(some) for m in group):
                named = RelationMatch(match.phrase.target, match.span, 1.0 if match.exact else 0.95)
                kept.setdefault((named.target, named.span), named)
        spans = [r.span for r in kept.values() if r.target in self._properties]
        for named in self._scattered(mask(text, masked), language):
            if not any(overlap(named.span, span) for span in spans):
                kept.setdefault((named.target, named.span), named)
        return tuple(sorted(kept.values(), key=lambda r: (r.span, r.target)))

    def _without_kinds_as_properties(self, named: list[RelationMatch]) -> list[RelationMatch]:
        """Drop the property reading of a class word ("which countries") beside another property."""
        kinds = {r.span for r in named if r.target not in self._properties}
        others = [r for r in named if r.target in self._properties and r.span not in kinds]
        if not others:
            return named
        return [r for r in named if r.target not in self._properties or r.span not in kinds]

    def _scattered(self, text: str, language: str) -> list[RelationMatch]:
        """Return properties all of whose phrase's content words stand somewhere in the text.

        Each of the words is a match of its own. Of phrases whose words include another's, only the
        longer one counts.
        """
        spans = dict(stems(text, language))
        found = [(bag, t) for bag, t in self._bags(language) if bag <= spans.keys()]
        return [
            RelationMatch(target, span, _SCATTERED)
            for bag, target in found
            if not any(bag < other for other, _ in found)
            for span in sorted(spans[stem] for stem in bag)
        ]

    def _content_bags(self, language: str) -> tuple[tuple[frozenset[str], str], ...]:
        bags: set[tuple[frozenset[str], str]] = set()
        for text, of, target, _ in self._rows:
            if of == language and target in self._properties:
                content = [text[a:b] for a, b in content_words(text, language)]
                bag = frozenset(s for word in content for s, _ in stems(word, language))
                if bag and all(len(stem) >= _SHORTEST_STEM for stem in bag):
                    bags.add((bag, target))
        return tuple(sorted(bags, key=lambda item: (sorted(item[0]), item[1])))


def _phrases(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str, bool]]:
    for item in graph.properties.values():
        for language, label in item.labels.items():
            yield label, language, item.id, True
        for language, phrases in item.phrases.items():
            for phrase in phrases:
                yield phrase, language, item.id, False
    yield from _class_names(graph)


def class_phrases(graph: KnowledgeGraph) -> PhraseIndex:
    """Return the words for the graph's classes, to be found in texts."""
    return PhraseIndex(_class_names(graph))


def _class_names(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str, bool]]:
    for kind in graph.classes.values():
        for language, label in kind.labels.items():
            yield label, language, kind.id, True
        for language, aliases in kind.aliases.items():
            for alias in aliases:
                yield alias, language, kind.id, False
