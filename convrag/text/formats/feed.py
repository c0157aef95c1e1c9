"""XML: the entries of a feed are documents; other data is one document of "name: value" lines."""

from __future__ import annotations

from collections.abc import Iterator

from convrag.errors import DocumentError
from convrag.text.formats import Extracted, Lines, Part, html, one_line
from convrag.text.formats.encoding import decode
from convrag.text.formats.metadata import day, labels
from convrag.text.formats.render import rendered
from convrag.text.formats.tree import Element, parse_html, parse_xml

_FEEDS = ("rss", "feed", "RDF")
_DATES = ("pubDate", "published", "issued", "date", "updated")
_BODIES = ("encoded", "content", "description", "summary")


def parts(data: bytes) -> Iterator[Part]:
    """Yield a part for every entry of an RSS or Atom feed; one for any other XML.

    Raises:
        DocumentError: It is not well-formed XML, or declares entities.
    """
    root = next(_root(data).elements(), None)
    if root is None:
        raise DocumentError("there is no text in it", hint="remove it, or give it text")
    if root.tag == "html":
        yield Part(data, content=html.extract(data))
    elif root.tag in _FEEDS and root.first("item", "entry"):
        yield from _entries(root)
    else:
        lines = Lines()
        _write(root, lines)
        title = next((one_line(e.text()) for e in root.elements() if e.tag == "title"), "")
        yield Part(
            data, content=Extracted(lines.text().strip(), title=title, language=root.get("lang"))
        )


def _root(data: bytes) -> Element:
    try:
        return parse_xml(data)
    except DocumentError:
        # Files that were converted still name the encoding they once had.
        text = decode(data)
        if "<!ENTITY" in text:
            raise
        return parse_xml(text)


def _entries(root: Element) -> Iterator[Part]:
    channel = root.first("channel") or root
    languages = (one_line(e.text()) for e in channel.elements() if e.tag == "language")
    language = next(languages, "") or root.get("lang")
    seen: set[str] = set()
    for number, entry in enumerate(root.every("item", "entry"), start=1):
        found: dict[str, list[Element]] = {}
        for element in entry.elements():
            found.setdefault(element.tag, []).append(element)
        bodies = [found[tag][0] for tag in _BODIES if tag in found]
        # The first is the fullest that is filled: a summary repeats it.
        text = next((shown for body in bodies if (shown := _shown(body))), "")
        own = next((one_line(e.text()) for t in ("guid", "id") for e in found.get(t, ())), "")
        suffix = f"#{own}" if own and own not in seen else f"[{number}]"
        seen.add(own)
        title = next((_inline(e) for e in found.get("title", ())), "")
        if not text and not title:
            continue
        dates = (day(one_line(e.text())) for t in _DATES for e in found.get(t, ()))
        tags = [e.get("term") or one_line(e.text()) for e in found.get("category", ())]
        yield Part(
            f"{title}\n{text}".encode("utf-8", "surrogatepass"),
            suffix,
            content=Extracted(
                text or title,
                title=title,
                language=entry.get("lang") or language,
                date=next((date for date in dates if date), ""),
                tags=labels(tags),
            ),
        )


def _shown(body: Element) -> str:
    """Return the text of an entry, which is HTML, escaped or not."""
    if next(body.elements(), None) is not None:
        return rendered(body).text
    return rendered(parse_html(body.text())).text if body.text().strip() else ""


def _inline(element: Element) -> str:
    return one_line(rendered(parse_html(element.text())).text) if element.text() else ""


def _write(element: Element, lines: Lines) -> None:
    """Add data: an element whose children hold plain text is a line, mixed text a paragraph."""
    children = list(element.elements())
    mixed = any(isinstance(child, str) and child.strip() for child in element.children)
    if mixed or not children:
        if text := one_line(element.text()):
            lines.paragraph(text if mixed and children else f"{element.tag}: {text}")
        return
    plain = [child for child in children if next(child.elements(), None) is None]
    values = [(child.tag, one_line(child.text())) for child in plain]
    values += [(name, value) for name, value in element.attributes.items() if len(plain) > 1]
    if line := "; ".join(f"{name}: {value}" for name, value in values if value):
        lines.paragraph(line)
    for child in children:
        if child not in plain:
            _write(child, lines)
