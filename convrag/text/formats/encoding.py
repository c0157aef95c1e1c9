"""Bytes as text: byte order marks first, then UTF-8, then what the bytes look like."""

from __future__ import annotations

import codecs

from convrag.errors import DocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY_STARTS = (
    b"PK\x03\x04",
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x7fELF",
    b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0",
    b"7z\xbc\xaf",
    b"SQLite format 3",
)
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"
_SAMPLE = 1 << 16
_HINT = "save it as UTF-8 text"


def decode(data: bytes, *, declared: str = "") -> str:
    """Return ``data`` as text, without a byte order mark and with line ends as they are.

    Args:
        data: A whole file.
        declared: The encoding the file names itself, tried after marks; "" when it names none.

    Raises:
        DocumentError: The bytes are no text in any encoding that could be told.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    if data.startswith(_BINARY_STARTS):
        raise DocumentError("this is a binary file, not text", hint="convert it to text first")
    if b"\0" in data:
        return _wide(data)
    if declared:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeDecodeError):
            pass
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _guessed(data)
    sample = data[:_SAMPLE]
    if len(sample) - len(sample.translate(None, _CONTROLS)) > len(sample) // 50:
        raise DocumentError("this is a binary file, not text", hint="convert it to text first")
    return text


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(f"the text is not valid {encoding}", hint=_HINT) from error


def _wide(data: bytes) -> str:
    """Return UTF-16 or UTF-32 text without a mark; in the wrong byte order it mixes scripts."""
    best = ""
    fewest = 0
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        sample = text[:_SAMPLE]
        shown = sum(char.isprintable() or char.isspace() for char in sample)
        if shown < 0.98 * len(sample) or sum(char < "\x80" for char in sample) * 100 < len(sample):
            continue
        blocks = len({ord(char) >> 8 for char in sample})
        if not best or blocks < fewest:
            best, fewest = text, blocks
    if not best:
        raise DocumentError("this is a binary file, not text", hint="convert it to text first")
    return best


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[: _SAMPLE * 4]).best()
    if best is None:
        raise DocumentError("the encoding of the text cannot be told", hint=_HINT)
    text = data.decode(best.encoding, errors="replace")
    if text.count("\ufffd") > len(text) // 100:
        raise DocumentError("the encoding of the text cannot be told", hint=_HINT)
    return text
