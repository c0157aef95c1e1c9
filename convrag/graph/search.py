"""Finding entities by name: as written, inflected, only begun, or misspelt, in every language."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from rapidfuzz.distance import OSA

from convrag.graph import terms
from convrag.graph.key_table import KeyTable
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import stems
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
    """The names of a graph's entities: labels, aliases, and the tails of their ids.

    Names are compared by match key, so case, accents and width do not matter. The parts that only
    inflected, later or misspelt words need are made when one is first looked for.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._ids = sorted(graph.entities)
        self._table = KeyTable(
            (key, number)
            for number, entity_id in enumerate(self._ids)
            for name, _, _ in self._names(entity_id)
            if (key := match_key(name))
        )
        self._stemmed: dict[str, KeyTable] = {}
        self._words: KeyTable | None = None

    def prefix(self, text: str, limit: int, *, language: str = "") -> tuple[EntityMatch, ...]:
        """Return entities with a name that begins like ``text``, best known first."""
        key = match_key(text)
        if not key:
            return ()
        found = self._begun(self._table, "prefix", key, limit)
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
        match way:
            case "id":
                known = text in self._graph.entities
                return [(bisect_left(self._ids, text), 0)] if known else []
            case "exact":
                number = self._table.find(key)
                return [] if number is None else [(v, 0) for v in self._table.values(number)]
            case "inflected":
                table = self._stem_table(language)
                number = table.find(_stem_key(text, language))
                return [] if number is None else [(v, 0) for v in table.values(number)]
            case "prefix":
                return ((n, 0) for n in self._begun(self._table, way, key, limit))
            case "word":
                return ((n, 0) for n in self._begun(self._word_table(), way, key, limit))
            case "fuzzy":
                near = self._table.near(key, limit * _POOL_PER_ANSWER)
                return ((v, edits) for edits, n in near for v in self._table.values(n))

    def _begun(self, table: KeyTable, way: Way, key: str, limit: int) -> dict[int, tuple[Way, int]]:
        numbers = table.starting(key, max(_POOL, limit * _POOL_PER_ANSWER))
        return {value: (way, 0) for n in numbers for value in table.values(n)}

    def _ranked(
        self, found: dict[int, tuple[Way, int]], key: str, language: str, limit: int
    ) -> tuple[EntityMatch, ...]:
        # To see by which name an entity was found takes long, so the unlikely ones go first.
        likely = sorted(
            found,
            key=lambda n: (
                _WAYS.index(found[n][0]),
                found[n][1],
                -self._graph.degree(self._ids[n]),
                n,
            ),
        )
        matches = [
            self._match(self._ids[number], key, language, *found[number])
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
        stem = _stem_key(key, language) if way == "inflected" else ""
        for name, spoken, is_label in self._names(entity_id):
            if _fits(name, spoken, key, stem, way, edits):
                is_id = not is_label and not spoken and name == terms.local_name(entity_id)
                rank = (is_id, spoken != language, not is_label, len(name), name)
                if best is None or rank < best[0]:
                    best = (rank, name, "" if is_id else spoken)
        _, name, spoken = best or ((), terms.local_name(entity_id), "")
        return EntityMatch(entity_id, name, spoken, way, edits)

    def _names(self, entity_id: str) -> Iterator[tuple[str, str, bool]]:
        """Yield the entity's names with their languages, and whether each is a label."""
        entity = self._graph.entities[entity_id]
        for language, label in entity.labels.items():
            yield label, language, True
        for language, aliases in entity.aliases.items():
            for alias in aliases:
                yield alias, language, False
        if not entity_id.startswith("_:"):
            yield terms.local_name(entity_id), "", False

    def _stem_table(self, language: str) -> KeyTable:
        if language not in self._stemmed:
            self._stemmed[language] = KeyTable(
                (key, number)
                for number, entity_id in enumerate(self._ids)
                for name, spoken, _ in self._names(entity_id)
                if spoken == language and (key := _stem_key(name, language))
            )
        return self._stemmed[language]

    def _word_table(self) -> KeyTable:
        if self._words is None:
            self._words = KeyTable(
                (tail, number)
                for number, entity_id in enumerate(self._ids)
                for name, _, _ in self._names(entity_id)
                for tail in _tails(match_key(name))
            )
        return self._words


def _fits(name: str, spoken: str, key: str, stem: str, way: Way, edits: int) -> bool:
    """Whether the text with this key was found by this name."""
    own = match_key(name)
    match way:
        case "exact":
            return own == key
        case "inflected":
            return _stem_key(name, spoken) == stem
        case "prefix":
            return own.startswith(key)
        case "word":
            return any(tail.startswith(key) for tail in _tails(own))
        case "fuzzy":
            return OSA.distance(own, key, score_cutoff=edits) == edits
        case "id":
            return True


def _stem_key(text: str, language: str) -> str:
    return " ".join(stem for stem, _ in stems(text, language))


def _tails(key: str) -> Iterator[str]:
    """Yield what begins with each later word of the key."""
    at = key.find(" ")
    while at >= 0:
        yield key[at + 1 :]
        at = key.find(" ", at + 1)
