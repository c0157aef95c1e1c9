"""Bytes as text: byte order marks first, then UTF-8, then what the bytes look like."""

from __future__ import annotations

import base64
import binascii
import codecs
import re

from convrag.errors import DocumentError
from convrag.text.formats.charsets import ENCODINGS, told

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
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_jp": "euc_jis_2004",
    "iso2022_jp": "iso2022_jp_ext",
}
"""What is meant where an encoding is named: the larger set that writers use (WHATWG Encoding)."""
_LABELS = {
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "visual": "iso8859_8",
    "logical": "iso8859_8",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-cp1252": "cp1252",
}
_NAMEABLE = frozenset(ENCODINGS) | {f"iso8859_{part}" for part in (3, 4, 10, 13, 14, 16)}
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"
_SAMPLE = 1 << 16
_HINT = "save it as UTF-8 text"
_TWICE = re.compile("[\x80-\xff]+")
_CONTROL = re.compile("[\x80-\x9f]")
_ARMOUR = re.compile(r"(?:[A-Za-z0-9+/]{4,76}\r?\n)*[A-Za-z0-9+/]{4,76}={0,2}\s*\Z")
_LEAST_ARMOUR = 40
_HEBREW = frozenset(("iso8859_8", "cp1255", "cp862"))
_FINAL_FIRST = re.compile("(?<![\u05d0-\u05ea])[ךםןףץ](?=[\u05d0-\u05ea])")
_FINAL_LAST = re.compile("(?<=[\u05d0-\u05ea])[ךםןףץ](?![\u05d0-\u05ea])")
_LEFT_TO_RIGHT = re.compile(r"[A-Za-z0-9](?:[\x21-\x7e ]*[A-Za-z0-9%])?")
_MIRRORED = str.maketrans("()[]{}<>", ")(][}{><")


def decode(data: bytes, *, declared: str = "") -> str:
    """Return ``data`` as text, without a byte order mark and with line ends as they are.

    Text that is UTF-8 is read as such whatever it declares, for other text is so by no accident.

    Args:
        data: A whole file.
        declared: The encoding the file names itself; "" when it names none.

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
    text = _narrow(data, _codec(declared))
    sample = data[:_SAMPLE]
    if len(sample) - len(sample.translate(None, _CONTROLS)) > len(sample) // 50:
        raise DocumentError("this is a binary file, not text", hint="convert it to text first")
    return text


def unarmoured(text: str) -> str:
    """Return what a text that is all Base64, as mail was once sent, stands for; else the text."""
    if len(text) < _LEAST_ARMOUR or not _ARMOUR.match(text):
        return text
    if not all(any(test(c) for c in text) for test in (str.isupper, str.islower, str.isdigit)):
        return text
    packed = "".join(text.split()).rstrip("=")
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
        found = decode(data)
    except (binascii.Error, DocumentError):
        return text
    return found if found.isprintable() or "\n" in found else text


def _codec(declared: str) -> str:
    """Return the name of the codec that a declaration means; "" for none that writers mean."""
    label = declared.strip().lower()
    try:
        name = codecs.lookup(_LABELS.get(label, label)).name if label else ""
    except (LookupError, ValueError):
        return ""
    name = _WIDER.get(name, name).replace("-", "_")
    return name if name in _NAMEABLE else ""


def _narrow(data: bytes, declared: str) -> str:
    if b"\x1b$" in data and data.isascii():
        try:
            return data.decode("iso2022_jp_ext")
        except UnicodeDecodeError:
            pass
    try:
        return _mended(data.decode("utf-8"))
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
    if 20 * text.count("\ufffd") < sum(char > "\x7f" for char in text[: _SAMPLE * 4]):
        return text
    if declared and declared not in ENCODINGS:
        try:
            return data.decode(declared)
        except UnicodeDecodeError:
            declared = ""
    encoding = told(data, declared)
    if not encoding:
        raise DocumentError("the encoding of the text cannot be told", hint=_HINT)
    return _in_reading_order(data.decode(encoding, errors="replace"), encoding)


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


def _mended(text: str) -> str:
    """Return ``text`` with what became UTF-8 twice put right: ``\u00e2\u0080\u0093`` is a dash.

    Control characters of this kind are in no text, and tell such damage from accents. Where nearly
    all that is not ASCII reads so, words without a control character are mended too.
    """
    if not _CONTROL.search(text):
        return text
    runs = _TWICE.findall(text)
    throughout = sum(_once(run) != run for run in runs) > 0.9 * len(runs)

    def mend(found: re.Match[str]) -> str:
        run = found.group()
        return _once(run) if throughout or _CONTROL.search(run) else run

    return _TWICE.sub(mend, text)


def _once(run: str) -> str:
    try:
        return run.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return run


def _in_reading_order(text: str, encoding: str) -> str:
    """Return Hebrew that was stored as it looks on the line, from the left, as it is read.

    The letters that are only written last in a word tell: there they come first.
    """
    if encoding.replace("-", "_") not in _HEBREW:
        return text
    first, last = (len(pattern.findall(text)) for pattern in (_FINAL_FIRST, _FINAL_LAST))
    if first <= 2 * last:
        return text
    return "".join(
        _LEFT_TO_RIGHT.sub(lambda run: run.group()[::-1], line.rstrip("\r\n")[::-1]).translate(
            _MIRRORED
        )
        + line[len(line.rstrip("\r\n")) :]
        for line in text.splitlines(keepends=True)
    )
