"""Fillers and false starts go, in ten languages; words that are part of the question stay."""

from __future__ import annotations

import pytest

from convrag.dialogue.clearing import cleared
from convrag.dialogue.lexicon import lexicon

SPOKEN = [
    ("en", "uh, what's, no wait, how tall um is it?", "how tall is it?"),
    ("zh", "嗯…首都，不对，货币叫什么？", "货币叫什么？"),
    ("es", "eh, la capital, no, espera, ¿qué moneda usan?", "¿qué moneda usan?"),
    ("fr", "euh, la capitale, attends, non, quelle monnaie ?", "quelle monnaie ?"),
    ("de", "Äh, die Haupt, warte, nein, welche ähm Währung?", "welche Währung?"),
    ("ar", "امم، العاصمة، لا انتظر، ما العملة؟", "ما العملة؟"),
    ("hi", "उम्म, राजधानी, रुको, मुद्रा क्या है?", "मुद्रा क्या है?"),
    ("ru", "эээ, столица, нет, стоп, какая валюта?", "какая валюта?"),
    ("ja", "えっと、首都、違う、通貨は何？", "通貨は何？"),
    ("pt", "hum, a capital, espera, não, qual é a moeda?", "qual é a moeda?"),
]


@pytest.mark.parametrize(("language", "said", "meant"), SPOKEN)
def test_what_was_taken_back_goes(language: str, said: str, meant: str) -> None:
    assert cleared(said, lexicon(language)) == meant


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "What is the sum of the errors?"),
        ("zh", "额尔齐斯河有多长？"),
        ("es", "¿Qué es el emú?"),
        ("fr", "Quel est le numéro de Heumont ?"),
        ("de", "Um wie viel Uhr öffnet die Öhringer Filiale?"),
        ("ar", "ما عاصمة النمسا؟"),
        ("hi", "उमरिया कहाँ है?"),
        ("ru", "Где эта река?"),
        ("ja", "えびの市はどこですか？"),
        ("pt", "O que é o humo?"),
    ],
)
def test_words_that_only_look_like_fillers_stay(language: str, text: str) -> None:
    assert cleared(text, lexicon(language)) == text


@pytest.mark.parametrize("text", ["uh", "um, no wait", "hmm..."])
def test_a_turn_is_never_emptied(text: str) -> None:
    assert any(c.isalnum() for c in cleared(text, lexicon("en")))
