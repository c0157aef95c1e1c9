"""The term index: right hits, one state at a time, and damage that is seen."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from convrag.errors import IndexStoreError
from convrag.retrieval import term_files
from convrag.retrieval.terms import TermIndex, TermRecord, TermState, analysis_id
from convrag.text.analysis import query_terms
from tests.retrieval.samples import QUESTIONS, TEXTS

CODES = sorted(TEXTS)
MARK = "zebra"


def state(generation: int = 1, last: int = 0) -> TermState:
    return TermState("u", generation, last, analysis_id())


def record(number: int, text: str, language: str = "en", **more) -> TermRecord:
    return TermRecord(number, more.pop("title", ""), text, language, f"d{number}", **more)


def samples() -> list[TermRecord]:
    return [record(n, TEXTS[code], code) for n, code in enumerate(CODES)]


def asked(text: str, language: str = "en") -> dict[str, float]:
    return dict.fromkeys(query_terms(text, language), 1.0)


def found(index: TermIndex, text: str, language: str = "en", k: int = 5, **limits) -> list[int]:
    return [number for number, _ in index.search(asked(text, language), k=k, **limits)]


@pytest.fixture
def index(tmp_path: Path):
    index = TermIndex.open(tmp_path / "terms", writable=True)
    index.rebuild(samples(), state(last=len(CODES)))
    yield index
    index.close()


@pytest.mark.parametrize("language", CODES)
def test_a_question_finds_its_passage_in_every_script(index: TermIndex, language: str):
    hits = index.search(asked(QUESTIONS[language], language), k=5)
    assert hits[0][0] == CODES.index(language)
    assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0]))
    assert all(score > 0 for _, score in hits)


def test_a_new_folder_has_no_state_until_it_is_built(tmp_path: Path):
    with pytest.raises(IndexStoreError, match="repair"):
        TermIndex.open(tmp_path / "none", writable=False).search({"w:x": 1.0}, k=3)
    index = TermIndex.open(tmp_path / "terms", writable=True)
    assert index.state is None
    with pytest.raises(IndexStoreError, match="repair"):
        index.apply([], [], state())
    index.rebuild([], state())
    assert index.state == state()
    assert index.search({"w:x": 1.0}, k=3) == []
    assert index.numbers().tolist() == []
    index.close()
    index.close()


def test_a_change_and_its_state_come_together(index: TermIndex, tmp_path: Path):
    reader = TermIndex.open(tmp_path / "terms", writable=False)
    index.apply([record(50, "Lima lies on the Rímac")], [0, 1, 99], state(2, 50))
    assert index.state == state(2, 50)
    assert index.search({"w:rimac": 1.0}, k=3)[0][0] == 50
    assert index.numbers().tolist() == [*range(2, len(CODES)), 50]
    assert reader.state == state(last=len(CODES))
    assert reader.search({"w:rimac": 1.0}, k=3) == []
    assert reader.numbers().tolist() == list(range(len(CODES)))
    reader.refresh()
    assert reader.state == state(2, 50)
    assert reader.search({"w:rimac": 1.0}, k=3)[0][0] == 50
    reader.close()


def test_what_fails_half_way_changes_nothing(index: TermIndex):
    def failing():
        yield record(60, "half a change")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.apply(failing(), [0], state(2))
    with pytest.raises(KeyboardInterrupt):
        index.rebuild(failing(), state(3))
    assert index.state == state(last=len(CODES))
    index.apply([record(61, "a whole change")], [], state(2, 61))
    assert index.numbers().tolist() == [*range(len(CODES)), 61]
    assert index.search({"w:half": 1.0}, k=3) == []


def test_a_reader_cannot_write(index: TermIndex, tmp_path: Path):
    reader = TermIndex.open(tmp_path / "terms", writable=False)
    with pytest.raises(IndexStoreError, match="reading only"):
        reader.apply([], [], state(2))
    with pytest.raises(IndexStoreError, match="reading only"):
        reader.rebuild([], state(2))
    reader.close()
