"""All names of a graph's entities in one table, which can lie in a file and be mapped from there.

The file is derived: whoever finds it missing, damaged, of another version or of another graph makes
it anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convrag.errors import ModelError
from convrag.graph import terms
from convrag.graph.key_table import KeyTable
from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import STEMMED, is_code, stem_key
from convrag.graph.romanize import sounds
from convrag.models.files import replacing
from convrag.text.normalize import match_key
from convrag.types import Literal

LABEL, ALIAS, TAIL = 1, 2, 3
"""What a name is: the label in its language, another name, or an identifier: the end of the
entity's id, or what the graph says to be one."""
_KIND = 3
CODE = 4
"""Set for short capitals such as US, which only mean the entity when they are capitals."""
CAPITAL = 8
"""Set for names that begin with a capital letter."""

NAME_FILE = "names.bin"
_MAGIC = b"convrag names\n"
_VERSION = 2
_ALIGNED = 64
_TABLES = ("keys", "stems", "sounds", "words")
_NEAR = frozenset({"keys"})
_ENGLISH = "en"
_SHORTEST_STEM = 2
_LONGEST_IDENTIFIER = 64


class NameTable:
    """Names by match key, stem, sound and later word, each with the entity it stands for.

    A row is one name of one entity. Entities are numbered in the order of their ids.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]], languages: Sequence[str]) -> None:
        """Take what :meth:`arrays` gave and the languages that its rows number."""
        self.languages = tuple(languages)
        self._arrays = arrays
        self._entities = arrays["entities"].data
        self._spoken = arrays["spoken"].data
        self._kinds = arrays["kinds"].data
        self._degrees = arrays["degrees"].data
        self._id_ends = arrays["id_ends"].data
        self._ids = arrays["ids"].data
        top = int(arrays["degrees"].max()) if len(arrays["degrees"]) else 0
        self._top = float(np.log1p(max(top, 1)))
        self.keys, self.stems, self.sounds, self.words = (
            KeyTable.of(_part(arrays, name)) for name in _TABLES
        )

    @classmethod
    def of_graph(cls, graph: KnowledgeGraph) -> NameTable:
        """Return the names of the graph's entities."""
        rows, languages = _rows(graph)
        ids = sorted(graph.entities)
        raw = [entity_id.encode("utf-8", "surrogatepass") for entity_id in ids]
        arrays: dict[str, NDArray[Any]] = {
            "entities": np.array([r[1] for r in rows], np.uint32),
            "spoken": np.array([r[2] for r in rows], np.uint16),
            "kinds": np.array([r[3] for r in rows], np.uint8),
            "degrees": np.fromiter((graph.degree(e) for e in ids), np.uint32, len(ids)),
            "ids": np.frombuffer(b"".join(raw), np.uint8),
            "id_ends": np.concatenate([[0], np.cumsum([*map(len, raw)])]).astype(np.int64),
        }
        tables = {
            "keys": KeyTable((row[0], number) for number, row in enumerate(rows)),
            "stems": KeyTable(_stem_pairs(rows, languages)),
            "sounds": KeyTable(_sound_pairs(rows)),
            "words": KeyTable(
                (tail, number) for number, row in enumerate(rows) for tail in later_words(row[0])
            ),
        }
        for name, table in tables.items():
            arrays |= {f"{name}.{part}": array for part, array in table.arrays().items()}
        return cls(arrays, languages)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what the table is made of, with what finding misspelt names takes."""
        found = dict(self._arrays)
        for name in _NEAR:
            table: KeyTable = getattr(self, name)
            found |= {f"{name}.{part}": a for part, a in table.arrays(near=True).items()}
        return found

    def __len__(self) -> int:
        """Return the number of entities."""
        return len(self._degrees)

    @property
    def rows(self) -> int:
        """The number of names, each counted once per entity, language and kind."""
        return len(self._entities)

    def key(self, row: int) -> str:
        """Return the row's match key."""
        return self.keys.key(bisect_right(self.keys.firsts, row) - 1)

    def entity(self, row: int) -> int:
        """Return the number of the row's entity."""
        return int(self._entities[row])

    def language(self, row: int) -> str:
        """Return the language of the row's name, empty for none."""
        return self.languages[self._spoken[row]]

    def kind(self, row: int) -> int:
        """Return ``LABEL``, ``ALIAS`` or ``TAIL``."""
        return int(self._kinds[row]) & _KIND

    def has(self, row: int, mark: int) -> bool:
        """Return whether the row's name has the ``CODE`` or ``CAPITAL`` mark."""
        return bool(self._kinds[row] & mark)

    def degree(self, number: int) -> int:
        """Return the number of facts that name the entity."""
        return int(self._degrees[number])

    def popularity(self, number: int) -> float:
        """Return how well known the entity is, 0..1, by the logarithm of its facts."""
        return float(np.log1p(self._degrees[number])) / self._top

    def entity_id(self, number: int) -> str:
        """Return the id of the entity of this number."""
        raw = bytes(self._ids[self._id_ends[number] : self._id_ends[number + 1]])
        return raw.decode("utf-8", "surrogatepass")

    def number(self, entity_id: str) -> int:
        """Return the number of the entity, which must be there."""
        return bisect_left(range(len(self)), entity_id, key=self.entity_id)

    def stemmed(self, key: str, language: str) -> tuple[list[int], bool]:
        """Return the rows whose names have these stems, and whether those of others begin so."""
        number, own = self.keys.begun(key)
        place, _ = self.stems.begun(f"{key}\n{language}")
        rows = self.stems.values(place) if place >= 0 else []
        if number >= 0 and len(key) >= _SHORTEST_STEM and stem_key(key, language) == key:
            rows += [
                row
                for row in self.keys.values(number)
                if self.language(row) in (language, "")
                and not self.has(row, CODE)
                and self.kind(row) != TAIL
            ]
        return rows, own or self.stems.begun(key)[1]


