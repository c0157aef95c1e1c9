"""Every development question is well formed, and an answerable one is answered by its pack."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph, Literal

from convrag.evaluation.dialogues import load_dialogues

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "tests/data/dev_questions.jsonl").read_text(encoding="utf-8").splitlines()
ROWS: list[dict[str, Any]] = [json.loads(line) for line in LINES]


@cache
def literals(pack: str) -> tuple[tuple[str | None, str], ...]:
    """Language and casefolded text of every literal in the pack's graph."""
    graph = Graph()
    graph.parse(ROOT / "kg" / pack / "graph.ttl", format="turtle")
    return tuple((o.language, str(o).casefold()) for o in graph.objects() if isinstance(o, Literal))


def graph_texts(pack: str, language: str) -> str:
    """The graph's literals in the language or in none, one a line."""
    return "\n".join(text for tag, text in literals(pack) if tag in (None, language))


@cache
def passage_texts(pack: str, language: str) -> str:
    """All passages of the pack in the language."""
    paths = (ROOT / "kg" / pack / "passages").glob(f"*.{language}.md")
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted(paths)).casefold()


def test_packs_and_languages_are_balanced() -> None:
    counts = Counter((row["pack"], row["language"]) for row in ROWS)
    assert len(counts) == 14
    for pack, least in (("helpdesk", 15), ("world", 4)):
        sizes = {n for (held, _), n in counts.items() if held == pack}
        assert len(sizes) == 1
        assert min(sizes) >= least
    assert 0.2 <= sum(not row["answerable"] for row in ROWS) / len(ROWS) <= 0.5


def test_questions_are_not_turns_of_the_dialogues() -> None:
    turns = {
        turn.user.casefold()
        for dialogue in load_dialogues([ROOT / "dialogues"])
        for turn in dialogue.turns
    }
    questions = [row["question"].casefold() for row in ROWS]
    assert len(set(questions)) == len(questions)
    assert not turns & set(questions)


def test_unanswerable_questions_expect_nothing() -> None:
    for row in ROWS:
        assert row["answerable"] == bool(row["contains_any"]) == (row["kind"] != "none")


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["answerable"]], ids=lambda row: row["question"]
)
def test_the_pack_holds_the_answer(row: dict[str, Any]) -> None:
    texts = graph_texts if row["kind"] == "graph" else passage_texts
    held = texts(row["pack"], row["language"])
    assert any(answer.casefold() in held for answer in row["contains_any"])
