"""Two passages that answer together: which line leads on, which one answers, and what is quoted."""

from __future__ import annotations

import numpy as np
import pytest

from convrag.generation.reading import EvidenceReader
from convrag.generation.writing import compose
from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.types import Evidence, Literal, Passage, Query, Reading, Triple

A, B, C = "urn:a", "urn:b", "urn:c"
NAMES = {
    "en": ("Ardan", "Belmor", "Corvia"),
    "es": ("Ardania", "Belmoria", "Corvia"),
    "zh": ("阿尔丹", "贝尔莫", "科维亚"),
    "ru": ("Арданстан", "Белморье", "Корвия"),
    "ar": ("أردان", "بلمور", "كورفيا"),
    "hi": ("अरदान", "बेलमोर", "कोरविया"),
    "ja": ("アルダン", "ベルモア", "コルビア"),
}
SAID = {
    "en": (
        "Which mountain has the largest trading partner of Ardan?",
        "Trading partners: Corvia 12%, Belmor 25%.",
        "Mountain: {} rises there.",
    ),
    "es": (
        "¿Qué montaña tiene el mayor socio comercial de Ardania?",
        "Socios comerciales: Corvia 12%, Belmoria 25%.",
        "Montaña: {} se alza allí.",
    ),
    "zh": (
        "阿尔丹最大的贸易伙伴有什么山峰？",
        "贸易伙伴：科维亚12%，贝尔莫25%。",
        "山峰：{}在那里。",
    ),
    "ru": (
        "Какая гора у крупнейшего торгового партнёра страны Арданстан?",
        "Торговые партнёры: Корвия 12%, Белморье 25%.",
        "Гора: там стоит {}.",
    ),
    "ar": (
        "ما جبل أكبر شريك تجاري أردان؟",
        "شريك تجاري: كورفيا 12%، بلمور 25%.",
        "جبل: هناك {} شاهق.",
    ),
    "hi": (
        "अरदान के सबसे बड़े व्यापार साझेदार का पर्वत क्या है?",
        "व्यापार साझेदार: कोरविया 12%, बेलमोर 25%।",
        "पर्वत: वहाँ {} है।",
    ),
    "ja": (
        "アルダンの最大の貿易相手の山は何ですか？",
        "貿易相手：コルビア（12%）、ベルモア（25%）。",
        "山：そこに{}がある。",
    ),
}
"""In each language a question, the line that leads on and the line that answers."""
PEAKS = {A: "Alpha", B: "Beta", C: "Gamma"}


class Indifferent:
    """An encoder to which all texts are alike, so that words and entities decide."""

    id, dimension = "indifferent", 4

    def encode(self, texts, kind="query"):
        return np.full((len(texts), 4), 0.5, dtype=np.float32)


def graph(language: str, *more: Triple) -> KnowledgeGraph:
    rows = [
        Triple(entity, terms.RDFS + "label", Literal(name, language=language), "g")
        for entity, name in zip((A, B, C), NAMES[language], strict=True)
    ]
    return KnowledgeGraph([*rows, *more])


def found(
    number: int, text: str, language: str, entities: tuple[str, ...], via: tuple[str, ...]
) -> Evidence:
    passage = Passage(f"p{number}", text, "", language, "s", (0, len(text)), entity_ids=entities)
    return Evidence(passage, 1.0 / number, number, {"dense": number}, via, 0.8)


def asked(
    language: str, *, reached: tuple[str, ...] = (B, C)
) -> tuple[KnowledgeGraph, Query, list]:
    """Return the graph, the question, and passages: the lead, then about each country its peak."""
    built = graph(language)
    text, lead, peak = SAID[language]
    links = tuple(
        k for k in DictionaryLinker(built).link(text, language=language) if k.entity_id == A
    )
    assert links
    evidence = [
        found(1, lead, language, (A, C, B), (A,)),
        found(2, peak.format(PEAKS[A]), language, (A,), (A,)),
    ]
    for number, entity in enumerate(reached, start=3):
        evidence.append(found(number, peak.format(PEAKS[entity]), language, (entity,), (A, entity)))
    return built, Query(text, text, language, links), evidence


def read(built: KnowledgeGraph, query: Query, evidence: list[Evidence]) -> Reading:
    return EvidenceReader(built, DictionaryLinker(built), Indifferent()).read(query, evidence)


@pytest.mark.parametrize("language", sorted(SAID))
def test_the_answer_quotes_the_line_that_leads_on_and_cites_both(language):
    built, query, evidence = asked(language)
    reading = read(built, query, evidence)
    assert reading.spans[0].evidence_id == "p3"
    assert reading.lead is not None
    assert reading.lead.evidence_id == "p1"
    draft = compose(built, query, evidence, reading)
    _, lead, peak = SAID[language]
    assert draft.text == f"{lead} [1]\n\n{peak.format(PEAKS[B])} [2]"
    assert [(c.marker, c.evidence_id) for c in draft.citations] == [(1, "p1"), (2, "p3")]
    for citation, text in zip(draft.citations, (lead, peak.format(PEAKS[B])), strict=True):
        start, end = citation.span
        assert text[start:end].strip() == text


@pytest.mark.parametrize("language", sorted(SAID))
def test_the_second_largest_is_not_taken_for_the_largest(language):
    built, query, evidence = asked(language, reached=(C,))
    reading = read(built, query, evidence)
    assert reading.lead is None


def test_without_a_way_over_an_entity_lines_answer_alone():
    built, query, evidence = asked("en", reached=())
    evidence.append(found(3, SAID["en"][2].format(PEAKS[B]), "en", (B,), ()))
    assert read(built, query, evidence).lead is None


def test_a_passage_about_something_else_does_not_answer_for_the_entity():
    built, query, evidence = asked("en", reached=())
    evidence.append(found(3, SAID["en"][2].format(PEAKS[C]), "en", (C, B), (A, B)))
    assert read(built, query, evidence).lead is None


def fact(confidence: float) -> Evidence:
    """Return what the graph says of the question's own country."""
    triple = Triple(A, "urn:mountain", Literal(PEAKS[A]), "g")
    return Evidence(triple, 2.0, 1, {"graph": 1}, (A, "urn:mountain", ""), confidence)


def test_a_fact_that_explains_less_than_two_lines_does_not_answer():
    built, query, evidence = asked("en")
    label = Literal("mountain", language="en")
    named = Triple("urn:mountain", terms.RDFS + "label", label, "g")
    triple = fact(0.8)
    built = graph("en", named, triple.item)  # type: ignore[arg-type]
    assert read(built, query, [triple, *evidence]).spans[0].evidence_id == "p3"
    alone = Query("Which mountain has Ardan?", "", "en", query.links)
    own = DictionaryLinker(built).link(alone.text, language="en")
    alone = Query(alone.text, alone.text, "en", own)
    assert read(built, alone, [triple, *evidence]).spans[0].evidence_id == triple.id
