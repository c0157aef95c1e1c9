r"""Measure the lexical channel: what it finds in each language, and how fast at scale.

    python -m tests.bench.lexical ../shared/data
    python -m tests.bench.lexical ../shared/data --scale 100000

Without ``--scale``, per language: MRR@10 and nDCG@10 of question -> own paragraph among all
paragraphs of a public development set, for BM25 over ``\w+`` words, BM25 over the analysed terms in
one field, the analysed terms in the four columns of an FTS5 table, and the term index with the
weights of the lexical channel; then its gain in MRR@10 over each with a paired bootstrap interval.
XQuAD is never searched; its question ids are left out where a set contains them.

With ``--scale N``: N passages of sentences drawn from those sets; times in milliseconds and sizes
in megabytes for the term index and for the FTS5 table.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import re
import sqlite3
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.lexical import weighted_terms
from convrag.retrieval.terms import TermIndex, TermRecord, TermState, analysis_id
from convrag.text.analysis import analyze, query_terms
from convrag.text.segment import sentences

SEED, QUESTIONS, DEPTH, RESAMPLES = 13, 1000, 10, 2000
SETS = {
    "ar": "arcd/arcd-train.json.gz",
    "en": "qed/qed-dev.jsonlines.gz",
    "es": "squad_es/dev-v1.1-es_small.json.gz",
    "fr": "piaf/piaf-v1.0.json.gz",
    "he": "heq/val v1.1.json.gz",
    "it": "squad_it/SQuAD_it-test.json.gz",
    "ja": "jaquad/dev",
    "kk": "kazqad/reading-comprehension/kazqad-reading-comprehension-v1.0-kk-validation.jsonl.gz",
    "ko": "korquad/KorQuAD_v1.0_dev.json",
    "pt": "faquad/train.json.gz",
    "th": "iapp_wiki_qa_th/data.zip",
    "zh": "cmrc2018/cmrc2018_trial.json.gz",
    "zh-Hant": "drcd/DRCD_dev.json.gz",
}
"""Sets whose use is train or dev."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxy0123456789")
"""Characters that the tokenizer of the FTS5 table leaves alone."""

Row = tuple[str, str, str]
"""Title, paragraph, question."""


