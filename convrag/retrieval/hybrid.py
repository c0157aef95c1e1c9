"""Hybrid retrieval: passages by meaning, words and shared entities, fused with graph facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convrag.protocols import Encoder, Vectors
from convrag.retrieval import records
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.diversity import diversified, without_repeats
from convrag.retrieval.facts import FactChannel, FactHit
from convrag.retrieval.fusion import Candidates, combined, fused, ranks
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.retrieval.walks import Reached, WalkChannel
from convrag.types import Channel, Evidence, Filter, Passage, Query

_DEPTH = 50
"""Hits of each search: 30 are too few to tell how far the cosines are spread, 100 add nothing."""
_NAMING = 120
"""Passages looked at for each entity of the question."""
_BESIDE = 0.4
"""What a search beside the query's own counts: for the kind of thing, and for the turn as typed
where the query names an entity of the graph, which it does for sure."""
AS_TYPED: Mapping[Channel, float] = {"dense": 0.7, "lexical": 2.0}
"""What the search for the turn as typed counts where the query names none.

What a rewrite adds are a few rare words. In vectors they shift the whole, but each is a score of
its own in BM25, where a wrong one outweighs what was asked: a third of it is enough. Chosen on
MTRAG and iKAT 2023 (``python -m tests.bench.rewriting``): 1 in vectors costs 1 to 2 points of R@5,
.7 in BM25 up to 1, and 2 after a change of topic."""
_FACT_WEIGHT = 2.0
"""A fact that was asked for by name (confidence >= .6) stands above every passage."""
_ASKED_FOR = 0.6
"""Confidence of facts that were asked for by name; others only may answer."""
_PLACES_LEFT = 3
"""Places that passages leave to groups of facts that only may answer, however many these are.

Whether a passage answers is seen in how it stands out from the others: these facts must not make it
doubted by taking their places."""
_FACTS_KEPT = 5
"""Groups of facts beside the best-fitting ones that are kept as evidence."""
RERANKED = 10
"""Passages that a reranker reads, at most; on the development sets 20 gain nothing over 10."""
CHANNELS: frozenset[Channel] = frozenset({"dense", "lexical", "graph"})
"""All that is searched: vectors, words, and the graph with the passages its entities are in."""
_CHOICE = 4
"""How many times as many passages as are asked for a diverse list is chosen from."""


@dataclass(frozen=True, slots=True)
class _Hits:
    """Scores by channel and passage id, and the lexical ones of all searched texts together."""

    channels: Mapping[Channel, Mapping[str, float]]
    bm25: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Found:
    """Hits by channel, and the candidates with the vectors that their cosines are from."""

    hits: Mapping[Channel, Mapping[str, float]]
    candidates: Candidates
    passages: Mapping[str, Passage]
    vectors: Mapping[str, Vectors]
    """The encoder's own, (D,) each."""
    cosines: Mapping[str, float]
    """With the query, of the encoder's own vectors."""
    via: Mapping[str, tuple[str, ...]]
    """The entities on the way to passages that the walk reached."""


