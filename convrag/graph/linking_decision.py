"""Which of the things that a text may name are meant: the likeliest, several, or none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from convrag.graph.linking_hits import Hit
from convrag.graph.linking_longer import longer_name
from convrag.graph.linking_unknown import unknown_names
from convrag.text.segment import overlap
from convrag.types import Link, Mention, Span

_ALTERNATIVES = 8
_HIGHEST = 2.5


@dataclass(slots=True)
class Candidate:
    """An entity that a mention may mean, with what speaks for it, by the weights' names."""

    entity_id: str
    number: int
    hit: Hit
    quality: float
    kind_beside: bool = False
    """Whether the text calls it by its kind right beside the name: "the lake Balaton"."""
    features: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The name's quality and the weighed features; not negative."""
        weights = weights_of_features()
        total = self.quality + sum(weights[f] * value for f, value in self.features.items())
        return max(0.0, total)


@dataclass(frozen=True, slots=True)
class Considered:
    """What the places of a text may mean; those of misspelt names may overlap."""

    text: str
    language: str
    ignored: Sequence[Span]
    certain: Sequence[list[Candidate]]
    doubtful: Sequence[list[Candidate]]
    whole: bool
    """Whether unknown names were looked for as well."""


def decide(considered: Considered) -> tuple[Link, ...]:
    """Return the likeliest links, in order, without overlap."""
    text = considered.text
    certain = [sorted(m, key=by_score) for m in considered.certain]
    doubtful = [sorted(m, key=by_score) for m in considered.doubtful]
    found = _with_doubtful([m for m in certain if m[0].score >= least_score()], doubtful)
    links = [_link(text, candidates) for candidates in found]
    if considered.whole:
        spans = [link.mention.span for link in links]
        unknown = unknown_names(text, considered.language, spans, considered.ignored)
        for span in (*unknown, *_longer(considered, found, unknown)):
            inside = [link for link in links if overlap(link.mention.span, span)]
            other = tuple((link.entity_id, link.score) for link in inside if link.entity_id)
            links = [link for link in links if link not in inside]
            links.append(Link(Mention(text[span[0] : span[1]], span), None, 0.0, other))
    return tuple(sorted(links, key=lambda link: link.mention.span))


def _longer(
    considered: Considered, found: Sequence[list[Candidate]], unknown: Sequence[Span]
) -> list[Span]:
    """Return where found names are parts of longer ones that are nobody's.

    Only names as the graph itself writes them are: "the lakes of Canada" has another form of it in
    most languages.
    """
    longer = [
        longer_name(considered.text, considered.language, m[0].hit.span)
        for m in found
        if m[0].quality >= 1.0 and not m[0].kind_beside
    ]
    return [s for s in longer if s is not None and not any(overlap(s, u) for u in unknown)]


def by_score(candidate: Candidate) -> tuple[float, str]:
    return -candidate.score, candidate.entity_id


def _with_doubtful(
    found: list[list[Candidate]], doubtful: Sequence[list[Candidate]]
) -> list[list[Candidate]]:
    """Return the mentions with the likely misspelt ones; longer ones replace what lies inside."""
    likely = [m for m in doubtful if m[0].score >= least_score()]
    likely.sort(key=lambda m: (-_size(m), -m[0].score, m[0].hit.span))
    kept = list(found)
    for candidates in likely:
        hit = candidates[0].hit
        around = [m for m in kept if overlap(m[0].hit.span, hit.span)]
        if all(_replaces(hit, m[0].hit) for m in around):
            kept = [m for m in kept if m not in around] + [candidates]
    return kept


def _link(text: str, candidates: Sequence[Candidate]) -> Link:
    start, end = candidates[0].hit.span
    ranked = tuple(
        (c.entity_id, round(min(c.score, _HIGHEST), 4)) for c in candidates[:_ALTERNATIVES]
    )
    return Link(Mention(text[start:end], (start, end)), ranked[0][0], ranked[0][1], ranked[1:])


def is_doubtful(hit: Hit) -> bool:
    """Return whether the name is not there as written or inflected."""
    return hit.way in ("misspelt", "sound")


def _replaces(hit: Hit, inner: Hit) -> bool:
    """Whether a misspelt name is so much longer that the name inside of it is not meant."""
    return within(inner.span, hit.span) and inner.way == "exact" and hit.way == "misspelt"


def within(part: Span, whole: Span) -> bool:
    """Return whether the span is a part of the other."""
    return whole[0] <= part[0] and part[1] <= whole[1] and part != whole


def _size(candidates: Sequence[Candidate]) -> int:
    start, end = candidates[0].hit.span
    return end - start


def least_score() -> float:
    """Return the score under which a name is more likely a word or nobody's."""
    return weights_of_features()["least"]


@cache
def weights_of_features() -> dict[str, float]:
    """Return what each feature counts, in units of the name's quality, and the least score."""
    path = files("convrag.graph").joinpath("linking_weights.json")
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return found
