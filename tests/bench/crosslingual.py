"""Public sets as two sides, questions and passages, that any two languages of can be paired.

A side has texts of one language and one kind. A question knows its passage by a key, so the German
side of a parallel set pairs with the Thai one. Parts "train" and "dev" share no document. Sets with
terms that forbid changed or commercial use are in "dev" only; XQuAD's questions and paragraphs are
left out of both.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from convrag.models.encoder_input import Kind
from convrag.protocols import Encoder, Vectors

Part = Literal["train", "dev"]

NTREX = {
    "eng": "en", "arb": "ar", "deu": "de", "spa": "es", "hin": "hi", "rus": "ru", "tha": "th",
    "vie": "vi", "zho-CN": "zh", "zho-TW": "zht", "fra": "fr", "ita": "it", "por-BR": "pt",
    "jpn": "ja", "kor": "ko", "ell": "el", "tur": "tr", "heb": "he", "fas": "fa", "ind": "id",
    "pol": "pl", "ukr": "uk",
}  # fmt: skip
"""Languages taken from NTREX, by its codes."""
_RUN = 4  # sentences of a document that stand together
SEED = 5


@dataclass(frozen=True, slots=True)
class Side:
    """Texts of one language and kind. ``keys`` name, for each text, what it is about."""

    name: str
    language: str
    kind: Kind
    keys: tuple[tuple[str, ...], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Sides of which each questions side pairs with each passages side."""

    name: str
    questions: tuple[Side, ...]
    passages: tuple[Side, ...]


def match(questions: Side, passages: Side) -> tuple[list[int], list[int]]:
    """Return the rows of the questions whose passage is there, and of those passages."""
    where = {key: row for row, keys in enumerate(passages.keys) for key in keys}
    found = [(row, where[keys[0]]) for row, keys in enumerate(questions.keys) if keys[0] in where]
    return [row for row, _ in found], [row for _, row in found]


class VectorCache:
    """Keeps a side's vectors in ``folder`` as NAME.npy, float32, with NAME.json: the texts."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        """Encode what is missing with ``encoder``."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._encoder = folder, encoder

    def vectors(self, side: Side) -> Vectors:
        """Return float32 (N, D), in the order of the side's texts."""
        stem = self._folder / side.name
        head = {"encoder": self._encoder.id, "kind": side.kind, "texts": list(side.texts)}
        array, record = stem.with_name(side.name + ".npy"), stem.with_name(side.name + ".json")
        if record.exists() and json.loads(record.read_text(encoding="utf-8")) == head:
            return np.load(array)
        vectors = self._encoder.encode(side.texts, side.kind)
        np.save(array, vectors)
        record.write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
        return vectors


def _json(path: Path) -> Any:
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def _lines(path: Path) -> list[str]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return text.removesuffix("\n").split("\n")


