"""Scripted dialogues as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrag.errors import DialogueError, UsageError
from convrag.evaluation.dialogue_files import read_dialogue
from convrag.evaluation.variants import variants


@dataclass(frozen=True, slots=True)
class Words:
    """What a text must and must not contain. An empty tuple asks for nothing."""

    contains_any: tuple[str, ...] = ()
    contains_all: tuple[str, ...] = ()
    contains_none: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """A number the answer must state; ``tolerance`` is a share of ``value``."""

    value: float
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class TripleNeed:
    """A triple that must be found. Terms are CURIEs or IRIs; the object may be a quoted literal."""

    subject: str
    predicate: str
    object: str

    def __str__(self) -> str:
        return f"{self.subject} {self.predicate} {self.object}"


@dataclass(frozen=True, slots=True)
class PassageNeed:
    """A passage that must be found: the end of its source, and a quote from it (may be empty)."""

    source: str
    contains: str = ""

    def __str__(self) -> str:
        return f"{self.source} “{self.contains}”" if self.contains else self.source


@dataclass(frozen=True, slots=True)
class ItemNeed:
    """A document or triple that must be found, by its id; the answers say where in it to read."""

    id: str
    answers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.id


Need = TripleNeed | PassageNeed | ItemNeed


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a turn's answer is held to. None and empty ask for nothing."""

    answer: Words | None = None
    number: Number | None = None
    abstain: bool = False
    clarify: bool = False
    """Whether the asker is to be asked back what is meant."""
    language: str = ""
    entities: tuple[str, ...] = ()
    evidence: tuple[tuple[Need, ...], ...] = ()
    """Required items; each is a tuple of alternatives of which one is enough."""
    rewrite: Words | None = None
    standalone: str = ""
    """The question as it would be asked first in a dialogue."""

    @property
    def wants_answer(self) -> bool:
        """Whether the turn is to be answered with content (no small talk either)."""
        held = self.answer is not None or self.number is not None
        return held and not (self.abstain or self.clarify)


@dataclass(frozen=True, slots=True)
class Condition:
    """What the last answer must be like for a branch to be taken. Empty asks for nothing."""

    words: Words = Words()
    status: str = ""
    """A :class:`~convrag.types.Status`."""


@dataclass(frozen=True, slots=True)
class ScriptedTurn:
    """What the asker says, and what is expected then."""

    user: str
    expect: Expectation
    shift: bool = False
    way: tuple[tuple[int, int], ...] = ()
    """The branches it lies in, outermost first: a fork of the dialogue and which way there."""


@dataclass(frozen=True, slots=True)
class ScriptedDialogue:
    """One scripted conversation and the file it came from."""

    id: str
    pack: str
    language: str
    title: str
    turns: tuple[ScriptedTurn, ...]
    """In the order of the file, those of all branches."""
    path: Path
    persona: str = ""
    """Manner of asking."""
    forks: tuple[tuple[Condition, ...], ...] = ()
    """Conditions of the ways at every fork; the first way whose condition holds is taken."""


def load_dialogues(paths: Sequence[Path]) -> tuple[ScriptedDialogue, ...]:
    """Return the dialogues of all files and folders (searched for ``*.yaml``), sorted by id.

    Raises:
        UsageError: A path does not exist, or nothing was found.
        DialogueError: A file is not a valid dialogue, or two have the same id.
    """
    found: dict[str, ScriptedDialogue] = {}
    for path in _files(paths):
        for dialogue in load_dialogue(path):
            if dialogue.id in found:
                raise _taken(path, dialogue.id, found[dialogue.id].path)
            found[dialogue.id] = dialogue
    return tuple(found[key] for key in sorted(found))


