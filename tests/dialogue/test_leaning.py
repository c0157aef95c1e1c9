"""A question that says what it is about stays as it is in the middle of a dialogue."""

from __future__ import annotations

import pytest

from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph.model import KnowledgeGraph
from convrag.types import Dialogue, DialogueState, Query, Role, Turn

BEFORE = {
    "en": "What is the capital of Austria?",
    "zh": "奥地利的首都是哪里？",
    "es": "¿Cuál es la capital de Austria?",
    "fr": "Quelle est la capitale de l'Autriche ?",
    "de": "Was ist die Hauptstadt von Österreich?",
    "ar": "ما هي عاصمة النمسا؟",
    "hi": "ऑस्ट्रिया की राजधानी क्या है?",
    "ru": "Какая столица у страны Австрия?",
    "ja": "オーストリアの首都はどこですか？",
    "pt": "Qual é a capital da Áustria?",
}


def after(rewriter: RuleRewriter, graph: KnowledgeGraph, language: str, text: str) -> Query:
    """Return the query of a turn after one about Austria and its capital."""
    first = Turn("1", Role.USER, BEFORE[language], language)
    query = rewriter.rewrite(first, Dialogue("d"))
    assert [link.entity_id for link in query.links] == ["austria"]
    state = advance(DialogueState(), query, Outcome(("vienna",), ("austria",)), graph)
    return rewriter.rewrite(Turn("2", Role.USER, text, language), Dialogue("d", (), state))


ALONE = [
    ("en", "What are the sizes of atoms?"),
    ("en", "How long does it take to bake rye bread?"),
    ("en", "Where did Jean Cabot live when he was an adult?"),
    ("en", "How many injuries were there in the earthquake?"),
    ("zh", "什么是三角关系？"),
    ("zh", "王法慧是谁的女儿？"),
    ("zh", "477年劉昱殺權臣阮佃夫的時候，他才幾歲?"),
    ("es", "¿Qué significa la palabra dorado?"),
    ("es", "¿Cuándo escribió el poeta sus cartas?"),
    ("fr", "Dans quelle ville le club joue-t-il ?"),
    ("fr", "Washington était-il à la tête de toute l'armée ?"),
    ("de", "Warum färbt der Herbst das Laub der Bäume?"),
    ("ar", "من هو مخترع المصباح الكهربائي؟"),
    ("hi", "प्रकाश संश्लेषण क्या होता है?"),
    ("ru", "Что такое фотосинтез растений?"),
    ("ja", "キャプテン翼の作者は?"),
    ("ja", "ムラトが死去したのは、いつのことなの?"),
    ("pt", "o que é regime de exercícios domiciliares?"),
    ("pt", "quem define o semestre de posicionamento?"),
]


@pytest.mark.parametrize(("language", "text"), ALONE)
def test_a_question_with_a_subject_of_its_own_stays(rewriter, graph, language, text) -> None:
    query = after(rewriter, graph, language, text)
    assert query.text == text
    assert query.standalone


LEANING = [
    ("en", "And the currency?", "Austria"),
    ("en", "What is its area?", "Austria"),
    ("zh", "货币是什么？", "奥地利"),
    ("es", "¿Y la moneda?", "Austria"),
    ("fr", "Et sa monnaie ?", "Autriche"),
    ("de", "Und die Währung?", "Österreich"),
    ("ar", "وما العملة؟", "النمسا"),
    ("hi", "और मुद्रा?", "ऑस्ट्रिया"),
    ("hi", "वह किस नदी पर है?", "वियना"),
    ("ru", "А валюта?", "Австрия"),
    ("ja", "通貨は？", "オーストリア"),
    ("pt", "E a moeda?", "Áustria"),
]


@pytest.mark.parametrize(("language", "text", "name"), LEANING)
def test_a_turn_that_only_says_what_is_asked_does_not(
    rewriter, graph, language, text, name
) -> None:
    assert name in after(rewriter, graph, language, text).text


SMALL = [
    ("en", "ok, thanks, bye!", "farewell"),
    ("zh", "好的，谢谢，再见", "farewell"),
    ("es", "vale, muchas gracias", "thanks"),
    ("fr", "D'accord, merci, au revoir !", "farewell"),
    ("de", "Alles klar, vielen Dank!", "thanks"),
    ("ar", "طيب شكرا، مع السلامة", "farewell"),
    ("hi", "अच्छा, बहुत धन्यवाद", "thanks"),
    ("ru", "ну ладно, спасибо, пока", "farewell"),
    ("ja", "なるほど、ありがとうございます", "thanks"),
    ("pt", "Certo, obrigada, tchau!", "farewell"),
]


@pytest.mark.parametrize(("language", "text", "kind"), SMALL)
def test_several_courtesies_in_a_row_are_small_talk(rewriter, graph, language, text, kind) -> None:
    assert after(rewriter, graph, language, text).act == f"smalltalk:{kind}"


