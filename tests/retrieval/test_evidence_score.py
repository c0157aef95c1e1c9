"""The probability that the best passage is relevant: by hand, at the edges, in every script."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from convrag.retrieval.evidence_score import Standing, relevance, standing
from convrag.types import Evidence, Passage, Triple
from tests.retrieval.samples import TEXTS


def found(rank: int, score: float, cosine: float, **channels: int) -> Evidence:
    text = list(TEXTS.values())[rank]
    passage = Passage(f"p{rank}", text, "", list(TEXTS)[rank], "s", (0, len(text)))
    return Evidence(passage, score, rank, channels, (), cosine)


SURE = (
    found(1, 1.0, 0.90, dense=1, lexical=1),
    found(2, math.exp(-4), 0.80, dense=2),
    found(3, math.exp(-5), 0.79, dense=3),
)
UNSURE = (
    found(1, 1.0, 0.80, dense=4, lexical=1),
    found(2, 0.98, 0.81, dense=1),
    found(3, 0.95, 0.80, lexical=2),
)
FACT = Evidence(Triple("a", "b", "c"), 1.6, 1, {"graph": 1}, (), 0.8)


def test_by_hand():
    assert standing(SURE) == Standing(pytest.approx(0.07), pytest.approx(4.0), 1.0)
    assert standing(UNSURE) == Standing(
        pytest.approx(0.80 - 2.41 / 3), pytest.approx(-math.log(0.98)), pytest.approx(0.625)
    )


def test_what_stands_out_is_likelier_than_what_does_not():
    assert 0 <= relevance(UNSURE) < 0.5 < relevance(SURE) <= 1


@pytest.mark.parametrize("part", ["cosine", "lead", "agreement"])
def test_each_sign_speaks_for_the_passage(part: str):
    changed = {
        "cosine": replace(UNSURE[0], confidence=0.9),
        "lead": replace(UNSURE[0], score=20.0),
        "agreement": replace(UNSURE[0], channels={"dense": 1, "lexical": 1}),
    }
    assert relevance((changed[part], *UNSURE[1:])) > relevance(UNSURE)


def test_the_band_of_cosines_does_not_matter():
    moved = tuple(replace(e, confidence=e.confidence - 0.5) for e in SURE)
    assert relevance(moved) == pytest.approx(relevance(SURE))


def test_facts_do_not_count():
    assert relevance((FACT, *SURE)) == relevance(SURE)
    assert relevance((FACT,)) == 0.0


def test_nothing_is_not_relevant_and_one_passage_says_nothing():
    assert relevance(()) == 0.0
    assert relevance(SURE[:1]) == 0.5
    assert standing(SURE[:1]) is None


def test_a_lead_has_a_bound():
    far = (SURE[0], replace(SURE[1], score=1e-200), SURE[2])
    assert standing(far) == Standing(pytest.approx(0.07), 6.0, 1.0)
    assert 0 <= relevance(far) <= 1
