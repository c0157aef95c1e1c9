"""What a browser shows of markup, as Markdown: headings, lists and rows of tables are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from convrag.text.formats import Lines, one_line, row
from convrag.text.formats.tree import Element
from convrag.types import Page

_HIDDEN = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "svg",
        "head",
        "title",
        "select",
        "option",
        "button",
        "input",
        "textarea",
        "iframe",
        "object",
        "rt",
        "rp",
        "annotation",
        "canvas",
        "audio",
        "video",
        "datalist",
    ]
)
_AROUND = frozenset(("nav", "footer", "aside", "dialog", "menu"))
_AROUND_ROLES = frozenset(
    [
        "navigation",
        "banner",
        "contentinfo",
        "complementary",
        "search",
        "menu",
        "menubar",
        "dialog",
        "toolbar",
    ]
)
_AROUND_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navbox|navigation|menu|sidebar|breadcrumbs?|cookies?|footer|share|"
    r"social|advert|ads|pagination|pager|skip|editsection|jump-link|noprint|catlinks|printfooter|"
    r"related|newsletter|popup|modal|toc|p-lang-btn)(?:$|[\s_-])",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "html",
        "legend",
        "main",
        "nav",
        "p",
        "section",
        "summary",
    ]
)
_SECTIONS = frozenset(("tbody", "thead", "tfoot"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CELL = 400
"""A table with a longer cell is one that lays out the page."""
_LINKS = 4
_LINKED = 0.8
"""So many links, and that share of the text in them, make a list of links."""


@dataclass(slots=True)
class Rendered:
    """Text with the pages of the printed book, where the markup has marks of them."""

    text: str
    pages: tuple[Page, ...]


def rendered(element: Element, *, whole: bool = True) -> Rendered:
    """Return what a browser shows of ``element``, as Markdown.

    Args:
        element: A page or part of one.
        whole: With all that lies around the main text.

    Raises:
        DocumentError: The text is too long.
    """
    # In what the page marks as its main text, a list of links is one of its subjects.
    marked = element.tag in ("main", "article") or element.get("role") == "main"
    writer = _Writer(whole, frozenset() if whole or marked else frozenset(_link_lists(element)))
    writer.write(element)
    writer.end_block()
    text = writer.lines.text().rstrip("\n")
    ends = [*(at for _, at in writer.marks[1:]), len(text)]
    pages = tuple(
        Page(number, (min(at, len(text)), min(end, len(text))))
        for (number, at), end in zip(writer.marks, ends, strict=False)
    )
    return Rendered(text, pages)


@dataclass(slots=True)
class _Writer:
    whole: bool
    links: frozenset[int]
    """Elements, by their identity, that are lists of links."""
    lines: Lines = field(default_factory=Lines)
    marks: list[tuple[int, int]] = field(default_factory=list)
    _inline: list[str] = field(default_factory=list)
    _prefix: str = ""
    """What goes before the first line of a list item."""
    _in_list: bool = False

    def write(self, element: Element) -> None:
        for child in element.children:
            if isinstance(child, str):
                self._inline.append(child)
            elif not self._left_out(child):
                self._element(child)

    def _left_out(self, element: Element) -> bool:
        get = element.attributes.get
        if element.tag in _HIDDEN or "hidden" in element.attributes:
            return True
        if get("style") and re.search(r"display\s*:\s*none", get("style", "")):
            return True
        if self.whole:
            return False
        if element.tag in _AROUND or get("role", "").lower() in _AROUND_ROLES:
            return True
        if element.tag in ("html", "body", "main", "article") or element.tag in _HEADINGS:
            return False
        names = f"{get('class', '')} {get('id', '')}"
        return bool(_AROUND_NAMES.search(names)) or id(element) in self.links

    def _element(self, element: Element) -> None:
        tag = element.tag
        self._mark(element)
        if tag in _HEADINGS:
            self._heading(element)
        elif tag == "br":
            self._end_line()
        elif tag == "pre":
            self.end_block()
            for line in element.text().strip("\r\n").splitlines():
                self.lines.add(line.rstrip())
            self.lines.add("")
        elif tag == "table":
            self._table(element)
        elif tag in ("ul", "ol"):
            self._list(element)
        elif tag in _BLOCKS or tag in ("tr", "td", "th", "li"):
            self.end_block()
            self.write(element)
            self.end_block()
        elif tag == "sup" and "reference" in element.get("class"):
            return
        else:
            self.write(element)

    def _mark(self, element: Element) -> None:
        kind = f"{element.get('type')} {element.get('role')}"
        if "pagebreak" not in kind:
            return
        number = element.get("title") or element.get("aria-label") or one_line(element.text())
        digits = re.search(r"\d{1,6}", number)
        if digits:
            self.end_block()
            element.children.clear()
            self.marks.append((int(digits.group()), self.lines.end))

    def _heading(self, element: Element) -> None:
        self.end_block()
        if inner := one_line(_shown(element, self._left_out)).strip("\u200b"):
            self.lines.paragraph(f"{'#' * _HEADINGS[element.tag]} {inner}")

    def _list(self, element: Element) -> None:
        nested = self._in_list
        self._in_list = True
        self.end_block(blank=not nested)
        number = 0
        for item in element.children:
            if isinstance(item, str):
                self._inline.append(item)
            elif not self._left_out(item):
                self._end_line()
                number += 1
                self._prefix = f"{number}. " if element.tag == "ol" else "- "
                self.write(item)
                self.end_block()
        self._prefix = ""
        self._in_list = nested
        self.end_block()

    def _table(self, table: Element) -> None:
        """Write the rows of a table; a row that only lays out the page is written cell by cell."""
        self.end_block()
        columns = max((sum(1 for _ in r.elements()) for r in _rows(table)), default=0)
        self._table_part(table, columns)
        self.lines.add("")

    def _table_part(self, part: Element, columns: int) -> None:
        for child in part.children:
            if isinstance(child, str):
                self._inline.append(child)
            elif self._left_out(child):
                continue
            elif child.tag in _SECTIONS:
                self._table_part(child, columns)
            elif child.tag == "tr":
                self._row(child, columns)
            else:
                self._element(child)
        self._end_line()

    def _row(self, element: Element, columns: int) -> None:
        laid_out = columns < 2 or element.first("table") is not None
        cells = (
            [] if laid_out else [one_line(_shown(c, self._left_out)) for c in element.elements()]
        )
        if laid_out or max(map(len, cells), default=0) > _CELL:
            self.write(element)
            self.end_block()
        elif line := row(cells):
            self._end_line()
            self.lines.add(line)

    def _end_line(self) -> None:
        text = one_line("".join(self._inline))
        self._inline.clear()
        if text:
            self.lines.add(self._prefix + text)
            self._prefix = ""

    def end_block(self, *, blank: bool = True) -> None:
        """End the paragraph that is being written."""
        self._end_line()
        if blank and not self._in_list:
            self.lines.add("")


def _shown(element: Element, left_out: Callable[[Element], bool]) -> str:
    """Return the text of ``element`` that is shown, blocks apart."""
    parts: list[str] = []
    for child in element.children:
        if isinstance(child, str):
            parts.append(child)
        elif not left_out(child) and not (child.tag == "sup" and "reference" in child.get("class")):
            apart = " " if child.tag in _BLOCKS or child.tag in ("br", "li", "ul", "ol") else ""
            parts += (apart, _shown(child, left_out), apart)
    return "".join(parts)


def _rows(table: Element) -> Iterator[Element]:
    """Yield the rows of ``table`` but not those of tables in it."""
    for child in table.elements():
        if child.tag == "tr":
            yield child
        elif child.tag in _SECTIONS:
            yield from (e for e in child.elements() if e.tag == "tr")


def _link_lists(page: Element) -> Iterator[int]:
    """Yield the identity of the blocks that are little but links, as menus are."""
    weights: dict[int, tuple[int, int, int]] = {}
    for element in reversed(list(page.every())):
        chars = sum(len(one_line(child)) for child in element.children if isinstance(child, str))
        linked = links = 0
        for child in element.elements():
            a, b, c = weights.pop(id(child))
            chars, linked, links = chars + a, linked + b, links + c
        if element.tag == "a":
            linked, links = chars, 1
        weights[id(element)] = (chars, linked, links)
        listed = element.tag in ("ul", "ol", "div", "p", "td") and links >= _LINKS
        if listed and linked >= _LINKED * chars:
            yield id(element)