def rows(path: Path, leaked: frozenset[str]) -> Iterator[Row]:
    """Yield the rows of a set in any of its formats, without the questions with ``leaked`` ids."""
    if path.is_dir():
        for file in sorted(path.rglob("*.json*")):
            yield from rows(file, leaked)
        return
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            data = archive.read("data/valid.jsonl")
    else:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if "jsonl" in path.name or path.suffix == ".zip":
        for line in data.decode("utf-8").splitlines():
            row = json.loads(line)
            yield (
                row.get("title") or row.get("title_text") or "",
                row.get("context") or row["paragraph_text"],
                row.get("question") or row["question_text"],
            )
        return
    for article in json.loads(data)["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                if str(question.get("id")) not in leaked:
                    yield article.get("title") or "", paragraph["context"], question["question"]


def held_out(data: Path) -> frozenset[str]:
    """Return the question ids of XQuAD."""
    articles = json.loads((data / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    return frozenset(q["id"] for a in articles for p in a["paragraphs"] for q in p["qas"])


class Task:
    """Paragraphs of one language, and questions with the position of their paragraph."""

    def __init__(self, language: str, found: Sequence[Row]) -> None:
        self.language = language[:2]
        keys = dict.fromkeys((title, text) for title, text, _ in found)
        self.passages = [(title.replace("_", " "), text) for title, text in keys]
        at = {key: position for position, key in enumerate(keys)}
        asked = [(question, at[title, text]) for title, text, question in found]
        self.asked = random.Random(SEED).sample(asked, min(QUESTIONS, len(asked)))


def load(data: Path, language: str) -> Task:
    """Return the task of a language."""
    return Task(language, list(rows(data / SETS[language], held_out(data))))


Search = Callable[[str], Sequence[int]]
"""From a question to positions of passages, best first."""


def bm25(bags: Sequence[Sequence[str]], analyse: Callable[[str], Sequence[str]]) -> Search:
    """Return a search by BM25 as Lucene counts it (k1 1.2, b 0.75) over one bag of terms each."""
    lengths = np.array([len(bag) for bag in bags])
    norms = 1.2 * (0.25 + 0.75 * lengths / max(1.0, lengths.mean()))
    postings: dict[str, list[tuple[int, int]]] = {}
    for position, bag in enumerate(bags):
        for term, times in Counter(bag).items():
            postings.setdefault(term, []).append((position, times))

    def search(question: str) -> list[int]:
        scores = np.zeros(len(bags))
        for term in dict.fromkeys(analyse(question)):
            if term in postings:
                where, times = np.array(postings[term]).T
                idf = math.log(1 + (len(bags) - len(where) + 0.5) / (len(where) + 0.5))
                scores[where] += idf * times / (times + norms[where])
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        return [int(position) for position in best if scores[position] > 0]

    return search


def plain_words(text: str) -> list[str]:
    r"""Return lower-case ``\w+`` words."""
    return re.findall(r"\w+", text.lower())


class FullTextTable:
    """An FTS5 table of analysed terms: columns for words and pieces, of title and text."""

    WEIGHTS = (2.0, 1.0, 0.5, 0.25)

    def __init__(self, path: str = ":memory:") -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS terms USING fts5"
            " (title, body, title_pieces, body_pieces, tokenize = 'ascii')"
        )

    @staticmethod
    def _form(term: str) -> str:
        return "".join(c if c in _PLAIN or c > "\x7f" else f"z{ord(c):02x}" for c in term)

    def add(self, number: int, title: str, text: str, language: str) -> None:
        """Add a passage."""
        columns = []
        for terms in (analyze(title, language), analyze(text, language)):
            for pieces in (False, True):
                kept = (t for t in terms if t.startswith(("t:", "u:")) == pieces)
                columns.append(" ".join(map(self._form, kept)))
        t_words, t_pieces, b_words, b_pieces = columns
        self.connection.execute(
            "INSERT INTO terms (rowid, title, body, title_pieces, body_pieces)"
            " VALUES (?, ?, ?, ?, ?)",
            (number, t_words, b_words, t_pieces, b_pieces),
        )

    def search(self, question: str, language: str) -> list[int]:
        """Return numbers of passages, best first."""
        terms = list(dict.fromkeys(query_terms(question, language)))[:64]
        match = " OR ".join(f'"{self._form(term)}"' for term in terms)
        if not match:
            return []
        found = self.connection.execute(
            "SELECT rowid FROM terms WHERE terms MATCH ?"
            " ORDER BY bm25(terms, ?, ?, ?, ?), rowid LIMIT ?",
            (match, *self.WEIGHTS, DEPTH),
        )
        return [number for (number,) in found]


def term_index(folder: Path, task: Task) -> TermIndex:
    """Return the term index of a task's passages."""
    index = TermIndex.open(folder, writable=True)
    found = (
        TermRecord(number, title, text, task.language, str(number))
        for number, (title, text) in enumerate(task.passages)
    )
    index.rebuild(found, TermState("bench", 1, len(task.passages), analysis_id()))
    return index


def searches(task: Task, folder: Path) -> dict[str, Search]:
    """Return the ways to search, the shipped one last."""
    language = task.language
    table = FullTextTable()
    for number, (title, text) in enumerate(task.passages):
        table.add(number, title, text, language)
    index = term_index(folder, task)

    def shipped(question: str) -> list[int]:
        found = index.search(weighted_terms(index, question, language), k=DEPTH)
        return [number for number, _ in found]

    texts = [f"{title} {text}" for title, text in task.passages]
    return {
        "words": bm25([plain_words(text) for text in texts], plain_words),
        "one field": bm25(
            [analyze(text, language) for text in texts],
            lambda question: query_terms(question, language),
        ),
        "FTS5": lambda question: table.search(question, language),
        "shipped": shipped,
    }


def ranks(search: Search, task: Task) -> np.ndarray:
    """Return the rank of each question's own passage, 0 beyond ``DEPTH``."""
    found = []
    for question, own in task.asked:
        hits = list(search(question))
        found.append(hits.index(own) + 1 if own in hits else 0)
    return np.array(found)


def measures(rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return reciprocal ranks and discounted gains."""
    hit = rank > 0
    safe = np.maximum(rank, 1)
    return np.where(hit, 1 / safe, 0.0), np.where(hit, 1 / np.log2(1 + safe), 0.0)


def interval(difference: np.ndarray) -> tuple[float, float]:
    """Return the 95 % paired bootstrap interval of a mean difference."""
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(difference), (RESAMPLES, len(difference)))
    low, high = np.percentile(difference[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def quality(data: Path, languages: Sequence[str]) -> None:
    """Print one row a language."""
    for language in languages:
        task = load(data, language)
        with tempfile.TemporaryDirectory() as folder:
            found = {
                name: measures(ranks(search, task))
                for name, search in searches(task, Path(folder)).items()
            }
        ours = found["shipped"][0]
        parts = [f"{language:8}{len(task.passages):5}{len(task.asked):5}"]
        for name, (mrr, gain) in found.items():
            parts.append(f"{name} {mrr.mean():.3f}/{gain.mean():.3f}")
            if name != "shipped":
                low, high = interval(ours - mrr)
                parts[-1] += f" [{low:+.3f},{high:+.3f}]"
        print("  ".join(parts), flush=True)


def invented(data: Path, count: int) -> Iterator[TermRecord]:
    """Yield passages of three sentences drawn from all sets; every fourth begins a document."""
    rng = random.Random(SEED)
    pools: list[tuple[str, list[str], list[str]]] = []
    for language in SETS:
        task = load(data, language)
        drawn = [text[a:b] for _, text in task.passages for a, b in sentences(text, task.language)]
        pools.append((task.language, drawn, [title for title, _ in task.passages]))
    for number in range(1, count + 1):
        language, drawn, titles = pools[rng.randrange(len(pools))]
        yield TermRecord(
            number,
            rng.choice(titles),
            " ".join(rng.choices(drawn, k=3)),
            language,
            f"document-{number // 4:07}",
            (f"tag{number % 10}",),
            f"{2000 + number % 25}-{1 + number % 12:02}-{1 + number % 28:02}",
        )


def spread(label: str, seconds: Sequence[float]) -> None:
    """Print the median and the 95th percentile in milliseconds."""
    middle, high = np.percentile(seconds, [50, 95]) * 1e3
    print(f"{label:44} p50 {middle:9.2f} ms  p95 {high:9.2f} ms", flush=True)


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that ``action`` took."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def scale(data: Path, count: int, folder: Path, *, with_table: bool) -> None:
    """Print times and sizes with ``count`` passages."""
    asked = [
        (question, task.language)
        for task in (load(data, language) for language in SETS)
        for question, _ in task.asked[:10]
    ]
    index = TermIndex.open(folder / "terms", writable=True)
    first = TermState("bench", 1, count, analysis_id())
    seconds = timed(lambda: index.rebuild(invented(data, count), first))
    index.close()
    print(f"{count} passages built in {seconds:.0f} s")
    seconds = timed(lambda: TermIndex.open(folder / "terms", writable=False).close())
    print(f"opened in {seconds * 1e3:.0f} ms")
    index = TermIndex.open(folder / "terms", writable=True)
    size = sum(file.stat().st_size for file in (folder / "terms").iterdir()) / 1e6
    print(f"term index {size:.0f} MB")
    wanted = [weighted_terms(index, *one) for one in asked]
    spread("terms of a question", [timed(lambda o=o: weighted_terms(index, *o)) for o in asked])
    every = np.arange(count)
    limits: dict[str, dict] = {
        "no filter": {},
        "language": {"languages": ("en",)},
        "tag": {"tags": ("tag3",)},
        "dates, 4 %": {"after": "2005-01-01", "before": "2005-12-31"},
        "10 documents": {"documents": {f"document-{n:07}" for n in range(10)}},
        "2,000 passages": {"numbers": Bitmap.of(every[:2000])},
        "5 % of the passages": {"numbers": Bitmap.of(every[: count // 20])},
        "90 % of the passages": {"numbers": Bitmap.of(every[count // 10 :])},
    }
    for name, limit in limits.items():
        times = [timed(lambda w=w, f=limit: index.search(w, k=30, **f)) for w in wanted]
        spread(f"search, {name}", times)
    added = [TermRecord(count + n, *r[1:]) for n, r in enumerate(invented(data, 1000), 1)]
    seconds = timed(lambda: index.apply(added, [], TermState("bench", 2, count, "")))
    print(f"added 1,000 passages in {seconds * 1e3:.0f} ms")
    removals = [
        timed(lambda n=n: index.apply([], range(n, n + 4), TermState("bench", n, count, "")))
        for n in range(4, 84, 4)
    ]
    spread("delete of a document of 4 passages", removals)
    spread("search after that", [timed(lambda w=w: index.search(w, k=30)) for w in wanted])
    index.close()
    if with_table:
        scale_table(data, count, folder / "table.sqlite", asked)


def scale_table(data: Path, count: int, path: Path, asked: Sequence[tuple[str, str]]) -> None:
    """Print times and size of an FTS5 table with the same passages."""
    table = FullTextTable(str(path))

    def add(passages: Iterator[TermRecord], after: int) -> None:
        with table.connection:
            for one in passages:
                table.add(one.number + after, one.title, one.text, one.language)

    print(f"FTS5 built in {timed(lambda: add(invented(data, count), 0)):.0f} s")
    table.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"FTS5 table {path.stat().st_size / 1e6:.0f} MB")
    spread("FTS5 search", [timed(lambda o=o: table.search(*o)) for o in asked])
    seconds = timed(lambda: add(invented(data, 1000), count))
    print(f"FTS5 added 1,000 passages in {seconds * 1e3:.0f} ms")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--scale", type=int, default=0, help="how many invented passages")
    parser.add_argument("--no-table", action="store_true", help="leave the FTS5 table out")
    parser.add_argument("--folder", type=Path, help="where to make temporary files")
    parser.add_argument("--languages", nargs="*", default=sorted(SETS))
    given = parser.parse_args()
    if not given.scale:
        quality(given.data, given.languages)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        scale(given.data, given.scale, Path(folder), with_table=not given.no_table)


if __name__ == "__main__":
    main()
