"""Hybrid retrieval: passages by meaning, words and shared entities, fused with graph facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from convrag.protocols import Encoder
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.facts import FactChannel, FactHit
from convrag.retrieval.fusion import weighted_score_fusion
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import Channel, Evidence, Passage, Query

_DEPTH = 30
_WEIGHTS = {
    "dense": 0.5,
    "lexical": 0.5,
    "graph": 0.2,
    "dense:original": 0.2,
    "lexical:original": 0.2,
    "dense:general": 0.2,
    "lexical:general": 0.2,
}
"""Equal shares of dense and lexical were best or within .005 on seven development sets
(``python -m tests.bench.fusion``); what is searched beside the query counts for less."""
_OWN_LANGUAGE = 1.25
"""Preference for passages in the asker's language, which the answer will be quoted from."""
_FACT_WEIGHT = 4.2
"""A fact that was asked for by name (confidence >= .6) stands above every passage."""
_FACTS_KEPT = 3
"""Groups of facts beside the best-fitting ones that are kept as evidence."""

_Scored = list[tuple[str, float]]


class HybridRetriever:
    """Searches the standalone query and the turn as typed in every channel and fuses the ranks."""

    def __init__(
        self,
        index: Index,
        encoder: Encoder,
        facts: FactChannel,
        generalize: Callable[[Query], str],
    ) -> None:
        """Take ``generalize``, which words a query about one thing as one about its kind."""
        self._index = index
        self._encoder = encoder
        self._dense = DenseChannel(index)
        self._lexical = LexicalChannel(index)
        self._facts = facts
        self._generalize = generalize

    def retrieve(self, query: Query, *, k: int) -> tuple[Evidence, ...]:
        """Return passages and triples, best first, none without a hit in some channel.

        At most ``k`` items, but a group of facts that made it is kept whole, so that a list such as
        a country's neighbours is not cut.
        """
        with self._index.snapshot():
            passages = self._passages(query, k)
        facts = self._triples(self._facts.search(query))
        merged = sorted([*passages, *facts], key=lambda e: (-e.score, e.id))
        floor = merged[k - 1].score if len(merged) > k else 0.0
        kept = [e for e in merged if e.score >= floor]
        return tuple(replace(e, rank=rank) for rank, e in enumerate(kept, start=1))

    def _passages(self, query: Query, k: int) -> list[Evidence]:
        scored, cosines = self._scored(query)
        fused = weighted_score_fusion(scored, weights=_WEIGHTS, k=_DEPTH)
        found = {p.id: p for p in self._index.passages([passage_id for passage_id, _, _ in fused])}
        evidence = [
            Evidence(
                found[passage_id],
                score * (_OWN_LANGUAGE if found[passage_id].language == query.language else 1.0),
                0,
                _channels(ranks),
                _shared(found[passage_id], query),
                cosines.get(passage_id, 0.0),
            )
            for passage_id, score, ranks in fused
            if passage_id in found and score > 0
        ]
        return sorted(evidence, key=lambda e: (-e.score, e.id))[:k]

    def _scored(self, query: Query) -> tuple[dict[str, _Scored], dict[str, float]]:
        """Return the hits of each channel and variant of the query, and the query's cosines."""
        variants = {"": query.text}
        variants |= {":original": query.original, ":general": self._generalize(query)}
        searched = {name: text for name, text in variants.items() if not name or text != query.text}
        vectors = self._encoder.encode(list(searched.values()), "query")
        dense = self._dense.search(vectors, k=_DEPTH)
        scored: dict[str, _Scored] = {}
        for (suffix, text), hits in zip(searched.items(), dense, strict=True):
            scored["dense" + suffix] = hits
            scored["lexical" + suffix] = self._lexical.search(
                text, language=query.language, k=_DEPTH
            )
        cosines = dict(dense[0])
        scored["graph"] = self._by_entity(query)
        return scored, cosines

    def _by_entity(self, query: Query) -> _Scored:
        """Return passages that name the query's entities, scored by how many of them."""
        counts: dict[str, float] = {}
        for entity_id in {link.entity_id for link in query.links if link.entity_id is not None}:
            for passage_id in self._index.passages_with_entity(entity_id, 4 * _DEPTH):
                counts[passage_id] = counts.get(passage_id, 0.0) + 1.0
        return list(counts.items())

    def _triples(self, hits: Sequence[FactHit]) -> list[Evidence]:
        evidence: list[Evidence] = []
        best = hits[0].confidence if hits else 0.0
        for rank, hit in enumerate(hits, start=1):
            if hit.confidence < best and rank > _FACTS_KEPT:
                break
            group = hit.group
            score = hit.confidence * _FACT_WEIGHT * (1.0 - rank / 100)
            evidence += [
                Evidence(
                    triple,
                    score,
                    0,
                    {"graph": rank},
                    (group.entity, group.property, "" if group.forward else "inverse"),
                    hit.confidence,
                )
                for triple in group.triples
            ]
        return evidence


def _channels(ranks: dict[str, int]) -> dict[Channel, int]:
    channels: dict[Channel, int] = {}
    for name in ("dense", "lexical", "graph"):
        found = [rank for source, rank in ranks.items() if source.split(":")[0] == name]
        if found:
            channels[name] = min(found)
    return channels


def _shared(passage: Passage, query: Query) -> tuple[str, ...]:
    """Return the query's entities that the passage names."""
    linked = [link.entity_id for link in query.links if link.entity_id is not None]
    return tuple(dict.fromkeys(e for e in linked if e in passage.entity_ids))
