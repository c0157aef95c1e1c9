"""Electronic books: the chapters in reading order, with the pages of the print where marked."""

from __future__ import annotations

from posixpath import join, normpath
from urllib.parse import unquote

from convrag.errors import DocumentError
from convrag.text.formats import Extracted, Lines, html, one_line
from convrag.text.formats.archive import Archive, Budget
from convrag.text.formats.metadata import day, labels
from convrag.text.formats.render import rendered
from convrag.text.formats.tree import Element, parse_html, parse_xml
from convrag.types import Page

_DAMAGED = "make the book again, or convert it to HTML"


def extract(data: bytes, budget: Budget) -> Extracted:
    """Return the book's chapters without its table of contents, and what it says of itself.

    Raises:
        DocumentError: The file is damaged, encrypted, or too large.
    """
    archive = Archive(data, budget)
    if "META-INF/encryption.xml" in archive and b"EncryptedData" in archive.read(
        "META-INF/encryption.xml"
    ):
        raise DocumentError("the book is encrypted", hint="get a copy without copy protection")
    root = parse_xml(archive.read("META-INF/container.xml")).first("rootfile")
    name = unquote(root.get("full-path")) if root else ""
    package = parse_xml(archive.read(name))
    lines = Lines()
    marks: list[tuple[int, int]] = []
    for chapter in _chapters(package, name):
        if chapter not in archive:
            continue
        found = rendered(parse_html(html.source(archive.read(chapter))))
        lines.add("")
        marks += [(page.number, lines.end + page.span[0]) for page in found.pages]
        for line in found.text.split("\n"):
            lines.add(line)
    text = lines.text().rstrip()
    ends = [*(at for _, at in marks[1:]), len(text)]
    about: dict[str, list[str]] = {}
    for element in (package.first("metadata") or package).every():
        about.setdefault(element.tag, []).append(one_line(element.text()))
    return Extracted(
        text,
        title=about.get("title", [""])[0],
        language=about.get("language", [""])[0],
        pages=tuple(Page(n, (at, end)) for (n, at), end in zip(marks, ends, strict=False)),
        date=day(about.get("date", [""])[0]),
        tags=labels(about.get("subject", [])),
    )


def _chapters(package: Element, name: str) -> list[str]:
    """Return the names of the chapters in reading order."""
    items = {item.get("id"): item for item in package.every("item")}
    found = [
        items[ref.get("idref")] for ref in package.every("itemref") if ref.get("idref") in items
    ]
    if not found:
        raise DocumentError("the book lists no chapters", hint=_DAMAGED)
    folder = name.rpartition("/")[0]
    return [
        normpath(join(folder, unquote(item.get("href"))))
        for item in found
        if "nav" not in item.get("properties").split()
    ]
