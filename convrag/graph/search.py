"""Finding entities by name: as written, inflected, only begun, or misspelt, in every language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal as OneOf

from rapidfuzz.distance import OSA

from convrag.graph import terms
from convrag.graph.key_table import KeyTable
from convrag.graph.model import KnowledgeGraph
from convrag.graph.name_table import LABEL, TAIL, NameTable, later_words, names_of
from convrag.graph.phrases import stem_key
from convrag.text.normalize import match_key

Way = OneOf["id", "exact", "inflected", "prefix", "word", "fuzzy"]
_WAYS: tuple[Way, ...] = ("id", "exact", "inflected", "prefix", "word", "fuzzy")
_CERTAIN = frozenset({"id", "exact", "inflected"})
_POOL = 60
"""Keys that are looked at for a short answer: the best known of them come first."""
_POOL_PER_ANSWER = 3
_LOOKED_AT = 2
"""Entities per answer whose names are compared, so that those in the asker's language win."""


@dataclass(frozen=True, slots=True)
class EntityMatch:
    """An entity that a text may mean, and the name it was found by."""

    entity_id: str
    name: str
    """The name as the graph has it; the id's tail when that was found."""
    language: str
    """Of the name; empty for one in no language, and for ids."""
    way: Way
    """How the text fits the name; ``word`` is the beginning of a later word of it."""
    edits: int = 0
    """Letters that differ in a fuzzy match."""


class EntityIndex:
    """The names of a graph's entities: labels, aliases, identifiers, and the tails of their ids.

    Names are compared by match key, so case, accents and width do not matter.
    """

    def __init__(self, graph: KnowledgeGraph, names: NameTable | None = None) -> None:
        """Take the graph and, where they are at hand, its names."""
        self._graph = graph
        self._names = names or NameTable.of_graph(graph)

    def prefix(self, text: str, limit: int, *, language: str = "") -> tuple[EntityMatch, ...]:
        """Return entities with a name that begins like ``text``, best known first."""
        key = match_key(text)
        if not key:
            return ()
        found = self._begun(self._names.keys, "prefix", key, limit)
        return self._ranked(found, key, language, limit)

    def search(self, text: str, language: str, limit: int) -> tuple[EntityMatch, ...]:
        """Return the entities that ``text`` may mean, each once, the most likely first.

        Exact names come before inflected ones, then names that begin like the text, names with
        such a later word, and, where the text is nobody's whole name, misspelt ones. Within a
        kind, names in ``language`` come first, then entities with more facts, then by id.

        Args:
            text: A name, its beginning, or an id.
            language: The asker's; its inflected forms are known.
            limit: How many at most.
        """
        key = match_key(text)
        found: dict[int, tuple[Way, int]] = {}
        for way in _WAYS:
            # Who wrote a known name did not misspell another one.
            known = any(w in _CERTAIN for w, _ in found.values())
            if len(found) >= limit or not key or (way == "fuzzy" and known):
                break
            for number, edits in self._by(way, text, key, language, limit):
                found.setdefault(number, (way, edits))
        return self._ranked(found, key, language, limit)

    def _by(
        self, way: Way, text: str, key: str, language: str, limit: int
    ) -> Iterable[tuple[int, int]]:
        """Return entities' numbers that fit in this way, with the letters that differ."""
        names = self._names
        match way:
            case "id":
                return [(self._names.number(text), 0)] if text in self._graph.entities else []
            case "exact":
                number = names.keys.find(key)
                rows = [] if number is None else names.keys.values(number)
                return ((names.entity(row), 0) for row in rows)
            case "inflected":
                rows, _ = names.stemmed(stem_key(text, language), language)
                return ((names.entity(row), 0) for row in rows)
            case "prefix":
                return ((n, 0) for n in self._begun(names.keys, way, key, limit))
            case "word":
                return ((n, 0) for n in self._begun(names.words, way, key, limit))
            case "fuzzy":
                near = names.keys.near(key, limit * _POOL_PER_ANSWER)
                return (
                    (names.entity(row), edits)
                    for edits, n in near
                    for row in names.keys.values(n)
                    # An identifier with another digit is another thing's.
                    if names.kind(row) != TAIL or not any(c.isdigit() for c in names.key(row))
                )

    def _begun(self, table: KeyTable, way: Way, key: str, limit: int) -> dict[int, tuple[Way, int]]:
        numbers = table.starting(key, max(_POOL, limit * _POOL_PER_ANSWER))
        return {self._names.entity(row): (way, 0) for n in numbers for row in table.values(n)}

    def _ranked(
        self, found: dict[int, tuple[Way, int]], key: str, language: str, limit: int
    ) -> tuple[EntityMatch, ...]:
        # To see by which name an entity was found takes long, so the unlikely ones go first.
        likely = sorted(
            found,
            key=lambda n: (
                _WAYS.index(found[n][0]),
                found[n][1],
                -self._names.degree(n),
                n,
            ),
        )
        matches = [
            self._match(self._names.entity_id(number), key, language, *found[number])
            for number in likely[: limit * _LOOKED_AT]
        ]
        matches.sort(
            key=lambda m: (
                _WAYS.index(m.way),
                m.edits,
                m.language not in (language, ""),
                -self._graph.degree(m.entity_id),
                m.entity_id,
            )
        )
        return tuple(matches[:limit])

    def _match(self, entity_id: str, key: str, language: str, way: Way, edits: int) -> EntityMatch:
        """Return the match with the entity's name that fits best: in the language, else a label."""
        best: tuple[tuple[bool, bool, bool, int, str], str, str] | None = None
        stem = stem_key(key, language) if way == "inflected" else ""
        for name, spoken, kind in names_of(self._graph, entity_id):
            if _fits(name, spoken, key, stem, way, edits):
                is_id = kind == TAIL
                rank = (is_id, spoken != language, kind != LABEL, len(name), name)
                if best is None or rank < best[0]:
                    best = (rank, name, "" if is_id else spoken)
        _, name, spoken = best or ((), terms.local_name(entity_id), "")
        return EntityMatch(entity_id, name, spoken, way, edits)


def _fits(name: str, spoken: str, key: str, stem: str, way: Way, edits: int) -> bool:
    """Whether the text with this key was found by this name."""
    own = match_key(name)
    match way:
        case "exact":
            return own == key
        case "inflected":
            return stem_key(name, spoken) == stem
        case "prefix":
            return own.startswith(key)
        case "word":
            return any(tail.startswith(key) for tail in later_words(own))
        case "fuzzy":
            return OSA.distance(own, key, score_cutoff=edits) == edits
        case "id":
            return True
