"""Entity links against marked ones, worked by hand."""

from __future__ import annotations

from convrag.evaluation.metrics.linking import Counts, nil_mentions, same_entities, same_mentions
from convrag.types import Link, Mention

LINKS = (
    Link(Mention("Paris", (0, 5)), "q:paris", 0.9),
    Link(Mention("東京", (6, 8)), "q:kyoto", 0.5),
    Link(Mention("Xanadu", (9, 15)), None, 0.1),
    Link(Mention("Каир", (20, 24)), "q:cairo", 0.8),
)
MARKED = {(0, 5): "q:paris", (6, 8): "q:tokyo", (9, 15): None, (30, 33): "q:rome", (40, 44): None}


def test_span_and_entity_must_agree() -> None:
    counts = same_mentions(LINKS, MARKED)
    assert counts == Counts(right=1, found=3, wanted=3)
    assert counts.scores == {"precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3}


def test_what_is_in_no_graph_is_counted_apart() -> None:
    counts = nil_mentions(LINKS, MARKED)
    assert counts == Counts(right=1, found=1, wanted=2)
    assert counts.scores == {"precision": 1.0, "recall": 0.5, "f1": 2 / 3}


def test_a_mark_of_nothing_is_not_met_by_an_entity() -> None:
    linked = [Link(Mention("Xanadu", (9, 15)), "q:x", 0.9)]
    assert same_mentions(linked, {(9, 15): None}) == Counts(0, 1, 0)


def test_parts_of_turns_add_up_to_the_micro_average() -> None:
    total = Counts(1, 2, 1) + Counts(0, 2, 3)
    assert total.scores == {"precision": 1 / 4, "recall": 1 / 4, "f1": 1 / 4}
    sums = [Counts(1, 2, 1).parts["f1"], Counts(0, 2, 3).parts["f1"]]
    assert sum(top for top, _ in sums) / sum(under for _, under in sums) == 1 / 4


def test_without_links_there_is_no_precision() -> None:
    assert same_mentions([], {(0, 5): "q:paris"}).scores == {"recall": 0.0, "f1": 0.0}


def test_entities_count_once_wherever_they_are_named() -> None:
    assert same_entities(["a", "a", "b"], ["a", "c"]) == Counts(1, 2, 2)
