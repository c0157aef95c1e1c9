"""Tokens: what must meet, what must stay apart, and no language without tokens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.text.analysis import analyze, content_words, kind_weight, query_terms
from convrag.text.normalize import match_key

MEET = [
    ("en", "The countries were bordering", "country border", "w:"),
    ("de", "die Häuser", "Haus", "t:"),
    ("fr", "l’hôpital de Paris", "hopital", "t:"),
    ("es", "las capitales", "capital", "w:"),
    ("pt", "cidades brasileiras", "cidade", "w:"),
    ("ru", "столицами государств", "столица", "w:"),
    ("ar", "والعاصمة القاهرة", "القاهره", "w:"),
    ("hi", "राजधानियों", "राजधानी", "t:"),
    ("zh", "北京是中国的首都", "首都", "b:"),
    ("ja", "日本の首都は東京です", "東京", "b:"),
    ("th", "กรุงเทพมหานครเป็นเมืองหลวง", "กรุงเทพ", "b:"),
    ("ko", "서울은 수도이다", "서울", "b:"),
    ("he", "בירושלים", "ירושלים", "t:"),
    ("el", "ΑΘΗΝΑ", "Αθήνα", "w:"),
    ("", "Столица", "столицы", "w:"),
    ("zh", "型号ＸＲ－２００的价格", "xr200", "i:"),
    ("en", "Error E-17", "E17", "i:"),
    ("en", "1,000 people", "1000", "i:"),
    ("ar", "سنة ١٩٤٥", "1945", "i:"),
]


@pytest.mark.parametrize(("language", "passage", "question", "kind"), MEET)
def test_question_and_passage_share_tokens(
    language: str, passage: str, question: str, kind: str
) -> None:
    shared = set(analyze(passage, language)) & set(query_terms(question, language))
    assert any(token.startswith(kind) for token in shared), shared


PARTICLES = [
    ("서울은", "서울"),
    ("서울에서", "서울은"),
    ("서울까지", "서울부터"),
    ("정부가", "정부의"),
    ("국가는", "국가"),
    ("대통령이", "대통령을"),
    ("대한민국의", "대한민국에서는"),
    ("학교로", "학교와"),
    ("학생들은", "학생들의"),
    ("컴퓨터보다", "컴퓨터처럼"),
    ("한강으로", "한강이라는"),
    ("물은", "물"),
    ("나무도", "나무만"),
]


@pytest.mark.parametrize(("left", "right"), PARTICLES)
def test_korean_words_meet_whatever_particle_they_carry(left: str, right: str) -> None:
    def word(text: str) -> list[str]:
        return [token for token in analyze(text, "ko") if token.startswith("w:")]

    assert len(word(left)) == 1
    assert word(left) == word(right)


@pytest.mark.parametrize("noun", ["국가", "회의", "제도", "도로", "마을", "이"])
def test_a_short_korean_noun_is_no_particle(noun: str) -> None:
    assert analyze(noun, "ko")[0] == f"w:{noun}"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "漢字汉字々亜"),
        ("zh", "神\uf9d8\U00020000"),
        ("ja", "ｶﾞラスがか\u3099ー"),
        ("ja", "ﾊﾟｰﾄ東京"),
        ("th", "จำนวนน้ำ"),
        ("km", "ភ្នំពេញ"),
    ],
)
def test_characters_of_unspaced_scripts_meet_in_every_form(language: str, text: str) -> None:
    assert analyze(text, language) == analyze(match_key(text), language)


@pytest.mark.parametrize(
    ("left", "right"), [("E-17", "E-18"), ("XR-200", "XR-300"), ("4.5", "45"), ("国", "國")]
)
def test_identifiers_stay_apart(left: str, right: str) -> None:
    assert not set(analyze(left)) & set(analyze(right))


def test_identifiers_are_whole() -> None:
    assert analyze("E-17", "en") == ["i:e-17", "i:e17"]
    assert analyze("4.5", "de") == ["i:4.5"]


CONTENT = [
    ("en", "What is the capital of France?", ["capital", "France"]),
    ("de", "Wie heißt die Hauptstadt von Peru?", ["heißt", "Hauptstadt", "Peru"]),
    ("fr", "Quelle est la capitale de l'Italie ?", ["capitale", "l'Italie"]),
    ("es", "¿Cuál es la moneda de Japón?", ["moneda", "Japón"]),
    ("pt", "Qual é a capital do Brasil?", ["capital", "Brasil"]),
    ("ru", "Какая столица у Франции?", ["столица", "Франции"]),
    ("ar", "ما هي عاصمة مصر؟", ["عاصمة", "مصر"]),
    ("hi", "भारत की राजधानी क्या है?", ["भारत", "राजधानी"]),
    ("zh", "法国的首都是哪里？", ["法国", "首都"]),
    ("ja", "フランスの首都はどこですか", ["フランス", "首都"]),
    ("", "法国的首都是哪里？", ["法国", "首都"]),
    ("en", "What about XR-200?", ["XR-200"]),
]


@pytest.mark.parametrize(("language", "text", "expected"), CONTENT)
def test_content_words(language: str, text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in content_words(text, language)] == expected


@pytest.mark.parametrize(
    ("language", "text"), [("en", "What is it?"), ("zh", "是什么"), ("hi", "क्या है")]
)
def test_a_question_of_function_words_keeps_them(language: str, text: str) -> None:
    assert not content_words(text, language)
    assert query_terms(text, language) == analyze(text, language) != []


def test_a_stem_counts_for_more_than_a_trigram() -> None:
    assert kind_weight("w:paris") > kind_weight("t:par")


texts = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("aé1-.'北京あカกאعсक\u0301 ")), max_size=40
)


@settings(max_examples=300, deadline=None)
@given(texts, st.sampled_from(["", "en", "fr", "zh", "ja", "ar", "hi", "ru", "th", "xx"]))
def test_any_text_gives_well_formed_tokens(text: str, language: str) -> None:
    tokens = analyze(text, language)
    assert all(token[:2] in ("w:", "t:", "b:", "u:", "i:") and len(token) > 2 for token in tokens)
    assert not any(token.isspace() for token in tokens)
    assert set(query_terms(text, language)) <= set(tokens)
    spans = content_words(text, language)
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert list(spans) == sorted(spans)
