"""Data sets indexed, asked of a real pipeline, and scored by what they say is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from convrag.evaluation.datasets.asking import (
    SetConversation,
    ask_conversation,
    chosen,
    counted,
    index_dataset,
)
from convrag.evaluation.datasets.loading import load
from convrag.evaluation.datasets.scoring import answer_quality, retrieval, rewriting
from convrag.evaluation.datasets.values import AskedTurn, Dataset
from convrag.evaluation.records import ScoredTurn
from convrag.pipeline import Pipeline
from convrag.retrieval.index import Index
from convrag.types import Dialogue, Evidence, Link, Query, Reading
from tests.evaluation import dataset_files as files
from tests.retrieval.samples import QUESTIONS, TEXTS, HashingEncoder

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
ROWS = [
    *({"document": f"d-{code}", "text": text, "language": code} for code, text in TEXTS.items()),
    *(
        {
            "question": question,
            "dialogue": code,
            "language": code,
            "relevant": [f"d-{code}"],
            "answerable": True,
            "kind": "first",
        }
        for code, question in QUESTIONS.items()
    ),
]


@contextmanager
def pipeline_over(dataset: Dataset, folder: Path, **options) -> Iterator[Pipeline]:
    encoder = HashingEncoder()
    index_dataset(dataset, folder, encoder)
    opened = Pipeline(Index.open(folder, encoder_id=encoder.id), encoder, name="set", **options)
    try:
        yield opened
    finally:
        opened.close()


def run(dataset: Dataset, folder: Path, **options) -> list[ScoredTurn]:
    with pipeline_over(dataset, folder, k=10, **options) as pipeline:
        return [
            turn
            for conversation in dataset.conversations()
            for turn in ask_conversation(
                pipeline, SetConversation(dataset.name, conversation), attributed=True
            )
        ]


def test_passages_of_every_script_are_found_and_scored(tmp_path: Path) -> None:
    dataset = load("jsonl", files.write(tmp_path / "own.jsonl", ROWS))
    turns = run(dataset, tmp_path / "index")
    assert [turn.language for turn in turns] == list(QUESTIONS)
    for turn in turns:
        assert turn.metrics["recall@1"] == turn.metrics["ndcg@10"] == 1.0
        assert turn.trace.evidence[0] == f"d-{turn.language}"
        assert turn.trace.seconds["whole"] >= turn.trace.seconds["retrieve"] > 0
        assert turn.metrics["evidence_tokens"] > 0
        assert (turn.number, turn.kind, turn.trace.relevant) == (
            1,
            "first",
            {f"d-{turn.language}": 1.0},
        )


@pytest.mark.parametrize("gone", ["dense", "lexical"])
def test_a_set_can_be_asked_without_a_channel(tmp_path: Path, gone: str) -> None:
    dataset = load("jsonl", files.write(tmp_path / "own.jsonl", ROWS))
    turns = run(dataset, tmp_path / "index", without=(gone,))
    assert sum(turn.metrics["recall@1"] for turn in turns) >= 8


GRAPH = [
    {"subject": "urn:x:nile", "predicate": LABEL, "value": "Nile", "language": "en"},
    {"subject": "urn:x:length", "predicate": LABEL, "value": "length", "language": "en"},
    {"subject": "urn:x:nile", "predicate": "urn:x:length", "value": "6650"},
    {
        "question": "What is the length of the Nile?",
        "answers": ["6650"],
        "answer_entities": ["6650"],
        "entities": ["urn:x:nile"],
        "relevant": ['<urn:x:nile> <urn:x:length> "6650"'],
        "answerable": True,
    },
]


def test_facts_are_found_linked_cited_and_scored(tmp_path: Path) -> None:
    dataset = load("jsonl", files.write(tmp_path / "own.jsonl", GRAPH))
    (turn,) = run(dataset, tmp_path / "index")
    right = ("recall@1", "answer_contains", "answer_entity_f1", "link_f1", "citation_recall")
    assert {name: turn.metrics[name] for name in right} == dict.fromkeys(right, 1.0)
    assert turn.metrics["wrongly_abstained"] == 0.0
    assert turn.metrics["attribution_reader"] > 0.5
    assert turn.metrics["repetition"] == 0.0 < turn.metrics["answer_tokens"]
    (bare,) = run(dataset, tmp_path / "index", without=("graph",))
    assert bare.metrics["recall@10"] == bare.metrics["answer_entity_f1"] == 0.0
    assert bare.metrics["wrongly_abstained"] == 1.0
    assert bare.trace.kinds == ("abstained", "evidence missing")
    assert not {"attribution_reader", "answer_tokens"} & set(bare.metrics)


FOLLOW_UP = [
    *GRAPH[:3],
    {"question": "What is the length of the Nile?", "dialogue": "d", "scored": False},
    {
        "question": "What is its length?",
        "dialogue": "d",
        "rewrites": ["What is the length of the Nile?"],
        "answers": ["6650"],
    },
]


def test_rewriting_is_measured_and_can_be_left_out(tmp_path: Path) -> None:
    dataset = load("jsonl", files.write(tmp_path / "own.jsonl", FOLLOW_UP))
    (turn,) = run(dataset, tmp_path / "index")
    assert turn.number == 2
    assert turn.metrics["rewrite_recovery"] == turn.metrics["answer_contains"] == 1.0
    (bare,) = run(dataset, tmp_path / "index", without=("rewrite",))
    assert bare.metrics["rewrite_recovery"] == 0.0
    assert bare.trace.rewritten == "What is its length?"


NAMES = {
    "en": ("Nile", "length", "What is the length of the Nile?"),
    "de": ("Nil", "Länge", "Was ist die Länge des Nil?"),
    "ru": ("Нил", "длина", "Нил: какая длина?"),
    "ar": ("النيل", "طول", "ما هو طول النيل؟"),
    "hi": ("नील", "लंबाई", "नील की लंबाई क्या है?"),
    "ja": ("ナイル川", "長さ", "ナイル川の長さは？"),
    "zh": ("尼罗河", "长度", "尼罗河的长度是多少？"),
}
LENGTH = '<urn:x:nile> <urn:x:length> "6650"'


class Faulty(Pipeline):
    """Does one stage wrong when it is to be done for real."""

    fault = ""

    def link(self, query: Query, dialogue: Dialogue) -> tuple[Link, ...]:
        return () if self.fault == "link" else super().link(query, dialogue)

    def retrieve(self, query: Query) -> tuple[Evidence, ...]:
        return () if self.fault == "retrieve" else super().retrieve(query)

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading:
        return Reading((), 0.0) if self.fault == "read" else super().read(query, evidence)


@pytest.mark.parametrize("language", NAMES)
def test_a_failed_turn_is_brought_back_to_its_stage(tmp_path: Path, language: str) -> None:
    rows = [
        *(
            {"subject": subject, "predicate": LABEL, "value": names[at], "language": code}
            for code, names in NAMES.items()
            for at, subject in enumerate(("urn:x:nile", "urn:x:length"))
        ),
        {"subject": "urn:x:nile", "predicate": "urn:x:length", "value": "6650"},
    ]
    asked = {
        "question": NAMES[language][2],
        "language": language,
        "answers": ["6650"],
        "relevant": [LENGTH],
        "answerable": True,
        "entities": ["urn:x:nile"],
    }
    dataset = load("jsonl", files.write(tmp_path / "own.jsonl", [*rows, asked]))
    index_dataset(dataset, tmp_path / "index", HashingEncoder())
    (conversation,) = dataset.conversations()
    found = {}
    for fault in ("", "link", "retrieve", "read"):
        encoder = HashingEncoder()
        index = Index.open(tmp_path / "index", encoder_id=encoder.id)
        pipeline = Faulty(index, encoder, name="set", k=10)
        pipeline.fault = fault
        item = SetConversation("own", conversation)
        (turn,) = ask_conversation(pipeline, item, attributed=True)
        pipeline.close()
        found[fault] = turn.trace.stage
        assert bool(turn.trace.stage) is (turn.metrics["answer_accuracy"] == 0.0)
    assert found == {"": "", "link": "link", "retrieve": "retrieve", "read": "read"}


def test_no_stage_is_blamed_where_the_sets_texts_do_not_answer(tmp_path: Path) -> None:
    texts = {"en": "I like tea.", "ja": "お茶が好きです。", "ru": "Я люблю чай."}
    rows = [{"document": f"d-{c}", "text": text, "language": c} for c, text in texts.items()]
    asked = [
        {"question": text, "answers": ["Quito"], "relevant": [f"d-{c}"], "language": c}
        for c, text in texts.items()
    ]
    bare = {"question": "What is the capital of Peru?", "answers": ["Lima"], "answerable": True}
    path = files.write(tmp_path / "own.jsonl", [*rows, *asked, bare])
    turns = run(load("jsonl", path), tmp_path / "index")
    assert [turn.trace.stage for turn in turns] == ["unknown"] * 4


def test_spans_and_names_without_an_entity_are_scored(tmp_path: Path) -> None:
    asked = {
        "question": "What is the length of the Nile in Borduria?",
        "mentions": [
            {"start": 26, "end": 30, "entity": "urn:x:nile"},
            {"start": 34, "end": 42, "entity": None},
        ],
    }
    dataset = load("jsonl", files.write(tmp_path / "own.jsonl", [*GRAPH[:3], asked]))
    (turn,) = run(dataset, tmp_path / "index")
    assert turn.metrics["link_f1"] == turn.metrics["link_recall"] == 1.0
    assert turn.metrics["nil_recall"] in (0.0, 1.0)
    assert turn.weights["nil_recall"] == 1.0


def test_an_index_follows_its_set(tmp_path: Path) -> None:
    path = files.write(tmp_path / "own.jsonl", [*ROWS, *GRAPH])
    encoder, folder = HashingEncoder(), tmp_path / "index"
    index_dataset(load("jsonl", path), folder, encoder)
    encoded = len(encoder.encoded)
    index_dataset(load("jsonl", path), folder, encoder)
    assert len(encoder.encoded) == encoded  # nothing is encoded again
    files.write(path, ROWS[:2])
    index_dataset(load("jsonl", path), folder, encoder)
    with pipeline_over(load("jsonl", path), folder) as pipeline:
        assert pipeline.index.passage_count == 2
        assert not pipeline.graph.entities


def test_a_sample_is_the_same_every_time_and_in_order(tmp_path: Path) -> None:
    dataset = load("jsonl", files.write(tmp_path / "own.jsonl", ROWS))
    every = [c.id for c in dataset.conversations()]
    drawn = {
        seed: [c.id for c in chosen(dataset.conversations(), 4, seed=seed)] for seed in range(9)
    }
    assert all(ids == [name for name in every if name in ids] for ids in drawn.values())
    assert all(len(ids) == 4 for ids in drawn.values())
    assert {name for ids in drawn.values() for name in ids} == set(every)
    again = [c.id for c in chosen(dataset.conversations(), 4, seed=3)]
    assert again == drawn[3]
    assert [c.id for c in chosen(dataset.conversations(), 99, seed=0)] == every
    turns, digest = counted(dataset.conversations())
    assert turns == dict.fromkeys(every, 1)
    assert digest != counted(chosen(dataset.conversations(), 4, seed=0))[1]


def test_retrieval_is_scored_at_several_depths() -> None:
    found = retrieval(["x", "a", "b"], {"a": 1.0, "c": 2.0})
    assert (found["recall@1"], found["recall@5"], found["mrr@10"]) == (0.0, 0.5, 0.5)
    assert found["map@10"] == 0.25


def test_short_and_long_answers_are_scored_alike_to_what_is_wanted() -> None:
    short = answer_quality("It is in Paris.", ["Paris"], "en")
    assert (short["answer_contains"], short["exact_match"]) == (1.0, 0.0)
    assert "rouge_l" not in short
    long = answer_quality(
        "It lies in the old city of Paris.", ["It lies in the city of Paris."], "en"
    )
    assert 0.5 < long["bleu"] < long["rouge_l"] < 1.0
    assert answer_quality("", [], "en") == {"exact_match": 1.0, "f1": 1.0}


@pytest.mark.parametrize(
    ("language", "said", "wanted", "other"),
    [
        (
            "en",
            "Orders of protection each have their own requirements.",
            "Yes. There are several orders of protection. Each has its requirements and steps.",
            "Yes. The court is open on Mondays. Bring your passport and the papers.",
        ),
        ("de", "Der Hafen wurde 1850 gebaut.", "Im Jahr 1850 wurde der Hafen hier gebaut.", "?"),
        ("ru", "Лодки покидают гавань утром.", "Рано утром лодки покидают нашу гавань.", "?"),
        ("ar", "تغادر القوارب الميناء صباحا", "في كل يوم تغادر القوارب الميناء صباحا.", "؟"),
        ("hi", "नावें सुबह बंदरगाह छोड़ती हैं", "हर दिन नावें सुबह बंदरगाह छोड़ती हैं।", "?"),
        ("ja", "漁船は夜明け前に港を出ます", "毎日、漁船は夜明け前に港を出ます。", "？"),
        ("zh", "渔船在日出之前离开港口", "每天渔船都在日出之前离开港口。", "？"),
    ],
)
def test_a_long_answer_is_right_that_says_a_wanted_sentence(
    language: str, said: str, wanted: str, other: str
) -> None:
    assert answer_quality(said, [wanted], language)["answer_accuracy"] == 1.0
    assert answer_quality(said, [other], language)["answer_accuracy"] == 0.0
    assert answer_quality("", [wanted], language)["answer_accuracy"] == 0.0


def test_a_rewrite_equal_to_a_wanted_one_is_perfect() -> None:
    asked = AskedTurn("1", "它什么时候建的？", rewrites=("长城什么时候建的？",))
    assert rewriting("长城什么时候建的？", asked, "zh") == pytest.approx(
        {"rewrite_rouge_l": 1.0, "rewrite_bleu": 1.0, "rewrite_recovery": 1.0}
    )
    assert rewriting(asked.question, asked, "zh")["rewrite_recovery"] == 0.0
