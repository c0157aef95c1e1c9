"""The ``convrag`` command: its commands, and the one place where errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import Annotated

import typer

from convrag import __version__
from convrag.cli import (
    ask,
    augment,
    chat,
    doctor,
    evaluations,
    index,
    kg,
    packs,
    sessions,
    train,
)
from convrag.errors import ConvragError

_CRASHED = 70

app = typer.Typer(
    name="convrag",
    help="Ask a knowledge graph and documents, over several turns, in your own language, offline.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"convrag {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version."),
    ] = False,
) -> None:
    pass


app.command("chat")(chat.chat)
app.command("ask")(ask.ask)
app.add_typer(index.app, name="index")
app.add_typer(kg.app, name="kg")
app.add_typer(evaluations.app, name="eval")
app.add_typer(sessions.app, name="sessions")
app.command("packs")(packs.packs)
app.add_typer(train.app, name="train")
app.command("augment")(augment.augment)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run this process's command line and exit: 0 done, 130 interrupted, else an error's code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? and goes on
    if not os.environ.get("CONVRAG_DEBUG"):
        # Libraries log what convrag reports itself, a damaged PDF for one.
        logging.getLogger().addHandler(logging.NullHandler())
    try:
        app(prog_name="convrag")
    except ConvragError as error:
        _report(error.message, error.hint)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the last handler: a person gets one line
        if os.environ.get("CONVRAG_DEBUG"):
            traceback.print_exc()
        _report(
            f"unexpected {type(error).__name__}: {error}",
            "this is a bug; CONVRAG_DEBUG=1 shows where it happened",
        )
        sys.exit(_CRASHED)


def _report(message: str, hint: str) -> None:
    from convrag.cli.output import note

    note(f"error: {' '.join(message.split())}")
    if hint:
        note(f"hint: {' '.join(hint.split())}")
