"""What one turn has in it: names, relations, and words that lean on the dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from convrag.dialogue.lexicon import Cue, Lexicon, lexicon
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import mask
from convrag.graph.quantities import number_phrases
from convrag.graph.relations import RelationMatch, RelationMatcher
from convrag.text.analysis import content_words
from convrag.text.segment import overlap
from convrag.types import DialogueState, Link, Mention, Span


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in one turn."""

    text: str
    language: str
    state: DialogueState
    lexicon: Lexicon
    links: tuple[Link, ...]
    relations: tuple[RelationMatch, ...]
    cues: tuple[Cue, ...]
    opening: str
    opening_span: Span
    content: int
    """Content words besides the linked names, the opening and words that ask for a number."""

    @property
    def is_bare(self) -> bool:
        """Whether the turn is nothing but names: "Spain?"."""
        rest = mask(self.text, [link.mention.span for link in self.links])
        return not any(c.isalnum() for c in rest)


def asked_properties(relations: Sequence[RelationMatch], graph: KnowledgeGraph) -> set[str]:
    """Return the properties that are named, but for those within the name of a class.

    "Washing machine" asks for no machine of anything.
    """
    kinds = [r.span for r in relations if r.target in graph.classes]
    return {
        r.target
        for r in relations
        if r.target in graph.properties
        and not any(a <= r.span[0] and r.span[1] <= b and (a, b) != r.span for a, b in kinds)
    }


def look(
    text: str,
    language: str,
    state: DialogueState,
    linker: DictionaryLinker,
    matcher: RelationMatcher,
) -> Seen:
    """Return what the turn has in it, its names read with what the dialogue is about."""
    words = lexicon(language)
    relations = matcher.match(text, language=language)
    links = linker.link(text, language=language, focus=state.focus, relations=relations)
    names = [link.mention.span for link in links]
    relations = tuple(r for r in relations if not any(overlap(r.span, n) for n in names))
    opening, span = words.opening(text)
    if opening == "corrections":  # "mean" asks for no meaning there
        relations = tuple(r for r in relations if not overlap(r.span, span))
    cues = tuple(c for c in words.cues(text) if not any(overlap(c.span, n) for n in names))
    aside = [*names, span, *number_phrases(text, language)]
    content = content_count(text, language, aside)
    return Seen(text, language, state, words, links, relations, cues, opening, span, content)


def content_count(text: str, language: str, aside: Sequence[Span]) -> int:
    """Return about how many words of content the text has outside the spans ``aside``.

    Scripts without spaces come as overlapping pairs of characters, about two a word.
    """
    spans = [s for s in content_words(text, language) if not any(overlap(s, a) for a in aside)]
    pairs = sum(1 for a, b in zip(spans, spans[1:], strict=False) if b[0] < a[1])
    return len(spans) - (pairs + 1) // 2


def moved(link: Link, by: int) -> Link:
    """Return the link with its mention ``by`` characters further on."""
    start, end = link.mention.span
    return replace(link, mention=Mention(link.mention.text, (start + by, end + by)))
