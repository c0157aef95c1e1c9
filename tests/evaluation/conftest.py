"""Dialogues and what answers them, made up: every question has one fixed answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from convrag.evaluation.asking import ask_dialogue
from convrag.evaluation.dialogues import (
    Expectation,
    PassageNeed,
    ScriptedDialogue,
    ScriptedTurn,
    Words,
)
from convrag.evaluation.records import ScoredTurn
from convrag.evaluation.store import RunInfo
from convrag.events import Event, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.types import (
    Answer,
    Dialogue,
    Evidence,
    Mode,
    Passage,
    Query,
    Reading,
    Role,
    Status,
    Turn,
)

QUESTIONS = {
    "en": "What is the capital of Austria?",
    "ar": "ما هي عاصمة النمسا؟",
    "de": "Was ist die Hauptstadt von Österreich?",
    "hi": "ऑस्ट्रिया की राजधानी क्या है?",
    "ja": "オーストリアの首都はどこですか？",
    "ru": "Какая столица у Австрии?",
    "th": "เมืองหลวงของออสเตรียคืออะไร",
    "zh": "奥地利的首都是哪里？",
}


class Echo:
    """Answers every third question wrong and abstains from every seventh; remembers nothing."""

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        place = sum(map(ord, turn.id))
        language = turn.text.rsplit("|", 1)[-1]
        text = "Graz" if place % 3 == 0 else "Vienna"
        status = Status.ABSTAINED if place % 7 == 0 else Status.COMPLETE
        words = f"passage {place} says {turn.text}"
        found = Passage(f"p{place}", words, "", "en", f"{place % 5}.md", (0, len(words)))
        evidence = (Evidence(found, 1.0, 1, {}),)
        query = Query(turn.text, turn.text, language)
        yield Rewritten(query, 0.01)
        yield Linked((), 0.01)
        yield Retrieved(evidence, 0.01)
        yield Read(Reading((), 1.0), 0.01)
        yield TextChunk(text)
        answer = Answer(text, language, (), evidence, query, status, Mode.EXTRACT, {})
        reply = Turn(turn.id + "-reply", Role.ASSISTANT, text, language)
        yield Finished(answer, Dialogue(dialogue.id, (*dialogue.turns, turn, reply)))

    def expand_curie(self, text: str) -> str:
        return text

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        assert isinstance(evidence.item, Passage)
        return evidence.item.text

    def close(self) -> None:
        pass


def made_up(count: int, turns: int) -> tuple[ScriptedDialogue, ...]:
    """Return so many dialogues of so many turns, in eight languages."""
    languages = tuple(QUESTIONS)
    made = []
    for number in range(count):
        language = languages[number % len(languages)]
        expect = Expectation(
            answer=Words(contains_any=("Vienna",)),
            language=language,
            evidence=((PassageNeed("1.md"),),),
        )
        asked = tuple(
            ScriptedTurn(f"{QUESTIONS[language]} {at} |{language}", expect) for at in range(turns)
        )
        made.append(ScriptedDialogue(f"d{number:03}", "world", language, "t", asked, Path("x")))
    return tuple(made)


def without_times(turns: tuple[ScoredTurn, ...] | list[ScoredTurn]) -> list[ScoredTurn]:
    """Return the turns without what differs from one run to the next."""
    from dataclasses import replace

    return [replace(turn, trace=replace(turn.trace, seconds={})) for turn in turns]


def asked_turns(dialogues: tuple[ScriptedDialogue, ...]) -> list[ScoredTurn]:
    """Return the scored turns of all dialogues."""
    return [t for d in dialogues for t in ask_dialogue(Echo(), d, attributed=True)]


def run_info(dialogues: tuple[ScriptedDialogue, ...], name: str = "r") -> RunInfo:
    """Return what is known of a run over the dialogues."""
    sizes = {dialogue.id: len(dialogue.turns) for dialogue in dialogues}
    return RunInfo(name, "2026-01-01T00:00:00Z", "0" * 64, sizes, "pipeline", commit="abc")


@pytest.fixture(scope="session")
def thousand() -> tuple[tuple[ScriptedDialogue, ...], list[ScoredTurn]]:
    """A thousand turns of 250 dialogues, and how they were scored."""
    dialogues = made_up(250, 4)
    return dialogues, asked_turns(dialogues)
