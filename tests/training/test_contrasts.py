"""Turns in full that a rewriter must leave alone, in many scripts."""

from __future__ import annotations

import random

import pytest

from convrag.training.contrasts import FOREIGN, RESTATED, TALK, contrasts
from convrag.training.examples import Example, exchange
from convrag.training.wording import wording

ASKED = [
    ("en", "Where is Oslo?", "Is it big?", "Is Oslo big?"),
    ("ru", "Где Омск?", "А население?", "Какое население в Омске?"),
    ("zh", "长江在哪里？", "有多长？", "长江有多长？"),
    ("ja", "富士山はどこ？", "高さは？", "富士山の高さは？"),
    ("ar", "أين بغداد؟", "كم عدد السكان؟", "كم عدد سكان بغداد؟"),
    ("hi", "पटना कहाँ है?", "आबादी?", "पटना की आबादी?"),
    ("ko", "부산은 어디예요?", "인구는?", "부산의 인구는?"),
]


def dialogues(kind: str = "reference", source: str = "corpus") -> list[Example]:
    """Return forty dialogues of each language, all of them different, in two splits."""
    return [
        Example(
            f"{language}-{number}", language, exchange([(f"{said} {number}", "")]), turn, full,
            kind, source, ("train", "dev")[number % 2], (said,),
        )
        for language, said, turn, full in ASKED
        for number in range(40)
    ]  # fmt: skip


def contrasted(examples: list[Example]) -> list[Example]:
    """Return what is made of the examples."""
    return list(contrasts(examples, random.Random(1)))  # noqa: S311


@pytest.mark.parametrize("asked", ASKED)
def test_turns_in_full_stand_alone_after_their_own_history_and_a_foreign_one(
    asked: tuple[str, str, str, str],
) -> None:
    language, _, _, full = asked
    by_id = {one.id: one for one in dialogues()}
    made = [one for one in contrasted(dialogues()) if one.language == language]
    for source in (RESTATED, FOREIGN):
        of_source = [one for one in made if one.source == source]
        assert of_source
        for one in of_source:
            origin = by_id[one.id.removesuffix(f"-{source}")]
            assert (one.turn, one.rewrite, one.kind, one.needs) == (full, full, "standalone", ())
            assert one.split == origin.split
            assert (one.history == origin.history) == (source == RESTATED)
            other = next(d for d in by_id.values() if d.history == one.history)
            assert (other.language, other.split) == (language, one.split)


def test_standalone_turns_are_moved_and_not_said_again() -> None:
    made = contrasted(dialogues("standalone"))
    assert {one.source for one in made} == {FOREIGN}


@pytest.mark.parametrize("kind", ["chat", "restart", "disfluent", "more"])
def test_turns_that_are_no_questions_are_left_out(kind: str) -> None:
    assert not contrasted(dialogues(kind))


@pytest.mark.parametrize("language", [language for language, *_ in ASKED])
def test_questions_about_who_answers_stand_alone_after_any_dialogue(language: str) -> None:
    found = [
        one
        for seed in range(6)
        for one in contrasts(dialogues(source="facts"), random.Random(seed))  # noqa: S311
        if one.source == TALK and one.language == language
    ]
    assert found
    known = wording(language).talk
    assert not set(known) & set(wording(language, testing=True).talk)
    for one in found:
        assert (one.kind, one.needs) == ("chat", ())
        assert one.turn == one.rewrite
        assert one.turn in known
        assert one.history


def test_few_are_made_of_built_turns() -> None:
    built = len(contrasted(dialogues(source="facts")))
    assert 0 < built < len(contrasted(dialogues())) / 4
