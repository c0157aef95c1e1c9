"""Fusion: by hand, at the edges, and for any input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.retrieval.fusion import Candidates, combined, fused, ranks

IDS = st.sampled_from(["a", "b", "c", "文档", "وثيقة", "दस्तावेज़", "документ", "é", "เอกสาร"])
COSINES = st.dictionaries(IDS, st.floats(-1, 1), max_size=8)
BM25 = st.dictionaries(IDS, st.floats(0, 500), max_size=8)


def order(candidates: Candidates, passages: int = 100) -> list[str]:
    return [item for item, _ in fused(candidates, passages=passages)]


def test_by_hand():
    found = Candidates.of({"a": 0.9, "b": 0.7, "c": 0.8}, {"b": 6.0})
    z = 0.1 / math.sqrt(2 / 3 * 0.01)
    b = -z + 0.7 * 6.0 / math.log(101)
    hits = fused(found, passages=100)
    assert [item for item, _ in hits] == ["a", "c", "b"]
    assert [score for _, score in hits] == pytest.approx([1.0, math.exp(-z), math.exp(b - z)])


def test_words_decide_between_passages_alike_in_meaning():
    cosines = {"a": 0.81, "b": 0.80, "c": 0.70, "d": 0.71}
    assert order(Candidates.of(cosines, {}))[0] == "a"
    assert order(Candidates.of(cosines, {"b": 9.0, "c": 1.0}))[0] == "b"


def test_the_size_of_the_index_is_no_weight():
    """The best idf grows with the index; the same share of it counts the same."""
    cosines = {"a": 0.9, "b": 0.8, "c": 0.7}
    small = fused(Candidates.of(cosines, {"b": 2 * math.log(6)}), passages=5)
    large = fused(Candidates.of(cosines, {"b": 2 * math.log(1_000_001)}), passages=1_000_000)
    assert [item for item, _ in small] == [item for item, _ in large]
    assert [s for _, s in small] == pytest.approx([s for _, s in large])


def test_a_passage_in_another_language_is_not_held_to_the_words_of_the_question():
    cosines = {"own": 0.80, "other": 0.84, "weak": 0.74, "far": 0.70}
    words = {"own": 4.0, "weak": 12.0}
    far = dict(fused(Candidates.of(cosines, words), passages=100))
    near = dict(fused(Candidates.of(cosines, words, foreign=frozenset(["other"])), passages=100))
    assert near["other"] / near["own"] > far["other"] / far["own"]
    names = Candidates.of(cosines, words | {"other": 7.0}, foreign=frozenset(["other"]))
    shared = dict(fused(names, passages=100))
    assert shared["other"] / shared["own"] > near["other"] / near["own"]


def test_of_passages_alike_the_one_in_the_askers_language_comes_first():
    cosines = {"a": 0.8, "b": 0.8, "c": 0.7}
    assert order(Candidates.of(cosines, {}, foreign=frozenset(["a"])))[0] == "b"
    far = {"a": 0.9, "b": 0.6, "c": 0.61}
    assert order(Candidates.of(far, {}, foreign=frozenset(["a"])))[0] == "a"


def test_where_all_are_in_other_languages_their_words_count_in_full():
    cosines, both = {"a": 0.8, "b": 0.79}, frozenset(["a", "b"])
    own = dict(fused(Candidates.of(cosines, {"b": 4.0}), passages=50))
    apart = dict(fused(Candidates.of(cosines, {"b": 4.0}, foreign=both), passages=50))
    assert apart == pytest.approx(own)


def test_naming_the_entities_counts():
    cosines = {"a": 0.80, "b": 0.79, "c": 0.6}
    assert order(Candidates.of(cosines, {}, entities={"b": 1.0}))[0] == "b"
    half = fused(Candidates.of(cosines, {}, entities={"a": 0.5, "b": 1.0}), passages=9)
    whole = fused(Candidates.of(cosines, {}, entities={"b": 1.0}), passages=9)
    assert dict(half)["a"] > dict(whole)["a"]


def test_what_completes_another_passage_stands_above_what_names_the_entity():
    cosines = {"named": 0.9, "leads": 0.85, "ends": 0.8, "other": 0.7}
    pair = {"leads": 0.4, "ends": 0.4}
    found = Candidates.of(cosines, {"named": 5.0}, entities={"named": 1.0}, joined=pair)
    assert order(found) == ["leads", "ends", "named", "other"]
    assert order(Candidates.of(cosines, {"named": 5.0}, entities={"named": 1.0}))[0] == "named"


def test_equal_cosines_leave_the_order_to_words_and_ids():
    assert order(Candidates.of({"c": 0.8, "a": 0.8, "b": 0.8}, {})) == ["a", "b", "c"]
    rounding = {"a": 0.8, "b": 0.8 + 1e-9}
    assert order(Candidates.of(rounding, {"a": 0.1}))[0] == "a"


@pytest.mark.parametrize("passages", [0, 1, 10**9])
def test_one_or_no_candidate(passages):
    assert fused(Candidates.of({}, {"a": 3.0}), passages=passages) == []
    assert fused(Candidates.of({"a": -0.2}, {}), passages=passages) == [("a", 1.0)]


@settings(max_examples=60, deadline=None)
@given(COSINES, BM25, st.integers(0, 10**7), st.sets(IDS))
def test_every_candidate_gets_a_score_and_words_never_hurt(cosines, words, passages, foreign):
    found = Candidates.of(cosines, words, foreign=frozenset(foreign))
    hits = fused(found, passages=passages)
    assert sorted(item for item, _ in hits) == sorted(cosines)
    assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0]))
    assert all(0 < score <= 1 for _, score in hits)
    assert not hits or hits[0][1] == 1.0
    for item in cosines:
        better = Candidates.of(
            cosines, words | {item: words.get(item, 0.0) + 50.0}, foreign=frozenset(foreign)
        )
        before, after = order(found, passages), order(better, passages)
        assert after.index(item) <= before.index(item)


@settings(max_examples=40, deadline=None)
@given(COSINES, st.floats(0.01, 2), st.floats(-1, 1))
def test_what_band_the_cosines_lie_in_does_not_matter(cosines, scale, shift):
    values = np.round(list(cosines.values()), 3)
    plain = dict(zip(cosines, values.tolist(), strict=True))
    moved = {item: scale * value + shift for item, value in plain.items()}
    one = dict(fused(Candidates.of(plain, {}), passages=9))
    other = dict(fused(Candidates.of(moved, {}), passages=9))
    assert one == pytest.approx(other, rel=1e-3, abs=1e-6)


def test_ranks_count_from_one_and_ties_go_by_id():
    assert ranks({"b": 1.0, "a": 1.0, "文": 2.0}) == {"文": 1, "a": 2, "b": 3}
    assert ranks({}) == {}


def test_searches_are_combined_by_weight():
    found = combined([{"a": 3.0, "b": 1.0}, {"b": 4.0, "в": 1.0}], [1.0, 0.5])
    assert found == pytest.approx({"a": 2.0, "b": 2.0, "в": 1 / 3})
