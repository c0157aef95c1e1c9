"""Sentences and words of a text in any script, as exact spans."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from convrag.text.scripts import UNSPACED, mark_ranges, ranges_of, script_of
from convrag.types import Span

_HARD = "。！？｡؟۔।॥։።፧၊။។៕‼⁇⁈⁉"
_SOFT = ".!?…．"
_CLOSERS = "\"'”’»›)]}」』】）〉》］｣"
_OPENERS = "“「『《〈【（"
_WIDE_CLOSERS = "」』】）〉》］｣”’"
# “ closes a German quotation and opens most others.
_STOP = re.compile(rf"[{re.escape(_HARD + _SOFT)}]+(?:[{re.escape(_CLOSERS)}]|“(?!\w))*")
_LINE = re.compile(r"\n\s*|[\u2028\u2029]")
_MARKER = re.compile(
    r"(?:[-*+•◦▪‣·–—#>|]|\(?\d{1,3}[.)、]|\(?[A-Za-zА-я][.)])(?=\s|[|#])|\||[•◦▪‣]"
)
_SHORT_LINE = 48
_WORD_BEFORE = re.compile(r"[^\s\"'“”‘’«»()\[\]{},;:!?…]+\Z")
_ORDINAL_LANGUAGES = frozenset(
    ("de", "da", "nb", "nn", "no", "fi", "cs", "sk", "hu", "hr", "sr", "bs", "sl", "pl", "et", "tr")
)


def sentences(text: str, language: str = "") -> tuple[Span, ...]:
    """Return the sentences in order; only white space lies outside of them.

    Lines that look like headings, list items or table rows are sentences of their own; a line end
    inside a hard-wrapped paragraph is not a border.

    Args:
        text: Any text.
        language: Lower-case ISO 639-1 code, for abbreviations and ordinals; "" when unknown.
    """
    cuts = {len(text)}
    for match in _STOP.finditer(text):
        if _ends_sentence(text, match.start(), match.end(), language):
            cuts.add(match.end())
    for match in _LINE.finditer(text):
        if _ends_block(text, match.start(), match.end()):
            cuts.add(match.start())
    spans: list[Span] = []
    start = 0
    for cut in sorted(cuts):
        span = trimmed(text, (start, cut))
        if span[0] < span[1]:
            spans.append(span)
        start = cut
    return tuple(spans)


def overlap(a: Span, b: Span) -> bool:
    """Return whether two spans share a character."""
    return a[0] < b[1] and b[0] < a[1]


def trimmed(text: str, span: Span) -> Span:
    """Return ``span`` without white space at its ends."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _ends_sentence(text: str, start: int, end: int, language: str) -> bool:
    """Whether the stop with its closers at ``text[start:end]`` ends a sentence."""
    stop = text[start:end].rstrip(_CLOSERS + "“")
    closers = text[start + len(stop) : end]
    following = text[end : end + 1]
    if not following:
        return True
    wide = (
        any(char in _HARD for char in stop) or script_of(text[start - 1 : start] or " ") in UNSPACED
    )
    if wide:
        # 「はい。」と言った: the quoted sentence is part of the sentence around it.
        quoted = any(char in _WIDE_CLOSERS for char in closers)
        if any(char in _HARD for char in stop):
            return not (quoted and script_of(following) in UNSPACED)
        return following.isspace() or following in _OPENERS or script_of(following) in UNSPACED
    if not following.isspace():
        return False
    ahead = text[end : end + 80].lstrip()[:1]
    if stop == ".":
        return _full_stop_ends(text, start, end, ahead, closers, language)
    if ahead.islower():
        return not closers and "…" not in stop and ".." not in stop
    return True


def _full_stop_ends(
    text: str, start: int, end: int, ahead: str, closers: str, language: str
) -> bool:
    if ahead.islower():
        return False
    if closers:
        return True
    match = _WORD_BEFORE.search(text, max(0, start - 24), start)
    if match is None:
        return True
    word = match.group()
    if word.isdigit():
        # Looked for step by step: lines can be as long as the whole text.
        before = match.start() - 1
        while before >= 0 and text[before] != "\n" and text[before].isspace():
            before -= 1
        if before < 0 or text[before] == "\n":
            return False
        return not (language in _ORDINAL_LANGUAGES and len(word) <= 2 and ahead.isalpha())
    if len(word) == 1 and word.isupper() and not (word == "I" and language in ("", "en")):
        return False
    if word[-1].isupper() and re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", word):
        return False
    return word.casefold() not in _abbreviations(language)


def _ends_block(text: str, start: int, end: int) -> bool:
    """Whether the line end at ``text[start:end]`` is more than the wrap of a paragraph."""
    gap = text[start:end]
    if gap.count("\n") > 1 or "\u2029" in gap or "\u2028" in gap or end >= len(text):
        return True
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin:start].strip()
    if not line or _MARKER.match(text, end) or line[0] in "#|":
        return True
    if line[-1] in _HARD + _SOFT + ":：":
        return True
    return len(line) < _SHORT_LINE and not text[end].islower() and line[-1] not in ",;-"


@lru_cache(maxsize=64)
def _abbreviations(language: str) -> frozenset[str]:
    data = tomllib.loads(
        files("convrag.text").joinpath("data", "abbreviations.toml").read_text(encoding="utf-8")
    )
    if language in data:
        return frozenset(data[language].split())
    return frozenset(word for words in data.values() for word in words.split())


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    unspaced = ranges_of(UNSPACED - {"katakana"})
    katakana = ranges_of(frozenset({"katakana"}))
    marks = mark_ranges()
    unit = rf"(?:(?![{unspaced}{katakana}])[^\W_][{marks}\u200c\u200d]*)"
    inner = (
        rf"(?:['’ʼ״׳＇_‐‑－\u00ad-](?={unit})|(?<=\d)[.,:/٫٬．](?=\d)|(?<=[A-Za-z\d])[./](?=\d))"
    )
    return re.compile(
        rf"[A-Za-z](?:\+\+|\#)(?!\w)"
        rf"|{unit}+(?:{inner}{unit}+)*"
        rf"|[{katakana}]+"
        rf"|[{unspaced}][{marks}]*"
    )


def words(text: str, language: str = "") -> tuple[Span, ...]:
    """Return the words in order, without punctuation.

    Words with apostrophes or hyphens and identifiers (``E-17``, ``XR-200``, ``4.5``) are whole.
    Scripts without spaces give one span a character (with its marks); a run of katakana is one
    word.

    Args:
        text: Any text.
        language: Lower-case ISO 639-1 code; "" when unknown. No language needs it yet.
    """
    del language
    return tuple(match.span() for match in _word_pattern().finditer(text))
