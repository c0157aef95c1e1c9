"""Telling encodings: every script in its old encodings, declarations, marks, mended damage."""

from __future__ import annotations

import base64
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrag.errors import DocumentError
from convrag.text.formats.charsets import ENCODINGS, told
from convrag.text.formats.encoding import decode, unarmoured

SENTENCES = {
    "ru": "Город стоит на берегу широкой реки, и каждый вечер по ней проходят корабли.",
    "uk": "Місто стоїть на березі широкої річки, і щовечора нею проходять кораблі.",
    "el": "Η πόλη βρίσκεται στην όχθη ενός μεγάλου ποταμού και κάθε βράδυ περνούν πλοία.",
    "tr": "Şehir geniş bir nehrin kıyısındadır ve her akşam buradan gemiler geçer, ışıklar yanar.",
    "he": "העיר שוכנת על גדת נהר רחב, ובכל ערב עוברות בו ספינות רבות.",
    "ar": "تقع المدينة على ضفة نهر عريض، وتمر فيه السفن كل مساء.",
    "pl": "Miasto leży nad brzegiem szerokiej rzeki i każdego wieczoru płyną nią łodzie, świecąc.",
    "cs": "Město leží na břehu široké řeky a každý večer po ní proplouvají lodě.",
    "hu": "A város egy széles folyó partján fekszik, és minden este hajók úsznak rajta, őrökkel.",
    "fr": "La ville est située près d’un fleuve où passent, l’été, des bateaux très légers.",
    "de": "Die Stadt liegt am Ufer eines großen Flusses, über den täglich schöne Schiffe führen.",
    "es": "La ciudad está a la orilla de un río ancho; mañana pasarán más barcos pequeños.",
    "pt": "A cidade não está à margem do rio; amanhã os navios passarão sem direção.",
    "lv": "Pilsēta atrodas platas upes krastā, un katru vakaru pa to iet kuģi ar gaišām ugunīm.",
    "th": "เมืองตั้งอยู่ริมฝั่งแม่น้ำกว้าง และทุกเย็นมีเรือแล่นผ่าน",
    "ja": "町は広い川の岸にあり、毎晩その川を船が通っていく。",
    "ko": "도시는 넓은 강가에 있고, 저녁마다 배들이 그 강을 지나간다.",
    "zh": "城市在一条大河的岸边，每天晚上都有船从这里经过。",
    "zh-Hant": "城市在一條大河的岸邊，每天晚上都有船從這裡經過。",
}
OLD = [
    *(("ru", e) for e in ("cp1251", "koi8_r", "cp866", "mac_cyrillic", "iso8859_5")),
    *(("uk", e) for e in ("cp1251", "koi8_u")),
    *(("el", e) for e in ("cp1253", "iso8859_7")),
    *(("tr", e) for e in ("cp1254", "iso8859_9")),
    *(("he", e) for e in ("cp1255", "iso8859_8")),
    *(("ar", e) for e in ("cp1256", "iso8859_6")),
    *((code, e) for code in ("pl", "cs", "hu") for e in ("cp1250", "iso8859_2")),
    *((code, "cp1252") for code in ("fr", "de", "es", "pt")),
    *((code, "mac_roman") for code in ("fr", "de")),
    ("lv", "cp1257"),
    ("th", "cp874"),
    *(("ja", e) for e in ("cp932", "euc_jp", "iso2022_jp")),
    ("ko", "cp949"),
    ("zh", "gb18030"),
    ("zh-Hant", "big5"),
]


@pytest.mark.parametrize(("language", "encoding"), OLD)
def test_one_sentence_tells_its_encoding(language: str, encoding: str) -> None:
    assert decode(SENTENCES[language].encode(encoding)) == SENTENCES[language]


