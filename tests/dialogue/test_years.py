"""Years counted from the one that the last answer named."""

from __future__ import annotations

import pytest

from convrag.dialogue.years import replaced_year, with_year, years_in

COUNTED = [
    ("en", "Who ruled two years later?", "Who ruled in 1992?"),
    ("en", "And the year before that?", "And in 1989?"),
    ("zh", "三年后呢？", "1993年呢？"),
    ("es", "¿Y dos años después?", "¿Y en 1992?"),
    ("fr", "Et l'année précédente ?", "Et en 1989 ?"),
    ("de", "Und zwei Jahre später?", "Und 1992?"),
    ("ar", "وماذا حدث بعد 5 سنوات؟", "وماذا حدث في 1995؟"),
    ("hi", "और दो साल बाद?", "और 1992 में?"),
    ("ru", "А через 10 лет?", "А в 2000 году?"),
    ("ja", "二年後は？", "1992年は？"),
    ("pt", "E no ano seguinte?", "E em 1991?"),
]


@pytest.mark.parametrize(("language", "turn", "expected"), COUNTED)
def test_years_are_counted(language: str, turn: str, expected: str) -> None:
    assert with_year(turn, language, (1990,)) == expected


@pytest.mark.parametrize(("language", "turn", "expected"), COUNTED)
def test_without_a_year_the_turn_stays(language: str, turn: str, expected: str) -> None:
    assert with_year(turn, language, ()) == turn


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("Founded in 1889 and again in 1999.", (1889, 1999)),
        ("长 6300 公里，建于一九四九年", ()),
        ("建于 1949 年", (1949,)),
        ("Fläche: 1.998,5 km²", ()),
        ("بني سنة ١٩٩٠", (1990,)),
        ("सन् १९७३ में", (1973,)),
        ("в 1961 году", (1961,)),
    ],
)
def test_years_are_found(text: str, years: tuple[int, ...]) -> None:
    assert years_in(text) == years


def test_a_year_takes_the_place_of_the_only_other_one() -> None:
    assert replaced_year("Who ruled in 1990?", "And in 1992?") == "Who ruled in 1992?"
    assert replaced_year("Who ruled from 1990 to 1995?", "And in 1992?") == ""
    assert replaced_year("Who ruled?", "And in 1992?") == ""
