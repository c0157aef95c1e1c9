"""What one turn has in it: names, relations, and words that lean on the dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from convrag.dialogue.lexicon import ITEMS, Cue, Lexicon, lexicon
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import mask
from convrag.graph.quantities import number_phrases
from convrag.graph.relations import RelationMatch, RelationMatcher
from convrag.text.analysis import content_words
from convrag.text.segment import overlap
from convrag.types import DialogueState, Link, Mention, Span

_SURE = 0.95
"""Score from which on a link is not doubted."""
FIRM = 0.9
"""Score of a name that is written as it is known, but for its ending."""
_FAR = 0.7
_ATTACHED = ("ها", "هم", "هما", "هن")
_SHORTEST_WITH_PRONOUN = 5
_EDGES = " ,،.؟?!…"
_MOST_BEFORE = 2
"""Content words that may stand before a name that they are said of."""


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
    rest: int
    """Those that are neither a relation nor a referring word: what the turn says on its own."""

    @property
    def is_bare(self) -> bool:
        """Whether the turn is nothing but names and words beside them: "Spain?", "in Spain?"."""
        return not any(c.isalnum() for c in self._unnamed(self.text))

    @property
    def is_short(self) -> bool:
        """Whether the turn says next to nothing besides names."""
        return self.content <= _MOST_BEFORE

    @property
    def is_apposition(self) -> bool:
        """Whether the turn says something of a name before it: "and the small one, the KX-90?"."""
        first = min((link.mention.span[0] for link in self.links), default=0)
        comma = max(self.text.rfind(c, 0, first) for c in ",،，、")
        if comma < 0 or not self.opening or self.content > _MOST_BEFORE:
            return False
        return not any(c.isalnum() for c in self._unnamed(self.text)[comma:])

    def _unnamed(self, text: str) -> str:
        """Return the text with names and the words beside them blanked out."""
        rest = mask(text, [self.opening_span, *(link.mention.span for link in self.links)])
        return self.lexicon.without(rest, "beside")


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
    links = _likely(links, text, language, linker)
    names = [link.mention.span for link in links]
    relations = tuple(r for r in relations if not any(overlap(r.span, n) for n in names))
    opening, span = words.opening(text)
    if not opening and language == "ar":
        opening, span = _attached_opening(text, names)
    # "I mean" asks for no meaning, and the "es" of "wie steht es um" points at nothing.
    set_off = [span, *(found for _, found in words.spoken(text, "corrections"))]
    relations = tuple(r for r in relations if not any(overlap(r.span, s) for s in set_off))
    cues = tuple(
        cue
        for cue in words.cues(text)
        if not any(overlap(cue.span, name) for name in names)
        and not (overlap(cue.span, span) and "demonstratives" not in cue.kinds)
    )
    if language == "ar":
        known = [s for _, s in words.spoken(text, *ITEMS, "both", "asking")]
        known += [*names, *(r.span for r in relations)]
        cues = (*cues, *_attached_pronouns(text, known))
    aside = [*names, span, *number_phrases(text, language)]
    content = content_count(text, language, aside)
    aside += [*(r.span for r in relations), *(c.span for c in cues)]
    rest = content_count(text, language, aside)
    return Seen(text, language, state, words, links, relations, cues, opening, span, content, rest)


def _attached_opening(text: str, names: Sequence[Span]) -> tuple[str, Span]:
    """Return the Arabic "and" that is written together with a name at the start ("ومصر؟")."""
    start = len(text) - len(text.lstrip(_EDGES))
    joined = text.startswith("و", start) and any(name[0] == start + 1 for name in names)
    return ("continuations", (start, start + 1)) if joined else ("", (0, 0))


def _attached_pronouns(text: str, known: Sequence[Span]) -> tuple[Cue, ...]:
    """Return the Arabic words that end in "her" or "them" and are no known words."""
    return tuple(
        Cue(span, frozenset({"pronouns"}))
        for span in content_words(text, "ar")
        if text[span[0] : span[1]].endswith(_ATTACHED)
        and span[1] - span[0] >= _SHORTEST_WITH_PRONOUN
        and not any(overlap(span, other) for other in known)
    )


def _likely(
    links: tuple[Link, ...], text: str, language: str, linker: DictionaryLinker
) -> tuple[Link, ...]:
    """Return the links without words that only look like a name, and cannot be one.

    Those are words of the lexicon ("दोनों" is no river Don), Arabic words with a pronoun at their
    end, which names never have, and small words of a turn that points at something anyway.
    """
    if all(link.score >= _SURE for link in links):
        return links
    spelled = {k.mention.span for k in linker.link(text, language=language, fuzzy=False)}
    known = [
        span for _, span in lexicon(language).spoken(text, *ITEMS, "both", "asking", "plurals")
    ]
    asking = [span for _, span in lexicon(language).spoken(text, "asking")]

    refers = any(cue.kinds & {"pronouns", "places"} for cue in lexicon(language).cues(text))

    def is_word(link: Link) -> bool:
        start, end = link.mention.span
        said = link.mention.text
        attached = language == "ar" and said.endswith(_ATTACHED)
        small = refers and (said.islower() or (link.score < _FAR and said.lower() == said.upper()))
        asks = any(start <= a and b <= end for a, b in asking)
        inside = any(a <= start and end <= b for a, b in known)
        return attached or small or asks or inside

    return tuple(
        link
        for link in links
        if link.score >= _SURE or link.mention.span in spelled or not is_word(link)
    )


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
