"""OpenDocument texts as Markdown: headings, lists and rows of tables stay what they are."""

from __future__ import annotations

from convrag.errors import DocumentError
from convrag.text.formats import Extracted, Lines, one_line, row
from convrag.text.formats.archive import Archive, Budget
from convrag.text.formats.metadata import day, labels
from convrag.text.formats.tree import Element, parse_xml

_LEFT_OUT = frozenset(
    ("tracked-changes", "annotation", "annotation-end", "sequence-decls", "forms", "note-citation")
)
_MOST_SPACES = 64


def extract(data: bytes, budget: Budget) -> Extracted:
    """Return the text, and what the document says of itself.

    Raises:
        DocumentError: The file is damaged, encrypted, or too large.
    """
    archive = Archive(data, budget)
    if "META-INF/manifest.xml" in archive and b"encryption-data" in archive.read(
        "META-INF/manifest.xml"
    ):
        raise DocumentError("it needs a password", hint="save a copy without a password")
    body = parse_xml(archive.read("content.xml")).first("body")
    if body is None:
        raise DocumentError("the document is damaged", hint="open it and save it again as .odt")
    lines = Lines()
    _write(body, lines)
    found: dict[str, list[str]] = {}
    if "meta.xml" in archive:
        for element in parse_xml(archive.read("meta.xml")).every():
            found.setdefault(element.tag, []).append(one_line(element.text()))
    return Extracted(
        lines.text().strip(),
        title=found.get("title", [""])[0],
        language=found.get("language", [""])[0],
        date=day(found.get("creation-date", [""])[0]) or day(found.get("date", [""])[0]),
        tags=labels(found.get("keyword", [])),
    )


def _write(element: Element, lines: Lines, prefix: str = "") -> None:
    for child in element.elements():
        if child.tag == "h":
            level = child.get("outline-level")
            depth = min(int(level), 6) if level.isdigit() and level != "0" else 1
            if text := one_line(_text(child)):
                lines.paragraph(f"{'#' * depth} {text}")
        elif child.tag == "p":
            text = _text(child).strip()
            if text and prefix:
                lines.add(prefix + one_line(text))
            elif text:
                lines.paragraph(text)
            for box in child.every("text-box"):
                _write(box, lines)
        elif child.tag == "table":
            lines.add("")
            for found in child.every("table-row"):
                cells = [one_line(_text(c)) for c in found.elements() if c.tag == "table-cell"]
                if line := row(cells):
                    lines.add(line)
            lines.add("")
        elif child.tag == "list":
            _write(child, lines, "- ")
            if not prefix:
                lines.add("")
        elif child.tag not in _LEFT_OUT:
            _write(child, lines, prefix)


def _text(element: Element) -> str:
    parts: list[str] = []
    for child in element.children:
        if isinstance(child, str):
            parts.append(child)
        elif child.tag == "s":
            count = child.get("c")
            parts.append(" " * min(int(count) if count.isdigit() else 1, _MOST_SPACES))
        elif child.tag in ("tab", "line-break"):
            parts.append("\t" if child.tag == "tab" else "\n")
        elif child.tag == "note":
            parts.append(f" ({one_line(_text(child))})")
        elif child.tag not in _LEFT_OUT and child.tag != "text-box":
            parts.append(_text(child))
            parts.append(" " if child.tag in ("p", "h") else "")
    return "".join(parts)
