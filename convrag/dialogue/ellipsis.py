"""Turns that only name another thing: the last question asked again about it ("and Spain?")."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from convrag.dialogue.correcting import newest_first
from convrag.dialogue.seen import Seen, asked_properties, moved
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.text.normalize import match_key
from convrag.types import Link, Mention, Query

_EARLIER = 3
"""Questions before the last one that may be taken over."""


def ellipsis(
    seen: Seen, graph: KnowledgeGraph, linker: DictionaryLinker, matcher: RelationMatcher
) -> Query | None:
    """Return the last question with the new entity in the old one's place."""
    corrects = seen.opening == "corrections"
    if not seen.links or not seen.state.last_question or seen.relations:
        return None
    if not (seen.opening or seen.is_bare):
        return None
    if seen.content > corrects and not (seen.is_bare or seen.is_apposition):
        return None
    for question, before in _questions_before(seen, graph, linker):
        old = newest_first(before, seen.state) if corrects else tuple(before)
        inside = linker.nested(question, language=seen.language)
        pairs = _replacements(seen.links, old, graph) or _replacements(seen.links, inside, graph)
        if not pairs and len(seen.links) == len(old) == 1 and old[0].entity_id is None:
            # Of a name that the graph does not have it is not known what kind of thing it is.
            pairs = [(old[0], seen.links[0])]
        if pairs:
            return _asked_again(seen, question, pairs, graph)
    return _about_part(seen, graph, linker, matcher)


def _about_part(
    seen: Seen, graph: KnowledgeGraph, linker: DictionaryLinker, matcher: RelationMatcher
) -> Query | None:
    """Return the last question about a part of what the turn names, or about the part it names."""
    question, old = seen.state.last_question, seen.state.last_links
    masked = [link.mention.span for link in old]
    wanted = asked_properties(matcher.match(question, language=seen.language, masked=masked), graph)
    named = {k.entity_id for k in linker.nested(seen.text, language=seen.language)}
    pairs = [
        (earlier, new)
        for earlier, new in _parts_replaced(seen.links, old, graph, linker)
        if new.entity_id not in named  # "E04 on the KX-300" is about that code, not the KX-300
    ]
    if not pairs and len(seen.links) == 1:
        pairs = _part_itself(seen.links[0], old, wanted, graph)
    return _asked_again(seen, question, pairs, graph) if pairs else None


def _asked_again(
    seen: Seen, question: str, pairs: Sequence[tuple[Link, Link]], graph: KnowledgeGraph
) -> Query:
    text = question
    links: list[Link] = []
    for old, new in sorted(pairs, key=lambda pair: -pair[0].mention.span[0]):
        name = graph.label(new.entity_id or "", seen.language)
        start, end = old.mention.span
        text = text[:start] + name + text[end:]
        grown = len(name) - (end - start)
        links = [moved(link, grown) for link in links]
        links.append(replace(new, mention=Mention(name, (start, start + len(name)))))
    act = "correction" if seen.opening == "corrections" else "followup"
    ordered = tuple(sorted(links, key=lambda link: link.mention.span))
    return Query(text, seen.text, seen.language, ordered, 0.85, False, act)


def _questions_before(
    seen: Seen, graph: KnowledgeGraph, linker: DictionaryLinker
) -> Iterator[tuple[str, Sequence[Link]]]:
    """Yield the last questions with their links, the newest first, in the turn's language.

    The last one may be about something else by now: "and in Argentina?" after "the highest mountain
    of Chile?" and "how high is it?".
    """
    state = seen.state
    yield state.last_question, state.last_links
    new = {kind for link in seen.links for kind in graph.kinds_of(link.entity_id)}
    if any(new & graph.kinds_of(link.entity_id) for link in state.last_links):
        return
    for asked in state.asked[-2 : -2 - _EARLIER : -1]:
        if asked.language == seen.language and asked.topic == state.topic:
            found = linker.link(asked.text, language=asked.language, fuzzy=False)
            # "What about E04 on the KX-300?" begins anew; it is no other machine of one question.
            alike = {e for k in found for e in linker.namesakes(k.entity_id or "")}
            if not any(link.entity_id in alike for link in seen.links):
                yield asked.text, found


def _part_itself(
    new: Link, old: Sequence[Link], wanted: Collection[str], graph: KnowledgeGraph
) -> list[tuple[Link, Link]]:
    """Pair a thing with a part of it that has what is asked for: "and the battery itself?"."""
    meant = [new.entity_id, *(entity for entity, _ in new.alternatives)]
    for earlier in old:
        beside = graph.neighbours(earlier.entity_id or "")
        for entity in meant:
            if entity in beside and set(wanted) & graph.properties_of(entity or ""):
                return [(earlier, replace(new, entity_id=entity))]
    return []


def _parts_replaced(
    new: Sequence[Link], old: Sequence[Link], graph: KnowledgeGraph, linker: DictionaryLinker
) -> list[tuple[Link, Link]]:
    """Pair what the question was about with what stands to the new thing as it did to the old one.

    After the battery of one machine "and the one of the RV-10?" is about the other's battery; the
    error of the same name is meant where a machine has several.
    """
    if len(new) != 1 or new[0].entity_id is None:
        return []
    kinds = graph.kinds_of(new[0].entity_id)
    beside = graph.neighbours(new[0].entity_id)
    for earlier in old:
        whole = [e for e in graph.neighbours(earlier.entity_id or "") if kinds & graph.kinds_of(e)]
        alike = {e for e in beside if graph.kinds_of(e) & graph.kinds_of(earlier.entity_id)}
        alike = alike & linker.namesakes(earlier.entity_id or "") or alike
        if whole and len(alike) == 1 and earlier.entity_id not in alike:
            return [(earlier, replace(new[0], entity_id=alike.pop()))]
    return []


def _replacements(
    new: Sequence[Link], old: Sequence[Link], graph: KnowledgeGraph
) -> list[tuple[Link, Link]]:
    """Pair a question's links with new ones of their type, each at most once.

    A namesake ("E04" of another machine) keeps its words; linking finds its new meaning.
    """
    pairs: list[tuple[Link, Link]] = []
    for link in new:
        kinds = graph.kinds_of(link.entity_id)
        if any(link.entity_id == earlier.entity_id for earlier in old if link.entity_id):
            continue  # the question is about it already
        for earlier in old:
            taken = any(earlier is used for used, _ in pairs)
            same_words = match_key(earlier.mention.text) == match_key(link.mention.text)
            other = earlier.entity_id != link.entity_id
            alike = kinds & graph.kinds_of(earlier.entity_id)
            if not taken and not same_words and other and alike:
                pairs.append((earlier, link))
                break
    return pairs
