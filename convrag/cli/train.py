"""``convrag train``: models that are trained on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Train a model anew from public sets.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_LAYERS = 4


@app.callback()
def _group() -> None:
    pass


@app.command("rewriter")
def rewriter(
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="Folder for states, checkpoint, weights.")
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of the sets, under upstream names."),
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option("--examples", metavar="FILE", help="Examples that 'augment' wrote, instead."),
    ] = None,
    graph: Annotated[
        list[Path] | None,
        typer.Option(
            "--graph", metavar="FILE", help="Graphs asked about; without any, the world pack's."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start", metavar="FILE", help="A rewriter.npz to go on from, to adapt it cheaply."
        ),
    ] = None,
    share: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Of the usual number of examples.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every choice.")] = 13,
    threads: Annotated[
        int | None, typer.Option("--threads", min=0, metavar="N", help="Threads; 0 is one a core.")
    ] = None,
) -> None:
    """Train the rewriter of turns; a run that was ended goes on where it was.

    It reads the first layers of the embedded encoder, learns on the training split which words of
    the dialogue a turn needs, and fits its thresholds on the development split. The weights are
    DIR/rewriter.npz; 'rewriter = "trained:FILE"' in config.toml uses them.
    """
    from convrag.cli.output import note
    from convrag.config import load_config
    from convrag.training.recipe import Recipe, train_rewriter

    config = load_config(threads=threads)
    recipe = Recipe(
        data=data,
        examples=examples,
        graphs=tuple(graph or ()),
        layers=_LAYERS,
        share=share,
        seed=seed,
        start=start,
    )
    weights = train_rewriter(recipe, into, config, report=note)
    note(f"wrote {weights}")
