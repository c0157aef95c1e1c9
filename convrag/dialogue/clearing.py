"""Speech as it comes: words that say nothing and false starts taken out of a turn."""

from __future__ import annotations

from convrag.dialogue.lexicon import Lexicon
from convrag.types import Span

_EDGES = " ,，、.。…-–—:：;；؛،！!"
_LEAST = 2
"""Letters that must follow a restart for it to take back what stands before."""
_ATTACHED = "و"
"""Arabic "and", which is written together with the word after it."""
_PARTS = ".?!？！。؟…"


def cleared(text: str, lexicon: Lexicon) -> str:
    """Return the turn without fillers and without what the speaker took back.

    A restart takes back its own sentence only as far as it was begun: "How tall is it? No wait, how
    wide?" keeps nothing before it, as one question is asked at a time. A turn that would be left
    without words stays as it is.
    """
    kept = text
    for _, (_, end) in lexicon.spoken(text, "restarts"):
        rest = text[end:].lstrip(_EDGES)
        if sum(c.isalnum() for c in rest) >= _LEAST:
            kept = rest
    kept = _without(kept, tuple(span for _, span in lexicon.spoken(kept, "fillers")))
    kept = _begun(kept, lexicon)
    return kept if any(c.isalnum() for c in kept) else text


def _begun(text: str, lexicon: Lexicon) -> str:
    """Return the text from where it begins in earnest: "ok, and Spain?" begins with "and"."""
    for _, (start, end) in lexicon.spoken(text, "leading"):
        rest = text[end:].lstrip(_EDGES)
        paused = any(c in _EDGES.strip() for c in text[end : len(text) - len(rest)])
        # "Thanks, that's great" asks nothing, and stays small talk.
        paused = paused and (any(c in "?？؟" for c in rest) or bool(lexicon.spoken(rest, "asking")))
        if any(c.isalnum() for c in text[:start]) or not any(c.isalnum() for c in rest):
            break
        if not paused and not lexicon.opening(rest)[0] and not rest.startswith(_ATTACHED):
            break
        return _begun(rest, lexicon)
    return text


def _without(text: str, spans: tuple[Span, ...]) -> str:
    """Return the text without the spans and the commas that set them off."""
    for start, end in reversed(spans):
        before, after = text[:start].rstrip(_EDGES), text[end:].lstrip(_EDGES)
        broken = any(c in _PARTS for c in text[len(before) : start])
        joint = " " if before and after[:1].isalnum() and (" " in text or broken) else ""
        text = f"{before}{joint}{after}"
    return text
