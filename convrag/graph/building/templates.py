"""Sentences that state a relation in a known form, found by the templates of their language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from convrag.graph.building.names import Name, bare, named, words_of
from convrag.graph.building.values import Quantity, date_of, items_of, quantity_of, year_of
from convrag.types import Literal

_LONGEST_SENTENCE = 600
_UNSPACED = frozenset({"zh", "ja"})
_UNCASED = frozenset({"ar", "hi"})
_SLOT = re.compile(r"\{([a-z])\}($|\(\?)?")
_OUTER = r",;:!?()\[\]\n"
_WIDE = r"，。、；：！？,;:!?()（）\s"
_LONGEST_KIND = 4
"""Words that say what kind of thing something is."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a sentence states of ``subject``: one of the fields after it is set."""

    relation: str
    """Its name in the table of relations, ``kind`` for a class, ``role:...`` for a role."""
    subject: Name
    objects: tuple[Name, ...] = ()
    date: Literal | None = None
    quantity: Quantity | None = None
    kind: str = ""


def stated(sentence: str, language: str) -> Iterator[Stated]:
    """Yield what the sentence states by the templates of its language, each thing once."""
    if len(sentence) > _LONGEST_SENTENCE:
        return
    seen: set[tuple[str, str]] = set()
    for relation, pattern, cue in _templates(language):
        if cue not in sentence:
            continue
        found = pattern.match(sentence)
        result = _read(relation, found, language) if found else None
        if result is not None and (result.relation, result.subject.text) not in seen:
            seen.add((result.relation, result.subject.text))
            yield result


def _read(relation: str, found: re.Match[str], language: str) -> Stated | None:
    parts = found.groupdict()
    subject = named(parts["s"] if parts.get("s") else parts["n"], language)
    if subject is None:
        return None
    if parts.get("t") is not None:
        kind = _kind(parts["t"], language)
        return Stated(relation, subject, kind=kind) if kind else None
    if parts.get("d") is not None:
        date = date_of(parts["d"], language) or year_of(parts["d"])
        return Stated(relation, subject, date=date) if date else None
    if parts.get("q") is not None:
        quantity = quantity_of(parts["q"], language)
        return Stated(relation, subject, quantity=quantity) if quantity else None
    if parts.get("r") is not None:
        role = _kind(parts["r"], language)
        if not role:
            return None
        relation = f"role:{role}"
    objects = _names(parts["o"], language)
    return Stated(relation, subject, objects) if objects else None


def _names(text: str, language: str) -> tuple[Name, ...]:
    """Return the names of a list up to the first part that is none."""
    found: list[Name] = []
    for part in items_of(text, language):
        name = named(part, language)
        if name is None:
            break
        found.append(name)
    return tuple(found)


def _kind(text: str, language: str) -> str:
    """Return what kind of thing the words say something is; empty when they say none."""
    table = _tables().get(language, {})
    words = bare(text, language).split()
    heads = table.get("no_kind", ())
    head = words[-1] if words else ""
    if language in ("es", "fr", "pt", "ar"):
        head = words[0] if words else ""
    if not words or head.casefold() in heads or not head[:1].isalpha():
        return ""
    cased = language not in (*_UNSPACED, *_UNCASED)
    if cased and language != "de" and head[0].isupper():
        return ""
    if cased and (len(words) > _LONGEST_KIND or any(w[0].isupper() for w in words)):
        return head
    return " ".join(words)


