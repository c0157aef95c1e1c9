"""What the keys of texts and the templates of sentences relate, under one name for both."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from convrag.graph.building.names import words_of
from convrag.text.normalize import match_key

_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]")
_PARTED = re.compile(r"\s+[-–—]+\s+")
_YEAR = re.compile(r"\s+\(?(\d{4})\)?$")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Relation:
    """A property that texts give things. ``key`` is its name in the table, or what texts call it.

    ``alone`` is a part of the label that may name it by itself: "border countries" of "land
    boundaries border countries".
    """

    key: str
    label: str
    language: str
    known: bool = False
    alone: str = ""

    @property
    def dated(self) -> bool:
        """Whether a number of four digits is a year here."""
        if self.known:
            return bool(table()[self.key].get("value") == "date")
        words = set(match_key(self.label).split())
        return not words.isdisjoint(words_of(self.language).get("dates", ()))

    @property
    def single(self) -> bool:
        """Whether of several names only the first counts."""
        return bool(self.known and table()[self.key].get("single"))


@cache
def table() -> Mapping[str, Any]:
    """Return the known relations by key."""
    text = resources.files("convrag.graph.building").joinpath("relations.toml").read_text("utf-8")
    return tomllib.loads(text)


def known(key: str, language: str) -> Relation:
    """Return a relation of the table."""
    return Relation(key, table()[key]["labels"].get(language, [key])[0], language, True)


def relation_called(label: str, language: str) -> Relation:
    """Return the relation with this name in the language: a known one, else a new one."""
    label = " ".join(label.split())[:_LONGEST]
    key = _by_label(language).get(match_key(label))
    return known(key, language) if key else Relation(match_key(label), _small(label), language)


def relation_of(key: str, heading: str, language: str) -> tuple[Relation, str]:
    """Return what a key under a heading relates, and the year at its end, "" for none.

    A key that says nothing by itself, as "total" or one in small letters may, is read with the
    heading: "total" under "Area" is the area. "Area - land" says the same as "land" under "Area".
    """
    text = " ".join(_BRACKETS.sub(" ", key).split()) or key.strip("()（） ")
    year = _YEAR.search(text)
    if year:
        text = text[: year.start()]
    group, part = "", text
    pieces = _PARTED.split(text, maxsplit=1)
    if len(pieces) == 2 and all(pieces):
        group, part = pieces
    elif heading and (_is_plain(text, language) or not _stands_alone(text)):
        group = " ".join(_BRACKETS.sub(" ", heading).split())
    if not group:
        found = relation_called(part, language)
    elif _is_plain(part, language) or match_key(part).startswith(match_key(group)):
        found = relation_called(group if _is_plain(part, language) else part, language)
    else:
        alone = _by_label(language).get(match_key(part)) if " " in part else None
        label = f"{_small(group)} {part}"
        found = (
            known(alone, language)
            if alone
            else Relation(
                match_key(label)[:_LONGEST], label[:_LONGEST], language, alone=_alone(part)
            )
        )
    return found, year[1] if year else ""


def is_aside(key: str, language: str) -> bool:
    """Return whether a key only introduces a remark."""
    return match_key(re.sub(r"[\s\d]+$", "", key)) in words_of(language).get("asides", ())


def gives_other_name(key: str, language: str) -> bool:
    """Return whether the value of the key is another name of the subject."""
    part = _PARTED.split(key)[-1]
    return match_key(part) in set(map(match_key, words_of(language).get("other_names", ())))


def class_named(key: str, heading: str, language: str) -> str:
    """Return what kind of thing a key such as "Country name" names, empty for other keys."""
    for text in (_PARTED.split(key)[0], heading):
        for pattern in words_of(language).get("class_of", ()):
            found = re.fullmatch(pattern, text, re.IGNORECASE)
            if found and len(found["kind"]) > 1:
                return found["kind"].strip().lower()
    return ""


def _stands_alone(key: str) -> bool:
    """Whether a key begins like a heading of its own, in scripts that have capitals."""
    return not key[0].isdigit() and not key[0].islower()


def _alone(part: str) -> str:
    """Return the part where it may stand by itself: one word may mean anything."""
    return part if " " in part else ""


def _small(text: str) -> str:
    """Return the text with a small first letter, unless its first word is in capitals."""
    first = text.split()[0]
    return text if first[1:].lower() != first[1:] else text[0].lower() + text[1:]


def _is_plain(text: str, language: str) -> bool:
    return match_key(text) in words_of(language).get("plain_keys", ())


@cache
def _by_label(language: str) -> Mapping[str, str]:
    """Return the keys of known relations by the match keys of their labels."""
    return {
        match_key(label): key
        for key, entry in table().items()
        if entry["value"] != "qualifier"
        for label in entry["labels"].get(language, ())
    }
