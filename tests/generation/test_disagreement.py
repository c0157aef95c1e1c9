"""Answers in which sources disagree: every side is told, in the asker's language, and cited."""

from __future__ import annotations

import re

import pytest

from convrag.generation.phrases import phrase
from convrag.generation.writing import Draft, compose
from convrag.graph.conflicts import Conflicts
from convrag.types import AnswerSpan, Evidence, Query, Reading
from tests.graph.graph_text import EX, graph_of

LABELS = {
    "en": ("Ombra", "population"),
    "zh": ("翁布拉", "人口"),
    "es": ("Umbra", "población"),
    "fr": ("Ombre", "population"),
    "de": ("Ombra", "Einwohnerzahl"),
    "ar": ("أومبرا", "عدد السكان"),
    "hi": ("ओम्ब्रा", "जनसंख्या"),
    "ru": ("Омбра", "население"),
    "ja": ("オンブラ", "人口"),
    "pt": ("Úmbria", "população"),
}
NAMED = "".join(
    f'ex:ombra rdfs:label "{name}"@{tag} . ex:people rdfs:label "{item}"@{tag} .\n'
    for tag, (name, item) in LABELS.items()
)
COUNTED = NAMED + "ex:a ex:people 1 . ex:b ex:people 2 . ex:ombra ex:people 12 ; ex:in ex:a, ex:b ."


def drafted(language: str, *texts: str, item: str = "people") -> Draft:
    graph = graph_of(*texts)
    conflicts = Conflicts(graph)
    via = (EX + "ombra", EX + item, "forward")
    evidence = [
        conflicts.sourced(Evidence(fact, 1.0, rank, {}, via))
        for rank, fact in enumerate(graph.values(EX + "ombra", EX + item), 1)
    ]
    reading = Reading(tuple(AnswerSpan(e.id, (0, 0), 1.0) for e in evidence), 1.0)
    return compose(graph, Query("q", "q", language), evidence, reading)


@pytest.mark.parametrize(("language", "labels"), LABELS.items())
def test_both_sides_are_told_with_their_sources(language: str, labels: tuple[str, str]) -> None:
    draft = drafted(language, COUNTED, "ex:ombra ex:people 34 .", "ex:ombra ex:people 34.0 .")
    opening, _, *lines = draft.text.splitlines()
    assert opening == phrase("disagree", language)
    assert len(lines) == 2
    assert "34" in lines[0]
    assert lines[0].endswith("(`1`, `2`)")
    assert "12" in lines[1]
    assert lines[1].endswith("(`0`)")
    assert all(labels[0] in line and labels[1] in line for line in lines)
    assert sorted(re.findall(r"\[(\d)\]", draft.text)) == ["1", "2", "3"]
    assert len(draft.citations) == 3


def test_the_phrase_is_there_in_every_language() -> None:
    assert len({phrase("disagree", language) for language in LABELS}) == len(LABELS)


def test_sources_that_agree_and_lists_are_told_as_ever() -> None:
    agreed = drafted("en", COUNTED, "ex:ombra ex:people 12 .")
    assert agreed.text == "Ombra — population: 12 [1]"
    listed = drafted("en", COUNTED, "ex:ombra ex:in ex:c .", item="in")
    assert phrase("disagree", "en") not in listed.text
