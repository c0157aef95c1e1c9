"""A fault put into one stage of a real pipeline is found at that stage, in seven scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convrag.config import Config
from convrag.errors import ModelError
from convrag.evaluation.asking import ask_dialogue
from convrag.evaluation.attribution import STAGES
from convrag.evaluation.causes import cause, most_frequent, stage_shares
from convrag.evaluation.dialogues import (
    Expectation,
    PassageNeed,
    ScriptedDialogue,
    ScriptedTurn,
    TripleNeed,
    Words,
)
from convrag.evaluation.records import ScoredTurn
from convrag.generation.writing import Draft
from convrag.indexing import build_index
from convrag.models.registry import load_encoder
from convrag.pipeline import Pipeline
from convrag.retrieval.index import Index
from convrag.types import Dialogue, Evidence, Link, Mode, Query, Reading, Turn

NAMES = {
    "en": ("capital", "Avaria", "Solem", "The capital of {subject} is {object}."),
    "de": ("Hauptstadt", "Awarien", "Solem", "{subject}: Die Hauptstadt ist {object}."),
    "ru": ("столица", "Авария", "Солем", "{subject}: столица {object}."),
    "ar": ("عاصمة", "أفاريا", "سولم", "عاصمة {subject} هي {object}."),
    "hi": ("राजधानी", "अवारिया", "सोलेम", "{subject} की राजधानी {object} है।"),
    "ja": ("首都", "アヴァリア", "ソレム", "{subject}の首都は{object}です。"),
    "zh": ("首都", "阿瓦里亚", "索莱姆", "{subject}的首都是{object}。"),
}
QUESTIONS = {
    "en": "What is the capital of Avaria?",
    "de": "Was ist die Hauptstadt von Awarien?",
    "ru": "Авария: какая столица?",
    "ar": "ما هي عاصمة أفاريا؟",
    "hi": "अवारिया की राजधानी क्या है?",
    "ja": "アヴァリアの首都はどこですか？",
    "zh": "阿瓦里亚的首都是哪里？",
}
BOATS = "# The harbour of Solem\n\nFishing boats leave the harbour of Solem before sunrise.\n"


def _graph() -> str:
    def each(place: int) -> str:
        return ", ".join(f'"{names[place]}"@{language}' for language, names in NAMES.items())

    return f"""