def _share(key: str) -> float:
    """Return a number in [0, 1) that the key alone decides."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32


def _passage(title: str, text: str) -> str:
    title = title.replace("_", " ")
    return f"{title}\n{text}" if title else text


# --- question and paragraph in one language -------------------------------------------------------

Row = tuple[str, str, str, str]  # title, paragraph, question id, question


def _squad(path: Path) -> Iterator[Row]:
    files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    for file in files:
        for article in _json(file)["data"]:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    title = str(article.get("title", ""))
                    yield title, paragraph["context"], str(question["id"]), question["question"]


def _iapp(path: Path, member: str) -> Iterator[Row]:
    with zipfile.ZipFile(path) as archive:
        for line in archive.read(member).decode("utf-8").splitlines():
            row = json.loads(line)
            yield row["title"], row["context"], row["question_id"], row["question"]


def _qed(path: Path) -> Iterator[Row]:
    for line in _lines(path):
        row = json.loads(line)
        number = str(row["example_id"])
        yield row["title_text"], row["paragraph_text"], number, row["question_text"]


def _monolingual(name: str, language: str, rows: Iterable[Row], limit: int) -> Family:
    """Return a family of two sides: at most ``limit`` paragraphs, two questions of each."""
    paragraphs: dict[tuple[str, str], list[str]] = {}
    for title, text, _, question in rows:
        paragraphs.setdefault((title, text), []).append(question)
    picked = list(islice(paragraphs.items(), limit))
    keys = [hashlib.sha256(text.encode()).hexdigest()[:12] for (_, text), _ in picked]
    asked = [
        (key, q) for key, (_, questions) in zip(keys, picked, strict=True) for q in questions[:2]
    ]
    return Family(
        name,
        (_side(f"{name}.q", language, "query", asked),),
        (
            _side(
                f"{name}.p",
                language,
                "passage",
                [(k, _passage(*p)) for k, (p, _) in zip(keys, picked, strict=True)],
            ),
        ),
    )


def _side(name: str, language: str, kind: Kind, items: Sequence[tuple[str, str]]) -> Side:
    keys = tuple((key,) for key, _ in items)
    return Side(name, language, kind, keys, tuple(text for _, text in items))


def monolingual(data: Path, part: Part, limit: int = 500) -> Iterator[Family]:
    """Yield question -> paragraph of the same language, one family a set."""
    thai = data / "iapp_wiki_qa_th" / "data.zip"

    def cut(path: Path) -> list[Row]:
        return [r for r in _squad(path) if (_share(r[0]) < 0.4) == (part == "dev")]

    sets: list[tuple[str, str, Iterable[Row]]] = [
        ("piaf", "fr", cut(data / "piaf" / "piaf-v1.0.json.gz")),
        ("arcd", "ar", cut(data / "arcd" / "arcd-train.json.gz")),
    ]
    if part == "train":
        sets += [
            ("jaquad", "ja", _squad(data / "jaquad" / "train")),
            ("iapp", "th", _iapp(thai, "data/train.jsonl")),
            ("cmrc", "zh", _squad(data / "cmrc2018" / "cmrc2018_dev.json.gz")),
        ]
    else:
        sets += [
            ("jaquad", "ja", _squad(data / "jaquad" / "dev")),
            ("iapp", "th", _iapp(thai, "data/valid.jsonl")),
            ("cmrc", "zh", _squad(data / "cmrc2018" / "cmrc2018_trial.json.gz")),
            ("korquad", "ko", _squad(data / "korquad" / "KorQuAD_v1.0_dev.json")),
            ("qed", "en", _qed(data / "qed" / "qed-dev.jsonlines.gz")),
        ]
    for name, language, rows in sets:
        yield _monolingual(f"{part}-{name}", language, rows, limit)


# --- question and paragraph in two languages ------------------------------------------------------


def afriqa(data: Path, part: Part, limit: int = 240) -> Iterator[Family]:
    """Yield questions in an African language, and translated, with the English paragraph."""
    for path in (
        p for code in ("hau", "zul") for p in (data / "afriqa").rglob(f"*.{code}.en.{part}.json*")
    ):
        language, pivot = path.name.split(".")[2:4]
        rows = [row for row in map(json.loads, _lines(path)) if row["context"]][:limit]
        texts = {row["context"]: _passage(row.get("title") or "", row["context"]) for row in rows}
        keys = {text: hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts}
        name = f"{part}-afriqa-{language}"
        asked = [(keys[row["context"]], row["question_lang"]) for row in rows]
        pivoted = [(keys[row["context"]], row["question_translated"]) for row in rows]
        yield Family(
            name,
            (
                _side(f"{name}.q", language, "query", asked),
                _side(f"{name}.t", pivot, "query", pivoted),
            ),
            (_side(f"{name}.p", pivot, "passage", [(keys[t], texts[t]) for t in texts]),),
        )


def held_out(data: Path) -> tuple[set[str], set[str], set[str]]:
    """Return the question ids, Spanish paragraphs and titles of XQuAD, to be left out."""
    rows = list(_squad(data / "xquad" / "xquad.en.json"))
    ids, titles = {r[2] for r in rows}, {r[0].replace("_", " ").casefold() for r in rows}
    return ids, {r[1] for r in _squad(data / "xquad" / "xquad.es.json")}, titles


def squad_translations(data: Path, limit: int = 300) -> Family:
    """Return SQuAD questions in English, Spanish and Italian, paragraphs in the last two (dev).

    A paragraph that has any question of XQuAD is left out whole.
    """
    ids, _, _ = held_out(data)
    clean: dict[str, str] = {}
    for name in ("train.json.gz", "dev.json", "test.json.gz"):
        for key, row in _json(data / "disfl_qa" / name).items():
            clean[key] = row["original"]
    files = {
        "es": data / "squad_es" / "dev-v1.1-es_small.json.gz",
        "it": data / "squad_it" / "SQuAD_it-test.json.gz",
    }
    paragraphs: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
    for language, path in files.items():
        held: dict[tuple[str, str], dict[str, str]] = {}
        for title, text, number, question in _squad(path):
            held.setdefault((title, text), {})[number] = question
        paragraphs[language] = {p: q for p, q in held.items() if not ids & set(q)}
    wanted = {n for q in paragraphs["es"].values() for n in q}
    wanted &= {n for q in paragraphs["it"].values() for n in q}
    passages, questions = [], []
    for language, number in (("es", limit), ("it", None)):
        own = {
            p: {n: t for n, t in q.items() if n in wanted} for p, q in paragraphs[language].items()
        }
        rows = [(p, q) for p, q in own.items() if q][:number]
        wanted = {n for _, q in rows for n in q}
        numbers, texts = tuple(tuple(q) for _, q in rows), tuple(_passage(*p) for p, _ in rows)
        passages.append(Side(f"dev-squad-{language}.p", language, "passage", numbers, texts))
        asked = [item for _, q in rows for item in list(q.items())[:2]]
        questions.append(_side(f"dev-squad-{language}.q", language, "query", asked))
    english = [(n, clean[n]) for n in sorted(wanted) if n in clean]
    questions.append(_side("dev-squad-en.q", "en", "query", english))
    return Family("dev-squad", tuple(questions), tuple(passages))


def codex(data: Path, part: Part, limit: int = 600) -> Family:
    """Return Wikidata's descriptions of types and Wikipedia's extracts, six languages."""
    _, _, titles = held_out(data)
    folder = data / "codex" / "types"
    english = _json(folder / "en" / "types.json.gz")
    keys = [
        k
        for k in sorted(english, key=_share)
        if (_share(k) < 0.3) == (part == "dev") and english[k]["label"].casefold() not in titles
    ][: limit * 2]
    questions, passages = [], []
    for language in ("ar", "de", "en", "es", "ru", "zh"):
        types = _json(folder / language / "types.json.gz")
        with zipfile.ZipFile(folder / language / "extracts.zip") as archive:
            there = set(archive.namelist())
            extracts = [
                (k, archive.read(f"extracts/{k}.txt").decode("utf-8")[:450].strip())
                for k in keys
                if f"extracts/{k}.txt" in there
            ]
        extracts = [(k, text) for k, text in extracts if len(text) > 30][:limit]
        kept = {k for k, _ in extracts}
        described = [
            (k, f"{types[k]['label']}: {types[k]['description']}")
            for k in keys
            if k in types and k in kept and types[k]["description"]
        ]
        name = f"{part}-codex-{language}"
        questions.append(_side(f"{name}.q", language, "query", described))
        passages.append(_side(f"{name}.p", language, "passage", extracts))
    return Family(f"{part}-codex", tuple(questions), tuple(passages))


# --- parallel sentences ---------------------------------------------------------------------------


def ntrex(data: Path, part: Part, limit: int, chance: float) -> Family:
    """Return parallel news, sentence -> sentence: 90 % of the documents are "train".

    Args:
        data: Holds ``ntrex``.
        part: Which documents.
        limit: How many sentences, spread over the documents.
        chance: Share of them kept, drawn for each language and kind by itself.
    """
    folder = data / "ntrex"
    documents = _lines(folder / "DOCUMENT_IDS.tsv")
    order = list(dict.fromkeys(documents))
    train = set(order[: len(order) * 9 // 10])
    rows = [i for i, d in enumerate(documents) if (d in train) == (part == "train")]
    runs: list[list[int]] = []
    for i in rows:
        if runs and documents[runs[-1][-1]] == documents[i] and len(runs[-1]) < _RUN:
            runs[-1].append(i)
        else:
            runs.append([i])
    random.Random(SEED).shuffle(runs)
    middle = [run[len(run) // 2] for run in runs]
    others = [i for run in runs for i in run if i != run[len(run) // 2]]
    picked = (middle + others)[:limit]
    questions, passages = [], []
    for code, language in NTREX.items():
        lines = _lines(next(folder.glob(f"newstest2019-*.{code}.txt*")))
        name = f"{part}-ntrex-{code}"
        asked = [(str(i), lines[i]) for i in picked if _share(f"{code} q{i}") < chance]
        told = [(str(i), lines[i]) for i in picked if _share(f"{code} p{i}") < chance]
        questions.append(_side(f"{name}.qs", language, "query", asked))
        passages.append(_side(f"{name}.s", language, "passage", told))
    return Family(f"{part}-ntrex-sentences", tuple(questions), tuple(passages))


def families(data: Path, part: Part) -> Iterator[Family]:
    """Yield all families of a part."""
    if part == "dev":
        yield squad_translations(data)
        yield codex(data, part, 120)
        yield ntrex(data, part, limit=120, chance=0.2)
        yield from monolingual(data, part, 160)
    else:
        yield ntrex(data, part, limit=800, chance=0.08)
        yield codex(data, part, 250)
        yield from monolingual(data, part, 120)
    yield from afriqa(data, part, 60)


def held_out_families(data: Path) -> tuple[Family, Family]:
    """Return XQuAD, question -> paragraph, and XQuAD-R, question -> answer sentence."""
    languages = ("ar", "de", "en", "es", "hi", "ru", "th", "vi", "zh")
    questions, paragraphs, sentences = [], [], []
    for language in languages:
        rows = list(_squad(data / "xquad" / f"xquad.{language}.json"))
        asked = [(number, question) for _, _, number, question in rows]
        questions.append(_side(f"test-xquad-{language}.q", language, "query", asked))
        held: dict[str, list[str]] = {}
        for _, text, number, _ in rows:
            held.setdefault(text, []).append(number)
        paragraphs.append(
            Side(
                f"test-xquad-{language}.p",
                language,
                "passage",
                tuple(map(tuple, held.values())),
                tuple(held),
            )
        )
        answering = _answer_sentences(_json(data / "xquad_r" / f"{language}.json.gz"))
        sentences.append(
            Side(
                f"test-xquad-r-{language}.s",
                language,
                "passage",
                tuple(tuple(numbers) for _, numbers in answering),
                tuple(text for text, _ in answering),
            )
        )
    return (
        Family("test-xquad", tuple(questions), tuple(paragraphs)),
        Family("test-xquad-r", tuple(questions), tuple(sentences)),
    )


def _answer_sentences(content: Any) -> list[tuple[str, list[str]]]:
    """Return every sentence with the ids of the questions whose answer starts in it."""
    found: list[tuple[str, list[str]]] = []
    for article in content["data"]:
        for paragraph in article["paragraphs"]:
            starts = [start for start, _ in paragraph["sentence_breaks"]]
            numbers: list[list[str]] = [[] for _ in starts]
            for question in paragraph["qas"]:
                at = question["answers"][0]["answer_start"]
                numbers[max(bisect_right(starts, at) - 1, 0)].append(question["id"])
            found += zip(paragraph["sentences"], numbers, strict=True)
    return found
