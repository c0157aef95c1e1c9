"""``convrag augment``: follow-up turns with the questions they stand for, to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def augment(
    into: Annotated[
        Path, typer.Option("--into", metavar="FILE", help="Write the examples to this file.")
    ],
    graph: Annotated[
        list[Path] | None,
        typer.Option(
            "--graph", metavar="FILE", help="Ask about this graph's entities; repeatable."
        ),
    ] = None,
    reading: Annotated[
        list[str] | None,
        typer.Option(
            "--reading",
            metavar="LANGUAGE=PATH",
            help="Use the questions of this SQuAD-format file, folder of them, or zip of JSON"
            " lines; repeatable.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Everything the shipped rewriter is trained on."
        ),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", "-l", metavar="CODE", help="Only these languages; repeatable."),
    ] = None,
    count: Annotated[
        int, typer.Option(min=1, help="Training examples of each language or reading set.")
    ] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every choice.")] = 13,
) -> None:
    """Build follow-up turns, each with its standalone question, as JSON Lines.

    The second of two questions about one thing loses its name: to a pronoun, to nothing, or to the
    thing's kind; or it is cut down to another name. Some turns keep the name, hesitate, or start
    wrongly. A line holds id, language, history, turn, rewrite, kind, source, split and what of the
    history the turn needs. Things, articles and wordings of the test split are in no other.
    """
    from convrag.cli.output import note, write_file
    from convrag.errors import UsageError
    from convrag.packs import find_pack
    from convrag.training.corpus import built, read_sets, standard_corpus
    from convrag.training.examples import to_line
    from convrag.training.things import graph_things
    from convrag.training.wording import languages

    wanted = tuple(language or languages())
    if data is not None:
        graphs = tuple(graph or (find_pack("world").graph,))
        examples = standard_corpus(data, graphs, seed, 1.0)
    elif graph or reading:
        things = [thing for path in graph or () for thing in graph_things(path)]
        examples = built(things, wanted, count, seed, progress=note) if things else []
        examples += read_sets([_place(text) for text in reading or ()], count, seed)
    else:
        raise UsageError("nothing to build from", "name --graph, --reading or --data")
    kept = [one for one in examples if one.language in wanted]
    write_file(into, "".join(f"{to_line(one)}\n" for one in kept))
    note(f"wrote {len(kept)} examples to {into}")


def _place(text: str) -> tuple[str, Path]:
    from convrag.errors import UsageError

    language, _, path = text.partition("=")
    if not path:
        raise UsageError(f"--reading {text}: no language", "write it as LANGUAGE=PATH")
    return language, Path(path)
