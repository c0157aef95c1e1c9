"""The measures of the rewriting benchmark, against values worked by hand, and its sets."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from convrag.types import Query, Role
from tests.bench.rewriting import documents, groups, history, human, last
from tests.bench.rewriting_scores import gate, likeness, names, needs_history
from tests.bench.rewriting_sets import LOADERS, case, cast_baselines

DATA = Path(__file__).parents[3] / "shared" / "data"
SAID = (
    (True, "Who built the Tower of the Moon?"),
    (False, "Ada Lindqvist did."),
    (True, "How tall is it?"),
)
WANTED = "How tall is the Tower of the Moon?"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Who is Ada Lindqvist?", {"ada lindqvist"}),
        ("Where is the University of Oxford?", {"university of oxford"}),
        ("Is it safe? How does it spread?", set()),
        ("What happened in 1987?", {"1987"}),
        ("What is Ada's view of the EU?", {"ada", "eu"}),
        ("The Danube, and the Tisza.", {"danube", "tisza"}),
    ],
)
def test_names_are_capitalised_words_that_touch(text: str, wanted: set[str]):
    assert names(text) == wanted


def test_likeness_of_a_rewrite_that_brings_back_half_of_the_name():
    asked = case("1_2", "1", SAID, human=WANTED)
    found = likeness("How tall is it (Tower, Lindqvist)?", asked)
    assert found.recall == pytest.approx(4 / 8)  # how tall is tower, of eight words
    assert found.f1 == pytest.approx(2 * 4 / (8 + 6))
    assert found.needed == pytest.approx(1 / 2)
    assert found.added == pytest.approx(1 / 2)
    assert found.names == 0.0
    assert likeness(WANTED, asked).names == 1.0


def test_nothing_is_asked_of_a_turn_that_stands_alone():
    asked = case("1_1", "1", [(True, WANTED)], human=WANTED)
    found = likeness(WANTED, asked)
    assert (found.needed, found.added, found.names) == (None, None, None)
    assert not needs_history(asked)
    assert needs_history(case("1_2", "1", SAID, human=WANTED))


def test_the_gate_against_hand_counts():
    found = gate([(True, True), (True, True), (True, False), (False, True), (False, False)])
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)
    assert found.opened == pytest.approx(1 / 2)
    assert math.isnan(gate([(False, True)]).precision)


def test_the_baselines_use_only_what_was_said():
    asked = case("1_2", "1", SAID, human=WANTED)
    turn = SAID[2][1]
    assert last(asked) == Query(turn, turn, "en")
    assert history(asked) == Query(f"{SAID[0][1]} {turn}", turn, "en", standalone=False)
    assert human(asked) == Query(WANTED, turn, "en", standalone=False)


def test_documents_stand_where_their_first_passage_does():
    ranking = ["река#0", "川#1", "река#1", "نهر#0", "नदी#2", "ποταμός#0", "a#b#0", "川#0", "강"]
    assert documents(ranking) == ["река", "川", "نهر", "नदी", "ποταμός", "a#b", "강"]


def test_turns_are_grouped_by_number_and_by_need():
    first = case("1_1", "1", SAID[:1], human=SAID[0][1])
    second = case("1_2", "1", SAID, human=WANTED, kind="Follow-up")
    found = groups([first, second])
    assert found["turn 1"] == {"1_1"}
    assert found["turn 2"] == found["needs its history"] == found["Follow-up"] == {"1_2"}
    assert "stands alone" not in found


@pytest.mark.skipif(not DATA.is_dir(), reason="the public sets are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "cases", "count"),
    [
        ("mtrag", 150, 350),
        ("ikat2023", 332, 332),
        ("mtrag-un", 332, 1152),
        ("cast2021", 239, 235),
    ],
)
def test_every_turn_of_a_set_has_its_documents(name: str, cases: int, count: int):
    found = LOADERS[name](DATA)
    known = {document.id for document in found.documents}
    assert (len(found.cases), len(known)) == (cases, count)
    assert all(one.relevant and one.relevant <= known for one in found.cases)
    assert all(one.turn.role is Role.USER and one.turn.text for one in found.cases)
    assert len({one.id for one in found.cases}) == cases


@pytest.mark.skipif(not DATA.is_dir(), reason="the public sets are not beside the checkout")
def test_published_rewrites_are_of_the_same_turns():
    found, systems = cast_baselines(DATA, 2020)
    assert len(found.cases) == 216 and len(systems) == 11
    assert all(rewrites.keys() == {c.id for c in found.cases} for rewrites in systems.values())
