"""The form of a question: it tells the plan where words that no list has stand in the way."""

from __future__ import annotations

import numpy as np
import pytest

from convrag.config import load_config
from convrag.graph.linking import DictionaryLinker
from convrag.graph.plan_shapes import NONE, PlanShapes, letters
from convrag.graph.planning import Planner
from convrag.graph.relations import RelationMatcher
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder, Vectors
from convrag.types import Query
from tests.graph.planning_graph import planning_graph

GRAPH = planning_graph()


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("embedded:e5-small", config=load_config())


@pytest.mark.parametrize(
    ("text", "names", "shape"),
    [
        ("Which of the two is larger, Peru or Chile?", ["Peru", "Chile"], "compare"),
        ("Qual è il paese più grande in Asia?", ["Asia"], "most"),
        ("Combien de pays bordent le Mali ?", ["Mali"], "count"),
        ("Какая валюта в стране, столица которой — Рига?", ["Рига"], "path"),
        ("秘鲁和智利哪个国家的面积更大？", ["秘鲁", "智利"], "compare"),
        ("ペルーとチリの面積の差はどれくらいですか？", ["ペルー", "チリ"], "difference"),
        ("ما الدول التي تجاور مالي وتجاور النيجر أيضا؟", ["مالي", "النيجر"], "both"),
        ("Who was the first president of Peru?", ["Peru"], NONE),
        ("¿En qué año se fundó Lima?", ["Lima"], NONE),
        ("ペルーの人口は？", ["ペルー"], NONE),
    ],
)
def test_form_is_told_in_many_scripts(
    encoder: Encoder, text: str, names: list[str], shape: str
) -> None:
    spans = [(text.index(name), text.index(name) + len(name)) for name in names]
    assert PlanShapes(encoder).shape(text, spans) == shape
    assert PlanShapes(encoder).shape(text, spans, least=9.0) == NONE


def test_letters_stand_for_names_in_reading_order() -> None:
    assert letters("Чад или Мали?", [(8, 12), (0, 3)]) == "A или B?"
    assert letters("秘鲁比智利大吗？", [(0, 2), (3, 5)]) == "A比B大吗？"


@pytest.mark.parametrize(
    ("text", "language", "several"),
    [
        ("Which of the two is larger, Avaria or Borland?", "en", True),
        ("Qual è il più grande, Avaria o Borlanda?", "it", True),
        ("What is the currency of that country (Avaria)?", "en", False),
        ("Where is Solem?", "en", False),
        ("What is the largest country?", "en", False),
    ],
)
def test_one_fact_is_no_answer_to_a_question_about_several(
    encoder: Encoder, text: str, language: str, several: bool
) -> None:
    links = DictionaryLinker(GRAPH).link(text, language=language)
    planner = Planner(GRAPH, RelationMatcher(GRAPH), encoder)
    assert planner.takes_several(Query(text, text, language, links)) is several


def test_vectors_of_another_encoder_tell_nothing() -> None:
    class Other:
        id, dimension = "other", 4

        def encode(self, texts: list[str], kind: str = "query") -> Vectors:
            return np.ones((len(texts), 4), np.float32)

    assert PlanShapes(Other()).shape("Which is larger, A or B?", []) == NONE
