"""Word documents as Markdown: headings, lists and rows of tables stay what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convrag.errors import DocumentError
from convrag.text.formats import Extracted, Lines, one_line, row
from convrag.text.formats.archive import Archive, Budget
from convrag.text.formats.metadata import day, labels
from convrag.text.formats.tree import Element, parse_xml

_HEADING = re.compile(
    r"(?:heading|überschrift|titre|titolo|título|заголовок|标题|見出し)\s*(\d)", re.I
)
_LEFT_OUT = frozenset(
    ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "tblPr", "Fallback", "sectPr")
)
"""What was deleted, is an instruction, or repeats what is beside it."""
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}

_FORMULAS = {"f": ("num", "den", "/"), "sSup": ("e", "sup", "^"), "sSub": ("e", "sub", "_")}
"""Of a formula's two parts: their names, and what is written between them."""


def extract(data: bytes, budget: Budget) -> Extracted:
    """Return the text with its notes at the end, and what the document says of itself.

    Raises:
        DocumentError: The file is damaged, encrypted, or too large.
    """
    archive = Archive(data, budget)
    main = _main_part(archive)
    folder = main.rpartition("/")[0]
    body = parse_xml(archive.read(main)).first("body")
    if body is None:
        raise DocumentError("the document is damaged", hint="open it and save it again as .docx")
    writer = _Writer(_heading_levels(archive, f"{folder}/styles.xml"))
    writer.write(body)
    for notes in ("footnotes", "endnotes"):
        if f"{folder}/{notes}.xml" in archive:
            writer.write_notes(parse_xml(archive.read(f"{folder}/{notes}.xml")), notes[:-1])
    title, date, tags = core_properties(archive)
    return Extracted(writer.lines.text().strip(), title=title or writer.title, date=date, tags=tags)


def core_properties(archive: Archive) -> tuple[str, str, tuple[str, ...]]:
    """Return title, day and keywords that an Office document carries.

    The day is that of the last change by the author, else of the making.
    """
    if "docProps/core.xml" not in archive:
        return "", "", ()
    core = parse_xml(archive.read("docProps/core.xml"))
    found = {e.tag: one_line(e.text()) for e in core.every()}
    date = day(found.get("created", "")) or day(found.get("modified", ""))
    return found.get("title", ""), date, labels(found.get("keywords", ""))


def _main_part(archive: Archive) -> str:
    if "_rels/.rels" in archive:
        for relation in parse_xml(archive.read("_rels/.rels")).every("Relationship"):
            if relation.get("Type").endswith("/officeDocument"):
                return relation.get("Target").lstrip("/")
    return "word/document.xml"


def _heading_levels(archive: Archive, name: str) -> dict[str, int]:
    """Return the level of every style that is a heading; 0 is the document's title."""
    if name not in archive:
        return {}
    levels: dict[str, int] = {}
    based: dict[str, str] = {}
    for style in parse_xml(archive.read(name)).every("style"):
        key = style.get("styleId")
        names = {e.tag: e.get("val") for e in style.every("name", "basedOn", "outlineLvl")}
        found = _HEADING.match(names.get("name", ""))
        if found:
            levels[key] = int(found.group(1))
        elif names.get("name", "").lower() == "title":
            levels[key] = 0
        elif names.get("outlineLvl", "").isdigit():
            levels[key] = int(names["outlineLvl"]) + 1
        based[key] = names.get("basedOn", "")
    for key in based:
        above = key
        for _ in range(10):
            above = based.get(above, "")
            if above in levels:
                levels.setdefault(key, levels[above])
                break
    return levels


class _Writer:
    def __init__(self, levels: dict[str, int]) -> None:
        self.lines = Lines()
        self.title = ""
        self._levels = levels

    def write(self, element: Element) -> None:
        """Write the paragraphs and tables of ``element``, in order."""
        for child in element.elements():
            if child.tag == "p":
                self._paragraph(child)
            elif child.tag == "tbl":
                self._table(child)
            elif child.tag not in _LEFT_OUT:
                self.write(child)

    def write_notes(self, notes: Element, tag: str) -> None:
        """Write foot- or endnotes, without the lines that part them from the text."""
        for note in notes.every(tag):
            if note.get("type") in ("", "normal") and (text := one_line(_text(note))):
                self.lines.paragraph(text)

    def _paragraph(self, paragraph: Element) -> None:
        text = _text(paragraph).strip()
        if text:
            level = self._level(paragraph)
            if level == 0:
                self.title = self.title or one_line(text)
            if level is not None and level <= 6:
                self.lines.paragraph(f"{'#' * max(level, 1)} {one_line(text)}")
            elif _is_item(paragraph):
                self.lines.add(f"- {one_line(text)}")
            else:
                self.lines.add("")
                for line in text.splitlines():
                    self.lines.add(line.strip())
                self.lines.add("")
        for box in _boxes(paragraph):
            self.write(box)

    def _level(self, paragraph: Element) -> int | None:
        about = next((e for e in paragraph.elements() if e.tag == "pPr"), None)
        if about is None:
            return None
        for found in about.elements():
            if found.tag == "outlineLvl" and found.get("val").isdigit():
                return int(found.get("val")) + 1
            if found.tag == "pStyle" and found.get("val") in self._levels:
                return self._levels[found.get("val")]
        return None

    def _table(self, table: Element) -> None:
        self.lines.add("")
        for found in _within(table, "tr"):
            line = row([_text(cell, apart=" ") for cell in _within(found, "tc")])
            if line:
                self.lines.add(line)
        self.lines.add("")


def _is_item(paragraph: Element) -> bool:
    about = next((e for e in paragraph.elements() if e.tag == "pPr"), None)
    return about is not None and any(
        e.tag == "numPr" or (e.tag == "pStyle" and e.get("val").startswith("List"))
        for e in about.elements()
    )


def _within(element: Element, tag: str) -> Iterator[Element]:
    """Yield the ``tag`` elements of a table or row, also those in content controls."""
    for child in element.elements():
        if child.tag == tag:
            yield child
        elif child.tag not in (*_LEFT_OUT, "tc", "tr"):
            yield from _within(child, tag)


def _text(element: Element, *, apart: str = "\n") -> str:
    """Return the text of runs, fields, links and formulas; paragraphs are ``apart``."""
    parts: list[str] = []
    for child in element.elements():
        tag = child.tag
        if tag == "t":
            parts.append(child.text())
        elif tag in _SIGNS:
            parts.append(_SIGNS[tag])
        elif tag in _FORMULAS:
            first, second, between = _FORMULAS[tag]
            inner = {e.tag: _text(e, apart=apart) for e in child.elements()}
            parts.append(f"{inner.get(first, '')}{between}{inner.get(second, '')}")
        elif tag == "txbxContent" or tag in _LEFT_OUT:
            continue
        else:
            parts.append(_text(child, apart=apart))
            if tag in ("p", "tc"):
                parts.append(apart)
    return "".join(parts)


def _boxes(paragraph: Element) -> Iterator[Element]:
    """Yield the text boxes anchored in the paragraph."""
    for child in paragraph.elements():
        if child.tag == "txbxContent":
            yield child
        elif child.tag not in _LEFT_OUT:
            yield from _boxes(child)
