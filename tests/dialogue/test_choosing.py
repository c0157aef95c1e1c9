"""Rules before a learned rewriter, and what of a turn is left to either."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from convrag.dialogue.choosing import ChosenRewriter, Learned
from convrag.dialogue.trained import TaggerParts, TrainedRewriter
from convrag.errors import ModelError
from convrag.types import Dialogue, DialogueState, Focus, Link, Mention, Query, Role, Turn

LINK = Link(Mention("Oslo", (0, 4)), "oslo", 1.0)


@dataclass
class Fixed:
    """Always gives one query, and counts how often it was asked."""

    query: Query
    asked: list[Turn] = field(default_factory=list)

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        self.asked.append(turn)
        return self.query


def dialogue(language: str, *texts: str) -> Dialogue:
    turns = tuple(
        Turn(str(n), Role.USER if n % 2 == 0 else Role.ASSISTANT, text, language)
        for n, text in enumerate(texts)
    )
    return Dialogue("d", turns, DialogueState(language=language))


def turn(text: str, language: str = "") -> Turn:
    return Turn("t", Role.USER, text, language)


REWRITTEN = Query("How big is Oslo?", "How big is it?", "en", (), 0.8, False, "followup")


@pytest.mark.parametrize(
    ("rules", "asked"),
    [
        (Query("x", "x", "en", act="empty"), False),
        (Query("hi", "hi", "en", act="smalltalk:greeting"), False),
        (Query("Oslo?", "Oslo?", "en", (LINK,)), False),
        (Query("How big is Bergen?", "And it?", "en", (), 0.9, False, "followup"), False),
        (Query("How big is it?", "How big is it?", "en"), True),
    ],
)
def test_the_learned_one_is_asked_where_rules_find_nothing(rules: Query, asked: bool) -> None:
    learned = Fixed(REWRITTEN)
    found = ChosenRewriter(Fixed(rules), Learned(learned)).rewrite(
        turn("How big is it?"), dialogue("en", "Where is Oslo?", "In Norway.")
    )
    assert bool(learned.asked) == asked
    assert found == (REWRITTEN if asked else rules)


def test_after_an_entity_of_the_graph_the_rules_decide() -> None:
    rules, learned = Fixed(Query("How far?", "How far?", "en")), Fixed(REWRITTEN)
    state = DialogueState((Focus("oslo", "Oslo", 0.9),), language="en")
    before = Dialogue("d", dialogue("en", "Where is Oslo?", "In Norway.").turns, state)
    found = ChosenRewriter(rules, Learned(learned)).rewrite(turn("How far?"), before)
    assert found == rules.query
    assert not learned.asked


def test_the_learned_one_is_told_the_language_the_rules_found() -> None:
    learned = Fixed(REWRITTEN)
    rules = Fixed(Query("¿Y su altura?", "¿Y su altura?", "es"))
    ChosenRewriter(rules, Learned(learned)).rewrite(turn("¿Y su altura?"), dialogue("en", "a", "b"))
    assert learned.asked[0].language == "es"


def test_alone_it_decides_and_the_rules_only_link() -> None:
    rules = Query("Is Bergen big (Oslo)?", "Is Bergen big?", "en", (LINK,), 0.7, False, "followup")
    alone = Query("Is Bergen big?", "Is Bergen big?", "en")
    choose = ChosenRewriter(Fixed(rules), Learned(Fixed(alone), rules_first=False))
    found = choose.rewrite(turn("Is Bergen big?"), dialogue("en", "Where is Oslo?", "North."))
    assert found == alone


def test_models_that_cannot_be_loaded_leave_the_turn_and_are_not_asked_again() -> None:
    tried: list[int] = []

    def fail() -> TaggerParts:
        tried.append(1)
        raise ModelError("no weights")

    rewriter = TrainedRewriter(fail)
    for text in ("How big is it?", "它有多大？"):
        found = rewriter.rewrite(turn(text), dialogue("en", "Where is Oslo?", "In Norway."))
        assert found.text == found.original == text
        assert found.standalone
    assert tried == [1]


def test_a_first_turn_loads_no_models() -> None:
    def fail() -> TaggerParts:
        raise AssertionError("loaded")

    found = TrainedRewriter(fail).rewrite(turn("How big is it?", "en"), Dialogue("d"))
    assert found == Query("How big is it?", "How big is it?", "en")
