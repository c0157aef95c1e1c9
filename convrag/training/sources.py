"""Corpora of dialogues with each turn in full, read from their upstream files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from convrag.errors import DialogueError
from convrag.training.examples import Example, Utterance, exchange, split_of
from convrag.types import Role

Reader = Callable[[Path, random.Random], Iterator[Example]]

_USER, _ASSISTANT = Role.USER, Role.ASSISTANT
_PARENTHESES = re.compile(r"\s*[(（].*$")
_ASKS = re.compile(r"[?？]|吗|呢|什么|哪|谁|多少|几")


def _load(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        data = path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                name = next(n for n in archive.namelist() if n.endswith(".json"))
                data = archive.read(name)
        return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    except (OSError, ValueError, StopIteration, zipfile.BadZipFile) as error:
        raise DialogueError(f"{path}: cannot be read: {error}") from error


def _kind(turn: str, rewrite: str) -> str:
    same = [c for c in turn.casefold() if c.isalnum()] == [
        c for c in rewrite.casefold() if c.isalnum()
    ]
    return "standalone" if same else "reference"


def canard(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield CANARD's development file; its first two lines of history are article and section."""
    for row in _load(root / "canard" / "dev.json.gz"):
        said = row["History"][2:]
        history = tuple(
            Utterance(_USER if place % 2 == 0 else _ASSISTANT, text)
            for place, text in enumerate(said)
        )
        group = row["QuAC_dialog_id"]
        turn, rewrite = row["Question"], row["Rewrite"]
        if not history:
            # The first question leans on the article's title alone, which a dialogue has not.
            continue
        yield Example(
            f"canard-{group}-{row['Question_no']}",
            "en",
            history,
            turn,
            rewrite,
            _kind(turn, rewrite),
            "canard",
            split_of(group),
        )


