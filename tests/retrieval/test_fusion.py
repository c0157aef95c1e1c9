"""Fusion by ranks and by scores: by hand, at the edges, and for any input."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.errors import UsageError
from convrag.retrieval.fusion import distinct, reciprocal_rank_fusion, weighted_score_fusion

IDS = st.sampled_from(["a", "b", "c", "文档", "وثيقة", "दस्तावेज़", "документ", "é"])
RANKINGS = st.dictionaries(
    st.sampled_from(["dense", "lexical", "graph"]), st.lists(IDS, max_size=8)
)
SCORED = st.dictionaries(
    st.sampled_from(["dense", "lexical", "graph"]),
    st.lists(st.tuples(IDS, st.floats(-1e6, 1e6)), max_size=8),
)


def test_reciprocal_ranks_by_hand():
    fused = reciprocal_rank_fusion(
        {"dense": ["a", "b"], "lexical": ["b", "c"]}, weights={"dense": 1, "lexical": 2}, k=9
    )
    assert [(item, ranks) for item, _, ranks in fused] == [
        ("b", {"dense": 2, "lexical": 1}),
        ("c", {"lexical": 2}),
        ("a", {"dense": 1}),
    ]
    assert [score for _, score, _ in fused] == pytest.approx([1 / 62 + 2 / 61, 2 / 62, 1 / 61])


def test_a_repeated_id_counts_once_with_its_better_rank():
    fused = reciprocal_rank_fusion({"dense": ["a", "a", "b"]}, k=9)
    assert [(item, ranks["dense"]) for item, _, ranks in fused] == [("a", 1), ("b", 2)]
    assert fused[0][1] == pytest.approx(1 / 61)
    scored = weighted_score_fusion({"dense": [("a", 1.0), ("b", 2.0), ("a", 3.0)]}, k=9)
    assert [(item, ranks["dense"]) for item, _, ranks in scored] == [("a", 1), ("b", 2)]


def test_ties_are_broken_by_id():
    fused = reciprocal_rank_fusion({"dense": ["b", "x"], "lexical": ["a", "y"]}, k=9)
    assert [item for item, _, _ in fused] == ["a", "b", "x", "y"]


@pytest.mark.parametrize("rankings", [{}, {"dense": []}, {"dense": [], "lexical": []}])
def test_nothing_in_nothing_out(rankings):
    assert reciprocal_rank_fusion(rankings, k=5) == []
    assert weighted_score_fusion(rankings, k=5) == []


@pytest.mark.parametrize("k", [0, -1])
def test_asking_for_none_gives_none(k):
    assert reciprocal_rank_fusion({"dense": ["a"]}, k=k) == []
    assert weighted_score_fusion({"dense": [("a", 1.0)]}, k=k) == []


def test_a_channel_of_weight_zero_brings_nothing_in():
    weights = {"dense": 1.0, "lexical": 0.0}
    fused = reciprocal_rank_fusion({"dense": ["a"], "lexical": ["b"]}, weights=weights, k=5)
    assert [(item, ranks) for item, _, ranks in fused] == [("a", {"dense": 1})]


@pytest.mark.parametrize(
    ("weights", "word"),
    [
        ({"dense": 1.0, "graf": 1.0}, "graph"),
        ({"dense": 1.0, "graph": -1.0}, "graph"),
        ({"dense": math.nan, "graph": 1.0}, "dense"),
    ],
)
def test_a_weight_that_cannot_be_is_refused(weights, word):
    with pytest.raises(UsageError, match=word):
        reciprocal_rank_fusion({"dense": ["a"], "graph": ["b"]}, weights=weights, k=5)


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="constant"):
        reciprocal_rank_fusion({"dense": ["a"]}, k=5, constant=0)
    with pytest.raises(UsageError, match="softmax"):
        weighted_score_fusion({"dense": [("a", 1.0)]}, k=5, normalisation="softmax")
    with pytest.raises(UsageError, match="'a'"):
        weighted_score_fusion({"dense": [("a", math.nan)]}, k=5)


def test_scores_by_hand():
    scored = {"dense": [("a", 0.9), ("b", 0.5)], "lexical": [("b", 10.0), ("c", 5.0)]}
    weights = {"dense": 0.5, "lexical": 0.5}
    plain = weighted_score_fusion(scored, weights=weights, k=9)
    assert [(item, score) for item, score, _ in plain] == [("a", 0.5), ("b", 0.5), ("c", 0.0)]
    floors = {"dense": -1.0, "lexical": 0.0}
    from_floor = weighted_score_fusion(scored, weights=weights, k=9, floors=floors)
    assert [item for item, _, _ in from_floor] == ["b", "a", "c"]
    assert [score for _, score, _ in from_floor] == pytest.approx(
        [0.5 * 1.5 / 1.9 + 0.5, 0.5, 0.25]
    )


def test_deviations_by_hand():
    fused = weighted_score_fusion({"dense": [("a", 3.0), ("b", 1.0)]}, k=9, normalisation="zscore")
    assert [(item, score) for item, score, _ in fused] == [
        ("a", pytest.approx(0.5 + 1 / 6)),
        ("b", pytest.approx(0.5 - 1 / 6)),
    ]


@pytest.mark.parametrize("value", [-3.0, 0.0, 7.0])
def test_equal_scores_of_any_sign_are_worth_the_same(value):
    hits = {"dense": [("b", value), ("a", value)]}
    assert [score for _, score, _ in weighted_score_fusion(hits, k=9)] == [1.0, 1.0]
    both = weighted_score_fusion(hits, k=9, normalisation="zscore")
    assert [(item, score) for item, score, _ in both] == [("a", 0.5), ("b", 0.5)]


@settings(max_examples=40, deadline=None)
@given(RANKINGS, st.integers(0, 9))
def test_fusing_ranks_orders_all_ids_and_rewards_every_hit(rankings, k):
    fused = reciprocal_rank_fusion(rankings, k=99)
    assert {item for item, _, _ in fused} == {i for ids in rankings.values() for i in ids}
    assert fused == sorted(fused, key=lambda hit: (-hit[1], hit[0]))
    assert fused[:k] == reciprocal_rank_fusion(rankings, k=k)
    assert all(score > 0 for _, score, _ in fused)
    for item, score, ranks in fused:
        assert ranks == {
            name: list(dict.fromkeys(ids)).index(item) + 1
            for name, ids in rankings.items()
            if item in ids
        }
        more = {**rankings, "extra": [item]}
        better = {i: s for i, s, _ in reciprocal_rank_fusion(more, k=99)}
        assert better[item] > score


@settings(max_examples=40, deadline=None)
@given(RANKINGS)
def test_one_channel_alone_keeps_its_order(rankings):
    for name, ids in rankings.items():
        fused = reciprocal_rank_fusion({name: ids}, k=99)
        assert [item for item, _, _ in fused] == list(dict.fromkeys(ids))


@settings(max_examples=40, deadline=None)
@given(SCORED, st.sampled_from(["minmax", "zscore"]))
def test_fused_scores_stay_between_nothing_and_the_sum_of_weights(scored, normalisation):
    fused = weighted_score_fusion(scored, k=99, normalisation=normalisation)
    assert {item for item, _, _ in fused} == {i for hits in scored.values() for i, _ in hits}
    assert all(0 <= score <= len(scored) + 1e-9 for _, score, _ in fused)
    assert fused == sorted(fused, key=lambda hit: (-hit[1], hit[0]))


@settings(max_examples=40, deadline=None)
@given(SCORED)
def test_shifting_and_stretching_a_channel_changes_no_order_by_deviations(scored):
    hits = {"dense": [(item, float(round(score))) for item, score in scored.get("dense", [])]}
    moved = {"dense": [(item, 2 * score + 8) for item, score in hits["dense"]]}
    before = weighted_score_fusion(hits, k=99, normalisation="zscore")
    after = weighted_score_fusion(moved, k=99, normalisation="zscore")
    assert [ranks for _, _, ranks in before] == [ranks for _, _, ranks in after]
    assert [s for _, s, _ in before] == pytest.approx([s for _, s, _ in after], abs=1e-6)


@pytest.mark.parametrize(
    ("first", "again", "other"),
    [
        ("The Seine.", "the  SEINE.", "the Seines."),
        ("東京タワー", "東京ﾀﾜｰ", "東京駅"),
        ("Straße", "STRASSE", "Strasbourg"),
        ("Москва", "МОСКВА", "Минск"),
        ("القاهرة", "القاهـرة", "الإسكندرية"),
        ("दिल्ली  शहर", "दिल्ली शहर", "मुंबई शहर"),
        ("1.5 km", "１.5\nKM", "15 km"),
    ],
)
def test_the_same_text_comes_once(first, again, other):
    assert distinct([first, again, other, first], str) == [first, other]
