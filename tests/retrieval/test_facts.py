"""The graph channel finds the facts a question asks for, and doubts those it says more than."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.models.scripted import HashEncoder
from convrag.retrieval.facts import FactChannel, FactHit
from convrag.types import Literal, Query, Triple
from tests.graph.graph_text import graph_of

LABEL, ALIAS = terms.RDFS + "label", terms.SKOS + "altLabel"
NAMES = {
    "avaria": {"en": "Avaria", "de": "Awarien", "zh": "阿瓦里亚"},
    "solem": {"en": "Solem", "de": "Solem", "zh": "索莱姆"},
    "ister": {"en": "Ister", "de": "Ister", "zh": "伊斯特河"},
    "capital": {"en": "capital", "de": "Hauptstadt", "zh": "首都"},
    "capitalOf": {"en": "capital of", "de": "Hauptstadt von", "zh": "首都属于"},
    "flows": {"en": "flows through", "de": "fließt durch", "zh": "流经"},
    "River": {"en": "river", "de": "Fluss", "zh": "河流"},
    "City": {"en": "city", "de": "Stadt", "zh": "城市"},
}


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    triples = [
        Triple("avaria", "capital", "solem"),
        Triple("ister", "flows", "avaria"),
        Triple("capital", terms.INVERSE, "capitalOf"),
        Triple("solem", terms.TYPE, "City"),
        Triple("ister", terms.TYPE, "River"),
        Triple("ister", terms.DEFINITION, Literal("a wide, slow river", "", "en")),
        Triple("ister", terms.DEFINITION, Literal("ein breiter Fluss", "", "de")),
        Triple("capital", ALIAS, Literal("seat of government", "", "en")),
    ]
    for term, names in NAMES.items():
        triples += [Triple(term, LABEL, Literal(n, "", lang)) for lang, n in names.items()]
    return KnowledgeGraph(triples)


def search(graph: KnowledgeGraph, text: str, language: str = "en") -> tuple[FactHit, ...]:
    channel = FactChannel(graph, RelationMatcher(graph), HashEncoder(64))
    query = Query(text, text, language)
    links = DictionaryLinker(graph).link(text, language=language)
    return channel.search(replace(query, links=links))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of Avaria?", "en"),
        ("Where is the seat of Avaria's government?", "en"),
        ("Was ist die Hauptstadt von Awarien?", "de"),
        ("阿瓦里亚的首都是哪里？", "zh"),
        ("Solem is the capital of what?", "en"),
    ],
)
def test_a_property_is_found_by_its_words_in_either_direction(graph, text, language) -> None:
    best = search(graph, text, language)[0]
    assert best.group.property == "capital"
    assert best.confidence >= 0.6


def test_a_class_alone_asks_for_its_members(graph) -> None:
    (hit, *_) = search(graph, "Which rivers are in Avaria?")
    assert (hit.group.property, hit.group.forward) == ("flows", False)
    assert hit.confidence >= 0.6


def test_a_class_that_says_what_the_entity_is_asks_for_nothing(graph) -> None:
    hits = search(graph, "Who is the mayor of the city of Solem?")
    assert all(hit.confidence < 0.6 for hit in hits)


def test_words_that_nothing_explains_cost_trust(graph) -> None:
    plain = search(graph, "What is the capital of Avaria?")[0]
    more = search(graph, "Which bakery opened in the capital of Avaria?")[0]
    assert plain.confidence >= 0.6 > more.confidence


def test_only_the_clause_that_asks_has_to_be_explained(graph) -> None:
    hit = search(graph, "Hello, I am planning a holiday, what is the capital of Avaria?")[0]
    assert hit.confidence >= 0.6


@pytest.mark.parametrize(("language", "text"), [("en", "What is Ister?"), ("de", "Was ist Ister?")])
def test_a_bare_question_asks_for_the_definition_in_its_language(graph, language, text) -> None:
    (hit, *_) = search(graph, text, language)
    assert hit.group.property == terms.DEFINITION
    assert [t.object.language for t in hit.group.triples] == [language]


def test_without_an_entity_there_are_no_facts(graph) -> None:
    assert search(graph, "What is the capital?") == ()


TERMS_OF_OFFICE = """
@prefix wd: <http://www.wikidata.org/entity/> . @prefix p: <http://www.wikidata.org/prop/> .
@prefix ps: <http://www.wikidata.org/prop/statement/> .
@prefix wdt: <http://www.wikidata.org/prop/direct/> .
@prefix pq: <http://www.wikidata.org/prop/qualifier/> .
wdt:P6 rdfs:label "mayor"@en, "Bürgermeister"@de, "市长"@zh, "мэр"@ru, "العمدة"@ar, "महापौर"@hi .
wd:Q1 rdfs:label "Ombra"@en, "翁布拉"@zh, "Омбра"@ru, "أومبرا"@ar, "ओम्ब्रा"@hi ;
    p:P6 [ ps:P6 wd:Q2 ; pq:P580 "1990" ; pq:P582 "1994" ] , [ ps:P6 wd:Q3 ; pq:P580 "1995" ] .
