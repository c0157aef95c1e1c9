"""Writing to the terminal: results to stdout, the rest to stderr, outside text made harmless."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, ConsoleRenderable

_SECONDS = 10.0
"""Between two lines of progress."""
_SETTLED = 3.0
"""Seconds of work before anything is said about the time it will take."""
_LEAST_SHARE = 0.005
_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""


def say(text: str = "", *, end: str = "\n") -> None:
    """Write a result to stdout at once."""
    sys.stdout.write(_plain(text) + end)
    sys.stdout.flush()


def show_on_stdout(item: ConsoleRenderable) -> None:
    """Draw a rich table or group on stdout; its strings must be free of markup and escapes."""
    from rich.console import Console

    width = None if stdout_is_terminal() else _WIDTH
    Console(markup=False, emoji=False, highlight=False, no_color=_no_color(), width=width).print(
        item
    )


def say_json(value: object) -> None:
    """Write a value as JSON to stdout; invisible and control characters are written as escapes."""
    import json

    with json_stdout() as stream:
        stream.write(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n")


@contextmanager
def json_stdout() -> Iterator[TextIO]:
    """Give a stream that writes JSON to stdout, hidden characters as escapes."""
    import io
    import re

    hidden = re.compile(
        "[\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ud800-\\udfff]"
    )

    class Escaping(io.TextIOBase):
        def write(self, text: str) -> int:
            sys.stdout.write(hidden.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
            return len(text)

    yield cast("TextIO", Escaping())
    sys.stdout.flush()


@contextmanager
def result_file(path: Path) -> Iterator[TextIO]:
    """Give a file to write to that becomes ``path`` when the block ends without an error.

    Raises:
        UsageError: It cannot be written there.
    """
    from convrag.errors import UsageError
    from convrag.files import replacing

    try:
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        hint = "name another file"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "free some disk space, or name a file on another disk"
        raise UsageError(f"{path}: cannot be written: {error.strerror}", hint) from error


def write_file(path: Path, text: str) -> None:
    """Write a result to a file, whole or not at all.

    Raises:
        UsageError: It cannot be written there.
    """
    with result_file(path) as file:
        file.write(text)


def note(text: str) -> None:
    """Write a remark to stderr."""
    sys.stderr.write(_plain(text) + "\n")
    sys.stderr.flush()


def stdout_is_terminal() -> bool:
    """Return whether a person reads stdout as it comes."""
    return sys.stdout.isatty()


def console() -> Console:
    """Return a console on stderr that takes no markup and heeds ``NO_COLOR``."""
    from rich.console import Console

    return Console(stderr=True, markup=False, emoji=False, highlight=False, no_color=_no_color())


@contextmanager
def progress_bar(start: str) -> Iterator[Callable[[str, float], None]]:
    """Yield a callback ``(what, done in 0..1)`` that draws one bar on stderr, gone at the end.

    Where stderr is no terminal there are lines instead: for every tenth, and every few seconds.
    """
    screen = console()
    if not screen.is_terminal:
        yield _lines()
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(markup=False),
        TextColumn("{task.fields[left]}", markup=False),
    )
    pace = _Pace()
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(start, total=1.0, left="")

        def show(what: str, done: float) -> None:
            done = min(max(done, 0.0), 1.0)
            bar.update(task, description=_plain(what), completed=done, left=pace.left(done))

        yield show


@contextmanager
def interruptible(state: str) -> Iterator[None]:
    """Say what ``state`` things are in when Ctrl-C ends the block."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"stopped: {state}")
        raise


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows to stdout: aligned columns for a person, tab-separated for a program."""
    if not stdout_is_terminal():
        for row in (header, *rows):
            say("\t".join(" ".join(cell.split()) for cell in row))
        return
    from rich.cells import cell_len

    clean = [[_plain(" ".join(cell.split())) for cell in row] for row in (header, *rows)]
    widths = [max(cell_len(row[i]) for row in clean) for i in range(len(header))]
    for row in clean:
        padded = (c + " " * (w - cell_len(c)) for c, w in zip(row, widths, strict=True))
        say("  ".join(padded).rstrip())


class _Pace:
    """Says how long work will still take, once there is something to go by."""

    def __init__(self) -> None:
        self._began, self._first, self._last = time.monotonic(), 0.0, 0.0

    def left(self, done: float) -> str:
        """Return the time left when ``done`` of 0..1 is done; a smaller share begins new work."""
        now = time.monotonic()
        if done < self._last:
            self._began, self._first = now, done
        self._last = done
        passed, share = now - self._began, done - self._first
        if passed < _SETTLED or share < _LEAST_SHARE or done >= 1:
            return ""
        seconds = round(passed / share * (1 - done))
        hours, minutes = seconds // 3600, seconds // 60 % 60
        if hours:
            return f"{hours} h {minutes:02} min left"
        return f"{minutes} min {seconds % 60:02} s left" if minutes else f"{seconds} s left"


def _lines() -> Callable[[str, float], None]:
    shown, at = -1.0, 0.0
    pace = _Pace()

    def show(what: str, done: float) -> None:
        nonlocal shown, at
        now = time.monotonic()
        left = pace.left(done)
        if not shown <= done < shown + 0.1 or now > at + _SECONDS:
            shown, at = done, now
            note(f"{what} ({min(max(done, 0.0), 1.0):.0%}{', ' + left if left else ''})")

    return show


def _no_color() -> bool:
    return bool(os.environ.get("NO_COLOR"))


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    from convrag.text.sanitize import plain

    return plain(text)
