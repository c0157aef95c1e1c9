"""Personalised PageRank against networkx's, and what it does at the edges."""

from __future__ import annotations

import random

import networkx as nx
import numpy as np
import pytest

from convrag.errors import GraphError
from convrag.graph.model import KnowledgeGraph
from convrag.graph.pagerank import Network, PageRank
from convrag.types import Literal, Triple

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
IDS = ("urn:wien", "urn:москва", "urn:القاهرة", "urn:दिल्ली", "urn:東京", "urn:กรุงเทพ", "urn:서울")


def graph_of_pairs(pairs: list[tuple[str, str]], lonely: tuple[str, ...] = ()) -> KnowledgeGraph:
    facts = [Triple(a, "urn:p", b) for a, b in pairs]
    return KnowledgeGraph([*facts, *(Triple(e, LABEL, Literal(e)) for e in lonely)])


def reference(network: nx.Graph, seeds: dict[str, float], damping: float) -> dict[str, float]:
    """Solve the walk's equations themselves: p = d P p + (1 - d) s, dead ends going to s."""
    names = list(network)
    start = np.array([seeds.get(n, 0.0) for n in names])
    start /= start.sum()
    steps = nx.to_numpy_array(network, weight=None).T
    out = steps.sum(axis=0)
    steps = np.where(out > 0, steps / np.maximum(out, 1), start[:, None])
    solved = np.linalg.solve(np.eye(len(names)) - damping * steps, (1 - damping) * start)
    return dict(zip(names, solved.tolist(), strict=True))


