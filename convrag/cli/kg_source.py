"""The graph that the ``convrag kg`` commands look at, and how they name what is in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from convrag.graph.building.records import Fact, Said
    from convrag.graph.model import KnowledgeGraph
    from convrag.graph.search import EntityIndex
    from convrag.types import Triple

_CHOICES = 8
"""Entities that are listed when a name means several."""
_GUESSES = 3

LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language", "-l", metavar="XX", help="Names in this language; else the terminal's."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True)  # a cached property needs a place in the object
class Opened:
    """A graph as it was read, and as it is used, which is made when it is first asked for."""

    name: str
    triples: tuple[Triple, ...]
    prefixes: Mapping[str, str]
    from_texts: int = 0
    """Facts that were built from the texts of documents, each document's own."""
    folder: Path | None = None
    """That of the index, if it is one."""
    fingerprint: str = ""
    """Tells the index's graph from what it was or will be."""

    def said(self, facts: Iterable[Triple]) -> Mapping[Fact, tuple[Said, ...]]:
        """Return where documents say those of the facts that were built from their texts.

        Raises:
            ConvragError: The index cannot be read.
        """
        from convrag.graph import storage
        from convrag.graph.building import records
        from convrag.retrieval.index import Index

        if self.folder is None or not self.from_texts:
            return {}
        with Index.open(self.folder) as opened, opened.snapshot() as connection:
            return records.said_by(connection, storage.given_triples(connection), facts)

    @cached_property
    def graph(self) -> KnowledgeGraph:
        """The entities and facts."""
        from convrag.graph.model import KnowledgeGraph

        return KnowledgeGraph(self.triples)

    def short(self, term: str) -> str:
        """Return the id as ``prefix:name`` where the graph has a prefix for it."""
        fitting = [p for p, iri in self.prefixes.items() if term.startswith(iri) and term != iri]
        if not fitting:
            return term
        prefix = max(fitting, key=lambda p: (len(self.prefixes[p]), p))
        return f"{prefix}:{term.removeprefix(self.prefixes[prefix])}"

    def entity(self, text: str, language: str, index: EntityIndex | None = None) -> str:
        """Return the id of the one entity that ``text`` means: an id, ``prefix:name`` or a name.

        Raises:
            UsageError: It means none, or several, which are listed.
        """
        from convrag.errors import UsageError

        text = text.strip()
        prefix, _, tail = text.partition(":")
        for iri in (text, text.strip("<>"), self.prefixes.get(prefix, "") + tail):
            if iri in self.graph.entities:
                return iri
        index = index or self.index()
        matches = index.search(text, language, _CHOICES + 1)
        best = matches[0].way if matches else ""
        certain = best in ("exact", "inflected")
        found = [m.entity_id for m in matches if certain and m.way == best]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                f"'{text}' is the name of several: {self._listed(found, language)}",
                "name one by its id",
            )
        near = [m.entity_id for m in matches[:_GUESSES]]
        hint = f"is it {self._listed(near, language)}?" if near else "look with: convrag kg search"
        raise UsageError(f"the graph has no entity '{text}'", hint)

    def index(self) -> EntityIndex:
        """Return an index of the entities' names."""
        from convrag.graph.name_table import open_names
        from convrag.graph.search import EntityIndex

        if self.folder is None:
            return EntityIndex(self.graph)
        return EntityIndex(self.graph, open_names(self.graph, self.folder, self.fingerprint))

    def _listed(self, ids: list[str], language: str) -> str:
        names = [self.called(entity_id, language) for entity_id in ids[:_CHOICES]]
        return ", ".join(names) + (", …" if len(ids) > _CHOICES else "")

    def called(self, entity_id: str, language: str) -> str:
        """Return the entity's id, and in brackets its name and its first class."""
        entity = self.graph.entities[entity_id]
        kinds = [self.graph.label(t, language) for t in entity.types[:1]]
        names = ", ".join([self.graph.label(entity_id, language), *kinds])
        return f"{self.short(entity_id)} ({names})"


def open_graph(pack: str | None, index: Path | None) -> Opened:
    """Return the graph of the index or the pack that was named, else of the default pack.

    Raises:
        UsageError: Both were named, or one does not exist, or it has no graph.
        ConvragError: The graph cannot be read.
    """
    from convrag.cli.options import check_source
    from convrag.errors import UsageError
    from convrag.graph import storage
    from convrag.graph.building import records
    from convrag.graph.name_table import fingerprint_of
    from convrag.graph.rdf import read_graph
    from convrag.packs import DEFAULT_PACK, find_pack
    from convrag.retrieval.index import Index

    check_source(pack, index)
    if index:
        with Index.open(index) as opened, opened.snapshot() as connection:
            triples, prefixes = storage.load_triples(connection), storage.load_prefixes(connection)
            from_texts = records.fact_count(connection)
            fingerprint = fingerprint_of(storage.content_hashes(connection))
        if not triples:
            hint = "add one: convrag index add FILE, or --graph-from-text"
            raise UsageError(f"{index}: there is no graph in it", hint)
        return Opened(str(index), triples, prefixes, from_texts, index, fingerprint)
    chosen = find_pack(pack or DEFAULT_PACK)
    read = read_graph(chosen.graph, source=chosen.graph.name)
    return Opened(chosen.name, read.triples, read.prefixes)


def language_of(wanted: str | None) -> str:
    """Return the language that was asked for, else the terminal's, else English.

    Raises:
        UsageError: It is no language code.
    """
    from convrag.errors import UsageError

    if wanted is None:
        settings = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        code = next((value for value in settings if value), "")[:3].rstrip("_.").lower()
        return code if code.isascii() and code.isalpha() and code != "c" else "en"
    code = wanted.lower()
    if not (2 <= len(code) <= 3 and code.isascii() and code.isalpha()):
        raise UsageError(f"--language {wanted}: not a language code", "two letters, like 'de'")
    return code
