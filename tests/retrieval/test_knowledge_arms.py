"""What each arm of the measurement of knowledge selection knows of a dialogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from convrag.graph import terms
from convrag.models.scripted import HashEncoder
from convrag.types import Literal, Triple
from tests.bench.knowledge_cases import Case, Setup
from tests.bench.knowledge_dialogues import Conversation, Message, Task

_NAMES = {"hill": "神女峰", "lake": "镜泊湖", "height": "海拔", "area": "面积"}
_FACTS = (
    Triple("hill", "height", Literal("912")),
    Triple("lake", "area", Literal("79")),
    Triple("lake", "height", Literal("350")),
)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, ...]:
    folder: Path = tmp_path_factory.mktemp("arms") / "index"
    names = tuple(
        Triple(term, terms.RDFS + "label", Literal(name, "", "zh")) for term, name in _NAMES.items()
    )
    messages = (
        Message("你知道神女峰吗？"),
        Message("知道，912米高。", (_FACTS[0],)),
        Message("那镜泊湖呢？"),
        Message("它的面积是79。", (_FACTS[1],)),
        Message("海拔呢？"),
        Message("350米。", (_FACTS[2],)),
    )
    task = Task("bench", (Conversation("d", messages),), (*names, *_FACTS), _FACTS)
    return tuple(Setup(task, HashEncoder(64), folder, with_texts=False).cases("history"))


def test_a_case_asks_with_the_message_before_its_facts(cases) -> None:
    assert [case.place for case in cases] == [0, 2, 4]
    assert [case.query.text for case in cases] == ["你知道神女峰吗？", "那镜泊湖呢？", "海拔呢？"]
    assert cases[2].gold == {_FACTS[2].id}


def test_the_raw_arm_knows_nothing_of_what_was_said(cases) -> None:
    last = cases[2].raw
    assert (last.text, last.links, last.focus, last.before) == ("海拔呢？", (), (), ())


def test_what_was_named_is_equally_in_focus_newest_first(cases) -> None:
    assert [(f.entity_id, f.salience) for f in cases[2].mentioned.focus] == [
        ("lake", 1.0),
        ("hill", 1.0),
    ]


def test_gold_knows_earlier_facts_and_about_those_looked_for(cases) -> None:
    assert [f.entity_id for f in cases[2].query.focus] == ["lake", "hill"]
    assert cases[2].query.focus[0].salience > cases[2].query.focus[1].salience
    assert [link.entity_id for link in cases[2].about.links] == ["lake"]
    assert cases[2].query.links == ()


def test_own_resolves_the_follow_up(cases) -> None:
    found = {link.entity_id for link in cases[2].own.links}
    assert found | {f.entity_id for f in cases[2].own.focus[:1]} == {"lake"}
