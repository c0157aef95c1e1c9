"""Passages of a document: whole sentences, small enough to encode, located exactly."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convrag.text.formats.markdown import heading_of
from convrag.text.scripts import UNSPACED, script_of
from convrag.text.segment import sentences, trimmed, words
from convrag.types import Document, Passage, Span

_ITEM = re.compile(r"(?:[-*+•◦▪‣–]|\(?\d{1,3}[.)、])\s")
_CLAUSE = re.compile(r"[,;:，；：、،؛—)\]」』]+\s*")
_SPACE = re.compile(r"\s+")
_MAX_CHARS = 40
"""Characters a word may have on average: text without any words has no size otherwise."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is not cut further: a sentence, a heading, or a table or list that fits."""

    span: Span
    size: float
    level: int = 0
    """1 to 6 for a heading, 0 for the rest."""
    whole: bool = False
    """A table or list, too big a thing to repeat."""


def chunk(document: Document, *, max_words: int = 120, overlap: int = 1) -> tuple[Passage, ...]:
    """Return the document's passages in order; each is an exact slice of its text.

    A heading starts a passage and stays with what follows; it may make the passage up to a quarter
    longer than ``max_words``. ``title`` is the document's title, with ``› heading`` where there is
    one. ``page`` is the page the passage starts on.

    Args:
        document: What to cut.
        max_words: Greatest size; two characters of a script without spaces count as a word.
        overlap: How many sentences a passage repeats from the one before, where they fit.

    Raises:
        ValueError: ``max_words`` is less than 4 or ``overlap`` is negative.
    """
    if max_words < 4 or overlap < 0:
        raise ValueError(f"max_words={max_words} (at least 4) or overlap={overlap} is out of range")
    pieces = list(_pieces(document.text, document.language, float(max_words)))
    starts = [page.span[0] for page in document.pages]
    found: list[Passage] = []
    for span, heading in _packed(document.text, pieces, float(max_words), overlap):
        title = document.title
        if heading and heading.casefold() != title.casefold():
            title = f"{title} › {heading}" if title else heading
        page = document.pages[max(0, bisect_right(starts, span[0]) - 1)].number if starts else None
        found.append(
            Passage(
                id=f"{document.id}#{len(found)}",
                text=document.text[span[0] : span[1]],
                title=title,
                language=document.language,
                source=document.source,
                span=span,
                document_id=document.id,
                page=page,
            )
        )
    return tuple(found)


def size(text: str) -> float:
    """Return the size of ``text`` in words; characters of unspaced scripts count one half."""
    total = 0.0
    for start, end in words(text):
        total += (end - start) / 2 if script_of(text[start]) in UNSPACED else 1.0
    return total


def _weight(text: str) -> float:
    # Rows of signs have no words but fill a passage too, each with its line end.
    return max(size(text), (len(text) + 1) / _MAX_CHARS)


def _pieces(text: str, language: str, limit: float) -> Iterator[_Piece]:
    group: list[_Piece] = []
    kind = ""
    for span in sentences(text, language):
        line = text[span[0] : span[1]]
        level, _ = heading_of(line)
        now = "table" if line[0] == "|" else "list" if _ITEM.match(line) else ""
        if group and now != kind:
            yield from _grouped(text, group, limit)
            group = []
        kind = now
        weight = _weight(line)
        if level and weight <= limit / 4:
            yield _Piece(span, weight, level=level)
        elif now:
            group.append(_Piece(span, weight))
        else:
            yield from _fitting(text, _Piece(span, weight), limit)
    yield from _grouped(text, group, limit)


def _grouped(text: str, group: Sequence[_Piece], limit: float) -> Iterator[_Piece]:
    """Yield a table or list as one piece when it fits, else its rows."""
    total = sum(piece.size for piece in group)
    if group and total <= limit:
        yield _Piece((group[0].span[0], group[-1].span[1]), total, whole=len(group) > 1)
        return
    for piece in group:
        yield from _fitting(text, piece, limit)


def _fitting(text: str, piece: _Piece, limit: float) -> Iterator[_Piece]:
    """Yield ``piece``, or parts of it cut at clauses, spaces or, at last, anywhere."""
    start, end = piece.span
    if piece.size <= limit:
        yield piece
        return
    while start < end:
        cut = _cut(text, start, end, limit)
        part = trimmed(text, (start, cut))
        if part[0] < part[1]:
            yield _Piece(part, _weight(text[part[0] : part[1]]))
        start = cut


def _cut(text: str, start: int, end: int, limit: float) -> int:
    """Return where the first part ends: the last clause end, else space, within ``limit`` words."""
    # Most words are short: a narrow look suffices, the wide one bounds what has no words.
    last = _full_at(text, start, min(end, start + int(limit * 5)), limit)
    if last == min(end, start + int(limit * 5)):
        last = _full_at(text, start, min(end, start + int(limit * _MAX_CHARS)), limit)
    if last == end:
        return end
    for pattern in (_CLAUSE, _SPACE):
        found = [m.end() for m in pattern.finditer(text, start + (last - start) // 2, last)]
        if found:
            return found[-1]
    return last


def _full_at(text: str, start: int, stop: int, limit: float) -> int:
    """Return where the word begins that is one too many, else ``stop``."""
    used = 0.0
    for left, right in words(text[start:stop]):
        weight = (right - left) / 2 if script_of(text[start + left]) in UNSPACED else 1.0
        if used + weight > limit:
            # A single run of katakana can be longer than a passage.
            return start + left if left else start + int(limit * 2)
        used += weight
    return stop


def _packed(
    text: str, pieces: Sequence[_Piece], limit: float, overlap: int
) -> Iterator[tuple[Span, str]]:
    """Yield (span, nearest heading): pieces packed in order, a heading always first."""
    current: list[_Piece] = []
    used = 0.0
    heading = ""
    only_headings = True
    for piece in pieces:
        full = used + piece.size > (limit * 1.25 if only_headings else limit)
        if current and (full or (piece.level and not only_headings)):
            yield _span(current), heading
            current = [] if piece.level or only_headings else _tail(current, overlap)
            used = sum(p.size for p in current)
            while current and used + piece.size > limit:
                used -= current.pop(0).size
            only_headings = not current
        if piece.level:
            _, heading = heading_of(text[piece.span[0] : piece.span[1]])
        current.append(piece)
        used += piece.size
        only_headings = only_headings and piece.level > 0
    if current:
        yield _span(current), heading


def _tail(pieces: Sequence[_Piece], overlap: int) -> list[_Piece]:
    """Return the last ``overlap`` sentences, none of them a heading, table or list."""
    tail: list[_Piece] = []
    for piece in reversed(pieces):
        if len(tail) == overlap or piece.level or piece.whole:
            break
        tail.insert(0, piece)
    return tail if len(tail) < len(pieces) else tail[1:]


def _span(pieces: Sequence[_Piece]) -> Span:
    return pieces[0].span[0], pieces[-1].span[1]
