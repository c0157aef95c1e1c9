"""Files are replaced whole, with the rights a new file gets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convrag.files import replace_file, replacing


@pytest.mark.parametrize("name", ["notes", "файл", "文件", "ملف", "फ़ाइल", "αρχείο", "ファイル"])
def test_a_file_is_replaced_and_nothing_else_left(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(b"old")
    replace_file(path, [name.encode(), b"!"])
    assert path.read_bytes() == name.encode() + b"!"
    assert list(tmp_path.iterdir()) == [path]


def test_it_has_the_rights_of_any_new_file(tmp_path: Path):
    plain = tmp_path / "plain"
    plain.touch()
    replace_file(tmp_path / "replaced", [b"x"])
    assert (tmp_path / "replaced").stat().st_mode == plain.stat().st_mode


def test_an_interrupt_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "notes"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fails_at_the_end_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "notes"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, [b"new"])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
