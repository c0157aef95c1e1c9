"""Turns made to stand alone by rules over the dialogue's state.

False starts are taken out first, and words for an item of a list become its name. A turn that then
names what it asks about is left as it is. Otherwise one of these happens, tried in this order: a
correction or an ellipsis takes over the last question with another entity ("and Spain?"), a
comparison gets what is compared, a turn that asks more about the same matter gets the last question
before it ("and how often?"), a referring word is resolved to an entity in focus ("how long is
it?"), or a turn without any entity gets the one in focus that has what is asked for ("and the
currency?").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from convrag.dialogue.clarifying import CLEAR, Clarifier, sensed
from convrag.dialogue.clearing import cleared
from convrag.dialogue.correcting import other_sense
from convrag.dialogue.items import compared, item_meant, ranked
from convrag.dialogue.lexicon import Cue, lexicon
from convrag.dialogue.seen import Seen, content_count, look, moved
from convrag.dialogue.wishes import reply_language, wants_something_else
from convrag.dialogue.years import replaced_year, with_year
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.text.normalize import match_key
from convrag.types import Dialogue, DialogueState, Focus, Link, Mention, Query, Span, Turn

REPLY_LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
"""Languages that answers can be asked for in: those with phrases and names of their own."""
_IN_PLACE = frozenset({"en", "zh", "ja"})
"""Languages in which a name can stand where the pronoun stood without changing its form."""
_DROPS_SUBJECTS = frozenset({"ar", "es", "ja", "ko", "pt", "zh"})
_CLOSING = "?？!！.。؟।… "
_LONGEST_COURTESY = 4
"""Content words that may stand beside thanks."""


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
        self._clarifier = Clarifier(graph, linker, matcher)

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the standalone query; on any doubt the turn as it is."""
        text = turn.text.strip()
        state = dialogue.state
        language = turn.language or self._identify(text, state.language)
        if not any(c.isalnum() for c in text):
            return Query(text, text, language, act="empty")
        spoken = (language, state.language, *(asked.language for asked in state.asked))
        for code in dict.fromkeys(spoken):
            if code and (kind := lexicon(code).smalltalk(text)):
                return Query(text, text, code, act=f"smalltalk:{kind}")
        wish, rest = reply_language(text, language, REPLY_LANGUAGES)
        wish = wish or state.reply_language
        if not any(c.isalnum() for c in rest):
            act = "preference"
            return Query(text, text, language, (), 0.95, False, act, reply_language=wish)
        query = self._asked(cleared(rest, lexicon(language)), language, state)
        if query.text != text:
            query = replace(query, standalone=False)
        return replace(query, original=text, reply_language="" if wish == language else wish)

    def _asked(self, text: str, language: str, state: DialogueState) -> Query:
        """Return the query that a turn without false starts is."""
        text = with_year(text, language, state.years)
        seen = self._look(text, language, state)
        settled = self._clarifier.reply(seen) or self._aside(seen)
        if settled is not None:
            return settled
        item = item_meant(seen, self._graph)
        if item is not None:
            entity, (start, end) = item
            name = self._graph.label(entity, language)
            text = text[:start] + name + text[end:]
            seen = self._look(text, language, state)
        if not state.focus:
            return self._standalone(seen)
        return (
            other_sense(seen, self._graph, self._linker)
            or self._ellipsis(seen)
            or compared(seen, self._graph)
            or ranked(seen, self._graph)
            or self._continuation(seen)
            or self._clarifier.told_apart(seen)
            or self._reference(seen)
            or self._dropped(seen)
            or self._standalone(seen)
        )

    def _aside(self, seen: Seen) -> Query | None:
        """Return small talk in many words ("thanks, how nice"), and what no source answers."""
        if wants_something_else(seen.text, seen.lexicon):
            return Query(seen.text, seen.text, seen.language, (), 0.9, False, "outside")
        kind, span = seen.lexicon.courtesy(seen.text)
        if not kind or seen.links or seen.relations or any(c in seen.text for c in "?？؟"):
            return None
        if content_count(seen.text, seen.language, [span]) > _LONGEST_COURTESY:
            return None
        return Query(seen.text, seen.text, seen.language, (), 0.8, False, f"smalltalk:{kind}")

    def _look(self, text: str, language: str, state: DialogueState) -> Seen:
        seen = look(text, language, state, self._linker, self._matcher)
        return replace(seen, links=sensed(seen.links, state))

    def _standalone(self, seen: Seen) -> Query:
        told = self._clarifier.told_apart(seen)
        return told or Query(seen.text, seen.text, seen.language, seen.links)

    def _ellipsis(self, seen: Seen) -> Query | None:
        """Take over the last question with the new entity in the old one's place."""
        last = seen.state.last_question
        if not (seen.links and last and (seen.opening or not seen.cues)):
            return None
        corrects = seen.opening == "corrections"
        if seen.relations or seen.content > corrects or not (seen.opening or seen.is_bare):
            return None
        inside = self._linker.nested(last, language=seen.language)
        pairs = self._replacements(seen.links, seen.state.last_links) or self._replacements(
            seen.links, inside
        )
        if not pairs and len(seen.links) == len(seen.state.last_links) == 1:
            # Of a name that the graph does not have it is not known what kind of thing it is.
            pairs = [(k, seen.links[0]) for k in seen.state.last_links if k.entity_id is None]
        if not pairs:
            return None
        text = last
        links: list[Link] = []
        for old, new in sorted(pairs, key=lambda pair: -pair[0].mention.span[0]):
            name = self._graph.label(new.entity_id or "", seen.language)
            start, end = old.mention.span
            text = text[:start] + name + text[end:]
            grown = len(name) - (end - start)
            links = [moved(link, grown) for link in links]
            links.append(replace(new, mention=Mention(name, (start, start + len(name)))))
        act = "correction" if corrects else "followup"
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

    def _continuation(self, seen: Seen) -> Query | None:
        """Put the last question before a turn that asks more about the same matter.

        Such a turn names nothing itself ("and how often?") or points at what was asked about ("how
        often should I do that?"). A last question about a property of an entity is not a matter.
        """
        last = seen.state.last_question
        if not content_count(last, seen.language, [k.mention.span for k in seen.state.last_links]):
            return None  # it was nothing but a name
        event = any("events" in cue.kinds for cue in seen.cues)
        bare = not seen.relations and not seen.content and not seen.cues
        if seen.links or not last or not (event or bare):
            return None
        masked = [link.mention.span for link in seen.state.last_links]
        asked = self._matcher.match(last, language=seen.language, masked=masked)
        if any(r.target in self._graph.properties for r in asked) and not event:
            return None
        text = replaced_year(last, seen.text) or f"{last} {seen.text}"
        return Query(text, seen.text, seen.language, seen.state.last_links, 0.75, False, "followup")

    def _reference(self, seen: Seen) -> Query | None:
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

    def _names_what_it_asks(self, seen: Seen) -> bool:
        """Whether an entity that the turn names, and no namesake, has what is asked for.

        Its pronouns then point at nothing before: "which side do they drive on in Iceland?".
        """
        wanted = {r.target for r in seen.relations if r.target in self._graph.properties}
        return any(
            wanted & self._properties(link.entity_id)
            for link in seen.links
            if link.entity_id is not None and not _is_ambiguous(link)
        )

    def _typed_reference(self, seen: Seen) -> Query | None:
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

    def _dropped(self, seen: Seen) -> Query | None:
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

    def _names_other_kind(self, seen: Seen) -> bool:
        """Whether the turn names a kind of thing that nothing in focus is or leads to."""
        kinds = {r.target for r in seen.relations if r.target in self._graph.classes}
        asked = any(r.target in self._graph.properties for r in seen.relations)
        return bool(kinds) and not asked and not kinds & self._kinds_at_hand(seen.state)

    def _kinds_at_hand(self, state: DialogueState) -> set[str]:
        """Return the classes of the entities in focus and of those one fact away."""
        near = {e for f in state.focus for e in self._graph.neighbours(f.entity_id)}
        known = {kind for focus in state.focus for kind in focus.types}
        return known.union(*(self._kinds(e) for e in near))

    def _fitting(self, seen: Seen) -> Focus | None:
        """Return the most salient entity that has what is asked for, else the most salient one.

        An entity next to another one that the turn names fits as well ("its self-cleaning").
        """
        wanted = {r.target for r in seen.relations}
        named = {link.entity_id for link in seen.links if link.entity_id is not None}
        top = next(iter(seen.state.focus), None)
        if top is not None and not top.entity_id and (seen.cues or seen.content):
            return top  # a passage's subject, of which it is not known what it has
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
        self, seen: Seen, focus: Focus, span: Span | None, kind: str, confidence: float
    ) -> Query:
        name = self._graph.label(focus.entity_id, seen.language) if focus.entity_id else focus.name
        if span is not None and seen.language in _IN_PLACE:
            text, placed = _replaced(seen.text, span, name, kind, seen.language)
        elif span is not None and kind == "typed":
            text, placed = _after(seen.text, span, name)
        else:
            text, placed = _appended(seen.text, name)
        links = (Link(Mention(name, placed), focus.entity_id, 1.0),) if focus.entity_id else ()
        return Query(text, seen.text, seen.language, links, confidence, False, "followup")

    def _kinds(self, entity_id: str | None) -> set[str]:
        entity = self._graph.entities.get(entity_id or "")
        return set(entity.types) if entity else set()


def _is_determiner(cue: Cue, seen: Seen) -> bool:
    """Whether the word goes with the noun after it ("that river") and is no pronoun ("for that?").

    Without spaces between words this cannot be seen.
    """
    if "demonstratives" not in cue.kinds or seen.language in ("zh", "ja"):
        return False
    return seen.text[cue.span[1] :].lstrip()[:1].isalnum()


def _is_ambiguous(link: Link) -> bool:
    return any(score > link.score - CLEAR for _, score in link.alternatives)


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
