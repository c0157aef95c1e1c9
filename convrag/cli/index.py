"""``convrag index``: make or refresh an index from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrag.cli.options import EncoderOption, ThreadsOption

if TYPE_CHECKING:
    from convrag.indexing import BuildReport


def index(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Files and folders: txt md html pdf jsonl, and graphs such as ttl."),
    ],
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="Where the index is; made when missing."),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Forget what the index holds and start anew.")
    ] = False,
    languages: Annotated[
        str,
        typer.Option(
            "--languages", metavar="XX,YY", help="Languages of the documents; else guessed."
        ),
    ] = "",
    encoder: EncoderOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Make an index of documents and graphs, or bring one up to date.

    What is unchanged since the last time is not read again. Ctrl-C loses nothing that was done:
    the same command goes on from there.
    """
    from convrag.cli.output import note, progress_bar
    from convrag.config import load_config
    from convrag.indexing import build_index
    from convrag.models.registry import load_encoder

    config = load_config(encoder=encoder, threads=threads)
    _check_paths(paths)
    codes = _languages(languages)
    target = into or config.home / "documents"
    try:
        with progress_bar("loading the encoder") as show:
            # Many passages at once go twice as fast through torch as through the query engine.
            model = load_encoder(config.encoder, config=config, runtime="torch")
            report = build_index(
                paths,
                target,
                model,
                title=target.resolve().name,
                languages=codes,
                rebuild=rebuild,
                progress=show,
            )
    except KeyboardInterrupt:
        note("stopped: what was done is kept, the same command goes on from there")
        raise
    _summarize(report, target)


def _check_paths(paths: list[Path]) -> None:
    from convrag.errors import UsageError

    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder", "check the spelling")


def _languages(text: str) -> tuple[str, ...]:
    from convrag.errors import UsageError

    codes = tuple(code for code in text.lower().replace(",", " ").split() if code)
    for code in codes:
        if not (len(code) == 2 and code.isascii() and code.isalpha()):
            raise UsageError(
                f"--languages: '{code}' is no language code", "two letters, like en,zh"
            )
    return codes


def _summarize(report: BuildReport, target: Path) -> None:
    from convrag.cli.output import note, say
    from convrag.errors import DocumentError

    for refusal in report.refusals:
        note(f"refused: {refusal.source}: {refusal.reason}")
    kept = report.added + report.updated + report.unchanged + report.triples
    if not kept:
        raise DocumentError(
            f"nothing could be indexed ({len(report.refusals)} refused)",
            "it reads txt, md, html, pdf and jsonl documents, and graphs such as ttl",
        )
    say(
        f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged,"
        f" {report.deleted} deleted, {len(report.refusals)} refused:"
        f" {report.passages} passages and {report.triples} triples in {target}"
    )
    note(f"ask it with: convrag chat --index {target}")