@pytest.mark.parametrize("language", SENTENCES)
def test_utf8_is_read_as_such_whatever_is_declared(language: str) -> None:
    text = SENTENCES[language]
    for declared in ("", "iso-8859-1", "utf-16", "shift_jis", "nonsense", "unicode_escape", "hex"):
        assert decode(text.encode(), declared=declared) == text


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("ISO-8859-1", "cp1252", "“Größe” costs 3 €"),
        ("Shift_JIS", "cp932", "髙橋①"),
        ("gb2312", "gb18030", "龙镕"),
        ("ks_c_5601-1987", "cp949", "똠방"),
        ("iso-8859-8-i", "iso8859_8", "שלום עולם"),
        ("windows-1256", "cp1256", "سلام"),
        ("koi8-r", "koi8_r", "Да"),
    ],
)
def test_a_declared_encoding_is_taken_as_writers_mean_it(
    declared: str, encoding: str, text: str
) -> None:
    assert decode(text.encode(encoding), declared=declared) == text


def test_a_wrong_declaration_does_not_spoil_the_text() -> None:
    data = SENTENCES["ja"].encode("euc_jp")
    assert decode(data, declared="iso-8859-7") == SENTENCES["ja"]
    assert decode(data, declared="shift_jis") == SENTENCES["ja"]
    assert decode(data, declared="us-ascii") != ""


def test_a_few_broken_bytes_do_not_make_utf8_something_else() -> None:
    data = (SENTENCES["ru"] * 9).encode()
    assert decode(data[:301] + b"\xff" + data[301:]).count("\ufffd") <= 3
    assert decode(data[:-2])[:-1] == (SENTENCES["ru"] * 9)[:-2]


@pytest.mark.parametrize("language", ["en–fr", "ru", "zh", "ar", "hi हिन्दी", "el", "ja"])
def test_text_encoded_twice_is_mended(language: str) -> None:
    text = SENTENCES.get(language, language)
    twice = text.encode().decode("latin-1").encode()
    assert decode(twice) == text


def test_accents_that_look_like_damage_stay() -> None:
    text = "Ã is a letter, Â© is written by some, and â‚¬ too"
    assert decode(text.encode()) == text


def test_hebrew_as_it_looks_is_turned_to_reading_order() -> None:
    seen = ".ישימח םוי דע Tesla תוינכמ 2024 וחלש (םלוכ) םירחוסה"
    read = "הסוחרים (כולם) שלחו 2024 מכניות Tesla עד יום חמישי."
    assert decode(seen.encode("iso8859_8")) == read
    assert decode(read.encode("iso8859_8")) == read


def test_base64_text_is_what_it_stands_for() -> None:
    armoured = "8uPr5e8gVGVzbGEgLSDw4/j5+iDn+unu5CDy7CDk4ff55CDs+On55e0g"
    assert unarmoured(armoured) == "עדכון Tesla - נדרשת חתימה על הבקשה לרישום "
    for text in ("short", "NoDigitsInThisLongWordOfManyLettersAtAllxx", "a b c d" * 20):
        assert unarmoured(text) == text
    noise = base64.b64encode(bytes(range(1, 60))).decode()
    assert unarmoured(noise) == noise


def test_noise_is_no_text() -> None:
    noise = bytes(random.Random(0).choices(range(32, 256), k=4000))  # noqa: S311
    assert told(noise) == ""
    with pytest.raises(DocumentError, match="cannot be told"):
        decode(noise)


@given(st.binary(min_size=1, max_size=300))
def test_what_is_told_can_be_read(data: bytes) -> None:
    encoding = told(data)
    assert encoding in ("", *ENCODINGS)
    if encoding:
        data.decode(encoding, errors="replace")


SHARED = Path(__file__).parents[3] / "shared" / "data" / "documents" / "encodings"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files beside the checkout are absent")
@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("sample-arabic-1.txt", "sample-arabic.txt"),
        ("sample-french-1.txt", "sample-french.txt"),
        ("sample-russian.txt", "sample-russian-2.txt"),
        ("sample-chinese.txt", "維基大典（Wikipedia）者"),
        ("sample-greek.txt", "Η ελληνική αποτελεί"),
        ("sample-hebrew-2.txt", "אין כמעט ניבים"),
        ("sample-korean.txt", "역사적 예수 연구자들은"),
        ("sample-turkish.txt", "İstanbul, Türkiye'nin"),
    ],
)
def test_real_files(name: str, same: str) -> None:
    text = decode((SHARED / name).read_bytes())
    if same.endswith(".txt"):
        assert text == (SHARED / same).read_bytes().decode()
    else:
        assert text.startswith(same)
