"""A scored turn survives JSON, and says what it counts."""

import json

import pytest

from convrag.errors import UsageError
from convrag.evaluation.records import ScoredTurn, Trace, from_json, to_json

QUESTIONS = {
    "en": "Who wrote it?",
    "ar": "من كتبها؟",
    "hi": "इसे किसने लिखा?",
    "ja": "誰が書いたの？",
    "ru": "Кто это написал?",
    "th": "ใครเขียน",
    "zh": "谁写的？",
}


def _turn(language: str) -> ScoredTurn:
    trace = Trace(
        QUESTIONS[language], evidence=("p1", "p2"), relevant={"p1": 2.0}, seconds={"whole": 0.5}
    )
    metrics = {"f1": 0.25, "link_precision": 1.0}
    return ScoredTurn("d-1", "d", 1, language, "who", metrics, trace, {"link_precision": 3.0})


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_turn_survives_json(language: str) -> None:
    turn = _turn(language)
    assert from_json(json.loads(json.dumps(to_json(turn)))) == turn


def test_a_metric_that_is_not_asked_for_counts_nothing() -> None:
    turn = _turn("en")
    weights = [turn.weight(name) for name in ("f1", "link_precision", "mrr@10")]
    assert weights == [1.0, 3.0, 0.0]


@pytest.mark.parametrize("broken", [{}, {"trace": {}}, {**to_json(_turn("en")), "extra": 1}])
def test_what_is_no_turn_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="no scored turn"):
        from_json(broken)