def check_dialogues(paths: Sequence[Path]) -> tuple[int, tuple[DialogueError, ...]]:
    """Return how many dialogues are valid, and what is wrong with every other file.

    Raises:
        UsageError: A path does not exist, or nothing was found.
    """
    places: dict[str, Path] = {}
    errors: list[DialogueError] = []
    for path in _files(paths):
        try:
            names = [dialogue.id for dialogue in load_dialogue(path)]
        except DialogueError as error:
            errors.append(error)
            continue
        for name in names:
            if name in places:
                errors.append(_taken(path, name, places[name]))
            places.setdefault(name, path)
    return len(places), tuple(errors)


def _taken(path: Path, name: str, other: Path) -> DialogueError:
    return DialogueError(
        f"{path}: the id '{name}' is taken by {other}", "give every dialogue an id of its own"
    )


def load_dialogue(path: Path) -> tuple[ScriptedDialogue, ...]:
    """Return the dialogues of one YAML file: one for each of its cases and personas.

    Raises:
        DialogueError: The file cannot be read, is not YAML, or breaks the schema; file and line
            are named.
    """
    return tuple(_dialogue(data, path) for data in variants(read_dialogue(path), path))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*.y*ml") if file.suffix in _SUFFIXES)
        elif path.is_file():
            files = [path]
        else:
            raise UsageError(f"{path}: no such file or folder", "name dialogue files or folders")
        for file in files:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file
    if not seen:
        names = ", ".join(str(path) for path in paths)
        raise UsageError(f"no dialogues in {names}", "dialogues are files that end in .yaml")


_SUFFIXES = (".yaml", ".yml")


def _dialogue(data: Mapping[str, Any], path: Path) -> ScriptedDialogue:
    forks: list[tuple[Condition, ...]] = []
    turns = tuple(_turns(data["turns"], str(data["language"]), (), forks))
    return ScriptedDialogue(
        id=data["id"],
        pack=data["pack"],
        language=str(data["language"]),
        title=data["title"],
        turns=turns,
        path=path,
        persona=data.get("persona", ""),
        forks=tuple(forks),
    )


def _turns(
    items: Sequence[Mapping[str, Any]],
    language: str,
    way: tuple[tuple[int, int], ...],
    forks: list[tuple[Condition, ...]],
) -> Iterator[ScriptedTurn]:
    for item in items:
        if "branches" in item:
            fork = len(forks)
            forks.append(tuple(_condition(branch.get("if", {})) for branch in item["branches"]))
            for number, branch in enumerate(item["branches"]):
                yield from _turns(branch["turns"], language, (*way, (fork, number)), forks)
        else:
            expect = _expectation(item.get("expect", {}), language)
            yield ScriptedTurn(item["user"], expect, item.get("shift", False), way)


def _condition(data: Mapping[str, Any]) -> Condition:
    return Condition(_words(data), data.get("status", ""))


def _expectation(data: Mapping[str, Any], language: str) -> Expectation:
    answer = data.get("answer")
    stated = (answer or {}).get("number")
    number = Number(stated["value"], stated.get("tolerance", 0)) if stated else None
    return Expectation(
        answer=_words(answer) if answer is not None else None,
        number=number,
        abstain=data.get("abstain", False),
        clarify=data.get("clarify", False),
        language=data.get("language", language),
        entities=tuple(data.get("entities", ())),
        evidence=tuple(_alternatives(item) for item in data.get("evidence", ())),
        rewrite=_words(data["rewrite"]) if "rewrite" in data else None,
        standalone=data.get("standalone", ""),
    )


def _words(data: Mapping[str, Any]) -> Words:
    return Words(
        contains_any=tuple(data.get("contains_any", ())),
        contains_all=tuple(data.get("contains_all", ())),
        contains_none=tuple(data.get("contains_none", ())),
    )


def _alternatives(item: object) -> tuple[Need, ...]:
    return tuple(_need(each) for each in item) if isinstance(item, list) else (_need(item),)


def _need(item: Any) -> Need:  # noqa: ANN401 - a JSON value the schema has checked
    if isinstance(item, str):
        return TripleNeed(*item.split(None, 2))
    return PassageNeed(item["source"], item.get("contains", ""))
