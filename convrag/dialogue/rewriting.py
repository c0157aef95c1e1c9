"""Turns made to stand alone by rules over the dialogue's state.

A turn that names what it asks about is left as it is. Otherwise one of four things happens, tried
in this order: an ellipsis takes over the last question with another entity ("and Spain?"), a turn
that asks more about the same matter gets the last question before it ("and how often?"), a
referring word is resolved to an entity in focus ("how long is it?"), or a turn without any entity
gets the one in focus that has what is asked for ("and the currency?").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from convrag.dialogue.lexicon import Cue, Lexicon, lexicon
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import mask
from convrag.graph.quantities import number_phrases
from convrag.graph.relations import RelationMatch, RelationMatcher
from convrag.text.analysis import content_words
from convrag.text.normalize import match_key
from convrag.text.segment import overlap
from convrag.types import Dialogue, DialogueState, Focus, Link, Mention, Query, Span, Turn

_IN_PLACE = frozenset({"en", "zh", "ja"})
"""Languages in which a name can stand where the pronoun stood without changing its form."""
_DROPS_SUBJECTS = frozenset({"ar", "es", "ja", "ko", "pt", "zh"})
_CLEAR = 0.1
"""How far ahead of its namesakes an entity must be to be meant without doubt."""
_CLOSING = "?？!！.。؟।… "


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found in one turn."""

    text: str
    language: str
    state: DialogueState
    lexicon: Lexicon
    links: tuple[Link, ...]
    relations: tuple[RelationMatch, ...]
    cues: tuple[Cue, ...]
    opening: str
    content: int
    """Content words besides the linked names, the opening and words that ask for a number."""


