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

from collections.abc import Callable
from dataclasses import replace

from convrag.dialogue.asides import asking_part, doubted, with_topics
from convrag.dialogue.bridging import (
    kind_pointed_at,
    one_beside_named,
    one_of_kind,
    one_that_has,
    part_of_name,
)
from convrag.dialogue.clarifying import CLEAR, Clarifier, sensed
from convrag.dialogue.clearing import cleared, taken_back
from convrag.dialogue.correcting import other_sense, renamed, same_name
from convrag.dialogue.ellipsis import ellipsis
from convrag.dialogue.items import by_degree, compared, item_meant, ranked
from convrag.dialogue.leaning import (
    asks_whether,
    is_article,
    is_bound,
    is_determiner,
    is_plural,
    is_whole,
    most_besides,
    repeats,
)
from convrag.dialogue.lexicon import ITEMS, Cue, lexicon
from convrag.dialogue.listing import counted_named
from convrag.dialogue.placing import placed
from convrag.dialogue.seen import FIRM, Seen, asked_properties, content_count, look
from convrag.dialogue.wishes import reply_language, wants_something_else
from convrag.dialogue.years import replaced_year, with_year
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.planning import Planner
from convrag.graph.relations import RelationMatcher
from convrag.text.function_words import spelled
from convrag.text.normalize import match_key
from convrag.text.segment import words
from convrag.types import Dialogue, DialogueState, Focus, Link, Mention, Query, Span, Turn

