"""``convrag kg``: sparql, export and validate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrag.cli.kg_source import JsonOption, LanguageOption, Opened, language_of, open_graph
from convrag.cli.kg_store import EndpointOption, StoreOption, TimeoutOption, one_of, open_near
from convrag.cli.options import IndexOption, PackOption
from convrag.graph.fragment import SECONDS

if TYPE_CHECKING:
    from convrag.graph.sparql import Rows
    from convrag.types import Literal

_FORMATS = ("turtle", "ntriples", "rdfxml", "jsonld", "graphml", "svg")
_XML = ("rdfxml", "graphml", "svg")
_TIMEOUT = 30.0
_ROWS = 1000
_INVALID = 4
"""Exit code where there are violations."""
_PLACE = re.compile(r"\b(\d+):(\d+)\b")
_DECLARED = re.compile(r"\bPREFIX\s+([^\s:]*):", re.IGNORECASE)
_HIDDEN = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e"
    "\\u2060-\\u206f\\ufeff]"
)


def sparql(
    query: Annotated[
        str, typer.Argument(help="SELECT, ASK or CONSTRUCT; '-' reads stdin, '@FILE' a file.")
    ],
    pack: PackOption = None,
    index: IndexOption = None,
    store: StoreOption = None,
    endpoint: EndpointOption = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV (SPARQL 1.1's).")] = False,
    timeout: TimeoutOption = _TIMEOUT,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1_000_000, metavar="N", help="Rows at most.")
    ] = _ROWS,
) -> None:
    """Ask the graph in SPARQL, which can only read.

    The graph's own prefixes are known; without --limit there are at most 1000 rows.
    """
    from convrag.cli.output import note, say, table
    from convrag.errors import UsageError

    if json and csv:
        raise UsageError("--json and --csv were both given", "choose one of them")
    text = _query_text(query)
    graph = one_of(pack, index, store, endpoint)
    opened = None
    if graph is not None:
        found = graph.query(text, timeout=timeout, limit=limit)
    else:
        opened = open_graph(pack, index)
        found = _asked(opened, text, timeout, limit)
    if json:
        _say_results(found)
    elif csv:
        say(_as_csv(found), end="")
    else:
        table(found.columns, [[_shown(v, opened) for v in row] for row in found.rows])
    if found.truncated:
        note(f"there are more than these {len(found.rows):,} rows; --limit allows more")


def export(
    pack: PackOption = None,
    index: IndexOption = None,
    store: StoreOption = None,
    endpoint: EndpointOption = None,
    form: Annotated[
        str, typer.Option("--format", "-t", metavar="FORMAT", help=f"{', '.join(_FORMATS)}.")
    ] = "turtle",
    around: Annotated[
        str | None,
        typer.Option("--around", metavar="ENTITY", help="Only this entity and what is near it."),
    ] = None,
    hops: Annotated[
        int, typer.Option("--hops", min=0, max=8, metavar="N", help="Facts from it at most.")
    ] = 1,
    language: LanguageOption = None,
    out: Annotated[
        str,
        typer.Option("--out", "--output", "-o", metavar="FILE", help="This file; '-' is stdout."),
    ] = "-",
    timeout: TimeoutOption = SECONDS,
) -> None:
    """Write the graph or a part of it as RDF, GraphML or SVG.

    GraphML and SVG have the names in one language; the RDF formats have all. A picture shows at
    most 60 entities, those that belong most to the one it is about. Of a store or a server only a
    part is written, at most 10,000 facts, with the names in the chosen language and in English.
    """
    from convrag.cli.output import note, write_file
    from convrag.errors import UsageError

    if form not in _FORMATS:
        raise UsageError(f"--format {form}: not a format", f"use one of {', '.join(_FORMATS)}")
    spoken, graph, root = language_of(language), one_of(pack, index, store, endpoint), None
    if graph is not None:
        if not around:
            raise UsageError("a store or a server is too large to write", "say --around ENTITY")
        opened, root = open_near(graph, around, spoken, hops=max(hops, 1), timeout=timeout)
    else:
        opened = open_graph(pack, index)
        root = opened.entity(around, spoken) if around else None
    text = _written(opened, form, root, hops, spoken)
    if out == "-":
        import sys

        sys.stdout.write(_harmless(text, form))
        sys.stdout.flush()
        return
    write_file(Path(out), text)
    note(f"{form} written to {out}")


def validate(
    pack: PackOption = None,
    index: IndexOption = None,
    shapes: Annotated[
        Path | None,
        typer.Option("--shapes", "-s", metavar="FILE", help="SHACL shapes the graph should meet."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check the graph; exit code 4 when there are violations.

    Without shapes: names that are missing, references to nothing, values that are none of their
    datatype, classes above themselves, and measures without a unit.
    """
    from convrag.cli.output import note, say, say_json
    from convrag.graph.shapes import check, check_shapes

    opened = open_graph(pack, index)
    found = check_shapes(opened.triples, shapes) if shapes else check(opened.graph, opened.triples)
    if json:
        import dataclasses

        say_json([dataclasses.asdict(finding) for finding in found])
    for finding in found if not json else ():
        place = " ".join(opened.short(t) for t in (finding.subject, finding.path) if t)
        where = finding.source or opened.name
        say(" ".join(f"{finding.severity}: {where}: {place}: {finding.message}".split()))
    violations = sum(finding.severity == "violation" for finding in found)
    note(f"{violations:,} violations, {len(found) - violations:,} other remarks: {opened.name}")
    if violations:
        raise typer.Exit(_INVALID)


