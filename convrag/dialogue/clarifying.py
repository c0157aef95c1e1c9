"""When a name may mean several things: what to ask back, and what the user's reply says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from convrag.dialogue.bridging import akin
from convrag.dialogue.correcting import renamed
from convrag.dialogue.lexicon import ITEMS
from convrag.dialogue.name_parts import NameParts
from convrag.dialogue.seen import Seen, asked_properties, content_count
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import mask
from convrag.graph.relations import RelationMatch, RelationMatcher
from convrag.text.function_words import stop_keys
from convrag.text.normalize import match_key
from convrag.text.segment import words
from convrag.types import Choice, Clarification, DialogueState, Link, Literal, Mention, Query, Span

CLEAR = 0.1
"""How far ahead of its namesakes an entity must be to be meant without doubt."""
MOST_CHOICES = 5
_SHORT = 4
"""Content words besides the name up to which a turn without a property is about the name."""
_SHORT_BESIDE_WORD = 1
"""The same beside a word for things: "where do I take the old battery?" is about a place."""
_LONGEST_REPLY = 4
_STEM = 3
_NAMED = 0.9
"""Strength of a relation whose words stand together."""
_PLACES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}


class Clarifier:
    """Finds names that the dialogue leaves open, and reads replies to a question back."""

    def __init__(
        self, graph: KnowledgeGraph, linker: DictionaryLinker, matcher: RelationMatcher
    ) -> None:
        self._graph = graph
        self._linker = linker
        self._matcher = matcher
        self._parts = NameParts(graph)

    def open_name(self, query: Query, state: DialogueState) -> Clarification | None:
        """Return the first name of the query that may mean several things that could answer.

        A name that the user has explained before is not asked about again, and a word that may
        only be a misspelt name not at all.
        """
        spans = [link.mention.span for link in query.links]
        relations = self._matcher.match(query.text, language=query.language, masked=spans)
        asked = asked_properties(_firm(relations), self._graph)
        kinds = {r.target for r in relations if r.target in self._graph.classes}
        explained = dict(state.senses)
        for link in query.links:
            near = [e for e in self._near(link) if self._parts.is_called(e, link.mention)]
            if len(near) < 2 or match_key(link.mention.text) in explained:
                continue
            if asked:
                near = [e for e in near if asked & self._graph.properties_of(e)]
            elif self._content(query, spans) > _most_content(link):
                continue
            near = self._of_kinds(near, kinds)
            beside = {k.entity_id for k in query.links if k is not link}
            near = [e for e in near if beside & self._graph.neighbours(e)] or near
            if len(near) > 1:
                choices = self._choices(near[:MOST_CHOICES], query.language)
                return Clarification(query.text, link.mention, choices, query.language)
        return self._open_part(query, relations, asked, state)

    def _open_part(
        self,
        query: Query,
        relations: Sequence[RelationMatch],
        asked: set[str],
        state: DialogueState,
    ) -> Clarification | None:
        """Return which word of the query is only a part of the names of what has what is asked."""
        for span, having in self._open_parts(query, relations, asked, state):
            mention = Mention(query.text[span[0] : span[1]], span)
            return Clarification(
                query.text, mention, self._choices(having, query.language), query.language
            )
        return None

    def leaves_open(self, seen: Seen) -> bool:
        """Return whether the turn has only a part of a name of what it asks about."""
        query = Query(seen.text, seen.text, seen.language, seen.links)
        asked = asked_properties(_firm(seen.relations), self._graph)
        return any(self._open_parts(query, seen.relations, asked, seen.state))

    def _open_parts(
        self,
        query: Query,
        relations: Sequence[RelationMatch],
        asked: set[str],
        state: DialogueState,
    ) -> Iterator[tuple[Span, tuple[str, ...]]]:
        known = {f.entity_id for f in state.focus}
        found = self._parts.shared(query.text, query.language, query.links, relations, asked)
        for span, near in found:
            if asked and len(near) > 1 and not known & set(near):
                yield span, near

    def part_meant(self, seen: Seen) -> tuple[Mention, tuple[str, ...]] | None:
        """Return what a word that names share stands for: what is spoken of, else both of two.

        "The peso" is Mexico's after a question about it, and "the two Koreas" are both.
        """
        asked = asked_properties(seen.relations, self._graph)
        if not asked and not seen.is_short:
            return None
        found = self._parts.shared(seen.text, seen.language, seen.links, seen.relations, asked)
        spoken = {k.entity_id for k in seen.links} | {f.entity_id for f in seen.state.focus}
        around = spoken.union(*(self._graph.neighbours(e) for e in spoken if e))
        for span, near in found:
            if seen.text[slice(*span)].islower() and not around & set(near):
                continue  # a small word is a name's part only where the name is led to
            focus = [f.entity_id for f in seen.state.focus if f.entity_id in near]
            mention = Mention(seen.text[span[0] : span[1]], span)
            if len(near) == 2 and seen.lexicon.spoken(seen.text, "both"):
                return mention, near
            if len(near) == 1 or focus:
                return mention, near if len(near) == 1 else (focus[0],)
        return None

    def told_apart(self, seen: Seen) -> Query | None:
        """Return the turn with a name told from its namesakes by what the dialogue is about.

        A statement that only names such a thing asks what it is: "now it shows E04" is about the
        E04 of the machine in focus.
        """
        kinds = {r.target for r in seen.relations if r.target in self._graph.classes}
        for link in seen.links:
            fitting = self._of_kinds(self._near(link), kinds, strict=True) if kinds else []
            if len(fitting) == 1:  # "my washing machine shows E04"
                link = replace(link, entity_id=fitting[0], alternatives=())
            name = self._graph.label(link.entity_id or "", seen.language)
            alike = self._linker.namesakes(link.entity_id or "")
            if not alike or len(self._near(link)) > 1 or match_key(name) in match_key(seen.text):
                continue
            if match_key(link.mention.text) not in match_key(name):
                continue
            text, meant = renamed(seen.text, link.mention, name, link.entity_id or "")
            spans = [k.mention.span for k in seen.links]
            few = content_count(seen.text, seen.language, spans) <= _SHORT
            asks = asked_properties(_firm(seen.relations), self._graph) or any(
                c in seen.text for c in "?？؟"
            )
            if few and not asks:
                text, meant = name, Link(Mention(name, (0, len(name))), link.entity_id, 1.0)
            return Query(text, seen.text, seen.language, (meant,), 0.8, False, "followup")
        return None

    def reply(self, seen: Seen) -> Query | None:
        """Return the question that waits, with the name as the turn explains it, or None."""
        pending = seen.state.pending
        if pending is None:
            return None
        current = _settled(seen.state)
        if current and not _takes_back(seen):
            return None
        chosen = self._chosen(seen, pending, current)
        if chosen is None:
            return None
        name = self._graph.label(chosen.entity_id, pending.language)
        text, link = renamed(pending.question, pending.mention, name, chosen.entity_id)
        if not self._asks_for_a_property(pending):
            # What only names a thing asks what it is, whatever else it says: "my robot shows E01".
            text, link = name, Link(Mention(name, (0, len(name))), chosen.entity_id, 1.0)
        return Query(text, seen.text, pending.language, (link,), 0.95, False, "clarified")

    def _asks_for_a_property(self, pending: Clarification) -> bool:
        """Return whether something is asked of the things beyond what they are called."""
        relations = self._matcher.match(
            pending.question, language=pending.language, masked=[pending.mention.span]
        )
        name = match_key(pending.mention.text)
        called = {
            triple.predicate
            for choice in pending.choices
            for group in self._graph.groups(choice.entity_id)
            for triple in group.triples
            if isinstance(triple.object, Literal) and match_key(triple.object.value) == name
        }
        return bool(asked_properties(_firm(relations), self._graph) - called)

    def _chosen(self, seen: Seen, pending: Clarification, current: str) -> Choice | None:
        """Return the choice that a number, a name, a kind or words of its label point at.

        Args:
            seen: The turn.
            pending: What waits.
            current: What was chosen before, or "".
        """
        if current:
            others = tuple(c for c in pending.choices if c.entity_id != current)
            said = [name for name, _ in seen.lexicon.spoken(seen.text, *ITEMS)]
            if len(others) == 1 and {"other", "second"} & {*said}:
                return others[0]
            pending = replace(pending, choices=others)
        bare = "".join(c for c in seen.text if c.isalnum())
        if bare.isdecimal() and len(bare) == 1:
            place = int(bare) - 1
            return pending.choices[place] if 0 <= place < len(pending.choices) else None
        named = self._named(seen, pending)
        if named is not None:
            return named
        if asked_properties(seen.relations, self._graph):
            return None
        if content_count(seen.text, seen.language, []) > _LONGEST_REPLY:
            return None
        return self._by_place(seen, pending) or self._by_words(seen, pending)

    def _named(self, seen: Seen, pending: Clarification) -> Choice | None:
        """Return the only choice that the turn names, by itself, its kind or what it belongs to.

        A fact that the turn states counts as well: "the one whose capital is Kinshasa".
        """
        meant = {e for link in seen.links for e in (link.entity_id, *_others(link)) if e}
        exact = [c for c in pending.choices if c.entity_id in meant]
        asked = asked_properties(seen.relations, self._graph)
        if len(exact) == 1 and not asked:
            return exact[0]
        firm = {link.entity_id for link in seen.links if link.entity_id}
        beside = [c for c in pending.choices if firm & self._graph.neighbours(c.entity_id)]
        if asked:
            stated = [
                c
                for c in beside
                for group in self._graph.groups(c.entity_id)
                if group.property in asked and firm & set(group.others)
            ]
            return stated[0] if len({c.entity_id for c in stated}) == 1 else None
        if len(beside) == 1 and (_settled(seen.state) or seen.opening != "continuations"):
            return beside[0]
        kinds = {r.target for r in seen.relations if r.target in self._graph.classes}
        if not kinds or seen.links:
            return None
        of_kind = self._of_kinds([c.entity_id for c in pending.choices], kinds, strict=True)
        fitting = [c for c in pending.choices if c.entity_id in of_kind]
        return fitting[0] if len(fitting) == 1 else None

    def _by_place(self, seen: Seen, pending: Clarification) -> Choice | None:
        for name, _ in seen.lexicon.spoken(seen.text, *ITEMS):
            place = _PLACES.get(name, len(pending.choices))
            if place < len(pending.choices):
                return pending.choices[place]
        return None

    def _by_words(self, seen: Seen, pending: Clarification) -> Choice | None:
        """Return the choice whose label alone has most of the turn's words."""
        said = _keys(seen.text) - stop_keys(seen.language)
        parts = {c.entity_id: self._label_keys(c, seen.language) for c in pending.choices}
        for alike in (akin, _begins_alike):
            shared = {e: sum(any(alike(w, p) for p in of) for w in said) for e, of in parts.items()}
            most = max(shared.values(), default=0)
            best = [c for c in pending.choices if shared[c.entity_id] == most]
            if most:
                return best[0] if len(best) == 1 else None
        return None

    def _label_keys(self, choice: Choice, language: str) -> set[str]:
        return _keys(choice.label) | _keys(self._graph.label(choice.entity_id, language))

    def _near(self, link: Link) -> list[str]:
        if link.entity_id is None:
            return []
        near = [e for e, score in link.alternatives if score > link.score - CLEAR]
        return list(dict.fromkeys([link.entity_id, *near]))

    def _of_kinds(self, near: Sequence[str], kinds: set[str], *, strict: bool = False) -> list[str]:
        """Return those of a kind or beside something of it; all when there are none."""
        found = [e for e in near if kinds & self._graph.kinds_of(e)]
        found = found or [
            e
            for e in near
            if any(kinds & self._graph.kinds_of(other) for other in self._graph.neighbours(e))
        ]
        return found if found or strict else list(near)

    def _content(self, query: Query, spans: Sequence[Span]) -> int:
        return content_count(mask(query.text, spans), query.language, [])

    def _choices(self, entities: Sequence[str], language: str) -> tuple[Choice, ...]:
        """Return the entities with labels that differ, by description or kind where names do."""
        names = {e: self._graph.label(e, language) for e in entities}
        alike = {n for n in names.values() if list(names.values()).count(n) > 1}
        return tuple(
            Choice(e, self._told_apart(e, name, language) if name in alike else name)
            for e, name in names.items()
        )

    def _told_apart(self, entity_id: str, name: str, language: str) -> str:
        entity = self._graph.entities[entity_id]
        said = entity.description.get(language) or ", ".join(
            self._graph.label(kind, language) for kind in entity.types[:1]
        )
        beside = sorted(self._graph.neighbours(entity_id))[:1]
        said = said or ", ".join(self._graph.label(e, language) for e in beside)
        return f"{name} ({said})" if said else name


