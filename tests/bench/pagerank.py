"""How long personalised PageRank takes on a large graph, and how much memory it holds.

    python -m tests.bench.pagerank [ENTITIES FACTS]     100,000 entities and 600,000 facts else

Few entities have most of the facts, as in graphs of the world. Times are of the processor, in
milliseconds, for three seeds; memory is what the process holds more than before, in MB. What is
installed of networkx with scipy, scipy alone and igraph is measured too.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convrag.graph.model import KnowledgeGraph
from convrag.graph.pagerank import DAMPING, PageRank
from convrag.types import Triple

_ASKED = 40


def main(arguments: list[str]) -> None:
    """Run the measurement."""
    entities, facts = map(int, arguments or ("100000", "600000"))
    chance = np.random.default_rng(7)
    hubs = chance.permutation(entities)[(chance.pareto(1.2, facts) * 50).astype(int) % entities]
    pairs = np.stack([hubs, chance.integers(0, entities, facts)], axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    graph = KnowledgeGraph([Triple(f"urn:{a}", "urn:p", f"urn:{b}") for a, b in pairs.tolist()])
    before, start = _held(), time.process_time()
    ranks = PageRank(graph)
    print(f"{len(ranks.ids):,} entities, {len(pairs):,} facts", end=": ")
    print(f"made in {time.process_time() - start:.1f} s, {_held() - before:.0f} MB")
    choice = random.Random(8)
    asked = [dict.fromkeys(choice.sample(ranks.ids, 3), 1.0) for _ in range(_ASKED)]
    _measured("convrag", asked, lambda seeds: ranks.scores(seeds))
    _peers(pairs.tolist(), asked, ranks)


def _peers(pairs: list[list[int]], asked: list[dict[str, float]], ranks: PageRank) -> None:
    edges = [(f"urn:{a}", f"urn:{b}") for a, b in pairs]
    if importlib.util.find_spec("scipy"):
        import networkx as nx

        network = nx.Graph(edges)
        _measured(
            "networkx",
            asked[:5],
            lambda seeds: nx.pagerank(network, alpha=DAMPING, personalization=seeds, tol=1e-11),
        )
        wanted = nx.pagerank(network, alpha=DAMPING, personalization=asked[0], tol=1e-12)
        scores = dict(zip(ranks.ids, ranks.scores(asked[0]).tolist(), strict=True))
        off = sum(abs(scores[e] - share) for e, share in wanted.items())
        print(f"all shares together differ from networkx's by {off:.1e}")
    if importlib.util.find_spec("igraph"):
        import igraph

        net = igraph.Graph.TupleList(edges).simplify()
        _measured(
            "igraph",
            asked[:10],
            lambda seeds: net.personalized_pagerank(damping=DAMPING, reset_vertices=list(seeds)),
        )


def _measured(
    what: str, asked: list[dict[str, float]], ask: Callable[[dict[str, float]], object]
) -> None:
    taken = []
    for seeds in asked:
        start = time.process_time()
        ask(seeds)
        taken.append((time.process_time() - start) * 1000)
    taken.sort()
    print(f"{what}: median {taken[len(taken) // 2]:.1f} ms, longest {taken[-1]:.1f} ms")


def _held() -> float:
    """Return the process's memory in MB, without what it only keeps to use again."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096 / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
