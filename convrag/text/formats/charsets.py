"""Which old encoding bytes are in: the one whose letters are likeliest in some language."""

from __future__ import annotations

import json
import math
from collections import Counter
from functools import lru_cache
from importlib.resources import files

_SINGLE = (
    "cp1252",
    "cp1251",
    "cp1250",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp874",
    "iso8859_2",
    "iso8859_5",
    "iso8859_6",
    "iso8859_7",
    "iso8859_8",
    "iso8859_9",
    "iso8859_15",
    "koi8_r",
    "koi8_u",
    "mac_roman",
    "mac_cyrillic",
    "mac_latin2",
    "mac_greek",
    "mac_turkish",
    "cp866",
    "cp850",
    "cp852",
    "cp437",
    "cp737",
    "cp857",
    "cp862",
    "cp864",
    "cp1258",
)
_DOUBLE = ("gb18030", "big5hkscs", "cp932", "euc_jis_2004", "cp949")
_USUAL = frozenset(("cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"))

ENCODINGS = (*_SINGLE, *_DOUBLE)
"""Names of the codecs that are tried."""

_SAMPLE = 1 << 15
"""Bytes that are looked at."""
_UNITS = 1500
"""Characters beyond ASCII that are weighed."""
_UNUSUAL = 0.4
"""What an encoding that is not the usual one of its letters has to be better by."""
_DECLARED = 1.5
_SCARCE = 20.0
"""What a declaration counts for, and how much more where few characters speak against it."""
_WORST = -13.2
"""Mean log-likelihood of a character beyond ASCII below which the bytes are no text."""

# Log-likelihoods of signs, rough: what matters is that letters inside words beat them.
_OPENING = frozenset("\u201c\u201e\u2018\u00ab\u201a\u00bf\u00a1")
_CLOSING = frozenset("\u201d\u2019\u00bb\u2026")
_DASHES = frozenset("\u2013\u2014")
_QUOTED = -6.5
_KNOWN_SIGNS = frozenset("\u20ac\u00b0\u00a7\u00a3\u00a9\u2022\u00b7\u2116\xa0")
_KNOWN = -8.0
_SIGN = -10.5
_FOREIGN = -14.0
_CONTROL = -25.0
_MISPLACED = -4.0
_RARE = -22.0
_ALONE = -10.0
_SPACED = -3.0
_COMMON = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5hkscs": ("big5", 0xA4, 0xC6),
    "cp932": ("euc_jp", 0xB0, 0xCF),
    "euc_jis_2004": ("euc_jp", 0xB0, 0xCF),
    "cp949": ("euc_kr", 0xB0, 0xC8),
}
"""Where each character set has its common characters: first bytes in the encoding named."""

_HAN_SIMPLIFIED = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而"
    "方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应"
)
_HAN_TRADITIONAL = (
    "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而"
    "方後多定行學法所民得經十三之進著等部度家電力裡如水化高自二理起小物現實加量都兩體制機當使點從業本去把性好應"
)
_HANGUL = (
    "이다의는을에가고하지로한를은인사기도서리자대일어시그나아스수해과정부들있라전으주보제장원만상여것선구동니오공"
    "안성비우미트관었개치위계국했적년신연유조면할경게무실월물세화중분행방소내까발생용"
)


def told(data: bytes, declared: str = "") -> str:
    """Return the name of the encoding that ``data``, which is not UTF-8, is in; "" if it cannot.

    Every encoding in use before Unicode is tried. A reading's likelihood is that of its characters
    beyond ASCII with their neighbours, in the language that suits it best.

    Args:
        data: A whole file.
        declared: The codec the file names, one of :data:`ENCODINGS`; another is only told when its
            reading is far likelier. Programs declare their own default as readily as the truth.
    """
    sample = data[:_SAMPLE]
    if len(data) > _SAMPLE:
        # A character may be cut in two.
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b" "), _SAMPLE - 4)]
    readings: dict[str, str] = {}
    for encoding in (declared, *ENCODINGS) if declared else ENCODINGS:
        text = _read(sample, encoding)
        if text is not None and text not in readings:
            readings[text] = encoding
    best, most = "", -math.inf
    for text, encoding in readings.items():
        score = _double_score(text, encoding) if encoding in _DOUBLE else _single_score(text)
        score -= _UNUSUAL if encoding not in (*_USUAL, *_DOUBLE) else 0.0
        if encoding == declared:
            score += _DECLARED + _SCARCE / sum(byte > 0x7F for byte in sample)
        if score > most:
            best, most = encoding, score
    return best if most > _WORST else ""


def _read(sample: bytes, encoding: str) -> str | None:
    text = sample.decode(encoding, errors="replace")
    beyond = sum(char > "\x7f" for char in text)
    return None if text.count("\ufffd") * 50 > beyond else text


