"""The data sets by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from convrag.errors import UsageError
from convrag.evaluation.datasets.graphs import crosswoz, kdconv, qald
from convrag.evaluation.datasets.lines import lines
from convrag.evaluation.datasets.mtrag import mtrag
from convrag.evaluation.datasets.open_domain import natural_questions, trivia
from convrag.evaluation.datasets.reading import coqa, quac, squad
from convrag.evaluation.datasets.rewriting import canard, qrecc, topiocqa
from convrag.evaluation.datasets.trec import cast, ikat
from convrag.evaluation.datasets.values import Dataset

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
    return LOADERS[name](path, language)
