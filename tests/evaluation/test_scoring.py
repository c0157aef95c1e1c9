from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from convrag.errors import ModelError
from convrag.evaluation.dialogues import (
    Expectation,
    Number,
    PassageNeed,
    ScriptedDialogue,
    ScriptedTurn,
    TripleNeed,
    Words,
)
from convrag.evaluation.recording import record
from convrag.evaluation.records import ScoredTurn, Trace
from convrag.evaluation.report import latencies, make_report, report_to_json
from convrag.evaluation.runner import TurnRun, run_dialogues
from convrag.evaluation.scoring import satisfies, score_turn
from convrag.events import Event, Failed, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.types import (
    Answer,
    Dialogue,
    Evidence,
    Link,
    Literal,
    Mention,
    Mode,
    Passage,
    Query,
    Reading,
    Role,
    Status,
    Triple,
    Turn,
)

W = "urn:w:"


def expand(text: str) -> str:
    return W + text[2:] if text.startswith("w:") else text


def passage(source: str, text: str, rank: int = 1) -> Evidence:
    return Evidence(Passage(source, text, "", "en", source, (0, len(text))), 1.0, rank, {})


def triple(o: str | Literal, rank: int = 1) -> Evidence:
    return Evidence(Triple(W + "austria", W + "capital", o), 1.0, rank, {})


class Script:
    """Answers from a table of question -> (answer text, language, status, evidence)."""

    def __init__(self, **answers: tuple[str, str, Status, tuple[Evidence, ...]]) -> None:
        self.answers = answers
        self.asked: list[tuple[int, str, str]] = []

    def expand_curie(self, text: str) -> str:
        return expand(text)

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        self.asked.append((len(dialogue.turns), turn.text, turn.language))
        if turn.text == "boom":
            yield Failed(ModelError("no model", "install one"))
            return
        if turn.text == "crash":
            raise ModelError("crashed")
        text, language, status, evidence = self.answers[turn.text]
        link = Link(Mention("Austria", (0, 7)), W + "austria", 1.0)
        query = Query(f"{turn.text} Austria", turn.text, language, (link,))
        yield Rewritten(query, 0.01)
        yield Linked((link,), 0.02)
        yield Retrieved(evidence, 0.03)
        yield Read(Reading((), 1.0), 0.04)
        yield TextChunk(text)
        reply = Turn(turn.id + "a", Role.ASSISTANT, text, language)
        after = Dialogue(dialogue.id, (*dialogue.turns, turn, reply), dialogue.state)
        answer = Answer(text, language, (), evidence, query, status, Mode.GRAPH, {})
        yield Finished(answer, after)


def script(*turns: ScriptedTurn, name: str = "d", language: str = "en") -> ScriptedDialogue:
    return ScriptedDialogue(name, "world", language, "t", turns, Path("x.yaml"))


def run_one(expect: Expectation, *answer: object, question: str = "q") -> TurnRun:
    runs = run_dialogues(Script(q=answer), [script(ScriptedTurn(question, expect))])  # type: ignore[arg-type]
    return runs[0]


def recorded(runs: Sequence[TurnRun]) -> list[ScoredTurn]:
    return [
        record(
            score_turn(run, expand),
            None,
            wording={},
            expand=expand,
            worded=lambda e, language: e.id,
        )
        for run in runs
    ]


def test_each_turn_gets_the_dialogue_the_last_one_left() -> None:
    answers = {"one": ("1", "en", Status.COMPLETE, ()), "two": ("2", "en", Status.COMPLETE, ())}
    respondent = Script(**answers)
    turns = [ScriptedTurn(q, Expectation(language="en")) for q in ("one", "boom", "crash", "two")]
    runs = run_dialogues(respondent, [script(*turns), script(*turns[:1], name="e")])
    assert [count for count, _, _ in respondent.asked] == [0, 2, 2, 2, 0]
    assert {language for _, _, language in respondent.asked} == {""}
    assert [run.error is not None for run in runs] == [False, True, True, False, False]
    assert set(runs[0].seconds) == {"rewrite", "link", "retrieve", "read", "first_token", "whole"}


def test_a_turn_as_expected_has_no_problems() -> None:
    expect = Expectation(
        answer=Words(contains_any=("Vienna",)),
        number=Number(2850),
        language="en",
        entities=("w:austria",),
        evidence=((TripleNeed("w:austria", "w:capital", "w:vienna"),),),
        rewrite=Words(contains_all=("Austria",)),
    )
    text = "The capital of Austria is Vienna; the river has 2,850 km. [1]"
    score = score_turn(
        run_one(expect, text, "en", Status.COMPLETE, (triple(W + "vienna"),)), expand
    )
    assert score.problems == ()
    assert (score.evidence_recall, score.answer_right, score.entity_recall) == (1.0, True, 1.0)
    assert (score.language_declared, score.language_detected, score.language_script) == (True,) * 3
    assert score.rewrite_recovered is True
    assert score.should_abstain is False