def sensed(links: Sequence[Link], state: DialogueState) -> tuple[Link, ...]:
    """Return the links, names that the user explained before as explained."""
    explained = dict(state.senses)
    found = []
    for link in links:
        sense = explained.get(match_key(link.mention.text))
        if sense in _others(link):
            link = replace(link, entity_id=sense, score=max(1.0, link.score), alternatives=())
        found.append(link)
    return tuple(found)


def _settled(state: DialogueState) -> str:
    """Return what the question that waits was answered with by the turn before, or ""."""
    last = state.asked[-1] if state.asked else None
    if state.pending is None or state.pending.asked or last is None or last.act != "clarified":
        return ""
    chosen = {choice.entity_id for choice in state.pending.choices}
    return next((e for e in last.about if e in chosen), "")


def _takes_back(seen: Seen) -> bool:
    """Whether the turn may choose another thing than the one before: "and the other one?"."""
    return bool(
        seen.opening
        or seen.is_bare
        or seen.lexicon.spoken(seen.text, "other", "apologies", "rejections")
    )


def _begins_alike(one: str, other: str) -> bool:
    """Return whether a word begins as a compound does: "the one in the north", Nordkorea."""
    return one[:_STEM] == other[:_STEM] and min(len(one), len(other)) >= _STEM


def _firm(relations: Sequence[RelationMatch]) -> tuple[RelationMatch, ...]:
    """Return the relations that are named in their own words, next to each other."""
    return tuple(r for r in relations if r.strength >= _NAMED)


def _most_content(link: Link) -> int:
    """Return how many words beside a name without a property leave the turn about the name."""
    return _SHORT if any(c.isdigit() for c in link.mention.text) else _SHORT_BESIDE_WORD


def _others(link: Link) -> tuple[str, ...]:
    return tuple(entity for entity, _ in link.alternatives)


def _keys(text: str) -> set[str]:
    found = {match_key(text[a:b]) for a, b in words(text)}
    return {key for key in found if any(c.isalnum() for c in key)}
