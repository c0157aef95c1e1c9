"""Language identification: the languages in play, short turns, names, mixed scripts."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.text.language import LanguageIdentifier

IN_PLAY = ["en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt"]
identifier = LanguageIdentifier(IN_PLAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the capital?", "en"),
        ("And its currency?", "en"),
        ("Why?", "en"),
        ("它的首都呢？", "zh"),
        ("E-17 是什么意思", "zh"),
        ("¿Y su moneda?", "es"),
        ("Cual es la capital de Chile", "es"),
        ("Et sa monnaie ?", "fr"),
        ("Quelle est la capitale de la France ?", "fr"),
        ("Und die Währung?", "de"),
        ("Was bedeutet Fehler E-17?", "de"),
        ("وما هي عملتها؟", "ar"),
        ("उसकी मुद्रा क्या है?", "hi"),
        ("А какая там валюта?", "ru"),
        ("где является Sungkyunkwan", "ru"),
        ("その通貨は？", "ja"),
        ("Y Perú?", "es"),
        ("E o Peru?", "pt"),
        ("E qual é a moeda?", "pt"),
        ("Obrigado!", "pt"),
        ("What does 北京大学 mean?", "en"),
        ("Wo liegt Москва?", "de"),
        ("Apple 和 Microsoft 哪个更大？", "zh"),
        ("iPhoneの値段は？", "ja"),
    ],
)
def test_short_turns(text: str, expected: str) -> None:
    other = "en" if expected != "en" else "de"
    assert identifier.identify(text) == expected
    assert identifier.identify(text, default=other) == expected


@pytest.mark.parametrize(
    "text",
    ["Lima?", "OK", "Angela Merkel", "El Salvador", "Rio de Janeiro", "", "42", "?!", "E-17"],
)
@pytest.mark.parametrize("default", ["de", "zh", "ar"])
def test_ambiguous_text_gets_the_default(text: str, default: str) -> None:
    assert identifier.identify(text, default=default) == default


def test_a_bare_han_name_gets_the_default_when_that_writes_han() -> None:
    assert identifier.identify("東京", default="ja") == "ja"
    assert identifier.identify("東京", default="zh") == "zh"
    assert identifier.identify("東京", default="fr") == "zh"


@pytest.mark.parametrize(
    ("languages", "text", "expected"),
    [
        (["ar", "fa", "ur"], "پایتخت ایران کجاست؟", "fa"),
        (["ar", "fa", "ur"], "پاکستان کا دارالحکومت کیا ہے؟", "ur"),
        (["ar", "fa", "ur"], "ما هي عاصمة مصر؟", "ar"),
        (["ru", "uk"], "Яка столиця України?", "uk"),
        (["ru", "uk"], "Какой это был язык?", "ru"),
        (["ru", "bg"], "Какой это был язык?", "ru"),
        (["en", "th", "he", "el", "ko"], "เมืองหลวงคืออะไร", "th"),
        (["en", "th", "he", "el", "ko"], "מהי הבירה?", "he"),
        (["en", "th", "he", "el", "ko"], "Ποια είναι η πρωτεύουσα;", "el"),
        (["en", "th", "he", "el", "ko"], "수도는 어디입니까?", "ko"),
        (["de", "ja"], "東京", "ja"),
        (["de", "zh"], "ひらがな", "de"),
        (["en", "it", "nl"], "Hoeveel mensen wonen er?", "nl"),
        (["en", "it", "nl"], "Qual è la capitale?", "it"),
    ],
)
def test_only_the_languages_in_play(languages: list[str], text: str, expected: str) -> None:
    assert LanguageIdentifier(languages).identify(text) == expected


def test_the_same_text_always_has_the_same_language() -> None:
    text = "Vasco Gama Porto Lisboa navegador"
    assert len({LanguageIdentifier(IN_PLAY).identify(text) for _ in range(5)}) == 1


def test_no_language_in_play_is_refused() -> None:
    with pytest.raises(ValueError, match="no languages"):
        LanguageIdentifier([])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["", "de", "ja", "xx"]))
def test_the_answer_is_in_play_or_the_default(text: str, default: str) -> None:
    assert identifier.identify(text, default=default) in {*IN_PLAY, *([default] if default else [])}


def test_importing_the_text_layer_loads_nothing_heavy() -> None:
    modules = ["normalize", "sanitize", "language", "segment", "analysis", "chunk", "documents"]
    heavy = {"langdetect", "lxml", "openpyxl", "pypdf", "Stemmer", "yaml"}
    code = (
        "import sys; "
        + "; ".join(f"import convrag.text.{name}" for name in modules)
        + f"; print(sorted({heavy} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("default", "text"),
    [
        ("hi", "accha aur delhi metro kab shuru hui thi?"),
        ("hi", "uska ticket kitne ka hai"),
        ("ru", "a kak dolgo eto i gde"),
        ("ja", "sore wa doko desu ka"),
        ("en", "baby sleeps a lot so quiet matters. quieter one?"),
        ("en", "price of that one?"),
        ("de", "Und im Sommer?"),
    ],
)
def test_a_dialogue_keeps_its_language(default: str, text: str) -> None:
    assert identifier.identify(text, default=default) == default


@pytest.mark.parametrize(
    ("default", "text", "expected"),
    [
        ("hi", "What is the capital of France and where is it?", "en"),
        ("ru", "Quelle est la capitale de la France ?", "fr"),
        ("en", "¿Cuál es la moneda de Chile?", "es"),
        ("ja", "Wie hoch ist der höchste Berg?", "de"),
    ],
)
def test_a_turn_in_another_language_is_heard(default: str, text: str, expected: str) -> None:
    assert identifier.identify(text, default=default) == expected
