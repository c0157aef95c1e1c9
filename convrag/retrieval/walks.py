"""The walk from the passages found first, over the entities they name, to what completes them.

"What is the capital of the largest export partner of Chad?" is answered by two passages. One names
Chad's partners; the other has the words of the question that are left, and belongs to one of them.
"""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from convrag.graph import storage
from convrag.graph.model import KnowledgeGraph
from convrag.graph.ranked_names import in_order
from convrag.retrieval import records
from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.network import PassageNetwork
from convrag.text.analysis import analyze, kind_weight, query_terms
from convrag.text.segment import sentences
from convrag.types import Link, Passage, Query

if TYPE_CHECKING:
    from convrag.retrieval.index import Index

_WHOLE = 100_000
"""Connections up to which the whole network is walked: about 10 ms."""
_LEAST = 1e-6
"""What is too little to walk on with in a larger one: 10 ms for a million passages."""
_FIRST = 5
"""Passages of the first search in which entities are looked for."""
_LINKED = 0.3
"""Share of walks that start at the question's entities, the rest at those that the lines name."""
_SMALLEST_GAIN = 0.2
"""Share of the question that two lines must explain and no single one does.

In running text some words of a question often stand apart; a tenth would change one answer in four
there, and joins explain a fifth at least."""
_SPREAD = 0.25
"""A first passage's weight is its score to the power of this: later ones lead on nearly as well."""
_ENTITIES = 16
"""Entities whose passages are looked at, those with the largest shares."""
_PASSAGES_EACH = 200
_HITS = 200
_KINDS = 4
"""Sets of terms with which lines lead on; those that lead to the entities with most shares."""
_READ = 6
"""Passages whose lines are compared with what such a set leaves of the question."""
_KEPT = 512
"""Passages whose lines' terms are kept, 10 MB: many are looked at again and again."""
_NONE = (0.0, "")

Linking = Callable[[str, str], Sequence[Link]]
"""Returns what a text in a language names, in reading order."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Passages that together with another one explain more of the question than either alone.

    Attributes:
        gains: By passage id, 0..1: how much more, and how surely; for both of the two.
        via: By id of the second passage, the entities on the way to it.
    """

    gains: Mapping[str, float]
    via: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Lead:
    """A line of a passage that names an entity, with the terms of the question it has."""

    passage: str
    terms: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True)
class _End:
    """A passage that a lead may lead to, by which entity, and how surely: 0..1."""

    passage: Passage
    entity: str
    weight: float


