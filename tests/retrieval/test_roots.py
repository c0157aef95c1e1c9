"""What an index remembers of the files and folders it was made from."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from convrag.errors import IndexStoreError
from convrag.retrieval import roots as remembered
from convrag.retrieval.roots import Roots, within
from convrag.text.documents import source_name

NAMES = ("notes", "资料", "заметки", "ملاحظات", "टिप्पणियाँ", "ノート", "σημειώσεις")


def put(tmp_path: Path, *names: str) -> list[Path]:
    made = []
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix:
            path.write_text("text", encoding="utf-8")
        else:
            path.mkdir(exist_ok=True)
        made.append(path)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_a_source_is_called_as_its_folder_was_given_and_is_found_again(tmp_path, name) -> None:
    (folder,) = put(tmp_path, name)
    roots = Roots()
    roots.add(folder, name)
    for rest in ("/a.md", "/deep/b.zip!/c/d.txt", "/x.jsonl#7/8"):
        full = source_name(folder) + rest
        assert roots.named(full) == name + rest
        assert roots.located(name + rest) == full
    assert roots.named("/elsewhere/a.md") == "/elsewhere/a.md"
    assert roots.located("other/a.md") is None


def test_the_current_folder_has_no_name(tmp_path) -> None:
    roots = Roots()
    roots.add(tmp_path, ".")
    assert roots.named(f"{source_name(tmp_path)}/a.md") == "a.md"
    assert roots.located("a.md") == f"{source_name(tmp_path)}/a.md"
    assert roots.located("../a.md") is None


def test_two_folders_of_one_name_stay_apart(tmp_path) -> None:
    first, second, inner = put(tmp_path, "a/notes", "b/notes", "c/notes/old")
    roots = Roots()
    assert roots.add(first, "notes").name == "notes"
    assert roots.add(second, "notes").name == source_name(second)
    assert roots.add(inner, "notes/old").name == source_name(inner)
    outer = tmp_path / "d"
    outer.mkdir()
    assert roots.add(outer, ".").name == source_name(outer)  # else its notes/ were the first's


def test_what_lies_in_a_known_folder_is_called_as_there_however_it_is_given(tmp_path) -> None:
    folder, inside, hidden = put(tmp_path, "notes", "notes/a.md", "notes/.draft.md")
    roots = Roots()
    roots.add(folder, "notes")
    assert roots.add(inside, "../x/a.md").name == "notes/a.md"
    assert [root.name for root in roots] == ["notes"]  # a walk through the folder finds it
    roots.add(hidden, source_name(hidden))
    assert [root.name for root in roots] == ["notes", "notes/.draft.md"]


def test_a_file_holds_its_records_but_not_what_only_begins_alike(tmp_path) -> None:
    (lines,) = put(tmp_path, "faq.jsonl")
    roots = Roots()
    roots.add(lines, "faq.jsonl")
    place = source_name(lines)
    assert roots.located("faq.jsonl:3") == f"{place}:3"
    assert roots.located("faq.jsonl#über/1") == f"{place}#über/1"
    assert roots.located("faq.jsonl.bak") is None
    assert roots.located("faq.jsonl/a") is None


def test_they_are_kept_with_names_that_are_not_utf8(tmp_path) -> None:
    folder = tmp_path / os.fsdecode(b"gr\xe4ph")
    folder.mkdir()
    roots = Roots()
    roots.add(folder, source_name(Path(folder.name)), ("de", "zh"))
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    assert not list(remembered.load(connection))
    remembered.store(connection, roots)
    (kept,) = remembered.load(connection)
    assert (kept.path, kept.folder, kept.languages) == (folder, True, ("de", "zh"))
    connection.execute("UPDATE meta SET value = '[1'")
    with pytest.raises(IndexStoreError, match="cannot be read"):
        remembered.load(connection)
    connection.close()


def test_within_goes_by_whole_names() -> None:
    assert within("a/b.zip!/c.txt", {"a/b.zip"})
    assert within("a/b.txt", {"a"})
    assert within("/a", {"/"})
    assert not within("ab/c.txt", {"a"})
    assert not within("a", {"a/b.txt"})
