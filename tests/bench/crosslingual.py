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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from convrag.models.encoder_input import Kind

Part = Literal["train", "dev"]

NTREX = {
    "eng": "en", "arb": "ar", "deu": "de", "spa": "es", "hin": "hi", "rus": "ru", "tha": "th",
    "vie": "vi", "zho-CN": "zh", "zho-TW": "zht", "fra": "fr", "ita": "it", "por-BR": "pt",
    "jpn": "ja", "kor": "ko", "ell": "el", "tur": "tr", "heb": "he", "fas": "fa", "ind": "id",
    "pol": "pl", "ukr": "uk",
}  # fmt: skip
"""Languages taken from NTREX, by its codes."""
WINDOWED = ("eng", "arb", "deu", "hin", "rus", "tha", "vie", "zho-CN", "jpn", "kor", "heb")
GUARDED = ("eng", "deu", "hin", "rus", "vie")
TRAIN_SENTENCES, TRAIN_PARAGRAPHS = 600, 180
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


def read_json(path: Path) -> Any:
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


def squad_rows(path: Path) -> Iterator[Row]:
    files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    for file in files:
        for article in read_json(file)["data"]:
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
        (side_of(f"{name}.q", language, "query", asked),),
        (
            side_of(
                f"{name}.p",
                language,
                "passage",
                [(k, _passage(*p)) for k, (p, _) in zip(keys, picked, strict=True)],
            ),
        ),
    )


def side_of(name: str, language: str, kind: Kind, items: Sequence[tuple[str, str]]) -> Side:
    keys = tuple((key,) for key, _ in items)
    return Side(name, language, kind, keys, tuple(text for _, text in items))


def monolingual(data: Path, part: Part, limit: int = 500) -> Iterator[Family]:
    """Yield question -> paragraph of the same language, one family a set."""
    thai = data / "iapp_wiki_qa_th" / "data.zip"

    def cut(path: Path) -> list[Row]:
        return [r for r in squad_rows(path) if (_share(r[0]) < 0.4) == (part == "dev")]

    sets: list[tuple[str, str, Iterable[Row]]] = [
        ("piaf", "fr", cut(data / "piaf" / "piaf-v1.0.json.gz")),
        ("arcd", "ar", cut(data / "arcd" / "arcd-train.json.gz")),
    ]
    if part == "train":
        sets += [
            ("heq", "he", squad_rows(data / "heq" / "val v1.1.json.gz")),
            ("faquad", "pt", squad_rows(data / "faquad" / "train.json.gz")),
            ("drcd", "zh", squad_rows(data / "drcd" / "DRCD_dev.json.gz")),
            ("jaquad", "ja", squad_rows(data / "jaquad" / "train")),
            ("iapp", "th", _iapp(thai, "data/train.jsonl")),
            ("cmrc", "zh", squad_rows(data / "cmrc2018" / "cmrc2018_dev.json.gz")),
        ]
    else:
        sets += [
            ("jaquad", "ja", squad_rows(data / "jaquad" / "dev")),
            ("iapp", "th", _iapp(thai, "data/valid.jsonl")),
            ("cmrc", "zh", squad_rows(data / "cmrc2018" / "cmrc2018_trial.json.gz")),
            ("korquad", "ko", squad_rows(data / "korquad" / "KorQuAD_v1.0_dev.json")),
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
                side_of(f"{name}.q", language, "query", asked),
                side_of(f"{name}.t", pivot, "query", pivoted),
            ),
            (side_of(f"{name}.p", pivot, "passage", [(keys[t], texts[t]) for t in texts]),),
        )


def held_out(data: Path) -> tuple[set[str], set[str], set[str]]:
    """Return the question ids, Spanish paragraphs and titles of XQuAD, to be left out."""
    rows = list(squad_rows(data / "xquad" / "xquad.en.json"))
    ids, titles = {r[2] for r in rows}, {r[0].replace("_", " ").casefold() for r in rows}
    return ids, {r[1] for r in squad_rows(data / "xquad" / "xquad.es.json")}, titles


def squad_translations(data: Path, limit: int = 300) -> Family:
    """Return SQuAD questions in English, Spanish and Italian, paragraphs in the last two (dev).

    A paragraph that has any question of XQuAD is left out whole.
    """
    ids, _, _ = held_out(data)
    clean: dict[str, str] = {}
    for name in ("train.json.gz", "dev.json", "test.json.gz"):
        for key, row in read_json(data / "disfl_qa" / name).items():
            clean[key] = row["original"]
    files = {
        "es": data / "squad_es" / "dev-v1.1-es_small.json.gz",
        "it": data / "squad_it" / "SQuAD_it-test.json.gz",
    }
    paragraphs: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
    for language, path in files.items():
        held: dict[tuple[str, str], dict[str, str]] = {}
        for title, text, number, question in squad_rows(path):
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
        questions.append(side_of(f"dev-squad-{language}.q", language, "query", asked))
    english = [(n, clean[n]) for n in sorted(wanted) if n in clean]
    questions.append(side_of("dev-squad-en.q", "en", "query", english))
    return Family("dev-squad", tuple(questions), tuple(passages))


