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
