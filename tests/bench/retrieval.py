r"""Measure retrieval on XQuAD and XQuAD-R, which are held out: for reports, not for choosing.

    python -m tests.bench.retrieval ../shared/data/xquad [--cache DIR] [--questions N]
    python -m tests.bench.retrieval ../shared/data/xquad --cross
    python -m tests.bench.retrieval ../shared/data/xquad --xquad-r ../shared/data/xquad_r
    python -m tests.bench.retrieval ../shared/data/xquad --latency

Question -> own paragraph among the 240 of a language, without titles. Per language and method:
recall at 1 and 5, MRR@10 and nDCG@10; then the default's gain in MRR@10 over the better single
channel with a 95 % interval of a paired bootstrap (seed 0). Methods: BM25 over ``\w+`` words, BM25
over analysed terms, cosines of the encoder's vectors (base) and of projected ones, equal reciprocal
ranks of terms and projected vectors, and the default: the retriever that ships, with no graph.

``--cross``: MRR@10 of every pair of two languages, for base, projected and default.
``--xquad-r``: mean average precision over the sentences of all languages in one pool, where a
question has an answer in each language: Roy et al., "LAReQA: Language-Agnostic Answer Retrieval
from a Multilingual Pool", EMNLP 2020. "mono" counts the sentences of the question's language alone.
``--latency``: milliseconds by stage; on a quiet machine.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import Document, Passage, Query
from tests.bench.fusion import ordered, reciprocal_ranks
from tests.bench.lexical import bm25, plain_words
from tests.bench.relevance import retriever
from tests.bench.squad import SEED, KeptVectors, indexed

LANGUAGES = ("ar", "de", "en", "es", "hi", "ru", "th", "vi", "zh")
DEPTH, RESAMPLES, POOLED = 50, 2000, 100
METHODS = ("words", "terms", "base", "projected", "rrf", "default")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the number of its paragraph; ``id`` is the same in all languages."""

    id: str
    text: str
    own: str


