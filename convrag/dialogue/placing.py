"""A name put into a turn: in the place of the word that stands for it, or in parentheses."""

from __future__ import annotations

from convrag.types import Span

IN_PLACE = frozenset({"en", "zh", "ja"})
"""Languages in which a name can stand where the pronoun stood without changing its form."""
CLOSING = "?？!！.。؟।… "


def placed(text: str, name: str, span: Span | None, kind: str, language: str) -> tuple[str, Span]:
    """Return the turn with the name in it, and where the name stands.

    Args:
        text: The turn.
        name: What is put in.
        span: The word that stands for it; None where nothing does.
        kind: The word's kind; ``typed`` for "that river".
        language: The turn's.
    """
    if span is not None and language in IN_PLACE:
        return _replaced(text, span, name, kind, language)
    if span is not None and kind == "typed":
        start = span[1] + 2
        return f"{text[: span[1]]} ({name}){text[span[1] :]}", (start, start + len(name))
    body = text.rstrip(CLOSING)
    start = len(body) + 2
    return f"{body} ({name}){text[len(body) :]}", (start, start + len(name))


def _replaced(text: str, span: Span, name: str, kind: str, language: str) -> tuple[str, Span]:
    start, end = span
    after = ""
    if kind == "possessives":
        after = {"en": "'s", "zh": "的", "ja": "の"}[language]
    before = "in " if language == "en" and kind == "places" else ""
    begins = start + len(before)
    return text[:start] + before + name + after + text[end:], (begins, begins + len(name))
