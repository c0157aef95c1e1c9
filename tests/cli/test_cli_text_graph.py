"""``convrag kg`` over a graph that was built from the documents' texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convrag.indexing import build_index
from convrag.models.scripted import HashEncoder

TEXT = "# Varnia\n\nCapital: Ostholm\n\nVarnia borders Belsk, and old songs praise Tarnov.\n"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "v.md").write_text(TEXT, encoding="utf-8")
    into = tmp_path / "index"
    build_index(
        [tmp_path / "v.md"],
        into,
        HashEncoder(32),
        root=tmp_path,
        languages=["en"],
        graph_from_text=True,
    )
    return into


def test_show_has_the_sentence_under_each_fact(run, index) -> None:
    done = run("kg", "show", "Varnia", "--index", str(index), "-l", "en")
    assert done.code == 0
    assert "0.95 “Capital: Ostholm”" in done.out
    assert "[v.md]" in done.out
    assert "~ named together with: Belsk" in done.out


def test_show_gives_the_places_as_json(run, index) -> None:
    done = run("kg", "show", "Varnia", "--index", str(index), "-l", "en", "--json")
    facts = {fact["label"]: fact for fact in json.loads(done.out)["facts"]}
    (said,) = facts["capital"]["said"]
    assert TEXT[slice(*said["span"])] == said["sentence"] == "Capital: Ostholm"
    assert (said["source"], said["rule"]) == ("v.md", "name")
    assert facts["neighbour"]["said"][0]["rule"] == "template"


def test_stats_count_facts_from_texts_apart(run, index) -> None:
    done = run("kg", "stats", "--index", str(index), "-l", "en")
    assert "facts from texts" in done.out
    numbers = json.loads(run("kg", "stats", "--index", str(index), "--json").out)
    assert numbers["facts_from_texts"] == 4
    assert numbers["facts"] == 2
