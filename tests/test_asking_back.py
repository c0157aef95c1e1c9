"""Whole turns over the bundled help desk: which machine's code is meant, and what comes after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from convrag.config import Config
from convrag.events import Finished
from convrag.pipeline import Pipeline, open_pipeline
from convrag.types import Dialogue, Mode, Role, Status, Turn

SHOWN = {"en": "It shows E04.", "zh": "显示E04。"}
LOUD = {"en": "How loud is it?", "zh": "它的噪音有多大？"}
DOOR = {"en": "The door is not properly closed.", "zh": "门没有关好"}
CAPABLE = {"en": "How much does the WM-900 cost?", "zh": "WM-900多少钱？"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    home: Path = tmp_path_factory.mktemp("home")
    config = Config(home=home, encoder="scripted:hash-256", rewriter="rules", threads=1)
    opened = open_pipeline(config, pack="helpdesk")
    yield opened
    opened.close()


def said(pipeline: Pipeline, dialogue: Dialogue, text: str) -> Finished:
    *_, last = pipeline.respond(dialogue, Turn("t", Role.USER, text))
    assert isinstance(last, Finished), last
    return last


def asked_back(pipeline: Pipeline, language: str) -> Finished:
    asked = said(pipeline, Dialogue("d"), SHOWN[language])
    assert asked.answer.status is Status.CLARIFYING
    assert asked.answer.language == language
    return asked


@pytest.mark.parametrize("language", SHOWN)
def test_a_code_of_many_machines_is_asked_about_with_numbered_choices(pipeline, language) -> None:
    asked = asked_back(pipeline, language)
    labels = [choice.label for choice in asked.answer.choices]
    assert len(labels) == len(set(labels)) == 5
    assert [label.split()[0] for label in labels] == ["E04"] * 5
    lines = asked.answer.text.splitlines()
    assert lines[2:] == [f"{n}. {label}" for n, label in enumerate(labels, start=1)]
    assert not asked.answer.citations
    assert asked.dialogue.state.pending is not None


@pytest.mark.parametrize("language", SHOWN)
@pytest.mark.parametrize("way", ["number", "name"])
def test_the_choice_is_answered_and_its_machine_comes_into_focus(pipeline, language, way) -> None:
    asked = asked_back(pipeline, language)
    labels = [choice.label for choice in asked.answer.choices]
    place = labels.index("E04 (WM-700)")
    reply = str(place + 1) if way == "number" else "WM-700"
    told = said(pipeline, asked.dialogue, reply)
    assert told.answer.status is Status.COMPLETE
    assert told.answer.mode is Mode.GRAPH
    assert told.answer.query.act == "clarified"
    assert DOOR[language] in told.answer.text
    first, second = told.dialogue.state.focus[:2]
    assert (first.name, second.name) == ("E04 (WM-700)", "WM-700")
    loud = said(pipeline, told.dialogue, LOUD[language])
    assert "WM-700" in loud.answer.query.text
    assert "74" in loud.answer.text


@pytest.mark.parametrize("language", SHOWN)
def test_another_question_drops_the_choice(pipeline, language) -> None:
    asked = asked_back(pipeline, language)
    other = said(pipeline, asked.dialogue, CAPABLE[language])
    assert other.answer.query.act != "clarified"
    assert other.answer.status is Status.COMPLETE
    assert other.dialogue.state.pending is None
    late = said(pipeline, other.dialogue, "2")
    assert late.answer.query.act != "clarified"


@pytest.mark.parametrize("language", SHOWN)
def test_a_code_that_was_explained_is_not_asked_about_again(pipeline, language) -> None:
    asked = asked_back(pipeline, language)
    told = said(pipeline, asked.dialogue, "RV-10")
    again = said(pipeline, told.dialogue, SHOWN[language])
    assert again.answer.status is Status.COMPLETE
    assert again.answer.text == told.answer.text
