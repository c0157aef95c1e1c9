"""The main text of a web page."""

from __future__ import annotations

import contextlib
import importlib
import re
from html.parser import HTMLParser

from convrag.text.formats import Extracted
from convrag.text.formats.encoding import decode

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,100}encoding\s*=\s*[\"']([\w.:-]{2,40})")
_SHORT = 500
"""A page with less text than this has nothing around its main text."""
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "head"})
_BREAKS = frozenset(
    (
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    )
)


def extract(data: bytes) -> Extracted:
    """Return the main text of the page with its ``<title>`` and the language it declares.

    Of a short page, or where no main text can be told from the rest, all visible text is taken.

    Raises:
        DocumentError: The bytes are no text.
    """
    declared = _CHARSET.search(data[:4096]) or _XML_ENCODING.match(data[:200])
    page = decode(data, declared=declared.group(1).decode("ascii") if declared else "")
    parser = _VisibleText()
    # The standard parser asserts on some malformed declarations; what came before is kept.
    with contextlib.suppress(AssertionError):
        parser.feed(page)
        parser.close()
    visible = parser.text()
    main = _main_text(page)
    text = visible if len(visible) < _SHORT or len(main) * 4 < len(visible) else main
    return Extracted(text, title=parser.title(), language=parser.language)


def _main_text(page: str) -> str:
    """Return the page without navigation and the like; "" where that cannot be told apart."""
    from trafilatura import extract as main_text

    lxml_error: type[Exception] = importlib.import_module("lxml.etree").LxmlError

    try:
        found = main_text(page, include_comments=False, include_tables=True, favor_recall=True)
    except (lxml_error, LookupError, RecursionError, TypeError, ValueError, AttributeError):
        return ""
    return found or ""


class _VisibleText(HTMLParser):
    """Collects what a browser would show, a line a block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.language = ""
        self._parts: list[str] = []
        self._title: list[str] = []
        self._hidden: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.language = (dict(attrs).get("lang") or "").strip()
        elif tag == "title":
            self._in_title = not self._title
        elif tag == "body":
            self._hidden.clear()
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _BREAKS:
            self._parts.append("\n")
        elif tag in ("td", "th"):
            self._parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag in _BREAKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._title.append(data)
        elif not self._hidden:
            self._parts.append(data)

    def title(self) -> str:
        return " ".join("".join(self._title).split())

    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self._parts).split("\n"))
        return "\n".join(line for line in lines if line)
