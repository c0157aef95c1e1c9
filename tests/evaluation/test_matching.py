from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrag.evaluation.dialogues import Number, Words
from convrag.evaluation.matching import number_matches, numbers, plain_answer, words_match


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The Danube is 2,850 km long.", 2850),
        ("Die Donau ist 2.850 km lang.", 2850),
        ("Le Danube mesure 2 850 km.", 2850),
        ("Le Danube mesure 2\u202f850 km.", 2850),
        ("Der Berg ist 8'849 m hoch.", 8849),
        ("Der Berg ist 8’848,86 m hoch.", 8848.86),
        ("Высота 8 848,86 м", 8848.86),
        ("طول النهر ٢٬٨٥٠ كم", 2850),
        ("الارتفاع ٨٨٤٨٫٨٦ م", 8848.86),
        ("नदी २,८५० किमी लंबी है", 2850),
        ("जनसंख्या 12,34,567 है", 1234567),
        ("多瑙河全长2850公里", 2850),
        ("多瑙河全长２８５０公里", 2850),
        ("面积约67万平方公里", 670000),
        ("人口は1億2000万人です", 120000000),
        ("인구는 5,100만 명", 51000000),
        ("It has 2.85 million people.", 2850000),
        ("Es hat 2,85 Mio. Einwohner.", 2850000),
        ("Tiene 47 millones de habitantes.", 47000000),
        ("1.234.567,89 EUR", 1234567.89),
        ("It was -12 °C.", -12),
        ("from 10-20 days", 20),
        ("founded in 1918, 2850 km away", 2850),
        ("on 3.10.1990", 1990),
        ("ยาว ๒๘๕๐ กม.", 2850),
    ],
)
def test_a_number_is_found_however_it_is_written(text: str, value: float) -> None:
    assert number_matches(text, Number(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2,850 km", 285),
        ("The area is 12 km²", 2),
        ("CO2 is a gas", 2),
        ("12850 km", 2850),
        ("Error E14", 14),
        ("2.85 million", 2.85),
        ("no digits at all", 0),
        ("20 dias e noites em 3 mil ilhas", 3),
    ],
)
def test_a_number_that_is_not_stated_is_not_found(text: str, value: float) -> None:
    assert not number_matches(text, Number(value))


def test_tolerance_is_a_share_of_the_value() -> None:
    assert number_matches("2860", Number(2850, 0.01))
    assert number_matches("2821.5", Number(2850, 0.01))
    assert not number_matches("2880", Number(2850, 0.01))
    assert not number_matches("-2850", Number(2850, 0.01))


@given(st.integers(0, 10**12))
def test_grouped_integers_read_back(value: int) -> None:
    for separator in (",", ".", " ", "'", "\u202f", "٬"):
        assert float(value) in numbers(f"{value:,}".replace(",", separator))


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert list(numbers(text)) == sorted(set(numbers(text)))


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("It is Vienna.", "vienna", True),
        ("It is VIENNA's river.", "Vienna", True),
        ("É São Paulo.", "sao paulo", True),
        ("Die Hauptstadt Wiens", "Wien", True),
        ("Aromen", "Rom", False),
        ("維也納和维也纳", "维也纳", True),
        ("首都は東京です", "東京", True),
        ("عاصمتها فِيينّا", "فيينا", True),
        ("राजधानी वियना है", "वियना", True),
        ("Столица — ВЕНА", "Вена", True),
        ("수도는 서울입니다", "서울", True),
        ("year 1850", "18", False),
        ("year 1850", "50", False),
        ("Code E14!", "E14", True),
        ("Code E140", "E14", False),
    ],
)
def test_words_are_found_in_every_script(text: str, word: str, found: bool) -> None:
    assert (words_match(text, Words(contains_any=(word,))) == ()) is found


def test_every_kind_of_demand_is_reported() -> None:
    demand = Words(contains_any=("a1", "b1"), contains_all=("c1", "d1"), contains_none=("e1",))
    assert words_match("b1 c1 d1", demand) == ()
    assert words_match("c1 e1", demand) == ("has none of: a1, b1", "lacks: d1", "must not say: e1")


def test_markdown_and_markers_are_not_words() -> None:
    assert plain_answer(r"**Vienna**\. `x` snake_case _so_ [1] [12](cite:12)").split() == [
        "Vienna.", "x", "snake_case", "so",
    ]  # fmt: skip
    assert numbers(plain_answer("Vienna [1][2] has 3 rivers [3]")) == (3.0,)
