"""XQuAD and XQuAD-R as sides of questions and passages: held out, not for training or choosing."""

from __future__ import annotations

import random
from bisect import bisect_right
from pathlib import Path
from typing import Any

from tests.bench.crosslingual import SEED, Family, Side, read_json, side_of, squad_rows


def held_out_families(data: Path, limit: int = 300) -> tuple[Family, Family]:
    """Return XQuAD, question -> paragraph, and XQuAD-R, question -> answer sentence.

    The same ``limit`` questions are asked in every language, of all paragraphs and sentences.
    """
    numbers = [number for _, _, number, _ in squad_rows(data / "xquad" / "xquad.en.json")]
    asking = set(random.Random(SEED).sample(numbers, limit))
    languages = ("ar", "de", "en", "es", "hi", "ru", "th", "vi", "zh")
    questions, paragraphs, sentences = [], [], []
    for language in languages:
        rows = list(squad_rows(data / "xquad" / f"xquad.{language}.json"))
        asked = [(number, question) for _, _, number, question in rows if number in asking]
        questions.append(side_of(f"test-xquad-{language}.q", language, "query", asked))
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
        answering = _answer_sentences(read_json(data / "xquad_r" / f"{language}.json.gz"))
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
