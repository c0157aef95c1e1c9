"""The data sets by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from convrag.errors import UsageError
from convrag.evaluation.datasets.graphs import crosswoz, kdconv, qald
from convrag.evaluation.datasets.lines import lines
from convrag.evaluation.datasets.mtrag import mtrag
from convrag.evaluation.datasets.open_domain import natural_questions, trivia
from convrag.evaluation.datasets.reading import coqa, quac, squad
from convrag.evaluation.datasets.rewriting import canard, qrecc, topiocqa
from convrag.evaluation.datasets.trec import cast, ikat
from convrag.evaluation.datasets.values import Conversation, Dataset

LOADERS: Mapping[str, Callable[[Path, str], Dataset]] = {
    "squad": squad,
    "xquad": squad,
    "mlqa": squad,
    "nq": natural_questions,
    "triviaqa": trivia,
    "canard": canard,
    "qrecc": qrecc,
    "cast": cast,
    "ikat": ikat,
    "mtrag": mtrag,
    "coqa": coqa,
    "quac": quac,
    "topiocqa": topiocqa,
    "kdconv": kdconv,
    "crosswoz": crosswoz,
    "qald": qald,
    "jsonl": lines,
}


def load(name: str, path: Path, *, language: str = "") -> Dataset:
    """Return a data set; its rows are read, and checked, when they are asked for.

    Args:
        name: One of :data:`LOADERS`.
        path: The set's file as published, packed with gzip or zip or not; of the sets in SQuAD's
            format also a folder of files.
        language: ISO 639-1 code of the texts, where the set does not say; of QALD, which of its
            languages is asked.

    Raises:
        UsageError: There is no such set or no such file.
    """
    if name not in LOADERS:
        raise UsageError(f"unknown data set '{name}'", f"known: {', '.join(LOADERS)}")
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder", "name a file of the data set")
    if path.is_dir() and LOADERS[name] is not squad:
        raise UsageError(f"{path}: is a folder", f"name a file of the data set '{name}'")
    found = LOADERS[name](path, language)
    return replace(found, name=name, conversations=lambda: _distinct(found.conversations()))


def _distinct(conversations: Iterable[Conversation]) -> Iterator[Conversation]:
    """Yield conversations and turns with ids of their own: some published files use one twice."""
    names, asked = _Names(), _Names()
    for conversation in conversations:
        turns = tuple(replace(turn, id=asked.own(turn.id)) for turn in conversation.turns)
        yield replace(conversation, id=names.own(conversation.id), turns=turns)


class _Names:
    """Gives every name once, a number after it when it is taken."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def own(self, name: str) -> str:
        """Return the name, or another one like it."""
        number = self._taken.get(name, 0) + 1
        self._taken[name] = number
        return name if number == 1 else self.own(f"{name}-{number}")
