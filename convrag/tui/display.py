"""Outside text made ready for the screen: sanitised, never markup."""

from __future__ import annotations

from textual.content import Content

from convrag.text.sanitize import plain
from convrag.types import Span

_LONG = 20_000  # more text than this in one widget makes the terminal slow and helps no reader


def shown(text: str) -> str:
    """Return ``text`` without anything but characters and line breaks, cut when absurdly long."""
    return plain(text[:_LONG]) + (" …" if len(text) > _LONG else "")


def one_line(text: str, limit: int = 200) -> str:
    """Return ``text`` sanitised on one line of at most ``limit`` characters."""
    line = " ".join(plain(text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def marked(text: str, span: Span, *, around: int = 600) -> Content:
    """Return ``text`` with ``span`` marked, and at most ``around`` characters on either side.

    An empty span marks nothing. The parts are sanitised one by one, so that the mark cannot shift.
    """
    start, end = max(0, span[0]), min(len(text), span[1])
    if start >= end:
        cut = text[: 2 * around]
        return Content(plain(cut) + (" …" if len(text) > len(cut) else ""))
    before, after = text[max(0, start - around) : start], text[end : end + around]
    return Content.assemble(
        "… " if start > around else "",
        plain(before),
        (plain(text[start:end]), "$mark"),
        plain(after),
        " …" if len(text) > end + around else "",
    )


def ago(then: float, now: float) -> str:
    """Return how long ago ``then`` was, in a few characters."""
    seconds = max(0.0, now - then)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def seconds(value: float) -> str:
    """Return a duration with a unit that keeps it short."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