class HybridRetriever:
    """Searches the standalone query and the turn as typed in every channel and fuses the scores."""

    def __init__(
        self,
        index: Index,
        encoder: Encoder,
        facts: FactChannel,
        generalize: Callable[[Query], str],
        *,
        walk: WalkChannel | None = None,
        diversity: float = 0.0,
        channels: frozenset[Channel] = CHANNELS,
    ) -> None:
        """Search ``index``.

        Args:
            index: Where to search.
            encoder: The one the index was made with.
            facts: The graph's channel; it also knows what entities are called in other languages.
            generalize: Words a query about one thing as one about its kind.
            walk: Finds what only together with another passage answers; None to do without.
            diversity: Weight of unlikeness among the passages, 0 to 1; see
                :func:`~convrag.retrieval.diversity.diversified`.
            channels: What is searched; a channel that is left out neither finds nor orders.
        """
        self._channels = channels
        self._index = index
        self._encoder = encoder
        self._dense = DenseChannel(index)
        self._lexical = LexicalChannel(index)
        self._facts = facts
        self._generalize = generalize
        self._walk = walk
        self._diversity = diversity

    def retrieve(self, query: Query, *, k: int) -> tuple[Evidence, ...]:
        """Return passages and triples, best first, none without a hit in some channel.

        At most ``k`` items, but a group of facts that made it is kept whole, so that a list such as
        a country's neighbours is not cut. Facts that nobody asked for by name take few places from
        passages; more of them come beside the ``k``, at most as many again. A passage's
        ``confidence`` is the cosine of the encoder's own vectors of it and of the query. The
        logarithm of the ratio of two passages' scores says how far apart they are
        (:func:`~convrag.retrieval.fusion.fused`).

        Raises:
            IndexStoreError: The index fails.
            ModelError: The encoder's vectors do not fit the index.
        """
        with self._index.snapshot():
            passages = self._passages(query, k)
        facts = self._triples(self._facts.search(query)) if self._has("graph") else []
        asked = [e for e in facts if e.confidence >= _ASKED_FOR]
        likely = first([e for e in facts if e.confidence < _ASKED_FOR], k)
        places = k - min(len({e.via for e in likely}), _PLACES_LEFT, k - 1)
        kept = _ordered([*first(_ordered([*passages, *asked]), places), *likely])
        return tuple(replace(e, rank=rank) for rank, e in enumerate(kept, start=1))

    def _has(self, *channels: Channel) -> bool:
        return self._channels.issuperset(channels)

    def _passages(self, query: Query, k: int) -> list[Evidence]:
        found = self._found(query)
        scored = fused(found.candidates, passages=self._index.passage_count)
        if not scored:
            return []
        items = [found.passages[passage_id] for passage_id, _ in scored]
        vectors = np.stack([found.vectors[item.id] for item in items])
        kept = without_repeats(items, vectors, k=_CHOICE * k if self._diversity > 0 else k)
        if self._diversity > 0:
            relevance = [math.log(scored[at][1]) for at in kept]
            chosen = diversified(relevance, vectors[kept], k=k, weight=self._diversity)
            kept = [kept[at] for at in sorted(chosen)]
        ranked = {name: ranks(hits) for name, hits in found.hits.items()}
        return [
            Evidence(
                items[at],
                scored[at][1],
                0,
                {
                    name: by_id[items[at].id]
                    for name, by_id in ranked.items()
                    if items[at].id in by_id
                },
                found.via.get(items[at].id) or _shared(items[at], query),
                found.cosines[items[at].id],
            )
            for at in kept
        ]

    def _found(self, query: Query) -> _Found:
        """Return what the channels find and, where that explains only a part, what completes it."""
        kind = self._generalize(query)
        weighted = searched(query, kind, "dense")
        texts, weights = list(weighted), np.array(list(weighted.values()))
        asked = self._encoder.encode(texts, "query")  # (V, D)
        dense = self._near(asked, query.filter) if self._has("dense") else []
        words = [self._words(text, query) if self._has("lexical") else {} for text in texts]
        # Names in other languages are the graph's, what they find are words.
        translated = self._by_names(query) if self._has("graph", "lexical") else {}
        bm25 = combined(words, list(searched(query, kind, "lexical").values()))
        for passage_id, score in translated.items():
            bm25[passage_id] = bm25.get(passage_id, 0.0) + score
        hits = _Hits(
            {
                "dense": _best(dense),
                "lexical": _best([*words, translated]),
                "graph": self._by_entity(query) if self._has("graph") else {},
            },
            bm25,
        )
        found = self._weighed(query, asked, weights, hits, Reached({}, {}))
        if self._walk is None or not self._has("graph"):
            return found
        scored = fused(found.candidates, passages=self._index.passage_count)
        reached = self._walk.search(query, [(found.passages[i], score) for i, score in scored])
        return self._weighed(query, asked, weights, hits, reached) if reached.gains else found

    def _near(self, asked: Vectors, wanted: Filter) -> list[dict[str, float]]:
        """Return what lies closest to each of the texts' vectors (V, D)."""
        return [dict(hits) for hits in self._dense.search(asked, k=_DEPTH, filter=wanted)]

    def _weighed(
        self, query: Query, asked: Vectors, weights: Vectors, hits: _Hits, reached: Reached
    ) -> _Found:
        """Return all that was found with what is known of it.

        Args:
            query: The question.
            asked: float32 (V, D), unit norm: the texts that are searched for.
            weights: (V,): what each of them counts.
            hits: What the channels found.
            reached: What the walk came to.
        """
        ids = sorted({i for found in (*hits.channels.values(), reached.gains) for i in found})
        passages = {p.id: p for p in self._index.passages(ids)}
        ids = [i for i in ids if i in passages]
        own = self._index.vectors_of(ids)  # (N, D)
        cosines = self._compared(own, asked, query) @ (weights / weights.sum())
        if not self._has("dense"):
            cosines = np.zeros_like(cosines)
        named = hits.channels["graph"]
        candidates = Candidates.of(
            dict(zip(ids, cosines.tolist(), strict=True)),
            hits.bm25,
            foreign=frozenset(i for i in ids if _is_foreign(passages[i], query)),
            entities=named,
            joined=reached.gains,
        )
        by_graph = {i: named.get(i, 0.0) + reached.gains.get(i, 0.0) for i in ids}
        graph = {i: score for i, score in by_graph.items() if score > 0}
        return _Found(
            {**hits.channels, "graph": graph},
            candidates,
            passages,
            dict(zip(ids, own, strict=True)),
            dict(zip(ids, (own @ asked[0]).tolist(), strict=True)),
            reached.via,
        )

    def _compared(self, own: Vectors, asked: Vectors, query: Query) -> Vectors:
        """Return the cosines (N, V) of passages (N, D) with the texts that are searched for (V, D).

        The projection brings languages together. Where question and passages are all in one, the
        encoder's own vectors are compared, which are made for that.
        """
        if self._index.languages == (query.language,):
            return own @ asked.T
        view = self._index.vectors()
        return view.projected(own) @ view.projected(asked).T

    def _words(self, text: str, query: Query) -> dict[str, float]:
        """Return what the words of ``text`` find, in other languages than its own translated."""
        found = self._lexical.search(text, language=query.language, k=_DEPTH, filter=query.filter)
        if not query.language or set(self._index.languages) <= {query.language}:
            return dict(found)
        across = self._lexical.search_across(
            text, language=query.language, k=_DEPTH, filter=query.filter
        )
        passages = {p.id: p for p in self._index.passages([i for i, _ in found])}
        same = {i: score for i, score in found if not _is_foreign(passages[i], query)}
        return same | dict(across)

    def _by_names(self, query: Query) -> dict[str, float]:
        """Return passages in other languages that have the names of the query's entities there."""
        scores: dict[str, float] = {}
        if all(link.entity_id is None for link in query.links):
            return scores
        for language in query.filter.languages or self._index.languages:
            names = self._facts.names(query, language) if language != query.language else ""
            if names:
                only = replace(query.filter, languages=(language,))
                scores |= self._lexical.search(names, language=language, k=_DEPTH, filter=only)
        return scores

    def _by_entity(self, query: Query) -> dict[str, float]:
        """Return passages that name the query's entities, with the share of them it names."""
        linked = {link.entity_id for link in query.links if link.entity_id is not None}
        counts: dict[str, float] = {}
        for entity_id in linked:
            for passage_id in self._naming(entity_id, query.filter):
                counts[passage_id] = counts.get(passage_id, 0.0) + 1.0 / len(linked)
        return counts

    def _naming(self, entity_id: str, wanted: Filter) -> Sequence[str]:
        allowed = self._index.allowed(wanted)
        if allowed is None:
            return self._index.passages_with_entity(entity_id, _NAMING)
        with self._index.snapshot() as connection:
            every = self._index.passages_with_entity(entity_id, self._index.passage_count)
            numbers = [records.number_of(connection, passage_id) or 0 for passage_id in every]
            holds = allowed.holds(np.array(numbers, dtype=np.int64))
        return [i for i, there in zip(every, holds.tolist(), strict=True) if there][:_NAMING]

    def _triples(self, hits: Sequence[FactHit]) -> list[Evidence]:
        evidence: list[Evidence] = []
        best = hits[0].confidence if hits else 0.0
        for rank, hit in enumerate(hits, start=1):
            if hit.confidence < best and rank > _FACTS_KEPT:
                break
            group = hit.group
            # What a conclusion follows from is one group, whatever it is about.
            place = 1 if hit.conclusion is not None else rank
            score = hit.confidence * _FACT_WEIGHT * (1.0 - place / 100)
            evidence += [
                Evidence(
                    triple,
                    score,
                    0,
                    {"graph": place},
                    (group.entity, group.property, "" if group.forward else "inverse"),
                    hit.confidence,
                    hit.conclusion,
                )
                for triple in group.triples
            ]
        return evidence


