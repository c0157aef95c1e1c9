"""Named things to ask about: from graphs, and invented ones."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from convrag.errors import DialogueError
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_rdf

KINDS = ("country", "city", "river", "mountain", "person", "organisation", "product")
_SHORTEST = 2
_CODES = {"ita": "it", "kor": "ko"}
"""Languages that are read from the list of countries: their names are in no graph here."""
_PARENTHESES = re.compile(r"\s*[(（].*$")
_LETTERS = "ABCDEFGHKLMNPRSTVXZ"


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing's names by language, and its kind: one of ``KINDS``, else ``any``."""

    kind: str
    names: Mapping[str, str]


def graph_things(path: Path) -> list[Thing]:
    """Return the things of a graph file that have a name, in the order of their ids.

    Raises:
        GraphError: The file is missing or not valid.
    """
    graph = KnowledgeGraph(read_rdf(path, source=path.name))
    found = []
    for entity_id in sorted(graph.entities):
        entity = graph.entities[entity_id]
        labels = {code: bare(name) for code, name in entity.labels.items()}
        names = {code: name for code, name in labels.items() if len(name) >= _SHORTEST}
        if names and not entity_id.endswith("schema"):
            found.append(Thing(_kind(entity.types), names))
    return found


def country_things(path: Path) -> list[Thing]:
    """Return the countries of mledoze's ``countries.json`` with their names by language.

    Raises:
        DialogueError: The file is missing or in another format.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [
            Thing(
                "country",
                {"en": row["name"]["common"]}
                | {
                    code: row["translations"][long]["common"]
                    for long, code in _CODES.items()
                    if long in row["translations"]
                },
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DialogueError(f"{path}: no list of countries: {error}") from error


def bare(name: str) -> str:
    """Return the name as it is spoken: without what parentheses say of it."""
    return _PARENTHESES.sub("", name).strip()


def _kind(types: Sequence[str]) -> str:
    for iri in types:
        name = iri.replace("#", "/").rsplit("/", 1)[-1].casefold()
        if name in KINDS:
            return name
    return "any"


def invented(names: Sequence[str], rng: random.Random) -> str:
    """Return a name nobody has: the halves of two names, or a product's code.

    A rewriter must copy names it never saw.
    """
    if rng.random() < 0.25:
        letters = "".join(rng.choices(_LETTERS, k=rng.choice((1, 2, 2))))
        code = f"{letters}{rng.choice(('-', '', ' '))}{rng.choice((7, 30, 90, 110, 250, 500))}"
        return code if rng.random() < 0.5 else f"{rng.choice(names).split()[0]} {code}"
    first, second = rng.choice(names), rng.choice(names)
    return first[: (len(first) + 1) // 2] + second[len(second) // 2 :].lower()