@pytest.mark.parametrize(("language", "text"), [("hi", "Thanks"), ("ru", "ok, thanks")])
def test_english_thanks_do_not_change_the_language(rewriter, graph, language, text) -> None:
    query = rewriter.rewrite(
        Turn("2", Role.USER, text, "en"), Dialogue("d", (), DialogueState(language=language))
    )
    assert (query.act, query.language) == ("smalltalk:thanks", language)


BEGUN = [
    ("en", "Well, and Hungary?", "What is the capital of Hungary?"),
    ("es", "Bueno, ¿y Hungría?", "¿Cuál es la capital de Hungría?"),
    ("de", "Na gut, und Ungarn?", "Was ist die Hauptstadt von Ungarn?"),
    ("ar", "طيب والمجر؟", "ما هي عاصمة المجر؟"),
    ("hi", "अच्छा, और हंगरी?", "हंगरी की राजधानी क्या है?"),
    ("zh", "好的，那匈牙利呢？", "匈牙利的首都是哪里？"),
    ("ru", "Ну, а Венгрия?", "Какая столица у страны Венгрия?"),
    ("ja", "なるほど、では、ハンガリーは？", "ハンガリーの首都はどこですか？"),
]


@pytest.mark.parametrize(("language", "text", "expected"), BEGUN)
def test_an_ellipsis_may_begin_with_words_that_say_nothing(
    rewriter, graph, language, text, expected
) -> None:
    assert after(rewriter, graph, language, text).text == expected


AGAIN = [
    ("en", "Is it pretty?", "and in Hungary?", "What is the capital of Hungary?"),
    ("de", "Ist sie schön?", "Und in Ungarn?", "Was ist die Hauptstadt von Ungarn?"),
    ("zh", "它漂亮吗？", "那匈牙利呢？", "匈牙利的首都是哪里？"),
    ("ru", "Она красивая?", "А Венгрия?", "Какая столица у страны Венгрия?"),
    ("hi", "उसका नाम क्यों बदला?", "और हंगरी की?", "हंगरी की राजधानी क्या है?"),
    ("ja", "それは美しいですか？", "では、ハンガリーは？", "ハンガリーの首都はどこですか？"),
]


@pytest.mark.parametrize(("language", "between", "text", "expected"), AGAIN)
def test_an_ellipsis_may_take_over_the_question_before_the_last(
    rewriter, graph, language, between, text, expected
) -> None:
    state = DialogueState()
    for number, asked in enumerate((BEFORE[language], between)):
        query = rewriter.rewrite(Turn("t", Role.USER, asked, language), Dialogue("d", (), state))
        answered = () if number else ("vienna",)
        state = advance(state, query, Outcome(answered), graph)
    assert {link.entity_id for link in state.last_links} == {"vienna"}
    query = rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))
    assert query.text == expected


BARE = [
    ("en", "in Hungary?", "What is the capital of Hungary?"),
    ("en", "And the small one, Hungary?", "What is the capital of Hungary?"),
    ("de", "Und der kleine Nachbar, Ungarn?", "Was ist die Hauptstadt von Ungarn?"),
    ("es", "¿Y la pequeña, Hungría?", "¿Cuál es la capital de Hungría?"),
    ("hi", "हंगरी की?", "हंगरी की राजधानी क्या है?"),
    ("zh", "在匈牙利？", "匈牙利的首都是哪里？"),
    ("ru", "А маленькая, Венгрия?", "Какая столица у страны Венгрия?"),
    ("ar", "والمجر؟", "ما هي عاصمة المجر؟"),
    ("ja", "ハンガリーでは？", "ハンガリーの首都はどこですか？"),
]


@pytest.mark.parametrize(("language", "text", "expected"), BARE)
def test_words_beside_a_name_do_not_make_a_question_of_it(
    rewriter, graph, language, text, expected
) -> None:
    assert after(rewriter, graph, language, text).text == expected


@pytest.mark.parametrize(
    ("language", "text", "kept"),
    [
        ("en", "sorry, I meant Hungary, what is the area?", "Hungary, what is the area?"),
        ("de", "Nein, ich meinte Ungarn, wie ist die Fläche?", "Ungarn, wie ist die Fläche?"),
        ("pt", "quis dizer Hungria, qual é a área?", "Hungria, qual é a área?"),
        ("ru", "нет, я имел в виду Венгрия, какая площадь?", "Венгрия, какая площадь?"),
    ],
)
def test_a_correction_may_ask_its_own_question(rewriter, graph, language, text, kept) -> None:
    query = after(rewriter, graph, language, text)
    assert query.text == kept
    assert [link.entity_id for link in query.links] == ["hungary"]


@pytest.mark.parametrize(
    ("text", "language"), [("Capital de Budapeste?", "pt"), ("Capital de Hongrie?", "fr")]
)
def test_a_name_tells_the_language_of_a_first_turn(rewriter, text, language) -> None:
    assert rewriter.rewrite(Turn("1", Role.USER, text), Dialogue("d")).language == language