class RuleRewriter:
    """Resolves pronouns, ellipsis and dropped subjects from the entities in focus."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        linker: DictionaryLinker,
        matcher: RelationMatcher,
        identify: Callable[[str, str], str],
    ) -> None:
        """Take the graph's tools and ``identify(text, default) -> language``."""
        self._graph = graph
        self._linker = linker
        self._matcher = matcher
        self._identify = identify

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the standalone query; on any doubt the turn as it is."""
        text = turn.text.strip()
        state = dialogue.state
        language = turn.language or self._identify(text, state.language)
        if not any(c.isalnum() for c in text):
            return Query(text, text, language, act="empty")
        kind = lexicon(language).smalltalk(text)
        if kind:
            return Query(text, text, language, act=f"smalltalk:{kind}")
        seen = self._look(text, language, state)
        if not state.focus:
            return self._standalone(seen)
        return (
            self._ellipsis(seen)
            or self._continuation(seen)
            or self._reference(seen)
            or self._dropped(seen)
            or self._standalone(seen)
        )

    def _look(self, text: str, language: str, state: DialogueState) -> _Seen:
        words = lexicon(language)
        relations = self._matcher.match(text, language=language)
        links = self._linker.link(
            text, language=language, focus=state.focus, relations=relations
        )
        names = [link.mention.span for link in links]
        relations = tuple(r for r in relations if not any(overlap(r.span, n) for n in names))
        opening, opening_span = words.opening(text)
        cues = tuple(c for c in words.cues(text) if not any(overlap(c.span, n) for n in names))
        return _Seen(
            text,
            language,
            state,
            words,
            links,
            relations,
            cues,
            opening,
            _content(text, language, [*names, opening_span, *number_phrases(text, language)]),
        )

    def _standalone(self, seen: _Seen) -> Query:
        return Query(seen.text, seen.text, seen.language, seen.links)

    def _ellipsis(self, seen: _Seen) -> Query | None:
        """Take over the last question with the new entity in the old one's place."""
        last = seen.state.last_question
        if not (seen.links and last and (seen.opening or not seen.cues)):
            return None
        if seen.relations or seen.content or not (seen.opening or _is_bare(seen)):
            return None
        inside = self._linker.nested(last, language=seen.language)
        pairs = self._replacements(seen.links, seen.state.last_links) or self._replacements(
            seen.links, inside
        )
        if not pairs:
            return None
        text = last
        links: list[Link] = []
        for old, new in sorted(pairs, key=lambda pair: -pair[0].mention.span[0]):
            name = self._graph.label(new.entity_id or "", seen.language)
            start, end = old.mention.span
            text = text[:start] + name + text[end:]
            grown = len(name) - (end - start)
            links = [_moved(link, grown) for link in links]
            links.append(replace(new, mention=Mention(name, (start, start + len(name)))))
        act = "correction" if seen.opening == "corrections" else "followup"
        ordered = tuple(sorted(links, key=lambda link: link.mention.span))
        return Query(text, seen.text, seen.language, ordered, 0.85, False, act)

    def _replacements(self, new: Sequence[Link], old: Sequence[Link]) -> list[tuple[Link, Link]]:
        """Pair the last question's links with new ones of their type, each at most once.

        A namesake ("E04" of another machine) keeps its words; linking finds its new meaning.
        """
        pairs: list[tuple[Link, Link]] = []
        for link in new:
            for earlier in old:
                taken = any(earlier is used for used, _ in pairs)
                same_words = match_key(earlier.mention.text) == match_key(link.mention.text)
                if (
                    not taken
                    and not same_words
                    and earlier.entity_id != link.entity_id
                    and self._kinds(earlier.entity_id) & self._kinds(link.entity_id)
                ):
                    pairs.append((earlier, link))
                    break
        return pairs

    def _continuation(self, seen: _Seen) -> Query | None:
        """Put the last question before a turn that asks more about the same matter.

        Such a turn names nothing itself ("and how often?") or points at what was asked about ("how
        often should I do that?"). A last question about a property of an entity is not a matter.
        """
        last = seen.state.last_question
        event = any("events" in cue.kinds for cue in seen.cues)
        bare = not seen.relations and not seen.content and not seen.cues
        if seen.links or not last or not (event or bare):
            return None
        masked = [link.mention.span for link in seen.state.last_links]
        asked = self._matcher.match(last, language=seen.language, masked=masked)
        if any(r.target in self._graph.properties for r in asked) and not event:
            return None
        text = f"{last} {seen.text}"
        return Query(text, seen.text, seen.language, seen.state.last_links, 0.75, False, "followup")

    def _reference(self, seen: _Seen) -> Query | None:
        """Resolve a pronoun or "that river" to the entity in focus that fits."""
        typed = self._typed_reference(seen)
        if typed is not None or self._names_what_it_asks(seen):
            return typed
        for kind in ("possessives", "places", "pronouns"):
            for cue in seen.cues:
                if kind not in cue.kinds or _is_determiner(cue, seen):
                    continue
                if seen.links and kind == "places":
                    continue
                focus = self._fitting(seen)
                if focus is not None and focus.entity_id not in {k.entity_id for k in seen.links}:
                    return self._inserted(seen, focus, cue.span, kind, 0.8)
        return None

    def _names_what_it_asks(self, seen: _Seen) -> bool:
        """Whether an entity that the turn names, and no namesake, has what is asked for.

        Its pronouns then point at nothing before: "which side do they drive on in Iceland?".
        """
        wanted = {r.target for r in seen.relations if r.target in self._graph.properties}
        return any(
            wanted & self._properties(link.entity_id)
            for link in seen.links
            if link.entity_id is not None and not _is_ambiguous(link)
        )

    def _typed_reference(self, seen: _Seen) -> Query | None:
        described = {kind for link in seen.links for kind in self._kinds(link.entity_id)}
        for relation in seen.relations:
            if relation.target not in self._graph.classes or relation.target in described:
                continue
            before = [
                cue
                for cue in seen.cues
                if "demonstratives" in cue.kinds
                and not seen.text[cue.span[1] : relation.span[0]].strip()
                and cue.span[1] <= relation.span[0]
            ]
            focus = next((f for f in seen.state.focus if relation.target in f.types), None)
            if before and focus is not None:
                span = (before[0].span[0], relation.span[1])
                return self._inserted(seen, focus, span, "typed", 0.9)
        return None

    def _dropped(self, seen: _Seen) -> Query | None:
        """Give a turn without any entity the one in focus."""
        if seen.links:
            return None
        wanted = [r for r in seen.relations if r.target in self._graph.properties]
        most = 4 if wanted or seen.opening or seen.language in _DROPS_SUBJECTS else 1
        if seen.language == "ja":
            most += 2  # endings of verbs count as words
        if seen.content > most or self._names_other_kind(seen):
            return None
        if seen.lexicon.is_general(seen.text) and not wanted:
            return None
        focus = self._fitting(seen)
        return None if focus is None else self._inserted(seen, focus, None, "", 0.7)

    def _names_other_kind(self, seen: _Seen) -> bool:
        """Whether the turn names a kind of thing that nothing in focus is or leads to."""
        kinds = {r.target for r in seen.relations if r.target in self._graph.classes}
        asked = any(r.target in self._graph.properties for r in seen.relations)
        return bool(kinds) and not asked and not kinds & self._kinds_at_hand(seen.state)

    def _kinds_at_hand(self, state: DialogueState) -> set[str]:
        """Return the classes of the entities in focus and of those one fact away."""
        near = {e for f in state.focus for e in self._graph.neighbours(f.entity_id)}
        known = {kind for focus in state.focus for kind in focus.types}
        return known.union(*(self._kinds(e) for e in near))

    def _fitting(self, seen: _Seen) -> Focus | None:
        """Return the most salient entity that has what is asked for, else the most salient one.

        An entity next to another one that the turn names fits as well ("its self-cleaning").
        """
        wanted = {r.target for r in seen.relations}
        named = {link.entity_id for link in seen.links if link.entity_id is not None}
        for focus in seen.state.focus:
            if wanted & self._properties(focus.entity_id):
                return focus
        for focus in seen.state.focus:
            if named & self._graph.neighbours(focus.entity_id):
                return focus
        return seen.state.focus[0] if seen.state.focus else None

    def _properties(self, entity_id: str) -> set[str]:
        """Return the properties of the entity's facts, under the names of both directions."""
        found = {group.property for group in self._graph.groups(entity_id)}
        return found | {self._graph.property(p).inverse for p in found} - {""}

    def _inserted(
        self, seen: _Seen, focus: Focus, span: Span | None, kind: str, confidence: float
    ) -> Query:
        name = self._graph.label(focus.entity_id, seen.language)
        if span is not None and seen.language in _IN_PLACE:
            text, placed = _replaced(seen.text, span, name, kind, seen.language)
        elif span is not None and kind == "typed":
            text, placed = _after(seen.text, span, name)
        else:
            text, placed = _appended(seen.text, name)
        link = Link(Mention(name, placed), focus.entity_id, 1.0)
        return Query(text, seen.text, seen.language, (link,), confidence, False, "followup")

    def _kinds(self, entity_id: str | None) -> set[str]:
        entity = self._graph.entities.get(entity_id or "")
        return set(entity.types) if entity else set()


