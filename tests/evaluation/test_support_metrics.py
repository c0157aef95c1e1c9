"""Support of statements and citations: what speaks for and against, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from convrag.evaluation.metrics.citations import Statement, citation_scores, statements
from convrag.evaluation.metrics.support import SUPPORTED, features, signals, support

CASES = [
    (
        "en",
        "The tower was built in 1889 by Gustave Eiffel. It is made of iron.",
        "Gustave Eiffel built the tower in 1889.",
        "Gustave Eiffel built the tower in 1925.",
        "Thomas Edison invented the light bulb in Ohio.",
    ),
    (
        "de",
        "Der Dom wurde 1880 vollendet. Er steht in Köln am Rhein.",
        "Der Dom in Köln wurde 1880 vollendet.",
        "Der Dom in Köln wurde 1914 vollendet.",
        "Berlin hat viele Museen und einen Zoo.",
    ),
    (
        "ru",
        "Кремль был построен в 1495 году. Он стоит в Москве.",
        "Кремль в Москве построен в 1495 году.",
        "Кремль в Москве построен в 1812 году.",
        "Байкал является самым глубоким озером.",
    ),
    (
        "ar",
        "بنيت القلعة في القاهرة عام 1176 وهي من الحجر.",
        "بنيت القلعة في القاهرة عام 1176.",
        "بنيت القلعة في القاهرة عام 1950.",
        "تقع مدينة مراكش قرب الجبال.",
    ),
    (
        "hi",
        "ताज महल 1653 में आगरा में बना। वह संगमरमर का है।",
        "ताज महल आगरा में 1653 में बना।",
        "ताज महल आगरा में 1801 में बना।",
        "गंगा नदी हिमालय से निकलती है।",
    ),
    (
        "zh",
        "长城始建于公元前221年。它位于中国北方。",
        "长城始建于公元前221年。",
        "长城始建于公元前900年。",
        "东京是日本最大的城市之一。",
    ),
    (
        "th",
        "วัดพระแก้วสร้างเมื่อ 1782 อยู่ในกรุงเทพ",
        "วัดพระแก้วสร้างเมื่อ 1782",
        "วัดพระแก้วสร้างเมื่อ 1999",
        "ภูเขาไฟฟูจิอยู่ในญี่ปุ่น",
    ),
]


@pytest.mark.parametrize(("language", "text", "said", "wrong", "other"), CASES)
def test_what_the_text_says_is_supported(language, text, said, wrong, other) -> None:
    own, number, foreign = (signals(each, text, language) for each in (said, wrong, other))
    assert (own.numbers, number.numbers) == (0.0, 1.0)
    assert own.words > 0.8 > foreign.words
    assert support(own) >= SUPPORTED > support(foreign)
    assert support(own) > support(number) > support(foreign)


def test_every_signal_is_told() -> None:
    text = "Marie Curie won the prize in Paris. She did not live in Rome."
    found = signals("Marie Curie never won 2 prizes in Berlin.", text, "en")
    assert found.numbers == 1.0  # 2 is nowhere
    assert found.names == 1 / 2  # "Curie" is there, "Berlin" is not; "Marie" begins the sentence
    assert found.negated == 1.0  # the sentence that is closest says no such thing
    assert 0 < found.pairs < found.order < found.words < 1
    assert len(features(found)) == 5


@pytest.mark.parametrize(
    ("language", "plain", "negated"),
    [
        ("en", "The house is old.", "The house isn't old."),
        ("es", "La casa es vieja.", "La casa no es vieja."),
        ("ru", "Дом старый.", "Дом не старый."),
        ("ar", "البيت قديم.", "البيت ليس قديم."),
        ("hi", "घर पुराना है।", "घर पुराना नहीं है।"),
        ("ja", "家は古い。", "家は古くない。"),
        ("zh", "房子很旧。", "房子不旧。"),
        ("th", "บ้านเก่า", "บ้านไม่เก่า"),
    ],
)
def test_negation_is_seen_on_either_side(language: str, plain: str, negated: str) -> None:
    assert signals(plain, negated, language).negated == 1.0
    assert signals(negated, plain, language).negated == 1.0
    assert signals(negated, negated, language).negated == 0.0


class _Axes:
    """An encoder that knows two meanings."""

    id, dimension = "axes", 2

    def encode(self, texts, kind="query"):
        return np.array([(1, 0) if "cat" in text else (0, 1) for text in texts], np.float32)


def test_the_encoder_compares_the_closest_sentences() -> None:
    text = "A dog barks. The cat sleeps."
    assert signals("One cat is here.", text, "en", encoder=_Axes()).meaning == 1.0
    assert signals("One cat is here.", "A dog barks.", "en", encoder=_Axes()).meaning == 0.0
    assert len(features(signals("A cat.", text, "en", encoder=_Axes()))) == 6


SPLIT = [
    ("en", "It is red [1]. It is big [2][3]. So it is.", [(1,), (2, 3), ()]),
    ("en", "It is red. [1] It is big. [2]", [(1,), (2,)]),
    ("de", "Er ist rot [1](#a). Er ist groß [2].", [(1,), (2,)]),
    ("zh", "它是红色的[1]。它很大[2]。", [(1,), (2,)]),
    ("ar", "هو أحمر [1]. هو كبير [2].", [(1,), (2,)]),
    ("hi", "यह लाल है [1]। यह बड़ा है [2]।", [(1,), (2,)]),
    ("ru", "Он красный [1]. Он большой [1].", [(1,), (1,)]),
    ("ja", "赤いです[1]。大きいです。", [(1,), ()]),
]


@pytest.mark.parametrize(("language", "answer", "markers"), SPLIT)
def test_citations_belong_to_the_sentence_before_them(language, answer, markers) -> None:
    found = statements(answer, language)
    assert [statement.markers for statement in found] == markers
    assert not any("[" in statement.text for statement in found)


def _supports(text: str, sentence: str) -> float:
    """Return 1 when every word of the sentence is in the text."""
    return float(set(sentence.split()) <= set(text.split()))


def test_citations_are_scored_as_alce_does() -> None:
    """Gao et al. 2023, section 3: the second citation of the first sentence adds nothing."""
    said = [
        Statement("a b", (1, 2)),  # 1 alone supports it
        Statement("c d", (2, 3)),  # only both together do
        Statement("e", (1,)),  # not supported
        Statement("f", ()),
    ]
    sources = {1: "a b", 2: "c", 3: "d"}
    scores = citation_scores(said, sources, _supports, least=0.5)
    assert scores.recall == 2 / 4
    assert scores.precision == 3 / 5  # 1; 2 and 3; neither 2 of the first nor 1 of the third
    assert scores.attribution == 2 / 4
    assert (scores.sentences, scores.citations) == (4, 5)


def test_a_citation_of_nothing_is_wrong() -> None:
    scores = citation_scores([Statement("a", (1, 9))], {1: "a"}, _supports, least=0.5)
    assert (scores.recall, scores.precision) == (1.0, 0.5)


def test_without_sentences_or_citations_there_is_no_score() -> None:
    scores = citation_scores([], {}, _supports, least=0.5)
    assert (scores.recall, scores.precision, scores.attribution) == (None, None, None)
    assert citation_scores([Statement("a", ())], {}, _supports, least=0.5).precision is None
