"""Dialogues with the facts behind each turn, and their graphs: KdConv and CrossWOZ."""

from __future__ import annotations

import gzip
import json
import random
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrag.graph import terms
from convrag.types import Literal, Triple

DOMAINS = ("travel", "film", "music", "crosswoz")
FILES = {"kdconv": ("dev", "test"), "crosswoz": ("val", "test")}
"""The file that may be used for fitting, then the one that is held out."""
SEED = 13
EX = "https://example.org/"
_LABEL, _ALIAS = terms.RDFS + "label", terms.SKOS + "altLabel"
_SUFFIX = re.compile(r"[（(][^（()）]*[）)]$")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_KINDS = {
    "景点": {"周边景点", "建议游玩时间"},
    "电影": {"上映时间", "片长", "主演", "制片地区"},
    "专辑": {"曲目数量", "专辑歌手", "专辑语言"},
    "歌曲": {"歌曲原唱", "填词", "谱曲", "所属专辑"},
    "人物": {"出生日期", "职业", "国籍", "出生地", "代表作品", "主要成就"},
}
"""What a KdConv entity is, told by the attributes it has; its files do not say."""
_UNITS = {"人均消费": "元", "价格": "元", "门票": "元", "评分": "分"}

Fact = tuple[str, str, str]
"""An entity's name, an attribute and a value, as the files have them."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one speaker says, and the facts that it was said from."""

    text: str
    gold: tuple[Triple, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages of one dialogue in order."""

    id: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """Dialogues, and the triples of a graph that holds their facts.

    ``facts`` are those about the entities that the dialogues are about: enough to search in, and
    fewer to go astray among than all. CrossWOZ's graph, which is large, has only these.
    """

    domain: str
    conversations: tuple[Conversation, ...]
    triples: tuple[Triple, ...]
    facts: tuple[Triple, ...]


def load(data: Path, domain: str, *, held_out: bool, dialogues: int | None = None) -> Task:
    """Return the dialogues of a domain and its graph.

    Args:
        data: The folder of all sets.
        domain: One of :data:`DOMAINS`.
        held_out: Whether the held-out file is meant.
        dialogues: How many, drawn with a seed; None for all.
    """
    if domain == "crosswoz":
        return _crosswoz(data / "crosswoz", held_out=held_out, dialogues=dialogues)
    return _kdconv(data / "kdconv" / domain, domain, held_out=held_out, dialogues=dialogues)


def _some(rows: Sequence[Any], count: int | None) -> list[Any]:
    """Return ``count`` rows drawn with a seed, in their order."""
    if count is None or count >= len(rows):
        return list(rows)
    return [rows[i] for i in sorted(random.Random(SEED).sample(range(len(rows)), count))]


def _kdconv(folder: Path, domain: str, *, held_out: bool, dialogues: int | None) -> Task:
    rows = json.loads(
        gzip.decompress((folder / f"{_file('kdconv', held_out)}.json.gz").read_bytes())
    )
    said = [
        [(m["message"], [_fact(a) for a in m.get("attrs", ())]) for m in row["messages"]]
        for row in rows
    ]
    facts = {fact for turns in said for _, found in turns for fact in found}
    if domain == "travel":
        kept = json.loads(gzip.decompress((folder / "kb_travel.json.gz").read_bytes()))
        facts |= {
            (name, attribute, value) for found in kept.values() for name, attribute, value in found
        }
    graph = _Graph(facts, _kinds_by_attributes(facts))
    return graph.task(domain, [(f"{domain}-{i}", turns) for i, turns in enumerate(said)], dialogues)


def _file(name: str, held_out: bool) -> str:
    return FILES[name][held_out]


def _fact(row: Mapping[str, str]) -> Fact:
    return row["name"], row["attrname"], row["attrvalue"]


def _kinds_by_attributes(facts: Iterable[Fact]) -> dict[str, str]:
    attributes: dict[str, set[str]] = defaultdict(set)
    for name, attribute, _ in facts:
        attributes[name].add(attribute)
    return {
        name: next(kind for kind, own in _KINDS.items() if own & found)
        for name, found in attributes.items()
        if any(own & found for own in _KINDS.values())
    }


def _crosswoz(folder: Path, *, held_out: bool, dialogues: int | None) -> Task:
    facts: list[Fact] = []
    kinds: dict[str, str] = {}
    for name in ("attraction", "hotel", "restaurant"):
        path = folder / "database" / f"{name}_db.json.gz"
        for entity, record in json.loads(gzip.decompress(path.read_bytes())):
            kinds[entity] = record["领域"]
            for attribute, value in record.items():
                if attribute not in ("领域", "名称") and value is not None:
                    values = value if isinstance(value, list) else [value]
                    facts += [(entity, attribute, str(v)) for v in values]
    database: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entity, attribute, value in facts:
        database[entity, attribute].append(value)
    file = _file("crosswoz", held_out)
    with zipfile.ZipFile(folder / f"{file}.json.zip") as archive:
        rows = json.loads(archive.read(f"{file}.json"))
    said = [
        (key, [_said(m, database) for m in row["messages"]]) for key, row in sorted(rows.items())
    ]
    graph = _Graph(dict.fromkeys(facts), kinds)
    return graph.task("crosswoz", said, dialogues)


def _said(
    message: Mapping[str, Any], database: Mapping[tuple[str, str], Sequence[str]]
) -> tuple[str, list[Fact]]:
    """Return a message's text and the facts of the database that a system message informs of.

    They are about the entity that it names in that domain, else the one that its state names, else
    the results it selected.
    """
    found: dict[Fact, None] = {}
    acts = message["dialog_act"] if message["role"] == "sys" else ()
    for intent, domain, slot, value in acts:
        if intent not in ("Inform", "Recommend") or domain not in message["sys_state"]:
            continue
        state = message["sys_state"][domain]
        named = [v for i, d, s, v in acts if (i, d, s) == ("Inform", domain, "名称")]
        attribute, _, facility = slot.partition("-")
        told = facility if facility and value == "是" else value
        for entity in named or ([state["名称"]] if state.get("名称") else state["selectedResults"]):
            for known in database.get((entity, attribute), ()):
                if _same(known, told):
                    found[entity, attribute, known] = None
    return message["content"], list(found)


def _same(known: str, told: str) -> bool:
    """Whether the value told is the one known: "68元" is 68, "免费" is 0."""
    if known == told or (known == "0" and told == "免费"):
        return True
    try:
        number = float(known)
    except ValueError:
        return False
    digits = _NUMBER.search(told)
    return digits is not None and float(digits[0]) == number


class _Graph:
    """Facts as triples: names become entities, numbers literals with a unit."""

    def __init__(self, facts: Iterable[Fact], kinds: Mapping[str, str]) -> None:
        self._kinds = kinds
        names = sorted({name for name, _, _ in facts})
        self._names = frozenset(names)
        shared = Counter(_SUFFIX.sub("", name) for name in names)
        self._short = {
            short: name
            for name in names
            for short in [_SUFFIX.sub("", name)]
            if shared[short] == 1 and short not in self._names
        }
        self._facts = sorted(facts)
        self._triples = {fact: self._triple(fact) for fact in self._facts}

    def task(
        self,
        domain: str,
        said: Sequence[tuple[str, Sequence[tuple[str, Sequence[Fact]]]]],
        count: int | None,
    ) -> Task:
        """Return the task with ``count`` of the dialogues."""
        conversations = tuple(
            Conversation(
                key,
                tuple(
                    Message(text, tuple(dict.fromkeys(self._triples[f] for f in gold)))
                    for text, gold in turns
                ),
            )
            for key, turns in _some(said, count)
        )
        facts = tuple(dict.fromkeys(self._triples.values()))
        about = {t.subject for c in conversations for m in c.messages for t in m.gold}
        searched = tuple(t for t in facts if t.subject in about)
        known = searched if domain == "crosswoz" else facts
        return Task(domain, conversations, (*self._described(), *known), searched)

    def _triple(self, fact: Fact) -> Triple:
        name, attribute, value = fact
        target = value if value in self._names else self._short.get(value)
        if target is not None and attribute != "Information" and target != name:
            return Triple(_id(name), EX + "p/" + attribute, _id(target), "set")
        kind = terms.XSD + "decimal" if _NUMBER.fullmatch(value) else ""
        literal = Literal(value, kind, "" if kind else "zh")
        return Triple(_id(name), EX + "p/" + attribute, literal, "set")

    def _described(self) -> list[Triple]:
        """Return the names of entities, properties and classes.

        What stands in brackets after a name tells namesakes apart; people leave it out.
        """
        triples: list[Triple] = []
        for name in sorted(self._names):
            short = _SUFFIX.sub("", name)
            if not any(c.isalnum() for c in short):
                short = name
            triples.append(Triple(_id(name), _LABEL, Literal(short, "", "zh"), "set"))
            if short != name:
                triples.append(Triple(_id(name), _ALIAS, Literal(name, "", "zh"), "set"))
            if name in self._kinds:
                triples.append(Triple(_id(name), terms.TYPE, EX + "c/" + self._kinds[name], "set"))
        for attribute in sorted({attribute for _, attribute, _ in self._facts}):
            item = EX + "p/" + attribute
            triples.append(Triple(item, _LABEL, Literal(attribute, "", "zh"), "set"))
            if attribute in _UNITS:
                triples.append(
                    Triple(item, terms.UNIT, Literal(_UNITS[attribute], "", "zh"), "set")
                )
        for kind in sorted(set(self._kinds.values())):
            triples.append(Triple(EX + "c/" + kind, _LABEL, Literal(kind, "", "zh"), "set"))
        return triples


def _id(name: str) -> str:
    return EX + "e/" + name.replace(" ", "_")
