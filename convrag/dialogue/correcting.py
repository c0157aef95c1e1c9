"""Corrections: the last question asked again, about a namesake of another kind."""

from __future__ import annotations

from collections.abc import Iterator

from convrag.dialogue.seen import Seen, moved
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.types import Link, Mention, Query

_MOST_CONTENT = 1


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
            types = set(graph.entities[entity].types) if entity in graph.entities else set()
            fits = bool(types & wanted) is not bool(rejected)
            if entity != link.entity_id and types and fits:
                return about(seen, graph, link, entity, "correction", 0.85)
    return None


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
