"""Speech as it comes: words that say nothing and false starts taken out of a turn."""

from __future__ import annotations

import re

from convrag.dialogue.lexicon import ITEMS, Lexicon
from convrag.text.function_words import stop_keys
from convrag.text.normalize import match_key
from convrag.types import Span

_EDGES = " ,，、.。…-–—:：;；؛،！!"
_LEAST = 2
"""Letters that must follow a restart for it to take back what stands before."""
_ATTACHED = "و"
"""Arabic "and", which is written together with the word after it."""
_PAUSES = frozenset(",，、،;；–—-।.。")
_SAID = r"[^\s,，،、;:.!?？！。।…—–]"
_TWICE = re.compile(
    rf"(?<!{_SAID})({_SAID}(?:{_SAID}|\s(?={_SAID})){{0,40}}?)"
    rf"(?:\s*[,،—–]\s*|\s*(?:…|\.{{3}})\s*)(\1)(?!{_SAID})",
    re.IGNORECASE,
)
"""A few words, and the same words after a pause."""
_AGAIN = re.compile(rf"(?<!{_SAID})({_SAID}+)\s+\1(?!{_SAID})")
_COLONS = frozenset(":：")
_OPENERS = frozenset("¿¡")
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
    kept = _begun(kept, lexicon)
    fillers = [span for _, span in lexicon.spoken(kept, "fillers")]
    kept = _without(kept, tuple(span for span in fillers if not _is_name(kept, span)))
    kept = _begun(_once(kept, lexicon.language), lexicon)
    kept = _without_tag(kept, lexicon)
    return kept if any(c.isalnum() for c in kept) else text


def taken_back(text: str, lexicon: Lexicon) -> str:
    """Return what was said before the last restart, or ""."""
    found = [start for _, (start, _) in lexicon.spoken(text, "restarts")]
    return text[: found[-1]].rstrip(_EDGES) if found else ""


def _begun(text: str, lexicon: Lexicon) -> str:
    """Return the text from where it begins in earnest: "ok, and Spain?" begins with "and"."""
    for _, (start, end) in lexicon.spoken(text, "leading"):
        rest = text[end:].lstrip(_EDGES)
        paused = any(c in _EDGES.strip() for c in text[end : len(text) - len(rest)])
        # "Thanks, that's great" asks nothing, and stays small talk.
        wants = lexicon.spoken(rest, "asking", "apologies", "twos", *ITEMS)
        paused = paused and (any(c in "?？؟" for c in rest) or bool(wants))
        if any(c.isalnum() for c in text[:start]) or not any(c.isalnum() for c in rest):
            break
        kind, (begins, _) = lexicon.opening(rest)
        opens = bool(kind) and not any(c.isalnum() for c in rest[:begins])
        if not paused and not opens and not rest.startswith(_ATTACHED):
            break
        return _begun(rest, lexicon)
    return text


def _once(text: str, language: str) -> str:
    """Return the text without what the speaker said twice to begin anew: "how, how long is it?".

    Names may have a word twice.
    """

    def kept(found: re.Match[str]) -> str:
        named = all(part[:1].isupper() and part[1:2].isalpha() for part in found.groups())
        return found[0] if named or found[1].isdecimal() else found[1]

    def once(found: re.Match[str]) -> str:
        return found[1] if match_key(found[1]) in stop_keys(language) else found[0]

    return _AGAIN.sub(once, _TWICE.sub(kept, text))


def _is_name(text: str, span: Span) -> bool:
    """Whether the word has a capital that no beginning of a sentence gives it: "Ben Nevis"."""
    before = text[: span[0]].rstrip()
    return text[span[0]].isupper() and before[-1:].isalnum()


def _without_tag(text: str, lexicon: Lexicon) -> str:
    """Return the text without a question behind it that only asks for assent: ", right?"."""
    for _, (start, end) in lexicon.spoken(text, "tags"):
        body = text[:start].rstrip()
        rest = text[end:]
        if body[-1:] in _PAUSES and not any(c.isalnum() for c in rest):
            return f"{body.rstrip(_EDGES)}{rest}"
    return text


def _without(text: str, spans: tuple[Span, ...]) -> str:
    """Return the text without the spans and the commas that set them off."""
    for start, end in reversed(spans):
        before, after = text[:start].rstrip(_EDGES), text[end:].lstrip(_EDGES)
        broken = any(c in _PARTS for c in text[len(before) : start])
        begins = after[:1].isalnum() or after[:1] in _OPENERS
        joint = " " if before and begins and (" " in text or broken) else ""
        behind = text[end : len(text) - len(after)]
        if joint and any(c in _COLONS for c in behind):
            joint = behind  # what stands before a colon is what is asked about behind it
        text = f"{before}{joint}{after}"
    return text