class WalkChannel:
    """Finds passages by entities that the passages found first name."""

    def __init__(self, index: Index, graph: KnowledgeGraph, link: Linking) -> None:
        """Walk over the passages of ``index`` and the facts of ``graph``."""
        self._index = index
        self._graph = graph
        self._link = link
        self._lock = threading.Lock()
        self._made: tuple[tuple[int, str], PassageNetwork] | None = None

    def search(self, query: Query, first: Sequence[tuple[Passage, float]]) -> Reached:
        """Return what belongs to the passages found first; nothing when these explain it all.

        A personalised PageRank walk starts at the question's entities and at those named by lines
        of the first passages, as often as the line has terms of the question. The passages about
        the entities that it comes to most are reached. What counts of them is how much of the
        question their best line and the line that led there explain together, beyond the best
        single line of the first passages; terms weigh by their rarity, and names of the question's
        entities do not count. Only passages in the question's language are compared: translated
        terms leave too much unexplained that is there.

        Args:
            query: With its links.
            first: Passages with their scores, best first.

        Raises:
            IndexStoreError: The database fails.
        """
        nothing = Reached({}, {})
        linked = {link.entity_id for link in query.links if link.entity_id is not None}
        first = [
            (passage, score)
            for passage, score in first[:_FIRST]
            if linked.intersection(passage.entity_ids) and passage.language == query.language
        ]
        # A passage that only names the question's entity leads from what it is about instead.
        about = [(p, score) for p, score in first if linked.intersection(p.entity_ids[:1])]
        first = about or first
        if not first:
            return nothing
        with self._index.snapshot() as connection:
            asked = _Asked(self._index, query)
            leads, explained = self._leads(query, asked, first)
            if not leads:
                return nothing
            network = self._network(connection)
            walked = self._walked(network, query, leads)
            ends = self._ends(connection, network, query, asked, walked, leads)
            return self._gains(query, asked, leads, explained, ends)

    def _leads(
        self, query: Query, asked: _Asked, first: Sequence[tuple[Passage, float]]
    ) -> tuple[dict[str, _Lead], float]:
        """Return the best lead to each entity, and the share that the best line explains.

        Where that is so much that two lines cannot explain more, no line is searched for entities.
        """
        lines = [
            (passage, score, line, terms, asked.share(terms))
            for passage, score in first
            for line, terms in asked.lines(passage)
        ]
        explained = max((share for *_, share in lines), default=1.0)
        if explained > 1 - _SMALLEST_GAIN:
            return {}, explained
        known = {link.entity_id for link in query.links}
        leads: dict[str, _Lead] = {}
        for passage, score, line, terms, share in lines:
            links = [
                link for link in self._link(line, passage.language) if link.entity_id not in known
            ]
            order = in_order(query, line, links)
            # What is ranked has been read: "most" needs no line that has the word.
            if order.by is not None:
                terms = terms | asked.terms_of(query.text[slice(*order.by)])
                share = asked.share(terms)
                explained = max(explained, share)
            for place, entity in enumerate(order.entities):
                weight = (score / first[0][1]) ** _SPREAD * share / math.sqrt(1 + place)
                if entity not in leads or weight > leads[entity].weight:
                    leads[entity] = _Lead(passage.id, terms, weight)
        return leads, explained

    def _walked(
        self, network: PassageNetwork, query: Query, leads: Mapping[str, _Lead]
    ) -> dict[str, float]:
        """Return how much the walk comes to each entity that leads name; the most is 1."""
        start = np.zeros(len(network.network))
        for entity, lead in leads.items():
            if entity in network.entities:
                start[network.entities[entity]] = lead.weight
        if not start.any():
            return {}
        start *= (1 - _LINKED) / start.sum()
        linked = [network.entities.get(link.entity_id or "", -1) for link in query.links]
        for node in linked:
            if node >= 0:
                start[node] += _LINKED / len(linked)
        start /= start.sum()
        if network.network.size <= _WHOLE:
            shares = network.network.shares(start)
        else:
            shares = network.network.shares_nearby(start, least=_LEAST)
        named = {e: float(shares[network.entities[e]]) for e in leads if e in network.entities}
        most = max(named.values())
        ranked = sorted(named, key=lambda e: (-named[e], e))[:_ENTITIES]
        return {e: named[e] / most for e in ranked}

    def _ends(
        self,
        connection: sqlite3.Connection,
        network: PassageNetwork,
        query: Query,
        asked: _Asked,
        walked: Mapping[str, float],
        leads: Mapping[str, _Lead],
    ) -> Iterator[_End]:
        """Yield passages about the entities that have what their leads leave of the question."""
        allowed = self._index.allowed(query.filter)
        by_terms: dict[frozenset[str], list[str]] = {}
        for entity in walked:
            by_terms.setdefault(leads[entity].terms, []).append(entity)
        for terms, entities in list(by_terms.items())[:_KINDS]:
            about: dict[int, tuple[float, str]] = {}
            for entity in entities:
                numbers, weights = network.passages_of(entity, _PASSAGES_EACH)
                for number, weight in zip(numbers.tolist(), weights.tolist(), strict=True):
                    about[number] = max((weight * walked[entity], entity), about.get(number, _NONE))
            numbers = np.array(sorted(about), dtype=np.int64)
            if allowed is not None:
                numbers = numbers[allowed.holds(numbers)]
            hits = asked.search(Bitmap.of(numbers), without=terms)
            best = sorted(hits, key=lambda hit: (-hit[1] * about[hit[0]][0], hit[0]))[:_READ]
            ids = records.ids_of(connection, [number for number, _ in best])
            passages = {p.id: p for p in records.passages(connection, list(ids.values()))}
            for number, passage_id in ids.items():
                yield _End(passages[passage_id], about[number][1], about[number][0])

    def _gains(
        self,
        query: Query,
        asked: _Asked,
        leads: Mapping[str, _Lead],
        explained: float,
        ends: Iterable[_End],
    ) -> Reached:
        linked = [link.entity_id for link in query.links if link.entity_id is not None]
        gains: dict[str, float] = {}
        via: dict[str, tuple[str, ...]] = {}
        largest = 0.0
        for end in ends:
            lead = leads[end.entity]
            lines = (terms for _, terms in asked.lines(end.passage) if terms - lead.terms)
            together = (asked.share(lead.terms | terms) for terms in lines)
            gain = max(together, default=0.0) - explained
            if gain < _SMALLEST_GAIN or lead.passage == end.passage.id:
                continue
            largest = max(largest, gain)
            if gain * end.weight > gains.get(end.passage.id, 0.0):
                via[end.passage.id] = (*linked[:1], end.entity)
            for passage_id in (end.passage.id, lead.passage):
                gains[passage_id] = max(gain * end.weight, gains.get(passage_id, 0.0))
        most = max(gains.values(), default=1.0)
        return Reached({i: largest * gain / most for i, gain in gains.items()}, via)

    def _network(self, connection: sqlite3.Connection) -> PassageNetwork:
        """Return the network of the index as it is now."""
        state = records.generation(connection), storage.linked_state(connection)
        with self._lock:
            if self._made is None or self._made[0] != state:
                self._made = state, PassageNetwork.of(connection, self._graph)
            return self._made[1]


class _Asked:
    """The question's terms without the names it has."""

    def __init__(self, index: Index, query: Query) -> None:
        text = query.text
        for link in query.links:
            start, end = link.mention.span
            text = text[:start] + " " * (end - start) + text[end:]
        self._language = query.language
        self._terms = index.terms
        self._weights: dict[str, float] = {}
        for term in query_terms(text, query.language):
            if seen := self._terms.frequency(term):
                rarity = math.log1p(index.passage_count / seen)
                self._weights[term] = kind_weight(term) * rarity

    def search(self, within: Bitmap, *, without: frozenset[str]) -> list[tuple[int, float]]:
        """Return passages in ``within`` by number, with BM25 of the terms but for ``without``."""
        terms = {t: kind_weight(t) for t in self._weights if t not in without}
        only = [self._language] if self._language else ()
        return self._terms.search(terms, k=_HITS, languages=only, numbers=within)

    def lines(self, passage: Passage) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the passage's lines that have terms of the question, with these."""
        for line, found in _analysed(passage.text, passage.language):
            terms = found.intersection(self._weights)
            if terms:
                yield line, terms

    def terms_of(self, text: str) -> frozenset[str]:
        """Return the terms of a part of the question."""
        return frozenset(query_terms(text, self._language)).intersection(self._weights)

    def share(self, terms: Iterable[str]) -> float:
        """Return which share of the question ``terms`` are, 0..1."""
        return math.fsum(self._weights[t] for t in terms) / math.fsum(self._weights.values())


@lru_cache(_KEPT)
def _analysed(text: str, language: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the lines of a text with their terms."""
    lines = (text[start:end] for start, end in sentences(text, language))
    return tuple((line, frozenset(analyze(line, language))) for line in lines)
