"""E-mail: a message and what is attached to it; mailboxes of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message

from convrag.errors import DocumentError
from convrag.text.formats import Extracted, Part, html, one_line
from convrag.text.formats.encoding import decode
from convrag.text.formats.metadata import day, labels
from convrag.text.formats.render import rendered
from convrag.text.formats.tree import parse_html

_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    HeaderParseError,
    LookupError,
    MessageError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What malformed messages make the parser raise, in headers above all."""
_MAX_WORK = 50_000_000
"""Multipart borders times lines: each line is compared with every border that is open."""
_LONGEST_HEADER = 8192
_FROM_LINE = re.compile(rb"^From [^\r\n]*\r?\n(?=[!-9;-~]+:)", re.MULTILINE)
_ENDINGS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
}


def messages(data: bytes) -> Iterator[Part]:
    """Yield every message of a mailbox (mbox) as a file.

    Raises:
        DocumentError: It is no mailbox.
    """
    starts = list(_FROM_LINE.finditer(data))
    if not starts:
        raise DocumentError("no messages are in it", hint="export the mailbox again as mbox")
    for number, start in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(data)
        message = re.sub(rb"^>(>*From )", rb"\1", data[start.end() : end], flags=re.MULTILINE)
        yield Part(message, f"[{number + 1}]", name="message.eml")


def parts(data: bytes) -> Iterator[Part]:
    """Yield the message itself, then its attachments as files.

    Raises:
        DocumentError: It is no message.
    """
    if data.count(b"boundary") * data.count(b"\n") > _MAX_WORK:
        raise DocumentError(
            "it has too many parts", hint="save the attachments and give them instead"
        )
    try:
        # The parser that understands headers by itself takes gigabytes for some of them.
        message = message_from_bytes(data)
        _drop_long_headers(message)
        bodies, attached = _sorted(message)
        text = "\n\n".join(filter(None, map(_body, bodies)))
        names = [_file_name(part, n) for n, part in enumerate(attached, start=1)]
        files = [_payload(part) for part in attached]
    except _BROKEN as error:
        raise DocumentError("the message is damaged", hint="export it again") from error
    headers = {key: _header(message, key) for key in ("From", "To", "Cc", "Date")}
    title, tags = _header(message, "Subject"), labels(_header(message, "Keywords"))
    if not text and not title and not headers["From"]:
        raise DocumentError("it is no e-mail message", hint="export it again as .eml")
    head = [f"{key}: {value}" for key, value in headers.items() if value]
    head += [f"Attachments: {', '.join(names)}"] if names else []
    yield Part(
        data,
        content=Extracted(
            "\n".join((*head, "", text or title)),
            title=title,
            language=_header(message, "Content-Language"),
            date=day(headers["Date"]),
            tags=tags,
        ),
    )
    seen: set[str] = set()
    for name, content in zip(names, files, strict=True):
        while name in seen:
            name = f"another {name}"
        seen.add(name)
        yield Part(content, f"!/{name}", name=name.replace("\\", "/").rpartition("/")[2])


def _drop_long_headers(message: Message) -> None:
    for part in message.walk():
        for name in ("Content-Type", "Content-Disposition", "Content-Transfer-Encoding"):
            if len(str(part.get(name, ""))) > _LONGEST_HEADER:
                del part[name]


def _header(message: Message, name: str) -> str:
    # As it stands in the file: what is not ASCII is otherwise lost.
    values = (str(value) for key, value in message.raw_items() if key.lower() == name.lower())
    return _unfolded(next(values, ""))


def _unfolded(value: str) -> str:
    """Return a header's text; what was never marked as encoded is read as any text is."""
    parts: list[str] = []
    try:
        for part, charset in decode_header(value[:_LONGEST_HEADER]):
            raw = part.encode("ascii", "surrogateescape") if isinstance(part, str) else part
            parts.append(decode(raw, declared=charset or "") if raw.strip() else " ")
    except (*_BROKEN, DocumentError):
        return one_line(value[:_LONGEST_HEADER])
    return one_line("".join(parts))


def _sorted(message: Message) -> tuple[list[Message], list[Message]]:
    """Return (parts that are the message's text, parts that are files).

    Of alternatives the plainest is the text.
    """
    bodies: list[Message] = []
    files: list[Message] = []
    stack: list[Message] = [message]
    while stack:
        part = stack.pop()
        kind = part.get_content_type()
        inner = [p for p in _inner(part) if isinstance(p, Message)]
        if kind == "message/rfc822" or part.get_content_disposition() == "attachment":
            files.append(part)
        elif kind == "multipart/alternative" and inner:
            plain = [p for p in inner if p.get_content_type() == "text/plain" and _body(p)]
            stack.append((plain or inner[-1:])[0])
        elif kind == "multipart/related" and inner:
            stack.append(inner[0])
            files += inner[1:]
        elif inner:
            stack.extend(reversed(inner))
        elif kind in ("text/plain", "text/html") and not part.get_filename():
            bodies.append(part)
        else:
            files.append(part)
    return bodies, files


def _inner(part: Message) -> list[object]:
    found = part.get_payload()
    return list(found) if isinstance(found, list) else []


def _payload(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        inner = part.get_payload()
        first = inner[0] if isinstance(inner, list) else inner
        return first.as_bytes() if isinstance(first, Message) else b""
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _body(part: Message) -> str:
    data = _payload(part)
    if not data.strip():
        return ""
    declared = str(part.get_param("charset") or "")
    try:
        if part.get_content_type() == "text/html":
            page = decode(data, declared=declared) if declared else html.source(data)
            return rendered(parse_html(page)).text
        return decode(data, declared=declared).replace("\r\n", "\n").strip()
    except DocumentError:
        return ""


def _file_name(part: Message, number: int) -> str:
    name = _unfolded(part.get_filename() or "")
    if name:
        return name
    if part.get_content_type() == "message/rfc822":
        return f"message-{number}.eml"
    return f"attachment-{number}{_ENDINGS.get(part.get_content_type(), '')}"
