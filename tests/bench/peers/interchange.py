"""What every runner reads and writes; the standard library alone, for it runs in two environments.

A data folder has ``passages.jsonl`` and ``questions.jsonl``, the objects of :class:`Text`, and
``qrels.txt``. A runner builds one index a pool, asks the pool's questions one at a time, and writes
``SYSTEM.run`` (TREC format) and ``SYSTEM.json`` (times, memory, size).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

DEPTH = 10
"""Passages kept of each ranking: the metrics look no further."""
AGREEMENT = 0.999
"""A system whose vectors differ more from convrag's does not run the same weights."""
SEED = 13
_WARM_UP = 8
"""Questions and passages that are dealt with before the clock starts."""


@dataclass(frozen=True, slots=True)
class Text:
    """A passage or a question. Questions are asked of the passages of their own pool."""

    id: str
    pool: str
    language: str
    text: str


class System(Protocol):
    """One retrieval system, with its model loaded."""

    def encode(self, texts: Sequence[str], kind: str) -> Sequence[Sequence[float]]:
        """Return unit vectors (N, D) of texts as ``query`` or ``passage``, as the system does."""
        ...

    def index(self, passages: Sequence[Text], folder: Path) -> float:
        """Index the passages in place of earlier ones, save all below the empty ``folder``.

        Returns:
            The seconds of it that went into encoding.
        """
        ...

    def search(self, question: Text) -> Sequence[str]:
        """Return at least ``DEPTH`` ids of passages, where there are as many, best first."""
        ...


def read(path: Path) -> list[Text]:
    """Return the texts of a JSONL file."""
    with path.open(encoding="utf-8") as lines:
        return [Text(**json.loads(line)) for line in lines]


def write(path: Path, texts: Iterable[Text]) -> None:
    """Write texts as JSONL."""
    lines = [json.dumps(asdict(text), ensure_ascii=False) + "\n" for text in texts]
    path.write_text("".join(lines), encoding="utf-8")


def run(
    name: str, load: Callable[[argparse.Namespace], System], *, options: Sequence[str] = ()
) -> None:
    """Run a system as the command line says.

    Args:
        name: Of the system; its files are named so.
        load: Returns the system. Whatever reads thread settings is imported by it, not before.
        options: Names of further options, passed on to ``load``.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, help="folder with passages.jsonl and questions.jsonl")
    parser.add_argument("--model", type=Path, required=True, help="folder that export.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="where the results go")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--questions", type=int, help="ask so many of each pool's, drawn by seed")
    for option in options:
        parser.add_argument(option)
    arguments = parser.parse_args()
    limit_threads(arguments.threads)
    began = time.perf_counter()
    system = load(arguments)
    report: dict[str, object] = {"system": name, "threads": arguments.threads}
    report["agreement"] = agreement(system, arguments.model)
    report["load_seconds"] = time.perf_counter() - began
    report["loaded_mb"] = peak_mb()
    arguments.out.mkdir(parents=True, exist_ok=True)
    report |= _measured(system, arguments, arguments.out / f"{name}.run")
    target = arguments.out / f"{name}.json"
    target.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report), flush=True)


def limit_threads(threads: int) -> None:
    """Let every library that is imported later use so many threads."""
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "RAYON"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    os.environ["HF_HUB_OFFLINE"] = "1"


def agreement(system: System, model: Path) -> float:
    """Return the lowest cosine between the system's vectors and those that convrag exported.

    Raises:
        SystemExit: It is below ``AGREEMENT``.
    """
    texts = json.loads((model / "check.json").read_text(encoding="utf-8"))
    lowest = 1.0
    for kind in ("query", "passage"):
        vectors = system.encode([item["text"] for item in texts], kind)
        for item, vector in zip(texts, vectors, strict=True):
            numbers = [float(value) for value in vector]
            product = math.fsum(a * b for a, b in zip(item[kind], numbers, strict=True))
            lowest = min(lowest, product / math.hypot(*numbers) / math.hypot(*item[kind]))
    if lowest < AGREEMENT:
        raise SystemExit(f"the weights are not the same: cosine {lowest:.6f}")
    return lowest


def _measured(system: System, arguments: argparse.Namespace, target: Path) -> dict[str, object]:
    passages = read(arguments.data / "passages.jsonl")
    questions = read(arguments.data / "questions.jsonl")
    encoding = indexing = size = 0.0
    latencies: list[float] = []
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "index"
        folder.mkdir()
        system.index(passages[:_WARM_UP], folder)
        for question in questions[:_WARM_UP]:
            system.search(question)
        for pool in sorted({passage.pool for passage in passages}):
            shutil.rmtree(folder)
            folder.mkdir()
            own = [passage for passage in passages if passage.pool == pool]
            began = time.perf_counter()
            encoding += system.index(own, folder)
            indexing += time.perf_counter() - began
            size += sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
            for question in _asked(questions, pool, arguments.questions):
                began = time.perf_counter()
                found = system.search(question)
                latencies.append(time.perf_counter() - began)
                # Tools that sort a run by score keep this order, ties and all.
                lines += [
                    f"{question.id} Q0 {passage_id} {rank} {1 / rank:.6f} {target.stem}\n"
                    for rank, passage_id in enumerate(list(found)[:DEPTH], start=1)
                ]
            print(target.stem, pool, "done", flush=True)
    target.write_text("".join(lines), encoding="utf-8")
    return {
        "passages": len(passages),
        "questions": len(latencies),
        "encode_seconds": encoding,
        "index_seconds": indexing,
        "encoded_per_second": len(passages) / encoding,
        "indexed_per_second": len(passages) / indexing,
        "query_p50_ms": 1000 * quantile(latencies, 0.5),
        "query_p95_ms": 1000 * quantile(latencies, 0.95),
        "peak_mb": peak_mb(),
        "disk_mb": size / 1e6,
    }


def _asked(questions: Sequence[Text], pool: str, limit: int | None) -> list[Text]:
    own = [question for question in questions if question.pool == pool]
    return own if limit is None else random.Random(SEED).sample(own, min(limit, len(own)))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def peak_mb() -> float:
    """Return the greatest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
