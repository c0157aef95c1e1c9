from __future__ import annotations

import json
from pathlib import Path

import pytest

from convrag.sessions import SessionStore


@pytest.fixture
def session(run, opened, home: Path) -> str:
    """A kept conversation of two questions."""
    store = SessionStore(home / "sessions.sqlite")
    session = store.create(pack="world").id
    store.close()
    run("ask", "奥地利的首都是哪里？ \x1b[31m", "--session", session)
    run("ask", "And its rivers?", "--session", session)
    return session


def test_the_list_has_a_line_a_conversation(run, session: str) -> None:
    for arguments in (("sessions",), ("sessions", "list"), ("sessions", "list", "首都")):
        lines = run(*arguments).out.splitlines()
        assert len(lines) == 2
        assert lines[1].split("\t")[0] == session
        assert lines[1].split("\t")[2:4] == ["2", "world"]
        assert "奥地利的首都是哪里？" in lines[1]
        assert "\x1b" not in lines[1]
    assert len(run("sessions", "list", "nothing like it").out.splitlines()) == 1


def test_show_prints_questions_and_answers(run, session: str) -> None:
    said = run("sessions", "show", session[:5]).out
    assert said.index("> 奥地利") < said.index("The capital is Vienna") < said.index("> And its")
    assert "\x1b" not in said


def test_rename_delete_and_restore(run, session: str) -> None:
    assert run("sessions", "rename", session, "Wien & Donau").code == 0
    assert "Wien & Donau" in run("sessions").out
    gone = run("sessions", "delete", session)
    assert f"convrag sessions restore {session}" in gone.err
    assert session not in run("sessions").out
    assert run("sessions", "show", session).code == 4
    assert run("sessions", "restore", session).code == 0
    assert session in run("sessions").out


def test_export_goes_to_stdout_or_a_file(run, session: str, tmp_path: Path) -> None:
    said = run("sessions", "export", session)
    assert said.out.startswith("# 奥地利")
    path = tmp_path / "out.jsonl"
    assert run("sessions", "export", session, "-f", "jsonl", "-o", str(path)).out == ""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["id"] == session
    assert len(lines) == 3
    assert run("sessions", "export", session, "-f", "pdf").code == 2


@pytest.mark.parametrize("command", ["show", "rename", "delete", "restore", "export"])
def test_an_unknown_session_is_an_error(run, home, command: str) -> None:
    more = ("title",) if command == "rename" else ()
    done = run("sessions", command, "nope", *more)
    assert done.code == 4
    assert "error: " in done.err
    assert "hint: " in done.err
