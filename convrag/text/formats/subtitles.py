"""What is said in subtitles (WebVTT, SubRip), without times, numbers and markup."""

from __future__ import annotations

import html
import re

from convrag.text.formats import Extracted, Lines, one_line

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}")
_START = re.compile(rf"\s*(?:WEBVTT|\d+[ \t]*\r?\n[ \t]*{_TIME}[ \t]*-->)")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]{1,80})>")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,80}>|<[\d:.]+>|\{\\[^{}]{0,40}\}")
_PAUSE = 4.0
"""Seconds of silence after which a new paragraph begins."""


def is_subtitles(text: str) -> bool:
    """Return whether ``text`` begins as subtitles do, whatever its file is called."""
    return _START.match(text) is not None


def extract(text: str) -> Extracted:
    """Return the lines that are shown; who speaks is named where that changes.

    A pause or another speaker begins a paragraph. Lines shown again, as captions that scroll do,
    are given once.
    """
    lines = Lines()
    speaker = last = ""
    silent_from = 0.0
    for block in re.split(r"\r?\n[ \t]*\r?\n", text):
        shown, (start, end) = _cue(block)
        for line in shown:
            named = _VOICE.match(line)
            said = one_line(html.unescape(_MARKUP.sub("", line)))
            if not said or said == last:
                continue
            last = said
            if named and named.group(1).strip() != speaker:
                speaker = named.group(1).strip()
                lines.add("")
                said = f"{speaker}: {said}"
            elif start - silent_from > _PAUSE and line is shown[0]:
                lines.add("")
            lines.add(said)
        silent_from = end
    return Extracted(lines.text().strip())


def _cue(block: str) -> tuple[list[str], tuple[float, float]]:
    """Return the lines of a cue and the seconds it is shown from and to; none for other blocks."""
    lines = block.splitlines()
    for number, line in enumerate(lines[:3]):
        found = _TIMING.match(line)
        if found:
            times = found.groups()
            return lines[number + 1 :], (_seconds(times[:4]), _seconds(times[4:]))
    return [], (0.0, 0.0)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (int(part or 0) for part in parts)
    return 3600.0 * hours + 60.0 * minutes + seconds + fraction / 1000
