"""Words that add nothing: only such let a question with unknown words have a plan."""

from __future__ import annotations

import numpy as np
import pytest

from convrag.config import load_config
from convrag.graph.empty_words import EmptyWords
from convrag.graph.linking import DictionaryLinker
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
    "words",
    [
        ["volcanic"], ["army"], ["Seen"], ["ejército"], ["lac"], ["экономика"], ["军队"], ["湖"],
        ["جيش"], ["1995"], ["GDP"], ["which", "army"],
    ],
)  # fmt: skip
def test_words_with_content_are_not_empty(encoder: Encoder, words: list[str]) -> None:
    assert not EmptyWords(encoder).all_empty(words)


@pytest.mark.parametrize(
    ("text", "language", "planned"),
    [
        ("What is presumably the largest country that exists?", "en", True),
        ("What is the largest volcanic country?", "en", False),
        ("Which country has the largest army?", "en", False),
        ("Какая страна имеет самую большую армию?", "ru", False),
        ("哪个国家的军队最大？", "zh", False),
    ],
)
def test_plan_needs_the_rest_to_be_empty(
    encoder: Encoder, text: str, language: str, planned: bool
) -> None:
    query = Query(text, text, language, DictionaryLinker(GRAPH).link(text, language=language))
    plan = Planner(GRAPH, RelationMatcher(GRAPH), encoder).plan(query)
    assert (plan is not None) is planned


def test_vectors_of_another_encoder_tell_nothing() -> None:
    class Other:
        id, dimension = "other", 4

        def encode(self, texts: list[str], kind: str = "query") -> Vectors:
            return np.ones((len(texts), 4), np.float32)

    assert not EmptyWords(Other()).all_empty(["please"])  # type: ignore[arg-type]
