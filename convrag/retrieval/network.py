"""Which passages name which entities, and which facts connect these, as one network to walk on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convrag.graph.model import KnowledgeGraph
from convrag.graph.pagerank import Network

Numbers = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PassageNetwork:
    """Nodes are entities, 0 to E - 1, and then the passages that name any, by their numbers."""

    entities: Mapping[str, int]
    """Nodes of the entities by id."""
    ids: tuple[str, ...]
    """The entities' ids, (E,)."""
    numbers: Numbers
    """The passages' numbers, rising: (P,)."""
    network: Network

    @classmethod
    def of(cls, connection: sqlite3.Connection, graph: KnowledgeGraph) -> PassageNetwork:
        """Return the network of an index's passages and a graph's facts.

        A mention weighs ``ln(1 + passages / passages that name the entity)``, divided by its place
        among those of its passage: what a text is about comes first, and what everything is about
        says little. An entity's facts together weigh as much as its mentions, so that half of the
        steps from it follow facts.
        """
        rows = connection.execute(
            "SELECT entity_id, count(*), group_concat(number), group_concat(position)"
            " FROM passage_entities GROUP BY entity_id ORDER BY entity_id"
        ).fetchall()
        ids = tuple(str(row[0]) for row in rows)
        counts = np.array([row[1] for row in rows], dtype=np.int64)
        mentions = np.repeat(np.arange(len(ids)), counts)
        numbers, passages = np.unique(_listed(row[2] for row in rows), return_inverse=True)
        rarity = np.log1p(len(numbers) / np.maximum(counts, 1))
        weights = rarity[mentions] / (1 + _listed(row[3] for row in rows))
        entities = {entity_id: node for node, entity_id in enumerate(ids)}
        facts = _facts(graph, entities)  # (F, 2)
        strengths = np.bincount(mentions, weights, len(ids)).astype(np.float64)
        network = _network(
            np.concatenate([mentions, facts[:, 0]]),
            np.concatenate([passages + len(ids), facts[:, 1]]),
            np.concatenate([weights, _weights(facts, strengths)]),
            len(ids) + len(numbers),
        )
        return cls(entities, ids, numbers, network)

    def passages_of(self, entity_id: str, limit: int) -> tuple[Numbers, Weights]:
        """Return the numbers of at most ``limit`` passages that name the entity.

        Returns:
            int64 (n,), and float64 (n,) how much each is about the entity: 1 where it comes first,
            a half where it comes second.
        """
        others, weights = self.network.beside(self.entities[entity_id])
        there = others >= len(self.ids)
        others, weights = others[there], weights[there]
        chosen = np.argsort(-weights, kind="stable")[:limit]
        about = (weights[chosen] / weights.max(initial=1e-9)).astype(np.float64)
        numbers: Numbers = self.numbers[others[chosen] - len(self.ids)]
        return numbers, about


def _listed(texts: Iterable[str]) -> Numbers:
    joined = ",".join(texts)
    return np.fromstring(joined, np.int64, sep=",") if joined else np.empty(0, np.int64)


def _facts(graph: KnowledgeGraph, entities: Mapping[str, int]) -> Numbers:
    """Return pairs of entities that are one fact apart, the smaller node first: (F, 2)."""
    pairs = [
        (node, entities[other])
        for entity_id, node in entities.items()
        if entity_id in graph.entities
        for other in graph.neighbours(entity_id)
        if entities.get(other, -1) > node
    ]
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _weights(facts: Numbers, strengths: Weights) -> Weights:
    """Return the facts' weights, (F,): as much as an entity's mentions, shared by its facts."""
    each = strengths / np.maximum(np.bincount(facts.ravel(), minlength=len(strengths)), 1)
    return np.sqrt(each[facts[:, 0]] * each[facts[:, 1]])


def _network(ones: Numbers, others: Numbers, weights: Weights, size: int) -> Network:
    """Return the network with these connections, each given once."""
    ends = np.concatenate([ones, others])
    order = np.argsort(ends, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=size))])
    return Network(
        starts,
        np.concatenate([others, ones]).astype(np.int32)[order],
        np.concatenate([weights, weights]).astype(np.float32)[order],
    )
