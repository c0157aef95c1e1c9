"""``convrag eval``: its commands; what is none of them is a path, and means ``run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from convrag.cli.evaluate import HtmlOption, JsonOption, MarkdownOption, evaluate

if TYPE_CHECKING:
    from convrag.evaluation.store import RunInfo, RunStore

_HELP = ("-h", "--help")


class _Commands(TyperGroup):
    """The commands of ``convrag eval``; what begins with none of them means ``run``."""

    default = "run"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own
        if not args or args[0] not in (*self.commands, *_HELP):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Commands,
    help="""Run scripted dialogues, look at kept runs, and compare them.

    'convrag eval PATHS' is short for 'convrag eval run PATHS'; 'convrag eval run --help' has the
    options. Every run is kept in CONVRAG_HOME.""",
)
app.command("run")(evaluate)


@app.command("runs")
def runs() -> None:
    """List the kept runs, newest first."""
    from convrag.cli.output import table

    rows = [
        (
            info.id,
            f"{info.respondent}{_without(info)}",
            info.source or "each its own pack",
            str(info.turns),
            "finished" if info.finished else "interrupted",
            info.commit,
        )
        for info in _store().list()
    ]
    table(("run", "respondent", "source", "turns", "state", "commit"), rows)


def _without(info: RunInfo) -> str:
    part = info.settings.get("without")
    return f" without {part}" if part else ""


@app.command("show")
def show(
    run: Annotated[str, typer.Argument(help="Id of a kept run, or 'last'.")] = "last",
    json: JsonOption = None,
    markdown: MarkdownOption = None,
    html: HtmlOption = None,
) -> None:
    """Show the results of a kept run again, or write them to files."""
    from convrag.cli.output import note
    from convrag.cli.reporting import write_reports
    from convrag.evaluation.report import make_report

    kept = _store().open(run)
    turns = kept.turns()
    if not kept.info.finished:
        note(f"interrupted: {len(turns)} of {kept.info.turns} turns were asked")
    report = make_report(turns, seed=kept.info.seed, info=kept.info)
    write_reports(report, json=json, markdown=markdown, html=html)


@app.command("compare")
def compare(
    first: Annotated[str, typer.Argument(help="Id of the run compared with.")],
    second: Annotated[str, typer.Argument(help="Id of the run that may be better.")],
    json: JsonOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of intervals and tests.")] = 0,
) -> None:
    """Show what the second run does better and worse, and whether chance explains it."""
    import json as json_module

    from convrag.cli.output import show_on_stdout, write_file
    from convrag.evaluation.compare import compare_runs, comparison_to_json, render

    store = _store()
    found = compare_runs(store.open(first), store.open(second), seed=seed)
    show_on_stdout(render(found))
    if json is not None:
        text = json_module.dumps(comparison_to_json(found), ensure_ascii=False, indent=1)
        write_file(json, text + "\n")


@app.command("delete")
def delete(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids of kept runs.")],
) -> None:
    """Delete kept runs."""
    store = _store()
    for name in runs:
        store.remove(name)


@app.command("schema")
def schema(
    what: Annotated[
        str, typer.Argument(help="'dialogue', or 'jsonl' for a line of a data set of your own.")
    ] = "dialogue",
) -> None:
    """Print the JSON Schema of a dialogue file, or of a data set of your own."""
    from convrag.cli.output import say_json
    from convrag.errors import UsageError
    from convrag.evaluation.datasets.lines import schema as line_schema
    from convrag.evaluation.dialogue_files import schema as dialogue_schema

    known = {"dialogue": dialogue_schema, "jsonl": line_schema}
    if what not in known:
        raise UsageError(f"there is no schema '{what}'", f"known: {', '.join(known)}")
    say_json(known[what]())


def _store() -> RunStore:
    from convrag.config import load_config
    from convrag.evaluation.store import RunStore

    return RunStore(load_config().home / "runs")
