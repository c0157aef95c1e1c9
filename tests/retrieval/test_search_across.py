"""A question finds passages in other languages by its translated words and names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from convrag.retrieval.index import Index
from convrag.retrieval.lexical import MAX_TERMS, LexicalChannel
from convrag.types import Filter
from tests.retrieval.samples import HashingEncoder, document

ABOUT_JAPAN = {
    "ar": "اليابان دولة في آسيا",
    "en": "Japan has many islands",
    "he": "יפן היא מדינה באסיה",
    "hi": "जापान एशिया का देश है",
    "ja": "日本は島国である",
    "ru": "Япония находится на островах",
    "th": "ญี่ปุ่นเป็นประเทศหมู่เกาะ",
    "zh": "日本是一个岛国",
}
ABOUT_BRAZIL = {
    "ar": "البرازيل كبيرة",
    "en": "Brazil is large",
    "he": "ברזיל גדולה",
    "hi": "ब्राज़ील बड़ा है",
    "ja": "ブラジルは大きい",
    "ru": "Бразилия велика",
    "th": "บราซิลมีขนาดใหญ่",
    "zh": "巴西很大",
}
LANGUAGES = sorted(ABOUT_JAPAN)


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LexicalChannel]:
    encoder = HashingEncoder()
    folder: Path = tmp_path_factory.mktemp("across") / "index"
    documents = [
        document(f"{name}-{language}", texts[language], language, "")
        for name, texts in (("japan", ABOUT_JAPAN), ("brazil", ABOUT_BRAZIL))
        for language in LANGUAGES
    ]
    with Index.create(folder, encoder=encoder) as index:
        index.update(documents, encoder)
        yield LexicalChannel(index)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_passages_in_all_other_languages_are_found(channel: LexicalChannel, language: str):
    hits = channel.search_across(ABOUT_JAPAN[language], language=language, k=20)
    found = {passage_id.split("#")[0] for passage_id, _ in hits}
    assert found >= {f"japan-{other}" for other in LANGUAGES if other != language}
    assert f"japan-{language}" not in found
    assert all(score > 0 for _, score in hits)
    assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0]))


def test_a_filter_and_a_number_of_hits_hold(channel: LexicalChannel):
    only = Filter(languages=("en", "ru"))
    hits = channel.search_across("Where is Japan?", language="en", k=5, filter=only)
    assert [passage_id for passage_id, _ in hits] == ["japan-ru#0"]
    assert len(channel.search_across("Japan Brazil", language="en", k=3)) == 3
    assert channel.search_across("Japan Brazil", language="en", k=0) == []


def test_a_question_of_unknown_language_finds_nothing(channel: LexicalChannel):
    assert channel.search_across("Japan", language="", k=5) == []


def test_a_long_question_is_searched_by_its_rarest_terms(channel: LexicalChannel):
    asked = " ".join(f"{number}" for number in range(3 * MAX_TERMS)) + " Japan"
    hits = channel.search_across(asked, language="en", k=20)
    assert "japan-ru#0" in dict(hits)
