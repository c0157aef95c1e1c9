"""Answers put together by code: facts in words and sentences as written, each with its citation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from babel import Locale

from convrag.generation.concluding import worded
from convrag.generation.phrases import phrase
from convrag.graph.conflicts import agree
from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.graph.wording import statement, value_text
from convrag.text.sanitize import plain
from convrag.text.segment import sentences
from convrag.types import (
    AnswerSpan,
    Citation,
    Evidence,
    Inference,
    Mode,
    Passage,
    Query,
    Reading,
    Span,
    Triple,
)

_LONGEST_QUOTE = 420
"""Characters of a quotation; a following sentence is added only while it stays below."""
_CLOSE_SCORE = 0.035
"""How far below the best sentence a neighbouring one may be and still be quoted with it."""
_GROUPS_STATED = 4
_SOURCES_NAMED = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer's text with markers ``[n]``, what they stand for, and how it was made."""

    text: str
    citations: tuple[Citation, ...]
    mode: Mode


def compose(
    graph: KnowledgeGraph, query: Query, evidence: Sequence[Evidence], reading: Reading
) -> Draft:
    """Return the answer that the reading's best spans give.

    Raises:
        ValueError: The reading has no spans.
    """
    if not reading.spans:
        raise ValueError("nothing was read, there is nothing to compose from")
    by_id = {e.id: e for e in evidence}
    best = by_id[reading.spans[0].evidence_id]
    if isinstance(best.item, Passage):
        if reading.lead is not None:
            return _quoted_with_lead(query, by_id, reading.lead, reading.spans[0])
        return _quote(query, best.item, reading.spans)
    facts = [by_id[s.evidence_id] for s in reading.spans if s.score == reading.spans[0].score]
    groups = group_facts(facts)
    conclusion = reading.conclusion
    if conclusion is None or conclusion.kind is Inference.PATH:
        stated = groups[:_GROUPS_STATED] if conclusion is None else groups
        return _facts(graph, query, stated, {fact.id: fact for fact in facts})
    text, cited = worded(graph, conclusion, groups, query.language)
    citations = tuple(Citation(n, triple.id, (0, 0)) for n, triple in enumerate(cited, start=1))
    return Draft(text, citations, Mode.GRAPH)


def group_facts(facts: Sequence[Evidence]) -> list[FactGroup]:
    """Return the triples grouped as they were found, in evidence order."""
    groups: dict[tuple[str, ...], list[Triple]] = {}
    for fact in facts:
        if isinstance(fact.item, Triple):
            groups.setdefault(fact.via, []).append(fact.item)
    return [
        FactGroup(via[0], via[1], via[2] != "inverse", tuple(triples))
        for via, triples in groups.items()
    ]


def _facts(
    graph: KnowledgeGraph,
    query: Query,
    groups: Sequence[FactGroup],
    evidence: Mapping[str, Evidence],
) -> Draft:
    texts: list[str] = []
    citations: list[Citation] = []
    for group in groups:
        stated = statement(graph, group, query.language)
        if stated in texts:
            continue
        marks: dict[str, str] = {}
        for triple in group.triples:
            citations.append(Citation(len(citations) + 1, triple.id, (0, 0)))
            marks[triple.id] = f"[{citations[-1].marker}]"
        claims = _claims(graph, group, evidence)
        if len(claims) > 1:
            texts.append(_disagreement(graph, claims, query.language, marks))
        elif claims:
            texts.append(_claim(graph, claims[0][0], query.language, marks))
        elif len(group.triples) == 1:
            texts.append(f"{stated} {marks[group.triples[0].id]}")
        else:
            texts.append(statement(graph, group, query.language, marks))
    text = "\n\n".join(texts)
    used = {int(n) for n in re.findall(r"\[(\d+)\]", text)}
    return Draft(text, tuple(c for c in citations if c.marker in used), Mode.GRAPH)


