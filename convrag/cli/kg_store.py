"""``convrag kg``: import and remove, and the other commands' graphs in stores and on servers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrag.cli.kg_source import Opened
from convrag.graph.fragment import FACTS

if TYPE_CHECKING:
    from convrag.copying import Copy
    from convrag.graph.endpoint import Endpoint
    from convrag.graph.oxigraph import SparqlStore

StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="Ask this store; 'kg import' makes one."),
]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint", metavar="URL", help="Ask this SPARQL server.")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0.1, max=3600, metavar="S", help="Seconds at most.")
]
_LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
"""Of names that are copied or looked for when nobody says: those questions are asked in."""


def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Graph files and folders of them.")
    ],
    store: Annotated[
        Path, typer.Option("--store", metavar="DIR", help="The store's folder; made when missing.")
    ],
) -> None:
    """Load graph files into a store on disk, for graphs too large for memory.

    A file takes the place of what it said before. Each file is loaded whole or not at all, also
    when the machine stops; a file has at most 1 GiB, unpacked.
    """
    from convrag.cli.output import interruptible, note, progress_bar, say
    from convrag.errors import UsageError
    from convrag.graph.oxigraph import SparqlStore
    from convrag.graph.rdf import is_graph
    from convrag.text.documents import source_name

    found: list[Path] = []
    for path in files:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder", "check the spelling")
        inside = sorted(p for p in path.rglob("*") if p.is_file() and is_graph(p))
        found += inside if path.is_dir() else [path]
    if not found:
        raise UsageError("there are no graph files there", "name files such as graph.ttl")
    state = "the files before this one are in the store, and the store is as it was"
    with (
        interruptible(state),
        SparqlStore(store) as opened,
        progress_bar("loading") as show,
    ):
        total = 0
        for number, path in enumerate(found):
            show(str(path), number / len(found))
            total += opened.load(path, source=source_name(path))
    read = f"{len(found):,} file{'' if len(found) == 1 else 's'}"
    say(f"{read}, {total:,} triples; store: {store}")
    note(f"ask it with: convrag kg sparql QUERY --store {store}")


def remove(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="As 'kg stats' says.")],
    store: Annotated[Path, typer.Option("--store", metavar="DIR", help="The store's folder.")],
) -> None:
    """Remove from a store what files said; the files themselves stay."""
    from convrag.cli.output import note
    from convrag.graph.oxigraph import SparqlStore

    with SparqlStore(store) as opened:
        for source in sources:
            opened.remove(source)
    note(f"{len(sources)} removed")


def queried(store: Path | None, endpoint: str | None) -> SparqlStore | Endpoint | None:
    """Return the store or the server that was named, None when neither was.

    Raises:
        UsageError: Both were named.
        GraphError: There is no store in the folder, or the address is none of a server.
    """
    from convrag.errors import UsageError

    if store and endpoint:
        raise UsageError("--store and --endpoint were both given", "choose one of them")
    if store:
        from convrag.graph.oxigraph import SparqlStore

        opened = SparqlStore(store)
        opened.sources()
        return opened
    if endpoint:
        from convrag.graph.endpoint import Endpoint

        return Endpoint(endpoint)
    return None


def one_of(
    pack: str | None, index: Path | None, store: Path | None, endpoint: str | None
) -> SparqlStore | Endpoint | None:
    """Return the store or the server that was named, None when a pack or an index is meant.

    Raises:
        UsageError: Several were named.
        GraphError: As :func:`queried`.
    """
    from convrag.errors import UsageError

    if (store or endpoint) and (pack or index):
        raise UsageError(
            f"{'--store' if store else '--endpoint'} is neither a pack nor an index",
            "leave one out",
        )
    return queried(store, endpoint)


def open_near(
    graph: SparqlStore | Endpoint, entity: str, language: str, *, hops: int, timeout: float
) -> tuple[Opened, str]:
    """Return what is near the entity as a graph, and the entity's id.

    Raises:
        GraphError: The graph does not answer.
        UsageError: It has no such entity, or several.
    """
    from convrag.cli.output import note
    from convrag.graph.fragment import around

    spoken = tuple(dict.fromkeys((language, "en")))
    entity_id = entity_of(graph, entity, spoken, timeout)
    part = around(graph, entity_id, hops=hops, languages=spoken, limit=FACTS, timeout=timeout)
    if part.cut:
        note(f"only {FACTS:,} facts were fetched; there are more")
    opened = Opened(graph.name, part.triples, {})
    if entity_id not in opened.graph.entities:
        raise _no_entity(graph.name, entity)
    return opened, entity_id


def say_counts(graph: SparqlStore | Endpoint, timeout: float, most: int, *, json: bool) -> None:
    """Write what a store or a server counts, each count's first few rows."""
    import dataclasses

    from convrag.cli.output import say_json, table
    from convrag.graph.oxigraph import source_of
    from convrag.graph.profile import count_by_query

    found = count_by_query(graph, timeout=timeout)
    sources = {source_of(name): number for name, number in found.sources.items()}
    found = dataclasses.replace(found, sources=sources)
    if json:
        say_json(dataclasses.asdict(found))
        return
    rows = [("triples", "", f"{found.triples:,}"), ("subjects", "", f"{found.subjects:,}")]
    for what in ("labels", "sources", "properties", "classes"):
        counts = list(getattr(found, what).items())
        rows.append((f"{what}, all", "", f"{len(counts):,}"))
        rows += [(what, name or "no language", f"{n:,}") for name, n in counts[:most]]
    table(("what", "name", "value"), rows)


