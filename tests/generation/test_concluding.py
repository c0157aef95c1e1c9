"""Conclusions are worded in the asker's language, and every value is cited."""

from __future__ import annotations

import re

import pytest

from convrag.generation.concluding import worded
from convrag.generation.reading import EvidenceReader
from convrag.generation.writing import compose
from convrag.graph.linking import DictionaryLinker
from convrag.graph.planning import Planner
from convrag.graph.plans import execute
from convrag.graph.relations import RelationMatcher
from convrag.models.scripted import HashEncoder
from convrag.retrieval.facts import FactChannel
from convrag.types import Conclusion, Evidence, Filter, Inference, Mode, Query
from tests.graph.planning_graph import LANGUAGES, number, planning_graph

GRAPH = planning_graph()
_MARK = re.compile(r"\[(\d+)\]")


def asked(text: str, language: str) -> Query:
    return Query(text, text, language, DictionaryLinker(GRAPH).link(text, language=language))


def said(text: str, language: str = "en") -> str:
    plan = Planner(GRAPH, RelationMatcher(GRAPH)).plan(asked(text, language))
    assert plan is not None
    result = execute(GRAPH, plan)
    assert result is not None
    answer, cited = worded(GRAPH, result.conclusion, result.groups, language)
    assert {int(n) for n in _MARK.findall(answer)} == set(range(1, len(cited) + 1))
    return answer


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [
        (
            "Is Borland larger than Avaria?",
            "en",
            "No. Avaria has the higher value (area): Avaria 900 km² [1]; Borland 120.5 km² [2].",
        ),
        (
            "Ist Awarien größer als Borland?",
            "de",
            "Ja. Awarien hat den höheren Wert (Fläche): "
            "Awarien 900 km² [1]; Borland 120,5 km² [2].",
        ),
        (
            "¿Cuál es el río más corto?",
            "es",
            "Tiras tiene el valor más bajo de 2 (longitud): "
            "Tiras 1.400 km [1]; Íster 2.850 km [2].",
        ),
        (
            "На сколько Истер длиннее, чем Тирас?",
            "ru",
            "Разница — 1\u00a0450 km (длина): Истер 2\u00a0850 km [1]; Тирас 1\u00a0400 km [2].",
        ),
        ("阿瓦里亚有几个邻国？", "zh", "共2个：博兰 [1]和科维亚 [2]。"),
        (
            "イステル川とテュラス川ではどちらが長いですか？",
            "ja",
            "イステル川のほうが値が大きいです（長さ）："
            "イステル川 2,850 km [1]；テュラス川 1,400 km [2]。",
        ),
        (
            "أيهما أطول، تيراس أم إستر؟",
            "ar",
            "إستر: القيمة الأكبر (الطول): إستر 2,850 km [1]; تيراس 1,400 km [2].",
        ),
        ("बोरलैंड के कितने पड़ोसी हैं?", "hi", "कुल 2: अवारिया [1] और कोर्विया [2]।"),
    ],
)
def test_conclusion_is_said_with_its_values(text: str, language: str, answer: str) -> None:
    assert said(text, language) == answer


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "conclusion",
    [
        Conclusion(kind, ("avaria",), "area", most, values, lacking, 2, holds)
        for kind in (Inference.COMPARISON, Inference.RANKING, Inference.COUNT)
        for most in (True, False)
        for holds in (None, True, False)
        for values in [tuple((e, number(e, "area", 5).object) for e in ("avaria", "borland"))]
        for lacking in ((), ("corvia",))
    ],
)
def test_every_language_words_every_kind(conclusion: Conclusion, language: str) -> None:
    text, _ = worded(GRAPH, conclusion, (), language)
    assert "{" not in text and text.strip()
    if conclusion.kind is Inference.COMPARISON and conclusion.lacking:
        assert GRAPH.label("corvia", language) in text


def test_names_with_braces_are_only_text() -> None:
    conclusion = Conclusion(Inference.RANKING, ("{values}",), "area", count=2)
    text, _ = worded(GRAPH, conclusion, (), "en")
    assert text.startswith("{values} has the highest value of 2 (area)")


def evidence_for(query: Query) -> tuple[Evidence, ...]:
    channel = FactChannel(GRAPH, RelationMatcher(GRAPH), HashEncoder(64))
    return tuple(
        Evidence(
            triple,
            1.98,
            1,
            {"graph": 1},
            (hit.group.entity, hit.group.property, "" if hit.group.forward else "inverse"),
            hit.confidence,
            hit.conclusion,
        )
        for hit in channel.search(query)
        for triple in hit.group.triples
    )


@pytest.mark.parametrize(
    ("text", "language", "start"),
    [
        ("What is the largest country?", "en", "Avaria has the highest value of 3"),
        ("Was ist die Währung des größten Landes?", "de", "Awarien — Währung: Dukat [1]"),
        ("首都是索莱姆的国家使用什么货币？", "zh", "阿瓦里亚 — 首都：索莱姆 [1]"),
    ],
)
def test_question_goes_from_search_to_answer(text: str, language: str, start: str) -> None:
    query = asked(text, language)
    evidence = evidence_for(query)
    reader = EvidenceReader(GRAPH, DictionaryLinker(GRAPH), HashEncoder(64))
    reading = reader.read(query, evidence)
    draft = compose(GRAPH, query, evidence, reading)
    assert reading.conclusion is not None
    assert draft.mode is Mode.GRAPH
    assert draft.text.startswith(start)
    assert {c.evidence_id for c in draft.citations} <= {e.id for e in evidence}


def test_conclusion_needs_all_its_facts() -> None:
    query = asked("Which is longer, the Ister or the Tyras?", "en")
    channel = FactChannel(GRAPH, RelationMatcher(GRAPH), HashEncoder(64))
    assert all(hit.conclusion for hit in channel.search(query))
    elsewhere = Query(query.text, query.text, "en", query.links, filter=Filter(sources=("x.ttl",)))
    assert not any(hit.conclusion for hit in channel.search(elsewhere))


@pytest.mark.parametrize("language", LANGUAGES)
def test_none_of_those_to_choose_from_is_said_with_what_each_has(language: str) -> None:
    plan = Planner(GRAPH, RelationMatcher(GRAPH)).plan(
        asked("Which of the Ister and the Tyras flows through Corvia?", "en")
    )
    assert plan is not None
    result = execute(GRAPH, plan)
    assert result is not None
    answer, cited = worded(GRAPH, result.conclusion, result.groups, language)
    assert {t.subject for t in cited} == {"ister", "tyras"}
    assert all(GRAPH.label(river, language) in answer for river in ("ister", "tyras"))
    assert not answer.startswith("{") and ("None of them" in answer) == (language == "en")
