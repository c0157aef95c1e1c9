"""Of things named, those are chosen that have what else is named."""

from __future__ import annotations

import pytest

from convrag.graph.plans import Select, execute
from convrag.types import Inference, Triple
from tests.graph.planning_graph import planning_graph
from tests.graph.test_graph_plans import concluded, planned

APART = planning_graph(without=(Triple("borland", "neighbour", "corvia"),))
"""Borland and Corvia are no neighbours."""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Which of Avaria and Borland borders Corvia?", "en"),
        ("Welches von Awarien und Borland ist ein Nachbarland von Korvien?", "de"),
        ("¿Cuál de Avaria y Borlandia es vecino de Corvia?", "es"),
        ("Lequel d'Avarie et de Borlande est voisin de la Corvie ?", "fr"),
        ("Qual é vizinho da Córvia, a Avária ou a Borlândia?", "pt"),
        ("Кто из Аварии и Борландии сосед Корвии?", "ru"),
        ("阿瓦里亚和博兰，哪个是科维亚的邻国？", "zh"),
        ("アヴァリアとボルランドのどちらがコルヴィアの隣国ですか？", "ja"),
        ("أي من أفاريا وبورلاند من جيران كورفيا؟", "ar"),
        ("अवारिया और बोरलैंड में से कौन कोर्विया का पड़ोसी है?", "hi"),
    ],
)
def test_things_of_one_kind_are_told_apart_by_where_they_stand(text: str, language: str) -> None:
    result = concluded(text, language, APART)
    assert result is not None
    assert (result.conclusion.kind, result.conclusion.values) == (Inference.LIST, ("avaria",))
    assert [t.object for g in result.groups for t in g.triples] == ["corvia"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Which of the two flows through Borland (Ister, Tyras)?", "en"),
        ("Welcher der beiden fließt durch Borland, Ister oder Tyras?", "de"),
        ("¿Cuál de los dos pasa por Borlandia (Íster, Tiras)?", "es"),
        ("Lequel des deux traverse la Borlande, l'Istre ou le Tyrase ?", "fr"),
        ("Qual dos dois passa por Borlândia, o Íster ou o Tiras?", "pt"),
        ("蒂拉斯河和伊斯特河，哪个流经博兰？", "zh"),
        ("तिरास या इस्तर, कौन बोरलैंड में बहती है?", "hi"),
    ],
)
def test_what_is_of_another_kind_is_what_one_of_them_has(text: str, language: str) -> None:
    result = concluded(text, language)
    assert result is not None
    assert result.conclusion.values == ("ister",)


def test_none_of_them_is_concluded_from_what_each_has() -> None:
    result = concluded("Which of the Ister and the Tyras flows through Corvia?", "en")
    assert result is not None
    assert result.conclusion.values == ()
    assert result.conclusion.lacking == ("ister", "tyras")
    assert {g.entity for g in result.groups} == {"ister", "tyras"}


def test_nothing_is_concluded_of_what_nothing_is_known_of() -> None:
    graph = planning_graph(without=(Triple("tyras", "flows", "avaria"),))
    plan = planned("Which of the Ister and the Tyras flows through Corvia?", "en", graph)
    assert plan is None or execute(graph, plan) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Which country borders Avaria, Borland and Corvia?", "en"),
        ("Welches Land hat Awarien, Borland und Korvien als Nachbarland?", "de"),
        ("¿Qué país es vecino de Avaria, Borlandia y Corvia?", "es"),
        ("Какая страна сосед Аварии, Борландии и Корвии?", "ru"),
        ("哪个国家是阿瓦里亚、博兰和科维亚的邻国？", "zh"),
        ("アヴァリアとボルランドとコルヴィアの隣国はどの国ですか？", "ja"),
    ],
)
def test_conditions_that_all_must_hold_are_no_choice(text: str, language: str) -> None:
    plan = planned(text, language)
    assert not (isinstance(plan, Select) and plan.among)
