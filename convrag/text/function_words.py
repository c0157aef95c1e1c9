"""Small tables of function words, read once from data."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files

from convrag.text.normalize import match_key


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, str]]:
    path = files("convrag.text").joinpath("data", "function_words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def spelled(language: str) -> frozenset[str]:
    """Return the function words of ``language`` in lower case with accents; empty when unknown."""
    return frozenset(_tables()["words"].get(language, "").split())


@lru_cache(maxsize=64)
def stop_keys(language: str) -> frozenset[str]:
    """Return the match keys of the function words and fillers of ``language``.

    Empty when the language is unknown.
    """
    fillers = _tables()["fillers"].get(language, "").split()
    return frozenset(match_key(word) for word in (*spelled(language), *fillers))


@lru_cache(maxsize=64)
def greetings(language: str) -> frozenset[str]:
    """Return words that greet or thank in ``language``, in lower case."""
    return frozenset(_tables()["greetings"].get(language, "").split())


@lru_cache(maxsize=64)
def openers(language: str) -> frozenset[str]:
    """Return words that open a question in ``language``, in lower case."""
    return frozenset(_tables()["openers"].get(language, "").split())


@lru_cache(maxsize=64)
def letters(language: str) -> frozenset[str]:
    """Return lower-case letters and signs that few languages but ``language`` use."""
    return frozenset(_tables()["letters"].get(language, ""))


@lru_cache(maxsize=64)
def romanised(language: str) -> frozenset[str]:
    """Return function words of a language of another script as they are typed in Latin letters."""
    return frozenset(_tables()["romanised"].get(language, "").split())


@lru_cache(maxsize=1)
def name_particles() -> frozenset[str]:
    """Return function words that are often part of a name, in any language."""
    return frozenset(_tables()["name_particles"]["all"].split())


@lru_cache(maxsize=1)
def leading_particles() -> frozenset[str]:
    """Return the name particles that can be the first word of a name."""
    return frozenset(_tables()["name_particles"]["lead"].split())