def fingerprint_of(hashes: Mapping[str, str]) -> str:
    """Return what tells a graph from others: a hash over its files' names and content hashes."""
    return hashlib.sha256(json.dumps(sorted(hashes.items())).encode()).hexdigest()


def open_names(graph: KnowledgeGraph, folder: Path, fingerprint: str) -> NameTable:
    """Return the graph's names, mapped from the folder's file, which is written where it is not.

    In a folder that cannot be written the names are kept in memory.

    Args:
        graph: Whose names they are.
        folder: The index's folder.
        fingerprint: Of the graph: the file of another one is not used.
    """
    path = folder / NAME_FILE
    found = read_names(path, fingerprint)
    if found is not None:
        return found
    table = NameTable.of_graph(graph)
    with contextlib.suppress(ModelError):
        write_names(path, table, fingerprint)
        return read_names(path, fingerprint) or table
    return table


def write_names(path: Path, table: NameTable, fingerprint: str) -> None:
    """Write the table so that ``path`` is at any moment the old file or the whole new one.

    Raises:
        ModelError: The file cannot be written.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in table.arrays().items()}
    listed: list[list[object]] = []
    at = checksum = 0
    for name, array in arrays.items():
        at += -at % _ALIGNED
        listed.append([name, array.dtype.str, len(array), at])
        checksum = zlib.crc32(array.data, checksum)
        at += array.nbytes
    head = {"version": _VERSION, "graph": fingerprint, "languages": table.languages}
    text = json.dumps({**head, "arrays": listed, "size": at, "crc": checksum}).encode("ascii")
    start = len(_MAGIC) + 16 + len(text)
    start += -start % _ALIGNED
    with replacing(path) as temporary, temporary.open("wb") as stream:
        stream.write(_MAGIC + b"%16d" % len(text) + text)
        for (_, _, _, offset), array in zip(listed, arrays.values(), strict=True):
            stream.write(b"\0" * (start + int(str(offset)) - stream.tell()))
            stream.write(array.data)


def read_names(path: Path, fingerprint: str) -> NameTable | None:
    """Return the mapped table; None where the file is missing, damaged or of another graph."""
    try:
        with path.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            head, start = _head(stream.read(1 << 20))
            if (head["version"], head["graph"]) != (_VERSION, fingerprint):
                return None
            if len(mapped) != start + head["size"]:
                return None
            arrays: dict[str, NDArray[Any]] = {}
            checksum = 0
            for name, dtype, count, offset in head["arrays"]:
                arrays[name] = np.frombuffer(mapped, dtype, count, start + offset)
                stream.seek(start + offset)
                checksum = _crc(stream, arrays[name].nbytes, checksum)
        if checksum != head["crc"]:
            return None
        return NameTable(arrays, head["languages"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _head(begin: bytes) -> tuple[dict[str, Any], int]:
    """Return what the file says of itself, and where its arrays start.

    Raises:
        ValueError: It is no file of names.
    """
    at = len(_MAGIC) + 16
    if begin[: len(_MAGIC)] != _MAGIC:
        raise ValueError("not a file of names")
    size = int(begin[len(_MAGIC) : at])
    head = json.loads(begin[at : at + size])
    start = at + size
    return head, start + -start % _ALIGNED


def _crc(stream: Any, size: int, checksum: int) -> int:  # noqa: ANN401 (any binary file)
    """Return the checksum with the next ``size`` bytes, which do not stay in memory."""
    while size > 0:
        piece = stream.read(min(size, 1 << 20))
        if not piece:
            return -1
        checksum = zlib.crc32(piece, checksum)
        size -= len(piece)
    return checksum


def _part(arrays: dict[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    prefix = f"{name}."
    return {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}


Row = tuple[str, int, int, int]
"""A match key, the number of the entity and of the language, and the kind with its marks."""


def _rows(graph: KnowledgeGraph) -> tuple[list[Row], list[str]]:
    """Return all names in the order of their keys' UTF-8 bytes, and their languages."""
    numbers: dict[str, int] = {"": 0}
    found: set[Row] = set()
    for number, entity_id in enumerate(sorted(graph.entities)):
        for name, spoken, kind in names_of(graph, entity_id):
            key = match_key(name)
            if key:
                marks = CODE * is_code(name) | CAPITAL * name[:1].isupper()
                found.add((key, number, numbers.setdefault(spoken, len(numbers)), kind | marks))
    ordered = sorted(found, key=lambda r: (r[0].encode("utf-8", "surrogatepass"), *r[1:]))
    return ordered, list(numbers)


