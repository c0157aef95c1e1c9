"""Plain text, and what is found under its ending: subtitles, Base64."""

from __future__ import annotations

from convrag.text.formats import Extracted, subtitles
from convrag.text.formats.encoding import decode, unarmoured


def extract(data: bytes) -> Extracted:
    """Return the text as it is; of subtitles, what is said.

    Raises:
        DocumentError: The bytes are no text.
    """
    text = unarmoured(decode(data))
    return subtitles.extract(text) if subtitles.is_subtitles(text) else Extracted(text)
