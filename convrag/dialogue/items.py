"""Items of what was listed or compared: "the second one", "the other", "which of them"."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from convrag.dialogue.leaning import is_article
from convrag.dialogue.lexicon import ITEMS
from convrag.dialogue.seen import Seen, asked_properties, content_count, moved
from convrag.graph.model import KnowledgeGraph
from convrag.graph.operators import Degree, measuring, operators
from convrag.graph.phrases import mask
from convrag.graph.walking import value_of
from convrag.text.function_words import stop_keys
from convrag.text.normalize import match_key
from convrag.text.segment import overlap, words
from convrag.types import DialogueState, Link, Mention, Query, Span

_MOST_COMPARED = 6
_PLACES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_ENGLISH_NOUNS = ("one", "former", "latter", "number", "previous", "them")
"""With these an English ordinal stands for a thing whatever follows it."""


def item_meant(seen: Seen, graph: KnowledgeGraph) -> tuple[str, Span] | None:
    """Return which entity a word for an item stands for, and the span of the words.

    A kind that is named right behind ("the second river") chooses among items of the kind.
    """
    for name, span in seen.lexicon.spoken(seen.text, *ITEMS):
        if any(overlap(span, link.mention.span) for link in seen.links):
            continue
        kind, end = _kind_behind(seen, span, graph)
        if not kind and not _stands_for_a_thing(seen, span):
            continue
        before = [k for k in seen.links if k.mention.span[1] <= span[0]]
        own = tuple(k.entity_id for k in before if k.entity_id)
        asked = asked_properties(seen.relations, graph)
        choices = own
        if len(own) < 2:
            choices = in_view(seen.state, graph, {kind} if kind else (), having=asked)
        if name == "other":
            chosen = _other(seen, choices)
        elif len(choices) < 2 or _PLACES[name] >= len(choices):
            chosen = ""
        else:
            chosen = choices[_PLACES[name]]
        if chosen:
            return chosen, (span[0], end)
    return None


def in_view(
    state: DialogueState,
    graph: KnowledgeGraph,
    kinds: Collection[str] = (),
    *,
    having: Collection[str] = (),
) -> tuple[str, ...]:
    """Return what "the first one" counts: what was listed, else the last two things of one kind.

    Args:
        state: The dialogue's state.
        graph: Knows the kinds.
        kinds: Only things of one of these classes; nothing for any.
        having: What is asked for; a list of which nothing has it is not what is counted.
    """
    listed = tuple(e for e in state.listed if not kinds or graph.kinds_of(e) & set(kinds))
    if len(listed) > 1 and (not having or any(_has(graph, e, having) for e in listed)):
        return listed
    recent = [e for asked in reversed(state.asked) for e in asked.about]
    for latest in recent:
        wanted = set(kinds) or graph.kinds_of(latest)
        alike = [e for e in dict.fromkeys(recent) if graph.kinds_of(e) & wanted]
        if having and not any(_has(graph, e, having) for e in alike):
            continue
        if latest in alike and len(alike) > 1:
            other = next(e for e in alike if e != latest)
            order = [e for asked in state.asked for e in asked.about]
            return tuple(sorted((latest, other), key=order.index))
    if len(listed) > 1:
        return listed
    return in_view(state, graph, kinds) if having else ()


def compared(seen: Seen, graph: KnowledgeGraph) -> Query | None:
    """Return "which of them is longer?" and "is it longer than X?" with what is compared named.

    Adjectives compare when the turn names one thing, or none and points at what was listed.
    """
    found = operators(mask(seen.text, [k.mention.span for k in seen.links]), seen.language)
    if found is None or len(seen.links) > 1 or not _may_compare(seen):
        return None
    kinds = {r.target for r in seen.relations if r.target in graph.classes}
    both = bool(seen.lexicon.spoken(seen.text, "both"))
    if both and (chosen := _which_of(seen, graph, kinds)) is not None:
        return chosen
    if not found.degrees:
        return None
    if not seen.links:
        choices = in_view(seen.state, graph, kinds)
        if not 1 < len(choices) <= _MOST_COMPARED or not (both or found.choices):
            return None
        pointing = any(not is_article(cue, seen) for cue in seen.cues)
        if (kinds or pointing) and not both:
            return None
        return with_names(seen, graph, choices)
    named = seen.links[0].entity_id
    shown = not kinds or (kinds <= graph.kinds_of(named) and _points(seen, graph))
    pointed = any(cue.kinds - {"demonstratives"} for cue in seen.cues)
    aside = [d.span for d in found.degrees] + [*found.choices, *(r.span for r in seen.relations)]
    aside += [*(c.span for c in seen.cues), seen.opening_span, seen.links[0].mention.span]
    only = found.choices and not content_count(seen.text, seen.language, aside)
    if named is None or not shown or not (found.than or pointed or only):
        return None
    alike = (f.entity_id for f in seen.state.focus if set(f.types) & graph.kinds_of(named))
    other = next((e for e in alike if e and e != named), "")
    start = seen.links[0].mention.span[0]
    # An article goes with the name behind it: "newer than the RV-10".
    before = [c.span[1] for c in seen.cues if seen.text[c.span[1] : start].strip()]
    before = [place for place in before if place <= start]
    return with_names(seen, graph, (other,), *before[-1:]) if other else None


def _which_of(seen: Seen, graph: KnowledgeGraph, kinds: Collection[str]) -> Query | None:
    """Return "which of the two flows into it?" and "which of them has wheels?" with both named."""
    if not seen.lexicon.spoken(seen.text, "asking", "both"):
        return None
    choices = in_view(seen.state, graph, kinds) or in_view(seen.state, graph)
    named = {link.entity_id for link in seen.links}
    alike = any(graph.kinds_of(e) & graph.kinds_of(c) for e in named for c in choices)
    if not 1 < len(choices) <= _MOST_COMPARED or alike:
        return None
    return with_names(seen, graph, choices)


def _points(seen: Seen, graph: KnowledgeGraph) -> bool:
    """Whether the kind that the turn names has a word before it that points: "this mountain"."""
    return any(
        "demonstratives" in cue.kinds and not seen.text[cue.span[1] : r.span[0]].strip()
        for cue in seen.cues
        for r in seen.relations
        if r.target in graph.classes and cue.span[1] <= r.span[0]
    )


def by_degree(seen: Seen, graph: KnowledgeGraph) -> tuple[str, Span] | None:
    """Return which of two an adjective stands for, and the span of the words: "the longer one".

    The adjective stands beside a word for one, or the turn asks for something else than what the
    adjective measures.
    """
    found = operators(mask(seen.text, [k.mention.span for k in seen.links]), seen.language)
    if found is None or len(found.degrees) != 1 or seen.links:
        return None
    degree, choices = found.degrees[0], in_view(seen.state, graph)
    start, end = degree.span
    kinds = {kind for e in choices for kind in graph.kinds_of(e)}
    other = any(
        r.target in graph.classes
        and r.target not in kinds
        and not seen.text[end : r.span[0]].strip()
        for r in seen.relations
        if r.span[0] >= end
    )
    measured = {p for q in degree.quantities if q for p in measuring(graph, q)}
    asked = asked_properties([r for r in seen.relations if not overlap(r.span, degree.span)], graph)
    named = any(overlap(r.span, degree.span) for r in seen.relations)
    ones = [span for _, span in seen.lexicon.spoken(seen.text, "twos")]
    is_one = any(not seen.text[end:a].strip() for a, _ in ones if a >= end) and not found.choices
    both = seen.lexicon.spoken(seen.text, "both")
    if len(choices) != 2 or other or named or both or not (asked or is_one) or asked & measured:
        return None
    for a, b in sorted([*ones, *(c.span for c in seen.cues if "demonstratives" in c.kinds)]):
        between = seen.text[end:a] if a >= end else seen.text[b:start]
        if not between.strip(" ,"):
            start, end = min(a, start), max(b, end)
    ahead = _ahead(graph, choices, degree)
    return (ahead, (start, end)) if ahead else None


def _ahead(graph: KnowledgeGraph, choices: Sequence[str], degree: Degree) -> str:
    """Return which of the entities has most of what the adjective measures, or ""."""
    for quantity, most in degree.readings:
        for item in measuring(graph, quantity) if quantity else ():
            values = {e: value[1] for e in choices if (value := value_of(graph, e, item))}
            if len(set(values.values())) == len(choices):
                return (max if most else min)(values, key=lambda e: values[e])
    return ""


def ranked(seen: Seen, graph: KnowledgeGraph) -> Query | None:
    """Return "which is the longest?" after a question about a kind of things, with that question.

    What was listed then is the answer to the question before, and may be more than can be named.
    """
    state = seen.state
    found = operators(seen.text, seen.language)
    if seen.links or found is None or not found.degrees or not (found.choices or seen.opening):
        return None
    kinds = {r.target for r in seen.relations if r.target in graph.classes}
    if kinds or len(state.listed) < 2 or not state.last_links:
        return None
    text = f"{state.last_question} {seen.text}"
    return Query(text, seen.text, seen.language, state.last_links, 0.75, False, "followup")


def with_names(
    seen: Seen, graph: KnowledgeGraph, entities: Sequence[str], at: int | None = None
) -> Query:
    """Return the turn with the entities' names in parentheses.

    Args:
        seen: The turn.
        graph: Knows the names.
        entities: The entities, in order.
        at: Behind which character; None for before the closing mark.
    """
    place = len(seen.text.rstrip("?？!！.。؟।… ")) if at is None else at
    text, added = f"{seen.text[:place]} (", []
    for number, entity in enumerate(entities):
        name = graph.label(entity, seen.language)
        text += ", " if number else ""
        added.append(Link(Mention(name, (len(text), len(text) + len(name))), entity, 1.0))
        text += name
    grown = len(text) + 1 - place
    text += f"){seen.text[place:]}"
    links = [k if k.mention.span[1] <= place else moved(k, grown) for k in seen.links]
    ordered = tuple(sorted([*links, *added], key=lambda link: link.mention.span))
    return Query(text, seen.text, seen.language, ordered, 0.85, False, "followup")


def _may_compare(seen: Seen) -> bool:
    """Whether what the turn says besides names and adjectives is little."""
    return seen.content <= (6 if seen.language in ("ja", "zh") else 4)


def _other(seen: Seen, choices: Sequence[str]) -> str:
    """Return which of two was not asked about last."""
    if len(choices) != 2:
        return ""
    last = [k.entity_id for k in seen.state.last_links if k.entity_id in choices]
    salient = [f.entity_id for f in seen.state.focus if f.entity_id in choices]
    current = last[0] if len(last) == 1 else next(iter(salient), "")
    return next((e for e in choices if e != current), "") if current else ""


def _kind_behind(seen: Seen, span: Span, graph: KnowledgeGraph) -> tuple[str, int]:
    for relation in seen.relations:
        start, end = relation.span
        between = seen.text[span[1] : start].strip() if start >= span[1] else "-"
        if relation.target in graph.classes and not between:
            return relation.target, end
    return "", span[1]


def _stands_for_a_thing(seen: Seen, span: Span) -> bool:
    """Whether the ordinal goes with no noun behind it: "the first" and not "the first time".

    Without spaces between words the phrases have the noun in them already.
    """
    if seen.language in ("zh", "ja"):
        return True
    if seen.language == "en" and seen.text[span[0] : span[1]].lower().endswith(_ENGLISH_NOUNS):
        return True
    rest = seen.text[span[1] :]
    following = words(rest, seen.language)
    if not following or not rest[: following[0][0]].isspace():
        return True
    start, end = following[0]
    return seen.language != "en" and match_key(rest[start:end]) in stop_keys(seen.language)


def _has(graph: KnowledgeGraph, entity_id: str, wanted: Collection[str]) -> bool:
    return bool(set(wanted) & graph.properties_of(entity_id))