def names_of(graph: KnowledgeGraph, entity_id: str) -> Iterator[tuple[str, str, int]]:
    """Yield the entity's names with their languages and what each is."""
    entity = graph.entities[entity_id]
    for language, label in entity.labels.items():
        yield label, language, LABEL
    for language, aliases in entity.aliases.items():
        for alias in aliases:
            yield alias, language, ALIAS
    if not entity_id.startswith("_:"):
        yield terms.local_name(entity_id), "", TAIL
    for property_id in graph.identifying:
        for fact in graph.values(entity_id, property_id):
            if isinstance(fact.object, Literal) and len(fact.object.value) <= _LONGEST_IDENTIFIER:
                yield fact.object.value, "", TAIL


def _stem_pairs(rows: Sequence[Row], languages: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the stems that are not the key itself, marked with their language.

    Names of no language have stems in those of the others, and in English.
    """
    every = sorted({*languages, _ENGLISH} & STEMMED)
    for number, (key, _, spoken, kind) in enumerate(rows):
        if kind & _KIND == TAIL or kind & CODE:
            continue
        for language in every if not languages[spoken] else [languages[spoken]]:
            stemmed = stem_key(key, language) if language in STEMMED else key
            if stemmed and stemmed != key:
                yield f"{stemmed}\n{language}", number


def _sound_pairs(rows: Sequence[Row]) -> Iterator[tuple[str, int]]:
    """Yield how each entity's names sound, each sound once per entity and spelling."""
    known: set[tuple[str, int, str]] = set()
    for number, (key, entity, _, kind) in enumerate(rows):
        if kind & _KIND != TAIL and not kind & CODE:
            sound = sounds(key)
            if sound and (sound, entity, key) not in known:
                known.add((sound, entity, key))
                yield sound, number


def later_words(key: str) -> Iterable[str]:
    """Yield what begins with each later word of the key."""
    at = key.find(" ")
    while at >= 0:
        yield key[at + 1 :]
        at = key.find(" ", at + 1)
