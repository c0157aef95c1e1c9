"""What answers a question that asks why, or what something costs."""

from __future__ import annotations

import pytest

from convrag.generation.reading import EvidenceReader
from convrag.graph.linking import DictionaryLinker
from convrag.models.scripted import HashEncoder
from convrag.types import Evidence, Passage, Query, Reading, Triple
from tests.graph.graph_text import EX, graph_of

GRAPH = graph_of(
    'ex:bern rdfs:label "Bern"@de , "Berne"@fr , "Berna"@es , "Берн"@ru , "伯尔尼"@zh , '
    '"ベルン"@ja . ex:swiss ex:capital ex:bern .'
)
WHY = {
    "en": ("Why is Bern the capital?", "Bern is the capital because it lies in the middle."),
    "de": ("Warum ist Bern Hauptstadt?", "Bern ist Hauptstadt, weil es in der Mitte liegt."),
    "fr": ("Pourquoi Berne est la capitale ?", "Berne est la capitale car elle est au centre."),
    "es": ("¿Por qué Berna es la capital?", "Berna es la capital porque está en el centro."),
    "ru": ("Почему Берн столица?", "Берн столица, потому что лежит в середине."),
    "zh": ("为什么伯尔尼是首都？", "伯尔尼是首都，因为它位于国家的中部地区。"),
    "ja": ("なぜベルンは首都ですか", "ベルンは国の真ん中にあるので首都になりました。"),
}
PRICE = {
    "en": ("How much is the tower?", "The tower has stood since 1902.", "The tower costs 5 euros."),
    "de": ("Was kostet der Turm?", "Der Turm steht seit 1902.", "Der Turm kostet 5 Euro."),
    "fr": ("Combien coûte la tour ?", "La tour date de 1902.", "La tour coûte 5 euros."),
    "es": ("¿Cuánto cuesta la torre?", "La torre es de 1902.", "La torre cuesta 5 euros."),
    "ru": ("Сколько стоит башня?", "Башня стоит с 1902 года.", "Башня стоит 5 евро."),
    "zh": ("登塔多少钱？", "登塔从1902年就可以了。", "登塔要交十五块，也就是15元。"),
    "hi": ("मीनार का टिकट कितने का है?", "मीनार 1902 से खड़ी है।", "मीनार का टिकट 50 रुपये का है।"),
    "ar": ("كم سعر تذكرة البرج؟", "البرج قائم منذ عام 1902.", "سعر تذكرة البرج 5 دولارات."),
    "ja": ("塔はいくらですか", "塔は1902年からあります。", "塔に登るのは500円です。"),
}


def read(text: str, language: str, line: str) -> Reading:
    """Return the reading of a fact that the question names and of one passage."""
    passage = Passage("p", line, "", language, "s", (0, len(line)))
    fact = Triple(EX + "swiss", EX + "capital", EX + "bern", "0")
    evidence = (
        Evidence(fact, 0.9, 1, {"graph": 1}, confidence=0.9),
        Evidence(passage, 0.8, 2, {"dense": 1}, confidence=0.8),
    )
    linker = DictionaryLinker(GRAPH)
    links = linker.link(text, language=language)
    query = Query(text, text, language, links)
    return EvidenceReader(GRAPH, linker, HashEncoder(64)).read(query, evidence)


@pytest.mark.parametrize("language", WHY)
def test_no_plain_fact_says_why(language: str) -> None:
    text, line = WHY[language]
    assert {span.evidence_id for span in read(text, language, line).spans} == {"p"}


@pytest.mark.parametrize("language", PRICE)
def test_a_sentence_without_money_is_no_price(language: str) -> None:
    text, other, price = PRICE[language]
    assert passage_chance(text, language, other) == 0.0
    assert passage_chance(text, language, price) > 0.0


def passage_chance(text: str, language: str, line: str) -> float:
    passage = Passage("p", line, "", language, "s", (0, len(line)))
    evidence = (Evidence(passage, 0.8, 1, {"dense": 1}, confidence=0.8),)
    reader = EvidenceReader(GRAPH, DictionaryLinker(GRAPH), HashEncoder(64))
    return reader.read(Query(text, text, language, ()), evidence).answerability


KINDS = {
    "en": ("river", "Ister", "Which river does the isle of Ada lie in?",
           "The Ister rises in snowy hills.", "In the river lies the isle of Ada with its houses."),
    "de": ("Fluss", "Ister", "In welchem Fluss liegt die Insel Ada?",
           "Der Ister entspringt in den Bergen.", "Im Fluss liegt die Insel Ada mit Häusern."),
    "es": ("río", "Íster", "¿En qué río está la isla de Ada?",
           "El Íster nace en las montañas.", "En el río está la isla de Ada con sus casas."),
    "fr": ("fleuve", "Istre", "Dans quel fleuve se trouve l'île d'Ada ?",
           "L'Istre naît dans les montagnes.", "Dans le fleuve se trouve l'île d'Ada habitée."),
    "ru": ("река", "Истер", "На какой реке находится остров Ада?",
           "Истер начинается в горах.", "На этой реке находится остров Ада с домами."),
    "zh": ("河流", "伊斯特河", "阿达岛在哪条河流里？",
           "伊斯特河发源于雪山之中。", "河流中间有阿达岛，岛上有许多房子。"),
    "hi": ("नदी", "इस्तर", "आदा द्वीप किस नदी में है?",
           "इस्तर पहाड़ों से निकलती है।", "नदी के बीच आदा द्वीप है जहाँ घर हैं।"),
}  # fmt: skip


@pytest.mark.parametrize("language", KINDS)
def test_what_the_answer_calls_by_its_kind_is_named_before(language: str) -> None:
    kind, name, text, naming, answer = KINDS[language]
    graph = graph_of(
        f'ex:River a rdfs:Class ; rdfs:label "{kind}"@{language} . '
        f'ex:ister a ex:River ; rdfs:label "{name}"@{language} .'
    )
    passage = Passage("p", f"{naming} {answer}", "", language, "s", (0, 200))
    evidence = (Evidence(passage, 0.8, 1, {"dense": 1}, confidence=0.8),)
    reader = EvidenceReader(graph, DictionaryLinker(graph), HashEncoder(512))
    reading = reader.read(Query(text, text, language, ()), evidence)
    quoted = [passage.text[slice(*span.span)].strip() for span in reading.spans[:1]]
    assert quoted == [answer]
    assert reading.lead is not None
    assert passage.text[slice(*reading.lead.span)].strip() == naming


@pytest.mark.parametrize("language", PRICE)
def test_facts_that_come_along_make_no_line_doubted(language: str) -> None:
    text, other, price = PRICE[language]
    lines = [
        Evidence(Passage(i, line, "", language, "s", (0, len(line))), 0.8, 1, {}, confidence=0.8)
        for i, line in (("other", other), ("price", price))
    ]
    named = Triple(EX + "swiss", EX + "capital", EX + "bern", "0")
    facts = [Evidence(named, 0.5, 3, {"graph": 1}, (EX + "swiss", EX + "capital", ""), 0.27)]
    reader = EvidenceReader(GRAPH, DictionaryLinker(GRAPH), HashEncoder(64))
    query = Query(text, text, language, ())
    alone, beside = (
        {c.evidence[0].id: features for c, features in reader.weigh(query, evidence)}
        for evidence in (lines, [*lines, *facts])
    )
    assert beside.keys() - alone.keys() == {facts[0].id}
    assert beside | alone == beside
