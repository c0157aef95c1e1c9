"""Match keys: spellings that must meet, those that must not, and the way back."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.text.normalize import match_key, normalize

MEET = [
    ("São Paulo", "SAO  PAULO"),
    ("Straße", "STRASSE"),
    ("İstanbul", "istanbul"),
    ("Łódź", "lodz"),
    ("København", "kobenhavn"),
    ("Αθήνα", "ΑΘΗΝΑ"),
    ("Οδυσσεύς", "ΟΔΥΣΣΕΥΣ"),
    ("Орёл", "ОРЕЛ"),
    ("за́мок", "замок"),
    ("القاهرة", "القاهره"),
    ("أحمد", "احمد"),
    ("مُحَمَّد", "محمد"),
    ("مـصـر", "مصر"),
    ("ایران", "ايران"),
    ("کتاب", "كتاب"),
    ("फ़िल्म", "फिल्म"),
    ("चाँद", "चांद"),
    ("ﾄｳｷｮｳ", "トウキョウ"),
    ("ｶﾞｲﾄﾞ", "ガイド"),
    ("ＸＲ－２００", "xr-200"),
    ("שָׁלוֹם", "שלום"),
    ("١٩٤٥", "1945"),
    ("rock ’n’ roll", "rock 'n' roll"),
    ("1939–1945", "1939-1945"),
    ("한국", unicodedata.normalize("NFD", "한국")),
    ("می‌خواهم", "میخواهم"),
    ("soft\u00adhyphen", "softhyphen"),
]
APART = [
    ("й", "и"),
    ("ї", "і"),
    ("は", "ば"),
    ("カ", "ガ"),
    ("国", "國"),
    ("ئ", "ي"),
    ("कि", "की"),
    ("ไทย", "ไท"),
    ("1", "2"),
]

texts = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(
            "aéÉßİøЙёіїأإىةیک\u064b\u0654\u0640क़\u093cँがｶﾞ한\u1112\u1161"
            "\u0301\u0308\u0327 \t\n’–\u200c\u200b´¨"
        ),
    ),
    max_size=30,
)


@pytest.mark.parametrize(("left", "right"), MEET)
def test_spellings_of_one_name_meet(left: str, right: str) -> None:
    assert match_key(left) == match_key(right)


@pytest.mark.parametrize(("left", "right"), APART)
def test_other_letters_stay_apart(left: str, right: str) -> None:
    assert match_key(left) != match_key(right)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I love São  Paulo!", "São  Paulo"),
        ("我在北京大学", "北京"),
        ("ذهبت إلى القاهِرة أمس", "القاهِرة"),
        ("मैं फ़िल्म देखता हूँ", "फ़िल्म"),
        ("Город Орёл.", "Орёл"),
        ("これはｶﾞｲﾄﾞです", "ｶﾞｲﾄﾞ"),
        ("Die Straße heißt", "Straße"),
        ("e\u0301te\u0301 ici", "e\u0301te\u0301"),
    ],
)
def test_a_hit_in_the_key_points_at_the_original(text: str, name: str) -> None:
    normal = normalize(text)
    at = normal.text.index(match_key(name))
    start, end = normal.original_span((at, at + len(match_key(name))))
    assert text[start:end] == name


@settings(max_examples=400, deadline=None)
@given(texts)
def test_keys_are_stable(text: str) -> None:
    key = match_key(text)
    assert match_key(key) == key
    assert key == normalize(text).text
    assert match_key(f"  {text}\n") == key


@settings(max_examples=400, deadline=None)
@given(texts, st.data())
def test_spans_round_trip(text: str, data: st.DataObject) -> None:
    normal = normalize(text)
    assert len(normal.text) == len(normal.offsets) == len(normal.ends)
    assert list(normal.offsets) == sorted(normal.offsets)
    assert all(0 <= a < b <= len(text) for a, b in zip(normal.offsets, normal.ends, strict=True))
    end = data.draw(st.integers(0, len(normal.text)))
    start = data.draw(st.integers(0, end))
    left, right = normal.original_span((start, end))
    assert 0 <= left <= right <= len(text)
    whole = normal.original_span((0, len(normal.text)))
    assert match_key(text[whole[0] : whole[1]]) == normal.text


def test_a_span_outside_the_key_is_refused() -> None:
    with pytest.raises(ValueError, match="not inside"):
        normalize("abc").original_span((1, 9))


def test_empty_text_has_an_empty_key() -> None:
    assert normalize("").original_span((0, 0)) == (0, 0)
    assert match_key(" \u200b\n") == ""


def test_a_pile_of_marks_is_quick_and_stable() -> None:
    assert match_key("a" + "\u0301" * 20_000) == "a"
    assert match_key("क" + "\u0941" * 20_000) == match_key("क" + "\u0941" * 30_000)
