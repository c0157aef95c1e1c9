from __future__ import annotations

import subprocess
import sys

import pytest

from convrag import __version__

COMMANDS = {
    "chat": (), "ask": (), "index": (), "eval": (), "packs": (), "doctor": (), "train": (),
    "augment": (),
    "kg": ("stats", "search", "show", "path", "sparql", "export", "validate"),
    "sessions": ("list", "show", "rename", "delete", "restore", "export"),
}  # fmt: skip
EVERY = [(c,) for c in COMMANDS] + [(c, s) for c, subs in COMMANDS.items() for s in subs]


def test_help_lists_exactly_the_commands(run) -> None:
    done = run("--help")
    assert done.code == 0
    listed = done.out.split("Commands:")[1].splitlines()
    assert {line.split()[0] for line in listed if line.strip()} == set(COMMANDS)


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_command_has_help(run, command: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        done = run(*command, flag)
        assert done.code == 0
        assert f"Usage: convrag {' '.join(command)}" in done.out
    described = done.out.split("\n\n")[1].strip()
    assert described.split("\n")[0].endswith((".", ",")) or len(described) > 20


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_option_has_help(run, command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    options = done.out.split("Options:")[1].split("Commands:")[0].splitlines()
    for line in options:
        if line.strip().startswith("-"):
            assert len(line.split("  ")) > 2 or line.rstrip().endswith(("]", ">")), line


def test_version(run) -> None:
    done = run("--version")
    assert (done.code, done.out) == (0, f"convrag {__version__}\n")


def test_no_command_shows_help_and_a_wrong_one_fails(run) -> None:
    assert "Commands:" in (run().out + run().err)
    done = run("chta")
    assert done.code == 2
    assert "chta" in done.err
    assert done.out == ""


def test_an_error_is_one_line_with_a_hint(run, opened) -> None:
    done = run("ask", "boom")
    assert done.code == 5
    assert done.out == ""
    assert done.err.splitlines()[-2:] == [
        "error: the model broke badly",
        "hint: take another one",
    ]
    assert opened[0].closed


def test_an_interrupt_leaves_no_traceback(run, opened) -> None:
    done = run("ask", "interrupt")
    assert done.code == 130
    assert "Traceback" not in done.err
    assert opened[0].closed


def test_a_bug_is_one_line_unless_asked_for_more(run, opened, monkeypatch) -> None:
    done = run("ask", "bug")
    assert done.code == 70
    assert "Traceback" not in done.err
    assert "error: unexpected RuntimeError: a bug" in done.err
    monkeypatch.setenv("CONVRAG_DEBUG", "1")
    assert "Traceback" in run("ask", "bug").err


@pytest.mark.parametrize(
    ("variable", "value"), [("THREADS", "many"), ("THREADS", "-1"), ("K", "0")]
)
def test_a_bad_setting_is_named(run, opened, monkeypatch, variable: str, value: str) -> None:
    monkeypatch.setenv(f"CONVRAG_{variable}", value)
    done = run("ask", "q")
    assert done.code == 2
    assert variable.lower() in done.err
    assert opened == []


def test_a_closed_pipe_is_no_error() -> None:
    code = (
        "import sys; sys.argv = ['convrag', 'packs']; from convrag.cli.main import main;"
        "sys.stdin.read(); main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait(20)
    assert said == b""


def test_a_terminal_without_utf8_gets_what_it_can_show(packs, home) -> None:
    code = (
        "import sys; from pathlib import Path; import convrag.packs;"
        f"convrag.packs._data = lambda name: Path({str(packs)!r}) / name;"
        "sys.argv = ['convrag', 'packs']; from convrag.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert done.returncode == 0
    assert b"Kundendienst ??" in done.stdout
    assert done.stderr == b""
