"""Which entities belong most to some others: personalised PageRank over the graph's facts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from convrag.errors import GraphError
from convrag.graph.model import KnowledgeGraph

DAMPING = 0.5
"""Share of steps that follow a fact; half of the walks start anew at each step (HippoRAG, 2024)."""
_CLOSE = 1e-6
_MOST_ROUNDS = 200


class PageRank:
    """The graph's entities and which of them are one fact apart, ready to be ranked.

    Facts are followed in both directions, and several between two entities count once. A fact
    takes 16 bytes and an entity about 30.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        names = sorted(graph.entities)
        degrees = np.fromiter((len(graph.neighbours(e) - {e}) for e in names), np.int64, len(names))
        # Well-connected entities are looked up most; side by side they stay in the fast memory.
        order = np.argsort(-degrees, kind="stable")
        self.ids: tuple[str, ...] = tuple(names[n] for n in order)
        """Entities, those with most neighbours first, then by id."""
        self._numbers = {entity_id: n for n, entity_id in enumerate(self.ids)}
        self._degrees = degrees[order]
        self._linked = int(np.count_nonzero(self._degrees))
        self._starts = np.concatenate([[0], np.cumsum(self._degrees)])[: self._linked]
        self._others = np.fromiter(
            (
                other
                for entity_id in self.ids[: self._linked]
                for other in sorted(
                    self._numbers[e] for e in graph.neighbours(entity_id) - {entity_id}
                )
            ),
            np.int64,
            int(self._degrees.sum()),
        )

    def scores(
        self, seeds: Mapping[str, float], *, damping: float = DAMPING
    ) -> NDArray[np.float64]:
        """Return each entity's share of a random walk that starts at the seeds again and again.

        The walk of Haveliwala (2002), "Topic-sensitive PageRank". On facts that go both ways its
        matrix has real eigenvalues, so Chebyshev's semi-iteration (Golub and Varga, 1961) comes
        to it in half of the rounds.

        Args:
            seeds: Entities where walks start, with how often; only the proportions count.
            damping: Share of steps that follow a fact, from 0 to below 1.

        Returns:
            float64 (N,) that sums to 1, in the order of :attr:`ids`.

        Raises:
            GraphError: There is no seed, one is unknown or negative, or damping is out of range.
        """
        start = self._start(seeds)
        if not 0 <= damping < 1:
            raise GraphError(f"damping {damping} is out of range", "choose 0 to below 1, like 0.5")
        base = (1 - damping) * start
        inverse = 1 / np.maximum(self._degrees, 1)
        before, now = base, damping * self._spread(base * inverse) + base
        weight = 1 / (1 - damping * damping / 2)
        for _ in range(_MOST_ROUNDS):
            after = damping * self._spread(now * inverse)
            after += base - before
            after *= weight
            after += before
            moved = float(np.abs(after - now).sum())
            before, now = now, after
            if moved < _CLOSE:
                break
            weight = 1 / (1 - damping * damping * weight / 4)
        # A walk that comes to an entity without facts starts anew, which adds the same to all.
        scores: NDArray[np.float64] = np.maximum(now, 0)
        scores /= scores.sum()
        return scores

    def closest(
        self, seeds: Mapping[str, float], limit: int, *, damping: float = DAMPING
    ) -> tuple[tuple[str, float], ...]:
        """Return at most ``limit`` entities with their shares, the largest first, then by id.

        Entities that no walk reaches are left out; the seeds are not.

        Raises:
            GraphError: As :meth:`scores`.
        """
        scores = self.scores(seeds, damping=damping)
        reached = np.flatnonzero(scores)
        if len(reached) > limit:
            least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
            reached = np.flatnonzero(scores >= least)
        ranked = sorted((-scores[n], self.ids[n]) for n in reached.tolist())
        return tuple((entity_id, float(-score)) for score, entity_id in ranked[:limit])

    def _start(self, seeds: Mapping[str, float]) -> NDArray[np.float64]:
        start = np.zeros(len(self.ids))
        for entity_id, weight in seeds.items():
            if entity_id not in self._numbers:
                raise GraphError(f"the graph has no entity '{entity_id}'", "look its id up")
            if not 0 <= weight < float("inf"):
                raise GraphError(f"{weight} is no weight of a seed", "choose 0 or more")
            start[self._numbers[entity_id]] = weight
        total = start.sum()
        if not total > 0:
            raise GraphError("no walk starts anywhere", "name an entity with a weight above 0")
        start /= total
        return start

    def _spread(self, given: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return for each entity what its neighbours give, (N,)."""
        taken = np.zeros(len(given))
        if self._linked:
            taken[: self._linked] = np.add.reduceat(given[self._others], self._starts)
        return taken