def _content(text: str, language: str, aside: Sequence[Span]) -> int:
    """Return about how many words of content the text has outside the spans ``aside``.

    Scripts without spaces come as overlapping pairs of characters, about two a word.
    """
    spans = [s for s in content_words(text, language) if not any(overlap(s, a) for a in aside)]
    pairs = sum(1 for a, b in zip(spans, spans[1:], strict=False) if b[0] < a[1])
    return len(spans) - (pairs + 1) // 2


def _is_determiner(cue: Cue, seen: _Seen) -> bool:
    """Whether the word goes with the noun after it ("that river") and is no pronoun ("for that?").

    Without spaces between words this cannot be seen.
    """
    if "demonstratives" not in cue.kinds or seen.language in ("zh", "ja"):
        return False
    return seen.text[cue.span[1] :].lstrip()[:1].isalnum()


def _is_ambiguous(link: Link) -> bool:
    return any(score > link.score - _CLEAR for _, score in link.alternatives)


def _is_bare(seen: _Seen) -> bool:
    """Whether the turn is nothing but names: "Spain?"."""
    rest = mask(seen.text, [link.mention.span for link in seen.links])
    return not any(c.isalnum() for c in rest)


def _moved(link: Link, by: int) -> Link:
    start, end = link.mention.span
    return replace(link, mention=Mention(link.mention.text, (start + by, end + by)))


def _replaced(text: str, span: Span, name: str, kind: str, language: str) -> tuple[str, Span]:
    start, end = span
    after = ""
    if kind == "possessives":
        after = {"en": "'s", "zh": "的", "ja": "の"}[language]
    before = "in " if language == "en" and kind == "places" else ""
    placed = (start + len(before), start + len(before) + len(name))
    return text[:start] + before + name + after + text[end:], placed


def _after(text: str, span: Span, name: str) -> tuple[str, Span]:
    start = span[1] + 2
    return f"{text[: span[1]]} ({name}){text[span[1] :]}", (start, start + len(name))


def _appended(text: str, name: str) -> tuple[str, Span]:
    """Put the name in parentheses before the closing punctuation."""
    body = text.rstrip(_CLOSING)
    start = len(body) + 2
    return f"{body} ({name}){text[len(body) :]}", (start, start + len(name))
