"""``convrag index``: delete, verify, repair, compact, stats and export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrag.cli.options import FolderOption, index_folder

if TYPE_CHECKING:
    from convrag.retrieval.index import Index
    from convrag.retrieval.sources import Source

_SHOWN = 5
"""Names that are listed before the rest is only counted."""


def delete(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="What answers name as source, a folder, a document id, or a pattern in quotes:"
            " 'manuals/*.pdf'.",
        ),
    ],
    into: FolderOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only say what would be deleted.")
    ] = False,
) -> None:
    """Delete documents and graphs; the files themselves stay."""
    from convrag.cli.output import interruptible, note, say
    from convrag.indexing import delete_sources
    from convrag.retrieval.index import Index

    state = "documents are deleted all or none; 'convrag index stats' counts them"
    with interruptible(state), Index.open(index_folder(into), writable=not dry_run) as index:
        found = _found(index, sources)
        returning = 0 if dry_run else delete_sources(index, found)
    for item in found:
        say(f"{item.name}\t{_size(item)}")
    note(f"{len(found)} {'would be ' if dry_run else ''}deleted")
    if returning:
        note(
            f"'convrag index update' brings back what is still in a folder that was added:"
            f" {_number(returning, 'file')}"
        )


def verify(into: FolderOption = None) -> None:
    """Look for damage in the index; exit code 4 when there is any."""
    from convrag.cli.output import progress_bar, say
    from convrag.errors import IndexStoreError
    from convrag.retrieval.index import Index

    target = index_folder(into)
    with Index.open(target) as index, progress_bar("verifying"):
        problems = index.verify()
        count = index.passage_count
    for problem in problems:
        say(problem)
    if problems:
        raise IndexStoreError(
            f"{target}: {_number(len(problems), 'problem')}",
            f"convrag index repair --into {target}",
        )
    say(f"sound: {_number(count, 'passage')}; index: {target}")


def repair(into: FolderOption = None) -> None:
    """Put right what needs no files for it, and say what was done."""
    from convrag.cli.output import interruptible, progress_bar, say
    from convrag.retrieval.index import Index

    target = index_folder(into)
    with (
        interruptible("the same command goes on from there"),
        Index.open(target, writable=True, damaged=True) as index,
        progress_bar("repairing"),
    ):
        done = index.repair()
    for line in done:
        say(line)
    if not done:
        say(f"nothing to repair; index: {target}")


def compact(into: FolderOption = None) -> None:
    """Give back the room that deleted documents took."""
    from convrag.cli.output import interruptible, progress_bar, say
    from convrag.retrieval.index import Index

    target = index_folder(into)
    before = _bytes(target)
    with (
        interruptible("the index is whole"),
        Index.open(target, writable=True) as index,
        progress_bar("compacting"),
    ):
        index.compact()
    say(f"{_mebibytes(before)} before, {_mebibytes(_bytes(target))} now; index: {target}")


def stats(
    into: FolderOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what is in the index and how large it is."""
    import dataclasses

    from convrag.cli.output import say_json, table
    from convrag.copying import remembered
    from convrag.indexing import remembered_roots
    from convrag.retrieval.index import Index

    target = index_folder(into)
    with Index.open(target) as index:
        found = index.stats()
    values = dataclasses.asdict(found) | {
        "languages": dict(found.languages),
        "bytes": found.bytes,
        "made_from": [str(root.path) for root in remembered_roots(target)],
        "copied_from": sorted({copy.place for copy in remembered(target)}),
    }
    if json:
        say_json(values)
        return
    rows = [
        (name.removesuffix("_bytes").replace("_", " "), _words(name, v))
        for name, v in values.items()
    ]
    table(("what", "value"), rows)


def export(
    into: FolderOption = None,
    out: Annotated[
        str,
        typer.Option("--out", "--output", "-o", metavar="FILE", help="This file; '-' is stdout."),
    ] = "-",
    triples: Annotated[
        Path | None,
        typer.Option("--triples", metavar="FILE", help="Write the graph to this file, N-Triples."),
    ] = None,
) -> None:
    """Write all documents with their passages as JSON lines."""
    from contextlib import nullcontext

    from convrag.cli.output import interruptible, json_stdout, note, result_file
    from convrag.retrieval.index import Index

    state = "the output is not complete" if out == "-" else f"{out} is as it was before"
    with (
        interruptible(state),
        Index.open(index_folder(into)) as index,
        json_stdout() if out == "-" else result_file(Path(out)) as documents,
        result_file(triples) if triples else nullcontext() as graph,
    ):
        count = index.export(documents, graph)
    if out != "-":
        note(f"{_number(count, 'document')} written to {out}")


def _found(index: Index, wanted: list[str]) -> tuple[Source, ...]:
    """Return what the words name, also as files and folders are called from here."""
    import os

    from convrag.retrieval import roots, sources
    from convrag.text.documents import source_name

    with index.snapshot() as connection:
        known = sources.listed(connection)
        places = roots.load(connection)

    def from_here(name: str) -> str:
        return places.named(source_name(Path(os.path.abspath(name))))  # noqa: PTH100

    return sources.find(known, wanted, other_name=from_here)


def _size(item: Source) -> str:
    return _number(item.passages, "passage") if item.document_id else "graph"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _bytes(target: Path) -> int:
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def _mebibytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"


def _words(name: str, value: object) -> str:
    if name.endswith("bytes") and isinstance(value, int):
        return _mebibytes(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {each:,}" for key, each in value.items())
    if isinstance(value, list):
        more = f" and {len(value) - _SHOWN:,} more" if len(value) > _SHOWN else ""
        return ", ".join(value[:_SHOWN]) + more
    return f"{value:,}" if isinstance(value, int) else str(value)
