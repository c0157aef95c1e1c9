"""Exact match and F1 by the rules of the published scripts, worked by hand."""

from __future__ import annotations

import pytest

from convrag.evaluation.metrics.answers import (
    contains,
    exact_match,
    f1,
    normalized,
    overlap,
    tokens,
)

NORMALIZED = [
    ("en", "The Eiffel  Tower, (Paris)!", "eiffel tower paris"),
    ("en", "Athena", "athena"),  # an article only as a word
    ("de", "Das Haus der Kunst.", "haus kunst"),
    ("es", "¿Los Ángeles?", "ángeles"),
    ("fr", "L'Arc de la Liberté", "arc de liberté"),
    ("it", "dell'Italia, il Po", "dell italia po"),
    ("pt", "«O Porto»", "porto"),
    ("vi", "của Hà Nội", "hà nội"),
    ("ar", "القاهرة، مصر", "قاهرة مصر"),
    ("hi", "“ताज महल”।", "ताज महल"),
    ("ru", "«Война и мир», 1869", "война и мир 1869"),
    ("el", "Η Αθήνα;", "αθήνα"),
    ("zh", "《红楼梦》，1791年", "红 楼 梦 1791 年"),
    ("ja", "カフカの『変身』", "カ フ カ の 変 身"),
    ("th", "กรุงเทพฯ (1782)", "ก รุ ง เ ท พ ฯ 1782"),
    ("ko", "서울, 대한민국", "서 울 대 한 민 국"),
    ("he", "ירושלים - בירה", "ירושלים בירה"),
]


@pytest.mark.parametrize(("language", "text", "wanted"), NORMALIZED)
def test_text_is_normalised_by_its_language(language: str, text: str, wanted: str) -> None:
    assert normalized(text, language) == wanted


F1 = [
    ("en", "in the city of Paris", "Paris", 2 * 1 / (4 + 1)),
    ("de", "die Stadt Köln", "der Kölner Dom", 0.0),
    ("es", "la ciudad de Lima", "Lima", 2 * 1 / (3 + 1)),
    ("ru", "город Москва", "Москва", 2 * 1 / (2 + 1)),
    ("hi", "नई दिल्ली", "दिल्ली", 2 * 1 / (2 + 1)),
    ("ar", "مدينة القاهرة", "القاهرة", 2 * 1 / (2 + 1)),
    ("zh", "北京市", "北京", 2 * 2 / (3 + 2)),
    ("ja", "東京都", "東京", 2 * 2 / (3 + 2)),
    ("th", "กก", "ก", 2 * 1 / (2 + 1)),
    ("ko", "서울시", "서울", 2 * 2 / (3 + 2)),
]


@pytest.mark.parametrize(("language", "answer", "wanted", "value"), F1)
def test_tokens_are_compared(language: str, answer: str, wanted: str, value: float) -> None:
    assert f1(answer, [wanted], language) == pytest.approx(value)
    assert exact_match(wanted + "。", ["?", wanted], language) == 1.0
    assert exact_match(answer, [wanted], language) == 0.0


def test_repeated_tokens_count_as_often_as_both_have_them() -> None:
    assert f1("new new york", ["new york york"], "en") == pytest.approx(2 / 3)


def test_the_best_wanted_answer_counts() -> None:
    assert f1("two dogs", ["cats", "two dogs", "dogs"], "en") == 1.0


def test_no_answer_is_right_where_there_is_none() -> None:
    assert exact_match("", [], "en") == f1("", [], "en") == 1.0
    assert exact_match("Paris", [], "en") == f1("Paris", [], "en") == 0.0


def test_a_sentence_that_holds_the_answer_has_all_of_it() -> None:
    precision, recall = overlap("It was built in 1889 in Paris.", ["1889", "of 1889"], "en")
    assert (precision, recall) == (1 / 7, 1.0)
    assert overlap("x", [], "en") == (0.0, 0.0)


@pytest.mark.parametrize(
    ("language", "answer", "inside", "outside"),
    [
        ("en", "It was in New York.", "new york", "York New"),
        ("zh", "他生于北京市。", "北京", "京北"),
        ("th", "อยู่ที่กรุงเทพ", "กรุงเทพ", "เทพกรุง"),
        ("ru", "Это город Москва.", "город Москва", "Москва город"),
        ("ar", "ولد في مدينة القاهرة", "القاهرة", "الجيزة"),
        ("ko", "수도는 서울이다", "서울", "울서"),
    ],
)
def test_an_answer_is_inside_in_one_piece(language, answer, inside, outside) -> None:
    assert contains(answer, [outside, inside], language) == 1.0
    assert contains(answer, [outside], language) == 0.0


def test_nothing_is_inside_of_nothing() -> None:
    assert contains("Paris", ["the", "!"], "en") == 0.0
    assert tokens("The!", "en") == []