def _query_text(argument: str) -> str:
    import sys

    from convrag.errors import UsageError

    text = argument
    if argument == "-":
        text = sys.stdin.read()
    elif argument.startswith("@"):
        path = Path(argument[1:])
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: cannot be read: {error}", "name a text file") from error
    if not text.strip():
        raise UsageError("the query is empty", "ask SELECT, ASK or CONSTRUCT")
    return text


def _asked(opened: Opened, query: str, timeout: float, limit: int) -> Rows:
    """Return the answer of a store made of the graph for this one query."""
    import tempfile

    from convrag.errors import GraphError
    from convrag.graph.export import write_rdf
    from convrag.graph.oxigraph import SparqlStore

    declared = set(_DECLARED.findall(query))
    prologue = "".join(
        f"PREFIX {prefix}: <{iri}>\n"
        for prefix, iri in opened.prefixes.items()
        if prefix not in declared
    )
    with tempfile.TemporaryDirectory(prefix="convrag-") as folder:
        path = Path(folder, "graph.nt")
        path.write_bytes(write_rdf(opened.triples, "ntriples"))
        with SparqlStore(Path(folder, "store")) as store:
            store.load(path, source=opened.name)
            try:
                return store.query(prologue + query, timeout=timeout, limit=limit)
            except GraphError as error:
                message = _own_lines(error.message, prologue.count("\n"))
                raise GraphError(message, error.hint) from error


def _own_lines(message: str, before: int) -> str:
    """Return the message with its first place, line and column, as in the asker's query."""

    def own(place: re.Match[str]) -> str:
        return f"line {max(int(place[1]) - before, 1)}, column {place[2]}"

    return _PLACE.sub(own, message, count=1)


def _say_results(found: Rows) -> None:
    """Write the answer as SPARQL 1.1 results in JSON."""
    from convrag.cli.output import say_json
    from convrag.types import Literal

    def term(value: str | Literal) -> Mapping[str, str]:
        if isinstance(value, Literal):
            more = {"xml:lang": value.language} if value.language else {}
            more |= {"datatype": value.datatype} if value.datatype else {}
            return {"type": "literal", "value": value.value, **more}
        if value.startswith("_:"):
            return {"type": "bnode", "value": value.removeprefix("_:")}
        return {"type": "uri", "value": value}

    say_json(
        {
            "head": {"vars": list(found.columns)},
            "results": {
                "bindings": [
                    {
                        name: term(value)
                        for name, value in zip(found.columns, row, strict=True)
                        if value is not None
                    }
                    for row in found.rows
                ]
            },
        }
    )


def _as_csv(found: Rows) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(found.columns)
    for row in found.rows:
        writer.writerow([_shown(value, None) for value in row])
    return text.getvalue()


def _shown(value: str | Literal | None, opened: Opened | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return opened.short(value) if opened else value
    return value.value


def _written(opened: Opened, form: str, root: str | None, hops: int, language: str) -> str:
    from convrag.cli.output import note
    from convrag.graph import drawing, export
    from convrag.graph.paths import around

    if form in export.FORMATS:
        triples = opened.triples
        if root:
            triples = export.part_of(triples, around(opened.graph, root, hops))
        return export.write_rdf(triples, form, prefixes=opened.prefixes).decode("utf-8")
    entities = around(opened.graph, root, hops) if root else list(opened.graph.entities)
    if form == "graphml":
        return export.write_graphml(opened.graph, entities, language).decode("utf-8")
    if root and len(entities) > drawing.MOST_NODES:
        from convrag.graph.pagerank import PageRank

        near = PageRank(opened.graph).closest({root: 1.0}, len(opened.graph.entities))
        found = set(entities)
        note(f"{drawing.MOST_NODES} of {len(entities):,} entities are drawn")
        entities = [e for e, _ in near if e in found][: drawing.MOST_NODES]
    return drawing.draw(opened.graph, entities, language, root=root or "")


def _harmless(text: str, form: str) -> str:
    """Return the file with hidden characters as escapes of its format, which mean the same."""
    if form in _XML:
        return _HIDDEN.sub(lambda found: f"&#{ord(found[0])};", text)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04X}", text)
