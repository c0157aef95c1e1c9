"""``convrag eval --dataset``: a published data set, indexed, asked and scored."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convrag.config import Config
    from convrag.evaluation.asking import Work
    from convrag.evaluation.datasets.values import Conversation, Dataset
    from convrag.evaluation.opening import Opening
    from convrag.evaluation.store import RunInfo

DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="PATHS is a data set in its published format, packed or not: squad, xquad, mlqa, nq,"
        " triviaqa, canard, qrecc, cast, ikat, mtrag, coqa, quac, topiocqa, kdconv, crosswoz, qald,"
        " or jsonl for your own, whose form 'eval schema jsonl' prints. Its texts and facts are"
        " indexed and asked, unless --index or --pack names what to ask.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, metavar="N", help="Ask so many conversations of the set, drawn by --seed."
    ),
]
LanguageOption = Annotated[
    str,
    typer.Option(
        "--language",
        metavar="CODE",
        help="Language of the set's texts where its files do not say; of qald, which one to ask.",
    ),
]
IntoOption = Annotated[
    Path | None,
    typer.Option("--into", metavar="DIR", help="Keep the set's index here, to go on with it."),
]
OwnRepliesOption = Annotated[
    bool,
    typer.Option(
        "--own-replies",
        help="Let convrag's own answers stand before the next turn, instead of the set's.",
    ),
]
AblateOption = Annotated[
    str,
    typer.Option(
        "--ablate",
        metavar="PARTS",
        help="Ask again without each of these and say what it gives:"
        " graph,walk,rewrite,dense,lexical.",
    ),
]


SET_K = 10
"""Pieces of evidence of a set's turn, so that recall among the first ten can be told."""


@dataclass(frozen=True, slots=True)
class AskedSet:
    """Which set is asked, and how."""

    dataset: Dataset
    limit: int | None = None
    own_replies: bool = False
    into: Path | None = None


def asked_set(
    name: str | None,
    paths: Sequence[Path] | None,
    language: str,
    limit: int | None,
    own_replies: bool,
    into: Path | None,
) -> AskedSet | None:
    """Return the set that the options ask for; None for scripted dialogues.

    Raises:
        UsageError: There is no such set or file, or an option does not fit.
    """
    from convrag.errors import UsageError
    from convrag.evaluation.datasets.loading import load

    if name is None:
        given = {"--limit": limit, "--into": into, "--language": language}
        for option, value in given.items():
            if value:
                raise UsageError(f"{option} is for data sets", "name one with --dataset")
        return None
    if not paths or len(paths) != 1:
        raise UsageError(f"--dataset {name}: one path is due", "name the set's file")
    return AskedSet(load(name, paths[0], language=language), limit, own_replies, into)


def known_metrics(asked: AskedSet | None) -> tuple[str, ...]:
    """Return the metrics that bounds may name."""
    from convrag.evaluation.datasets.scoring import METRICS as SET_METRICS
    from convrag.evaluation.scoring import METRICS
    from convrag.evaluation.wording_measures import WORDING

    return (*METRICS, *WORDING) if asked is None else SET_METRICS


def validated(asked: AskedSet) -> str:
    """Return what the set holds, after all of its rows were read.

    Raises:
        DatasetError: A row is malformed.
    """
    dataset = asked.dataset
    documents = sum(1 for _ in dataset.documents())
    triples = sum(1 for _ in dataset.triples())
    conversations = turns = 0
    for conversation in dataset.conversations():
        conversations += 1
        turns += len(conversation.turns)
    _check_turns(dataset, turns)
    return (
        f"{documents} documents, {triples} facts, {conversations} conversations and"
        f" {turns} turns are valid"
    )


def _check_turns(dataset: Dataset, turns: int) -> None:
    from convrag.errors import DatasetError

    if not turns:
        raise DatasetError(f"the {dataset.name} set has no question", "name another of its files")


def ablated_parts(text: str, retriever: str | None, endpoint: str | None) -> tuple[str, ...]:
    """Return the parts that ``--ablate`` names.

    Raises:
        UsageError: There is no such part, or no pipeline to take it from.
    """
    from convrag.errors import UsageError

    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        return ()
    from convrag.pipeline.stages import PARTS

    for part in found:
        if part not in PARTS:
            raise UsageError(f"--ablate: unknown part '{part}'", f"known: {', '.join(PARTS)}")
    if retriever or endpoint:
        raise UsageError(
            "--ablate takes parts from the pipeline, which is not asked",
            "leave out --retriever and --endpoint",
        )
    return found


@contextmanager
def set_indexed(asked: AskedSet, opening: Opening) -> Iterator[Opening]:
    """Give an opening that asks the set's own index, or what the given one names.

    Raises:
        ConvragError: The set cannot be read or indexed.
    """
    from convrag.cli.output import note

    if opening.pack or opening.index:
        yield opening
        return
    held = chain(asked.dataset.documents(), asked.dataset.triples())
    if next(iter(held), None) is None:
        note(
            f"the {asked.dataset.name} set comes without its texts: only what needs none, like"
            " rewriting, is measured; --index or --pack names what to ask"
        )
    with tempfile.TemporaryDirectory(prefix="convrag-") as folder:
        index = asked.into or Path(folder) / "index"
        _index(asked.dataset, index, opening.config)
        yield replace(opening, index=index)


def _index(dataset: Dataset, folder: Path, config: Config) -> None:
    from convrag.cli.output import progress_bar
    from convrag.evaluation.datasets.asking import index_dataset
    from convrag.models.registry import load_encoder

    with progress_bar("loading the encoder") as show:
        encoder = load_encoder(config.encoder, config=config)
        index_dataset(dataset, folder, encoder, progress=show)


def set_work(asked: AskedSet, opening: Opening, *, seed: int) -> tuple[Work, RunInfo]:
    """Return what is asked of the set, and what is known of the run before it begins.

    Raises:
        DatasetError: A row is malformed.
    """
    from convrag.evaluation.asking import Work
    from convrag.evaluation.datasets.asking import SetConversation, chosen, counted
    from convrag.evaluation.provenance import describe

    dataset = asked.dataset

    def conversations() -> Iterator[Conversation]:
        return chosen(dataset.conversations(), asked.limit, seed=seed)

    turns, digest = counted(conversations())
    _check_turns(dataset, sum(turns.values()))
    info = replace(
        describe(opening, [], seed=seed), data=digest, dialogues=turns, source=dataset.name
    )
    if asked.own_replies:
        info = replace(info, settings={**info.settings, "replies": "own"})
    items = (SetConversation(dataset.name, c, asked.own_replies) for c in conversations())
    return Work(items, len(turns), (opening.source(),)), info
