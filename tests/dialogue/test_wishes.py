"""Requests that no source answers, and the language that answers are wanted in."""

from __future__ import annotations

import pytest

from convrag.dialogue.lexicon import lexicon
from convrag.dialogue.wishes import reply_language, wants_something_else

KNOWN = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")

WISHES = [
    ("en", "please answer in German", "de"),
    ("zh", "请用英语回答", "en"),
    ("es", "responde en inglés", "en"),
    ("fr", "réponds en anglais", "en"),
    ("de", "Antworte auf Englisch", "en"),
    ("ar", "أجب بالإنجليزية", "en"),
    ("hi", "अंग्रेज़ी में जवाब दो", "en"),
    ("ru", "отвечай на английском", "en"),
    ("ja", "英語で答えてください", "en"),
    ("pt", "responde em inglês", "en"),
]


@pytest.mark.parametrize(("language", "text", "wanted"), WISHES)
def test_a_language_is_wished_for(language: str, text: str, wanted: str) -> None:
    assert reply_language(text, language, KNOWN) == (wanted, "")


@pytest.mark.parametrize(
    ("language", "text", "rest"),
    [
        ("en", "In German please: what is the capital?", "what is the capital?"),
        ("zh", "用德语回答：首都是哪里？", "首都是哪里？"),
        ("de", "Nein, doch auf Deutsch bitte: wie viele kommen?", "wie viele kommen?"),
    ],
)
def test_the_question_behind_the_wish_is_kept(language: str, text: str, rest: str) -> None:
    assert reply_language(text, language, KNOWN) == ("de", rest)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "What is spoken in German villages?"),
        ("en", "in Iceland please"),
        ("en", "please answer in Klingon"),
        ("zh", "德语怎么说？"),
        ("es", "¿Qué idioma hablan en Francia?"),
        ("ru", "на каком языке говорят?"),
    ],
)
def test_other_turns_are_left_whole(language: str, text: str) -> None:
    assert reply_language(text, language, KNOWN) == ("", text)


OUTSIDE = [
    ("en", "Translate this into German"),
    ("zh", "帮我翻译这段话"),
    ("es", "Tradúceme eso"),
    ("fr", "Traduis cette phrase"),
    ("de", "Übersetze das bitte"),
    ("ar", "ترجم هذا النص"),
    ("hi", "एक कविता लिखो"),
    ("ru", "Напиши стихотворение о реке"),
    ("ja", "詩を書いてください"),
    ("pt", "Traduz isto para inglês"),
]


@pytest.mark.parametrize(("language", "text"), OUTSIDE)
def test_what_no_source_answers_is_seen(language: str, text: str) -> None:
    assert wants_something_else(text, lexicon(language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Who translated the Bible?"),
        ("zh", "谁翻译了这本书？"),
        ("es", "¿Quién traduce los manuales?"),
        ("fr", "Qui a traduit ce livre ?"),
        ("de", "Wer übersetzte die Bibel?"),
        ("ru", "Кто это перевёл?"),
    ],
)
def test_questions_about_such_things_are_questions(language: str, text: str) -> None:
    assert not wants_something_else(text, lexicon(language))
