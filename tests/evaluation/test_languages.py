from __future__ import annotations

import pytest

from convrag.evaluation.languages import detect, detected_right, own_words, script_right

ANSWERS = {
    "en": "The capital of Austria is Vienna, on the river Danube.",
    "de": "Die Hauptstadt von Österreich ist Wien, an der Donau.",
    "fr": "La capitale de l’Autriche est Vienne, au bord du Danube.",
    "es": "La capital de Austria es Viena, a orillas del Danubio.",
    "pt": "A capital da Áustria é Viena, às margens do rio Danúbio.",
    "ru": "Столица Австрии — Вена, она стоит на берегу Дуная.",
    "ar": "عاصمة النمسا هي مدينة فيينا الواقعة على نهر الدانوب.",
    "hi": "ऑस्ट्रिया की राजधानी वियना है, जो डेन्यूब नदी के किनारे बसी हुई है।",
    "zh": "奥地利的首都是维也纳，这座城市位于多瑙河畔，人口大约有二百万。",
    "ja": "オーストリアの首都はウィーンで、ドナウ川のほとりにある美しい都市です。",
    "ko": "오스트리아의 수도는 빈이며 다뉴브강 기슭에 있는 아름다운 도시입니다.",
    "th": "เมืองหลวงของออสเตรียคือเวียนนาซึ่งตั้งอยู่ริมแม่น้ำดานูบ",
}


@pytest.mark.parametrize("language", ANSWERS)
def test_an_answer_is_right_in_its_own_language_only(language: str) -> None:
    for asked in ANSWERS:
        assert detected_right(ANSWERS[language], asked) is (asked == language), asked


@pytest.mark.parametrize("language", ANSWERS)
def test_the_script_is_right_in_its_own_language(language: str) -> None:
    assert script_right(ANSWERS[language], language) is True


@pytest.mark.parametrize(
    ("language", "asked"), [("en", "ru"), ("ru", "en"), ("ja", "zh"), ("ko", "ja"), ("hi", "ar")]
)
def test_a_foreign_script_is_wrong(language: str, asked: str) -> None:
    assert script_right(ANSWERS[language], asked) is False


def test_short_and_letterless_texts_are_not_judged() -> None:
    assert detected_right("Wien", "en") is None
    assert script_right("2850 [1] !", "en") is None
    assert detect("12 34") == ()
    assert detected_right("አዲስ አበባ የኢትዮጵያ ዋና ከተማ ናት እና ትልቅ ናት", "en") is not True


@pytest.mark.parametrize(
    "text",
    [
        "Nein “The capital is Vienna” nein [1]",
        "Nein „The capital is Vienna“ nein",
        "Nein «The capital is Vienna» nein",
        "Nein 「The capital is Vienna」 nein",
        'Nein "The capital is Vienna" nein',
        "Nein nein\n> The capital is Vienna",
        "> The capital is Vienna\nNein nein",
    ],
)
def test_quotations_do_not_count(text: str) -> None:
    assert own_words(text).split() == ["Nein", "nein"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("DW-600的噪音为42 dB。", "zh"),
        ("RV-30高9.6 cm。", "zh"),
        ("AP-40 está pensado para habitaciones de hasta 25 m².", "es"),
        ("KX-200 के लिए 125 ml चाहिए", "hi"),
        ("WM-700の重さは62 kgです", "ja"),
    ],
)
def test_codes_and_units_are_of_no_language(text: str, language: str) -> None:
    assert script_right(text, language) is True
    assert detected_right(text, language) in (True, None)


def test_a_text_of_names_is_not_judged() -> None:
    assert detected_right("Mirovelt en Sevilla: Tienda Mirovelt Sevilla.", "es") is None


def test_an_apostrophe_is_no_quotation() -> None:
    assert own_words("L’eau d’Evian n’est pas") == "L’eau d’Evian n’est pas"
