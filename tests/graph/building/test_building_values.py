"""Numbers, units, dates and lists of ten languages, as the values that can be compared."""

from __future__ import annotations

import pytest

from convrag.graph.building.values import (
    date_of,
    items_of,
    place_of,
    quantity_of,
    without_aside,
    year_of,
)


@pytest.mark.parametrize(
    ("text", "language", "number", "unit"),
    [
        ("2,040 sq km", "en", "2040", "km²"),
        ("$1.949 trillion", "en", "1949000000000", "$"),
        ("8.87 births/1,000 population", "en", "8.87", "births/1,000 population"),
        ("-39.4%", "en", "-39.4", "%"),
        ("about 3 km", "en", "3", "km"),
        ("357.022 km²", "de", "357022", "km²"),
        ("1,5 Millionen Einwohner", "de", "1500000", ""),
        ("2 040 km", "fr", "2040", "km"),
        ("3 milhões de habitantes", "pt", "3000000", ""),
        ("1.234,5 kg", "es", "1234.5", "kg"),
        ("146 млн человек", "ru", "146000000", ""),
        ("٣٥٫٢ مليون نسمة", "ar", "35200000", ""),
        ("1,45,00,000", "hi", "14500000", ""),
        ("约1.4亿人", "zh", "140000000", ""),
        ("1億2600万人", "ja", "126000000", ""),
    ],
)
def test_quantities_are_numbers_with_units(text, language, number, unit) -> None:
    found = quantity_of(text, language)
    assert found is not None
    assert (found.number.value, found.unit) == (number, unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "10-20%",
        "39,379 km (2020) 20,942 km electrified",
        "v2",
        "more than 3 km",
        "1.2.3.x",
    ],
)
def test_what_is_more_or_less_than_one_number_is_no_quantity(text) -> None:
    assert quantity_of(text, "en") is None


@pytest.mark.parametrize(
    ("text", "language", "date"),
    [
        ("19 March 2017", "en", "2017-03-19"),
        ("March 19, 2017", "en", "2017-03-19"),
        ("October 2025", "en", "2025-10"),
        ("19. März 2017", "de", "2017-03-19"),
        ("19.3.2017", "de", "2017-03-19"),
        ("1er mars 2017", "fr", "2017-03-01"),
        ("19 de marzo de 2017", "es", "2017-03-19"),
        ("3 de maio de 1990", "pt", "1990-05-03"),
        ("19 марта 2017 года", "ru", "2017-03-19"),
        ("19 مارس 2017", "ar", "2017-03-19"),
        ("19 मार्च 2017", "hi", "2017-03-19"),
        ("2017年3月19日", "zh", "2017-03-19"),
        ("2017年3月", "ja", "2017-03"),
    ],
)
def test_dates_are_iso(text, language, date) -> None:
    found = date_of(text, language)
    assert found is not None
    assert found.value == date


@pytest.mark.parametrize(
    "text", ["03/04/2020", "31 Foo 2020", "2020-13-01", "19 March", "", "1997"]
)
def test_what_is_no_certain_date_is_none(text) -> None:
    assert date_of(text, "en") is None


def test_years_and_places() -> None:
    assert year_of("1997") is not None
    assert year_of("8900") is None
    place = place_of("52 31 N, 13 24 E")
    assert place is not None
    assert [p.value for p in place] == ["52.5167", "13.4"]
    south = place_of("33°52′S 151°12′E")
    assert south is not None
    assert south[0].value == "-33.8667"


def test_a_year_in_brackets_is_told_from_a_remark() -> None:
    assert without_aside("33.4% (2023 est.)", "en") == ("33.4%", "2023", "")
    assert without_aside("6 kt (2019-2021 est.)", "en") == ("6 kt", "2019-2021", "")
    assert without_aside("Ann Lee (since 2017)", "en") == ("Ann Lee", "", "since 2017")


@pytest.mark.parametrize(
    ("text", "language", "items"),
    [
        ("Austria 801 km; Belgium 1,133 km", "en", ("Austria 801 km", "Belgium 1,133 km")),
        (
            "German 85%, Turkish (Kurdish, other) 2%",
            "en",
            ("German 85%", "Turkish (Kurdish, other) 2%"),
        ),
        ("milk, rice and tea", "en", ("milk", "rice", "tea")),
        ("Milch, Reis und Tee", "de", ("Milch", "Reis", "Tee")),
        ("молоко, рис и чай", "ru", ("молоко", "рис", "чай")),
        ("حليب، أرز", "ar", ("حليب", "أرز")),
        ("दूध, चावल और चाय", "hi", ("दूध", "चावल", "चाय")),
        ("北京、上海和广州", "zh", ("北京", "上海", "广州")),
        (
            "a mixed system of civil and customary law",
            "en",
            ("a mixed system of civil and customary law",),
        ),
    ],
)
def test_lists_are_parted_outside_of_brackets(text, language, items) -> None:
    assert items_of(text, language) == items