@prefix : <https://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix cv: <https://convrag.example/ns#> .
:capital a owl:ObjectProperty ; rdfs:label {each(0)} ; cv:statementPattern {each(3)} .
:Country a owl:Class ; rdfs:label "country"@en .
:avaria a :Country ; rdfs:label {each(1)} ; :capital :solem .
:borland a :Country ; rdfs:label "Borland"@en ; :capital :nordport .
:solem rdfs:label {each(2)} .
:nordport rdfs:label "Nordport"@en .
"""


class Faulty(Pipeline):
    """Does one stage wrong when it is to be done for real."""

    fault = ""

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        if self.fault == "language" and not turn.language:
            other = "de" if _language(turn.text) != "de" else "en"
            return super().rewrite(replace(turn, language=other), dialogue)
        if self.fault == "rewrite" and dialogue.turns:
            query = super().rewrite(turn, dialogue)
            return Query("Borland", turn.text, query.language, standalone=False)
        return super().rewrite(turn, dialogue)

    def link(self, query: Query, dialogue: Dialogue) -> tuple[Link, ...]:
        return () if self.fault == "link" else super().link(query, dialogue)

    def retrieve(self, query: Query) -> tuple[Evidence, ...]:
        return () if self.fault == "retrieve" else super().retrieve(query)

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading:
        return Reading((), 0.0) if self.fault == "read" else super().read(query, evidence)

    def write(self, *arguments: Any) -> Iterator[str | Draft]:
        if self.fault == "generate":
            yield Draft("42", (), Mode.GRAPH)
        elif self.fault == "crash":
            raise ModelError("no words")
        else:
            yield from super().write(*arguments)


def _language(text: str) -> str:
    return next(language for language, asked in QUESTIONS.items() if asked == text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = tmp_path_factory.mktemp("sources")
    (sources / "graph.ttl").write_text(_graph(), encoding="utf-8")
    (sources / "boats.en.md").write_text(BOATS, encoding="utf-8")
    into = tmp_path_factory.mktemp("index") / "index"
    config = Config(home=into.parent, encoder="scripted:hash-256", threads=1)
    build_index([sources], into, load_encoder(config.encoder, config=config), root=sources)
    return into


@pytest.fixture
def faulty(folder: Path) -> Iterator[Faulty]:
    config = Config(home=folder.parent, encoder="scripted:hash-256", threads=1)
    encoder = load_encoder(config.encoder, config=config)
    with Index.open(folder, encoder_id=encoder.id) as index:
        yield Faulty(index, encoder, name="avaria")


def capital(language: str, **more: Any) -> Expectation:
    return Expectation(
        answer=Words(contains_any=(NAMES[language][2],)),
        language=language,
        entities=("https://example.org/avaria",),
        evidence=(
            (
                TripleNeed(
                    "https://example.org/avaria",
                    "https://example.org/capital",
                    "https://example.org/solem",
                ),
            ),
        ),
        **more,
    )


def asked(pipeline: Pipeline, language: str, *turns: ScriptedTurn) -> tuple[ScoredTurn, ...]:
    script = ScriptedDialogue("d", "world", language, "t", turns, Path("x.yaml"))
    return ask_dialogue(pipeline, script, attributed=True)


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_right_answer_has_no_stage_at_fault(faulty: Faulty, language: str) -> None:
    turn = asked(faulty, language, ScriptedTurn(QUESTIONS[language], capital(language)))[0]
    assert turn.trace.problems == ()
    assert (turn.trace.stage, turn.trace.tried) == ("", {})
    assert turn.metrics["citation_recall"] == turn.metrics["citation_precision"] == 1.0
    assert turn.metrics["attribution_reader"] > 0.5 < turn.metrics["attribution"]


@pytest.mark.parametrize("language", QUESTIONS)
@pytest.mark.parametrize("fault", [stage for stage in STAGES if stage != "rewrite"])
def test_the_faulty_stage_is_found(faulty: Faulty, language: str, fault: str) -> None:
    faulty.fault = fault
    turn = asked(faulty, language, ScriptedTurn(QUESTIONS[language], capital(language)))[0]
    assert turn.trace.problems
    assert turn.trace.stage == fault
    assert turn.trace.tried == {} or list(turn.trace.tried.values())[-1] == (fault != "generate")
    assert cause(turn).startswith(f"{fault}: ")


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_follow_up_that_is_not_completed_is_the_rewriters(faulty: Faulty, language: str) -> None:
    faulty.fault = "rewrite"
    whole = QUESTIONS[language]
    turns = asked(
        faulty,
        language,
        ScriptedTurn(whole, capital(language)),
        ScriptedTurn(NAMES[language][0] + "?", capital(language, standalone=whole)),
    )
    assert [turn.trace.stage for turn in turns] == ["", "rewrite"]
    assert turns[1].kind == "follow-up"
    assert turns[1].trace.wanted_rewrite == whole


def test_what_should_not_be_answered_is_the_readers(faulty: Faulty) -> None:
    expect = Expectation(abstain=True, language="en")
    turn = asked(faulty, "en", ScriptedTurn(QUESTIONS["en"], expect))[0]
    assert (turn.trace.stage, turn.trace.kinds) == ("read", ("not abstained",))
    assert cause(turn) == "read: something was taken for an answer though nothing answers"


def test_a_passage_that_was_not_found_is_looked_up(faulty: Faulty) -> None:
    faulty.fault = "retrieve"
    expect = Expectation(
        answer=Words(contains_any=("before sunrise",)),
        language="en",
        evidence=((PassageNeed("boats.en.md", "before sunrise"),),),
    )
    turn = asked(faulty, "en", ScriptedTurn("When do the boats leave the harbour?", expect))[0]
    assert turn.trace.kinds[-1] == "evidence missing"
    assert "retrieve" in turn.trace.tried
    # Whether a hashed encoder's reader trusts it or not, with the right sentence it is said.
    assert turn.trace.stage in ("retrieve", "read")


def test_a_turn_whose_script_says_nothing_of_its_stages_is_unknown(faulty: Faulty) -> None:
    faulty.fault = "crash"
    expect = Expectation(answer=Words(contains_any=("Solem",)), language="en")
    turn = asked(faulty, "en", ScriptedTurn(QUESTIONS["en"], expect))[0]
    assert (turn.trace.stage, turn.trace.kinds[0]) == ("unknown", "failed")


def test_stages_share_the_failed_turns(faulty: Faulty) -> None:
    turns: list[ScoredTurn] = []
    for fault in ("link", "link", "read", ""):
        faulty.fault = fault
        turns += asked(faulty, "en", ScriptedTurn(QUESTIONS["en"], capital("en")))
    shares = {share.stage: (share.count, share.share) for share in stage_shares(turns, seed=0)}
    assert shares["link"] == (2, pytest.approx(2 / 3))
    assert shares["read"] == (1, pytest.approx(1 / 3))
    assert [count for _, count in most_frequent(turns)] == [2, 1]
    assert not any(share.count for share in stage_shares([], seed=0))
