"""Things that the dialogue has not named but leads to: one fact away from what is in focus."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from os.path import commonprefix

from convrag.dialogue.seen import Seen, asked_properties
from convrag.graph.model import KnowledgeGraph
from convrag.graph.operators import operators
from convrag.text.analysis import content_words
from convrag.text.normalize import match_key
from convrag.text.segment import overlap, words
from convrag.types import DialogueState, Focus, Link, Mention

_NEAR = 3
"""Entities in focus that are looked around."""
_MOST_BESIDE = 500
"""Facts of an entity up to which its neighbours are looked at."""
_SAMPLE = 20_000
"""Entities among which one of the same kind is looked for."""
_LONGEST = 4
_LONGEST_NAME = 3
_STEM, _ENDING = 3, 3
"""Letters that two forms of a word share, and that may follow them."""
_SHORTEST_WORD = 3
_SHORTEST_KIND = 4


def one_of_kind(seen: Seen, kind: str, graph: KnowledgeGraph) -> Focus | None:
    """Return the only thing of the kind beside what is in focus: "that part" of an error code.

    A turn that ranks or says much besides is about things in general.
    """
    found = operators(seen.text, seen.language)
    if seen.content > _LONGEST or (found is not None and found.degrees):
        return None
    for near in _around(seen.state, graph):
        alike = [e for e in near if kind in graph.kinds_of(e)]
        if alike:
            return _focus(alike[0], seen, graph) if len(alike) == 1 else None
    return None


def kind_pointed_at(seen: Seen, graph: KnowledgeGraph) -> Focus | None:
    """Return the thing in focus that a part of its kind's name points at: "this machine".

    A coffee machine and a washing machine are machines, though the graph has no such class.
    """
    if seen.content > _LONGEST:
        return None
    spoken = words(seen.text, seen.language)
    for cue in seen.cues:
        behind = next((span for span in spoken if span[0] >= cue.span[1]), None)
        if "demonstratives" not in cue.kinds or behind is None:
            continue
        word = match_key(seen.text[behind[0] : behind[1]])
        if len(word) < _SHORTEST_KIND or seen.text[cue.span[1] : behind[0]].strip():
            continue
        for focus in seen.state.focus:
            names = (graph.label(kind, seen.language) for kind in focus.types)
            if any(match_key(name).endswith(word) for name in names):
                return focus
    return None


def one_that_has(seen: Seen, wanted: Collection[str], graph: KnowledgeGraph) -> Focus | None:
    """Return the only thing beside what is in focus that has one of the properties.

    The currency of a city is its country's; but where cities have what is asked for, one without it
    is not answered for by its country.
    """
    for focus, near in zip(seen.state.focus, _around(seen.state, graph), strict=False):
        having = [e for e in near if set(wanted) & graph.properties_of(e)]
        if not having:
            continue
        kinds = graph.kinds_of(focus.entity_id)
        if len(having) > 1 or not kinds or kinds & graph.kinds_of(having[0]):
            return None
        alike = (e for e in islice(graph.entities, _SAMPLE) if kinds & graph.kinds_of(e))
        if any(set(wanted) & graph.properties_of(e) for e in islice(alike, _MOST_BESIDE)):
            return None
        return _focus(having[0], seen, graph)
    return None


def one_beside_named(seen: Seen, graph: KnowledgeGraph) -> Focus | None:
    """Return the listed thing that belongs to the one that the turn names: "the one in Munich".

    It has what is asked for, and what the turn names has not.
    """
    named = [link.entity_id for link in seen.links if link.entity_id]
    wanted = asked_properties(seen.relations, graph)
    if len(named) != 1 or not wanted or wanted & graph.properties_of(named[0]):
        return None
    known = (*seen.state.listed, *(f.entity_id for f in seen.state.focus if f.entity_id))
    found = [
        e
        for e in dict.fromkeys(known)
        if named[0] in graph.neighbours(e) and wanted & graph.properties_of(e)
    ]
    return _focus(found[0], seen, graph) if len(found) == 1 else None


def part_of_name(seen: Seen, graph: KnowledgeGraph) -> Link | None:
    """Return what a turn without names means by words of one: "the side one", "the brush".

    Only things beside what is in focus are looked at, those beside the first before others. Such a
    turn is short, and continues the dialogue or points at the thing.
    """
    if seen.links or not seen.state.focus or not 0 < seen.content <= _LONGEST:
        return None
    pointed = [c.span[1] for c in seen.cues if "demonstratives" in c.kinds]
    aside = [seen.opening_span, *(r.span for r in seen.relations), *(c.span for c in seen.cues)]
    said = [
        span
        for span in content_words(seen.text, seen.language)
        if not any(overlap(span, other) for other in aside) and span[1] - span[0] >= _SHORTEST_WORD
    ]
    ones = [place for _, place in seen.lexicon.spoken(seen.text, "twos")]
    for span in content_words(seen.text, seen.language) if ones else ():
        word = seen.text[span[0] : span[1]]
        behind = [e for s, e in ones if s >= span[1] and not seen.text[span[1] : s].strip()]
        if behind and (found := _one_with(word, seen, graph)):
            return Link(Mention(seen.text[span[0] : behind[0]], (span[0], behind[0])), found, 0.7)
    for near in _around(seen.state, graph):
        for span in said:
            before = any(not seen.text[end : span[0]].strip() for end in pointed if end <= span[0])
            if not seen.opening and not before:
                continue
            word = seen.text[span[0] : span[1]]
            lengths = {e: _length_with(word, graph.label(e, seen.language), seen) for e in near}
            least = min((n for n in lengths.values() if n), default=0)
            alike = [e for e, length in lengths.items() if least and length == least]
            if len(alike) == 1:
                return Link(Mention(word, span), alike[0], 0.7)
    return None


def _one_with(word: str, seen: Seen, graph: KnowledgeGraph) -> str:
    """Return the thing spoken of that has a form of the word in its name: "the southern one"."""
    known = [*(f.entity_id for f in seen.state.focus if f.entity_id), *seen.state.listed]
    key = match_key(word)
    newest = next((a.about[0] for a in reversed(seen.state.asked) if a.about), "")
    for entity in dict.fromkeys(known):
        if newest and not graph.kinds_of(entity) & graph.kinds_of(newest):
            continue
        name = graph.label(entity, seen.language)
        parts = [match_key(name[a:b]) for a, b in words(name, seen.language)]
        if len(parts) > 1 and any(akin(key, part) for part in parts):
            return entity
    return ""


def akin(one: str, other: str) -> bool:
    """Return whether two words are forms of one: they begin alike and little follows."""
    same = len(commonprefix([one, other]))
    return one == other or (same >= _STEM and max(len(one), len(other)) - same <= _ENDING)


def _around(state: DialogueState, graph: KnowledgeGraph) -> list[list[str]]:
    """Return the neighbours of the first entities in focus, sorted, for each."""
    return [
        sorted(graph.neighbours(f.entity_id))
        if f.entity_id and graph.degree(f.entity_id) <= _MOST_BESIDE
        else []
        for f in state.focus[:_NEAR]
    ]


def _focus(entity_id: str, seen: Seen, graph: KnowledgeGraph) -> Focus:
    name = graph.label(entity_id, seen.language)
    return Focus(entity_id, name, 0.5, graph.entities[entity_id].types)


def _length_with(word: str, name: str, seen: Seen) -> int:
    """Return how many words a longer name has that the word is part of, else 0.

    "The main dish" is not about the river Main. But for an ellipsis the word must end the name.
    """
    parts = [name[a:b] for a, b in words(name, seen.language)]
    if not 1 < len(parts) <= _LONGEST_NAME or not {word, word.lower()} & set(parts):
        return 0
    return len(parts) if seen.opening or parts[-1] in (word, word.lower()) else 0
