"""``convrag eval``: scripted dialogues against a pack or an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrag.cli.options import (
    EncoderOption,
    GeneratorOption,
    IndexOption,
    KOption,
    PackOption,
    ThreadsOption,
    check_source,
    open_source,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from convrag.config import Config
    from convrag.evaluation.dialogues import ScriptedDialogue
    from convrag.evaluation.report import Report
    from convrag.evaluation.scoring import TurnScore


def evaluate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Dialogue files or folders; without any, all bundled ones."),
    ] = None,
    pack: PackOption = None,
    index: IndexOption = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all results to this file.")
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=VALUE", help="Exit 1 when a metric is below; repeatable."),
    ] = None,
    fail_over: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=VALUE", help="Exit 1 when a metric is above; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap intervals.")] = 0,
    encoder: EncoderOption = None,
    generator: GeneratorOption = None,
    threads: ThreadsOption = None,
    k: KOption = None,
) -> None:
    """Run scripted dialogues and score every turn."""
    import json as json_module

    from convrag.cli.output import note, show_on_stdout, write_file
    from convrag.config import load_config
    from convrag.evaluation.dialogues import load_dialogues
    from convrag.evaluation.report import make_report, render, report_to_json
    from convrag.packs import dialogue_folder

    low = [_bound(text, "--fail-under") for text in fail_under or ()]
    high = [_bound(text, "--fail-over") for text in fail_over or ()]
    config = load_config(encoder=encoder, generator=generator, threads=threads, k=k)
    check_source(pack, index)
    dialogues = load_dialogues(paths or [dialogue_folder()])
    report = make_report(_run(config, dialogues, pack, index), seed=seed)
    show_on_stdout(render(report))
    if json is not None:
        text = json_module.dumps(report_to_json(report), ensure_ascii=False, indent=1)
        write_file(json, text + "\n")
    missed = [*_missed(report, low, "below"), *_missed(report, high, "above")]
    for line in missed:
        note(line)
    if missed:
        raise typer.Exit(1)


def _run(
    config: Config, dialogues: Sequence[ScriptedDialogue], pack: str | None, index: Path | None
) -> list[TurnScore]:
    """Return the scores of all turns; without a source each dialogue is asked of its own pack."""
    from convrag.cli.output import progress_bar

    groups: dict[str | None, list[ScriptedDialogue]] = {}
    for dialogue in dialogues:
        groups.setdefault(pack or (None if index else dialogue.pack), []).append(dialogue)
    for name in groups:
        check_source(name, index)  # an unknown pack shows before anything runs
    scores: list[TurnScore] = []
    total = sum(len(dialogue.turns) for dialogue in dialogues)
    with progress_bar("opening") as show:
        for name, group in groups.items():
            scores += _run_group(config, group, name, index, show, (len(scores), total))
    return scores


def _run_group(
    config: Config,
    dialogues: Sequence[ScriptedDialogue],
    pack: str | None,
    index: Path | None,
    show: Callable[[str, float], None],
    progress: tuple[int, int],
) -> list[TurnScore]:
    from convrag.evaluation.runner import TurnRun, run_dialogues
    from convrag.evaluation.scoring import score_turn

    done, total = progress

    def count(run: TurnRun) -> None:
        nonlocal done
        done += 1
        show(f"asking {run.dialogue.pack}", done / total)

    pipeline = open_source(config, pack, index, show)
    try:
        runs = run_dialogues(pipeline, dialogues, on_turn=count)
        return [score_turn(run, pipeline.expand_curie) for run in runs]
    finally:
        pipeline.close()


def _bound(text: str, option: str) -> tuple[str, float]:
    from convrag.errors import UsageError
    from convrag.evaluation.runner import STAGES
    from convrag.evaluation.scoring import METRICS

    name, _, value = text.partition("=")
    known = [*METRICS, *(f"{stage}_{kind}" for stage in STAGES for kind in ("median", "p95"))]
    if name not in known:
        raise UsageError(f"{option} {text}: unknown metric '{name}'", f"known: {', '.join(known)}")
    try:
        return name, float(value)
    except ValueError as error:
        raise UsageError(
            f"{option} {text}: '{value}' is no number", "like answer_accuracy=0.8"
        ) from error


def _missed(report: Report, bounds: Sequence[tuple[str, float]], side: str) -> list[str]:
    missed = []
    for name, bound in bounds:
        value = report.value(name)
        fine = value is not None and (value >= bound if side == "below" else value <= bound)
        if not fine:
            shown = "not measured" if value is None else f"{value:.3f}"
            missed.append(f"missed: {name} is {shown}, {side} {bound:g}")
    return missed