def entity_of(
    graph: SparqlStore | Endpoint, text: str, languages: tuple[str, ...], timeout: float
) -> str:
    """Return the IRI that ``text`` is or names.

    Raises:
        UsageError: It names nothing, or several things, which are listed.
        GraphError: The graph does not answer.
    """
    from convrag.errors import UsageError
    from convrag.graph.fragment import find
    from convrag.graph.model import KnowledgeGraph

    text = text.strip().removeprefix("<").removesuffix(">")
    scheme, colon, rest = text.partition(":")
    if colon and rest and scheme.isalnum() and not any(c.isspace() for c in text):
        return text
    names = find(graph, text, languages=languages, timeout=timeout)
    found = sorted({t.subject for t in names})
    if len(found) == 1:
        return found[0]
    if not found:
        raise _no_entity(graph.name, text)
    known = KnowledgeGraph(names)
    listed = ", ".join(f"{e} ({known.label(e, languages[0])})" for e in found[:8])
    raise UsageError(f"'{text}' is the name of several: {listed}", "name one by its id")


def copy_wanted(
    store: Path | None,
    endpoint: str | None,
    around: str | None,
    query: str | None,
    *,
    hops: int,
    name: str | None,
    languages: tuple[str, ...],
    limit: int,
    timeout: float,
) -> Copy | None:
    """Return the part of a store or a server that ``convrag index add`` shall copy, if any.

    Raises:
        UsageError: The options do not go together, or the entity is not known.
        GraphError: The graph does not answer.
    """
    from convrag.copying import Copy, default_name
    from convrag.errors import UsageError
    from convrag.text.documents import source_name

    graph = queried(store, endpoint)
    if graph is None:
        if around or query:
            raise UsageError(
                "--around and --query copy from a graph", "name it: --store DIR or --endpoint URL"
            )
        return None
    if bool(around) == bool(query):
        raise UsageError("what is to be copied?", "give --around ENTITY or --query CONSTRUCT")
    spoken = languages or _LANGUAGES
    try:
        entity_id = entity_of(graph, around, spoken, timeout) if around else ""
    finally:
        if store:
            graph.close()  # type: ignore[union-attr]
    place = str(store.resolve()) if store else str(endpoint)
    called = name or default_name(
        source_name(store) if store else place, around=entity_id, query=query or ""
    )
    return Copy(place, called, entity_id, query or "", hops, spoken, limit, timeout)


def _no_entity(graph: str, text: str) -> Exception:
    from convrag.errors import UsageError

    return UsageError(
        f"{graph}: nothing is called '{text}'", "give its IRI, or its name as it is written there"
    )
