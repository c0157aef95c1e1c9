"""Measure questions that only two documents together answer, over the World Factbook as text.

    python -m tests.bench.joins ../shared/data [--cache FOLDER] [--part dev] [--answers]
    python -m tests.bench.joins ... --from-text         the graph built from the documents' text

"What is the capital of the country that is the largest export partner of Chad?": one document says
which country that is, the other what its capital is. Questions are made from templates
(``joins.toml``) in seven languages; all documents are English. Countries are split by their codes
into those for development and those for the test. Beside them are questions that one document
answers, on which nothing may be lost.

The graph that links passages has the names of the countries and no facts, unless ``--from-text``.
Recall is over passages: "both" counts a question when the list has the line that leads on and the
line that answers, "second" the latter alone. An answer is right when it has the value in it.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.events import Failed, Finished
from convrag.indexing import build_index
from convrag.models.registry import load_encoder
from convrag.pipeline import Pipeline
from convrag.protocols import Encoder
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import Answer, Dialogue, Passage, Role, Turn
from tests.bench.factbook import Factbook
from tests.bench.join_questions import Question, questions
from tests.bench.squad import KeptVectors

EACH, DEPTH, SEED, RESAMPLED = 30, 10, 17, 10_000
MEASURES = ("both@5", "both@10", "second@5", "second@10")
Ranking = Sequence[str]


@dataclass(frozen=True, slots=True)
class Places:
    """Which passages have the lines that answer."""

    passages: Mapping[str, tuple[Passage, ...]]
    """Of each country's document, by its code."""

    @classmethod
    def of(cls, index: Index) -> Places:
        """Return the places of the lines in an index of the Factbook."""
        found = {Path(d.source).stem: index.passages_of(d.id) for d in index.documents()}
        return cls(found)

    def gold(self, question: Question) -> list[set[str]]:
        """Return for each of the question's lines the passages that have it."""
        return [
            {p.id for p in self.passages[code] if line in p.text} for code, line in question.lines
        ]

    def hits(self, question: Question, ranking: Ranking) -> list[bool]:
        """Return the measures of a ranking, in their order; a single line counts as both."""
        gold = self.gold(question)
        found = [[bool(ids.intersection(ranking[:k])) for ids in gold] for k in (5, 10)]
        return [all(found[0]), all(found[1]), found[0][-1], found[1][-1]]


def single_channels(index: Index, encoder: Encoder) -> dict[str, Callable[[Question], Ranking]]:
    """Return the rankings by vectors alone and by words alone."""
    dense, lexical = DenseChannel(index), LexicalChannel(index)

    def by_vectors(question: Question) -> Ranking:
        asked = encoder.encode([question.text], "query")
        return [i for i, _ in dense.search(asked, k=DEPTH)[0]]

    def by_words(question: Question) -> Ranking:
        search = lexical.search if question.language == "en" else lexical.search_across
        return [i for i, _ in search(question.text, language=question.language, k=DEPTH)]

    return {"dense": by_vectors, "bm25": by_words}


def ranking_of(pipeline: Pipeline, question: Question) -> Ranking:
    """Return the passages that the pipeline finds, best first."""
    turn, dialogue = Turn("q", Role.USER, question.text, question.language), Dialogue("d")
    query = pipeline.rewrite(turn, dialogue)
    found = pipeline.retrieve(replace(query, links=pipeline.link(query, dialogue)))
    return [e.id for e in found if isinstance(e.item, Passage)]


def is_right(question: Question, answer: Answer) -> bool:
    """Return whether the answer has the value asked for."""
    return question.gold.casefold() in answer.text.casefold()


def answered(pipeline: Pipeline, question: Question) -> Answer:
    """Return the pipeline's answer to the question alone."""
    turn = Turn("q", Role.USER, question.text, question.language)
    for event in pipeline.respond(Dialogue("d"), turn):
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, Finished):
            return event.answer
    raise RuntimeError("the pipeline ended without an answer")


