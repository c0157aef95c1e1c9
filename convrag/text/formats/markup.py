"""Light markup other than Markdown, with its headings written as Markdown's; the rest stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from convrag.text.formats import Extracted
from convrag.text.formats.metadata import day, labels

_RULE = re.compile(r"([=\-`:.'\"~^_*+#])\1+\s*\Z")
_RST_FIELD = re.compile(r":(\w+):[ \t]+(\S.*)")
_ORG_FIELD = re.compile(r"#\+(\w+):[ \t]*(\S.*)", re.IGNORECASE)
_ORG_DRAWER = re.compile(r"^[ \t]*:[A-Z]+:.*?^[ \t]*:END:[ \t]*\n?", re.DOTALL | re.MULTILINE)
_ADOC_FIELD = re.compile(r":(\w+):[ \t]+(\S.*)")
_ORG_HEADING = re.compile(
    r"(\*{1,6})[ \t]+(?:(?:TODO|DONE)[ \t]+)?(.*?)(?:[ \t]+:[\w@:]+:)?[ \t]*\Z"
)
_ADOC_HEADING = re.compile(r"(={1,6})[ \t]+(\S.*)")


def restructured(text: str) -> Extracted:
    """Return reStructuredText; the order in which underlines appear gives the headings' levels."""
    lines = text.splitlines()
    levels: dict[str, int] = {}
    out: list[str] = []
    fields: dict[str, str] = {}
    number = 0
    while number < len(lines):
        line = lines[number]
        below = lines[number + 1] if number + 1 < len(lines) else ""
        over = _RULE.match(line) and _underlines(lines[number + 1 : number + 3])
        field = _RST_FIELD.match(line)
        if over or _underlines([line, below]):
            name = below.strip() if over else line.strip()
            style = f"over{line[0]}" if over else below[0]
            level = min(levels.setdefault(style, len(levels) + 1), 6)
            out.append(f"{'#' * level} {name}")
            number += 3 if over else 2
            continue
        if field and len(out) < 20:
            fields.setdefault(field.group(1).lower(), field.group(2))
        out.append(line)
        number += 1
    return _extracted(out, fields)


def _underlines(pair: list[str]) -> bool:
    """Whether the second line is a rule as long as the first, which is no rule itself."""
    if len(pair) < 2 or not pair[0].strip() or pair[0][0].isspace() or _RULE.match(pair[0]):
        return False
    return bool(_RULE.match(pair[1])) and len(pair[1].rstrip()) >= len(pair[0].rstrip())


def org(text: str) -> Extracted:
    """Return an Org file without drawers and settings."""
    fields: dict[str, str] = {}
    out: list[str] = []
    for line in _ORG_DRAWER.sub("", text).splitlines():
        field = _ORG_FIELD.match(line)
        if field:
            fields.setdefault(field.group(1).lower(), field.group(2))
            continue
        out.append(_heading(_ORG_HEADING.match(line)) or line)
    tags = fields.pop("filetags", "").strip(":").replace(":", ",")
    return _extracted(out, {**fields, "keywords": fields.get("keywords") or tags})


def asciidoc(text: str) -> Extracted:
    """Return an AsciiDoc file without comments, attributes and the frames of tables."""
    fields: dict[str, str] = {}
    out: list[str] = []
    for line in text.splitlines():
        field = _ADOC_FIELD.match(line)
        if field:
            fields.setdefault(field.group(1).lower(), field.group(2))
        elif not line.startswith(("//", "|===")):
            out.append(_heading(_ADOC_HEADING.match(line)) or line)
    return _extracted(out, {"date": fields.pop("revdate", ""), **fields})


def _heading(found: re.Match[str] | None) -> str:
    return f"{'#' * len(found.group(1))} {found.group(2)}" if found else ""


def _extracted(lines: list[str], fields: Mapping[str, str]) -> Extracted:
    return Extracted(
        "\n".join(lines).strip() + "\n",
        title=fields.get("title", "") or next(_first_headings(lines), ""),
        language=fields.get("language", "") or fields.get("lang", ""),
        date=day(fields.get("date", "").strip("<>[]")),
        tags=labels(fields.get("keywords", "")) or labels(fields.get("tags", "")),
    )


def _first_headings(lines: list[str]) -> Iterator[str]:
    return (line[2:].strip() for line in lines if line.startswith("# "))
