"""All examples that a rewriter is trained and measured on, from a folder of public sets."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from convrag.errors import UsageError
from convrag.training.contrasts import contrasts
from convrag.training.examples import SPLITS, Example
from convrag.training.follow_ups import FollowUps
from convrag.training.reading import read_articles, reading_follow_ups
from convrag.training.sources import CORPORA, READING
from convrag.training.things import Thing, bare, country_things, graph_things
from convrag.training.wording import languages as worded

_FEW = 60
"""With fewer names of a kind than this a language borrows English ones, as its speakers do."""
_READING, _FOLLOW_UPS = 220, 640
"""Examples of a reading-comprehension set, and of training a language that are built."""
_HELD = {"train": 1.0, "dev": 0.12, "test": 0.25}
"""How many examples a split gets for one of training, where they can be built at will."""


def corpora(
    root: Path, seed: int, *, names: Iterable[str] = (), share: float = 1.0
) -> list[Example]:
    """Return the examples of the dialogue corpora and of the reading-comprehension sets.

    Args:
        root: The folder of the sets, each under its upstream name.
        seed: Makes every choice.
        names: Only these sets; all where none is named.
        share: Of each set's usual number.

    Raises:
        UsageError: A set is unknown.
        DialogueError: A set is missing or damaged.
    """
    chosen = list(names) or [*CORPORA, *READING]
    found: list[Example] = []
    for name in chosen:
        rng = random.Random(f"{seed} {name}")  # noqa: S311 - reproducible, not secret
        if name in CORPORA:
            reader, most = CORPORA[name]
            examples = list(reader(root, rng))
            rng.shuffle(examples)
            found += examples[: max(1, int(most * share))]
        elif name in READING:
            language, place = READING[name]
            count = max(1, int(_READING * share))
            found += reading_follow_ups(root / place, language, count, rng, name=name)
        else:
            known = ", ".join([*CORPORA, *READING])
            raise UsageError(f"no such set: '{name}'", f"known: {known}")
    return found


def read_sets(places: Iterable[tuple[str, Path]], count: int, seed: int) -> list[Example]:
    """Return follow-ups from reading-comprehension sets, at most ``count`` of each.

    Args:
        places: Language and path of each set.
        count: Examples of all splits together.
        seed: Makes every choice.

    Raises:
        UsageError: There are no words of a language.
        DialogueError: A set is missing or damaged.
    """
    found: list[Example] = []
    for language, path in places:
        rng = random.Random(f"{seed} {path.name}")  # noqa: S311
        found += reading_follow_ups(path, language, count, rng, name=path.name)
    return found


def built(
    things: Sequence[Thing],
    languages: Sequence[str],
    count: int,
    seed: int,
    *,
    splits: Sequence[str] = SPLITS,
    progress: Callable[[str], None] = lambda language: None,
) -> list[Example]:
    """Return follow-ups about ``things``, ``count`` of training a language and fewer to measure.

    Raises:
        UsageError: There are no words of a language.
    """
    found: list[Example] = []
    for language in languages:
        progress(language)
        named = [thing for thing in things if language in thing.names]
        counts = Counter(thing.kind for thing in named)
        named += [
            Thing(thing.kind, {language: thing.names["en"]})
            for thing in things
            if counts[thing.kind] < _FEW and "en" in thing.names and language not in thing.names
        ]
        for split in splits:
            rng = random.Random(f"{seed} {language} {split}")  # noqa: S311
            found += FollowUps(named, language, split, rng).build(int(count * _HELD[split]))
    return found


def titles(root: Path) -> list[Thing]:
    """Return the subjects of the reading-comprehension sets' articles as things.

    Raises:
        DialogueError: A set is missing or damaged.
    """
    return [
        Thing("any", {language: bare(title)})
        for language, place in READING.values()
        for title, _ in read_articles(root / place)
        if 1 < len(bare(title)) <= 30
    ]


def standard_corpus(root: Path, graphs: Sequence[Path], seed: int, share: float) -> list[Example]:
    """Return everything the shipped rewriter is trained and measured on.

    Args:
        root: The folder of the sets.
        graphs: Graph files whose entities are asked about.
        seed: Makes every choice.
        share: Of the usual number of examples; 1 is what the shipped weights had.

    Raises:
        DialogueError: A set is missing or damaged.
        GraphError: A graph is missing or not valid.
    """
    things = [thing for graph in graphs for thing in graph_things(graph)]
    things += country_things(root / "rdf" / "countries" / "countries.json")
    things += titles(root)
    found = corpora(root, seed, share=share)
    found += built(things, worded(), int(_FOLLOW_UPS * share), seed)
    rng = random.Random(seed)  # noqa: S311
    rng.shuffle(found)
    return [*found, *contrasts(found, random.Random(seed))]  # noqa: S311
