"""``convrag index``: make an index from files, keep it up to date, look after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from convrag.cli import upkeep
from convrag.cli.options import EncoderOption, FolderOption, ThreadsOption, index_folder
from convrag.graph.fragment import FACTS, SECONDS

if TYPE_CHECKING:
    from convrag.copying import Copy, Fetched
    from convrag.indexing import BuildReport
    from convrag.text.documents import Refusal

_HELP = ("-h", "--help")


class _Commands(TyperGroup):
    """The commands of ``convrag index``; what begins with none of them means ``add``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own
        if args and args[0] not in (*self.commands, *_HELP):
            args = ["add", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    help="""Make an index of documents and graphs, and look after it.

    'convrag index PATHS' is short for 'convrag index add PATHS'; a file that is called like a
    command is written ./update.""",
)

RebuildOption = Annotated[
    bool, typer.Option("--rebuild", help="Forget what the index holds and start anew.")
]
LanguagesOption = Annotated[
    str,
    typer.Option("--languages", metavar="XX,YY", help="Languages of the documents; else guessed."),
]
TextGraphOption = Annotated[
    bool | None,
    typer.Option(
        "--graph-from-text/--no-graph-from-text",
        show_default=False,
        help="Make what the documents' texts say part of the graph: lines of keys and values, "
        "tables, and sentences in ten languages. The index remembers it.",
    ),
]
TaggerOption = Annotated[
    bool | None,
    typer.Option(
        "--tag-names/--no-tag-names",
        show_default=False,
        help="With --graph-from-text: find the names in running text by the trained tagger, which "
        "takes about as long as encoding; else by their capitals. The index remembers it.",
    ),
]


@app.command("add")
def add(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders: documents, and graphs such as ttl."),
    ] = None,
    into: FolderOption = None,
    rebuild: RebuildOption = False,
    languages: LanguagesOption = "",
    graph_from_text: TextGraphOption = None,
    tag_names: TaggerOption = None,
    encoder: EncoderOption = None,
    threads: ThreadsOption = None,
    store: Annotated[
        Path | None, typer.Option("--store", metavar="DIR", help="Copy from this graph store.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="Copy from this SPARQL server.")
    ] = None,
    around: Annotated[
        str | None,
        typer.Option("--around", metavar="ENTITY", help="Copy what is near it: an IRI or a name."),
    ] = None,
    hops: Annotated[
        int, typer.Option("--hops", min=1, max=8, metavar="N", help="Facts from it at most.")
    ] = 1,
    query: Annotated[
        str | None, typer.Option("--query", metavar="SPARQL", help="Copy what this CONSTRUCTs.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="How answers call the copy.")
    ] = None,
    limit: Annotated[
        int,
        typer.Option("--limit", min=1, max=1_000_000, metavar="N", help="Facts copied at most."),
    ] = FACTS,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, max=3600, metavar="S", help="Seconds to copy.")
    ] = SECONDS,
) -> None:
    """Take in what is new or changed in PATHS; nothing is deleted.

    The index is made when it is not there. What is unchanged is not encoded again. Ctrl-C loses
    nothing that was done: the same command goes on from there.

    With --store or --endpoint a part of a large graph is copied too: what is near an entity, or
    what a query builds. 'index update' without PATHS fetches it anew; 'index delete NAME' removes
    it. Names come in --languages, else in the ten that questions are asked in.
    """
    from convrag.cli.kg_store import copy_wanted
    from convrag.errors import UsageError

    _check_paths(paths or [])
    copy = copy_wanted(
        store,
        endpoint,
        around,
        query,
        hops=hops,
        name=name,
        languages=_languages(languages),
        limit=limit,
        timeout=timeout,
    )
    if not paths and copy is None:
        raise UsageError("there is nothing to take in", "name files, or --store or --endpoint")
    _build(
        paths or [],
        into,
        rebuild,
        languages,
        encoder,
        threads,
        prune=False,
        copy=copy,
        graph_from_text=graph_from_text,
        tag_names=tag_names,
    )


