"""The right evidence of a turn: looked up in the index, and the places in it that answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from convrag.evaluation.dialogues import Expectation, ItemNeed, Need, PassageNeed, TripleNeed
from convrag.evaluation.metrics import answers
from convrag.evaluation.scoring import Expand, satisfies
from convrag.text.normalize import match_key
from convrag.text.segment import sentences
from convrag.types import AnswerSpan, Evidence, Passage, Query, Span, Triple

if TYPE_CHECKING:
    from convrag.evaluation.gold import Steps

_CERTAIN = 1.0
_TERMS = re.compile(r"<([^<>]*)> <([^<>]*)> ")


def with_needed(
    found: Sequence[Evidence],
    needs: Sequence[Sequence[Need]],
    pipeline: Steps,
    query: Query,
) -> tuple[Evidence, ...]:
    """Return what is needed, first and certain, then the rest of what was found."""
    best = max((e.score for e in found), default=1.0)
    sure = max((e.confidence for e in found if isinstance(e.item, Passage)), default=_CERTAIN)
    first: dict[str, Evidence] = {}
    for alternatives in needs:
        have = [
            e for e in found if any(satisfies(e, n, pipeline.expand_curie) for n in alternatives)
        ]
        for evidence in have or _looked_up(alternatives, pipeline, query, sure):
            first.setdefault(evidence.id, evidence)
    rest = [e for e in found if e.id not in first]
    ahead = [replace(e, score=max(best, e.score)) for e in first.values()]
    return tuple(replace(e, rank=rank) for rank, e in enumerate([*ahead, *rest], start=1))


def _looked_up(
    alternatives: Sequence[Need], pipeline: Steps, query: Query, sure: float
) -> list[Evidence]:
    """Return the alternatives that the index has; of passages one, in the query's language."""
    linked = {link.entity_id for link in query.links}
    facts: list[Evidence] = []
    passages: list[Passage] = []
    for need in alternatives:
        if isinstance(need, PassageNeed):
            passages += _passages(need, pipeline)
            continue
        facts += _facts(need, pipeline, linked)
        if isinstance(need, ItemNeed):
            held = pipeline.index.passages_of(need.id)
            passages += sorted(held, key=lambda p: _answering(p.text, need, p.language))[-1:]
    if facts:
        return facts
    passages.sort(key=lambda p: p.language != query.language)
    return [Evidence(p, 0.0, 0, {}, (), sure) for p in passages[:1]]


def _facts(need: TripleNeed | ItemNeed, pipeline: Steps, linked: set[str | None]) -> list[Evidence]:
    expand = pipeline.expand_curie
    if isinstance(need, TripleNeed):
        terms = expand(need.subject), expand(need.predicate)
    else:
        named = _TERMS.match(need.id)
        if named is None:
            return []
        terms = named[1], named[2]
    facts = pipeline.graph.values(*terms)
    return [
        Evidence(fact, 0.0, 0, {"graph": 1}, _via(fact, linked), _CERTAIN)
        for fact in facts
        if satisfies(Evidence(fact, 0.0, 0, {}), need, expand)
    ]


def _via(fact: Triple, linked: set[str | None]) -> tuple[str, str, str]:
    """Return how the fact is reached: from its object when only that is asked about."""
    if fact.subject not in linked and isinstance(fact.object, str) and fact.object in linked:
        return fact.object, fact.predicate, "inverse"
    return fact.subject, fact.predicate, ""


def _passages(need: PassageNeed, pipeline: Steps) -> list[Passage]:
    index = pipeline.index
    return [
        passage
        for document in index.documents()
        if document.source.replace("\\", "/").endswith(need.source)
        for passage in index.passages_of(document.id)
        if satisfies(Evidence(passage, 0.0, 0, {}), need, pipeline.expand_curie)
    ]


def right_spans(
    expect: Expectation, evidence: Sequence[Evidence], expand: Expand, language: str
) -> Iterator[AnswerSpan]:
    """Yield the expected facts, or the sentences with the expected quotes, need by need."""
    for alternatives in expect.evidence:
        found = [(e, need) for e in evidence for need in alternatives if satisfies(e, need, expand)]
        facts = [e for e, _ in found if isinstance(e.item, Triple)]
        if facts:
            yield from (AnswerSpan(e.id, (0, 0), _CERTAIN) for e in facts)
            continue
        found.sort(key=lambda pair: _unfit(pair[0], pair[1], language))
        for e, need in found[:1]:
            if isinstance(e.item, Passage):
                yield AnswerSpan(e.id, _place(e.item, need), _CERTAIN)


def _unfit(evidence: Evidence, need: Need, language: str) -> tuple[bool, float, float]:
    """Return a key that puts first what is in the language, and what answers best."""
    item = evidence.item
    if not isinstance(item, Passage):
        return False, 0.0, 0.0
    exact, near = 0.0, 0.0
    if isinstance(need, ItemNeed):
        exact, near = _answering(item.text, need, item.language)
    return item.language != language, -exact, -near


def _place(passage: Passage, need: Need) -> Span:
    """Return where in a passage that is needed the answer is."""
    if isinstance(need, PassageNeed):
        return _quoted(passage, need.contains)
    whole = (0, len(passage.text))
    if not isinstance(need, ItemNeed):
        return whole
    spans = list(sentences(passage.text, passage.language))
    rated = [(_answering(passage.text[a:b], need, passage.language), (a, b)) for a, b in spans]
    best, place = max(rated, key=lambda pair: pair[0], default=((0.0, 0.0), whole))
    return place if any(best) else whole


def _answering(text: str, need: ItemNeed, language: str) -> tuple[float, float]:
    """Return whether a text has an answer in it, and how near to one it is: more is better."""
    if not need.answers:
        return 0.0, 0.0
    return answers.contains(text, need.answers, language), answers.f1(text, need.answers, language)


def _quoted(passage: Passage, quote: str) -> Span:
    """Return the sentences that the quote runs over, the whole passage when it is not in them."""
    at = passage.text.find(quote)
    spans = list(sentences(passage.text, passage.language))
    if at >= 0 and quote:
        hit = [s for s in spans if s[0] < at + len(quote) and at < s[1]]
    else:
        hit = [
            s for s in spans if quote and match_key(quote) in match_key(passage.text[s[0] : s[1]])
        ]
    return (hit[0][0], hit[-1][1]) if hit else (0, len(passage.text))