def codex(data: Path, part: Part, limit: int = 600) -> Family:
    """Return Wikidata's descriptions of types and Wikipedia's extracts, six languages."""
    _, _, titles = held_out(data)
    folder = data / "codex" / "types"
    english = read_json(folder / "en" / "types.json.gz")
    keys = [
        k
        for k in sorted(english, key=_share)
        if (_share(k) < 0.3) == (part == "dev") and english[k]["label"].casefold() not in titles
    ][: limit * 2]
    questions, passages = [], []
    for language in ("ar", "de", "en", "es", "ru", "zh"):
        types = read_json(folder / language / "types.json.gz")
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
        questions.append(side_of(f"{name}.q", language, "query", described))
        passages.append(side_of(f"{name}.p", language, "passage", extracts))
    return Family(f"{part}-codex", tuple(questions), tuple(passages))


def codex_labels(data: Path) -> dict[str, dict[str, str]]:
    """Return the names of types in the train part, by language and key."""
    _, _, titles = held_out(data)
    folder = data / "codex" / "types"
    types = {
        n: read_json(folder / n / "types.json.gz") for n in ("ar", "de", "en", "es", "ru", "zh")
    }
    kept = {
        key
        for key, value in types["en"].items()
        if value["label"] and _share(key) >= 0.3 and value["label"].casefold() not in titles
    }
    return {
        language: {k: v["label"] for k, v in sorted(rows.items()) if k in kept and v["label"]}
        for language, rows in types.items()
    }


# --- parallel sentences ---------------------------------------------------------------------------


def _ntrex_runs(data: Path, part: Part, length: int) -> list[list[int]]:
    """Return line numbers of sentences that stand together, at most ``length``, in random order."""
    documents = _lines(data / "ntrex" / "DOCUMENT_IDS.tsv")
    order = list(dict.fromkeys(documents))
    train = set(order[: len(order) * 9 // 10])
    runs: list[list[int]] = []
    for i, document in enumerate(documents):
        if (document in train) != (part == "train"):
            continue
        if runs and documents[runs[-1][-1]] == document and len(runs[-1]) < length:
            runs[-1].append(i)
        else:
            runs.append([i])
    random.Random(SEED).shuffle(runs)
    return runs


def _ntrex_lines(data: Path, code: str) -> list[str]:
    return _lines(next((data / "ntrex").glob(f"newstest2019-*.{code}.txt*")))


def ntrex_train_lines(data: Path, code: str) -> list[str]:
    """Return all sentences of the train documents in a language, in the same order in each."""
    lines = _ntrex_lines(data, code)
    return [lines[i] for run in _ntrex_runs(data, "train", _RUN) for i in run]


def ntrex(data: Path, part: Part, limit: int, chance: float) -> Family:
    """Return parallel news, sentence -> sentence: 90 % of the documents are "train".

    Args:
        data: Holds ``ntrex``.
        part: Which documents.
        limit: How many sentences, spread over the documents.
        chance: Share of them kept, drawn for each language and kind by itself.
    """
    runs = _ntrex_runs(data, part, _RUN)
    middle = [run[len(run) // 2] for run in runs]
    others = [i for run in runs for i in run if i != run[len(run) // 2]]
    picked = (middle + others)[:limit]
    questions, passages = [], []
    for code, language in NTREX.items():
        lines = _ntrex_lines(data, code)
        name = f"{part}-ntrex-{code}"
        asked = [(str(i), lines[i]) for i in picked if _share(f"{code} q{i}") < chance]
        told = [(str(i), lines[i]) for i in picked if _share(f"{code} p{i}") < chance]
        questions.append(side_of(f"{name}.qs", language, "query", asked))
        passages.append(side_of(f"{name}.s", language, "passage", told))
    return Family(f"{part}-ntrex-sentences", tuple(questions), tuple(passages))


def ntrex_windows(data: Path) -> tuple[Family, Family]:
    """Return sentence -> the three sentences it is the middle one of, and -> the other two (dev).

    The second is of fewer languages: what it says of one language is not decided by equal words.
    """
    runs = [run for run in _ntrex_runs(data, "dev", 3) if len(run) == 3]
    questions, windows, around = [], [], []
    for code in WINDOWED:
        language, lines = NTREX[code], _ntrex_lines(data, code)
        name = f"dev-ntrex-{code}"
        asked = [(str(run[1]), lines[run[1]]) for run in runs]
        whole = [(str(run[1]), " ".join(lines[i] for i in run)) for run in runs]
        rest = [(str(run[1]), f"{lines[run[0]]} {lines[run[2]]}") for run in runs]
        questions.append(side_of(f"{name}.qw", language, "query", asked))
        windows.append(side_of(f"{name}.w", language, "passage", whole))
        if code in GUARDED:
            around.append(side_of(f"{name}.r", language, "passage", rest))
    some = tuple(q for q, code in zip(questions, WINDOWED, strict=True) if code in GUARDED)
    return (
        Family("dev-ntrex-windows", tuple(questions), tuple(windows)),
        Family("dev-ntrex-around", some, tuple(around)),
    )


def families(data: Path, part: Part) -> Iterator[Family]:
    """Yield all families of a part."""
    if part == "dev":
        yield squad_translations(data)
        yield codex(data, part, 120)
        yield ntrex(data, part, limit=120, chance=0.2)
        yield from ntrex_windows(data)
        yield from monolingual(data, part, 160)
    else:
        yield ntrex(data, part, limit=TRAIN_SENTENCES, chance=0.5)
        yield codex(data, part, TRAIN_PARAGRAPHS)
        yield from monolingual(data, part, TRAIN_PARAGRAPHS)
    yield from afriqa(data, part, 60)
