"""How a JSON file is read as a graph: the mapping that its owner writes beside it, in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from convrag.errors import GraphError

_KNOWN = frozenset(
    {
        "table", "rows", "key", "label", "language", "labels", "aliases", "description", "class",
        "ignore", "properties",
    }
)  # fmt: skip
_KNOWN_OF_PROPERTIES = frozenset(
    {"label", "phrases", "patterns", "unit", "refers", "table", "entity", "take", "symmetric"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """What the mapping says of one key of the rows.

    Attributes:
        labels: Its name by language.
        phrases: What people ask for it with, by language.
        patterns: Sentences with ``{subject}`` and ``{object}``, by language.
        units: Symbols by language, under "" for all.
        refers: The values name rows of this table: by the key or label when "", else by what
            stands at this path; None when they do not, or nobody says.
        table: The values are keys of this other table.
        entity: The class of which each value names an entity; "" when they are plain values.
        take: Of an object, what the values are: its "keys" or its "values"; "" for all it says.
        symmetric: The fact holds in both directions.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    refers: str | None = None
    table: str = ""
    entity: str = ""
    take: str = ""
    symmetric: bool = False


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How rows become entities. Paths are keys joined by dots; ``*`` stands for any key.

    Attributes:
        table: Names the entities' ids; files with the same table and key describe the same ones.
        rows: Path of the array or object that holds the rows; the whole file when empty.
        key: Path of what identifies a row.
        label: Paths of the name, the first that a row has.
        language: Language of the names and texts; "" when they are in none.
        labels: Path of the names in many languages; ``*`` is the language's code.
        aliases: Paths of other names; a ``*`` that is a language's code gives the language.
        description: Paths of a text about the row, the first that it has.
        kind: The class of the rows, by language.
        ignore: Keys that are left out.
        columns: What is known of keys, by key.
    """

    table: str = ""
    rows: str = ""
    key: str = ""
    label: tuple[str, ...] = ()
    language: str = ""
    labels: str = ""
    aliases: tuple[str, ...] = ()
    description: tuple[str, ...] = ()
    kind: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)


def load_mapping(path: Path) -> TableMapping:
    """Return the mapping in the file; an empty file gives the default one.

    Raises:
        GraphError: The file is not TOML, or has a key or value that means nothing.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GraphError(f"{path}: {error.strerror or error}", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GraphError(f"{path}: not TOML: {error}", "fix the line and try again") from error
    reader = _Fields(path, "")
    reader.only(content, _KNOWN)
    columns = content.get("properties", {})
    if not isinstance(columns, dict) or not all(isinstance(c, dict) for c in columns.values()):
        raise reader.wrong("properties", "tables such as [properties.area]")
    return TableMapping(
        table=reader.text(content, "table"),
        rows=reader.text(content, "rows"),
        key=reader.text(content, "key"),
        label=reader.texts(content, "label"),
        language=reader.text(content, "language"),
        labels=reader.text(content, "labels"),
        aliases=reader.texts(content, "aliases"),
        description=reader.texts(content, "description"),
        ignore=reader.texts(content, "ignore"),
        kind=reader.by_language(content, "class"),
        columns={name: _column(path, name, fields) for name, fields in columns.items()},
    )


def _column(path: Path, name: str, fields: Mapping[str, object]) -> Column:
    reader = _Fields(path, f"properties.{name}.")
    reader.only(fields, _KNOWN_OF_PROPERTIES)
    refers = fields.get("refers", False)
    if not isinstance(refers, bool | str):
        raise reader.wrong("refers", "true or the path of what the values repeat")
    take = reader.text(fields, "take")
    if take not in ("", "keys", "values"):
        raise reader.wrong("take", '"keys" or "values"')
    symmetric = fields.get("symmetric", False)
    if not isinstance(symmetric, bool):
        raise reader.wrong("symmetric", "true or false")
    phrases = fields.get("phrases", {})
    if not isinstance(phrases, dict):
        raise reader.wrong("phrases", 'lists by language such as {en = ["big"]}')
    return Column(
        reader.by_language(fields, "label"),
        {language: reader.texts(phrases, language) for language in phrases},
        reader.by_language(fields, "patterns"),
        reader.by_language(fields, "unit"),
        ("" if refers else None) if isinstance(refers, bool) else refers,
        reader.text(fields, "table"),
        reader.text(fields, "entity"),
        take,
        symmetric,
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """Typed looks into a TOML table, with errors that name file and key."""

    path: Path
    prefix: str

    def only(self, fields: Mapping[str, object], known: frozenset[str]) -> None:
        for name in fields:
            if name not in known:
                raise GraphError(
                    f"{self.path}: key {self.prefix + name!r} is unknown",
                    f"known keys: {', '.join(sorted(known))}",
                )

    def wrong(self, name: str, wanted: str) -> GraphError:
        return GraphError(
            f"{self.path}: key {self.prefix + name!r} has a bad value", f"write {wanted}"
        )

    def text(self, fields: Mapping[str, object], name: str) -> str:
        value = fields.get(name, "")
        if not isinstance(value, str):
            raise self.wrong(name, "a text in quotes")
        return value

    def texts(self, fields: Mapping[str, object], name: str) -> tuple[str, ...]:
        value = fields.get(name, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise self.wrong(name, "a text, or a list of texts")
        return tuple(texts)

    def by_language(self, fields: Mapping[str, object], name: str) -> Mapping[str, str]:
        value = fields.get(name, {})
        if isinstance(value, str):
            return {"": value}
        if not isinstance(value, dict) or not all(isinstance(t, str) for t in value.values()):
            raise self.wrong(name, 'a text, or texts by language such as {en = "area"}')
        return cast("dict[str, str]", value)