def _claims(
    graph: KnowledgeGraph, group: FactGroup, evidence: Mapping[str, Evidence]
) -> list[tuple[FactGroup, tuple[str, ...]]]:
    """Return the group by what is claimed with who says it, the claims of most sources first.

    Nothing when each value stands for itself: a value that is disputed elsewhere may be the only
    one that was let through, and what one source alone says is a list.
    """
    claims: list[list[Triple]] = []
    for triple, other in zip(group.triples, group.others, strict=True):
        for claim in claims:
            # What holds under terms of its own, such as at a time, is said with them.
            terms = graph.qualifiers(triple) or graph.qualifiers(claim[0])
            if not terms and group.forward and agree(graph, group.property, claim[0].object, other):
                claim.append(triple)
                break
        else:
            claims.append([triple])
    disputed = any(evidence[t.id].disputed for t in group.triples)
    several = len({t.source for t in group.triples}) > 1
    if len(group.triples) < 2 or (len(claims) > 1 and not disputed) or not several:
        return []
    told = []
    for triples in claims:
        said = {s for t in triples for s in evidence[t.id].sources or (t.source,)}
        told.append((replace(group, triples=tuple(triples)), tuple(sorted(said))))
    return sorted(told, key=lambda claim: (-len(claim[1]), claim[1]))


def _claim(graph: KnowledgeGraph, group: FactGroup, language: str, marks: Mapping[str, str]) -> str:
    """Return what is claimed, then how others write it: "83,871 km² [1] (83,859 km² [2])"."""
    first, *rest = group.triples
    stated = f"{statement(graph, replace(group, triples=(first,)), language)} {marks[first.id]}"
    item = graph.property(group.property)
    written: dict[str, str] = {value_text(graph, first.object, item, language): ""}
    for triple in rest:
        text = value_text(graph, triple.object, item, language)
        written[text] = written.get(text, "") + marks[triple.id]
    own, *others = written.items()
    told = "; ".join(f"{text} {said}" for text, said in others)
    return f"{stated}{own[1]} ({told})" if told else f"{stated}{own[1]}"


def _disagreement(
    graph: KnowledgeGraph,
    claims: Sequence[tuple[FactGroup, tuple[str, ...]]],
    language: str,
    marks: Mapping[str, str],
) -> str:
    """Return what each side says, with its sources by name."""
    lines = [phrase("disagree", language)]
    for group, sources in claims:
        # Between these quotes nothing in a name means anything in Markdown.
        names = [f"`{plain(name).replace('`', chr(39))}`" for name in sources[:_SOURCES_NAMED]]
        names += ["…"] if len(sources) > _SOURCES_NAMED else []
        lines.append(f"- {_claim(graph, group, language, marks)} ({', '.join(names)})")
    return "\n".join([lines[0], "", *lines[1:]])


def _quote(query: Query, passage: Passage, spans: Sequence[AnswerSpan]) -> Draft:
    window = _window(passage, [s for s in spans if s.evidence_id == passage.id])
    return Draft(
        f"{_quoted(query, passage, window)} [1]", (Citation(1, passage.id, window),), Mode.EXTRACT
    )


def _quoted_with_lead(
    query: Query, evidence: Mapping[str, Evidence], lead: AnswerSpan, answer: AnswerSpan
) -> Draft:
    """Return the line that leads to the answer's passage, then the answer, each cited."""
    texts: list[str] = []
    citations: list[Citation] = []
    for marker, span in enumerate((lead, answer), start=1):
        passage = evidence[span.evidence_id].item
        if isinstance(passage, Passage):
            texts.append(f"{_quoted(query, passage, span.span)} [{marker}]")
            citations.append(Citation(marker, passage.id, span.span))
    return Draft("\n\n".join(texts), tuple(citations), Mode.EXTRACT)


def _quoted(query: Query, passage: Passage, window: Span) -> str:
    """Return the passage's words; of one in another language with what language that is."""
    quoted = passage.text[window[0] : window[1]].strip()
    if passage.language and passage.language != query.language:
        name = Locale.parse(query.language or "en").languages.get(
            passage.language, passage.language
        )
        return phrase("foreign", query.language).format(language=name, quote=f"“{quoted}”")
    return quoted


def _window(passage: Passage, spans: Sequence[AnswerSpan]) -> Span:
    """Return the best sentence, widened over neighbours that are nearly as close."""
    scores = {s.span: s.score for s in spans}
    order = [s for s in sentences(passage.text, passage.language) if s in scores]
    best = max(order, key=lambda s: scores[s])
    first = last = order.index(best)
    for step in (1, -1):
        place = order.index(best) + step
        while 0 <= place < len(order) and scores[order[place]] >= scores[best] - _CLOSE_SCORE:
            start, end = min(first, place), max(last, place)
            if order[end][1] - order[start][0] > _LONGEST_QUOTE:
                break
            first, last = start, end
            place += step
    return order[first][0], order[last][1]
