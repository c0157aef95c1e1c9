"""A language model that is asked about follow-ups: checked, held to the dialogue, and in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from convrag.dialogue.generative import GenerativeRewriter
from convrag.dialogue.topics import EXAMPLES
from convrag.errors import ModelError
from convrag.protocols import CancelToken, Prompt
from convrag.types import Dialogue, DialogueState, Query, Role, Turn


@dataclass
class First:
    """Finds one thing or nothing, and is as sure as it is told to be that turns lean."""

    sure: float = 1.0
    found: str = ""

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        text = self.found or turn.text
        return Query(text, turn.text, turn.language, standalone=not self.found)

    def leaning(self, turn: Turn, dialogue: Dialogue) -> float:
        return self.sure


class Writes:
    """A generator that writes one thing letter by letter, or fails, and counts the letters."""

    id = "writes"

    def __init__(self, text: str, pause: float = 0.0) -> None:
        self.text, self.pause = text, pause
        self.prompts: list[Prompt] = []
        self.given = 0

    def stream(self, prompt: Prompt, *, cancel: CancelToken) -> Iterator[str]:
        self.prompts.append(prompt)
        if self.text == "boom":
            raise ModelError("boom")
        for letter in self.text:
            if cancel.cancelled:
                return
            time.sleep(self.pause)
            self.given += 1
            yield letter


@dataclass
class Chooses:
    """A generator that chooses what it likes where that may be chosen."""

    likes: str = ""
    id: str = "chooses"
    seen: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def stream(self, prompt: Prompt, *, cancel: CancelToken) -> Iterator[str]:
        raise AssertionError("one that can choose is not left to write")

    def choose(self, prompt: Prompt, choices: Sequence[str], *, cancel: CancelToken) -> str:
        self.seen.append((prompt.text, tuple(choices)))
        if self.likes == "boom":
            raise ModelError("boom")
        return self.likes if self.likes in choices else ""


class Slow(Chooses):
    """Chooses nothing until it is cancelled."""

    def choose(self, prompt: Prompt, choices: Sequence[str], *, cancel: CancelToken) -> str:
        for _ in range(2000):
            if cancel.cancelled:
                self.seen.append(("cancelled", ()))
                return choices[0]  # too late to be used
            time.sleep(0.005)
        raise AssertionError("never cancelled")


def dialogue(language: str, *texts: str) -> Dialogue:
    turns = tuple(
        Turn(str(n), Role.USER if n % 2 == 0 else Role.ASSISTANT, text, language)
        for n, text in enumerate(texts)
    )
    return Dialogue("d", turns, DialogueState(language=language))


def turn(text: str, language: str = "") -> Turn:
    return Turn("t", Role.USER, text, language)


CASES = [
    ("en", ["Where is Oslo?", "In Norway."], "How big is it?", "Oslo", "How big is Oslo?"),
    ("en", ["Where is Oslo?", "In Norway."], "And its area?", "Oslo", "And Oslo's area?"),
    ("en", ["Where is Oslo?", "In Norway."], "How far?", "Oslo", "How far (Oslo)?"),
    ("en", ["Is Oslo old?", "Yes."], "Is that street old?", "Oslo", "Is that street old (Oslo)?"),
    ("zh", ["长江在哪里？", "在中国。"], "它有多长？", "长江", "长江有多长？"),
    ("ja", ["富士山はどこ？", "日本です。"], "高さは？", "富士山", "高さは (富士山)？"),
    ("de", ["Wo liegt Bonn?", "Am Rhein."], "Wie alt ist es?", "Bonn", "Wie alt ist es (Bonn)?"),
    ("ru", ["Где Омск?", "В Сибири."], "Какой он?", "Омск", "Какой он (Омск)?"),
    ("ar", ["أين بغداد؟", "في العراق."], "كم عدد سكانها؟", "بغداد", "كم عدد سكانها (بغداد)؟"),
    ("hi", ["पटना कहाँ है?", "भारत में।"], "उसकी आबादी?", "पटना", "उसकी आबादी (पटना)?"),
    ("ko", ["서울 인구는?", "천만 명."], "면적은?", "서울", "면적은 (서울)?"),
    ("th", ["กรุงเทพ อยู่ที่ไหน", "ในไทย"], "ใหญ่แค่ไหน", "กรุงเทพ", "ใหญ่แค่ไหน (กรุงเทพ)"),
]


@pytest.mark.parametrize(("language", "said", "asked", "topic", "expected"), CASES)
def test_what_a_model_chooses_is_put_into_the_turn(
    language: str, said: list[str], asked: str, topic: str, expected: str
) -> None:
    model = Chooses(topic)
    found = GenerativeRewriter(model, First()).rewrite(
        turn(asked, language), dialogue(language, *said)
    )
    assert found == Query(expected, asked, language, (), 0.6, False, "followup")
    prompt, choices = model.seen[0]
    assert prompt.startswith(EXAMPLES)
    everything = " ".join(said)
    assert all(choice in everything and choice not in asked for choice in choices)


def test_only_words_of_the_dialogue_can_be_chosen() -> None:
    for likes in ("Bergen", "How big", "", "boom"):
        found = GenerativeRewriter(Chooses(likes), First()).rewrite(
            turn("How big is it?", "en"), dialogue("en", "Where is Oslo?", "In Norway.")
        )
        assert found == Query("How big is it?", "How big is it?", "en")


def test_what_the_other_rewriter_found_is_not_left_to_choice() -> None:
    model = Chooses("Norway")
    found = GenerativeRewriter(model, First(found="How big is Oslo?")).rewrite(
        turn("How big is it?", "en"), dialogue("en", "Where is Oslo?", "In Norway.")
    )
    assert found.text == "How big is Oslo?"
    assert not model.seen


@pytest.mark.parametrize("model", [Chooses("Oslo"), Writes("How big is Oslo?")])
@pytest.mark.parametrize(
    ("said", "asked", "sure"),
    [
        (["Where is Oslo?", "In Norway."], "How big is Bergen?", 0.1),
        ([], "How big is it?", 1.0),
        (["Where is Oslo?", "In Norway."], "?!", 1.0),
    ],
)
def test_a_turn_that_stands_alone_is_not_shown_to_the_model(
    model: Chooses | Writes, said: list[str], asked: str, sure: float
) -> None:
    found = GenerativeRewriter(model, First(sure)).rewrite(turn(asked, "en"), dialogue("en", *said))
    assert found == Query(asked, asked, "en")
    assert not (model.seen if isinstance(model, Chooses) else model.prompts)


WRITTEN = [
    ("en", ["Where is Oslo?", "In Norway."], "How big is it?", "How big is Oslo?", True),
    ("zh", ["长江在哪里？", "在中国。"], "有多长？", "长江有多长？", True),
    ("de", ["Wo liegt Bonn?", "Am Rhein."], "Wie alt ist es?", "Wie alt ist Bonn?", True),
    ("ru", ["Где Омск?", "В Сибири."], "Какой он?", "Какой Омск?", True),
    ("ar", ["أين بغداد؟", "في العراق."], "كم عدد سكانها؟", "كم عدد سكانها بغداد؟", True),
    ("hi", ["पटना कहाँ है?", "भारत में।"], "उसकी आबादी?", "पटना की आबादी?", True),
    ("ja", ["富士山はどこ？", "日本です。"], "高さは？", "富士山の高さは？", True),
    ("en", ["Where is Oslo?", "In Norway."], "How big is it?", "How big is Bergen?", False),
    ("en", ["Where is Oslo?", "In Norway."], "How big is it?", "¿Es Oslo grande?", False),
    ("ru", ["Где Омск?", "В Сибири."], "Какой он?", "How is Омск?", False),
    ("zh", ["长江在哪里？", "在中国。"], "有多长？", "长江在哪里？", False),
    ("hi", ["पटना कहाँ है?", "भारत में।"], "उसकी आबादी?", "दिल्ली की आबादी?", False),
    ("ar", ["أين بغداد؟", "في العراق."], "كم عدد سكانها؟", "أين بغداد العراق؟", False),
    ("ja", ["富士山はどこ？", "日本です。"], "高さは？", "東京の高さは？", False),
    ("en", ["Where is Oslo?", "In Norway."], "How big is it?", "Oslo " * 60, False),
    ("en", ["Where is Oslo?", "In Norway."], "How big is it?", "", False),
    ("en", ["Where is Oslo?", "In Norway."], "How big is it?", "boom", False),
    ("en", ["Where is Oslo?", "In Norway."], "How big is it?", "Where is Oslo?", False),
]


@pytest.mark.parametrize("first", ["", "What size (Oslo)?"])
@pytest.mark.parametrize(("language", "said", "asked", "written", "used"), WRITTEN)
def test_what_a_model_writes_is_used_only_when_it_is_sound(
    language: str, said: list[str], asked: str, written: str, used: bool, first: str
) -> None:
    found = GenerativeRewriter(Writes(written), First(found=first)).rewrite(
        turn(asked, language), dialogue(language, *said)
    )
    assert found.text == (written if used else first or asked)
    assert found.original == asked


def test_a_model_that_does_not_end_is_ended() -> None:
    model = Writes("How big is Oslo? " * 1000)
    GenerativeRewriter(model, First()).rewrite(
        turn("How big is it?", "en"), dialogue("en", "Where is Oslo?", "In Norway.")
    )
    assert model.given < 200


def test_a_model_that_chooses_too_slowly_is_cancelled() -> None:
    model = Slow()
    began = time.monotonic()
    found = GenerativeRewriter(model, First(), seconds=0.02).rewrite(
        turn("How big is it?", "en"), dialogue("en", "Where is Oslo?", "In Norway.")
    )
    assert time.monotonic() - began < 5
    assert model.seen == [("cancelled", ())]
    assert found == Query("How big is it?", "How big is it?", "en")


def test_a_model_that_writes_too_slowly_is_cancelled() -> None:
    model = Writes("How big is Oslo?", pause=0.02)
    found = GenerativeRewriter(model, First(found="How big (Oslo)?"), seconds=0.05).rewrite(
        turn("How big is it?", "en"), dialogue("en", "Where is Oslo?", "In Norway.")
    )
    assert found.text == "How big (Oslo)?"
    assert model.given < len(model.text)


def test_no_thread_is_left_when_the_model_was_in_time() -> None:
    before = threading.active_count()
    rewriter = GenerativeRewriter(Chooses("Oslo"), First(), seconds=60)
    rewriter.rewrite(turn("How big is it?", "en"), dialogue("en", "Where is Oslo?", "North."))
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_the_examples_are_read_before_the_first_turn_and_failing_is_no_matter() -> None:
    model = Chooses()
    GenerativeRewriter(model, First()).get_ready()
    assert model.seen[0][0] == EXAMPLES
    GenerativeRewriter(Chooses("boom"), First()).get_ready()
