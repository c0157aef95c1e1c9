"""A turn of several sentences: the one that asks, and what the others say it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from convrag.dialogue.clarifying import CLEAR
from convrag.dialogue.lexicon import ITEMS, Lexicon, lexicon
from convrag.dialogue.seen import FIRM, Seen, content_count
from convrag.dialogue.wishes import language_named
from convrag.graph.model import KnowledgeGraph
from convrag.text.segment import overlap, sentences
from convrag.types import DialogueState, Focus, Link, Query, Span

_ASKS = "?？؟"
_COLON = re.compile(r"[:：](?=\s|[^\x00-\x7f])\s*")
_BEGINS = re.compile(r"(?<=[,;:)…])\s+(?=¿)")
_CLAUSE = re.compile(r"[,，、;；،]\s*")
_POOR = 2
"""Words of content up to which a sentence beside the question adds nothing to it."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The part of a turn that asks."""

    text: str
    topics: tuple[Link, ...] = ()
    """What the other parts name, while the part that asks names nothing; spans say nothing."""


def asking_part(
    text: str, words: Lexicon, look: Callable[[str], Seen], graph: KnowledgeGraph
) -> Asking:
    """Return the sentence that asks, where the others add nothing but what they name.

    "We have a baby. Which of them is quieter?" asks which is quieter, and "back to Spain: what is
    the currency there?" is about Spain. What a pronoun of the question may point at is kept, unless
    it points at what was spoken of itself ("I am going there. What is the currency there?").

    Args:
        text: The turn.
        words: Those of its language.
        look: Returns what is seen in a text.
        graph: Knows names of languages.
    """
    parts = _parts(text, words)
    core = _core(parts, words)
    seen = look(core)
    if not (seen.links or seen.relations or seen.content or words.spoken(core, "both")):
        return Asking(text)
    topics: list[Link] = []
    for part in parts:
        if part == core:
            continue
        beside = look(part)
        links = _things(beside, graph)
        if any(score > k.score - CLEAR for k in links for _, score in k.alternatives):
            return Asking(text)  # it is asked back which one is meant, from the whole turn
        said = content_count(part, beside.language, [k.mention.span for k in links])
        returns = bool(words.spoken(part, "returning"))
        picks = words.spoken(part, *ITEMS) or (links and words.spoken(core, *ITEMS))
        if picks or ((links or _frames(beside)) and not returns):
            return Asking(text)
        goes_on = bool(seen.state.focus) and not links and _leans(beside)
        unknown = any(k.entity_id is None for k in beside.links)
        enough = seen.links or seen.relations or words.spoken(core, "both")
        asks = any(r.target in graph.properties for r in beside.relations)
        named = unknown or (asks and not words.spoken(core, "both"))
        needed = links or named or _leans(seen) or seen.is_bare or not enough
        if said > _POOR and not returns and not goes_on and needed:
            return Asking(text)
        topics += links
    return Asking(core, () if seen.links else tuple(topics))


def _core(parts: Sequence[str], words: Lexicon) -> str:
    """Return the only part that asks, or the one behind what is returned to; else ""."""
    asking = [part for part in parts if any(c in part for c in _ASKS)]
    if len(parts) < 2 or len(asking) > 1:
        return ""
    if asking:
        return asking[0]
    return parts[-1] if any(words.spoken(part, "returning") for part in parts[:-1]) else ""


def _parts(text: str, words: Lexicon) -> list[str]:
    """Return the sentences, those before a colon and clauses that return to something apart."""
    found: list[str] = []
    for start, end in sentences(text):
        rest = text[start:end]
        for pattern in (_COLON, _BEGINS):
            *before, rest = _split(rest, pattern)
            found += before
        while True:
            cut = _CLAUSE.search(rest)
            if cut is None or not words.spoken(rest[: cut.start()], "returning"):
                break
            found.append(rest[: cut.start()])
            rest = rest[cut.end() :]
        found.append(rest)
    return [part for part in found if any(c.isalnum() for c in part)]


def _split(text: str, pattern: re.Pattern[str]) -> Sequence[str]:
    cut = pattern.search(text)
    return [text] if cut is None else [text[: cut.start()], text[cut.end() :]]


def _things(seen: Seen, graph: KnowledgeGraph) -> list[Link]:
    """Return the links but for the languages that the turn says it is spoken in."""
    code = seen.language
    return [
        k
        for k in seen.links
        if k.entity_id
        and k.score >= FIRM
        and not language_named(k.mention.text, code)
        and not language_named(graph.label(k.entity_id, code), code)
    ]


def _frames(seen: Seen) -> bool:
    """Whether the part only says where or of what the rest is asked: "there, what ...?"."""
    return not seen.content and (bool(seen.links) or _leans(seen))


def _leans(seen: Seen) -> bool:
    """Whether the sentence may point at one beside it."""
    both: list[Span] = [span for _, span in seen.lexicon.spoken(seen.text, "both")]
    return any(
        cue.kinds & {"pronouns", "possessives", "events", "places"}
        for cue in seen.cues
        if not any(overlap(cue.span, span) for span in both)
    )


def with_topics(
    state: DialogueState, topics: Sequence[Link], graph: KnowledgeGraph
) -> DialogueState:
    """Return the state with what the turn says it is about in front."""
    named = {link.entity_id: link.mention.text for link in topics if link.entity_id}
    kinds = {e: tuple(sorted(graph.kinds_of(e))) for e in named}
    front = tuple(Focus(e, name, 1.0, kinds[e]) for e, name in named.items())
    rest = (f for f in state.focus if f.entity_id not in named)
    return replace(state, focus=(*front, *rest))


def doubted(text: str, state: DialogueState) -> Query | None:
    """Return the last question for a turn that only doubts its answer: "really?"."""
    last = state.last_question
    asks = bool(last) and any(c in text for c in _ASKS)
    if not asks or not lexicon(state.language).is_all(text, "doubts"):
        return None
    return Query(last, text, state.language, state.last_links, 0.8, False, "followup")
