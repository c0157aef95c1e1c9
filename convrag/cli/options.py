"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from convrag.config import Config
    from convrag.pipeline import Pipeline

PackOption = Annotated[
    str | None,
    typer.Option("--pack", "-p", metavar="NAME", help="Ask this bundled pack; see 'packs'."),
]
IndexOption = Annotated[
    Path | None,
    typer.Option("--index", "-i", metavar="DIR", help="Ask this index; 'index' makes one."),
]
EncoderOption = Annotated[
    str | None, typer.Option("--encoder", metavar="REF", help="Encoder model, as a reference.")
]
GeneratorOption = Annotated[
    str | None,
    typer.Option("--generator", metavar="REF", help="Generator model, as a reference, or 'none'."),
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=0, metavar="N", help="Threads; 0 is one per core.")
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--into",
        "--index",
        "-i",
        metavar="DIR",
        help="The index's folder; without it, the one for documents in CONVRAG_HOME.",
    ),
]
FilterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        "-f",
        metavar="KEY=VALUE",
        help="Only search what has this language, source (a pattern), document (an id), tag, or"
        " date (after, before); again for more: other keys narrow, the same key widens.",
    ),
]
KOption = Annotated[
    int | None, typer.Option("--k", min=1, metavar="N", help="Pieces of evidence per answer.")
]


def index_folder(into: Path | None) -> Path:
    """Return the folder of the index that is meant."""
    from convrag.config import load_config

    return into or load_config().home / "documents"


def open_source(
    config: Config,
    pack: str | None,
    index: Path | None,
    progress: Callable[[str, float], None] | None = None,
) -> Pipeline:
    """Return the pipeline over the index or the pack that was named, else over the default pack.

    Raises:
        UsageError: Both were named, or one does not exist.
        ConvragError: The pipeline cannot be opened.
    """
    check_source(pack, index)
    from convrag.packs import DEFAULT_PACK
    from convrag.pipeline import open_pipeline

    name = None if index else pack or DEFAULT_PACK
    return open_pipeline(config, pack=name, index=index, progress=progress)


def check_source(pack: str | None, index: Path | None) -> None:
    """Refuse a bad choice of pack or index before anything is loaded.

    Raises:
        UsageError: Both were named, or one does not exist.
    """
    from convrag.errors import UsageError
    from convrag.packs import find_pack

    if pack and index:
        raise UsageError("--pack and --index were both given", "choose one of them")
    if pack:
        find_pack(pack)
    if index and not index.is_dir():
        raise UsageError(f"{index}: no such index", "make one with: convrag index PATHS --into DIR")