@pytest.mark.parametrize("damping", [0.0, 0.5, 0.85, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_shares_are_those_of_the_walks_equations(seed: int, damping: float) -> None:
    chance = random.Random(seed)  # noqa: S311
    names = [*IDS, *(f"urn:n{n}" for n in range(23))]
    pairs = [tuple(chance.sample(names, 2)) for _ in range(40)]
    ranks = PageRank(graph_of_pairs(pairs, tuple(names)))  # type: ignore[arg-type]
    network = nx.Graph(pairs)
    network.add_nodes_from(names)
    for _ in range(5):
        seeds = {name: chance.random() for name in chance.sample(names, 3)}
        wanted = reference(network, seeds, damping)
        scores = ranks.scores(seeds, damping=damping)
        assert scores.sum() == pytest.approx(1)
        for entity_id, score in zip(ranks.ids, scores, strict=True):
            assert score == pytest.approx(wanted[entity_id], abs=1e-5), entity_id


def test_networkx_agrees() -> None:
    # Its public function needs scipy, which convrag does without.
    from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

    network = nx.karate_club_graph()
    pairs = [(f"urn:{a}", f"urn:{b}") for a, b in network.edges]
    ranks = PageRank(graph_of_pairs(pairs))
    wanted = _pagerank_python(
        nx.Graph(pairs), alpha=0.5, personalization={"urn:0": 1, "urn:33": 3}, tol=1e-10
    )
    scores = ranks.scores({"urn:0": 1, "urn:33": 3})
    for entity_id, score in zip(ranks.ids, scores, strict=True):
        assert score == pytest.approx(wanted[entity_id], abs=1e-5)


def test_a_hand_worked_walk() -> None:
    # Between two, p(a) = 1/2 p(b) + 1/2 and p(b) = 1/2 p(a).
    ranks = PageRank(graph_of_pairs([("urn:a", "urn:b"), ("urn:b", "urn:a"), ("urn:a", "urn:a")]))
    assert dict(ranks.closest({"urn:a": 7}, 9)) == pytest.approx({"urn:a": 2 / 3, "urn:b": 1 / 3})


@pytest.mark.parametrize("name", IDS)
def test_the_seed_is_closest_to_itself_and_the_unreached_are_left_out(name: str) -> None:
    others = [i for i in IDS if i != name]
    pairs = [(name, others[0]), (others[0], others[1]), (others[1], others[2])]
    ranks = PageRank(graph_of_pairs(pairs, tuple(IDS)))
    found = [entity_id for entity_id, _ in ranks.closest({name: 1}, 9)]
    assert found[:4] == [name, others[0], others[1], others[2]]
    assert len(found) == 4
    assert [e for e, _ in ranks.closest({name: 1}, 2)] == found[:2]
    assert ranks.closest({others[5]: 1}, 9) == ((others[5], 1.0),)


def test_equal_shares_are_in_order_of_ids() -> None:
    ranks = PageRank(graph_of_pairs([("urn:hub", f"urn:{c}") for c in "dbca"]))
    found = [e for e, _ in ranks.closest({"urn:hub": 1}, 3)]
    assert found == ["urn:hub", "urn:a", "urn:b"]


@pytest.mark.parametrize(
    ("seeds", "damping"),
    [
        ({}, 0.5),
        ({"urn:a": 0.0}, 0.5),
        ({"urn:a": -1.0}, 0.5),
        ({"urn:a": float("nan")}, 0.5),
        ({"urn:nobody": 1.0}, 0.5),
        ({"urn:a": 1.0}, 1.0),
        ({"urn:a": 1.0}, -0.1),
    ],
)
def test_bad_seeds_are_refused(seeds: dict[str, float], damping: float) -> None:
    ranks = PageRank(graph_of_pairs([("urn:a", "urn:b")]))
    with pytest.raises(GraphError):
        ranks.scores(seeds, damping=damping)


def chance_network(seed: int, nodes: int = 40, lonely: int = 3) -> tuple[Network, np.ndarray]:
    """Return a network, the last few nodes without connections, and its dense matrix (N, N)."""
    chance = np.random.default_rng(seed)
    matrix = np.triu(chance.random((nodes, nodes)) * (chance.random((nodes, nodes)) < 0.1), 1)
    matrix[:, nodes - lonely :] = 0
    matrix += matrix.T
    ones, others = np.nonzero(matrix)
    starts = np.searchsorted(ones, np.arange(nodes + 1))
    return Network(starts, others, matrix[ones, others]), matrix


def solved(matrix: np.ndarray, start: np.ndarray, damping: float, within: np.ndarray) -> np.ndarray:
    """Solve p = d W p + (1 - d) s, with what steps outside of ``within`` lost."""
    steps = matrix / np.maximum(matrix.sum(axis=0), 1e-300) * within[:, None]
    return np.linalg.solve(np.eye(len(start)) - damping * steps, (1 - damping) * start)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("damping", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_a_weighted_walk_solves_its_equations(seed: int, damping: float, masked: bool) -> None:
    network, matrix = chance_network(seed)
    chance = np.random.default_rng(seed + 10)
    within = chance.random(len(network)) < 0.7 if masked else np.ones(len(network), bool)
    start = chance.dirichlet(np.ones(len(network)))
    wanted = solved(matrix, start, damping, within)
    found = network.shares(start, damping=damping, within=within if masked else None)
    assert found == pytest.approx(wanted, abs=1e-5)
    for least in (1e-3, 1e-6):
        near = network.shares_nearby(
            start, damping=damping, least=least, within=within if masked else None
        )
        missing = wanted - near
        assert missing.min() > -1e-9
        assert (missing <= least * network.strengths + 1e-9).all()


def test_a_walk_nearby_does_not_pass_a_hub() -> None:
    # A thousand leaves share too little of what the hub gets for any to be looked at.
    ones, others = np.array([0] + [1] * 1001), np.array([1, 0, *range(2, 1002)])
    ends = np.concatenate([ones, others[2:]])
    order = np.argsort(ends, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=1002))])
    network = Network(starts, np.concatenate([others, ones[2:]])[order])
    start = np.zeros(1002)
    start[0] = 1
    assert np.flatnonzero(network.shares_nearby(start, least=1e-3)).tolist() == [0]
    assert np.count_nonzero(network.shares_nearby(start, least=1e-9)) == 1002


def test_a_network_without_connections_keeps_the_start() -> None:
    network = Network(np.zeros(4, np.int64), np.empty(0, np.int64))
    start = np.array([0.0, 1.0, 0.0])
    assert network.size == 0
    for found in (network.shares(start), network.shares_nearby(start, least=1e-6)):
        assert found.tolist() == [0.0, 0.5, 0.0]
