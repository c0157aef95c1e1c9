"""Which nodes belong most to some others: personalised PageRank on a sparse matrix."""

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

Shares = NDArray[np.float64]


class Network:
    """Numbered nodes with connections that go both ways: the rows of a sparse matrix.

    A walk takes a connection as often as its weight says.
    """

    def __init__(
        self,
        starts: NDArray[np.int64],
        others: NDArray[np.integer],
        weights: NDArray[np.floating] | None = None,
    ) -> None:
        """Take the matrix; it must be symmetric.

        Args:
            starts: (N + 1,): where each node's connections start in the other two.
            others: (M,): the nodes at their other ends, each connection from both of its ends.
            weights: (M,), all above 0; None for equal ones.
        """
        self._starts = starts
        self._others = others
        self._weights = weights
        self._counts = np.diff(starts)
        self._linked = np.flatnonzero(self._counts)
        self._rows = starts[:-1][self._linked]
        self.strengths: Shares = self._counts.astype(np.float64)
        """Each node's weights together, (N,)."""
        if weights is not None and len(self._linked):
            self.strengths[self._linked] = np.add.reduceat(weights, self._rows, dtype=np.float64)
        self._inverse = 1 / np.where(self.strengths > 0, self.strengths, 1.0)

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def size(self) -> int:
        """The number of connections, each counted from both of its ends."""
        return len(self._others)

    def beside(self, node: int) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
        """Return the nodes that ``node`` is connected to, and the weights: both (n,)."""
        there = slice(self._starts[node], self._starts[node + 1])
        others = self._others[there]
        return others, np.ones(len(others)) if self._weights is None else self._weights[there]

    def shares(
        self, start: Shares, *, damping: float = DAMPING, within: NDArray[np.bool_] | None = None
    ) -> Shares:
        """Return each node's share of a random walk that starts anew again and again.

        The walk of Haveliwala (2002), "Topic-sensitive PageRank". On connections that go both ways
        its matrix has real eigenvalues, so Chebyshev's semi-iteration (Golub and Varga, 1961) comes
        to it in half of the rounds.

        Args:
            start: Where walks start, with which share: (N,), sums to 1.
            damping: Share of steps that follow a connection, from 0 to below 1.
            within: Nodes that may be stepped on, (N,); None for all. A step elsewhere is lost.

        Returns:
            (N,): sums to 1 but for what is lost, at nodes without connections too.
        """
        base = (1 - damping) * start
        before, now = base, damping * self._spread(base, within) + base
        weight = 1 / (1 - damping * damping / 2)
        for _ in range(_MOST_ROUNDS):
            after = damping * self._spread(now, within)
            after += base - before
            after *= weight
            after += before
            moved = float(np.abs(after - now).sum())
            before, now = now, after
            if moved < _CLOSE:
                break
            weight = 1 / (1 - damping * damping * weight / 4)
        return np.maximum(now, 0)

    def shares_nearby(
        self,
        start: Shares,
        *,
        damping: float = DAMPING,
        least: float,
        within: NDArray[np.bool_] | None = None,
    ) -> Shares:
        """Return what :meth:`shares` does, looking only at nodes around the start.

        Of each node's share at most ``least`` times its strength is missing, and the work is at
        most ``1 / (least * (1 - damping))`` connections of weight 1, however large the network is:
        Andersen, Chung and Lang, "Local Graph Partitioning using PageRank Vectors", FOCS 2006.

        Args:
            start: As for :meth:`shares`.
            damping: As for :meth:`shares`.
            least: What may wait at a node for each unit of its strength.
            within: As for :meth:`shares`.
        """
        waiting = start.copy()
        found = np.zeros(len(start))
        active = np.flatnonzero(waiting)
        while len(active):
            moved = waiting[active]
            waiting[active] = 0
            found[active] += (1 - damping) * moved
            counts = self._counts[active]
            ends = np.cumsum(counts)
            at = np.repeat(self._starts[active] - ends + counts, counts) + np.arange(ends[-1])
            given = np.repeat(damping * moved * self._inverse[active], counts)
            if self._weights is not None:
                given *= self._weights[at]
            others = self._others[at]
            if within is not None:
                there = within[others]
                others, given = others[there], given[there]
            np.add.at(waiting, others, given)
            touched = np.unique(others)
            active = touched[waiting[touched] > least * self.strengths[touched]]
        return found

    def _spread(self, given: Shares, within: NDArray[np.bool_] | None) -> Shares:
        """Return for each node what its neighbours give, (N,)."""
        taken = np.zeros(len(given))
        if len(self._linked):
            passed = (given * self._inverse)[self._others]
            if self._weights is not None:
                passed *= self._weights
            taken[self._linked] = np.add.reduceat(passed, self._rows)
        if within is not None:
            taken *= within
        return taken


class PageRank:
    """The graph's entities and which of them are one fact apart, ready to be ranked.

    Facts are followed in both directions, and several between two entities count once. A fact
    takes 16 bytes and an entity about 50.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        names = sorted(graph.entities)
        degrees = np.fromiter((len(graph.neighbours(e) - {e}) for e in names), np.int64, len(names))
        # Well-connected entities are looked up most; side by side they stay in the fast memory.
        order = np.argsort(-degrees, kind="stable")
        self.ids: tuple[str, ...] = tuple(names[n] for n in order)
        """Entities, those with most neighbours first, then by id."""
        self._numbers = {entity_id: n for n, entity_id in enumerate(self.ids)}
        others = np.fromiter(
            (
                other
                for entity_id in self.ids
                for other in sorted(
                    self._numbers[e] for e in graph.neighbours(entity_id) - {entity_id}
                )
            ),
            np.int64,
            int(degrees.sum()),
        )
        self._network = Network(np.concatenate([[0], np.cumsum(degrees[order])]), others)

    def scores(
        self, seeds: Mapping[str, float], *, damping: float = DAMPING
    ) -> NDArray[np.float64]:
        """Return each entity's share of a random walk that starts at the seeds again and again.

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
        # A walk that comes to an entity without facts starts anew, which adds the same to all.
        scores = self._network.shares(start, damping=damping)
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
