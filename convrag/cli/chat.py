"""``convrag chat``: the conversation in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from convrag.cli.options import (
    EncoderOption,
    FilterOption,
    GeneratorOption,
    IndexOption,
    KOption,
    PackOption,
    ThreadsOption,
    check_source,
    open_source,
)

if TYPE_CHECKING:
    from convrag.pipeline import Pipeline


def chat(
    pack: PackOption = None,
    index: IndexOption = None,
    resume: Annotated[
        str | None,
        typer.Option("--resume", "-r", metavar="ID", help="Go on with this conversation."),
    ] = None,
    encoder: EncoderOption = None,
    generator: GeneratorOption = None,
    threads: ThreadsOption = None,
    k: KOption = None,
    filters: FilterOption = None,
    theme: Annotated[str | None, typer.Option("--theme", metavar="NAME", help="Colours.")] = None,
) -> None:
    """Start a conversation in the terminal."""
    import gc

    # Modules and widgets stay: looking for garbage among them is a tenth of the time to the paint.
    gc.set_threshold(50_000, 20, 20)
    from convrag.config import load_config
    from convrag.errors import UsageError
    from convrag.packs import DEFAULT_PACK, find_pack, pack_called
    from convrag.wire import parse_filter

    config = load_config(encoder=encoder, generator=generator, threads=threads, k=k, theme=theme)
    wanted = parse_filter(filters or ())
    if not _has_terminal():
        raise UsageError("chat needs a terminal", 'without one use: convrag ask "..."')

    from convrag.sessions import SessionStore

    sessions = SessionStore(config.sessions_path)
    if resume is not None:
        info = sessions.info(resume)  # fails before the screen is taken
        resume = info.id
        if pack is None and index is None:
            pack = pack_called(info.pack)
    check_source(pack, index)

    def open_responder(progress: Callable[[str, float], None]) -> Pipeline:
        return open_source(config, pack, index, progress)

    from convrag.tui.app import ChatApp

    about = index.resolve().name if index else find_pack(pack or DEFAULT_PACK).title
    app = ChatApp(
        open_responder,
        sessions,
        resume=resume,
        theme=config.theme,
        pack=about,
        filter=wanted,
    )
    app.run()
    if app.return_code:
        raise typer.Exit(app.return_code)


def _has_terminal() -> bool:
    import sys

    # Textual draws on stderr.
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
