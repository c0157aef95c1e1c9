"""What a document's text is made of: lines of "key: value", rows of tables, and sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from convrag.text.formats.markdown import heading_of
from convrag.text.segment import sentences, trimmed
from convrag.types import Span

_BULLET = re.compile(r"\s*(?:[-*+•◦▪‣–]|\(?\d{1,3}[.)、])\s+")
_PAIR = re.compile(r"(?P<key>[^:：|]{1,80}?)\s*(?::(?=\s|$)|：)\s*(?P<value>.*)")
_RECORD = re.compile(r";\s+(?=[^:;]{1,60}:\s)")
_SENTENCE_INSIDE = re.compile(r"[.!?。！？।؟](?:\s|$)|https?$|^\W*$")
_RULE_ROW = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_CELLS = re.compile(r"(?<!\\)\|")
_MARKUP = re.compile(r"(\*\*|__|`|\*)(.+?)\1")
_LONGEST_KEY = 9
"""Words."""
_WRAPPED = 60
"""A line at least this long may go on in the next one."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A line that gives something a value; ``headings`` are those above it, outermost first."""

    headings: tuple[str, ...]
    key: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, its cells without markup."""

    cells: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under each other. ``header`` names the columns, empty when the text does not."""

    headings: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of running text."""

    headings: tuple[str, ...]
    text: str
    span: Span


Block = Pair | Table | Sentence


@dataclass(slots=True)
class _Reader:
    text: str
    language: str
    records: frozenset[tuple[str, ...]]
    """Keys that several lines have next to each other, as the rows of a table written out have."""
    headings: list[tuple[int, str]] = field(default_factory=list)
    prose: list[Span] = field(default_factory=list)
    rows: list[Span] = field(default_factory=list)

    def above(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.headings)


def blocks(text: str, language: str) -> Iterator[Block]:
    """Yield what the text is made of, in reading order; spans are into it.

    A value that is running text is yielded as sentences too.
    """
    lines = list(_lines(text))
    reader = _Reader(text, language, _record_keys(text[a:b] for a, b in lines))
    place = 0
    while place < len(lines):
        place = yield from _block(reader, lines, place)
    yield from _prose(reader)
    yield from _table(reader)


def plain(text: str) -> str:
    """Return the text without marks of emphasis, on one line."""
    return " ".join(_MARKUP.sub(r"\2", text).split())


def _lines(text: str) -> Iterator[Span]:
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield trimmed(text, (start, end))
        start = end + 1


def _block(reader: _Reader, lines: Sequence[Span], place: int) -> Generator[Block, None, int]:
    """Yield what the line at ``place`` ends or is; return the place after it."""
    start, end = lines[place]
    line = reader.text[start:end]
    if line.startswith("|"):
        yield from _prose(reader)
        reader.rows.append((start, end))
        return place + 1
    yield from _table(reader)
    level, name = heading_of(line)
    if level or not line:
        yield from _prose(reader)
        if level:
            reader.headings = [h for h in reader.headings if h[0] < level]
            reader.headings.append((level, plain(name)))
        return place + 1
    fields = _fields(line)
    keys = tuple(key for key, _ in fields)
    if keys[:2] in reader.records:
        yield from _prose(reader)
        row = Row(tuple(value for _, value in fields), (start, end))
        yield Table(reader.above(), keys, (row,), (start, end))
        return place + 1
    found = _pair(line)
    if found is None and place + 1 < len(lines):
        found, place = _defined(reader, lines, place)
    if found is None:
        reader.prose.append((start, end))
        return place + 1
    yield from _prose(reader)
    key, value = found
    value, after = _whole_value(reader, lines, place + 1, value)
    span = (start, lines[after - 1][1])
    if value:
        yield Pair(reader.above(), key, value, span)
        yield from _inner(reader, value, span)
    return after


def _pair(line: str) -> tuple[str, str] | None:
    """Return key and value of a line "key: value"; None for any other line."""
    bullet = _BULLET.match(line)
    found = _PAIR.match(plain(line[bullet.end() :] if bullet else line))
    if found is None:
        return None
    key, value = found["key"].strip(), found["value"].strip()
    # "improved: urban: urban: 100%" is one key in three parts.
    while len(value) < 2000 and (more := _PAIR.match(value)) and _part_of_key(key, more["key"]):
        key = key if key.endswith(more["key"]) else f"{key} {more['key']}"
        value = more["value"].strip()
    words = len(key.split())
    if words > _LONGEST_KEY or _SENTENCE_INSIDE.search(key) or not any(map(str.isalpha, key)):
        return None
    return key, value


def _fields(line: str) -> list[tuple[str, str]]:
    """Return the keys and values of a line "key: value; key: value"; [] for any other line."""
    parts = _RECORD.split(line)
    fields = [_pair(part) for part in parts] if len(parts) > 1 else []
    found = [field for field in fields if field is not None]
    return found if len(found) == len(parts) else []


def _record_keys(lines: Iterable[str]) -> frozenset[tuple[str, ...]]:
    counts = Counter(tuple(key for key, _ in _fields(line)[:2]) for line in lines)
    return frozenset(keys for keys, count in counts.items() if keys and count > 1)


def _part_of_key(key: str, more: str) -> bool:
    """Whether ``more`` goes on with the key rather than begins the value."""
    words = more.split()
    return 0 < len(words) <= 3 and more[:1].islower() and key.split()[-1:] != [] and ";" not in more


def _defined(
    reader: _Reader, lines: Sequence[Span], place: int
) -> tuple[tuple[str, str] | None, int]:
    """Return what a term is defined as by ": definition" on the next line, and its place."""
    term, told = (reader.text[a:b] for a, b in lines[place : place + 2])
    if told.startswith(": ") and len(term.split()) <= _LONGEST_KEY:
        return (plain(term), plain(told[2:])), place + 1
    return None, place


def _whole_value(reader: _Reader, lines: Sequence[Span], place: int, value: str) -> tuple[str, int]:
    """Return the value with the lines that belong to it, and the place after them."""
    parts = [value] if value else []
    while place < len(lines):
        line = reader.text[slice(*lines[place])]
        bullet = _BULLET.match(line)
        if not value and bullet and not _pair(line):
            parts.append(plain(line[bullet.end() :]))
        elif value and len(parts[-1]) >= _WRAPPED and line[:1].islower() and not _pair(line):
            parts.append(plain(line))
        else:
            break
        place += 1
    return (" " if value else "; ").join(parts), place


def _inner(reader: _Reader, value: str, span: Span) -> Iterator[Sentence]:
    """Yield the sentences of a value that has more than one, or that ends as a sentence does."""
    if value[-1:] not in ".!?。！？।؟":
        return
    start = reader.text.find(value, *span)
    if start >= 0:
        yield from _sentences(reader, (start, start + len(value)))


def _prose(reader: _Reader) -> Iterator[Sentence]:
    """Yield the sentences of the paragraph that has ended."""
    if reader.prose:
        span = reader.prose[0][0], reader.prose[-1][1]
        reader.prose = []
        yield from _sentences(reader, span)


def _sentences(reader: _Reader, span: Span) -> Iterator[Sentence]:
    start, end = span
    text = reader.text[start:end]
    for a, b in sentences(text, reader.language):
        bullet = _BULLET.match(text[a:b])
        first = a + bullet.end() if bullet else a
        yield Sentence(reader.above(), plain(text[first:b]), (start + first, start + b))


def _table(reader: _Reader) -> Iterator[Table]:
    """Yield the table whose rows have ended."""
    spans, reader.rows = reader.rows, []
    texts = [reader.text[a:b] for a, b in spans]
    ruled = len(texts) > 1 and bool(_RULE_ROW.match(texts[1]))
    rows = tuple(
        Row(tuple(_cells(text)), span)
        for text, span in zip(texts, spans, strict=True)
        if not _RULE_ROW.match(text)
    )
    if not rows:
        return
    header = rows[0].cells if ruled or _names_columns(rows) else ()
    body = rows[1:] if header else rows
    yield Table(reader.above(), header, body, (spans[0][0], spans[-1][1]))


def _cells(line: str) -> list[str]:
    parts = _CELLS.split(line.strip())
    if parts and not parts[0].strip():
        parts = parts[1:]
    if parts and not parts[-1].strip():
        parts = parts[:-1]
    return [plain(part.replace("\\|", "|")) for part in parts]


def _names_columns(rows: Sequence[Row]) -> bool:
    """Whether the first row can only name columns: three or more names, and numbers below."""
    first = rows[0].cells
    told = [any(map(str.isdigit, cell)) for row in rows[1:] for cell in row.cells]
    plain_names = all(cell and not any(map(str.isdigit, cell)) for cell in first)
    return len(first) > 2 and len(set(first)) == len(first) and plain_names and any(told)
