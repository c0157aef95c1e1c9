"""Turns as people say them: courtesies, asides, doubts, "the other one", parts of names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convrag.dialogue.clarifying import Clarifier
from convrag.dialogue.clearing import cleared
from convrag.dialogue.lexicon import lexicon
from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.types import Dialogue, DialogueState, Link, Literal, Mention, Query, Role, Triple, Turn
from tests.dialogue.conftest import rules_over

NAMES = {
    "en": ("North Korea", "South Korea", "Rhine", "Danube", "capital", "mouth", "river"),
    "zh": ("刚果民主共和国", "刚果共和国", "莱茵河", "多瑙河", "首都", "流入", "河"),
    "es": ("Corea del Norte", "Corea del Sur", "Rin", "Danubio", "capital", "desemboca", "río"),
    "fr": ("Corée du Nord", "Corée du Sud", "Rhin", "Danube", "capitale", "se jette", "fleuve"),
    "de": ("Nordkorea", "Südkorea", "Rhein", "Donau", "Hauptstadt", "mündet", "Fluss"),
    "ar": ("كوريا الشمالية", "كوريا الجنوبية", "الراين", "الدانوب", "عاصمة", "يصب", "نهر"),
    "hi": ("उत्तर कोरिया", "दक्षिण कोरिया", "राइन", "डेन्यूब", "राजधानी", "गिरती है", "नदी"),
    "ru": ("Северная Корея", "Южная Корея", "Рейн", "Дунай", "столица", "впадает", "река"),
    "ja": ("コンゴ民主共和国", "コンゴ共和国", "ライン川", "ドナウ川", "首都", "注ぐ", "川"),
    "pt": ("Coreia do Norte", "Coreia do Sul", "Reno", "Danúbio", "capital", "deságua", "rio"),
}
TERMS = ("first", "second", "rhine", "danube", "capital", "mouth", "River")
LENGTHS = {"rhine": 1230, "danube": 2850}
LANGUAGES = tuple(NAMES)


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    triples = [
        Triple(term, terms.RDFS + "label", Literal(name, "", language))
        for language, names in NAMES.items()
        for term, name in zip(TERMS, names, strict=True)
    ]
    facts = {"first": "capital", "second": "capital", "rhine": "mouth", "danube": "mouth"}
    triples += [Triple(entity, p, f"{p} of {entity}") for entity, p in facts.items()]
    kinds = {"first": "Country", "second": "Country", "rhine": "River", "danube": "River"}
    triples += [Triple(entity, terms.TYPE, kind) for entity, kind in kinds.items()]
    triples += [
        Triple(river, "length", Literal(str(km), terms.XSD + "integer"))
        for river, km in LENGTHS.items()
    ]
    triples += [Triple("length", terms.RDFS + "label", Literal("length", "", "en"))]
    triples += [
        Triple(p, terms.TYPE, terms.OWL + "ObjectProperty") for p in ("capital", "mouth", "length")
    ]
    return KnowledgeGraph(triples)


@pytest.fixture(scope="module")
def rewriter(graph: KnowledgeGraph) -> RuleRewriter:
    return rules_over(graph)


def said(rewriter: RuleRewriter, state: DialogueState, text: str, language: str) -> Query:
    return rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))


def compared(graph: KnowledgeGraph, language: str) -> DialogueState:
    """Return the state after it was asked which of the two rivers is longer."""
    text = f"{NAMES[language][2]} / {NAMES[language][3]}?"
    links = tuple(
        Link(Mention(text[a : a + len(name)], (a, a + len(name))), entity, 1.0)
        for entity, name in zip(("rhine", "danube"), NAMES[language][2:4], strict=True)
        for a in [text.index(name)]
    )
    query = Query(text, text, language, links)
    return advance(DialogueState(), query, Outcome((), ("danube", "rhine"), "danube"), graph)


CLEARED = [
    ("en", "Right. And the Danube, please?", "And the Danube?"),
    ("en", "okay and how much is, how much is that one", "and how much is that one"),
    ("zh", "懂了，那多瑙河呢？", "那多瑙河呢？"),
    ("es", "Vale, ¿y el Danubio, por favor?", "¿y el Danubio?"),
    ("fr", "D'accord. Et le Danube, s'il vous plaît ?", "Et le Danube?"),
    ("de", "Puh. Und, und die Donau bitte?", "Und die Donau?"),
    ("ar", "طيب، كم طول الدانوب من فضلك؟", "كم طول الدانوب؟"),
    ("hi", "अच्छा अच्छा, और ये, ये नदी?", "और ये नदी?"),
    ("ru", "Понятно, а у Дуная, пожалуйста?", "а у Дуная?"),
    ("ja", "へえ、ではドナウ川は？", "ではドナウ川は？"),
    ("pt", "Beleza, e o Danúbio, por favor?", "e o Danúbio?"),
    ("en", "The Danube is longer, is that right?", "The Danube is longer?"),
    ("ru", "Дунай длиннее, правда?", "Дунай длиннее?"),
]


@pytest.mark.parametrize(("language", "text", "kept"), CLEARED)
def test_what_says_nothing_goes(language: str, text: str, kept: str) -> None:
    found = cleared(text, lexicon(language)).lstrip("¿ ").replace(" ?", "?")
    assert found == kept.lstrip("¿ ")


@pytest.mark.parametrize("text", ["New York, New York", "Baden-Baden", "1, 1", "Is it there?"])
def test_what_only_looks_said_twice_stays(text: str) -> None:
    assert cleared(text, lexicon("en")) == text


SHORTER = {
    "en": "and the shorter one, mouth?",
    "es": "¿Y el más corto dónde desemboca?",
    "fr": "Et le plus court, il se jette où ?",
    "de": "Und der kürzere, wo mündet der?",
    "ar": "والأقصر أين يصب؟",
    "hi": "और छोटी वाली कहाँ गिरती है?",
    "ru": "А та, что короче, куда впадает?",
    "ja": "短いほうはどこに注ぐ？",
    "zh": "短的那条流入哪里？",
    "pt": "e o mais curto, deságua onde?",
}


@pytest.mark.parametrize("language", SHORTER)
def test_the_shorter_one_is_the_shorter_of_the_two(rewriter, graph, language) -> None:
    query = said(rewriter, compared(graph, language), SHORTER[language], language)
    assert [link.entity_id for link in query.links] == ["rhine"]
    assert NAMES[language][2] in query.text


DOUBTS = {
    "en": "Really?",
    "zh": "真的吗？",
    "es": "¿En serio?",
    "fr": "Vraiment ?",
    "de": "Echt?",
    "ar": "حقا؟",
    "hi": "पक्का?",
    "ru": "Точно?",
    "ja": "ほんとに？",
    "pt": "Sério?",
}


@pytest.mark.parametrize("language", DOUBTS)
def test_a_doubt_asks_the_last_question_again(rewriter, graph, language) -> None:
    state = compared(graph, language)
    query = said(rewriter, state, DOUBTS[language], language)
    assert (query.text, query.links) == (state.last_question, state.last_links)
    assert not query.standalone


CAPITAL = {
    "en": "What is the capital of Korea?",
    "zh": "刚果的首都是哪里？",
    "es": "¿Cuál es la capital de Corea?",
    "fr": "Quelle est la capitale de la Corée ?",
    "de": "Was ist die Hauptstadt von Korea?",
    "ar": "ما عاصمة كوريا؟",
    "hi": "कोरिया की राजधानी क्या है?",
    "ru": "Какая столица у Кореи?",
    "ja": "コンゴの首都は？",
    "pt": "Qual é a capital da Coreia?",
}
FIRST = {
    "en": "the northern one",
    "zh": "民主共和国那个",
    "es": "la del norte",
    "fr": "celle du Nord",
    "de": "die im Norden",
    "ar": "الشمالية",
    "hi": "उत्तर वाला",
    "ru": "северной",
    "ja": "民主共和国のほうで",
    "pt": "a do Norte",
}
OTHER = {
    "en": "And the other one?",
    "zh": "另一个呢？",
    "es": "¿Y la otra?",
    "fr": "Et l'autre ?",
    "de": "Und die andere?",
    "ar": "والأخرى؟",
    "hi": "और दूसरी वाली?",
    "ru": "А у другой?",
    "ja": "もう一つのほうは？",
    "pt": "E a outra?",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_part_of_two_names_is_asked_about(rewriter, graph, language) -> None:
    clarifier = Clarifier(graph, DictionaryLinker(graph), RelationMatcher(graph))
    query = said(rewriter, DialogueState(), CAPITAL[language], language)
    pending = clarifier.open_name(query, DialogueState())
    assert pending is not None
    assert {choice.entity_id for choice in pending.choices} == {"first", "second"}
    waiting = advance(
        DialogueState(), query, Outcome(complete=False, pending=replace(pending, asked=True)), graph
    )

    chosen = said(rewriter, waiting, FIRST[language], language)
    assert [link.entity_id for link in chosen.links] == ["first"]
    assert NAMES[language][0] in chosen.text
    after = advance(waiting, chosen, Outcome(), graph)
    other = said(rewriter, after, OTHER[language], language)
    assert [link.entity_id for link in other.links] == ["second"]
    assert NAMES[language][1] in other.text


BACK = {
    "en": "Back to the Danube: mouth?",
    "zh": "说回多瑙河吧，流入哪里？",
    "es": "Volviendo al Danubio: ¿dónde desemboca?",
    "fr": "Revenons au Danube : où il se jette ?",
    "de": "Zurück zur Donau: wo mündet sie?",
    "ru": "Вернёмся к Дунаю: куда он впадает?",
    "hi": "डेन्यूब पर लौटते हैं: वह कहाँ गिरती है?",
    "pt": "Voltando ao Danúbio: onde deságua?",
}


@pytest.mark.parametrize("language", BACK)
def test_what_is_returned_to_is_what_is_asked_about(rewriter, graph, language) -> None:
    state = compared(graph, language)
    rhine = next(f for f in state.focus if f.entity_id == "rhine")
    query = said(rewriter, replace(state, focus=(rhine,)), BACK[language], language)
    assert [link.entity_id for link in query.links] == ["danube"]
    assert not query.text.startswith(BACK[language][:4])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "My washing machine broke yesterday. What should I do?"),
        ("de", "Ich habe gestern einen Mixer gekauft. Kann ich ihn zurückgeben?"),
        ("es", "Ayer se rompió mi lavadora nueva. ¿Qué hago?"),
        ("ru", "Вчера сломалась моя новая стиральная машина. Что мне делать?"),
        ("hi", "कल मेरी नई मशीन अचानक टूट गई। अब क्या करूँ?"),
        ("ar", "تعطلت غسالتي الجديدة بالأمس فجأة. ماذا أفعل؟"),
    ],
)
def test_a_sentence_that_the_question_needs_is_kept(rewriter, language, text) -> None:
    assert said(rewriter, DialogueState(), text, language).text == text


WHICH = {
    "en": "Which of the two has a harbour?",
    "es": "¿Cuál de los dos tiene puerto?",
    "fr": "Lequel des deux a un port ?",
    "de": "Welcher von beiden hat einen Hafen?",
    "ru": "У какой из них есть порт?",
    "pt": "Qual dos dois tem porto?",
    "hi": "दोनों में से किस में बंदरगाह है?",
}


@pytest.mark.parametrize("language", WHICH)
def test_which_of_the_two_names_both(rewriter, graph, language) -> None:
    query = said(rewriter, compared(graph, language), WHICH[language], language)
    assert {link.entity_id for link in query.links} == {"rhine", "danube"}


COUNTED = {
    "en": ("How many countries does the Rhine cross?", "Which ones?", "which countries"),
    "zh": ("莱茵河流经几个国家？", "分别是哪些？", "哪些国家"),
    "es": ("¿Cuántos países cruza el Rin?", "¿Cuáles son?", "qué países"),
    "fr": ("Combien de pays traverse le Rhin ?", "Lesquels ?", "quels pays"),
    "de": ("Durch wie viele Länder fließt der Rhein?", "Welche sind das?", "welche länder"),
    "ru": ("Сколько стран пересекает Рейн?", "Какие именно?", "какие стран"),
    "hi": ("राइन कितने देशों से बहती है?", "कौन-कौन से?", "किन देशों"),
    "ja": ("ライン川は何か国を流れますか？", "具体的にはどこ？", "どの国"),
    "pt": ("Quantos países cruza o Reno?", "Quais são?", "quais países"),
}


@pytest.mark.parametrize("language", COUNTED)
def test_what_was_counted_is_named(rewriter, graph, language) -> None:
    counts, which, asked = COUNTED[language]
    first = said(rewriter, DialogueState(), counts, language)
    query = said(rewriter, advance(DialogueState(), first, Outcome(), graph), which, language)
    assert asked in query.text.lower()
    assert [link.entity_id for link in query.links] == ["rhine"]


@pytest.mark.parametrize("text", ["ココンゴの首都は？", "コンゴールの首都は？"])
def test_a_part_of_a_longer_word_is_no_part_of_a_name(rewriter, graph, text) -> None:
    clarifier = Clarifier(graph, DictionaryLinker(graph), RelationMatcher(graph))
    query = said(rewriter, DialogueState(), text, "ja")
    assert clarifier.open_name(query, DialogueState()) is None
