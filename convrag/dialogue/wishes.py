"""Wishes that are no questions: another language for the answers, or what only others can do."""

from __future__ import annotations

import re
from functools import cache

from convrag.dialogue.lexicon import Lexicon, lexicon
from convrag.text.normalize import match_key

_EDGES = " ,，、.。…-–—:：;；؛،！!?？؟"
_WORD = r"([^\s\d,，.。:：;?？!！、]+?)"


def wants_something_else(text: str, words: Lexicon) -> bool:
    """Return whether the turn begins with a request that no source answers ("translate this")."""
    return any(
        not any(c.isalnum() for c in text[:start])
        for _, (start, _) in words.spoken(text, "outside")
    )


def reply_language(text: str, language: str, known: tuple[str, ...]) -> tuple[str, str]:
    """Return the language that answers are wanted in, and what else the turn says.

    The wish may open a turn or be all of it.

    Args:
        text: The turn.
        language: Its language.
        known: Languages that answers can be given in.

    Returns:
        The language's code and the rest; an empty code and ``text`` when nothing is wished.
    """
    for pattern in _patterns(language):
        found = pattern.match(text)
        code = _named(found[1], language) if found else ""
        if found and code in known:
            return code, text[found.end() :].lstrip(_EDGES)
    return "", text


def language_named(name: str, language: str) -> bool:
    """Return whether ``name`` is what ``language`` calls a language."""
    return bool(_named(name, language))


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    made = []
    for template in sorted(lexicon(language).templates("reply"), key=len, reverse=True):
        words = [re.escape(word) for word in re.split(r"(\{language\})|[ ,]+", template) if word]
        body = r"[\s,，、]*".join(_WORD if word == r"\{language\}" else word for word in words)
        # What is spoken before it: "no, in English please".
        made.append(
            re.compile(rf"^\W*(?:\w{{1,5}}\W+){{0,3}}?{body}(?=\W|$|[。，])", re.IGNORECASE)
        )
    return tuple(made)


@cache
def _named(name: str, language: str) -> str:
    """Return the code of the language that is called ``name`` in ``language``, or ``""``."""
    from babel import Locale, UnknownLocaleError

    key = match_key(name)
    try:
        names = Locale.parse(language or "en").languages
    except (UnknownLocaleError, ValueError):
        return ""
    exact = [code for code, called in names.items() if match_key(called) == key]
    close = [
        code
        for code, called in names.items()
        if len(code) == 2 and len(key) > 4 and match_key(called)[: len(key) - 2] == key[:-2]
    ]
    return next(iter([*exact, *close]), "")