def _double_score(text: str, encoding: str) -> float:
    """Return the mean log-likelihood of a byte beyond ASCII, by how common the characters are."""
    total, count = 0.0, 0
    padded = f" {text[: _UNITS * 8]} "
    for at, char in enumerate(padded):
        if char <= "\x7f":
            continue
        total += _ideograph(char, encoding)
        # Letters of other languages are read as a character alone among ASCII.
        beside = padded[at - 1] + padded[at + 1]
        total += _ALONE * sum(c.isascii() and c.isalpha() for c in beside)
        total += _SPACED * beside.count(" ") if "\u4e00" <= char <= "\u9fff" else 0.0
        count += 1 if "\uff61" <= char <= "\uff9f" else 2
    return total / count if count else -math.inf


@lru_cache(maxsize=8192)
def _ideograph(char: str, encoding: str) -> float:
    """Return the log-likelihood of ``char`` in Chinese, Japanese or Korean."""
    if char in _HANGUL or char in _HAN_SIMPLIFIED or char in _HAN_TRADITIONAL:
        return -9.0
    if "\u3040" <= char <= "\u30ff":
        # Chinese and Korean encodings have them too, in the same place as one of Japan's.
        return -9.0 if _COMMON[encoding][0] == "euc_jp" else -13.0
    if "\u3000" <= char <= "\u301f" or "\uff01" <= char <= "\uff5e":
        return -11.0
    if char in _OPENING or char in _CLOSING or char in _DASHES:
        return -12.0
    if "\uac00" <= char <= "\ud7a3" or "\u4e00" <= char <= "\u9fff":
        charset, first, last = _COMMON[encoding]
        try:
            lead = char.encode(charset)[0]
        except UnicodeEncodeError:
            return _RARE
        return -14.0 if first <= lead <= last else _RARE
    return -25.0


def _single_score(text: str) -> float:
    """Return the mean log-likelihood of a character beyond ASCII, in the best language."""
    fixed = 0.0
    grams: Counter[str] = Counter()
    count = 0
    padded = f" {text} "
    for at, char in enumerate(padded):
        if char <= "\x7f":
            continue
        count += 1
        before, after = padded[at - 1], padded[at + 1]
        if not _in_word(char):
            fixed += _sign(char, before, after)
        else:
            left = before if _in_word(before) else " "
            right = after if _in_word(after) else " "
            grams[left + char] += 1
            grams[char + right] += 1
            if before.islower() and char.isupper():
                fixed += _MISPLACED
            if char >= "\u0370" and any(c.isascii() and c.isalpha() for c in (before, after)):
                fixed += _MISPLACED
        if count == _UNITS:
            break
    if not count:
        return -math.inf
    tables = _tables()
    pooled = {gram: sum(table.get(gram, 0.0) for table in tables) / len(tables) for gram in grams}
    totals = (
        sum(
            times * math.log(0.9 * table.get(gram, 0.0) + 0.1 * pooled[gram] + 1e-7)
            for gram, times in grams.items()
        )
        for table in tables
    )
    return (fixed + max(totals) / 2) / count


def _in_word(char: str) -> bool:
    return char.isalpha() or "\u0300" <= char <= "\u036f" or "\u0590" <= char <= "\u0e4e"


def _sign(char: str, before: str, after: str) -> float:
    """Return the log-likelihood of a sign between its neighbours."""
    if char < "\xa0" or char == "\ufffd" or "\ue000" <= char <= "\uf8ff":
        return _CONTROL
    left, right = before.isalpha(), after.isalpha()
    if char == "\u2019":
        return _QUOTED if left else _QUOTED + _MISPLACED
    if char in _OPENING:
        return _QUOTED + (_MISPLACED if left else 0.0)
    if char in _CLOSING:
        return _QUOTED + (_MISPLACED if right else 0.0)
    if char in _DASHES:
        return _QUOTED + (_MISPLACED if left != right else _MISPLACED / 2 if left else 0.0)
    value = _KNOWN if char in _KNOWN_SIGNS else _FOREIGN if char >= "\u2190" else _SIGN
    return value + (_MISPLACED if (left or right) and char not in "\u00b7\xa0" else 0.0)


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, float], ...]:
    """Return, a language each, the probabilities of its pairs of letters."""
    tables = []
    folder = files("langdetect").joinpath("profiles")
    for path in sorted(folder.iterdir(), key=lambda item: item.name):
        found = json.loads(path.read_text(encoding="utf-8"))
        pairs = {gram: n for gram, n in found["freq"].items() if len(gram) == 2}
        total = sum(pairs.values())
        tables.append({g: n / total for g, n in pairs.items() if not g.isascii()})
    return tuple(tables)
