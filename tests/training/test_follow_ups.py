"""Built follow-ups: what they say, that the splits share nothing, and that a seed repeats them."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from convrag.errors import DialogueError, UsageError
from convrag.text.normalize import match_key
from convrag.training.corpus import built
from convrag.training.examples import Example, read_examples, to_line
from convrag.training.reading import reading_follow_ups, without_name
from convrag.training.things import Thing, invented
from convrag.training.wording import Wording, languages, wording

NAMES = {
    "en": "Land",
    "zh": "国家",
    "es": "País",
    "fr": "Pays",
    "de": "Gebiet",
    "ar": "بلاد",
    "hi": "प्रदेश",
    "ru": "Край",
    "ja": "地方",
    "pt": "Terra",
    "ko": "나라",
    "it": "Paese",
    "th": "ประเทศ",
    "vi": "Vùng",
}
LETTERS = "ABCDEFGHIKLMNOPQ"
OWNERS = ("its", "his", "her")
GERMAN = ("er", "sie", "es", "das", "dieser", "diese")
RUSSIAN = ("он", "она", "его", "её", "это", "они", "эта", "этот")


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - repeatable


def things() -> list[Thing]:
    return [
        Thing(kind, {code: f"{name} {kind[0].upper()}{letter}" for code, name in NAMES.items()})
        for kind in ("country", "city", "river", "mountain", "any")
        for letter in LETTERS
    ]


def examples(language: str, split: str = "train", seed: int = 1) -> list[Example]:
    return built(things(), [language], 300, seed, splits=[split])


def test_every_language_has_all_words() -> None:
    assert len(languages()) >= 10
    for code in languages():
        train, test = wording(code), wording(code, testing=True)
        for part in (train, test):
            assert len(part.facts) >= 4
            for fact in part.facts:
                assert "{x}" in fact.question
                assert "{x}" in fact.answer
                assert ("{y}" in fact.answer) == bool(fact.gives)
                assert "{" not in fact.answer.replace("{x}", "").replace("{y}", "")
                assert len(fact.follow_ups) >= 3
                assert not any("{" in text for text in fact.follow_ups)
            assert all("{x}" in text for text in part.ellipsis)
            assert {place for _, place in part.picks} == {0, 1, 2}
            for kind in ("country", "city", "person", "organisation", "product"):
                assert sum(fact.kind == kind for fact in part.facts) > 1
        assert not set(train.facts) & set(test.facts)
        assert not set(train.ellipsis) & set(test.ellipsis)
        assert not set(train.swaps) & set(test.swaps)
        assert not set(train.picks) & set(test.picks)
        assert train.names
        assert test.names
        assert not set(train.names) & set(test.names)


@pytest.mark.parametrize("language", sorted(NAMES))
def test_what_a_turn_needs_is_in_the_history_and_in_the_rewrite_only(language: str) -> None:
    found = examples(language)
    assert {e.kind for e in found} >= {"reference", "ellipsis", "more", "standalone", "restart"}
    for one in found:
        history = match_key(" ".join(said.text for said in one.history))
        for need in one.needs:
            assert match_key(need) in history, one
            assert match_key(need) in match_key(one.rewrite), one
            if one.kind in ("reference", "answer"):
                assert match_key(need) not in match_key(one.turn), one
        if one.kind in ("standalone", "chat"):
            assert one.turn == one.rewrite
            assert not one.needs


@pytest.mark.parametrize("language", ["en", "zh", "ar", "hi", "ru", "ja", "ko", "th"])
def test_things_and_wordings_of_the_test_split_are_its_own(language: str) -> None:
    train, test = examples(language), examples(language, "test")
    asked = {one.rewrite for one in train if one.kind == "standalone"}
    assert test
    assert not asked & {one.rewrite for one in test}
    names = [
        {need for one in part if one.kind == "reference" for need in one.needs}
        for part in (train, examples(language, "dev"), test)
    ]
    assert all(names)
    assert not names[0] & names[1]
    assert not (names[0] | names[1]) & names[2]


@pytest.mark.parametrize("language", sorted(NAMES))
def test_the_thing_that_was_answered_is_of_the_kind_that_is_asked_for(language: str) -> None:
    words = wording(language)
    found = [one for one in examples(language) if one.kind == "answer"]
    assert found
    for one in found:
        (name,) = one.needs
        assert name in one.history[-1].text
        kinds = {f.kind for f in words.facts if words.filled(f.question, name) == one.rewrite}
        assert kinds & {"person", "city"}


def test_a_seed_repeats_the_examples() -> None:
    assert examples("ja") == examples("ja")
    assert examples("ja") != examples("ja", seed=2)


def test_an_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        wording("xx")
    assert "ja" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "expected"),
    [("서울", "서울은 언제"), ("파리", "파리는 언제"), ("KX-300", "KX-300는 언제")],
)
def test_korean_particles_agree(name: str, expected: str) -> None:
    assert wording("ko").filled("{x}은 언제", name) == expected


@pytest.mark.parametrize(
    ("language", "question", "name", "turns"),
    [
        ("en", "What is Ada's legacy?", "Ada", {f"What is {x} legacy?" for x in OWNERS}),
        ("ja", "東京の人口は？", "東京", {"その人口は？", "人口は？", "彼女の人口は？"}),
        ("zh", "北京的面积多大？", "北京", {"它的面积多大？", "其面积多大？", "面积多大？"}),
        ("ko", "서울의 인구는?", "서울", {"그 인구는?", "인구는?"}),
        ("hi", "पटना की आबादी?", "पटना", {"उसकी आबादी?", "इसकी आबादी?"}),
        ("de", "Wie alt ist Bonn?", "Bonn", {f"Wie alt ist {x}?" for x in GERMAN}),
        ("ru", "Как стар Омск?", "Омск", {f"Как стар {x}?" for x in RUSSIAN}),
    ],
)  # fmt: skip
def test_a_name_gives_way(language: str, question: str, name: str, turns: set[str]) -> None:
    words: Wording = wording(language)
    made = {without_name(question, name, words, dice(n)) for n in range(40)}
    assert made <= turns
    assert len(made) > 1


def test_a_question_that_is_nothing_but_the_name_is_left_out() -> None:
    assert without_name("東京は？", "東京", wording("ja"), dice(0)) != "は？"
    assert without_name("What is it?", "Ada", wording("en"), dice(0)) is None


def test_invented_names_are_new() -> None:
    rng = dice(3)
    names = ["Danube", "Vienna", "Aurora"]
    made = {invented(names, rng) for _ in range(40)}
    assert len(made - set(names)) > 15
    assert all(len(name) > 1 for name in made)


def articles(path: Path) -> None:
    data = [
        {
            "title": f"Turm {n}",
            "paragraphs": [
                {
                    "context": f"Turm {n} ist hoch. Er steht seit {1800 + n}.",
                    "qas": [
                        {"question": f"Wie hoch ist Turm {n}?", "answers": [{"answer_start": 0}]},
                        {"question": f"Seit wann steht Turm {n}?", "answers": []},
                    ],
                }
            ],
        }
        for n in range(30)
    ]
    path.write_bytes(gzip.compress(json.dumps({"data": data}).encode()))


def test_follow_ups_from_reading_sets_keep_articles_in_one_split(tmp_path: Path) -> None:
    path = tmp_path / "set.json.gz"
    articles(path)
    found = reading_follow_ups(path, "de", 90, dice(5), name="set")
    by_subject: dict[str, set[str]] = {}
    for one in found:
        for need in one.needs:
            by_subject.setdefault(need, set()).add(one.split)
            assert need not in one.turn
            assert need in one.rewrite
    assert len(by_subject) > 10
    assert all(len(splits) == 1 for splits in by_subject.values())
    assert any(not one.needs for one in found)


def test_lines_give_the_examples_back(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    found = [one for code in ("en", "zh", "ar", "hi", "ru", "ja") for one in examples(code)[:9]]
    path.write_text("".join(f"{to_line(one)}\n" for one in found), encoding="utf-8")
    assert list(read_examples(path)) == found


@pytest.mark.parametrize("line", ["{}", "[1]", '{"history": 3}', "no json"])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f"{to_line(examples('en')[0])}\n{line}\n", encoding="utf-8")
    with pytest.raises(DialogueError, match="x.jsonl:2"):
        list(read_examples(path))
