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
    "area": (
        "area",
        "面积",
        "superficie",
        "superficie",
        "Fläche",
        "مساحة",
        "क्षेत्रफल",
        "площадь",
        "面積",
        "área",
    ),
    "code-a": ("E01 (A-1)",) * 10,
    "code-b": ("E01 (B-2)",) * 10,
    "code-c": ("E01 (C-3)",) * 10,
    "machine-a": ("A-1",) * 10,
    "machine-b": ("B-2",) * 10,
    "machine-c": ("C-3",) * 10,
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
    ("austria", "area", Literal("83879", terms.XSD + "integer")),
    ("hungary", "area", Literal("93030", terms.XSD + "integer")),
    ("code-a", "codeOf", "machine-a"),
    ("code-b", "codeOf", "machine-b"),
    ("code-c", "codeOf", "machine-c"),
    ("danube", "length", Literal("2850", terms.XSD + "integer")),
)
KINDS = {
    "austria": "Country",
    "hungary": "Country",
    "vienna": "City",
    "budapest": "City",
    "danube": "River",
    **{f"code-{letter}": "Code" for letter in "abc"},
    "machine-a": "Washer",
    "machine-b": "Oven",
    "machine-c": "Robot",
}
KIND_NAMES = {"City": "city", "Washer": "washer", "Oven": "oven", "Robot": "robot"}


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
        for p in ("capital", "currency", "length", "area", "codeOf")
    ]
    triples += [
        Triple(f"code-{letter}", terms.SKOS + "altLabel", Literal("E01", "", language))
        for letter in "abc"
        for language in LANGUAGES
    ]
    triples += [
        Triple(kind, terms.RDFS + "label", Literal(name, "", "en"))
        for kind, name in KIND_NAMES.items()
    ]
    return KnowledgeGraph(triples)


def rules_over(graph: KnowledgeGraph) -> RuleRewriter:
    """Return the rules with the graph's own tools, for ten languages."""
    identifier = LanguageIdentifier(LANGUAGES)
    return RuleRewriter(
        graph,
        DictionaryLinker(graph),
        RelationMatcher(graph),
        lambda text, default: identifier.identify(text, default=default),
    )


@pytest.fixture(scope="session")
def rewriter(graph: KnowledgeGraph) -> RuleRewriter:
    return rules_over(graph)
