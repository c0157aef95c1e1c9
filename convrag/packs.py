"""The bundled packs and dialogues: package data when installed, folders in a source tree."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from convrag.errors import ConfigError, UsageError

DEFAULT_PACK = "world"


@dataclass(frozen=True, slots=True)
class Pack:
    """A knowledge pack: where its graph and passages are, and what to tell people about it."""

    name: str
    title: str
    languages: tuple[str, ...]
    graph: Path
    passages: Path
    """The folder of the passage files."""
    examples: Mapping[str, tuple[str, ...]]
    """Questions to begin with, by language."""
    description: str


def find_pack(name: str) -> Pack:
    """Return the bundled pack called ``name``.

    Raises:
        UsageError: There is no such pack; the known ones are listed.
        ConfigError: Its ``pack.toml`` is not valid.
    """
    names = pack_names()
    if name not in names:
        close = get_close_matches(name, names, n=1)
        guess = f"did you mean '{close[0]}'? " if close else ""
        known = ", ".join(names) or "none are installed"
        raise UsageError(f"unknown pack '{name}'", f"{guess}known packs: {known}")
    return _read(_data("kg") / name)


def pack_called(text: str) -> str | None:
    """Return the name of the bundled pack with this name or title, or None."""
    names = pack_names()
    if text in names:
        return text
    return next((pack.name for pack in available_packs() if pack.title == text), None)


def available_packs() -> tuple[Pack, ...]:
    """Return all bundled packs, sorted by name.

    Raises:
        ConfigError: A ``pack.toml`` is not valid.
    """
    return tuple(_read(_data("kg") / name) for name in pack_names())


def pack_names() -> tuple[str, ...]:
    """Return the names of the bundled packs, sorted."""
    folder = _data("kg")
    if not folder.is_dir():
        return ()
    return tuple(sorted(path.parent.name for path in folder.glob("*/pack.toml")))


def dialogue_folder() -> Path:
    """Return the folder of the bundled scripted dialogues, one sub-folder a pack."""
    return _data("dialogues")


def _data(name: str) -> Path:
    package = Path(__file__).resolve().parent
    installed = package / "_data" / name
    return installed if installed.is_dir() else package.parent / name


def _read(folder: Path) -> Pack:
    path = folder / "pack.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}", "reinstall convrag") from error
    languages = data.get("languages", [])
    if not isinstance(languages, list) or not all(isinstance(code, str) for code in languages):
        raise ConfigError(f"{path}: 'languages' must be a list of codes", 'like ["en", "zh"]')
    return Pack(
        name=folder.name,
        title=_text(data, "title", folder.name, path),
        languages=tuple(languages),
        graph=folder / "graph.ttl",
        passages=folder / "passages",
        examples=_examples(data.get("examples", {}), path),
        description=_text(data, "description", "", path),
    )


def _text(data: Mapping[str, Any], key: str, default: str, path: Path) -> str:
    value = data.get(key, default)
    if isinstance(value, Mapping):  # one text a language
        value = value.get("en", next(iter(value.values()), default))
    if not isinstance(value, str):
        raise ConfigError(f"{path}: '{key}' must be text")
    return value


def _examples(value: object, path: Path) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{path}: 'examples' must be a table of languages")
    found: dict[str, tuple[str, ...]] = {}
    for language, questions in value.items():
        listed = [questions] if isinstance(questions, str) else questions
        if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
            raise ConfigError(f"{path}: 'examples.{language}' must be a list of questions")
        found[str(language)] = tuple(listed)
    return found
