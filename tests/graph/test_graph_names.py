"""The table of names: what it finds, and that its file can be trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convrag.graph.key_table import KeyTable
from convrag.graph.model import KnowledgeGraph
from convrag.graph.name_table import (
    ALIAS,
    LABEL,
    NAME_FILE,
    TAIL,
    NameTable,
    fingerprint_of,
    open_names,
    read_names,
    write_names,
)
from convrag.graph.romanize import alike, romanized, sounds
from convrag.graph.search import EntityIndex
from tests.graph.graph_text import EX, graph_of


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return graph_of("""
    ex:vena rdfs:label "Vienna"@en, "维也纳"@zh, "Вена"@ru, "فيينا"@ar, "वियना"@hi, "ウィーン"@ja,
        "เวียนนา"@th ; skos:altLabel "Wien Hauptstadt"@de ; ex:in ex:land .
    ex:land rdfs:label "Länder"@de ; skos:altLabel "US"@en .
    """)


def all_of(names: NameTable) -> list[tuple[str, str, str, int]]:
    return [
        (names.key(row), names.entity_id(names.entity(row)), names.language(row), names.kind(row))
        for row in range(names.rows)
    ]


def test_rows_say_whose_name_it_is_in_which_language(graph: KnowledgeGraph) -> None:
    found = all_of(NameTable.of_graph(graph))
    assert ("維也納" in str(found)) is False
    for key, language in [
        ("vienna", "en"),
        ("维也纳", "zh"),
        ("вена", "ru"),
        ("فيينا", "ar"),
        ("वियना", "hi"),
        ("ウィーン", "ja"),
        ("เวียนนา", "th"),
    ]:
        assert (key, EX + "vena", language, LABEL) in found
    assert ("wien hauptstadt", EX + "vena", "de", ALIAS) in found
    assert ("vena", EX + "vena", "", TAIL) in found
    assert [k for k, *_ in found] == sorted((k for k, *_ in found), key=str.encode)


def test_entities_are_numbered_by_their_ids(graph: KnowledgeGraph) -> None:
    names = NameTable.of_graph(graph)
    assert [names.entity_id(n) for n in range(len(names))] == sorted(graph.entities)
    assert all(names.number(e) == n for n, e in enumerate(sorted(graph.entities)))
    assert [names.degree(n) for n in range(len(names))] == [1, 1]


def test_stems_are_found_in_their_language_only(graph: KnowledgeGraph) -> None:
    names = NameTable.of_graph(graph)
    assert [names.key(r) for r in names.stemmed("land", "de")[0]] == ["lander"]
    assert names.stemmed("land", "en") == ([], True)


def test_a_table_comes_back_from_its_file(graph: KnowledgeGraph, tmp_path: Path) -> None:
    made = NameTable.of_graph(graph)
    write_names(tmp_path / NAME_FILE, made, "one")
    read = read_names(tmp_path / NAME_FILE, "one")
    assert read is not None
    assert all_of(read) == all_of(made)
    assert read.keys.near("viena", 3) == made.keys.near("viena", 3) != []
    one, two = EntityIndex(graph, read), EntityIndex(graph)
    for text in ("vie", "维也", "Вены", "hauptst", "viena", EX + "vena", "ウィ"):
        assert one.search(text, "ru", 5) == two.search(text, "ru", 5) != ()
    assert [p.name for p in tmp_path.iterdir()] == [NAME_FILE]


def test_a_file_of_another_graph_is_made_anew(graph: KnowledgeGraph, tmp_path: Path) -> None:
    open_names(graph_of('ex:a rdfs:label "Old"@en .'), tmp_path, "old")
    assert read_names(tmp_path / NAME_FILE, "new") is None
    assert all_of(open_names(graph, tmp_path, "new")) == all_of(NameTable.of_graph(graph))
    assert read_names(tmp_path / NAME_FILE, "new") is not None


@pytest.mark.parametrize("damage", ["byte", "short", "empty", "text", "head"])
def test_a_damaged_file_is_made_anew(graph: KnowledgeGraph, tmp_path: Path, damage: str) -> None:
    path = tmp_path / NAME_FILE
    open_names(graph, tmp_path, "x")
    data = bytearray(path.read_bytes())
    data[-2] ^= 0xFF
    path.write_bytes(
        {
            "byte": bytes(data),
            "short": path.read_bytes()[:-9],
            "empty": b"",
            "text": b"convrag names\nbut not really",
            "head": path.read_bytes().replace(b'"version": 2', b'"version": 1'),
        }[damage]
    )
    assert read_names(path, "x") is None
    assert all_of(open_names(graph, tmp_path, "x")) == all_of(NameTable.of_graph(graph))
    assert read_names(path, "x") is not None


def test_an_unwritable_folder_keeps_the_names_in_memory(
    graph: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr("convrag.files.Path.touch", refuse)
    assert all_of(open_names(graph, tmp_path, "x")) == all_of(NameTable.of_graph(graph))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(
    graph: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = open_names(graph, tmp_path, "old")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    assert len(open_names(graph, tmp_path, "new")) == len(old)
    assert read_names(tmp_path / NAME_FILE, "old") is not None
    assert [p.name for p in tmp_path.iterdir()] == [NAME_FILE]


def test_the_fingerprint_is_of_files_and_contents() -> None:
    one = fingerprint_of({"a": "1", "b": "2"})
    assert one == fingerprint_of({"b": "2", "a": "1"})
    assert len({one, fingerprint_of({"a": "1"}), fingerprint_of({"a": "1", "b": "3"})}) == 3


def test_what_begins_so_is_remembered_and_right() -> None:
    table = KeyTable((key, n) for n, key in enumerate(["ab", "abc", "b", "北京", "北京市"]))
    for _ in range(2):
        assert table.begun("a") == (-1, True)
        assert table.begun("ab") == (0, True)
        assert table.begun("北京") == (3, True)
        assert table.begun("b") == (2, True)
        assert table.begun("c") == (-1, False)
        assert table.begun("市") == (-1, False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Москва", "Moskva"),
        ("北京", "bei jing"),
        ("टोक्यो", "Tokyo"),
        ("Вена", "Vena"),
        ("Бейджин", "Beijing"),
        ("موسكو", "Moscow"),
        ("서울", "Seoul"),
        ("Αθήνα", "Athina"),
        ("Рэйчел Стивенс", "Rachel Stevens"),
        ("オンディーナ", "Ondina"),
    ],
)
def test_spellings_of_one_name_sound_alike(one: str, other: str) -> None:
    assert sounds(one) == sounds(other) != ""
    assert alike(one, other) >= 0.65


def test_names_that_differ_do_not_sound_alike() -> None:
    for one, other in [("Москва", "Vienna"), ("北京", "Tokyo"), ("서울", "Athens")]:
        assert sounds(one) != sounds(other)
    assert sounds("KX-200") == sounds("") == ""
    assert romanized("Fuji-yama 7") == "fujiyama7"
