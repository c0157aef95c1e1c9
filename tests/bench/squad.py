"""Reading SQuAD-format development sets for the benchmarks."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

DEVELOPMENT_SETS = {
    "ar": "arcd/arcd-train.json.gz",
    "es": "squad_es/dev-v1.1-es_small.json.gz",
    "fr": "piaf/piaf-v1.0.json.gz",
    "ja": "jaquad/dev",
    "pt": "faquad/train.json.gz",
    "zh": "cmrc2018/cmrc2018_trial.json.gz",
    "he": "heq",
}
"""Sets whose use is train or dev; XQuAD is a held-out test and never among them."""


def rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (title, paragraph, question) of a SQuAD file or of a folder of them."""
    files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    for file in files:
        data = file.read_bytes()
        articles = json.loads(gzip.decompress(data) if file.suffix == ".gz" else data)["data"]
        for article in articles:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    yield article.get("title", ""), paragraph["context"], question["question"]


def by_paragraph(path: Path) -> dict[tuple[str, str], list[str]]:
    """Return the questions of each (title, paragraph)."""
    found: dict[tuple[str, str], list[str]] = {}
    for title, text, question in rows(path):
        found.setdefault((title, text), []).append(question)
    return found