def interval(more: np.ndarray, less: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the mean difference by a paired bootstrap."""
    rng = np.random.default_rng(SEED)
    chosen = rng.integers(0, len(more), (RESAMPLED, len(more)))
    means = (more - less)[chosen].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def report(asked: Sequence[Question], found: Mapping[str, list[list[float]]], *, base: str) -> None:
    """Print the measures of joins in English, in other languages, and of single documents."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(asked):
        kind = "joins" if question.bridge else "single"
        groups[f"{kind} {'en' if question.language == 'en' else 'others'}"].append(place)
        if question.bridge and question.language == "en":
            groups[f"joins en {question.bridge}"].append(place)
        elif question.bridge:
            groups[f"joins {question.language}"].append(place)
    for name, places in groups.items():
        print(f"{name}, {len(places)} questions".ljust(32), *(f"{m:>9}" for m in MEASURES))
        for method, rows in found.items():
            values = np.array([rows[i] for i in places], dtype=float)
            print(f"  {method:30}", *(f"{v:9.3f}" for v in values.mean(axis=0)))
        more, less = (np.array([found[m][i] for i in places], float) for m in ("walk", base))
        for column in (0, 1):
            low, high = interval(more[:, column], less[:, column])
            print(f"    walk - {base}, {MEASURES[column]}: 95 % {low:+.3f} to {high:+.3f}")


def main() -> None:
    """Build the index, ask, and print the measures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    parser.add_argument("--part", choices=("dev", "test"), default="test")
    parser.add_argument("--each", type=int, default=EACH, help="joins of each other language")
    parser.add_argument("--most", type=int, help="questions, a sample of all")
    parser.add_argument("--answers", action="store_true", help="let the pipeline answer, too")
    parser.add_argument("--from-text", action="store_true", help="a graph built from the texts")
    options = parser.parse_args()
    book = Factbook(options.data)
    asked = [q for q in questions(book, each=options.each) if q.part == options.part]
    if options.most:
        asked = random.Random(SEED).sample(asked, min(options.most, len(asked)))
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), options.cache)
    with tempfile.TemporaryDirectory() as folder:
        sources, into = Path(folder, "sources"), Path(folder, "index")
        sources.mkdir()
        book.write(sources)
        if not options.from_text:
            book.write_names(sources / "names.ttl")
        build_index([sources], into, encoder, languages=["en"], graph_from_text=options.from_text)
        measure(into, encoder, asked, answers=options.answers)


def measure(into: Path, encoder: Encoder, asked: Sequence[Question], *, answers: bool) -> None:
    """Print the measures of every method, and the time that the pipeline's search takes."""
    with Index.open(into) as index:
        places = Places.of(index)
        found: dict[str, list[list[float]]] = {}
        for name, method in single_channels(index, encoder).items():
            found[name] = [places.hits(q, method(q)) for q in asked]
    right: dict[str, np.ndarray] = {}
    for name, without in (("no walk", ("walk",)), ("walk", ())):
        pipeline = Pipeline(Index.open(into), encoder, name="joins", k=DEPTH, without=without)
        began = time.perf_counter()
        found[name] = [places.hits(q, ranking_of(pipeline, q)) for q in asked]
        print(f"{name}: {1000 * (time.perf_counter() - began) / len(asked):.0f} ms a question")
        if answers:
            right[name] = np.array([is_right(q, answered(pipeline, q)) for q in asked], float)
        pipeline.close()
    report(asked, found, base="no walk")
    for kind in ("joins", "single") if answers else ():
        places_of = [i for i, q in enumerate(asked) if bool(q.bridge) == (kind == "joins")]
        less, more = (right[name][places_of] for name in ("no walk", "walk"))
        low, high = interval(more, less)
        print(
            f"{kind} answered: {less.mean():.3f} without, {more.mean():.3f} with the walk,", end=""
        )
        print(f" difference 95 % {low:+.3f} to {high:+.3f}")


if __name__ == "__main__":
    main()
