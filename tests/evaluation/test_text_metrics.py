"""ROUGE, BLEU, chrF, repetition and rewrite recovery against values worked by hand."""

from __future__ import annotations

import math

import pytest

from convrag.evaluation.metrics.overlap import (
    bleu,
    chrf,
    rouge_l,
    rouge_n,
    rouge_tokens,
)
from convrag.evaluation.metrics.wording import recovered, repetition, token_count

TOKENS = [
    ("It's 3.5 km!", ["it", "s", "3", "5", "km"]),
    ("Größe über Ål", ["größe", "über", "ål"]),
    ("नई दिल्ली", ["नई", "दिल्ली"]),
    ("Ёлка, снег", ["ёлка", "снег"]),
    ("من كتبَها؟", ["من", "كتبَها"]),
    ("北京2008年", ["北", "京", "2008", "年"]),
    ("กินข้าว", ["กิ", "น", "ข้", "า", "ว"]),
    ("서울 시청", ["서울", "시청"]),
    ("カフェX1", ["カ", "フ", "ェ", "x1"]),
]


@pytest.mark.parametrize(("text", "wanted"), TOKENS)
def test_words_and_characters_are_tokens(text: str, wanted: list[str]) -> None:
    assert rouge_tokens(text) == wanted
    assert token_count(text) == len(wanted)


def test_ngrams_are_clipped() -> None:
    """Unigrams: "the" twice of three, "cat" once; bigrams: "the cat" only."""
    share = rouge_n("the the the cat", ["the cat sat on the mat"], 1)
    assert (share.precision, share.recall) == (3 / 4, 3 / 6)
    assert share.f1 == pytest.approx(2 * 0.75 * 0.5 / 1.25)
    assert rouge_n("the the the cat", ["the cat sat on the mat"], 2).precision == 1 / 3


def test_the_common_subsequence_may_have_gaps() -> None:
    """Lin 2004, section 3: "police the gunman" shares two words in order, "police kill" three."""
    wanted = ["police killed the gunman"]
    assert rouge_l("police kill the gunman", wanted).f1 == 0.75
    assert rouge_l("the gunman kill police", wanted).f1 == 0.5


def test_the_best_reference_counts() -> None:
    assert rouge_l("北京", ["上海", "北京"]).f1 == 1.0


@pytest.mark.parametrize("text", ["", "..."])
def test_empty_texts_share_nothing(text: str) -> None:
    assert rouge_l(text, ["a b"]) == rouge_n(text, ["a b"], 1) == (0.0, 0.0, 0.0)


def test_bleu_is_the_mean_of_precisions_with_a_penalty() -> None:
    """4-grams 1/2, trigrams 2/3, bigrams 3/4, words 4/5; as long as the reference."""
    value = bleu("one two three four six", ["one two three four five"], "en")
    assert value == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25, abs=1e-4)
    short = bleu("one two three four", ["one two three four five"], "en")
    assert short == pytest.approx(math.exp(1 - 5 / 4), abs=1e-4)


@pytest.mark.parametrize("language", ["zh", "ja", "th"])
def test_bleu_counts_characters_where_no_spaces_are(language: str) -> None:
    text = {"zh": "他住在北京市", "ja": "東京に住む人", "th": "เขาอยู่ที่นี่"}[language]
    assert bleu(text, [text], language) == pytest.approx(1.0)
    assert 0 < bleu(text[:5] + "x" + text[6:], [text], language) < 1


def test_chrf_weighs_recall_twice() -> None:
    """One character n-gram: precision 1, recall 1/2, so 5 * .5 / (4 * 1 + .5)."""
    assert chrf("a", ["ab"]) == pytest.approx(5 * 0.5 / 4.5, abs=1e-3)
    assert chrf("москва", ["москва"]) == pytest.approx(1.0)


def test_repeated_ngrams_are_counted() -> None:
    assert repetition("a b a b a b a b", 2) == pytest.approx(1 - 2 / 7)
    assert repetition("天气天气天气", 2) == pytest.approx(1 - 2 / 5)
    assert repetition("one two", 4) == 0.0


RECOVERED = [
    (
        "en",
        "When was it built?",
        "When was the Eiffel Tower built?",
        "When was the Eiffel one?",
        0.5,
    ),
    ("de", "Wann wurde er gebaut?", "Wann wurde der Kölner Dom gebaut?", "Wann Kölner Dom?", 1.0),
    ("ru", "Когда его построили?", "Когда построили Кремль?", "Когда построили Кремль?", 1.0),
    ("ar", "متى بنيت؟", "متى بنيت القلعة؟", "متى بنيت؟", 0.0),
    ("hi", "यह कब बना?", "ताज कब बना?", "ताज कब बना?", 1.0),
    ("zh", "它什么时候建的？", "长城什么时候建的？", "长城什么时候建的？", 1.0),
    ("th", "สร้างเมื่อไร", "วัดพระแก้วสร้างเมื่อไร", "สร้างเมื่อไร", 0.0),
]


@pytest.mark.parametrize(("language", "question", "wanted", "rewrite", "share"), RECOVERED)
def test_words_that_the_dialogue_supplies_are_recovered(
    language: str, question: str, wanted: str, rewrite: str, share: float
) -> None:
    assert recovered(rewrite, question, [wanted], language) == pytest.approx(share)


def test_nothing_to_recover_is_no_score() -> None:
    assert recovered("Who?", "Who wrote Faust?", ["Who wrote Faust?"], "en") is None
    assert recovered("Who?", "Who wrote Faust?", [], "en") is None
