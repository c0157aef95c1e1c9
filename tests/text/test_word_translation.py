"""Words and names of a question are found under what they are called in other languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrag.text.analysis import analyze
from convrag.text.word_translation import (
    TRANSLATIONS,
    cross_terms,
    translated_names,
    translations,
)

GERMANY = {
    "ar": "ما عاصمة ألمانيا؟",
    "de": "Wie heißt die Hauptstadt Deutschlands?",
    "el": "Ποια είναι η πρωτεύουσα της Γερμανία;",
    "en": "What is the capital of Germany?",
    "he": "מהי בירת גרמניה?",
    "hi": "जर्मनी की राजधानी क्या है?",
    "ja": "ドイツの首都はどこですか",
    "ko": "독일의 수도는 어디입니까?",
    "ru": "Назовите столицу Германии",
    "th": "เมืองหลวงของเยอรมนีคืออะไร",
    "zh": "德国的首都是哪里？",
}
WAR = {
    "ar": "الحرب",
    "de": "Krieg",
    "el": "πόλεμος",
    "en": "war",
    "fa": "جنگ",
    "fr": "guerre",
    "hi": "युद्ध",
    "ja": "戦争",
    "ko": "전쟁",
    "ru": "война",
    "th": "สงคราม",
    "zh": "战争",
}


@pytest.mark.parametrize("language", sorted(GERMANY))
def test_a_country_is_named_in_every_language(language: str):
    assert "Germany" in translated_names(GERMANY[language], language, "en")
    assert "Германия" in translated_names(GERMANY[language], language, "ru")
    assert "德国" in translated_names(GERMANY[language], language, "zh")


def test_the_longest_of_names_within_each_other_counts():
    assert translated_names("Where is South Korea?", "en", "de") == ["Südkorea"]
    assert translated_names("Where is Guinea-Bissau?", "en", "ru") == ["Гвинея-Бисау"]


def test_a_month_that_is_also_a_common_word_is_no_name():
    assert translated_names("May I enter in October?", "en", "fr") == ["octobre"]


@pytest.mark.parametrize("language", ["", "xx", "not a code"])
def test_an_unknown_language_has_no_translations(language: str):
    assert translated_names("Germany", "en", language) == []
    assert translated_names("Germany", language, "en") == []
    assert translations("w:war", "en", language) == []
    assert cross_terms("Germany in 1990", language, "ru") == {"i:1990": 3.0}


@pytest.mark.parametrize("language", sorted(set(WAR) - {"en"}))
def test_a_word_is_translated_to_english_and_back(language: str):
    assert "w:war" in cross_terms(WAR[language], language, "en")
    assert set(cross_terms("war", "en", language)) & set(analyze(WAR[language], language))


def test_two_languages_meet_over_english():
    found = translations("w:войн", "ru", "zh")
    assert "b:战争" in dict(found)
    assert len(found) <= TRANSLATIONS
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)


def test_the_words_themselves_stay_only_in_one_script():
    asked = "Who founded Zuverlin 3000?"
    assert {"w:zuverlin", "t:zuv", "i:3000"} <= set(cross_terms(asked, "en", "fr"))
    other = cross_terms(asked, "en", "ru")
    assert other["i:3000"] == 3.0
    assert not {"w:zuverlin", "t:zuv"} & set(other)
    assert "b:東京" in cross_terms("東京の人口", "ja", "zh")


@given(st.text(max_size=60), st.sampled_from(sorted(GERMANY)), st.sampled_from(sorted(GERMANY)))
def test_any_text_gives_terms_with_weights(text: str, language: str, target: str):
    assert all(term and weight > 0 for term, weight in cross_terms(text, language, target).items())
