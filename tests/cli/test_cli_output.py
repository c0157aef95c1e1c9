from __future__ import annotations

import json

import pytest

from convrag.cli import output
from convrag.errors import UsageError


def test_progress_without_a_terminal_is_a_line_a_tenth(capsys) -> None:
    with output.progress_bar("start") as show:
        for n in range(100):
            show(f"河{n}.md", n / 100)
        show("linking", 0.0)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) in (11, 12)
    assert lines[0] == "河0.md (0%)"
    assert lines[-1] == "linking (0%)"


def test_the_time_left_goes_by_the_work_done(capsys, monkeypatch) -> None:
    now = 100.0
    monkeypatch.setattr(output.time, "monotonic", lambda: now)
    with output.progress_bar("start") as show:
        for passed, done in [(0, 0.0), (2, 0.1), (30, 0.25), (60, 0.99), (61, 0.0), (7281, 0.5)]:
            now = 100.0 + passed
            show("港口", done)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "港口 (0%)",
        "港口 (10%)",  # too early to tell
        "港口 (25%, 1 min 30 s left)",
        "港口 (99%, 1 s left)",
        "港口 (0%)",  # new work
        "港口 (50%, 2 h 00 min left)",
    ]


def test_progress_on_a_terminal_takes_no_markup(capsys, monkeypatch) -> None:
    from rich.console import Console

    monkeypatch.setattr(
        output, "console", lambda: Console(stderr=True, markup=False, force_terminal=True, width=90)
    )
    with output.progress_bar("[bold]start") as show:
        show("[/red] [link=x]多瑙河\x1b]0;owned\x07.md", 2.5)
    said = capsys.readouterr().err
    assert "[/red] [link=x]多瑙河" in said
    assert "owned" not in said


@pytest.mark.parametrize(
    "text",
    ["Wien", "多瑙河", "نهر\u200e الدانوب", "नदी\u200d", "\x1b[31m", "\x9b31m", "\u2028", "\ud800"],
)
def test_json_is_faithful_and_harmless(capsys, text: str) -> None:
    output.say_json({"a": text})
    said = capsys.readouterr().out
    assert json.loads(said) == {"a": text}
    assert all(char.isprintable() or char == "\n" for char in said)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch) -> None:
    path = tmp_path / "out.json"
    output.write_file(path, "старое")
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(UsageError, match="disk full"):
        output.write_file(path, "новое")
    assert path.read_text(encoding="utf-8") == "старое"
    assert list(tmp_path.iterdir()) == [path]
