"""Ways between entities, and what lies around one."""

from __future__ import annotations

import itertools
import random

import networkx as nx
import pytest

from convrag.graph.model import KnowledgeGraph
from convrag.graph.paths import around, as_network, shortest_paths
from convrag.graph.wording import triple_statement
from convrag.types import Triple
from tests.graph.graph_text import EX, graph_of

RIVERS = """
ex:flows rdfs:label "flows through"@en ;
    cv:statementPattern "{subject} flows through {object}."@en ,
        "{subject}流经{object}。"@zh , "{subject} протекает через {object}."@ru .
ex:borders a owl:SymmetricProperty ; rdfs:label "borders"@en .
ex:danube a ex:River ; rdfs:label "Danube"@en, "多瑙河"@zh, "Дунай"@ru, "الدانوب"@ar ;
    ex:flows ex:vienna, ex:budapest .
ex:volga a ex:River ; rdfs:label "Volga"@en ; ex:flows ex:kazan .
ex:vienna rdfs:label "Vienna"@en, "维也纳"@zh, "Вена"@ru ; ex:in ex:austria .
ex:budapest rdfs:label "Budapest"@en, "ブダペスト"@ja, "बुडापेस्ट"@hi ; ex:in ex:hungary .
ex:austria ex:borders ex:hungary .
ex:kazan ex:in ex:russia .
ex:loop ex:in ex:loop .
"""


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return graph_of(RIVERS)


def stations(ways: object) -> list[str]:
    return [
        " ".join([way[0].start, *(step.end for step in way)]).replace(EX, "")
        for way in ways  # type: ignore[attr-defined]
    ]


def test_the_shortest_way_comes_first_and_facts_are_followed_both_ways(
    graph: KnowledgeGraph,
) -> None:
    ways = shortest_paths(graph, EX + "vienna", EX + "budapest")
    assert stations(ways) == ["vienna danube budapest", "vienna austria hungary budapest"]
    (fact,) = ways[0][0].triples
    assert (fact.subject, fact.object) == (EX + "danube", EX + "vienna")
    assert triple_statement(graph, fact, "zh") == "多瑙河流经维也纳。"
    assert triple_statement(graph, fact, "ru") == "Дунай протекает через Вена."


def test_hops_and_alternatives_bound_the_answer(graph: KnowledgeGraph) -> None:
    ends = (EX + "vienna", EX + "budapest")
    assert len(shortest_paths(graph, *ends, hops=2)) == 1
    assert len(shortest_paths(graph, *ends, alternatives=1)) == 1
    assert shortest_paths(graph, *ends, hops=1) == ()
    assert shortest_paths(graph, EX + "vienna", EX + "vienna") == ()


def test_being_of_one_kind_connects_only_when_asked(graph: KnowledgeGraph) -> None:
    ends = (EX + "danube", EX + "volga")
    assert shortest_paths(graph, *ends) == ()
    kinds = KnowledgeGraph(
        [
            Triple(e, "http://www.wikidata.org/prop/direct/P31", "urn:river")
            for e in ("urn:a", "urn:b")
        ]
    )
    assert shortest_paths(kinds, "urn:a", "urn:b") == ()
    assert stations(shortest_paths(kinds, "urn:a", "urn:b", kinds=True)) == [
        "urn:a urn:river urn:b"
    ]


def test_several_facts_between_two_are_one_step() -> None:
    graph = graph_of("ex:a ex:knows ex:b ; ex:helps ex:b . ex:b ex:knows ex:a .")
    ((step,),) = shortest_paths(graph, EX + "a", EX + "b")
    assert [t.predicate.removeprefix(EX) for t in step.triples] == ["helps", "knows", "knows"]


@pytest.mark.parametrize("seed", range(4))
def test_ways_are_those_of_the_whole_network(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    names = [f"urn:{c}" for c in "abcdefghij"]
    pairs = {tuple(sorted(chance.sample(names, 2))) for _ in range(14)}
    graph = KnowledgeGraph([Triple(a, "urn:p", b) for a, b in pairs])
    whole = nx.Graph(pairs)
    for a, b in itertools.combinations(sorted(graph.entities), 2):
        found = shortest_paths(graph, a, b, hops=3, alternatives=1000)
        simple = nx.all_simple_paths(whole, a, b, cutoff=3)
        expected = sorted(len(nodes) - 1 for nodes in simple)
        assert [len(way) for way in found] == expected


def test_around_is_nearest_first(graph: KnowledgeGraph) -> None:
    assert around(graph, EX + "danube", 0) == [EX + "danube"]
    near = around(graph, EX + "danube", 1)
    assert near == [EX + "danube", EX + "budapest", EX + "vienna"]
    assert around(graph, EX + "danube", 2)[3:] == [EX + "austria", EX + "hungary"]
    assert len(around(graph, EX + "danube", 9, most=4)) == 4


def test_the_network_has_the_facts_among_the_entities(graph: KnowledgeGraph) -> None:
    network = as_network(graph, [EX + "danube", EX + "vienna", EX + "loop"])
    assert list(network.edges(keys=True)) == [
        (EX + "danube", EX + "vienna", EX + "flows"),
        (EX + "loop", EX + "loop", EX + "in"),
    ]