def load(folder: Path, language: str) -> tuple[list[Document], list[Asked]]:
    """Return the paragraphs of a language as documents, and the questions."""
    data = json.loads((folder / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    paragraphs = [p for article in data for p in article["paragraphs"]]
    documents = [
        Document(str(i), p["context"], "", language, str(i), str(i))
        for i, p in enumerate(paragraphs)
    ]
    asked = [
        Asked(q["id"], q["question"], str(i)) for i, p in enumerate(paragraphs) for q in p["qas"]
    ]
    return documents, asked


# --- measures -------------------------------------------------------------------------------------


def rank_of(ranking: Sequence[str], own: str) -> int:
    """Return the rank, from 1, of the own document among the documents of passages; 0 for none."""
    documents = list(dict.fromkeys(i.split("#")[0] for i in ranking))
    return documents.index(own) + 1 if own in documents else 0


def scores_of(rank: int) -> tuple[float, float, float, float]:
    """Return recall at 1 and 5, reciprocal rank and nDCG at 10 of one relevant document."""
    inside = 1 <= rank <= 10
    return (
        float(rank == 1),
        float(1 <= rank <= 5),
        1 / rank if inside else 0.0,
        1 / math.log2(1 + rank) if inside else 0.0,
    )


def average_precision(relevant: Sequence[bool], total: int) -> float:
    """Return the mean of the precisions at the relevant places; missing ones count 0."""
    hits, precision = 0, 0.0
    for place, good in enumerate(relevant, start=1):
        if good:
            hits += 1
            precision += hits / place
    return precision / total if total else 0.0


def interval(gains: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean of paired differences."""
    rng = np.random.default_rng(0)
    means = [gains[rng.integers(len(gains), size=len(gains))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


# --- methods --------------------------------------------------------------------------------------


Method = Callable[[str, str], Sequence[str]]
"""From a question and its language to ids of passages, best first."""


def methods(index: Index, documents: Sequence[Document], encoder: Encoder) -> dict[str, Method]:
    """Return the methods by name."""
    dense, lexical, hybrid = DenseChannel(index), LexicalChannel(index), retriever(index, encoder)
    ids = index.passage_ids()
    own = index.vectors_of(ids)
    words = bm25([plain_words(d.text) for d in documents], plain_words)

    def base(text: str, _: str) -> Sequence[str]:
        cosines = own @ encoder.encode([text], "query")[0]
        return [ids[i] for i in np.argsort(-cosines, kind="stable")[:DEPTH]]

    def projected(text: str, _: str) -> dict[str, float]:
        return dict(dense.search(encoder.encode([text], "query"), k=DEPTH)[0])

    def terms(text: str, language: str) -> dict[str, float]:
        return dict(lexical.search(text, language=language, k=DEPTH))

    def default(text: str, language: str) -> Sequence[str]:
        found = hybrid.retrieve(Query(text, text, language), k=20)
        return [e.id for e in found if isinstance(e.item, Passage)]

    return {
        "words": lambda text, _: [documents[i].id for i in words(text)],
        "terms": lambda text, language: ordered(terms(text, language)),
        "base": base,
        "projected": lambda text, language: ordered(projected(text, language)),
        "rrf": lambda text, language: reciprocal_ranks(
            [terms(text, language), projected(text, language)]
        ),
        "default": default,
    }


def some(asked: Sequence[Asked], count: int) -> list[Asked]:
    """Return at most ``count`` questions, the same in all languages."""
    chosen = sorted(a.id for a in asked)
    kept = set(random.Random(SEED).sample(chosen, min(count, len(chosen))))
    return [a for a in asked if a.id in kept]


# --- reports --------------------------------------------------------------------------------------


def monolingual(folder: Path, encoder: Encoder, count: int) -> None:
    """Print all measures by language and method, and the default's gain."""
    pooled: dict[str, list[tuple[float, ...]]] = {}
    print("     method     R@1   R@5   MRR@10  nDCG@10")
    for language in LANGUAGES:
        documents, asked = load(folder, language)
        found: dict[str, list[tuple[float, ...]]] = {}
        with indexed(documents, encoder) as index:
            ways = methods(index, documents, encoder)
            for question in some(asked, count):
                for name, way in ways.items():
                    rank = rank_of(way(question.text, language), question.own)
                    found.setdefault(name, []).append(scores_of(rank))
        _print(language, found)
        for name, rows in found.items():
            pooled.setdefault(name, []).extend(rows)
    _print("all", pooled)


def _print(label: str, found: Mapping[str, Sequence[tuple[float, ...]]]) -> None:
    table = {name: np.array(rows) for name, rows in found.items()}
    for name, rows in table.items():
        r1, r5, mrr, ndcg = rows.mean(axis=0)
        print(f"{label:4} {name:9} {r1:.3f} {r5:.3f} {mrr:.3f}   {ndcg:.3f}")
    best = max(("terms", "base", "projected"), key=lambda name: float(table[name][:, 2].mean()))
    gains = table["default"][:, 2] - table[best][:, 2]
    low, high = interval(gains)
    print(f"{label:4} default - {best}: {gains.mean():+.3f} [{low:+.3f}, {high:+.3f}]", flush=True)


def cross(folder: Path, encoder: Encoder, count: int) -> None:
    """Print MRR@10 by question language (rows) and passage language (columns)."""
    shown = ("base", "projected", "default")
    values: dict[str, dict[tuple[str, str], float]] = {name: {} for name in shown}
    questions = {lang: some(load(folder, lang)[1], count) for lang in LANGUAGES}
    for told in LANGUAGES:
        documents, _ = load(folder, told)
        with indexed(documents, encoder) as index:
            ways = methods(index, documents, encoder)
            for language, asked in questions.items():
                for name in shown if language != told else ():
                    ranks = [rank_of(ways[name](a.text, language), a.own) for a in asked]
                    values[name][language, told] = float(
                        np.mean([scores_of(rank)[2] for rank in ranks])
                    )
        print(f"{told} done", flush=True)
    for name, pairs in values.items():
        print(f"{name}: mean {np.mean(list(pairs.values())):.3f}")
        print("    ", *(f"{told:>5}" for told in LANGUAGES))
        for language in LANGUAGES:
            row = (pairs.get((language, told), math.nan) for told in LANGUAGES)
            print(f"{language:4}", *(f"{v:5.3f}" for v in row), flush=True)


def sentences_of(folder: Path, language: str) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    """Yield paragraph number, sentence number, sentence, and the ids of questions it answers."""
    data = json.loads(gzip.decompress((folder / f"{language}.json.gz").read_bytes()))["data"]
    paragraphs = [p for article in data for p in article["paragraphs"]]
    for number, paragraph in enumerate(paragraphs):
        pairs = zip(paragraph["sentence_breaks"], paragraph["sentences"], strict=True)
        for place, ((start, end), text) in enumerate(pairs):
            answered = frozenset(
                q["id"]
                for q in paragraph["qas"]
                if any(start <= a["answer_start"] <= end for a in q["answers"])
            )
            yield str(number), str(place), text, answered


def pooled_sentences(folder: Path, xquad: Path, encoder: Encoder, count: int) -> None:
    """Print mean average precision, by question language, over the sentences of all languages."""
    documents, answers = [], dict[str, frozenset[str]]()
    for language in LANGUAGES:
        for number, place, text, answered in sentences_of(folder, language):
            name = f"{language}-{number}-{place}"
            if text.strip():
                documents.append(Document(name, text, "", language, name, name))
                answers[name] = answered
    totals: dict[str, list[float]] = {}
    with indexed(documents, encoder) as index:
        ids = index.passage_ids()
        vectors = index.vectors_of(ids)
        view, hybrid = index.vectors(), retriever(index, encoder)
        projected = view.projected(vectors)
        for language in LANGUAGES:
            row: dict[str, list[float]] = {}
            for asked in some(load(xquad, language)[1], count):
                vector = encoder.encode([asked.text], "query")
                rankings: dict[str, Sequence[str]] = {
                    "base": [ids[i] for i in np.argsort(-(vectors @ vector[0]), kind="stable")],
                    "projected": [
                        ids[i]
                        for i in np.argsort(-(projected @ view.projected(vector)[0]), kind="stable")
                    ],
                    "default": [
                        e.id
                        for e in hybrid.retrieve(Query(asked.text, asked.text, language), k=POOLED)
                    ],
                }
                for name, ranking in rankings.items():
                    names = list(dict.fromkeys(i.split("#")[0] for i in ranking))
                    for kind, kept in (
                        ("", names),
                        (" mono", [n for n in names if n.startswith(language)]),
                    ):
                        total = sum(
                            asked.id in found
                            for n, found in answers.items()
                            if not kind or n.startswith(language)
                        )
                        precision = average_precision([asked.id in answers[n] for n in kept], total)
                        row.setdefault(name + kind, []).append(precision)
            for name, found in row.items():
                totals.setdefault(name, []).append(float(np.mean(found)))
            print(language, *(f"{n} {np.mean(v):.3f}" for n, v in row.items()), flush=True)
    print("mean", *(f"{n} {np.mean(v):.3f}" for n, v in totals.items()))


def latency(folder: Path, encoder: Encoder, count: int) -> None:
    """Print the median and the 95th percentile of each stage, in milliseconds."""
    times: dict[str, list[float]] = {}
    with ExitStack() as stack:
        documents = [
            Document(f"{lang}-{d.id}", d.text, "", lang, d.id, d.id)
            for lang in LANGUAGES
            for d in load(folder, lang)[0]
        ]
        index = stack.enter_context(indexed(documents, encoder))
        dense, lexical, hybrid = (
            DenseChannel(index),
            LexicalChannel(index),
            retriever(index, encoder),
        )
        for language in LANGUAGES:
            for asked in some(load(folder, language)[1], count):
                query = Query(asked.text, asked.text, language)
                vectors = encoder.encode([asked.text], "query")
                stages: dict[str, Callable[[], object]] = {
                    "dense": lambda v=vectors: dense.search(v, k=DEPTH),  # type: ignore[misc]
                    "terms": lambda q=query: lexical.search(q.text, language=q.language, k=DEPTH),  # type: ignore[misc]
                    "all but encoding": lambda q=query: hybrid.retrieve(q, k=8),  # type: ignore[misc]
                }
                for name, stage in stages.items():
                    began = time.perf_counter()
                    stage()
                    times.setdefault(name, []).append(1000 * (time.perf_counter() - began))
        print(f"{index.passage_count} passages")
    for name, found in times.items():
        print(f"{name:17} median {np.median(found):.1f} p95 {np.quantile(found, 0.95):.1f} ms")


def main() -> None:
    """Print the reports asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("xquad", type=Path)
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    parser.add_argument("--questions", type=int, default=1190, help="of each language")
    parser.add_argument("--cross", action="store_true")
    parser.add_argument("--xquad-r", type=Path)
    parser.add_argument("--latency", action="store_true")
    arguments = parser.parse_args()
    loaded = load_encoder("embedded:e5-small", config=load_config())
    encoder = KeptVectors(loaded, arguments.cache)
    if arguments.latency:
        latency(arguments.xquad, encoder, min(arguments.questions, 50))
    elif arguments.cross:
        cross(arguments.xquad, encoder, arguments.questions)
    elif arguments.xquad_r:
        pooled_sentences(arguments.xquad_r, arguments.xquad, encoder, arguments.questions)
    else:
        monolingual(arguments.xquad, encoder, arguments.questions)


if __name__ == "__main__":
    main()