def test_every_miss_is_told() -> None:
    expect = Expectation(
        answer=Words(contains_any=("Wien",)),
        number=Number(7),
        language="de",
        entities=("w:austria", "w:danube"),
        evidence=((TripleNeed("w:austria", "w:capital", "w:graz"),), (PassageNeed("a.md", "x"),)),
        rewrite=Words(contains_all=("Donau",)),
    )
    text = "The capital of Austria is Vienna and that is all."
    score = score_turn(
        run_one(expect, text, "en", Status.COMPLETE, (passage("p/a.md", "has X in it"),)), expand
    )
    assert (score.evidence_recall, score.answer_right, score.entity_recall) == (0.5, False, 0.5)
    assert (score.language_declared, score.language_detected) == (False, False)
    assert score.language_script is True
    assert score.rewrite_recovered is False
    told = "\n".join(score.problems)
    for word in ("w:graz", "Wien", "number 7", "'de'", "urn:w:danube", "Donau"):
        assert word in told


@pytest.mark.parametrize("status", [Status.ABSTAINED, Status.COMPLETE])
@pytest.mark.parametrize("abstain", [True, False])
def test_abstention_is_judged_both_ways(status: Status, abstain: bool) -> None:
    wanted = None if abstain else Words(contains_any=("know",))
    expect = Expectation(answer=wanted, abstain=abstain, language="en")
    score = score_turn(run_one(expect, "I do not know", "en", status, ()), expand)
    assert score.should_abstain is abstain
    assert score.abstained is (status is Status.ABSTAINED)
    assert (score.problems == ()) is (score.abstained == abstain)
    assert score.answer_right is (None if abstain else not score.abstained)


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("status", [Status.CLARIFYING, Status.COMPLETE])
def test_asking_back_is_wanted_or_not(wanted: bool, status: Status) -> None:
    vienna = None if wanted else Words(contains_any=("Vienna",))
    expect = Expectation(answer=vienna, clarify=wanted, language="en")
    score = score_turn(run_one(expect, "Vienna, or Vienna?", "en", status, ()), expand)
    asked_back = status is Status.CLARIFYING
    assert score.clarified is asked_back
    assert score.wrong is (asked_back is not wanted)
    kinds = {(True, False): ("asked back",), (False, True): ("not asked back",)}
    assert score.kinds == kinds.get((asked_back, wanted), ())
    turn = recorded([score.run])[0]
    assert turn.kind == ("ambiguous" if wanted else "stands alone")
    assert turn.metrics.get("clarification_recall") == (float(asked_back) if wanted else None)
    assert turn.metrics.get("clarification_precision") == (float(wanted) if asked_back else None)


def test_small_talk_counts_for_language_only() -> None:
    score = score_turn(run_one(Expectation(language="en"), "Hi", "en", Status.COMPLETE, ()), expand)
    assert score.problems == ()
    assert score.should_abstain is None
    runs = run_dialogues(
        Script(q=("Hi", "en", Status.COMPLETE, ())),
        [script(ScriptedTurn("q", Expectation(language="en")))],
    )
    pooled = make_report(recorded(runs)).metrics
    assert {name for name, e in pooled.items() if e.count} == {
        "language_declared",
        "language_script",
    }


def test_evidence_beyond_the_fifth_piece_does_not_count() -> None:
    need = Expectation(evidence=((PassageNeed("a.md"),),), language="en")
    found = tuple(passage("a.md" if rank == 6 else f"{rank}.md", "t", rank) for rank in range(1, 7))
    late = score_turn(run_one(need, "x", "en", Status.COMPLETE, found), expand)
    assert late.evidence_recall == 0.0
    swapped = (*found[:4], passage("a.md", "t", 5), passage("5.md", "t", 6))
    assert (
        score_turn(run_one(need, "x", "en", Status.COMPLETE, swapped[::-1]), expand).problems == ()
    )


@pytest.mark.parametrize(
    ("found", "need", "same"),
    [
        (triple(W + "vienna"), TripleNeed("w:austria", "w:capital", "w:vienna"), True),
        (triple(W + "vienna"), TripleNeed("w:austria", "w:capital", "urn:w:vienna"), True),
        (triple(W + "vienna"), TripleNeed("w:vienna", "w:capital", "w:austria"), False),
        (triple(Literal("Wien")), TripleNeed("w:austria", "w:capital", '"wien"@de'), True),
        (triple(Literal("2850.0")), TripleNeed("w:austria", "w:capital", '"2850"'), True),
        (triple(Literal("2850")), TripleNeed("w:austria", "w:capital", "2851"), False),
        (triple(W + "vienna"), PassageNeed("vienna"), False),
        (
            passage("p/多瑙河.zh.md", "多瑙河 全长"),
            PassageNeed("多瑙河.zh.md", "多瑙河 全长"),
            True,
        ),
        (passage("p/aa.md", "x"), PassageNeed("a.md"), False),
        (passage("p\\a.md", "Über  den\nFluß"), PassageNeed("p/a.md", "uber den fluss"), True),
        (passage("a.md", "x"), TripleNeed("w:a", "w:b", "w:c"), False),
    ],
)
def test_what_satisfies_a_need(found: Evidence, need: TripleNeed | PassageNeed, same: bool) -> None:
    assert satisfies(found, need, expand) is same


