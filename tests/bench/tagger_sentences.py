"""Sentences with marked names and the encoder's states of their tokens, for the tagger's bench."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from convrag.config import load_config
from convrag.graph.building.tagger import KINDS
from convrag.models.registry import load_encoder
from tests.bench import name_projection as ntrex
from tests.bench.name_projection import Marked, Tokens

SEED = 13
KEPT_LAYERS, READ, ALIGNING = (6, 10), 0, 1
"""Layers whose states are kept; which of them a head reads, and which aligns translations."""
GOLD = Path("tests/data/tagger/gold.jsonl")
_HIPE = {
    "pers": "person", "per": "person", "loc": "place", "org": "organisation", "work": "other",
    "humanprod": "other", "prod": "other", "object": "other", "event": "other", "media": "other",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A sentence with its names and tokens."""

    text: str
    language: str
    names: tuple[Marked, ...]
    tokens: Tokens

    @property
    def states(self) -> np.ndarray:
        """float16 (T, D), what a head reads."""
        return self.tokens.states[:, READ]

    def tags(self) -> np.ndarray:
        """Return int64 (T,), the tag of each token."""
        tags = np.zeros(len(self.tokens.places), dtype=np.int64)
        for start, end, kind in self.names:
            begin = 1 + 2 * KINDS.index(kind)
            own = [j for j, (a, b) in enumerate(self.tokens.places) if a < end and b > start]
            tags[own] = begin + 1
            tags[own[:1]] = begin
        return tags


@cache
def encoder() -> Any:
    """Return the embedded encoder in torch."""
    return load_encoder("embedded:e5-small", config=load_config(), runtime="torch")


def tokens_of(name: str, texts: Sequence[str], folder: Path) -> list[Tokens]:
    """Return the tokens of ``texts``, kept in ``folder`` under ``name`` and their hash."""
    key = hashlib.sha256("\n".join([encoder().id, str(KEPT_LAYERS), *texts]).encode()).hexdigest()[
        :12
    ]
    path = folder / f"{name}-{key}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        read = [encoder().tokens(texts, layer=layer) for layer in KEPT_LAYERS]
        places = [np.array(one.spans, dtype=np.int32).reshape(-1, 2) for one in read[0]]
        layers = [np.concatenate([one.states for one in own]) for own in read]
        states = np.stack(layers, axis=1).astype(np.float16)  # (all T, layers, D)
        temporary = path.with_suffix(".part.npz")
        counts = np.array([len(one) for one in places])
        np.savez(temporary, counts=counts, places=np.concatenate(places), states=states)
        temporary.rename(path)
    with np.load(path) as file:
        ends = np.cumsum(file["counts"])
        states = file["states"].reshape(ends[-1], len(KEPT_LAYERS), -1)
        return [
            Tokens(places, own)
            for places, own in zip(
                np.split(file["places"], ends[:-1]), np.split(states, ends[:-1]), strict=True
            )
        ]


@cache
def translations(data: Path, folder: Path) -> dict[str, tuple[list[Row], list[Row]]]:
    """Return, by language, NTREX's sentences all of whose names were found: train, dev."""
    texts = ntrex.sentences(data, "en")
    read = tokens_of("ntrex-en", texts, folder)
    marked = ntrex.marked_english(data)
    kept = ntrex.training_part(data)
    parts: dict[str, tuple[list[Row], list[Row]]] = {}
    for language in ntrex.CODES:
        own, tokens, names = texts, read, marked
        if language != "en":
            own = ntrex.sentences(data, language)
            tokens = tokens_of(f"ntrex-{language}", own, folder)
            names = ntrex.projected(language, own, tokens, (texts, read, marked), layer=ALIGNING)
        parts[language] = ([], [])
        for text, spans, one, training in zip(own, names, tokens, kept, strict=True):
            if len(one.places) and None not in spans:
                parts[language][not training].append(Row(text, language, tuple(spans), one))
    return parts


def gold(part: str, folder: Path) -> dict[str, list[Row]]:
    """Return the sentences marked by hand, by language."""
    held: dict[str, list[tuple[str, tuple[Marked, ...]]]] = {}
    for line in GOLD.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        if item["part"] == part:
            names = tuple((s, e, kind) for s, e, kind in item["entities"])
            held.setdefault(item["language"], []).append((item["text"], names))
    return {language: rows(f"gold-{part}-{language}", language, own, folder)
            for language, own in held.items()}  # fmt: skip


def rows(
    name: str, language: str, held: Sequence[tuple[str, tuple[Marked, ...]]], folder: Path
) -> list[Row]:
    """Return marked sentences with their tokens."""
    read = tokens_of(name, [text for text, _ in held], folder)
    return [
        Row(text, language, names, tokens) for (text, names), tokens in zip(held, read, strict=True)
    ]


def hipe(data: Path, name: str, part: str, folder: Path, most: int) -> list[Row]:
    """Return a sample of the sentences of one hipe2022 file."""
    corpus, language = name.split("-")
    path = data / "hipe2022" / corpus / language / f"HIPE-2022-v2.1-{corpus}-{part}-{language}.tsv"
    packed = path.with_name(path.name + ".gz")
    raw = gzip.decompress(packed.read_bytes()) if packed.is_file() else path.read_bytes()
    held: list[tuple[str, tuple[Marked, ...]]] = []
    words: list[list[str]] = []
    for line in [*raw.decode("utf-8").split("\n")[1:], ""]:
        cells = line.split("\t")
        if len(cells) > 1:
            words.append(cells)
        ends = len(cells) == 1 and not line.startswith("#")
        if words and (ends or "EndOfSentence" in cells[-1] or len(words) >= 60):
            held.append(_sentence(words))
            words = []
    held = [one for one in held if len(one[0]) > 20]
    sample = random.Random(SEED).sample(held, min(most, len(held)))
    return rows(f"hipe-{name}-{part}", language, sample, folder)


def _sentence(words: Sequence[Sequence[str]]) -> tuple[str, tuple[Marked, ...]]:
    text, names, before = "", [], "O"
    for cells in words:
        start, tag = len(text), cells[1]
        text += cells[0]
        kind = _HIPE.get(tag[2:].split(".")[0].lower())
        if tag.startswith("I-") and before != "O" and names:
            names[-1] = (names[-1][0], len(text), names[-1][2])
        elif tag != "O":
            names.append((start, len(text), kind))
        before = tag
        text += "" if "NoSpaceAfter" in cells[-1] else " "
    return text.rstrip(), tuple((s, e, kind) for s, e, kind in names if kind)
