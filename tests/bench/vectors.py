"""Measure an index of many passages: building, searching, adding, deleting, memory and recall.

    python -m tests.bench.vectors ../shared/data --count 1000000 --seed 0

The vectors are made around real ones, so that no million texts must be encoded: passages and
questions of development sets (XQuAD is never read) are encoded once and kept in ``--cache``. A made
vector is the mean of the real ones, plus a real passage's difference from it shrunk to
``sqrt(1 - a * a)``, plus ``a`` times normal noise with the covariance of those differences. ``a``
is chosen so that as many made vectors as there are real ones have the same mean cosine with their
nearest neighbour; the other statistics are printed beside it. Questions are real. On a machine that
others use too, look at the processor time.

Everything else is the product: the vectors go through :meth:`Index.update` into a real index whose
encoder's id is the real one, so a projection that belongs to it is applied.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder, Vectors
from convrag.retrieval import records, updating
from convrag.retrieval.bitmap import Numbers
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.projection import load_projection
from convrag.types import Document, Filter
from tests.bench.crosslingual import Side, families

FAMILIES = {f"dev-{name}" for name in ("squad", "codex", "arcd", "cmrc", "iapp", "jaquad")}
QUESTIONS, K, BLOCK, ADDED = 300, 10, 4096, 1000
PER_DOCUMENT = 5
RARE, COMMON = "cy", "en"


def real_vectors(data: Path, cache: Path) -> tuple[Encoder, Vectors, Vectors]:
    """Return the encoder with float32 (N, D) of passages and (Q, D) of questions."""
    encoder = load_encoder("embedded:e5-small", config=load_config(), runtime="torch")
    cache.mkdir(parents=True, exist_ok=True)
    chosen = [family for family in families(data, "dev") if family.name in FAMILIES]
    passages = [kept(cache, encoder, side) for family in chosen for side in family.passages]
    questions = [kept(cache, encoder, side) for family in chosen for side in family.questions]
    return encoder, np.concatenate(passages), np.concatenate(questions)


def kept(cache: Path, encoder: Encoder, side: Side) -> Vectors:
    """Return the vectors of a side's texts, from ``cache`` if they are there."""
    head = {"encoder": encoder.id, "kind": side.kind, "texts": list(side.texts)}
    array, record = cache / f"{side.name}.npy", cache / f"{side.name}.json"
    if record.exists() and json.loads(record.read_text(encoding="utf-8")) == head:
        return np.load(array)
    vectors = encoder.encode(side.texts, side.kind)
    np.save(array, vectors)
    record.write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
    return vectors


