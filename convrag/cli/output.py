"""Writing to the terminal: results to stdout, the rest to stderr, outside text made harmless."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, ConsoleRenderable

_SECONDS = 10.0
"""Between two lines of progress."""
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
    import re

    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    hidden = re.compile(
        "[\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ud800-\\udfff]"
    )
    sys.stdout.write(hidden.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
    sys.stdout.flush()


def write_file(path: Path, text: str) -> None:
    """Write a result to a file, whole or not at all.

    Raises:
        UsageError: It cannot be written there.
    """
    import tempfile

    from convrag.errors import UsageError

    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}", "name another file"
        ) from error


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
    )
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(start, total=1.0)

        def show(what: str, done: float) -> None:
            bar.update(task, description=_plain(what), completed=min(max(done, 0.0), 1.0))

        yield show


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


def _lines() -> Callable[[str, float], None]:
    shown, at = -1.0, 0.0

    def show(what: str, done: float) -> None:
        nonlocal shown, at
        now = time.monotonic()
        if not shown <= done < shown + 0.1 or now > at + _SECONDS:
            shown, at = done, now
            note(f"{what} ({min(max(done, 0.0), 1.0):.0%})")

    return show


def _no_color() -> bool:
    return bool(os.environ.get("NO_COLOR"))


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    from convrag.text.sanitize import plain

    return plain(text)