def cast(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield CAsT 2019's training topics, for training, and CAsT 2020, for development."""
    folder = root / "trec_cast" / "2019" / "data" / "training"
    with (folder / "train_topic_sample_annotated_resolved_v1.0.tsv").open(encoding="utf-8") as file:
        full = {row[0]: row[1] for row in csv.reader(file, delimiter="\t") if len(row) > 1}
    for topic in _load(folder / "train_topics_v1.0.json"):
        pairs: list[tuple[str, str]] = []
        for turn in topic["turn"]:
            number = f"{topic['number']}_{turn['number']}"
            text = turn["raw_utterance"]
            if number in full:
                rewrite = full[number]
                yield Example(
                    f"cast19-{number}", "en", exchange(pairs), text, rewrite, _kind(text, rewrite),
                    "cast",
                )  # fmt: skip
            pairs.append((text, ""))
    for topic in _load(root / "trec_cast/2020/2020_manual_evaluation_topics_v1.0.json"):
        pairs = []
        for turn in topic["turn"]:
            text, rewrite = turn["raw_utterance"], turn["manual_rewritten_utterance"]
            yield Example(
                f"cast20-{topic['number']}_{turn['number']}", "en", exchange(pairs), text, rewrite,
                _kind(text, rewrite), "cast", "dev",
            )  # fmt: skip
            pairs.append((text, ""))


def ikat(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield iKAT 2023: its training topics for training, its test topics for development."""
    folder = root / "trec_ikat" / "2023" / "data"
    files = (("2023_train_topics.json", "train"), ("2023_test_topics.json", "dev"))
    for name, split in files:
        for topic in _load(folder / name):
            pairs: list[tuple[str, str]] = []
            for turn in topic["turns"]:
                text, rewrite = turn["utterance"], turn["resolved_utterance"]
                yield Example(
                    f"ikat-{topic['number']}-{turn['turn_id']}", "en", exchange(pairs), text,
                    rewrite, _kind(text, rewrite), "ikat", split,
                )  # fmt: skip
                pairs.append((text, turn["response"]))


def gecor(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield GECOR: restaurant dialogues whose turns were written short and in full."""
    for number, row in enumerate(_load(root / "gecor_camrest" / "CamRest676_annotated.json.gz")):
        pairs: list[tuple[str, str]] = []
        group = f"gecor-{number}"
        for place, exchanged in enumerate(row["dial"]):
            user = exchanged["usr"]
            full = user["transcript_complete"]
            short = [
                text
                for key in ("transcript_with_ellipsis", "transcript_with_coreference")
                if (text := user[key])
            ]
            turn = rng.choice(short) if short else user["transcript"]
            if pairs and full:
                yield Example(
                    f"{group}-{place}", "en", exchange(pairs), turn, full, _kind(turn, full),
                    "gecor", split_of(group),
                )  # fmt: skip
            pairs.append((user["transcript"], exchanged["sys"]["sent"]))


def cqr(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield the in-car dialogues of Alexa's contextual query rewrite, one of the crowd's a turn."""
    rows = _load(root / "alexa_cqr" / "cqr_kvret_dev_public.json.gz")
    for number, row in enumerate(rows):
        history: list[Utterance] = []
        for place, turn in enumerate(row["dialogue"]):
            full = [
                text
                for text in turn.get("reformulation", {}).get("mturk_reformulations", [])
                if text
            ]
            if full and len(history) > 1 and history[-1].role is _USER:
                said = history[-1].text
                yield Example(
                    f"cqr-{number}-{place}", "en", tuple(history[:-1]), said, rng.choice(full),
                    "reference", "cqr", split_of(f"cqr-{number}"),
                )  # fmt: skip
            role = _USER if turn["turn"] == "driver" else _ASSISTANT
            history.append(Utterance(role, turn["data"]["utterance"].strip()))


def disfluencies(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield Disfl-QA: questions with false starts beside the clean ones, without XQuAD's."""
    held_out = {
        question["id"]
        for article in _load(root / "xquad" / "xquad.en.json")["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    }
    rows = _load(root / "disfl_qa" / "train.json.gz")
    clean = [row["original"] for row in rows.values()]
    for number, row in rows.items():
        if number in held_out:
            continue
        pairs = [(rng.choice(clean), "")] if rng.random() < 0.5 else []
        yield Example(
            f"disfl-{number}", "en", exchange(pairs), row["disfluent"], row["original"],
            "restart", "disfl", split_of(number),
        )  # fmt: skip


def kdconv(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield Chinese turns whose answer's triple says which thing was meant."""
    for domain in ("film", "music", "travel"):
        for number, row in enumerate(_load(root / "kdconv" / domain / "dev.json.gz")):
            messages = row["messages"]
            for place, (asked, answered) in enumerate(
                zip(messages[1:], messages[2:], strict=False), start=1
            ):
                names = {
                    _PARENTHESES.sub("", triple["name"]).strip("《》")
                    for triple in answered.get("attrs", [])
                }
                turn = asked["message"]
                if len(names) != 1 or not _ASKS.search(turn):
                    continue
                example = _named(
                    f"kdconv-{domain}-{number}-{place}", turn, next(iter(names)),
                    [message["message"] for message in messages[:place]], "kdconv",
                    f"kdconv-{domain}-{number}", place,
                )  # fmt: skip
                if example is not None:
                    yield example


def crosswoz(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield Chinese turns that ask on about the place that was recommended last."""
    for number, row in _load(root / "crosswoz" / "val.json.zip").items():
        name = ""
        said: list[str] = []
        for place, message in enumerate(row["messages"]):
            acts = message["dialog_act"]
            if message["role"] == "usr":
                asks = any(act[0] == "Request" and act[2] != "名称" for act in acts)
                tells = any(act[0] == "Inform" for act in acts)
                if asks and name and (not tells or name in message["content"]):
                    example = _named(
                        f"crosswoz-{number}-{place}", message["content"], name, said, "crosswoz",
                        f"crosswoz-{number}", place,
                    )  # fmt: skip
                    if example is not None:
                        yield example
            else:
                told = [act[3] for act in acts if act[0] in ("Inform", "Recommend")
                        and act[2] == "名称"]  # fmt: skip
                name = told[0] if len(told) == 1 else name if not told else ""
            said.append(message["content"])


def _named(
    number: str, turn: str, name: str, said: Sequence[str], source: str, group: str, place: int
) -> Example | None:
    """Return an example whose turn is about ``name``; None where the history does not tell it."""
    if len(name) < 2 or (name not in turn and not any(name in text for text in said)):
        return None
    first = _USER if place % 2 == 0 else _ASSISTANT
    second = _ASSISTANT if first is _USER else _USER
    history = tuple(
        Utterance(first if index % 2 == 0 else second, text) for index, text in enumerate(said)
    )
    known = name in turn
    rewrite = turn if known else f"{name}{turn}"
    kind = "standalone" if known else "reference"
    needs = () if known else (name,)
    return Example(number, "zh", history, turn, rewrite, kind, source, split_of(group), needs)


def personas(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield chat that asks nothing of a knowledge base: it stays as it is."""
    files = {
        "en": "En_persona_valid.json.gz",
        "fr": "Fr_persona_split_valid_human_annotated.json",
        "it": "It_persona_split_valid_human_annotated.json",
        "ja": "Jp_persona_split_valid_human_annotated.json.gz",
        "ko": "Ko_persona_split_valid_human_annotated.json.gz",
        "zh": "Zh_persona_split_valid_human_annotated.json",
    }
    for language, name in files.items():
        for number, row in enumerate(_load(root / "xpersona" / name)):
            said = [pair[0] for pair in row["dialogue"]]
            if len(said) < 2:
                continue
            place = rng.randrange(1, len(said))
            turn = said[place]
            if _ASKS.search(turn):
                continue
            pairs = [(pair[0], pair[1]) for pair in row["dialogue"][max(0, place - 2) : place]]
            yield Example(
                f"persona-{language}-{number}", language, exchange(pairs), turn, turn, "chat",
                "persona", split_of(f"persona-{number}"),
            )  # fmt: skip


def questions(root: Path, rng: random.Random) -> Iterator[Example]:
    """Yield well-formed questions, and QALD's and RuBQ's, after another one: they stand alone."""
    pool: dict[str, list[str]] = {}
    with gzip.open(root / "query_wellformedness" / "train.tsv.gz", "rt", encoding="utf-8") as file:
        for line in file:
            text, _, score = line.rstrip("\n").rpartition("\t")
            if float(score) >= 0.8 and not re.search(r"\b(it|he|she|they|this|that)\b", text):
                pool.setdefault("en", []).append(text.replace(" ?", "?"))
    for row in _load(root / "qald_series" / "qald-9-train-multilingual.json.gz")["questions"]:
        for asked in row["question"]:
            language = asked["language"].split("_")[0]
            if asked.get("string"):
                pool.setdefault(language, []).append(" ".join(asked["string"].split()))
    for row in _load(root / "rubq" / "RuBQ_1.0" / "RuBQ_1.0_test.json.gz"):
        pool.setdefault("ru", []).append(row["question_text"])
    for language, texts in pool.items():
        texts = list(dict.fromkeys(texts))
        rng.shuffle(texts)
        for number, turn in enumerate(texts[:400]):
            pairs = [(rng.choice(texts), "") for _ in range(rng.choice((1, 1, 2, 3)))]
            yield Example(
                f"questions-{language}-{number}", language, exchange(pairs), turn, turn,
                "standalone", "questions", split_of(turn),
            )  # fmt: skip


CORPORA: dict[str, tuple[Reader, int]] = {
    "canard": (canard, 4000),
    "cast": (cast, 1000),
    "ikat": (ikat, 1000),
    "gecor": (gecor, 800),
    "cqr": (cqr, 300),
    "disfl": (disfluencies, 700),
    "kdconv": (kdconv, 600),
    "crosswoz": (crosswoz, 500),
    "persona": (personas, 400),
    "questions": (questions, 1000),
}
"""Readers by name, and how many of their examples are used at most."""

READING: dict[str, tuple[str, str]] = {
    "jaquad": ("ja", "jaquad/train"),
    "cmrc": ("zh", "cmrc2018/cmrc2018_dev.json.gz"),
    "drcd": ("zh", "drcd/DRCD_dev.json.gz"),
    "piaf": ("fr", "piaf/piaf-v1.0.json.gz"),
    "arcd": ("ar", "arcd/arcd-train.json.gz"),
    "faquad": ("pt", "faquad/train.json.gz"),
    "iapp": ("th", "iapp_wiki_qa_th/data.zip"),
}
"""Reading-comprehension sets that may be trained on: language and place."""