def searched(query: Query, kind: str, channel: Channel) -> dict[str, float]:
    """Return the texts that ``channel`` searches for, the query first, with what each counts.

    Args:
        query: The question.
        kind: The question about the kind of thing that it is about.
        channel: Vectors or words.
    """
    named = any(link.entity_id is not None for link in query.links)
    texts = {query.text: 1.0}
    texts.setdefault(query.original, _BESIDE if named else AS_TYPED[channel])
    texts.setdefault(kind, _BESIDE)
    return texts


def first(evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
    """Return the first ``k``, and with the last of them what has the same score: a whole group."""
    if k < 1:
        return ()
    floor = evidence[k - 1].score if len(evidence) > k else 0.0
    return tuple(e for e in evidence if e.score >= floor)


def _ordered(evidence: Sequence[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda e: (-e.score, e.id))


def _best(searches: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return each id's highest score."""
    best: dict[str, float] = {}
    for hits in searches:
        for item, score in hits.items():
            best[item] = max(score, best.get(item, score))
    return best


def _is_foreign(passage: Passage, query: Query) -> bool:
    return bool(query.language and passage.language and passage.language != query.language)


def _shared(passage: Passage, query: Query) -> tuple[str, ...]:
    """Return the query's entities that the passage names."""
    linked = [link.entity_id for link in query.links if link.entity_id is not None]
    return tuple(dict.fromkeys(e for e in linked if e in passage.entity_ids))