class Maker:
    """Makes vector ``i``, the same every time, from the real ones."""

    def __init__(self, real: Vectors, noise: float, seed: int) -> None:
        self._mean = real.mean(axis=0)
        self._differences = real - self._mean
        values, axes = np.linalg.eigh(np.cov(self._differences.T))
        self._scaled = (axes * np.sqrt(np.clip(values, 0, None))).T.astype(np.float32)
        self._noise, self._seed = np.float32(noise), seed
        self._blocks: dict[int, Vectors] = {}

    def block(self, number: int) -> Vectors:
        """Return vectors ``number * BLOCK`` to the next block: float32 (BLOCK, D), unit norm."""
        if number not in self._blocks:
            while len(self._blocks) > 4:
                self._blocks.pop(next(iter(self._blocks)))
            random = np.random.default_rng([self._seed, number])
            near = self._differences[random.integers(0, len(self._differences), BLOCK)]
            noise = random.standard_normal(near.shape, dtype=np.float32) @ self._scaled
            made = self._mean + np.sqrt(1 - self._noise**2) * near + self._noise * noise
            made /= np.linalg.norm(made, axis=1, keepdims=True)
            self._blocks[number] = made.astype(np.float32)
        return self._blocks[number]

    def vectors(self, numbers: Sequence[int]) -> Vectors:
        """Return float32 (N, D), unit norm."""
        return np.stack([self.block(n // BLOCK)[n % BLOCK] for n in numbers])


def likeness(vectors: Vectors, questions: Vectors) -> dict[str, float]:
    """Return mean cosines: with the 1st and 10th neighbour, among all, and of questions."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    near = -np.sort(-cosines, axis=1)[:, :10]
    asked = -np.sort(-(questions[:QUESTIONS] @ vectors.T), axis=1)[:, :10]
    others = cosines[~np.eye(len(vectors), dtype=bool)]
    return {
        "neighbour 1": float(near[:, 0].mean()),
        "neighbour 10": float(near[:, 9].mean()),
        "any two": float(others.mean()),
        "any two, deviation": float(others.std()),
        "question 1": float(asked[:, 0].mean()),
        "question 10": float(asked[:, 9].mean()),
    }


def fitted(real: Vectors, questions: Vectors, seed: int) -> Maker:
    """Return the maker whose neighbours are as alike as the real ones, and show how alike."""
    sample = real[np.random.default_rng(seed).permutation(len(real))[:BLOCK]]
    target = likeness(sample, questions)
    low, high = 0.2, 0.95
    for _ in range(6):
        noise = (low + high) / 2
        found = likeness(Maker(real, noise, seed).block(0)[: len(sample)], questions)
        low, high = (low, noise) if found["neighbour 1"] < target["neighbour 1"] else (noise, high)
    maker = Maker(real, (low + high) / 2, seed)
    found = likeness(maker.block(0)[: len(sample)], questions)
    print(f"real passages {len(real)}, noise {(low + high) / 2:.3f}; mean cosines, real and made:")
    for name, value in target.items():
        print(f"  {name:20} {value:.3f}  {found[name]:.3f}")
    return maker


class MadeEncoder:
    """Gives the made vector whose number a text ends with."""

    def __init__(self, encoder_id: str, dimension: int, maker: Maker) -> None:
        self.id, self.dimension, self._maker = encoder_id, dimension, maker
        self.seconds = 0.0

    def encode(self, texts: Sequence[str], kind: str = "query") -> Vectors:
        """Return float32 (N, D)."""
        start = time.perf_counter()
        vectors = self._maker.vectors([int(text.rsplit(" ", 1)[1]) for text in texts])
        self.seconds += time.perf_counter() - start
        return vectors


def documents(first: int, last: int, prefix: str = "d") -> Iterator[Document]:
    """Yield documents whose passages are numbered from ``first`` to ``last``."""
    for start in range(first, last, PER_DOCUMENT):
        numbers = range(start, min(last, start + PER_DOCUMENT))
        text = "\n\n".join(f"# Part {n % PER_DOCUMENT}\n\nPassage {n}" for n in numbers)
        place = start // PER_DOCUMENT
        language = RARE if place % 100 == 7 else COMMON if place % 2 else "de"
        name = f"{prefix}{start:08d}"
        yield Document(name, text, "", language, f"{name}.md", name, date="2026-11-25")


def exact(maker: Maker, questions: Vectors, count: int, encoder_id: str) -> Numbers:
    """Return int64 (Q, K): the numbers of the made vectors that are nearest to each question."""
    projection = load_projection(encoder_id)
    asked = questions if projection is None else projection.apply(questions)
    best = np.full((len(asked), K), -2, dtype=np.float32)
    rows = np.zeros((len(asked), K), dtype=np.int64)
    for block in range(-(-count // BLOCK)):
        vectors = maker.block(block)[: count - block * BLOCK]
        vectors = vectors if projection is None else projection.apply(vectors)
        cosines = np.concatenate([best, asked @ vectors.T], axis=1)
        numbers = np.arange(len(vectors)) + block * BLOCK
        known = np.concatenate([rows, np.tile(numbers, (len(asked), 1))], axis=1)
        order = np.argsort(-cosines, axis=1)[:, :K]
        best = np.take_along_axis(cosines, order, axis=1)
        rows = np.take_along_axis(known, order, axis=1)
    return rows


def megabytes() -> tuple[float, float]:
    """Return this process's resident memory now and at most, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return pages * resource.getpagesize() / 1e6, most


def percentiles(seconds: Sequence[float]) -> str:
    """Return median and 95th percentile in ms."""
    return "p50 {:.2f} p95 {:.2f} ms".format(*(np.percentile(seconds, (50, 95)) * 1e3))


def search_only(folder: Path, asked: Path) -> None:
    """Print what a process that only searches needs: run in one of its own."""
    questions = np.load(asked)
    import faiss  # noqa: F401 (what every searching process loads is not the index's)

    before, _ = megabytes()
    start = time.perf_counter()
    with Index.open(folder) as index:
        channel = DenseChannel(index)
        channel.search(questions[:1], k=K)
        opened = time.perf_counter() - start
        for name, wanted in {
            "all": Filter(),
            "1 %": Filter(languages=(RARE,)),
            "50 %": Filter(languages=(COMMON,)),
        }.items():
            start = time.perf_counter()
            channel.search(questions[:1], k=K, filter=wanted)
            first = time.perf_counter() - start
            seconds, busy = [], []
            for question in questions:
                start, used = time.perf_counter(), time.process_time()
                (hits,) = channel.search(question[None], k=K, filter=wanted)
                busy.append(time.process_time() - used)
                seconds.append(time.perf_counter() - start)
                assert len(hits) == K
            print(f"  search, {name:5} {percentiles(seconds)}, first {first * 1e3:.0f} ms;")
            print(f"    of processor time {percentiles(busy)}")
        now, most = megabytes()
        print(f"  first search {opened:.2f} s after opening; resident {now:.0f} MB,")
        print(f"  {now - before:.0f} MB of it for the index; at most {most:.0f} MB")


def measure(
    folder: Path, maker: Maker, encoder: MadeEncoder, questions: Vectors, count: int
) -> None:
    """Build the index and print all numbers."""
    made = not folder.exists()
    if made:
        updating.BATCH = 8192
        start, used = time.perf_counter(), time.process_time()
        with Index.create(folder, encoder=encoder) as index:
            index.update(documents(0, count), encoder)
        passed, busy = time.perf_counter() - start, time.process_time() - used
        print(f"build {passed:.0f} s, {busy:.0f} s of processor time;")
        print(f"  {encoder.seconds:.0f} s of it making vectors; at most {megabytes()[1]:.0f} MB")
    start = time.perf_counter()
    with Index.open(folder, writable=True) as index:
        print(f"open for writing {time.perf_counter() - start:.2f} s")
        stats = index.stats()
        print(
            f"  {stats.passages} passages; records {stats.record_bytes / 1e6:.0f} MB,"
            f" terms {stats.term_bytes / 1e6:.0f} MB, vectors {stats.vector_bytes / 1e6:.0f} MB;"
            f" {stats.kind}, base {stats.base}, tail {stats.tail}"
        )
    with tempfile.TemporaryDirectory() as scratch:
        asked = Path(scratch) / "questions.npy"
        np.save(asked, questions)
        command = [sys.executable, "-m", "tests.bench.vectors", "--search", str(folder), str(asked)]
        print("a process that only searches, one thread:", flush=True)
        alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run(command, check=True, env={**os.environ, **alone})
    with Index.open(folder, writable=True) as index:
        recall(index, maker, questions, count, encoder.id)
        if made:
            changes(index, encoder, count)


def recall(index: Index, maker: Maker, questions: Vectors, count: int, encoder_id: str) -> None:
    """Print how many of the exact nearest the dense channel finds."""
    expected = exact(maker, questions, count, encoder_id)
    found = DenseChannel(index).search(questions, k=K)
    shares = []
    for hits, numbers in zip(found, expected, strict=True):
        texts = [passage.text for passage in index.passages([name for name, _ in hits])]
        shares.append(len({int(text.rsplit(" ", 1)[1]) for text in texts} & set(numbers)) / K)
    print(f"recall@{K} {np.mean(shares):.4f} of {len(questions)} questions")


def changes(index: Index, encoder: MadeEncoder, count: int) -> None:
    """Print how long it takes until an added document is found and a deleted one is not."""
    updating.BATCH = 256
    with Index.open(index.path) as reader:
        DenseChannel(reader).search(encoder.encode(["x 0"]), k=1)
        encoder.seconds, start = 0.0, time.perf_counter()
        index.update(documents(count, count + ADDED, "n"), encoder)
        written = time.perf_counter()
        last = count + ADDED - 1
        (hits,) = DenseChannel(reader).search(encoder.encode([f"x {last}"]), k=1)
        done = time.perf_counter()
        assert reader.passages([hits[0][0]])[0].text.endswith(str(last))
        print(
            f"add {ADDED} passages: {written - start - encoder.seconds:.2f} s, found by a reader"
            f" {done - written:.3f} s later"
        )
        seconds, busy = [], []
        for start_at in range(0, 40 * PER_DOCUMENT, PER_DOCUMENT):
            start, used = time.perf_counter(), time.process_time()
            assert index.delete([f"d{start_at:08d}"]) == 1
            busy.append(time.process_time() - used)
            seconds.append(time.perf_counter() - start)
        print(f"delete a document: {percentiles(seconds)}")
        print(f"  of processor time {percentiles(busy)}")
        (hits,) = DenseChannel(reader).search(encoder.encode(["x 0"]), k=1)
        assert not hits[0][0].startswith("d00000000")
        start = time.perf_counter()
        with index.snapshot() as connection:
            assert records.count(connection) == reader.passage_count
        print(f"count passages twice: {time.perf_counter() - start:.3f} s")


def main() -> None:
    """Run the benchmark, or with ``--search`` the part that has a process of its own."""
    if sys.argv[1:2] == ["--search"]:
        search_only(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path("bench-vectors"))
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the index is made and kept; one that is there is only searched",
    )
    chosen = parser.parse_args()
    print(json.dumps({"count": chosen.count, "seed": chosen.seed, "cpus": os.cpu_count()}))
    model, passages, asked = real_vectors(chosen.data, chosen.cache)
    random = np.random.default_rng(chosen.seed)
    questions = asked[random.permutation(len(asked))[:QUESTIONS]]
    maker = fitted(passages, questions, chosen.seed)
    encoder = MadeEncoder(model.id, model.dimension, maker)
    with tempfile.TemporaryDirectory() as scratch:
        measure(chosen.folder or Path(scratch) / "i", maker, encoder, questions, chosen.count)


if __name__ == "__main__":
    main()
