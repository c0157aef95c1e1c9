"""Corrections: the last question asked again, about a namesake of another kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convrag.dialogue.seen import Seen, moved
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.types import DialogueState, Link, Mention, Query

_MOST_CONTENT = 1
_MOST_NAMED = 3
"""Entities in focus whose names are tried."""


def other_sense(seen: Seen, graph: KnowledgeGraph, linker: DictionaryLinker) -> Query | None:
    """Return the last question about a namesake: "no, I meant the river", "not the city".

    The turn names a kind of thing and no thing. A namesake is what the name of the last question
    may mean as well, alone or with the word for the kind: "the Congo River".
    """
    kinds = [r for r in seen.relations if r.target in graph.classes]
    rejected = seen.lexicon.spoken(seen.text, "rejections")
    if seen.links or not kinds or seen.content > _MOST_CONTENT:
        return None
    if seen.opening != "corrections" and not rejected:
        return None
    wanted = {r.target for r in kinds}
    for link in seen.state.last_links:
        for entity in _namesakes(seen, link, kinds[0].span, linker):
            types = graph.kinds_of(entity)
            fits = bool(types & wanted) is not bool(rejected)
            if entity != link.entity_id and types and fits:
                return about(seen, graph, link, entity, "correction", 0.85)
    return None


def same_name(seen: Seen, graph: KnowledgeGraph, linker: DictionaryLinker) -> Query | None:
    """Return the turn with "the river of the same name" named.

    The name is that of what the turn names beside it, else of what is in focus.
    """
    said = seen.lexicon.spoken(seen.text, "namesake")
    kinds = [r for r in seen.relations if r.target in graph.classes]
    if not said or not kinds:
        return None
    phrase, kind = said[0][1], min(kinds, key=lambda r: abs(r.span[0] - said[0][1][0]))
    named = [k for k in seen.links if k.mention.span[0] >= phrase[1]]
    focus = [
        Link(Mention(graph.label(f.entity_id, seen.language), (0, 0)), f.entity_id, 1.0)
        for f in seen.state.focus[:_MOST_NAMED]
        if f.entity_id
    ]
    for link in named[:1] or focus:
        for entity in _namesakes(seen, link, kind.span, linker):
            if entity != link.entity_id and kind.target in graph.kinds_of(entity):
                end = link.mention.span[1] if link in named else phrase[1]
                span = (min(kind.span[0], phrase[0]), max(kind.span[1], end))
                mention = Mention(seen.text[span[0] : span[1]], span)
                name = graph.label(entity, seen.language)
                text, found = renamed(seen.text, mention, name, entity)
                return Query(text, seen.text, seen.language, (found,), 0.85, False, "followup")
    return None


def newest_first(links: Sequence[Link], state: DialogueState) -> tuple[Link, ...]:
    """Return the links by when the dialogue first came to them: a slip is in what was said last."""
    order: list[str] = [e for asked in state.asked for e in asked.about]
    return tuple(
        sorted(links, key=lambda k: -order.index(k.entity_id) if k.entity_id in order else 1)
    )


def about(
    seen: Seen, graph: KnowledgeGraph, old: Link, entity_id: str, act: str, confidence: float
) -> Query:
    """Return the last question with one of its links meaning another entity."""
    last = seen.state.last_question
    text, link = renamed(last, old.mention, graph.label(entity_id, seen.language), entity_id)
    grown = len(text) - len(last)
    links = [link]
    for other in seen.state.last_links:
        if other is not old:
            links.append(moved(other, grown if other.mention.span[0] > old.mention.span[0] else 0))
    ordered = tuple(sorted(links, key=lambda link: link.mention.span))
    return Query(text, seen.text, seen.language, ordered, confidence, False, act)


def renamed(text: str, mention: Mention, name: str, entity_id: str) -> tuple[str, Link]:
    """Return the text with ``name`` in the mention's place, and its link."""
    start, end = mention.span
    link = Link(Mention(name, (start, start + len(name))), entity_id, 1.0)
    return text[:start] + name + text[end:], link


def _namesakes(
    seen: Seen, link: Link, kind: tuple[int, int], linker: DictionaryLinker
) -> Iterator[str]:
    yield from (entity for entity, _ in link.alternatives)
    name, word = link.mention.text, seen.text[kind[0] : kind[1]]
    for text in (name, f"{name} {word}", f"{word} {name}"):
        for found in linker.link(text, language=seen.language, fuzzy=False):
            yield from (e for e in (found.entity_id, *(a for a, _ in found.alternatives)) if e)
