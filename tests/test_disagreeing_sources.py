"""Two files about one thing, from the index to the answer: said by both, denied, filtered, gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from convrag.events import Finished
from convrag.generation.phrases import phrase
from convrag.indexing import build_index, delete_sources
from convrag.models.scripted import HashEncoder
from convrag.pipeline import Pipeline
from convrag.retrieval import sources
from convrag.retrieval.index import Index
from convrag.types import Answer, Dialogue, Filter, Role, Turn
from convrag.wire import answer_from_json, answer_to_json, plain_evidence_text
from tests.graph.graph_text import PREFIXES

ENCODER = HashEncoder(64)
ANYTHING = Filter()
FIRST = """
ex:capital rdfs:label "capital"@en, "Hauptstadt"@de, "首都"@zh, "столица"@ru, "العاصمة"@ar,
    "राजधानी"@hi .
ex:australia rdfs:label "Australia"@en, "Australien"@de, "澳大利亚"@zh, "Австралия"@ru,
    "أستراليا"@ar, "ऑस्ट्रेलिया"@hi ; ex:capital ex:canberra .
ex:austria rdfs:label "Austria"@en ; ex:capital ex:vienna .
ex:france rdfs:label "France"@en ; ex:capital ex:paris .
ex:canberra rdfs:label "Canberra"@en . ex:sydney rdfs:label "Sydney"@en .
ex:vienna rdfs:label "Vienna"@en . ex:paris rdfs:label "Paris"@en .
"""
SECOND = "ex:australia ex:capital ex:sydney . ex:austria ex:capital ex:vienna ."
QUESTIONS = {
    "en": "What is the capital of Australia?",
    "de": "Was ist die Hauptstadt von Australien?",
    "zh": "澳大利亚的首都是什么？",
    "ru": "Какая столица у Австралии?",
    "ar": "ما هي العاصمة أستراليا؟",
    "hi": "ऑस्ट्रेलिया की राजधानी क्या है?",
}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    for name, text in (("first.ttl", FIRST), ("second.ttl", SECOND)):
        (tmp_path / name).write_text(PREFIXES + text, encoding="utf-8")
    files = [tmp_path / "first.ttl", tmp_path / "second.ttl"]
    build_index(files, tmp_path / "index", ENCODER, root=tmp_path)
    return tmp_path / "index"


def ask(index: Path, question: str, wanted: Filter = ANYTHING) -> Answer:
    pipeline = Pipeline(Index.open(index), ENCODER, name="test")
    turn = Turn("t", Role.USER, question)
    try:
        *_, last = pipeline.respond(Dialogue("d"), turn, filter=wanted)
    finally:
        pipeline.close()
    assert isinstance(last, Finished), last
    return last.answer


@pytest.mark.parametrize(("language", "question"), QUESTIONS.items())
def test_the_answer_tells_both_sides(index: Path, language: str, question: str) -> None:
    answer = ask(index, question)
    assert answer.text.startswith(phrase("disagree", language))
    assert all(f"(`{name}.ttl`)" in answer.text for name in ("first", "second"))
    assert {"Canberra", "Sydney"} <= set(answer.text.replace("：", " ").split())
    assert len(answer.citations) == 2
    read = answer_from_json(answer_to_json(answer, evidence_text=plain_evidence_text))
    assert [e.disputed for e in read.evidence[:2]] == [True, True]


def test_what_both_say_is_said_once_with_both_sources(index: Path) -> None:
    answer = ask(index, "What is the capital of Austria?")
    assert answer.text == "Austria — capital: Vienna [1]"
    assert answer.evidence[0].sources == ("first.ttl", "second.ttl")


@pytest.mark.parametrize("name", ["first.ttl", "second.ttl"])
def test_either_source_alone_is_found_by_a_filter(index: Path, name: str) -> None:
    answer = ask(index, "What is the capital of Austria?", Filter(sources=(name,)))
    assert "Vienna" in answer.text
    assert answer.evidence[0].item.source == name
    alone = ask(index, QUESTIONS["en"], Filter(sources=(name,)))
    assert ("Canberra" in alone.text, "Sydney" in alone.text) == (name[0] == "f", name[0] == "s")


def test_what_the_other_file_says_stays(index: Path) -> None:
    with Index.open(index, writable=True) as opened:
        listed = sources.listed(opened.connection)
        delete_sources(opened, [item for item in listed if item.name == "second.ttl"])
    answer = ask(index, "What is the capital of Austria?")
    assert "Vienna" in answer.text
    assert answer.evidence[0].sources == ()
