"""Scripted dialogues as values, read from YAML and checked against ``dialogue.schema.json``."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from convrag.errors import DialogueError, UsageError


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


Need = TripleNeed | PassageNeed


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
class ScriptedTurn:
    """What the asker says, and what is expected then."""

    user: str
    expect: Expectation
    shift: bool = False


@dataclass(frozen=True, slots=True)
class ScriptedDialogue:
    """One scripted conversation and the file it came from."""

    id: str
    pack: str
    language: str
    title: str
    turns: tuple[ScriptedTurn, ...]
    path: Path


def load_dialogues(paths: Sequence[Path]) -> tuple[ScriptedDialogue, ...]:
    """Return the dialogues of all files and folders (searched for ``*.yaml``), sorted by id.

    Raises:
        UsageError: A path does not exist, or nothing was found.
        DialogueError: A file is not a valid dialogue, or two have the same id.
    """
    found: dict[str, ScriptedDialogue] = {}
    for path in _files(paths):
        dialogue = load_dialogue(path)
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
            name = load_dialogue(path).id
        except DialogueError as error:
            errors.append(error)
            continue
        if name in places:
            errors.append(_taken(path, name, places[name]))
        else:
            places[name] = path
    return len(places), tuple(errors)


def _taken(path: Path, name: str, other: Path) -> DialogueError:
    return DialogueError(
        f"{path}: the id '{name}' is taken by {other}", "give every dialogue an id of its own"
    )


def load_dialogue(path: Path) -> ScriptedDialogue:
    """Return the dialogue in one YAML file.

    Raises:
        DialogueError: The file cannot be read, is not YAML, or breaks the schema; file and line
            are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise DialogueError(f"{path}: cannot be read: {error}", "save it as UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise DialogueError(f"{place}: {problem}", "correct the YAML there") from error
    _reject_duplicate_keys(node, path)
    _check(data, node, path)
    return _dialogue(data, path)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a dialogue file."""
    file = importlib.resources.files("convrag.evaluation") / "dialogue.schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


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


def _reject_duplicate_keys(root: yaml.Node | None, path: Path) -> None:
    pending, visited = [root], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in visited:  # an alias may point back at a node it is in
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    place = f"{path}:{key.start_mark.line + 1}"
                    raise DialogueError(
                        f"{place}: '{key.value}' is given twice", "keep one of them"
                    )
                seen.add(key.value)
                pending.append(value)


def _check(data: object, node: yaml.Node | None, path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    errors = sorted(
        validator.iter_errors(data),
        key=lambda error: (_line(node, error.absolute_path), error.message),
    )
    if not errors:
        return
    error = errors[0]
    place = ".".join(str(part) for part in error.absolute_path) or "the file"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise DialogueError(
        f"{path}:{_line(node, error.absolute_path)}: {place}: {_problem(error)}{more}",
        "the schema is convrag/evaluation/dialogue.schema.json",
    )


def _problem(error: jsonschema.ValidationError) -> str:
    if error.validator == "not":
        return "an abstained turn has no answer: remove 'answer' or 'abstain'"
    text = " ".join(error.message.split())
    return text if len(text) <= 160 else text[:157] + "..."


def _line(root: yaml.Node | None, path: Sequence[str | int]) -> int:
    """Return the 1-based line where the value at ``path`` starts, or the closest one above it."""
    line, node = 1, root
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == part]
            if not pairs:
                break
            line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _dialogue(data: Mapping[str, Any], path: Path) -> ScriptedDialogue:
    language = str(data["language"])
    return ScriptedDialogue(
        id=data["id"],
        pack=data["pack"],
        language=language,
        title=data["title"],
        turns=tuple(
            ScriptedTurn(
                turn["user"],
                _expectation(turn.get("expect", {}), language),
                turn.get("shift", False),
            )
            for turn in data["turns"]
        ),
        path=path,
    )


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
