"""What kind of answer a question asks for: a price, a reason."""

from __future__ import annotations

import pytest

from convrag.graph.quantities import asks_for_price, asks_for_reason, has_price

PRICES = {
    "en": ("How much is the daily fee?", "It costs 12 euros.", "Visitors pay a fee since 2002."),
    "zh": ("门票多少钱一张？", "门票60元。", "2002年起收门票。"),
    "es": ("¿Cuánto cuesta la entrada?", "Cuesta 12 euros.", "Se cobra desde 2002."),
    "fr": ("Combien coûte un billet ?", "Il coûte 3 €.", "On le vend depuis 2002."),
    "de": ("Was kostet die Karte?", "Sie kostet 4,90 Euro.", "Es gibt sie seit 2002."),
    "ar": ("بكم التذكرة؟", "ثمنها 10 جنيهات.", "تباع منذ 2002."),
    "hi": ("टिकट कितने का है?", "टिकट 20 रुपये का है।", "टिकट 2002 से मिलता है।"),
    "ru": ("Сколько стоит билет?", "Билет стоит 50 рублей.", "Билеты продают с 2002 года."),
    "ja": ("切符はいくらですか", "切符は200円です。", "切符は2002年からあります。"),
    "pt": ("Quanto custa o bilhete?", "Custa 2 euros.", "Vende-se desde 2002."),
}
FREE = {
    "en": "Entry is free of charge.",
    "zh": "入场免费。",
    "es": "La entrada es gratis.",
    "fr": "L'entrée est gratuite.",
    "de": "Der Eintritt ist kostenlos.",
    "ar": "الدخول مجاني.",
    "hi": "प्रवेश निःशुल्क है।",
    "ru": "Вход бесплатный.",
    "ja": "入場は無料です。",
    "pt": "A entrada é gratuita.",
}
REASONS = {
    "en": "Why is Bern not the capital?",
    "zh": "为什么伯尔尼不是首都？",
    "es": "¿Por qué Berna no es la capital?",
    "fr": "Pourquoi Berne n'est pas la capitale ?",
    "de": "Warum heißt Bern nicht Hauptstadt?",
    "ar": "لماذا ليست برن عاصمة؟",
    "hi": "बर्न राजधानी क्यों नहीं है?",
    "ru": "Почему Берн не столица?",
    "ja": "なぜベルンは首都ではないのですか",
    "pt": "Por que Berna não é a capital?",
}


@pytest.mark.parametrize("language", PRICES)
def test_a_price_is_asked_for_and_only_money_or_its_absence_is_one(language: str) -> None:
    question, price, other = PRICES[language]
    assert asks_for_price(question, language)
    assert has_price(price, language)
    assert has_price(FREE[language], language)
    assert not has_price(other, language)
    assert not asks_for_price(REASONS[language], language)


@pytest.mark.parametrize("language", REASONS)
def test_a_reason_is_asked_for(language: str) -> None:
    assert asks_for_reason(REASONS[language], language)
    assert not asks_for_reason(PRICES[language][0], language)


@pytest.mark.parametrize(
    ("question", "language"),
    [("¿Por qué países pasa el Rin?", "es"), ("Por que países passa o Reno?", "pt")],
)
def test_a_way_is_no_reason(question: str, language: str) -> None:
    assert not asks_for_reason(question, language)
