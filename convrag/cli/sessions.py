"""``convrag sessions``: the kept conversations."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from convrag.sessions import SessionStore

app = typer.Typer(help="List, show, rename, delete, restore and export kept conversations.")

SessionId = Annotated[str, typer.Argument(metavar="ID", help="The id, or its first letters.")]


@app.callback(invoke_without_command=True)
def sessions(context: typer.Context) -> None:
    """List, show, rename, delete, restore and export kept conversations."""
    if context.invoked_subcommand is None:
        list_sessions()


@app.command("list")
def list_sessions(
    search: Annotated[str, typer.Argument(help="Only conversations with these words.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
) -> None:
    """List the conversations, last used first."""
    from datetime import datetime

    from convrag.cli.output import table

    with _store() as store:
        found = store.sessions(search, limit)
    rows = [
        (
            info.id,
            datetime.fromtimestamp(info.updated).astimezone().strftime("%Y-%m-%d %H:%M"),
            str(info.turns),
            info.pack,
            info.title,
        )
        for info in found
    ]
    table(("id", "last used", "turns", "pack", "title"), rows)


@app.command("show")
def show(session: SessionId) -> None:
    """Print a conversation as text."""
    from convrag.cli.output import say

    with _store() as store:
        history = store.history(session)
    for turn, answer in history:
        say(f"> {turn.text}")
        say(answer.text if answer else "(not answered)")
        say()


@app.command("rename")
def rename(
    session: SessionId, title: Annotated[str, typer.Argument(help="The new title.")]
) -> None:
    """Give a conversation another title; an empty one brings back the first question."""
    with _store() as store:
        store.rename(session, title)


@app.command("delete")
def delete(session: SessionId) -> None:
    """Delete a conversation; for a day 'restore' brings it back."""
    from convrag.cli.output import note

    with _store() as store:
        whole = store.delete(session)
    note(f"deleted; bring it back within a day with: convrag sessions restore {whole}")


@app.command("restore")
def restore(
    session: Annotated[str, typer.Argument(metavar="ID", help="The whole id.")],
) -> None:
    """Bring a deleted conversation back."""
    with _store() as store:
        store.restore(session)


@app.command("export")
def export(
    session: SessionId,
    form: Annotated[
        Literal["md", "jsonl"], typer.Option("--format", "-f", help="Markdown, or JSON lines.")
    ] = "md",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this file, not stdout."),
    ] = None,
) -> None:
    """Write a conversation with its sources to stdout or a file."""
    from convrag.cli.output import say, write_file

    with _store() as store:
        text = store.export_markdown(session) if form == "md" else store.export_jsonl(session)
    if output is None:
        say(text, end="")
    else:
        write_file(output, text)


def _store() -> closing[SessionStore]:
    from convrag.config import load_config
    from convrag.sessions import SessionStore

    return closing(SessionStore(load_config().sessions_path))
