"""A small graph of invented places and machines with names in ten languages."""

from __future__ import annotations

import pytest

from convrag.dialogue.rewriting import RuleRewriter
from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.text.language import LanguageIdentifier
from convrag.types import Literal, Triple

LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
NAMES = {
    "austria": (
        "Austria",
        "奥地利",
        "Austria",
        "Autriche",
        "Österreich",
        "النمسا",
        "ऑस्ट्रिया",
        "Австрия",
        "オーストリア",
        "Áustria",
    ),
    "hungary": (
        "Hungary",
        "匈牙利",
        "Hungría",
        "Hongrie",
        "Ungarn",
        "المجر",
        "हंगरी",
        "Венгрия",
        "ハンガリー",
        "Hungria",
    ),
    "vienna": (
        "Vienna",
        "维也纳",
        "Viena",
        "Vienne",
        "Wien",
        "فيينا",
        "वियना",
        "Вена",
        "ウィーン",
        "Viena",
    ),
    "budapest": (
        "Budapest",
        "布达佩斯",
        "Budapest",
        "Budapest",
        "Budapest",
        "بودابست",
        "बुडापेस्ट",
        "Будапешт",
        "ブダペスト",
        "Budapeste",
    ),
    "danube": (
        "Danube",
        "多瑙河",
        "Danubio",
        "Danube",
        "Donau",
        "الدانوب",
        "डेन्यूब",
        "Дунай",
        "ドナウ川",
        "Danúbio",
    ),
    "euro": ("euro", "欧元", "euro", "euro", "Euro", "يورو", "यूरो", "евро", "ユーロ", "euro"),
    "capital": (
        "capital",
        "首都",
        "capital",
        "capitale",
        "Hauptstadt",
        "عاصمة",
        "राजधानी",
        "столица",
        "首都",
        "capital",
    ),
    "currency": (
        "currency",
        "货币",
        "moneda",
        "monnaie",
        "Währung",
        "عملة",
        "मुद्रा",
        "валюта",
        "通貨",
        "moeda",
    ),
    "length": (
        "length",
        "长度",
        "longitud",
        "longueur",
        "Länge",
        "طول",
        "लंबाई",
        "длина",
        "長さ",
        "comprimento",
    ),
    "Country": ("country", "国家", "país", "pays", "Land", "بلد", "देश", "страна", "国", "país"),
    "River": ("river", "河", "río", "fleuve", "Fluss", "نهر", "नदी", "река", "川", "rio"),
}
LENGTH_PHRASES = {
    "en": "how long",
    "zh": "多长",
    "de": "wie lang",
    "es": "largo",
    "fr": "long",
    "ru": "длинный",
    "ja": "どのくらい長い",
    "pt": "comprido",
    "hi": "कितनी लंबी",
}
FACTS = (
    ("austria", "capital", "vienna"),
    ("hungary", "capital", "budapest"),
    ("austria", "currency", "euro"),
    ("danube", "length", Literal("2850", terms.XSD + "integer")),
)
KINDS = {"austria": "Country", "hungary": "Country", "danube": "River"}


@pytest.fixture(scope="session")
def graph() -> KnowledgeGraph:
    triples = [Triple(s, p, o) for s, p, o in FACTS]
    for term, names in NAMES.items():
        triples += [
            Triple(term, terms.RDFS + "label", Literal(name, "", language))
            for language, name in zip(LANGUAGES, names, strict=True)
        ]
    triples += [
        Triple("length", terms.SKOS + "altLabel", Literal(phrase, "", language))
        for language, phrase in LENGTH_PHRASES.items()
    ]
    triples += [Triple(entity, terms.TYPE, kind) for entity, kind in KINDS.items()]
    triples += [
        Triple(p, terms.TYPE, terms.OWL + "ObjectProperty")
        for p in ("capital", "currency", "length")
    ]
    return KnowledgeGraph(triples)


@pytest.fixture(scope="session")
def rewriter(graph: KnowledgeGraph) -> RuleRewriter:
    identifier = LanguageIdentifier(LANGUAGES)
    return RuleRewriter(
        graph,
        DictionaryLinker(graph),
        RelationMatcher(graph),
        lambda text, default: identifier.identify(text, default=default),
    )