@cache
def _tables() -> dict[str, Any]:
    text = resources.files("convrag.graph.building").joinpath("templates.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _templates(language: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Return (relation, pattern, letters that a sentence must have) of the language."""
    table = _tables().get(language, {})
    slots = _slots(language, table.get("stops", ()), table.get("after_kind", ()))
    return tuple(
        (relation, re.compile(_expression(text, slots, language)), _cue(text))
        for relation, texts in table.get("relations", {}).items()
        for text in texts
    )


def _expression(text: str, slots: dict[str, str], language: str) -> str:
    # At the end of a template the text itself must show where the value ends.
    inner = _SLOT.sub(
        lambda m: (
            slots[m[1]] + (slots.get(f"{m[1]} end", "") if m[2] is not None else "") + (m[2] or "")
        ),
        text,
    )
    if language in _UNSPACED:
        return rf"\s*{inner}[。．.!！]?\s*$"
    if language in _UNCASED:
        return rf"\s*{inner}\s*[.।۔]?\s*$"
    return rf"\s*{inner}(?=[\s,.;:!?)]|$)"


def _slots(language: str, stops: list[str], after_kind: list[str]) -> dict[str, str]:
    """Return the expression of each slot, and of what follows it at the end of a template."""
    if language in _UNSPACED:
        return _unspaced_slots()
    if language in _UNCASED:
        return _uncased_slots()
    return _cased_slots(language, stops, after_kind)


def _unspaced_slots() -> dict[str, str]:
    name = rf"[^{_WIDE}]{{1,16}}?"
    return {
        "s": rf"(?P<s>{name}(?:[(（][^()（）]{{1,40}}[)）])?)",
        "n": rf"(?P<n>{name})",
        "o": r"(?P<o>[^，。；：！？;:!?()（）\s]{1,60}?)",
        "d": r"(?P<d>\d{4}年?(?:\d{1,2}月)?(?:\d{1,2}日)?)",
        "q": r"(?P<q>约?\d[^，。、；！？\s]{0,24}?)",
        "t": rf"(?P<t>[^{_WIDE}]{{1,10}}?)",
        "r": rf"(?P<r>[^{_WIDE}]{{1,8}}?)",
    }


def _uncased_slots() -> dict[str, str]:
    word = r"[^\s،,.;:!?()।؛؟]+"
    name = rf"{word}(?:\s{word}){{0,3}}?"
    return {
        "s": rf"(?P<s>{name})",
        "n": rf"(?P<n>{name})",
        "o": rf"(?P<o>{name}(?:،?\s*{name})*?)",
        "d": r"(?P<d>(?:\d{1,2}\s\S+\s)?\d{4})",
        "q": r"(?P<q>(?:\S+\s)?\d\S*(?:\s\S+){0,3}?)",
        "t": rf"(?P<t>{word}(?:\s{word})?)",
        "r": rf"(?P<r>{word}(?:\s{word})?)",
    }


def _cased_slots(language: str, stops: list[str], after_kind: list[str]) -> dict[str, str]:
    stop = "|".join(map(re.escape, stops))
    kind_end = "|".join(map(re.escape, [*stops, *after_kind]))
    table = words_of(language)
    # Nothing is called like a zero byte, so an empty list matches nothing.
    articles = "|".join([*map(re.escape, table.get("articles", ())), "\0"])
    nouns = "|".join([*map(re.escape, table.get("name_nouns", ())), "\0"])
    name = rf"(?:(?:{nouns})\s)?[^\W\d_a-zа-я][^{_OUTER}]{{0,70}}?"
    listed = rf"(?:(?:{nouns})\s)?[^\W\d_a-zа-я][^;:!?()\[\]\n]{{0,160}}?"
    role = r"[^\W\d_A-ZА-Я][\w-]*(?:\s[a-zà-ÿа-я][\w-]*){0,2}"
    return {
        "s": rf"(?P<s>{name}(?:\s\([^()]{{1,80}}\))?)(?:,\s[^,]{{1,80}},)?",
        "n": rf"(?P<n>{name})",
        "o": rf"(?:(?:{articles})\s)?(?P<o>{listed})",
        "o end": rf"(?=\s*(?:[;:!?()]|\.?$)|,?\s+(?:{stop})\s+(?:[^\W\d_A-ZÄÖÜÀ-ÞА-Я]|\d)"
        r"|,\s+[a-zà-ÿа-я])",
        "d": r"(?P<d>(?:[^\W\d]+\s\d{1,2},\s"
        r"|\d{1,2}\S{0,3}\s(?:de\s)?[^\W\d]+\s(?:de\s)?)?\d{4})",
        "q": r"(?P<q>[^\W\d]{0,14}\s?\d(?:[^\s;!?()]|\s(?=\S)){0,40}?)",
        "q end": rf"(?=[,.]?\s*$|[,.;]\s|\s(?:{stop})\s)",
        "t": r"(?P<t>[^\W\d_](?:[\w'-]|\s(?=[\w'-])){1,60}?)"
        rf"(?=\s*(?:[,;.:()]|$)|\s(?:{kind_end})\b)",
        "r": rf"(?P<r>{role}|(?<=Die )\w+|(?<=Der )\w+|(?<=der )\w+|(?<=die )\w+)",
    }


def _cue(text: str) -> str:
    """Return the longest run of plain letters of a template."""
    fixed = re.sub(r"\\.|\[[^\]]*\]|\((?:[^()]|\([^()]*\))*\)\??|\{[\w,]+\}|.\?", "\0", text)
    runs = re.split(r"[\0.*+|^$]", fixed)
    return max((run.strip() for run in runs), key=len, default="")