def test_pooled_values_agree_with_a_hand_count() -> None:
    answers = {
        "right": ("Vienna", "en", Status.COMPLETE, ()),
        "wrong": ("Graz", "en", Status.COMPLETE, ()),
        "mute": ("-", "en", Status.ABSTAINED, ()),
        "unknown": ("-", "en", Status.ABSTAINED, ()),
    }
    vienna = Expectation(answer=Words(contains_any=("Vienna",)), language="en")
    turns = [
        ScriptedTurn("right", vienna),
        ScriptedTurn("wrong", vienna),
        ScriptedTurn("mute", vienna),
        ScriptedTurn("boom", vienna),
        ScriptedTurn("unknown", Expectation(abstain=True, language="en")),
    ]
    runs = run_dialogues(Script(**answers), [script(*turns), script(*turns[:1], name="e")])
    turns = recorded(runs)
    pooled = make_report(turns, seed=3).metrics
    assert pooled["answer_accuracy"].value == pytest.approx(2 / 5)
    assert pooled["answer_accuracy"].count == 5
    assert pooled["wrongly_abstained"].value == pytest.approx(1 / 5)
    assert pooled["abstention_recall"].value == 1.0
    assert pooled["abstention_precision"].value == pytest.approx(1 / 2)
    # Of two dialogues one draws (e, e): 2 of 2, (d, d): 2 of 8, or one of each.
    assert (pooled["answer_accuracy"].low, pooled["answer_accuracy"].high) == (1 / 4, 1.0)
    assert pooled["evidence_recall@5"].count == 0
    assert math.isnan(pooled["evidence_recall@5"].value)
    assert latencies(turns)["read"].count == 5
    assert latencies(turns)["read"].median == pytest.approx(0.04)


def test_a_seed_fixes_the_intervals() -> None:
    vienna = Expectation(answer=Words(contains_any=("Vienna",)), language="en")
    answers = {
        "right": ("Vienna", "en", Status.COMPLETE, ()),
        "wrong": ("Graz", "en", Status.COMPLETE, ()),
    }
    dialogues = [
        script(ScriptedTurn("right" if n % 3 else "wrong", vienna), name=f"d{n}") for n in range(9)
    ]
    turns = recorded(run_dialogues(Script(**answers), dialogues))
    first, again = (make_report(turns, seed=1).metrics["answer_accuracy"] for _ in range(2))
    assert first == again
    assert first.low < 6 / 9 < first.high
    assert make_report(turns[::-1], seed=1).metrics["answer_accuracy"] == first


def test_the_report_is_plain_json_by_language() -> None:
    import json

    answers = {"q": ("Vienna", "en", Status.COMPLETE, ())}
    vienna = Expectation(answer=Words(contains_any=("Vienna",)), language="en")
    runs = run_dialogues(
        Script(**answers),
        [
            script(ScriptedTurn("q", vienna)),
            script(ScriptedTurn("boom", vienna), name="z", language="zh"),
        ],
    )
    report = make_report(recorded(runs))
    data = json.loads(json.dumps(report_to_json(report), allow_nan=False))
    assert data["metrics"]["answer_accuracy"]["value"] == 0.5
    assert data["by_language"]["zh"]["answer_accuracy"]["value"] == 0.0
    assert data["metrics"]["rewrite_recovery"]["value"] is None
    assert data["turns"][1]["trace"]["status"] == "failed"
    assert [turn.dialogue for turn in report.failing] == ["z"]
    assert report.value("answer_accuracy") == 0.5
    assert report.value("whole_p95") is not None
    assert report.value("nonsense") is None


def test_the_median_time_has_the_interval_of_its_ranks() -> None:
    """Of ten values the second and the ninth: fewer than two below the median have p .0107."""
    turns = [
        ScoredTurn(str(n), "d", n, "en", "", {}, Trace("?", seconds={"read": float(n)}))
        for n in range(1, 11)
    ]
    found = latencies(turns)["read"]
    assert (found.median, found.low, found.high, found.count) == (5.5, 2.0, 9.0, 10)
    few = latencies(turns[:5])["read"]
    assert math.isnan(few.low)
    assert math.isnan(few.high)
