"""Search by words and by vectors: right in every script, and no question is a query."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.errors import ModelError
from convrag.retrieval import lexical
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import Filter
from tests.retrieval.samples import QUESTIONS, TEXTS, HashingEncoder, document

HOSTILE = [
    '" OR *',
    'paris" OR "berlin',
    "NEAR(capital paris, 5)",
    "title:paris",
    "{title body} : capital",
    "-body:paris",
    "^capital + paris",
    "capital*",
    "AND OR NOT",
    "capital\x00paris",
    "\x00",
    "'; DROP TABLE passages; --",
    "\ud800 capital",
    "(((((",
    "",
    "   ",
]


@pytest.mark.parametrize("language", sorted(QUESTIONS))
def test_words_find_the_passage_in_every_script(index: Index, language: str):
    hits = LexicalChannel(index).search(QUESTIONS[language], language=language, k=5)
    assert hits[0][0] == f"doc-{language}#0"
    assert all(score > 0 for _, score in hits)
    assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0]))


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_likeness_finds_the_passage_in_every_script(index: Index, encoder, language: str):
    (hits,) = DenseChannel(index).search(encoder.encode([TEXTS[language]]), k=3)
    assert hits[0][0] == f"doc-{language}#0"
    assert hits[0][1] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_is_never_read_as_a_query(index: Index, text: str):
    hits = LexicalChannel(index).search(text, language="en", k=20)
    assert {passage_id for passage_id, _ in hits} < set(index.passage_ids())
    assert index.verify() == ()


@given(st.text(max_size=40), st.sampled_from(["", "en", "zh", "ar", "hi", "ru", "xx"]))
@settings(deadline=None, max_examples=60)
def test_any_text_can_be_asked(index: Index, text: str, language: str):
    hits = LexicalChannel(index).search(text, language=language, k=3)
    assert len(hits) <= 3
    assert all(score > 0 for _, score in hits)


def test_a_question_without_a_common_term_finds_nothing(index: Index):
    assert LexicalChannel(index).search("qwxzkv", language="en", k=5) == []
    assert LexicalChannel(index).search("Paris", language="en", k=0) == []


def test_a_term_in_the_title_counts_more(folder, encoder):
    with Index.create(folder, encoder=encoder) as index:
        filler = [document(f"x{i}", f"nothing about number {i}") for i in range(8)]
        body = document("body", "all about the Danube river here", title="River")
        title = document("title", "all about the water body here", title="Danube")
        index.update([*filler, body, title], encoder)
        hits = LexicalChannel(index).search("Danube", language="en", k=5)
        assert [passage_id for passage_id, _ in hits] == ["title#0", "body#0"]


def test_of_a_long_question_the_rarest_terms_are_kept(fresh: Index, encoder, monkeypatch):
    monkeypatch.setattr(lexical, "MAX_TERMS", 8)
    fresh.update([document(f"f{i}", "common padding words everywhere") for i in range(5)], encoder)
    padding = " ".join(["common padding words everywhere"] * 30)
    hits = LexicalChannel(fresh).search(f"{padding} Seine", language="en", k=3)
    assert hits[0][0] == "doc-en#0"


CODES = {
    "E-17": ["E-18", "E17B", "17", "E-170", "E-71"],
    "XR-200": ["XR-201", "XR200B", "200", "AXR-200", "XR-20"],
    "٤٠٤": ["٤٠٥", "٤٠٤١", "٤", "٤٠"],
    "ГОСТ-1050": ["ГОСТ-1051", "1050", "ГОСТ-10500"],
    "東芝K-300": ["東芝K-301", "K-3000", "300"],
}


@pytest.mark.parametrize("code", CODES)
def test_a_code_finds_the_passage_that_has_it(folder, encoder, code: str):
    crowd = [code, *CODES[code]]
    with Index.create(folder, encoder=encoder) as index:
        # The others are as long, and share every other word with the question.
        index.update(
            [document(f"c{i}", f"error {near} printer manual", title="") for i, near in
             enumerate(reversed(crowd))],
            encoder,
        )  # fmt: skip
        for question in (code, f"What does error {code} of the printer mean?", code.lower()):
            hits = LexicalChannel(index).search(question, language="en", k=3)
            assert hits[0][0] == f"c{len(crowd) - 1}#0"


def test_the_filter_holds_in_the_lexical_channel(folder, encoder):
    names = ("manuals/a.pdf", "manuals/b.pdf", "letters/a.pdf")
    dated = [
        replace(document(name, "the pump leaks"), source=name, tags=(name[:7],), date=date)
        for name, date in zip(names, ("2024-02-03", "2025", ""), strict=True)
    ]
    with Index.create(folder, encoder=encoder) as index:
        index.update(dated, encoder)

        def found(**limits) -> list[str]:
            hits = LexicalChannel(index).search("pump", language="en", k=9, filter=Filter(**limits))
            return sorted(passage_id.split("#")[0] for passage_id, _ in hits)

        assert found() == sorted(names)
        assert found(sources=("manuals/*",)) == ["manuals/a.pdf", "manuals/b.pdf"]
        assert found(documents=("letters/a.pdf", "x")) == ["letters/a.pdf"]
        assert found(sources=("*/a.pdf",), documents=("manuals/a.pdf", "manuals/b.pdf")) == [
            "manuals/a.pdf"
        ]
        assert found(tags=("letters",)) == ["letters/a.pdf"]
        assert found(after="2024-02-03", before="2024-12") == ["manuals/a.pdf"]
        assert found(languages=("de",)) == []
        assert found(sources=("nowhere/*",)) == []


def test_dense_search_is_the_brute_force_order(index: Index, encoder):
    queries = encoder.encode(list(QUESTIONS.values()))
    ids = [f"doc-{code}#0" for code in TEXTS]
    matrix = index.vectors_of(ids)
    for query, hits in zip(queries, DenseChannel(index).search(queries, k=4), strict=True):
        scores = matrix @ query
        expected = sorted(zip(ids, scores, strict=True), key=lambda hit: (-hit[1], hit[0]))
        expected = [(i, s) for i, s in expected if s > 0][:4]
        assert [i for i, _ in hits] == [i for i, _ in expected]
        assert [s for _, s in hits] == pytest.approx([s for _, s in expected], abs=1e-5)


def test_asking_for_more_than_there_is_gives_what_there_is(index: Index, encoder):
    (hits,) = DenseChannel(index).search(encoder.encode(["the capital of the country"]), k=1000)
    assert 0 < len(hits) <= len(TEXTS)
    assert all(passage_id for passage_id, _ in hits)


def test_vectors_that_point_elsewhere_are_no_hits(folder):
    class Axes(HashingEncoder):
        def encode(self, texts, kind="query"):
            signs = {"right": (1, 0), "left": (-1, 0), "up": (0, 1)}
            return np.array([signs[text.split()[-1]] for text in texts], np.float32)

    encoder = Axes(dimension=2)
    with Index.create(folder, encoder=encoder) as index:
        index.update([document(n, n, title="") for n in ("left", "up", "right")], encoder)
        (hits,) = DenseChannel(index).search(encoder.encode(["right"]), k=9)
        assert hits == [("right#0", 1.0)]


def test_equal_vectors_come_in_order_of_their_ids(folder, encoder):
    with Index.create(folder, encoder=encoder) as index:
        names = ["m", "c", "z", "a", "q", "b"]
        index.update([document(name, "the same text", title="") for name in names], encoder)
        (hits,) = DenseChannel(index).search(encoder.encode(["the same text"]), k=3)
        assert [passage_id for passage_id, _ in hits] == ["a#0", "b#0", "c#0"]
        found = LexicalChannel(index).search("same text", language="en", k=3)
        assert [passage_id for passage_id, _ in found] == ["a#0", "b#0", "c#0"]


def test_an_empty_index_finds_nothing(folder, encoder):
    with Index.create(folder, encoder=encoder) as index:
        assert DenseChannel(index).search(encoder.encode(["x", "y"]), k=3) == [[], []]
        assert DenseChannel(index).search(encoder.encode([]), k=3) == []
        assert LexicalChannel(index).search("Paris", language="en", k=3) == []
        assert index.verify() == ()


@pytest.mark.parametrize(
    "vectors",
    [
        np.ones((1, 3), np.float32),
        np.ones(64, np.float32),
        np.full((1, 64), np.nan, np.float32),
        np.full((1, 64), np.inf, np.float32),
    ],
)
def test_vectors_that_cannot_be_are_refused(index: Index, vectors):
    with pytest.raises(ModelError):
        DenseChannel(index).search(vectors, k=3)


def test_vectors_of_any_kind_of_array_are_taken(index: Index, encoder):
    channel = DenseChannel(index)
    queries = encoder.encode(["Paris", "東京", "Москва", "القاهرة"])
    strange = np.asfortranarray(queries.astype(np.float64))
    assert channel.search(strange, k=3) == channel.search(queries, k=3)
