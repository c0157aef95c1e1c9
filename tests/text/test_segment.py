"""Sentences and words: borders by hand in many scripts, and no text lost in any."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.text.segment import sentences, words

SENTENCES = [
    ("en", ["Dr. Smith paid 4.50 dollars.", "He left at 5 p.m. with J. K. Rowling!", "Why?"]),
    ("en", ["The U.S. Army left.", "See Fig. 3 for vol. 2."]),
    ("en", ['He said "Stop."', "Then he ran."]),
    ("de", ["Am 3. Oktober kam Dr. Meier, z.B. mit Hunden.", "Es war 1990.", "Danach nichts."]),
    ("fr", ["M. Dupont est là.", "Où est Mme Curie ?", "À Paris…"]),
    ("es", ["¿Dónde está el Sr. López?", "¡Aquí!", "Vive en EE.UU. desde 1990."]),
    ("ru", ["Он родился в 1900 г. в Москве.", "А она?", "Нет!"]),
    ("ar", ["ما هي عاصمة مصر؟", "القاهرة.", "نعم!"]),
    ("hi", ["भारत की राजधानी क्या है?", "नई दिल्ली।", "ठीक है॥"]),
    ("ko", ["수도는 어디입니까?", "서울입니다.", "네."]),
    ("el", ["Η Αθήνα είναι εδώ.", "Ναι!"]),
]
JOINED = [
    ("zh", ["北京是首都。", "人口很多！", "面积4.5平方公里？", "是的……", "“好。”"]),
    ("ja", ["東京は首都です。", "「はい。」と言った。", "本当？", "ＡＢＣ．"]),
]


@pytest.mark.parametrize(("language", "expected"), SENTENCES)
def test_sentences_with_spaces(language: str, expected: list[str]) -> None:
    text = " ".join(expected)
    assert [text[a:b] for a, b in sentences(text, language)] == expected


@pytest.mark.parametrize(("language", "expected"), JOINED)
def test_sentences_without_spaces(language: str, expected: list[str]) -> None:
    text = "".join(expected)
    assert [text[a:b] for a, b in sentences(text, language)] == expected


def test_lines_that_stand_alone_are_sentences() -> None:
    text = (
        "# Title\nA hard-wrapped paragraph goes on over this long line and\nends here.\n\n"
        "- one\n- two\n1. three\n| a | b |"
    )
    assert [text[a:b] for a, b in sentences(text)] == [
        "# Title",
        "A hard-wrapped paragraph goes on over this long line and\nends here.",
        "- one",
        "- two",
        "1. three",
        "| a | b |",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Error E-17 on XR-200, 4.5 kg!", ["Error", "E-17", "on", "XR-200", "4.5", "kg"]),
        ("l’hôpital don't well-known", ["l’hôpital", "don't", "well-known"]),
        ("C++ and C# v1.2.3", ["C++", "and", "C#", "v1.2.3"]),
        ("1,000 at 12:30", ["1,000", "at", "12:30"]),
        ("型号XR-200的价格", ["型", "号", "XR-200", "的", "价", "格"]),
        ("東京タワーへ", ["東", "京", "タワー", "へ"]),
        ("भारत की राजधानी", ["भारत", "की", "राजधानी"]),
        ("مُحَمَّد في مصر", ["مُحَمَّد", "في", "مصر"]),
        ("می‌خواهم بروم", ["می‌خواهم", "بروم"]),
        ("Что-то ещё", ["Что-то", "ещё"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("צה״ל של ג׳ון", ["צה״ל", "של", "ג׳ון"]),
        ("서울은 수도", ["서울은", "수도"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("-- … !", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in words(text)] == expected


alphabets = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from('.!?。！？؟।…"”」』) \n\t-#|1aAбΑ北あカกअع\u0301\u200d\u2028'),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(alphabets, st.sampled_from(["", "en", "de", "zh", "ar", "hi", "ru", "xx"]))
def test_no_text_is_lost(text: str, language: str) -> None:
    spans = sentences(text, language)
    assert all(a < b for a, b in spans)
    assert list(spans) == sorted(spans)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    gaps = [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]
    assert not "".join(gaps).strip()
    assert all(not text[a].isspace() and not text[b - 1].isspace() for a, b in spans)


@settings(max_examples=300, deadline=None)
@given(alphabets)
def test_words_hold_every_letter(text: str) -> None:
    covered = {i for a, b in words(text) for i in range(a, b)}
    assert all(i in covered for i, char in enumerate(text) if char.isalpha())
    spans = words(text)
    assert all(left[1] <= right[0] for left, right in zip(spans, spans[1:], strict=False))