@app.command("update")
def update(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders; without them, all that was added before."),
    ] = None,
    into: FolderOption = None,
    rebuild: RebuildOption = False,
    languages: LanguagesOption = "",
    graph_from_text: TextGraphOption = None,
    tag_names: TaggerOption = None,
    encoder: EncoderOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Take in what changed in PATHS, and delete what vanished.

    A folder that is not there at all counts as out of reach; what came from it is kept. The same
    goes for what was copied from graph stores and servers, which is fetched anew without PATHS.
    """
    from convrag.retrieval.storage import read_manifest

    _check_paths(paths or [])
    if not paths:
        read_manifest(index_folder(into))
    _build(
        paths or [],
        into,
        rebuild,
        languages,
        encoder,
        threads,
        prune=True,
        graph_from_text=graph_from_text,
        tag_names=tag_names,
    )


for command in (
    upkeep.delete,
    upkeep.verify,
    upkeep.repair,
    upkeep.compact,
    upkeep.stats,
    upkeep.export,
):
    app.command(command.__name__)(command)


def _build(
    paths: list[Path],
    into: Path | None,
    rebuild: bool,
    languages: str,
    encoder: str | None,
    threads: int | None,
    *,
    prune: bool,
    copy: Copy | None = None,
    graph_from_text: bool | None = None,
    tag_names: bool | None = None,
) -> None:
    from convrag.cli.output import interruptible, progress_bar
    from convrag.config import load_config

    config = load_config(encoder=encoder, threads=threads)
    codes = _languages(languages)
    target = index_folder(into)
    state = "what was done is kept, the same command goes on from there"
    if rebuild:
        state = "the index is as it was before"
    report = None
    with interruptible(state), progress_bar("loading the encoder") as show:
        # Fetched first: a server that does not answer must not leave half of a new index behind.
        fetched, refusals, with_files = _fetched(paths, copy, target, strict=rebuild)
        from convrag.indexing import build_index
        from convrag.models.registry import load_encoder

        # Many passages at once go twice as fast through torch as through the query engine.
        model = load_encoder(config.encoder, config=config, runtime="torch")
        if with_files:
            report = build_index(
                paths,
                target,
                model,
                title=target.resolve().name,
                languages=codes,
                rebuild=rebuild,
                prune=prune,
                graph_from_text=graph_from_text,
                tag_names=tag_names,
                progress=show,
            )
        if fetched:
            from convrag.copying import store

            store(target, fetched, model, rebuild=rebuild and not with_files)
    _summarize(report, refusals, fetched, target)


def _fetched(
    paths: list[Path], copy: Copy | None, target: Path, *, strict: bool
) -> tuple[list[Fetched], list[Refusal], bool]:
    """Return what is copied, what of it cannot be, and whether files are read too.

    Without paths and a new copy, everything is brought up to date that the index is made from.
    """
    if paths and copy is None:
        return [], [], True
    from convrag.copying import fetch, remembered
    from convrag.indexing import remembered_roots

    if copy is not None:
        return *fetch([copy], strict=True), bool(paths)
    copies = remembered(target)
    return *fetch(copies, strict=strict), bool(remembered_roots(target)) or not copies


def _check_paths(paths: list[Path]) -> None:
    import difflib

    from convrag.errors import UsageError

    commands = [info.name for info in app.registered_commands if info.name]
    for path in paths:
        if path.exists() or path.is_symlink():
            continue
        hint = "check the spelling"
        if near := difflib.get_close_matches(str(path), commands, n=1):
            hint = f"for the command, write it first: convrag index {near[0]}"
        raise UsageError(f"{path}: no such file or folder", hint)


def _languages(text: str) -> tuple[str, ...]:
    from convrag.errors import UsageError

    codes = tuple(code for code in text.lower().replace(",", " ").split() if code)
    for code in codes:
        if not (len(code) == 2 and code.isascii() and code.isalpha()):
            raise UsageError(
                f"--languages: '{code}' is no language code", "two letters, like en,zh"
            )
    return codes


def _summarize(
    report: BuildReport | None, refusals: list[Refusal], fetched: list[Fetched], target: Path
) -> None:
    from convrag.cli.output import note, say
    from convrag.errors import DocumentError

    refused = [*(report.refusals if report else ()), *refusals]
    for refusal in refused:
        hint = f" ({refusal.hint})" if refusal.hint else ""
        note(f"refused: {refusal.source}: {refusal.reason}{hint}")
    for item in fetched:
        copied = item.fragment
        say(f"{item.copy.name}: {len(copied.triples):,} triples copied; index: {target}")
        if copied.cut:
            more = "'index add' with a larger --limit takes more"
            note(f"{item.copy.name}: only {item.copy.limit:,} facts of them all; {more}")
    if report is not None:
        kept = report.added + report.updated + report.unchanged + report.deleted + report.triples
        if not kept and refused:
            raise DocumentError(
                f"nothing could be indexed ({len(refused)} refused)", "the lines above say why"
            )
        again = f" ({report.duplicates} of them duplicates)" if report.duplicates else ""
        say(
            f"{report.added} added, {report.updated} updated{again}, {report.unchanged} unchanged,"
            f" {report.deleted} deleted, {len(report.refusals)} refused:"
            f" {report.passages} passages written, {report.triples} triples read; index: {target}"
        )
    note(f"ask it with: convrag chat --index {target}")
