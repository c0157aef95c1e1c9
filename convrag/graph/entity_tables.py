"""JSON tables of entities as triples: rows become entities, keys properties, names labels.

Without any mapping the names, ids and references are found by looks: a key such as ``id`` with a
value of its own in each row identifies them, one such as ``name`` names them, and a key most of
whose values are names or ids of rows refers to them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.bounds import SyntaxMistake, read_json
from convrag.graph.json_rows import (
    NAMES,
    Row,
    at,
    flat,
    language_code,
    naming_keys,
    table_rows,
    text_of,
    unique_key,
)
from convrag.graph.table_mapping import Column, TableMapping, load_mapping
from convrag.types import Literal, Triple

_ALIASES = ("aliases", "alias", "altNames", "alternateName", "synonyms", "别名")
_DESCRIPTIONS = ("description", "summary", "abstract", "简介")
_DEEPEST = 24
_LEAST_REFERRING = 0.5
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-\s]+")


def read_table(path: Path, data: bytes, mapping: Path, *, source: str) -> set[Triple]:
    """Return the triples of a JSON file of entities.

    Arrays of objects, objects of objects, and arrays of ``[subject, property, value]`` (alone or in
    an object by subject) are understood. Ids are made of the key where there is one, else of the
    name and its how-manieth row of that name it is; namesakes stay apart, and a row keeps its id
    when others come or go.

    Args:
        path: Where the data is from, for errors.
        data: JSON in UTF-8.
        mapping: The file that says how to read it.
        source: What the triples' ``source`` says; part of the ids, unless the mapping has a table.

    Raises:
        GraphError: The data is not JSON or no table, or the mapping does not fit it.
    """
    plan = load_mapping(mapping)
    try:
        content = read_json(data)
    except SyntaxMistake as error:
        place = f"{path}:{error.line}" if error.line else f"{path}"
        raise GraphError(f"{place}: {error.reason}", "fix the line and try again") from error
    rows = table_rows(path, content, plan.rows)
    return _Table(path, mapping, plan, rows, source).triples()


class _Table:
    """Rows on their way to triples."""

    def __init__(
        self, path: Path, mapping: Path, plan: TableMapping, rows: list[Row], source: str
    ) -> None:
        self._path = path
        self._mapping = mapping
        self._plan = plan
        self._rows = rows
        self._source = source
        self._base = f"urn:convrag:{quote(plan.table or source, safe='/', errors='replace')}"
        self._key = plan.key or unique_key(rows)
        self._label = plan.label or naming_keys(rows)
        self._aliases = plan.aliases or _ALIASES
        self._description = plan.description or _DESCRIPTIONS
        self._found: set[Triple] = set()
        self._columns: dict[str, Column] = {}
        self._resolve: dict[str, dict[str, str]] = {}

    def triples(self) -> set[Triple]:
        self._check_paths()
        self._name_rows()
        used = self._used()
        for row in self._rows:
            self._describe(row)
        referring = self._referring(used)
        for row in self._rows:
            for name, value in row.fields.items():
                if name not in used:
                    self._facts(row.id, name, value, referring.get(name), 1)
        for name, column in self._columns.items():
            self._describe_column(name, column)
        for language, text in self._plan.kind.items():
            self._literal(self._class(self._plan.kind), terms.RDFS + "label", text, language)
        return self._found

    def _check_paths(self) -> None:
        """Refuse a mapping that speaks of nothing in the file."""
        for path in (*self._plan.label, self._plan.labels, *self._plan.description):
            if path and not any(True for row in self._rows for _ in at(row.fields, path)):
                raise GraphError(
                    f"{self._mapping}: no row of {self._path.name} has {path!r}",
                    "paths are keys joined by dots, with * for any key",
                )

    def _name_rows(self) -> None:
        """Give each row its name and id."""
        seen: Counter[str] = Counter()
        for number, row in enumerate(self._rows, start=1):
            texts = (text_of(v) for p in self._label for _, v in at(row.fields, p))
            row.label = next(filter(None, texts), "" if self._label else row.under)
            if self._key:
                key = next((text_of(v) for _, v in at(row.fields, self._key)), "")
                if not key:
                    raise GraphError(
                        f"{self._path}: row {number} has no {self._key!r}",
                        f"correct the row, or the key in {self._mapping.name}",
                    )
                row.id = f"{self._base}/{quote(key, safe='')}"
            else:
                name = row.under or row.label
                seen[name] += 1
                row.id = f"{self._base}/{_digest(name, seen[name])}"

    def _used(self) -> frozenset[str]:
        """Return the keys that are names or ids, and those to leave out: no facts."""
        paths = [*self._label, *self._aliases, *self._description, self._plan.labels, self._key]
        return frozenset({p.split(".")[0] for p in paths if p} | set(self._plan.ignore))

    def _describe(self, row: Row) -> None:
        """Give the row its class, names and description."""
        language = self._plan.language
        if self._plan.kind:
            self._add(row.id, terms.TYPE, self._class(self._plan.kind))
        self._literal(row.id, terms.RDFS + "label", row.label, language)
        for code, value in at(row.fields, self._plan.labels) if self._plan.labels else ():
            if short := language_code(code):
                self._literal(row.id, terms.RDFS + "label", text_of(value), short)
        for path in self._aliases:
            for code, value in at(row.fields, path):
                for text in value if isinstance(value, list) else [value]:
                    self._literal(
                        row.id, terms.ALIAS, text_of(text), language_code(code) or language
                    )
        key = row.fields.get(self._key) if self._key else row.under
        if isinstance(key, str) and key != row.label and not key.isdigit():
            self._literal(row.id, terms.ALIAS, key, language if row.under else "")
        texts = (text_of(v) for path in self._description for _, v in at(row.fields, path))
        self._literal(row.id, terms.SCHEMA[0] + "description", next(texts, ""), language)

    def _referring(self, used: frozenset[str]) -> dict[str, Mapping[str, str]]:
        """Return, by key whose values name rows, the ids of those rows by value."""
        names: dict[str, set[str]] = {}
        for row in self._rows:
            texts = [row.label, row.under]
            if self._key:
                texts += [text_of(v) for _, v in at(row.fields, self._key)]
            for text in filter(None, texts):
                names.setdefault(text, set()).add(row.id)
        single = {text: min(ids) for text, ids in names.items() if len(ids) == 1}
        values: dict[str, set[str]] = {}
        for row in self._rows:
            for name, value in row.fields.items():
                if name not in used:
                    found = values.setdefault(name, set())
                    found.update(v for v in flat(value) if isinstance(v, str))
        referring: dict[str, Mapping[str, str]] = {}
        for name, found in values.items():
            column = self._plan.columns.get(name)
            if column is not None and column.refers:
                referring[name] = self._ids_by(column.refers)
            elif column is not None and column.refers == "":
                referring[name] = single
            elif column is None or not (column.entity or column.table):
                hits = sum(value in single for value in found)
                if found and hits >= _LEAST_REFERRING * len(found):
                    referring[name] = single
        return referring

    def _ids_by(self, path: str) -> Mapping[str, str]:
        ids: dict[str, set[str]] = {}
        for row in self._rows:
            for _, value in at(row.fields, path):
                ids.setdefault(text_of(value), set()).add(row.id)
        return {text: min(found) for text, found in ids.items() if len(found) == 1}

    def _facts(
        self, subject: str, name: str, value: object, rows: Mapping[str, str] | None, depth: int
    ) -> None:
        """Add what stands under the key ``name`` to the subject."""
        if depth > _DEEPEST:
            raise GraphError(
                f"{self._path}: objects nested more than {_DEEPEST} deep",
                "leave the key out in the mapping: ignore = [...]",
            )
        column = self._plan.columns.get(name, Column())
        if isinstance(value, list):
            for item in value:
                self._facts(subject, name, item, rows, depth + 1)
        elif isinstance(value, dict) and column.take:
            taken = value if column.take == "keys" else value.values()
            self._facts(subject, name, list(taken), rows, depth + 1)
        elif isinstance(value, dict):
            self._object(subject, name, value, depth)
        elif value is not None and value != "":
            self._add(subject, self._property(name, column), self._value(value, column, rows))

    def _object(self, subject: str, name: str, value: dict[str, object], depth: int) -> None:
        """Add an inner object: entities by key, one entity with a name, or more facts."""
        column = self._plan.columns.get(name, Column())
        if value and all(isinstance(inner, dict) for inner in value.values()):
            for key, inner in value.items():
                self._inner(subject, name, column, inner, key, depth)  # type: ignore[arg-type]
        elif any(isinstance(value.get(key), str) for key in NAMES):
            self._inner(subject, name, column, value, "", depth)
        else:
            for key, inner in value.items():
                self._facts(subject, f"{name} {key}", inner, None, depth + 1)

    def _inner(
        self,
        subject: str,
        name: str,
        column: Column,
        value: dict[str, object],
        key: str,
        depth: int,
    ) -> None:
        """Add an entity that is written where it is used; equal ones are the same."""
        label = next((text_of(value[n]) for n in NAMES if text_of(value.get(n))), "")
        if column.table and key:
            inner = f"urn:convrag:{quote(column.table)}/{quote(key, safe='')}"
        else:
            content = json.dumps([name, key, value], sort_keys=True, ensure_ascii=False)
            space = f"{self._base}/" if label or key else f"_:{self._source}:"
            inner = space + _digest(content, 0)
        self._add(subject, self._property(name, column), inner)
        self._literal(inner, terms.RDFS + "label", label or key, self._plan.language)
        if label and key:
            self._literal(inner, terms.ALIAS, key, "")
        if column.entity:
            self._kind(inner, column.entity)
        for field_name, field_value in value.items():
            if field_name not in NAMES:
                self._facts(inner, field_name, field_value, None, depth + 1)

    def _value(
        self, value: object, column: Column, rows: Mapping[str, str] | None
    ) -> str | Literal:
        text = text_of(value)
        if column.table:
            return f"urn:convrag:{quote(column.table)}/{quote(text, safe='')}"
        if column.entity:
            named = f"{self._base}/{_digest(column.entity + text, 0)}"
            self._literal(named, terms.RDFS + "label", text, self._plan.language)
            self._kind(named, column.entity)
            return named
        if rows is not None and text in rows:
            return rows[text]
        if isinstance(value, bool):
            return Literal(text, terms.XSD + "boolean")
        if isinstance(value, int):
            return Literal(text, terms.XSD + "integer")
        if isinstance(value, float):
            kind = "double" if "e" in text.lower() else "decimal"
            return Literal(text, terms.XSD + kind)
        if _DATE.fullmatch(text):
            return Literal(text, terms.XSD + "date")
        return Literal(text, "", self._plan.language)

    def _property(self, name: str, column: Column) -> str:
        self._columns.setdefault(name, column)
        return f"{self._base}#{quote(name, safe='')}"

    def _describe_column(self, name: str, column: Column) -> None:
        term = f"{self._base}#{quote(name, safe='')}"
        self._add(term, terms.TYPE, terms.RDF + "Property")
        if column.symmetric:
            self._add(term, terms.TYPE, terms.SYMMETRIC)
        readable = " ".join(_WORD_START.sub(" ", name).split())
        labels = column.labels or {self._plan.language: readable.lower()}
        for language, text in labels.items():
            self._literal(term, terms.RDFS + "label", text, language)
        for language, phrases in column.phrases.items():
            for text in phrases:
                self._literal(term, terms.ALIAS, text, language)
        for language, text in column.patterns.items():
            self._literal(term, terms.PATTERN, text, language)
        for language, text in column.units.items():
            self._literal(term, terms.UNIT, text, language)

    def _class(self, labels: Mapping[str, str]) -> str:
        return f"{self._base}#{quote(labels.get('en') or next(iter(labels.values())), safe='')}"

    def _kind(self, entity: str, name: str) -> None:
        kind = self._class({"": name})
        self._add(entity, terms.TYPE, kind)
        self._literal(kind, terms.RDFS + "label", name, self._plan.language)

    def _literal(self, subject: str, predicate: str, text: str, language: str) -> None:
        if text:
            self._add(subject, predicate, Literal(text, "", language))

    def _add(self, subject: str, predicate: str, value: str | Literal) -> None:
        self._found.add(Triple(subject, predicate, value, self._source))


def _digest(name: str, number: int) -> str:
    return hashlib.sha256(f"{number}\n{name}".encode("utf-8", "replace")).hexdigest()[:12]
