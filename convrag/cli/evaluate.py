"""``convrag eval``: scripted dialogues against a pack or an index."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrag.cli.datasets import (
    SET_K,
    AblateOption,
    AskedSet,
    DatasetOption,
    IntoOption,
    LanguageOption,
    LimitOption,
    OwnRepliesOption,
    ablated_parts,
    asked_set,
    known_metrics,
    set_indexed,
    set_work,
    validated,
)
from convrag.cli.options import (
    EncoderOption,
    GeneratorOption,
    IndexOption,
    KOption,
    PackOption,
    ThreadsOption,
    check_source,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convrag.evaluation.asking import Work
    from convrag.evaluation.dialogues import ScriptedDialogue
    from convrag.evaluation.opening import Opening
    from convrag.evaluation.report import Report
    from convrag.evaluation.store import KeptRun, RunInfo

FileOption = Path | None
JsonOption = Annotated[
    FileOption, typer.Option("--json", metavar="FILE", help="Write all results to this file.")
]
MarkdownOption = Annotated[
    FileOption, typer.Option("--markdown", metavar="FILE", help="Write the tables as Markdown.")
]
HtmlOption = Annotated[
    FileOption,
    typer.Option(
        "--html", metavar="FILE", help="Write one page for a browser, with every turn's trace."
    ),
]
FailUnderOption = Annotated[
    list[str] | None,
    typer.Option(metavar="METRIC=VALUE", help="Exit 1 when a metric is below; repeatable."),
]
FailOverOption = Annotated[
    list[str] | None,
    typer.Option(metavar="METRIC=VALUE", help="Exit 1 when a metric is above; repeatable."),
]


def evaluate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Dialogue files or folders; without any, all bundled ones. With --dataset, its"
            " file."
        ),
    ] = None,
    pack: PackOption = None,
    index: IndexOption = None,
    json: JsonOption = None,
    markdown: MarkdownOption = None,
    html: HtmlOption = None,
    fail_under: FailUnderOption = None,
    fail_over: FailOverOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap intervals.")] = 0,
    retriever: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Ask one search alone: dense, lexical, graph, or hybrid."
        ),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Ask a model on an OpenAI-compatible server, like http://localhost:8080/v1; "
            "CONVRAG_ENDPOINT_KEY is its key.",
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="What the server calls its model.")
    ] = "default",
    workers: Annotated[
        str, typer.Option(metavar="N|ray", help="Processes that ask at the same time, or Ray's.")
    ] = "1",
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Go on with this interrupted run, or with the last one."),
    ] = None,
    attribution: Annotated[
        bool,
        typer.Option(
            "--attribution/--no-attribution",
            help="Ask failed turns again with right inputs, to find the stage at fault.",
        ),
    ] = True,
    validate: Annotated[
        bool, typer.Option("--validate", help="Only check the files, and say what is wrong.")
    ] = False,
    dataset: DatasetOption = None,
    limit: LimitOption = None,
    language: LanguageOption = "",
    into: IntoOption = None,
    own_replies: OwnRepliesOption = False,
    ablate: AblateOption = "",
    encoder: EncoderOption = None,
    generator: GeneratorOption = None,
    threads: ThreadsOption = None,
    k: KOption = None,
) -> None:
    """Run scripted dialogues, or a published data set, and score every turn.

    Every run is kept; Ctrl-C stops it and --resume goes on with it.
    """
    from convrag.cli.reporting import bounds, write_reports
    from convrag.config import load_config
    from convrag.evaluation.dialogues import load_dialogues
    from convrag.evaluation.opening import PIPELINE, Opening
    from convrag.evaluation.report import make_report
    from convrag.packs import dialogue_folder

    _check(retriever, endpoint, workers)
    parts = ablated_parts(ablate, retriever, endpoint)
    asked = asked_set(dataset, paths, language, limit, own_replies, into)
    metrics = known_metrics(asked)
    low = bounds(fail_under, "--fail-under", metrics)
    high = bounds(fail_over, "--fail-over", metrics)
    if validate:
        _validate(asked, paths or [dialogue_folder()])
        return
    k = k or (SET_K if asked else None)
    config = load_config(encoder=encoder, generator=generator, threads=threads, k=k)
    check_source(pack, index)
    dialogues = () if asked else load_dialogues(paths or [dialogue_folder()])
    opening = Opening(
        config, pack, index, retriever or PIPELINE, endpoint or "", model, attribution
    )
    with nullcontext(opening) if asked is None else set_indexed(asked, opening) as opening:

        def run(opening: Opening, resume: str | None, whole: RunInfo | None = None) -> KeptRun:
            if asked is not None:
                work, info = set_work(asked, opening, seed=seed)
            else:
                work, info = _scripted_work(opening, dialogues, seed)
            return _run(opening, work, info, workers, resume, whole)

        whole = run(opening, resume)
        again = "last" if resume else None
        without = {}
        for part in parts:  # what fails is looked into once, in the whole pipeline
            ablated = replace(opening, without=(part,), attributed=False)
            without[part] = run(ablated, again, whole.info).turns()
    report = make_report(whole.turns(), seed=seed, info=whole.info, without=without)
    write_reports(report, json=json, markdown=markdown, html=html)
    _fail(report, low, high)


def _check(retriever: str | None, endpoint: str | None, workers: str) -> None:
    from convrag.errors import UsageError

    channels = ("dense", "lexical", "graph", "hybrid")
    if retriever and retriever not in channels:
        raise UsageError(f"unknown retriever '{retriever}'", f"known: {', '.join(channels)}")
    if retriever and endpoint:
        raise UsageError("--retriever and --endpoint were both given", "choose one of them")
    if workers != "ray" and not (workers.isdecimal() and int(workers) > 0):
        raise UsageError(f"--workers {workers}: neither a number nor 'ray'", "like --workers 2")


def _validate(asked: AskedSet | None, paths: Sequence[Path]) -> None:
    from convrag.cli.output import note, say
    from convrag.evaluation.dialogues import check_dialogues

    if asked is not None:
        say(validated(asked))
        return
    count, errors = check_dialogues(paths)
    for error in errors:
        note(f"error: {error.message}")
        note(f"hint: {error.hint}")
    if errors:
        raise typer.Exit(errors[0].exit_code)
    say(f"{count} dialogues are valid")


def _scripted_work(
    opening: Opening, dialogues: Sequence[ScriptedDialogue], seed: int
) -> tuple[Work, RunInfo]:
    from convrag.evaluation.asking import scripted
    from convrag.evaluation.provenance import describe

    work = scripted(opening, dialogues)
    for source in work.sources:
        check_source(source or None, opening.index)  # an unknown pack shows before anything runs
    return work, describe(opening, dialogues, seed=seed)


def _run(
    opening: Opening,
    work: Work,
    info: RunInfo,
    workers: str,
    resume: str | None,
    whole: RunInfo | None,
) -> KeptRun:
    """Return the finished run, the turns kept when it was interrupted among its own.

    Args:
        opening: Opens what answers.
        work: What is asked.
        info: What is known of the run.
        workers: A number of processes, or ``ray``.
        resume: The run to go on with.
        whole: The whole pipeline's run, of a run without a part.
    """
    from convrag.cli.output import interruptible, note, progress_bar
    from convrag.evaluation.asking import ask
    from convrag.evaluation.provenance import encoder_of
    from convrag.evaluation.runner import Respondent

    run = _kept_run(opening, info, resume, whole)
    done = run.clean()
    left = replace(
        work,
        items=(item for item in work.items if item.id not in done),
        count=work.count - len(done),
    )
    asked = sum(run.info.dialogues[name] for name in done)

    def opened(respondent: Respondent) -> None:
        run.check_encoder(encoder_of(respondent))

    part = f"without {', '.join(opening.without)}, " if opening.without else ""
    again = f"kept as {run.info.id}; go on with: --resume {(whole or run.info).id}"
    with interruptible(again), progress_bar("opening") as show:
        for name, turns in ask(opening, left, workers=workers, progress=show, on_open=opened):
            run.add(name, turns)
            asked += run.info.dialogues[name]
            what = f"{part}asked {asked} of {run.info.turns} turns"
            show(what, asked / max(run.info.turns, 1))
    run.finish()
    note(f"kept as {run.info.id}{', ' + part.rstrip(', ') if part else ''}")
    return run


def _kept_run(
    opening: Opening, info: RunInfo, resume: str | None, whole: RunInfo | None
) -> KeptRun:
    """Return a new run, or the one to go on with.

    Runs without a part belong to the whole pipeline's: only those begun after it count.

    Args:
        opening: Says where runs are kept.
        info: What is known of the run.
        resume: Id of the one to go on with, or ``last`` for the last one of the same work.
        whole: The whole pipeline's run, of a run without a part.

    Raises:
        RunError: That one was made with something else.
    """
    from convrag.cli.output import note
    from convrag.errors import RunError
    from convrag.evaluation.store import RunStore

    store = RunStore(opening.config.home / "runs")
    if resume is None:
        return store.create(info)
    if whole is not None:
        return store.newest(info, since=whole.began) or store.create(info)
    run = (store.newest(info) if resume == "last" else None) or store.open(resume)
    if not run.info.same_work(info):
        raise RunError(
            f"the run {run.info.id} was made with other dialogues, models or settings",
            "ask for the same as then, or begin a new run without --resume",
        )
    if run.info.commit != info.commit:
        note(f"begun with the sources of {run.info.commit or '-'}, now {info.commit or '-'}")
    return run


def _fail(
    report: Report, low: Sequence[tuple[str, float]], high: Sequence[tuple[str, float]]
) -> None:
    from convrag.cli.output import note

    missed = [*_missed(report, low, "below"), *_missed(report, high, "above")]
    for line in missed:
        note(line)
    if missed:
        raise typer.Exit(1)


def _missed(report: Report, wanted: Sequence[tuple[str, float]], side: str) -> list[str]:
    missed = []
    for name, bound in wanted:
        value = report.value(name)
        fine = value is not None and (value >= bound if side == "below" else value <= bound)
        if not fine:
            shown = "not measured" if value is None else f"{value:.3f}"
            missed.append(f"missed: {name} is {shown}, {side} {bound:g}")
    return missed
