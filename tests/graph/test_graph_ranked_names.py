"""Names beside numbers in a line: which one a question that ranks asks for."""

from __future__ import annotations

import re

import pytest

from convrag.graph.ranked_names import Named, in_order
from convrag.types import Link, Mention, Query

CASES = {
    "en": (
        "To which country does Chad export most?",
        "Chad",
        "UAE 23%, China 45%, India 9%",
        "China",
    ),
    "es": (
        "¿Cuál es el mayor cliente de Chad?",
        "Chad",
        "China 23,5 %, India 45 %, Perú 9 %",
        "India",
    ),
    "ru": ("Крупнейший партнёр: Чад?", "Чад", "Китай 23 %, Индия 45 %", "Индия"),
    "zh": ("乍得最大的贸易伙伴是哪国？", "乍得", "中国23%，印度45%", "印度"),
    "ja": ("チャドの最大の貿易相手は？", "チャド", "中国23%、インド45%", "インド"),
    "ar": ("ما أكبر شريك تشاد؟", "تشاد", "الصين 23%، الهند 45%", "الهند"),
    "hi": ("चाड का सबसे बड़ा साझेदार?", "चाड", "चीन 23%, भारत 45%", "भारत"),
}
"""Question, its entity, a line of names with numbers, and the name with the highest one."""


def links(text: str, *names: str) -> tuple[Link, ...]:
    found = sorted((text.index(name), name) for name in names)
    return tuple(Link(Mention(n, (at, at + len(n))), n, 1.0) for at, n in found)


def query(text: str, name: str, language: str) -> Query:
    return Query(text, text, language, links(text, name))


def names_in(line: str) -> list[str]:
    return re.findall(r"[^\d\s%,，、،]+", line)


@pytest.mark.parametrize("language", sorted(CASES))
def test_the_highest_number_comes_first_where_most_is_asked_for(language):
    text, name, line, first = CASES[language]
    named = in_order(query(text, name, language), line, links(line, *names_in(line)))
    assert named.entities[0] == first
    assert named.followed == (first,)
    assert named.by is not None


def test_the_lowest_comes_first_where_least_is_asked_for():
    asked = query("Which has the smallest share of Chad's exports?", "Chad", "en")
    named = in_order(
        asked,
        "A1: Peru 12%, Cuba 3.5%, Mali 9%",
        links("A1: Peru 12%, Cuba 3.5%, Mali 9%", "Peru", "Cuba", "Mali"),
    )
    assert named.entities == ("Cuba", "Mali", "Peru")


def test_the_word_nearest_to_the_questions_entity_ranks():
    text = "What is the lowest point of the country with the longest border with Chad?"
    line = "Peru 12 km, Cuba 35 km"
    named = in_order(query(text, "Chad", "en"), line, links(line, "Peru", "Cuba"))
    assert named.entities == ("Cuba", "Peru")
    assert named.by is not None
    assert text[slice(*named.by)] == "longest"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Which country borders Chad?", "Peru 12 km, Cuba 35 km"),
        ("Which country is the largest partner of Chad?", "Peru, Cuba"),
        ("Which country is the largest partner of Chad?", "Peru and then Cuba 35%"),
    ],
)
def test_names_stand_as_they_are_read_where_nothing_ranks_them(text, line):
    named = in_order(query(text, "Chad", "en"), line, links(line, "Peru", "Cuba"))
    assert named == Named(("Peru", "Cuba"))
    assert named.followed == ("Peru", "Cuba")
