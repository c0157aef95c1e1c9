"""Every mention of the linking data is in its text, and its entity is in its pack's graph."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph, URIRef

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/data/linking"
HALVES = ("dev", "test")
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "ja", "pt", "ru", "zh")
KINDS = {
    "plain", "alias", "typo", "inflected", "transliterated", "other_script", "homonym", "nil",
    "nested",
}  # fmt: skip
ROWS: dict[str, list[dict[str, Any]]] = {
    half: [
        json.loads(line)
        for line in (FOLDER / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for half in HALVES
}
ALL = [row for half in HALVES for row in ROWS[half]]


@cache
def graph(pack: str) -> Graph:
    """The pack's graph."""
    return Graph().parse(ROOT / "kg" / pack / "graph.ttl", format="turtle")


def test_ids_are_unique_and_the_halves_share_no_text() -> None:
    assert max(Counter(row["id"] for row in ALL).values()) == 1
    assert max(Counter(row["text"] for row in ALL if not row.get("context")).values()) == 1
    texts = [{(row["text"], *row.get("context", ())) for row in ROWS[half]} for half in HALVES]
    assert not texts[0] & texts[1]


@pytest.mark.parametrize("pack", ["world", "helpdesk"])
def test_every_mention_is_in_the_text_and_every_entity_in_the_graph(pack: str) -> None:
    expand = graph(pack).namespace_manager.expand_curie
    for row in ALL:
        taken: list[range] = []
        for mention in row["mentions"] if row["pack"] == pack else []:
            assert mention["kind"] in KINDS, row
            start = mention.get("start", row["text"].find(mention["text"]))
            assert row["text"][start:].startswith(mention["text"]), row
            assert "start" in mention or row["text"].count(mention["text"]) == 1, row
            span = range(start, start + len(mention["text"]))
            assert not any(set(span) & set(other) for other in taken), row
            taken.append(span)
            assert (mention["kind"] != "nil") or mention["entity"] is None, row
            if mention["entity"] is not None:
                subject = URIRef(expand(mention["entity"]))
                assert (subject, None, None) in graph(pack), mention


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_kinds_and_rows_without_a_name(half: str, language: str) -> None:
    rows = [row for row in ROWS[half] if row["language"] == language]
    assert {m["kind"] for row in rows for m in row["mentions"]} == KINDS
    assert sum(not row["mentions"] for row in rows) >= 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_forty_mentions(language: str) -> None:
    assert sum(len(row["mentions"]) for row in ALL if row["language"] == language) >= 40
