"""Markup as a small tree: elements, attributes, text. Nothing outside the file is ever read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from convrag.errors import DocumentError

MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 100
"""Elements further down are only their text: what a document says does not hang on them."""
_UNSHOWN = ("script", "style")


class Element:
    """An element; ``tag`` and the names of attributes are without their namespace.

    Of two attributes that are then called the same, the second has a colon before its name.
    """

    __slots__ = ("attributes", "children", "tag")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element | str] = []

    def get(self, name: str) -> str:
        """Return the value of an attribute; "" when there is none."""
        return self.attributes.get(name, "")

    def elements(self) -> Iterator[Element]:
        """Yield the elements in this one, not those further down."""
        return (child for child in self.children if isinstance(child, Element))

    def every(self, *tags: str) -> Iterator[Element]:
        """Yield the elements at any depth, in order; only those with one of ``tags`` if given."""
        stack = list(reversed(list(self.elements())))
        while stack:
            element = stack.pop()
            if not tags or element.tag in tags:
                yield element
            stack.extend(reversed(list(element.elements())))

    def first(self, *tags: str) -> Element | None:
        """Return the first element at any depth with one of ``tags``."""
        return next(self.every(*tags), None)

    def text(self) -> str:
        """Return all text in the element."""
        parts: list[str] = []
        stack: list[Element | str] = [self]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                parts.append(item)
            else:
                stack.extend(reversed(item.children))
        return "".join(parts)


class _Builder:
    """Makes the tree from the events of a parser."""

    def __init__(self) -> None:
        self._root = Element("", {})
        self._open = [self._root]
        self._depth = 0
        self._count = 0
        self._unshown = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        self._depth += 1
        if self._count > MAX_ELEMENTS:
            raise DocumentError(
                f"it has more than {MAX_ELEMENTS} elements", hint="split it into smaller files"
            )
        if self._depth > MAX_DEPTH:
            self._unshown += tag in _UNSHOWN
            self._open[-1].children.append(" ")
            return
        named: dict[str, str] = {}
        for key, value in attributes.items():
            name = _local(key)
            named[f":{name}" if name in named else name] = value
        element = Element(_local(tag), named)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, tag: str) -> None:
        if self._depth <= MAX_DEPTH:
            self._open.pop()
        else:
            self._unshown -= tag in _UNSHOWN
        self._depth -= 1

    def data(self, text: str) -> None:
        if not self._unshown:
            self._open[-1].children.append(text)

    def close(self) -> Element:
        return self._root


def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


def parse_html(page: str) -> Element:
    """Return the tree of a web page however broken; its root has no tag.

    Raises:
        DocumentError: It has too many elements.
    """
    from lxml import etree

    parser = etree.HTMLParser(target=_Builder(), encoding="utf-8", no_network=True)
    try:
        parser.feed(page.encode("utf-8", errors="replace"))
        root: Element = parser.close()
    except etree.LxmlError as error:
        raise DocumentError("the page is damaged", hint="save it again as HTML") from error
    return root


def parse_xml(data: bytes | str) -> Element:
    """Return the tree of an XML document; its root has no tag and holds the outermost element.

    Entities other than XML's own five are refused, whether declared in the file or outside of it.

    Raises:
        DocumentError: It is not well-formed, declares entities, or has too many elements.
    """
    from lxml import etree

    if isinstance(data, str):
        # The declared encoding was that of the bytes.
        data = data.encode("utf-8", errors="replace")
        encoding: str | None = "utf-8"
    else:
        encoding = None
    parser = etree.XMLParser(
        target=_Builder(),
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    if b"<!ENTITY" in data or b"<!\0E\0N\0T" in data:
        raise DocumentError(
            "it declares XML entities, which are not read", hint="save it without a DTD"
        )
    try:
        parser.feed(data)
        root: Element = parser.close()
    except etree.LxmlError as error:
        reason = str(error).partition(",")[0] or "it breaks off"
        raise DocumentError(f"not well-formed XML: {reason}", hint="correct it") from error
    return root
