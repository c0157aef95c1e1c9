"""Markdown as it is written; front matter is read and left out of the text."""

from __future__ import annotations

import re

from convrag.text.formats import Extracted
from convrag.text.formats.metadata import day, labels, scalar

_FRONT = re.compile(
    r"---[ \t]*\r?\n(.{0,16384}?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.M
)
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def extract(text: str) -> Extracted:
    """Return the text after the front matter, with what the latter says of it.

    The title is the front matter's, else the first heading of level 1. Markup stays.
    """
    title = language = date = ""
    tags: tuple[str, ...] = ()
    front = _FRONT.match(text)
    if front:
        found = _mapping(front.group(1))
        if found is not None:
            text = text[front.end() :]
            title, language = (scalar(found.get(key)) for key in ("title", "language"))
            language = language or scalar(found.get("lang"))
            date = day(found.get("date"))
            tags = labels(found.get("tags")) or labels(found.get("keywords"))
    if not title:
        lines = _FENCE.sub("", text[:65536]).splitlines()
        title = next((name for level, name in map(heading_of, lines) if level == 1), "")
    return Extracted(text, title=title, language=language, date=date, tags=tags)


def heading_of(line: str) -> tuple[int, str]:
    """Return (level 1 to 6, text) of a ``#`` heading; (0, "") for any other line."""
    found = _HEADING.match(line)
    if found is None:
        return 0, ""
    name = found.group(2).rstrip()
    # Closing marks count only after a space: "## C#" is about C#.
    closed = name.rstrip("#")
    if closed != name and closed.endswith((" ", "\t")):
        name = closed.rstrip()
    return len(found.group(1)), name


def _mapping(block: str) -> dict[object, object] | None:
    """Return the YAML mapping in ``block``; None when it is none, so that it is text."""
    import yaml

    try:
        found = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