"""


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "Who was the mayor of Ombra in 1992?"),
        ("de", "Wer war 1992 Bürgermeister von Ombra?"),
        ("zh", "1992年翁布拉的市长是谁？"),
        ("ru", "мэр Омбра 1992"),
        ("ar", "العمدة أومبرا 1992"),
        ("hi", "1992 में ओम्ब्रा का महापौर कौन था?"),
    ],
)
def test_a_year_says_which_of_the_facts_and_costs_no_trust(language: str, question: str) -> None:
    dated = graph_of(TERMS_OF_OFFICE)
    (hit, *_) = search(dated, question, language)
    (fact,) = hit.group.triples
    assert str(fact.object).endswith("Q2")
    undated = search(dated, question.replace("1992", ""), language)[0]
    assert len(undated.group.triples) == 2
    assert hit.confidence == undated.confidence
    unknown = search(dated, question.replace("1992", "1950"), language)[0]
    assert unknown.confidence < hit.confidence


SHOWS = {
    "en": ("AV-4 shows Q7. What does it mean?", "AV-4 suddenly flashes Q7, what does it mean?"),
    "zh": ("AV-4 显示 Q7 是什么意思？", "AV-4 突然闪出 Q7 是什么意思？"),
    "es": ("El AV-4 muestra Q7, ¿qué significa?", "¿Qué significa que el AV-4 parpadee con Q7?"),
    "de": ("Der AV-4 zeigt Q7, was bedeutet das?", "Was bedeutet es, dass der AV-4 mit Q7 blinkt?"),
    "ru": ("AV-4 показывает Q7, что означает?", "Что означает, когда AV-4 вдруг мигает Q7?"),
    "ja": ("AV-4 に Q7 と出るのはどういう意味ですか", "AV-4 で急に点滅する Q7 の意味は？"),
    "ar": ("AV-4 يعرض Q7 ماذا يعني؟", "ماذا يعني أن AV-4 يومض Q7؟"),
    "hi": ("AV-4 पर Q7 दिखता है, मतलब क्या है?", "AV-4 अचानक Q7 चमकाता है, मतलब?"),
}


@pytest.mark.parametrize("language", SHOWS)
@pytest.mark.parametrize("way", [0, 1])
def test_words_between_two_connected_names_cost_no_trust(language: str, way: int) -> None:
    lines = (
        'ex:av4 rdfs:label "AV-4"@en ; ex:hasCode ex:q7 . ex:q7 rdfs:label "Q7"@en ; '
        f'skos:definition "The lamp is out."@{language} .'
    )
    hits = search(graph_of(lines), SHOWS[language][way], language)
    best = next(h for h in hits if h.group.property == terms.DEFINITION)
    assert best.confidence >= 0.6


def test_words_between_names_without_a_fact_cost_trust() -> None:
    lines = (
        'ex:av4 rdfs:label "AV-4"@en . ex:q7 rdfs:label "Q7"@en ; '
        'skos:definition "The lamp is out."@en .'
    )
    hits = search(graph_of(lines), "Does the AV-4 suddenly flash Q7 and mean it?")
    assert all(h.confidence < 0.6 for h in hits)


SHOPS = {
    "en": ("shop", "shops and workshops", "Which shop has the AV-4?"),
    "zh": ("门店", "门店和工场", "哪个门店有 AV-4？"),
    "es": ("tienda", "tiendas y talleres", "¿Qué tienda tiene el AV-4?"),
    "de": ("Laden", "Läden und Werkstätten", "Welcher Laden hat den AV-4?"),
    "ru": ("магазин", "магазины и мастерские", "В каком магазине есть AV-4?"),
    "ja": ("店舗", "店舗と工房", "どの店舗に AV-4 がありますか"),
    "hi": ("दुकान", "दुकानें और कारखाने", "किस दुकान में AV-4 है?"),
}


@pytest.mark.parametrize("language", SHOPS)
def test_a_class_word_asks_for_things_where_its_property_is_of_others(language: str) -> None:
    kind, label, text = SHOPS[language]
    lines = (
        f'ex:Shop a rdfs:Class ; rdfs:label "{kind}"@{language} . '
        f'ex:hasShop a owl:ObjectProperty ; rdfs:label "{label}"@{language} ; '
        f'skos:altLabel "{kind}"@{language} . '
        f'ex:soldAt a owl:ObjectProperty ; rdfs:label "Q"@{language} . '
        'ex:town ex:hasShop ex:one . ex:one a ex:Shop . ex:town rdfs:label "Towna"@en . '
        'ex:av4 rdfs:label "AV-4"@en ; ex:soldAt ex:one .'
    )
    best = search(graph_of(lines), text, language)[0]
    assert best.group.property.endswith("soldAt")
    assert best.confidence >= 0.6