REPLY_LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
"""Languages that answers can be asked for in: those with phrases and names of their own."""
_EDGES = " ,，、.。…-–—:：;；؛،！!"
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
        self._planner = Planner(graph, matcher)

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the standalone query; on any doubt the turn as it is."""
        text = turn.text.strip()
        state = dialogue.state
        language = turn.language or self._language(text, state.language)
        if not any(c.isalnum() for c in text):
            return Query(text, text, language, act="empty")
        if (again := doubted(text, state)) is not None:
            return again
        spoken = (language, state.language, *(asked.language for asked in state.asked))
        for code in dict.fromkeys(spoken):
            if code and (kind := lexicon(code).smalltalk(text)):
                return Query(text, text, _polite_in(code, state), act=f"smalltalk:{kind}")
        wish, rest = reply_language(text, language, REPLY_LANGUAGES)
        wish = wish or state.reply_language
        if not any(c.isalnum() for c in lexicon(language).without(rest, "beside")):
            act = "preference"
            return Query(text, text, language, (), 0.95, False, act, reply_language=wish)
        query = self._asked(rest, language, state)
        if query.text != text:
            query = replace(query, standalone=False)
        return replace(query, original=text, reply_language="" if wish == language else wish)

    def _language(self, text: str, default: str) -> str:
        """Return the turn's language; that of a name in it where the other words leave it open.

        "Capital de Moçambique?" may begin a dialogue in French as well, but for the name.
        """
        found = self._identify(text, default)
        if default:
            return found
        tokens = {match_key(text[a:b]) for a, b in words(text)}
        named: set[str] = set()
        for link in self._linker.link(text, language=found, fuzzy=False):
            key = match_key(link.mention.text)
            entity = self._graph.entities.get(link.entity_id or "")
            labels = entity.labels if entity else {}
            named |= {code for code, name in labels.items() if match_key(name) == key}
        heard = len(tokens & spelled(found))
        likely = [
            code
            for code in REPLY_LANGUAGES
            if code in named and len(tokens & spelled(code)) >= heard
        ]
        return likely[0] if len(likely) == 1 and found not in named else found

    def _asked(self, said: str, language: str, state: DialogueState) -> Query:
        """Return the query that a turn is without what says nothing."""
        talk = lexicon(language)
        text = cleared(said, talk)
        begun = cleared(taken_back(said, talk), talk)
        links = self._linker.link(begun, language=language, focus=state.focus, fuzzy=False)
        if links:
            anew = replace(state, last_question=begun, last_links=links)
            seen = self._look(text, language, anew)
            query = ellipsis(seen, self._graph, self._linker, self._matcher)
            if seen.is_bare and query is not None:
                return query
        waits = state.pending is not None and state.pending.asked
        begins = not (state.focus or state.last_question)  # all there is to go by
        seen = self._look(text, language, state)
        if waits or begins or is_whole(seen, self._planner):
            return self._resolved(seen)
        part = asking_part(text, talk, lambda t: self._look(t, language, state), self._graph)
        if part.text == text:
            return self._resolved(seen)
        about = with_topics(state, part.topics, self._graph)
        query = self._resolved(self._look(part.text, language, about))
        if part.topics and query.standalone:
            return self._resolved(seen)
        return replace(query, standalone=False)

    def _resolved(self, seen: Seen) -> Query:
        language, state = seen.language, seen.state
        if (text := with_year(seen.text, language, state.years)) != seen.text:
            seen = self._look(text, language, state)
        settled = self._clarifier.reply(seen) or self._aside(seen)
        if settled is not None:
            return settled
        seen, told = self._completed(seen)
        item = item_meant(seen, self._graph) or by_degree(seen, self._graph)
        if item is not None:
            entity, (start, end) = item
            name = self._graph.label(entity, language)
            seen = self._look(seen.text[:start] + name + seen.text[end:], language, state)
        part = self._clarifier.part_meant(seen)
        if part is not None:
            mention, meant = part
            name = ", ".join(self._graph.label(e, language) for e in meant)
            text, _ = renamed(seen.text, mention, name, meant[0])
            seen = self._look(text, language, state)
            if len(meant) > 1:
                return Query(text, seen.text, language, seen.links, 0.85, False, "followup")
        if not state.focus or self._clarifier.leaves_open(seen) or is_whole(seen, self._planner):
            return self._standalone(seen)
        return (
            counted_named(seen, self._linker)
            or same_name(seen, self._graph, self._linker)
            or other_sense(seen, self._graph, self._linker)
            or ellipsis(seen, self._graph, self._linker, self._matcher)
            or (None if told or item else compared(seen, self._graph))
            or ranked(seen, self._graph)
            or self._continuation(seen)
            or self._clarifier.told_apart(seen)
            or self._reference(seen)
            or self._dropped(seen)
            or self._standalone(seen)
        )

    def _completed(self, seen: Seen) -> tuple[Seen, bool]:
        """Return the turn without what only says that it corrects, and whether names got in full.

        A correction may ask a question of its own ("sorry, I meant Chile, what currency is it?"),
        and a part of a name may stand for a thing that the dialogue leads to ("the side one").
        """
        if seen.opening == "corrections" and seen.links:
            named = min(link.mention.span[1] for link in seen.links)
            if any(r.span[0] >= named for r in seen.relations):
                rest = seen.text[seen.opening_span[1] :].lstrip(_EDGES)
                return self._look(rest, seen.language, seen.state), False
        part = part_of_name(seen, self._graph)
        if part is None or part.entity_id is None:
            return seen, False
        name = self._graph.label(part.entity_id, seen.language)
        text, link = renamed(seen.text, part.mention, name, part.entity_id)
        seen = self._look(text, seen.language, seen.state)
        return (seen if seen.links else replace(seen, links=(link,))), True

    def _aside(self, seen: Seen) -> Query | None:
        """Return small talk in many words ("thanks, how nice"), and what no source answers."""
        if wants_something_else(seen.text, seen.lexicon):
            return Query(seen.text, seen.text, seen.language, (), 0.9, False, "outside")
        kind, span = seen.lexicon.courtesy(seen.text)
        if not kind or seen.links or seen.relations or any(c in seen.text for c in "?？؟"):
            return None
        if content_count(seen.text, seen.language, [span]) > _LONGEST_COURTESY:
            return None
        language = _polite_in(seen.language, seen.state)
        return Query(seen.text, seen.text, language, (), 0.8, False, f"smalltalk:{kind}")

    def _look(self, text: str, language: str, state: DialogueState) -> Seen:
        seen = look(text, language, state, self._linker, self._matcher)
        return replace(seen, links=sensed(seen.links, state))

    def _standalone(self, seen: Seen) -> Query:
        told = self._clarifier.told_apart(seen)
        return told or Query(seen.text, seen.text, seen.language, seen.links)

    def _continuation(self, seen: Seen) -> Query | None:
        """Put the last question before a turn that asks more about the same matter.

        Such a turn names nothing itself ("and how often?") or points at what was asked about ("how
        often should I do that?"). A last question about a property of an entity is not a matter.
        """
        last = seen.state.last_question
        if not content_count(last, seen.language, [k.mention.span for k in seen.state.last_links]):
            return None  # it was nothing but a name
        event = any("events" in cue.kinds for cue in seen.cues)
        again = not seen.content or repeats(seen, last)
        ordinal = bool(seen.opening and seen.lexicon.spoken(seen.text, *ITEMS))
        bare = not seen.relations and (again or ordinal) and (ordinal or not seen.cues)
        if seen.links or not last or not (event or bare):
            return None
        masked = [link.mention.span for link in seen.state.last_links]
        asked = self._matcher.match(last, language=seen.language, masked=masked)
        property_asked = any(r.target in self._graph.properties for r in asked)
        if masked and property_asked and not event and not ordinal:
            return None
        text = replaced_year(last, seen.text) or f"{last} {seen.text}"
        return Query(text, seen.text, seen.language, seen.state.last_links, 0.75, False, "followup")

    def _reference(self, seen: Seen) -> Query | None:
        """Resolve a pronoun or "that river" to the entity in focus that fits."""
        typed = self._typed_reference(seen)
        if typed is not None:
            return typed
        beside = one_beside_named(seen, self._graph)
        if beside is not None:
            return self._inserted(seen, beside, None, "", 0.75)
        if self._names_what_it_asks(seen) and not asks_whether(seen):
            return None
        for kind in ("possessives", "places", "pronouns"):
            for cue in seen.cues:
                if kind not in cue.kinds or is_determiner(cue, seen) or is_bound(cue, seen):
                    continue
                if seen.links and kind == "places" or self._means_named(cue, seen):
                    continue
                answered = bool(seen.state.asked) and seen.state.asked[-1].answered
                known = answered and (kind == "places" or is_plural(cue, seen))
                focus = self._fitting(seen, known=known)
                if focus is not None and focus.entity_id not in {k.entity_id for k in seen.links}:
                    return self._inserted(seen, focus, cue.span, kind, 0.8)
        if asks_whether(seen):
            focus = self._fitting(seen)
            asked = asked_properties(seen.relations, self._graph)
            if focus is not None and asked & self._graph.properties_of(focus.entity_id):
                return self._inserted(seen, focus, None, "", 0.75)
        pointed = None if seen.links else kind_pointed_at(seen, self._graph)
        if pointed is not None:
            return self._inserted(seen, pointed, None, "", 0.75)
        return None

    def _means_named(self, cue: Cue, seen: Seen) -> bool:
        """Whether the pronoun stands for what the turn itself names before it.

        That is a thing of the same kind as what it would stand for else: "the RV-30 it is then".
        """
        top = next((set(f.types) for f in seen.state.focus if f.entity_id), set())
        return any(
            link.mention.span[1] <= cue.span[0] and top & self._graph.kinds_of(link.entity_id)
            for link in seen.links
        )

    def _names_what_it_asks(self, seen: Seen) -> bool:
        """Whether an entity that the turn names, and no namesake, has what is asked for.

        Its pronouns then point at nothing before: "which side do they drive on in Iceland?".
        """
        wanted = {r.target for r in seen.relations if r.target in self._graph.properties}
        return any(
            wanted & self._graph.properties_of(link.entity_id)
            for link in seen.links
            if link.entity_id is not None and not _is_ambiguous(link)
        )

    def _typed_reference(self, seen: Seen) -> Query | None:
        sure = (link.entity_id for link in seen.links if link.score >= FIRM)
        described = {kind for entity in sure for kind in self._graph.kinds_of(entity)}
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
            if not before:
                continue
            focus = next((f for f in seen.state.focus if relation.target in f.types), None)
            asked = any(
                r.span == relation.span and r.target in self._graph.properties
                for r in seen.relations
            )
            if focus is None and not (asked and is_article(before[-1], seen)):
                focus = one_of_kind(seen, relation.target, self._graph)
            if focus is not None:
                span = (before[0].span[0], relation.span[1])
                return self._inserted(seen, focus, span, "typed", 0.9)
        return None

    def _dropped(self, seen: Seen) -> Query | None:
        """Give a turn without any entity the one in focus."""
        if seen.links:
            return None
        wanted = any(r.target in self._graph.properties for r in seen.relations)
        if seen.rest > most_besides(seen, wanted=wanted) or self._names_other_kind(seen):
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
        return known.union(*(self._graph.kinds_of(e) for e in near))

    def _fitting(self, seen: Seen, *, known: bool = False) -> Focus | None:
        """Return the most salient entity that has what is asked for, else the most salient one.

        An entity next to another one that the turn names fits as well ("its self-cleaning").

        Args:
            seen: The turn.
            known: Whether only what the graph has is meant: "there" is in no passage's subject.
        """
        wanted = {r.target for r in seen.relations}
        named = {link.entity_id for link in seen.links if link.entity_id is not None}
        everything = seen.state.focus
        focuses = tuple(f for f in everything if f.entity_id) if known else everything
        focuses = focuses or everything
        top = next(iter(focuses), None)
        if top is not None and not top.entity_id and (seen.cues or seen.content):
            return top  # a passage's subject, of which it is not known what it has
        for focus in focuses:
            if wanted & self._graph.properties_of(focus.entity_id):
                return focus
        asked = asked_properties(seen.relations, self._graph)
        if asked and (bridge := one_that_has(seen, asked, self._graph)) is not None:
            return bridge
        for focus in focuses:
            if named & self._graph.neighbours(focus.entity_id):
                return focus
        return top

    def _inserted(
        self, seen: Seen, focus: Focus, span: Span | None, kind: str, confidence: float
    ) -> Query:
        name = self._graph.label(focus.entity_id, seen.language) if focus.entity_id else focus.name
        text, place = placed(seen.text, name, span, kind, seen.language)
        links = (Link(Mention(name, place), focus.entity_id, 1.0),) if focus.entity_id else ()
        return Query(text, seen.text, seen.language, links, confidence, False, "followup")


def _is_ambiguous(link: Link) -> bool:
    return any(score > link.score - CLEAR for _, score in link.alternatives)


def _polite_in(language: str, state: DialogueState) -> str:
    """Return the language of small talk: English thanks are said in every language."""
    return state.language if language == "en" and state.language else language
