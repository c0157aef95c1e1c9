"""Follow-up turns from reading-comprehension sets: real questions about one article's subject."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrag.errors import DialogueError
from convrag.text.segment import sentences
from convrag.training.examples import Example, exchange, split_of
from convrag.training.wording import Wording, wording

_PARENTHESES = re.compile(r"\s*[(（].*$")
_LONGEST_ANSWER = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the sentence of the article that answers it."""

    question: str
    answer: str


def read_articles(path: Path) -> Iterator[tuple[str, list[Asked]]]:
    """Yield (title, questions) of each article of a SQuAD-format file, folder or JSON-lines zip.

    Raises:
        DialogueError: A file cannot be read or is in no such format.
    """
    files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    for file in files:
        try:
            yield from _articles(file)
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise DialogueError(f"{file}: no reading-comprehension set: {error}") from error


def _articles(file: Path) -> Iterator[tuple[str, list[Asked]]]:
    data = file.read_bytes()
    if file.suffix == ".zip":
        yield from _rows(data)
        return
    loaded = json.loads(gzip.decompress(data) if file.suffix == ".gz" else data)
    for article in loaded["data"]:
        found = [
            Asked(_clean(question["question"]), _sentence(paragraph["context"], question))
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        ]
        yield str(article.get("title", "")).replace("_", " "), found


def _rows(data: bytes) -> Iterator[tuple[str, list[Asked]]]:
    """Yield the articles of the training rows in a zip of JSON lines."""
    articles: dict[str, list[Asked]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if "train" in name]
        for line in archive.read(names[0]).decode("utf-8").splitlines():
            row = json.loads(line)
            starts = [{"answer_start": place} for place in row["answers"]["answer_start"]]
            answer = _sentence(row["context"], {"answers": starts})
            articles.setdefault(row["title"], []).append(Asked(_clean(row["question"]), answer))
    yield from articles.items()


def _clean(question: str) -> str:
    return " ".join(question.split()).strip(" -")


def _sentence(context: str, question: dict[str, Any]) -> str:
    """Return the sentence in which the first answer starts; nothing where there is none."""
    answers = question.get("answers") or []
    if not answers:
        return ""
    place = int(answers[0]["answer_start"])
    for start, end in sentences(context):
        if start <= place < end:
            return context[start:end].strip()[:_LONGEST_ANSWER]
    return ""


def reading_follow_ups(
    path: Path, language: str, count: int, rng: random.Random, *, name: str
) -> list[Example]:
    """Return at most ``count`` examples of all splits, articles kept whole.

    A question that names the article's subject comes first; another one that names it loses the
    name. A third of the turns keep it, after a question about it or about something else, and must
    stay as they are.

    Raises:
        DialogueError: A file cannot be read or is in no such format.
    """
    pool: list[tuple[str, str, list[Asked]]] = []
    for title, asked in read_articles(path):
        subject = _PARENTHESES.sub("", title).strip()
        naming = [one for one in asked if len(subject) > 1 and subject in one.question]
        if len(naming) > 1:
            pool.append((title, subject, naming))
    rng.shuffle(pool)
    found: list[Example] = []
    rounds = max(1, -(-count // max(1, len(pool))))
    for _ in range(rounds):
        for title, subject, naming in pool:
            split = split_of(f"{name} {title}")
            words = wording(language, testing=split == "test")
            other = rng.choice(pool)
            number = f"{name}-{len(found)}"
            one = _example(number, subject, naming, words, other[2], rng, name, split)
            if one is not None and len(found) < count:
                found.append(one)
    return found


def _example(
    number: str,
    subject: str,
    naming: Sequence[Asked],
    words: Wording,
    others: Sequence[Asked],
    rng: random.Random,
    name: str,
    split: str,
) -> Example | None:
    picked = rng.sample(list(naming), min(len(naming), rng.choice((2, 2, 3))))
    *before, last = picked
    pairs = [(one.question, rng.choice((one.answer, one.answer, ""))) for one in before]
    chance = rng.random()
    if chance < 0.33:
        if chance < 0.2:
            pairs = [(one.question, one.answer) for one in rng.sample(list(others), 1)]
        return Example(
            number,
            words.language,
            exchange(pairs),
            last.question,
            last.question,
            "standalone",
            name,
            split,
        )
    turn = without_name(last.question, subject, words, rng)
    if turn is None:
        return None
    if rng.random() < 0.3 and others is not naming:
        strange = rng.choice(list(others))
        pairs.insert(0, (strange.question, strange.answer))
    return Example(
        number,
        words.language,
        exchange(pairs),
        turn,
        last.question,
        "reference",
        name,
        split,
        (subject,),
    )


def without_name(question: str, name: str, words: Wording, rng: random.Random) -> str | None:
    """Return the question with every ``name`` replaced or dropped; None where nothing is left.

    Of the ways to refer to it, those of the longest pattern in the question are chosen from.
    """
    fitting = [
        (words.filled(pattern, name), instead)
        for pattern, instead in words.swaps
        if words.filled(pattern, name) in question
    ]
    if not fitting:
        return None
    longest = max(len(pattern) for pattern, _ in fitting)
    pattern, instead = rng.choice([one for one in fitting if len(one[0]) == longest])
    turn = question.replace(pattern, instead).replace(name, instead)
    turn = " ".join(turn.split()).lstrip("、，, ")
    turn = re.sub(r"^([¿¡]?)(\w)", lambda m: m[1] + m[2].upper(), turn)
    return turn if sum(c.isalnum() for c in turn) > 2 and turn != question else None
