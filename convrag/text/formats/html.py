"""The main text of a web page, and what the page says of itself."""

from __future__ import annotations

import re

from convrag.text.formats import Extracted, one_line
from convrag.text.formats.encoding import decode
from convrag.text.formats.metadata import day, labels
from convrag.text.formats.render import rendered
from convrag.text.formats.tree import Element, parse_html

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,100}encoding\s*=\s*[\"']([\w.:-]{2,40})")
_SHORT = 500
"""A page with less text than this has nothing around its main text."""
_LEAST_MAIN = 0.25
"""Share of the visible text that the main text has at least; a smaller part is not it."""
_DATE_NAMES = [
    "article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dcterms.date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "citation_publication_date",
    "publication_date",
    "pubdate",
    "date.created",
]
_TAG_NAMES = ("keywords", "news_keywords", "article:tag", "dc.subject", "dcterms.subject")
_JSON_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')


def extract(data: bytes) -> Extracted:
    """Return the main text of the page, and title, language, date and keywords it declares.

    The main text is what the page marks as such, or all that it shows, without navigation. Of a
    short page, or where that would leave next to nothing, all visible text is taken.

    Raises:
        DocumentError: The bytes are no text, or the page is too large.
    """
    page = parse_html(source(data))
    visible = rendered(page)
    text, pages = visible.text, visible.pages
    if len(text) >= _SHORT:
        main = rendered(_main(page, len(text)), whole=False)
        if len(main.text) >= _LEAST_MAIN * len(text):
            text, pages = main.text, main.pages
    metas = _metas(page)
    return Extracted(
        text,
        title=_title(page, metas),
        language=_language(page, metas),
        pages=pages,
        date=_date(page, metas),
        tags=labels([tag for name in _TAG_NAMES for v in metas.get(name, ()) for tag in labels(v)]),
    )


def source(data: bytes) -> str:
    """Return the markup of a page as text, in the encoding it declares or looks like.

    Raises:
        DocumentError: The bytes are no text.
    """
    declared = _CHARSET.search(data[:4096]) or _XML_ENCODING.match(data[:200])
    return decode(data, declared=declared.group(1).decode("ascii") if declared else "")


def _main(page: Element, length: int) -> Element:
    """Return the element that holds the main text; the page when none is marked."""
    marked = [e for e in page.every() if e.tag == "main" or e.get("role") == "main"]
    articles = list(page.every("article"))
    for found in (marked[:1], articles if len(articles) == 1 else []):
        if found and len(one_line(found[0].text())) >= _LEAST_MAIN * length:
            return found[0]
    return page


def _metas(page: Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for meta in page.every("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("itemprop")
        name = name or meta.get("http-equiv")
        if name and meta.get("content").strip():
            found.setdefault(name.strip().lower(), []).append(meta.get("content"))
    return found


def _title(page: Element, metas: dict[str, list[str]]) -> str:
    head = page.first("head") or page
    element = head.first("title")
    title = one_line(element.text()) if element else ""
    if not title:
        title = one_line(metas.get("og:title", [""])[0])
    if not title:
        heading = page.first("h1")
        title = one_line(heading.text()) if heading else ""
    return title[:300]


def _language(page: Element, metas: dict[str, list[str]]) -> str:
    html = page.first("html")
    return (html.get("lang") if html else "").strip() or metas.get("content-language", [""])[0]


def _date(page: Element, metas: dict[str, list[str]]) -> str:
    found = [value for name in _DATE_NAMES for value in metas.get(name, ())]
    for script in page.every("script"):
        if script.get("type") == "application/ld+json":
            found += _JSON_DATE.findall(script.text())
    found += [e.get("datetime") for e in page.every("time") if e.get("itemprop") == "datePublished"]
    return next((date for date in map(day, found) if date), "")
