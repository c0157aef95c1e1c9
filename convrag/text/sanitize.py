"""Outside text made safe to show: nothing in it can move a cursor, reorder a line or hide."""

from __future__ import annotations

import re
import unicodedata

from convrag.text.scripts import script_of

_SEQUENCES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]{0,256}[ -/]{0,256}[@-~]"
    r"|\x1b[ -/]{0,16}[0-~]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
_RISKY = re.compile(
    "[^\\t\\n\\x20-\\x7e\\xa0-\\xac\\xae-\\u034e\\u0350-\\u05ff\\u3001-\\u3163\\u3165-\\ud7ff]"
)
_JOINERS = "\u200c\u200d"
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
# These format characters are drawn: signs that embrace a number or a verse.
_DRAWN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_NEVER_JOINED = frozenset({"latin", "greek", "cyrillic", "armenian", "georgian", "han", "hangul"})


def plain(text: str) -> str:
    """Return ``text`` without anything that a terminal would obey or a reader could not see.

    Terminal escape sequences, control characters but line end and tab, bidirectional controls,
    other invisible format characters and lone surrogates go; line ends become ``\\n``. Joiners
    stay where a script or an emoji needs them. Doing it twice changes nothing.
    """
    if not _RISKY.search(text):
        return text
    text = _LINE_ENDS.sub("\n", _SEQUENCES.sub("", text))
    kept = [char for char in text if _shown(char)]
    out: list[str] = []
    for index, char in enumerate(kept):
        if char in _JOINERS:
            after = kept[index + 1] if index + 1 < len(kept) else ""
            if not (out and after and _joins(out[-1]) and not after.isspace()):
                continue
        elif _selects(char) and not (out and _selectable(out[-1])):
            continue
        out.append(char)
    while out and out[-1] in _JOINERS:
        out.pop()
    return "".join(out)


def _shown(char: str) -> bool:
    if char in "\n\t" or char in _JOINERS or char in _DRAWN:
        return True
    return char not in _INVISIBLE and unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def _joins(char: str) -> bool:
    """Whether a joiner after ``char`` has a meaning."""
    if "\ufe00" <= char <= "\ufe0f":
        return True
    category = unicodedata.category(char)
    if category in ("So", "Sk"):
        return True
    return category[0] in "LM" and script_of(char) not in _NEVER_JOINED and char > "\u0590"


def _selects(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _selectable(char: str) -> bool:
    """Whether a variation selector after ``char`` can do anything; one selector at most."""
    return not (char.isspace() or char in _JOINERS or _selects(char))
