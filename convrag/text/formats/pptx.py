"""PowerPoint presentations: the slides' titles, text, tables and notes, a page a slide."""

from __future__ import annotations

import re
from posixpath import join, normpath

from convrag.errors import DocumentError
from convrag.text.formats import Extracted, Lines, one_line, row
from convrag.text.formats.archive import Archive, Budget
from convrag.text.formats.docx import core_properties
from convrag.text.formats.tree import Element, parse_xml
from convrag.types import Page

_SLIDE = re.compile(r"ppt/slides/slide(\d{1,6})\.xml")
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "dt", "ftr", "hdr", "sldImg")


def extract(data: bytes, budget: Budget) -> Extracted:
    """Return the slides in the order they are shown; titles are headings.

    Raises:
        DocumentError: The file is damaged, encrypted, or too large.
    """
    archive = Archive(data, budget)
    lines = Lines()
    pages: list[Page] = []
    names = _order(archive)
    if not names:
        raise DocumentError("no slides are in it", hint="open it and save it again as .pptx")
    for number, name in enumerate(names, start=1):
        lines.add("")
        start = lines.end
        _write(parse_xml(archive.read(name)), lines)
        notes = next((n for k, n in _relations(archive, name) if k == "notesSlide"), "")
        if notes in archive:
            lines.add("")
            _write(parse_xml(archive.read(notes)), lines)
        pages.append(Page(number, (min(start, lines.length), lines.length)))
    title, date, tags = core_properties(archive)
    if title.lower() == "powerpoint presentation":
        title = ""
    return Extracted(lines.text(), title=title, pages=tuple(pages), date=date, tags=tags)


def _order(archive: Archive) -> list[str]:
    """Return the names of the slides as the presentation lists them, else by number."""
    main = "ppt/presentation.xml"
    if main in archive:
        targets = {
            relation.get("Id"): _target(main, relation.get("Target"))
            for relation in _relationships(archive, main)
        }
        listed = [
            # The slide's own number has the same name as its reference, without its namespace.
            targets.get(value, "")
            for slide in parse_xml(archive.read(main)).every("sldId")
            for value in slide.attributes.values()
        ]
        if found := [name for name in listed if name in archive]:
            return found
    numbered = ((_SLIDE.fullmatch(info.filename), info.filename) for info in archive.members)
    return [name for _, name in sorted((int(m.group(1)), n) for m, n in numbered if m)]


def _relations(archive: Archive, name: str) -> list[tuple[str, str]]:
    """Return (kind, name) of the parts that a part refers to."""
    return [
        (r.get("Type").rpartition("/")[2], _target(name, r.get("Target")))
        for r in _relationships(archive, name)
    ]


def _relationships(archive: Archive, name: str) -> list[Element]:
    folder, _, file = name.rpartition("/")
    path = f"{folder}/_rels/{file}.rels"
    if path not in archive:
        return []
    return list(parse_xml(archive.read(path)).every("Relationship"))


def _target(name: str, target: str) -> str:
    return normpath(join("/", name.rpartition("/")[0], target)).lstrip("/")


def _write(slide: Element, lines: Lines) -> None:
    for shape in slide.every("sp", "graphicFrame"):
        holder = shape.first("ph")
        kind = holder.get("type") if holder else ""
        if kind in _FURNITURE:
            continue
        if table := shape.first("tbl"):
            lines.add("")
            for found in table.every("tr"):
                line = row([" ".join(_paragraphs(cell)) for cell in found.every("tc")])
                if line:
                    lines.add(line)
            lines.add("")
            continue
        paragraphs = _paragraphs(shape)
        if kind in _TITLES and paragraphs:
            lines.paragraph(f"# {' '.join(paragraphs)}")
            continue
        for text in paragraphs:
            lines.add(f"- {text}" if len(paragraphs) > 1 else text)
        lines.add("")


def _paragraphs(shape: Element) -> list[str]:
    found = []
    for paragraph in shape.every("p"):
        parts = [" " if e.tag == "br" else e.text() for e in paragraph.every("t", "br")]
        found.append(one_line("".join(parts)))
    return [text for text in found if text]
