"""Names of things as documents write them: what is one, what else it is called, and its id."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from convrag.graph.phrases import stems
from convrag.text.normalize import match_key
from convrag.text.scripts import UNSPACED, script_of

SPACE = "urn:convrag:text:"
"""Of all ids that are made from text."""
ENTITY, PROPERTY, CLASS = (f"{SPACE}{kind}/" for kind in ("entity", "property", "class"))
_LONGEST_ID = 120
_LONGEST_NAME = 90
_MOST_WORDS = 8
_MOST_UNSPACED = 14
_MOST_UNCASED = 5
_BRACKETS = re.compile(r"\s*[(（]([^()（）]{1,80})[)）]\s*")
_SIDES = " \t\"'“”„‚‘’«»「」『』《》【】*_`.,;:，。；：、।"
_WORD = re.compile(r"[^\s/–—-]+")
_STATE = re.compile(r",\s[A-Z]{2}$")
"""As in "Washington, DC"."""
_UNCASED = frozenset({"arabic", "devanagari", "hebrew", "thai"})


@dataclass(frozen=True, slots=True)
class Name:
    """A name with others that the same place of the text gives, and what is said of its kind.

    ``kind`` is what the document says it is.
    """

    text: str
    aliases: tuple[str, ...] = ()
    kind: str = ""
    note: str = ""
    """What stood in brackets and is no name."""


@cache
def words_of(language: str) -> dict[str, Any]:
    """Return the table of words of a language, empty where there is none."""
    text = resources.files("convrag.graph.building").joinpath("words.toml").read_text("utf-8")
    return dict(tomllib.loads(text).get(language, {}))


def bare(text: str, language: str) -> str:
    """Return the name without quotation marks, full stops and a leading article."""
    text = " ".join(text.split())
    kept = text.strip(_SIDES)
    if text.endswith(".") and re.search(r"\b\w\.\w$", kept):
        kept += "."  # U.S.
    for article in words_of(language).get("articles", ()):
        apart = article if article.endswith(("'", "’")) else f"{article} "
        if kept[: len(apart)].casefold() == apart and len(kept) > len(apart):
            return kept[len(apart) :].strip()
    return kept


def named(text: str, language: str) -> Name | None:
    """Return the name that ``text`` is, with what stands in brackets; None when it is no name.

    "European Union (EU)" is called EU too; of "German (official)" the bracket is a note.
    """
    inner = [m[1].strip() for m in _BRACKETS.finditer(text)]
    main = bare(_BRACKETS.sub(" ", text), language)
    if len(inner) > 2 or not is_name(main, language):
        return None
    aliases = tuple(bare(i, language) for i in inner if _is_other_name(main, i, language))
    known = {match_key(main), *map(match_key, aliases)}
    notes = [i for i in inner if match_key(bare(i, language)) not in known]
    return Name(main, aliases, note="; ".join(notes))


def is_name(text: str, language: str) -> bool:
    """Return whether the text is written as names are: in capitals where the script has them."""
    if not 1 < len(text) <= _LONGEST_NAME or not any(map(str.isalpha, text)) or text[-1] == "-":
        return False
    text = _STATE.sub("", text)
    if any(c in text for c in ",、，:;()[]{}<>|=；：（）。！？!?%$€£\n"):
        return False
    script = script_of(next(c for c in text if c.isalpha()))
    if script in UNSPACED:
        known = words_of(language).get("no_name", ())
        fits = len(text) <= _MOST_UNSPACED and not text[0].isdigit()
        return fits and not any(word in text for word in known)
    words = _WORD.findall(text)
    known = {*words_of(language).get("no_name", ()), *words_of(language).get("articles", ())}
    if script in _UNCASED:
        return len(words) <= _MOST_UNCASED and not known.intersection(words)
    nouns = words_of(language).get("name_nouns", ())
    return (
        len(words) <= _MOST_WORDS
        and (text[0].isupper() or words[0] in nouns)
        and not (len(words) == 1 and text.casefold() in known)
        and words[0].casefold() not in words_of(language).get("openers", ())
        and all(_capital(word) or word in _particles(language) or word in nouns for word in words)
        and any(map(_capital, words))
        and (_capital(words[-1]) or words[-1] in nouns)
    )


def entity_id(name: str, kind: str = "") -> str:
    """Return the id of what a document calls ``name``; a namesake of another kind has another."""
    return f"{ENTITY}{_quoted(match_key(name))}" + (f"/{_quoted(kind)}" if kind else "")


def property_id(key: str, unit: str = "") -> str:
    """Return the id of a property by its name; values in another unit are another property's."""
    return f"{PROPERTY}{_quoted(match_key(key))}" + (f"/{_quoted(unit)}" if unit else "")


def class_id(key: str) -> str:
    """Return the id of the class with this key; see :func:`class_key`."""
    return f"{CLASS}{_quoted(key)}"


@lru_cache(maxsize=4096)
def class_key(noun: str, language: str) -> str:
    """Return the key that forms of a noun share: of "countries" and "Country"."""
    return " ".join(stem for stem, _ in stems(noun, language)) or match_key(noun)


def _quoted(key: str) -> str:
    if len(key) > _LONGEST_ID:
        key = key[:60] + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]
    return quote(key, safe="", errors="replace")


@cache
def _particles(language: str) -> frozenset[str]:
    table = words_of(language)
    return frozenset(table.get("particles", ())) | {"of", "de", "al", "von", "van", "&"}


def _capital(word: str) -> bool:
    first = next((c for c in word if c.isalnum()), "")
    # al-Qa'ida and d'Ivoire have their capital after a particle.
    return not first.isalpha() or first.isupper() or bool(re.match(r"\w{1,2}['’-]\w", word))


def _is_other_name(main: str, other: str, language: str) -> bool:
    """Whether what stands in brackets is the name's acronym; other names may be remarks."""
    other = bare(other, language).replace(".", "")
    initials = "".join(w[0] for w in re.split(r"[\s-]+", main) if w[:1].isupper())
    fits = len(initials) > 1 and other[:1] == initials[:1] and other[-1:] in initials
    return other.isupper() and other.isalpha() and 1 < len(other) <= 8 and fits
