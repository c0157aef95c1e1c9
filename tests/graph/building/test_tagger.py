"""Names found in running text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from convrag.config import load_config
from convrag.errors import ModelError
from convrag.graph.building.tagger import (
    FORBIDDEN,
    KINDS,
    SHIPPED,
    TAGS,
    EntityTagger,
    Head,
    names_in,
    read_head,
    write_head,
)
from convrag.models import load_encoder
from convrag.models.torch_encoder import TextTokens

BEGIN = {kind: 1 + 2 * number for number, kind in enumerate(KINDS)}
SENTENCES = {
    "latin": (
        "en",
        "Marie Curie was born in Warsaw.",
        {"Marie Curie": "person", "Warsaw": "place"},
    ),
    "cyrillic": ("ru", "Юрий Гагарин родился в России.", {"Юрий Гагарин": "person"}),
    "arabic": (
        "ar",
        "التقى الرئيس ماكرون بالوفد في باريس.",
        {"ماكرون": "person", "باريس": "place"},
    ),
    "devanagari": ("hi", "नरेंद्र मोदी कल टोक्यो गए।", {"नरेंद्र मोदी": "person", "टोक्यो": "place"}),
    "han": ("zh", "马云昨天抵达伦敦访问。", {"伦敦": "place"}),
    "kana": ("ja", "彼は昨日ロンドンに着いた。", {"ロンドン": "place"}),
    "hangul": ("ko", "그는 어제 런던에 도착했다.", {"런던": "place"}),
    "thai": ("th", "เขาเดินทางถึงลอนดอนเมื่อวานนี้", {"ลอนดอน": "place"}),
}


def reading(**about: object) -> Head:
    """Return a head that reads the tag off the states: the largest of TAGS numbers."""
    steps = np.zeros((TAGS, TAGS), dtype=np.float32)
    start = np.zeros(TAGS, dtype=np.float32)
    for tag in range(2, TAGS, 2):
        start[tag] = FORBIDDEN
        steps[[t for t in range(TAGS) if t not in (tag - 1, tag)], tag] = FORBIDDEN
    hidden = np.zeros((3 * TAGS, TAGS), dtype=np.float32)
    hidden[TAGS : 2 * TAGS] = np.eye(TAGS)
    return Head(
        {"encoder": "made", "layer": 1, **about},
        mean=np.zeros(TAGS, dtype=np.float32),
        scale=np.ones(TAGS, dtype=np.float32),
        hidden=hidden,
        hidden_bias=np.zeros(TAGS, dtype=np.float32),
        out=np.eye(TAGS, dtype=np.float32) * 9,
        out_bias=np.zeros(TAGS, dtype=np.float32),
        start=start,
        steps=steps,
    )


def tagged(text: str, language: str, parts: Sequence[tuple[str, int]]) -> list[tuple[str, str]]:
    """Return the names in ``text`` when its tokens, in order, are scored as given."""
    spans, at = [], 0
    for part, _ in parts:
        at = text.index(part, at)
        spans.append((at, at + len(part)))
        at += len(part)
    states = np.eye(TAGS, dtype=np.float32)[[tag for _, tag in parts]]
    names = names_in(text, language, states, spans, reading())
    assert all(0 <= name.score <= 1 for name in names)
    return [(text[slice(*name.span)], name.kind) for name in names]


@pytest.mark.parametrize(
    ("language", "text", "parts", "names"),
    [
        ("en", "in Klagenfurt, he", [("in", 0), ("Klagen", 3), ("furt", 0)], ["Klagenfurt"]),
        ("en", "Saint-Louis won", [("Saint", 5), ("-", 0), ("Louis", 5)], ["Saint-Louis"]),
        ("fr", "l'Élysée ferme", [("l", 0), ("'", 0), ("Élys", 3), ("ée", 4)], ["Élysée"]),
        ("ru", "из Казахстана в", [("Казахстан", 3), ("а", 0)], ["Казахстана"]),
        ("hi", "वह टोक्यो में", [("टोक", 3), ("्यो", 0)], ["टोक्यो"]),
        ("ar", "في سوريا والعراق", [("سوريا", 3), ("وال", 0), ("عراق", 3)], ["سوريا", "العراق"]),
        ("ar", "ولندن جميلة", [("و", 0), ("لندن", 3)], ["لندن"]),
        ("fa", "واشنگتن بزرگ است", [("و", 0), ("اشنگتن", 3)], ["واشنگتن"]),
        ("he", "הוא בלונדון", [("ב", 0), ("לונדון", 3)], ["לונדון"]),
        ("ko", "런던에 갔다", [("런던", 3), ("에", 0)], ["런던"]),
        ("ja", "彼はロンドンに", [("彼は", 0), ("ロン", 3), ("ドン", 0), ("に", 0)], ["ロンドン"]),
        ("zh", "在上海附近", [("在", 0), ("上海", 3), ("附近", 0)], ["上海"]),
        ("zh", "用iPad看", [("用", 0), ("i", 7), ("Pad", 0)], ["iPad"]),
        ("th", "ไปลอนดอนแล้ว", [("ไป", 0), ("ลอนดอน", 3), ("แล้ว", 0)], ["ลอนดอน"]),
    ],
)
def test_names_are_whole_words_without_what_is_written_to_them(
    language: str, text: str, parts: list[tuple[str, int]], names: list[str]
) -> None:
    assert [name for name, _ in tagged(text, language, parts)] == names


def test_names_keep_their_kinds_and_neighbours_stay_apart() -> None:
    parts = [("浙江", 3), ("绍兴", 3), ("的", 0), ("鲁", 1), ("迅", 2)]
    names = [("浙江", "place"), ("绍兴", "place"), ("鲁迅", "person")]
    assert tagged("浙江绍兴的鲁迅", "zh", parts) == names
    # What may not go on with a name begins none: the second token is none of the person's.
    assert tagged("Анна вода", "ru", [("Анна", 1), ("вода", 4)])[0] == ("Анна", "person")
    assert names_in("", "en", np.zeros((0, TAGS), np.float32), (), reading()) == ()


def test_best_sequence_and_probabilities_are_those_of_all_sequences() -> None:
    rng = np.random.default_rng(5)
    start, steps = rng.normal(size=TAGS), rng.normal(size=(TAGS, TAGS))
    head = replace(reading(), start=start, steps=steps)
    scores = rng.normal(size=(4, TAGS))
    every = np.array(list(product(range(TAGS), repeat=4)))
    total = start[every[:, 0]] + scores[np.arange(4), every].sum(axis=1)
    total += steps[every[:, :-1], every[:, 1:]].sum(axis=1)
    assert head.best(scores) == every[total.argmax()].tolist()
    weight = np.exp(total - total.max())
    inside = [(weight * (every[:, at] > 0)).sum() / weight.sum() for at in range(4)]
    assert head.inside(scores) == pytest.approx(inside)


class MadeEncoder:
    """Gives each word a state that says its tag; notes the layer it was asked for."""

    id = "made"
    asked = 0

    def tokens(self, texts: Sequence[str], *, layer: int) -> list[TextTokens]:
        self.asked = layer
        found = []
        for text in texts:
            words = text.split(" ")
            starts = np.cumsum([0, *(len(word) + 1 for word in words)])[:-1].tolist()
            spans = tuple((s, s + len(w)) for s, w in zip(starts, words, strict=True) if w)
            tags = [BEGIN["place"] if word.istitle() else 0 for word in words if word]
            states = np.eye(TAGS, dtype=np.float32)[tags].reshape(len(tags), TAGS)
            found.append(TextTokens(states, spans))
        return found


def test_each_text_has_its_own_names_however_many_there_are() -> None:
    encoder = MadeEncoder()
    tagger = EntityTagger(encoder, reading(layer=6))
    texts = [f"we saw {'Oslo' if number % 3 else ''} and Rome" for number in range(150)]
    found = tagger.tag(texts, ["en"] * len(texts))
    assert encoder.asked == 6
    for text, names in zip(texts, found, strict=True):
        assert [text[slice(*name.span)] for name in names] == [
            w for w in text.split() if w.istitle()
        ]
    assert tagger.tag([], []) == []


def test_a_head_is_the_same_after_writing_and_damage_is_told(tmp_path: Path) -> None:
    path, again = tmp_path / "head.npz", tmp_path / "again.npz"
    write_head(path, reading(licence="CC BY-SA 4.0"))
    head = read_head(path)
    assert head.about == {"encoder": "made", "layer": 1, "licence": "CC BY-SA 4.0"}
    assert np.array_equal(head.steps, reading().steps.astype("<f2"))
    write_head(again, head)
    assert again.read_bytes() == path.read_bytes()
    write_head(path, replace(reading(), out=np.zeros((2, 2), np.float32)))
    with pytest.raises(ModelError, match="other shapes"):
        read_head(path)
    write_head(path, replace(reading(), mean=np.full(TAGS, np.nan, np.float32)))
    with pytest.raises(ModelError, match="not finite"):
        read_head(path)
    path.write_bytes(again.read_bytes()[:-200])
    with pytest.raises(ModelError, match="not a readable tagger"):
        read_head(path)


def test_an_encoder_that_the_head_is_not_for_is_refused() -> None:
    with pytest.raises(ModelError, match="trained for embedded:e5-small"):
        EntityTagger.load(MadeEncoder())
    with pytest.raises(ModelError, match="gives no tokens"):
        EntityTagger.load(load_encoder("scripted:hash-64", config=load_config()))


def test_the_shipped_head_says_what_it_is_made_from() -> None:
    about = read_head(SHIPPED).about
    assert about["licence"] == "CC BY-SA 4.0"
    assert "NTREX" in about["sources"]
    assert SHIPPED.stat().st_size < 2_000_000


@pytest.fixture(scope="module")
def tagger() -> EntityTagger:
    return EntityTagger.load(
        load_encoder("embedded:e5-small", config=load_config(), runtime="torch")
    )


@pytest.mark.model
def test_names_are_found_in_eight_scripts(tagger: EntityTagger) -> None:
    texts = [text for _, text, _ in SENTENCES.values()]
    found = tagger.tag(texts, [language for language, _, _ in SENTENCES.values()])
    for (_, text, wanted), names in zip(SENTENCES.values(), found, strict=True):
        kinds = {text[slice(*name.span)]: name.kind for name in names}
        assert kinds.items() >= wanted.items()


@pytest.mark.model
def test_places_are_those_of_the_text_as_it_was_given(tagger: EntityTagger) -> None:
    texts = [
        "<s> Zoe\N{COMBINING DIAERESIS} Müller vive a\N{COMBINING GRAVE ACCENT} Genève.",
        "",
        "\0 ",
    ]
    names, *nothing = tagger.tag(texts, ["fr"] * 3)
    assert [texts[0][slice(*name.span)] for name in names] == [texts[0][4:15], "Genève"]
    assert nothing == [(), ()]
    long = "We walked to the station and waited. " * 150 + "Then Marie Curie came to Warsaw."
    last = tagger.tag([long], ["en"])[0][-1]
    assert long[slice(*last.span)] == "Warsaw"
