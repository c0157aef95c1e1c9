"""Passages: exact slices, nothing lost, whole sentences, headings with their sections."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.text.chunk import chunk, size
from convrag.types import Document, Page


def document(text: str, language: str = "", pages: tuple[Page, ...] = ()) -> Document:
    return Document("d1", text, "Guide", language, "guide.md", "0" * 64, pages)


def test_sections_keep_their_headings() -> None:
    text = "# Guide\n\nWelcome here.\n\n## Reset\n\nHold the button. Wait.\n\n### Deep\n\nMore.\n"
    passages = chunk(document(text, "en"))
    assert [(p.title, p.text) for p in passages] == [
        ("Guide", "# Guide\n\nWelcome here."),
        ("Guide › Reset", "## Reset\n\nHold the button. Wait."),
        ("Guide › Deep", "### Deep\n\nMore."),
    ]
    assert [p.id for p in passages] == ["d1#0", "d1#1", "d1#2"]
    assert all(p.document_id == "d1" and not p.entity_ids for p in passages)


def test_a_heading_without_text_joins_the_next() -> None:
    passages = chunk(document("# Guide\n\n## Part\n\nText.", "en"))
    assert [(p.title, p.text) for p in passages] == [
        ("Guide › Part", "# Guide\n\n## Part\n\nText.")
    ]


SENTENCES = {
    "en": "The cat number {n} sat on the mat. ",
    "zh": "第{n}只猫坐在垫子上面看月亮。",
    "ja": "猫は{n}番目のマットに座った。",
    "ar": "جلست القطة رقم {n} على البساط. ",
    "hi": "बिल्ली {n} चटाई पर बैठी थी। ",
    "ru": "Кошка номер {n} сидела на ковре. ",
    "th": "แมวตัวที่ {n} นั่งบนเสื่อ\n",
    "de": "Die Katze Nummer {n} saß auf der Matte. ",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_passages_are_whole_sentences_with_one_repeated(language: str) -> None:
    text = "".join(SENTENCES[language].format(n=n) for n in range(10, 40))
    passages = chunk(document(text, language), max_words=30)
    assert len(passages) > 3
    for before, after in zip(passages, passages[1:], strict=False):
        assert size(before.text) <= 30
        shared = text[after.span[0] : before.span[1]].strip()
        assert shared == SENTENCES[language].format(n=shared_number(shared)).strip()


def shared_number(sentence: str) -> str:
    return "".join(char for char in sentence if char.isdigit())


def test_no_overlap_when_none_is_asked_for() -> None:
    text = "".join(SENTENCES["en"].format(n=n) for n in range(10, 40))
    passages = chunk(document(text, "en"), max_words=30, overlap=0)
    assert all(a.span[1] <= b.span[0] for a, b in zip(passages, passages[1:], strict=False))


def test_a_long_sentence_is_cut_at_a_clause() -> None:
    text = "one two three four five six seven, eight nine ten eleven twelve thirteen fourteen."
    passages = chunk(document(text, "en"), max_words=10, overlap=0)
    assert [p.text for p in passages] == [
        "one two three four five six seven,",
        "eight nine ten eleven twelve thirteen fourteen.",
    ]
    assert [p.text for p in chunk(document("北" * 50, "zh"), max_words=10)] == ["北" * 20] * 2 + [
        "北" * 10
    ]


def test_a_table_and_a_list_are_not_cut() -> None:
    table = "| a | b |\n|---|---|\n| one | two |\n| three | four |"
    items = "- first thing\n- second thing\n- third thing"
    text = f"Some words come before the table now.\n\n{table}\n\nAnd some more words.\n\n{items}\n"
    texts = [p.text for p in chunk(document(text, "en"), max_words=12, overlap=0)]
    assert any(table in t for t in texts)
    assert any(items in t for t in texts)


def test_pages_are_where_passages_start() -> None:
    first, second = "Page one is here. ", "Page two is there."
    pages = (Page(1, (0, len(first))), Page(2, (len(first), len(first + second))))
    passages = chunk(document(first + second, "en", pages), max_words=4, overlap=0)
    assert [p.page for p in passages] == [1, 2]
    assert chunk(document("No pages."))[0].page is None


def test_bad_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="max_words"):
        chunk(document("x"), max_words=1)


texts = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("aaa bbb ,.。!？\n\n##|- 1.北京あカअعไ"),
    ),
    max_size=300,
)


@settings(max_examples=300, deadline=None)
@given(texts, st.integers(4, 20), st.integers(0, 2), st.sampled_from(["", "en", "zh", "ar", "th"]))
def test_slices_are_exact_and_nothing_is_lost(
    text: str, limit: int, overlap: int, language: str
) -> None:
    passages = chunk(document(text, language), max_words=limit, overlap=overlap)
    covered: set[int] = set()
    for passage in passages:
        start, end = passage.span
        assert text[start:end] == passage.text
        assert passage.text.strip() == passage.text != ""
        covered.update(range(start, end))
    assert all(i in covered for i, char in enumerate(text) if not char.isspace())
    assert all(a.span < b.span for a, b in zip(passages, passages[1:], strict=False))
    assert all(size(p.text) <= limit * 1.25 + 1 for p in passages)


@pytest.mark.parametrize(
    ("unit", "times"), [("ก", 30_000), ("```\n", 5_000), ("ア", 30_000), ("| - |\n", 5_000)]
)
def test_long_runs_without_sentences_are_bounded(unit: str, times: int) -> None:
    text = unit * times
    passages = chunk(document(text))
    assert all(len(passage.text) <= 6000 for passage in passages)
    assert sum(passage.text.count(text[0]) for passage in passages) >= text.count(text[0])
