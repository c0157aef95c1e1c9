"""Repeats are dropped, texts that say something else are not, and unlike ones can be preferred."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convrag.retrieval.diversity import diversified, without_repeats
from convrag.types import Passage
from tests.retrieval.samples import TEXTS

LONG = {code: " ".join([text] * 4) for code, text in TEXTS.items()}


def passage(text: str, language: str = "en", **others) -> Passage:
    return Passage(text[:8], text, "", language, "s", (0, len(text)), **others)


def same(count: int) -> np.ndarray:
    return np.tile(np.array([1.0, 0.0], np.float32), (count, 1))


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_the_same_text_but_for_case_and_spacing_comes_once(language: str):
    text = TEXTS[language]
    copies = [passage(text), passage(f"  {text.upper()} \n"), passage(text.replace(" ", "  "))]
    unlike = np.eye(3, dtype=np.float32)
    assert without_repeats(copies, unlike, k=9) == [0]


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_a_text_with_a_small_change_comes_once(language: str):
    first = passage(LONG[language], language)
    changed = passage(LONG[language][:-1] + "!", language)
    assert without_repeats([first, changed], same(2), k=9) == [0]
    assert without_repeats([first, changed], np.eye(2, dtype=np.float32), k=9) == [0, 1]


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_another_number_is_another_text(language: str):
    one, two = (passage(f"{LONG[language]} XR-{n}", language) for n in (200, 300))
    assert without_repeats([one, two], same(2), k=9) == [0, 1]


def test_another_entity_or_language_is_another_text():
    text = LONG["en"]
    one = passage(text, entity_ids=("france",))
    assert without_repeats([one, passage(text + "!", entity_ids=("spain",))], same(2), k=9) == [
        0,
        1,
    ]
    assert without_repeats([passage(text), passage(text + "!", "de")], same(2), k=9) == [0, 1]


def test_overlapping_pieces_stay():
    words = [f"word{chr(97 + n)}" for n in range(26)]
    one, two = passage(" ".join(words[:18])), passage(" ".join(words[8:]))
    assert without_repeats([one, two], same(2), k=9) == [0, 1]


def test_no_more_than_asked_for_and_the_first_of_each():
    found = [passage("a"), passage("A"), passage("b"), passage("c")]
    unlike = np.eye(4, dtype=np.float32)
    assert without_repeats(found, unlike, k=2) == [0, 2]
    assert without_repeats(found, unlike, k=0) == []
    assert without_repeats([], np.zeros((0, 4), np.float32), k=3) == []
    assert without_repeats([replace(found[0], text="")], unlike[:1], k=3) == [0]


def test_unlike_passages_by_hand():
    vectors = np.array([[1, 0], [0.99, 0.14], [0, 1]], np.float32)
    relevance = [1.0, 0.9, 0.5]
    assert diversified(relevance, vectors, k=3, weight=0.0) == [0, 1, 2]
    # Second place: .5 * .8 - .5 * .99 for the near one, 0 - 0 for the far one.
    assert diversified(relevance, vectors, k=3, weight=0.5) == [0, 2, 1]
    assert diversified(relevance, vectors, k=1, weight=1.0) == [0]


def test_a_unit_is_no_matter_and_nothing_gives_nothing():
    vectors = np.array([[1, 0], [0.9, 0.44], [0.5, 0.87], [0, 1]], np.float32)
    one = diversified([4.0, 3.0, 2.0, 1.0], vectors, k=4, weight=0.3)
    assert one == diversified([0.4, 0.3, 0.2, 0.1], vectors, k=4, weight=0.3)
    assert diversified([], np.zeros((0, 2), np.float32), k=4, weight=0.3) == []
    assert diversified([1.0, 1.0], vectors[:2], k=9, weight=0.0) == [0, 1]
