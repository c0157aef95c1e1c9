"""Turns that stand alone: little but courtesies may be taken from them."""

from __future__ import annotations

import pytest

from convrag.dialogue.clearing import cleared
from convrag.dialogue.lexicon import lexicon
from convrag.dialogue.rewriting import RuleRewriter
from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.types import Dialogue, DialogueState, Literal, Query, Role, Triple, Turn

NAMES = {
    "en": ("Ghana", "Chad", "Asia", "capital", "country"),
    "de": ("Ghana", "Tschad", "Asien", "Hauptstadt", "Land"),
    "fr": ("Ghana", "Tchad", "Asie", "capitale", "pays"),
    "es": ("Ghana", "Chad", "Asia", "capital", "país"),
    "pt": ("Gana", "Chade", "Ásia", "capital", "país"),
    "it": ("Ghana", "Ciad", "Asia", "capitale", "paese"),
    "ru": ("Гана", "Чад", "Азия", "столица", "страна"),
    "ar": ("غانا", "تشاد", "آسيا", "عاصمة", "دولة"),
    "hi": ("घाना", "चाड", "एशिया", "राजधानी", "देश"),
    "zh": ("加纳", "乍得", "亚洲", "首都", "国家"),
    "ja": ("ガーナ", "チャド", "アジア", "首都", "国"),
}
FIRST = [
    ("en", "Chad has several neighbours: which of them has the oldest capital?"),
    ("en", "Where is the capital older: Ghana or Chad?"),
    ("de", "Welche Hauptstadt ist älter: Ghana oder Tschad?"),
    ("fr", "Quelle est la capitale de ce pays : Ghana ?"),
    ("es", "El país más grande de Asia: ¿cuál es su capital?"),
    ("pt", "Há um país na Ásia. Qual é a capital dele?"),
    ("it", "Dimmi la capitale in questo paese: Ghana"),
    ("ru", "Где столица старше: Гана или Чад?"),
    ("ar", "غانا أم تشاد: أين العاصمة أقدم؟"),
    ("hi", "इस देश में: घाना की राजधानी क्या है?"),
    ("zh", "这个国家：加纳的首都是哪里？"),
    ("ja", "ある国の首都はガーナですか？"),
]


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    things = ("ghana", "chad", "asia", "capital", "Country")
    triples = [
        Triple(term, terms.RDFS + "label", Literal(name, "", language))
        for language, names in NAMES.items()
        for term, name in zip(things, names, strict=True)
    ]
    for country in ("ghana", "chad"):
        triples += [
            Triple(country, terms.TYPE, "Country"),
            Triple(country, "capital", f"capital of {country}"),
        ]
    triples += [
        Triple("asia", terms.TYPE, "Region"),
        Triple("capital", terms.TYPE, terms.OWL + "ObjectProperty"),
    ]
    return KnowledgeGraph(triples)


@pytest.fixture(scope="module")
def rewriter(graph: KnowledgeGraph) -> RuleRewriter:
    return RuleRewriter(
        graph, DictionaryLinker(graph), RelationMatcher(graph), lambda text, default: default
    )


def said(rewriter: RuleRewriter, text: str, language: str, state: DialogueState) -> Query:
    return rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))


@pytest.mark.parametrize(("language", "text"), FIRST)
def test_the_first_turn_of_a_dialogue_stays(rewriter, language: str, text: str) -> None:
    assert said(rewriter, text, language, DialogueState()).text == text


COURTEOUS = [
    ("es", "Cuenta los vecinos, por favor: ¿cuántos son?", "Cuenta los vecinos: ¿cuántos son?"),
    ("fr", "Compte, s'il te plaît : combien ?", "Compte : combien ?"),
    ("pt", "Conte, por favor: quantos são?", "Conte: quantos são?"),
    ("ja", "ガーナの首都を教えてください", "ガーナの首都"),
    ("ru", "Скажите, пожалуйста: где Гана?", "где Гана?"),
    ("en", "How high is Ben Nevis, please?", "How high is Ben Nevis?"),
    ("ar", "كم دولة، من فضلك؟", "كم دولة؟"),
    ("hi", "कृपया राजधानी बताओ", "राजधानी बताओ"),
    ("zh", "麻烦，首都是哪里？", "首都是哪里？"),
]


@pytest.mark.parametrize(("language", "text", "kept"), COURTEOUS)
def test_only_the_courtesy_goes(language: str, text: str, kept: str) -> None:
    assert cleared(text, lexicon(language)) == kept


UNTOUCHED = [
    ("fr", "Quelle est la hauteur du Ben Nevis ?"),
    ("en", "How many mm of rain fall there?"),
    ("pt", "Há dois países?"),
    ("de", "Wer hält den Rekord?"),
    ("ja", "ある国の首都は？"),
    ("ru", "Так ли это?"),
    ("ar", "أين غانا؟"),
    ("hi", "घाना कहाँ है?"),
    ("zh", "加纳在哪里？"),
]


@pytest.mark.parametrize(("language", "text"), UNTOUCHED)
def test_words_that_only_look_like_fillers_stay(language: str, text: str) -> None:
    assert cleared(text, lexicon(language)) == text
