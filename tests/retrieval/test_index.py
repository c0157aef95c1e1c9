"""An index as it is made, opened, brought up to date and asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convrag.errors import IndexStoreError, ModelError
from convrag.protocols import CancelToken
from convrag.retrieval import updating
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.retrieval.terms import analysis_id
from convrag.retrieval.updating import UpdateReport
from convrag.types import Page
from tests.retrieval.samples import TEXTS, HashingEncoder, corpus, document, dump


def test_what_went_in_comes_out(fresh: Index, folder: Path):
    fresh.close()
    with Index.open(folder, encoder_id="hashing:1") as index:
        assert (index.title, index.encoder_id, index.dimension) == (
            "Ten languages",
            "hashing:1",
            64,
        )
        assert list(index.documents()) == sorted(corpus(), key=lambda d: d.id)
        assert index.document("doc-hi") == document("doc-hi", TEXTS["hi"], "hi", "")
        assert index.document("doc-xx") is None
        assert index.passage_count == len(TEXTS)
        assert index.verify() == ()
        for passage in index.passages(index.passage_ids()):
            text = TEXTS[passage.language]
            assert text[slice(*passage.span)] == passage.text
            assert passage.document_id == f"doc-{passage.language}"
            assert passage.source == f"doc-{passage.language}.txt"


def test_passages_come_in_the_order_asked(index: Index):
    asked = ["doc-zh#0", "nowhere", "doc-ar#0", "doc-zh#0"]
    assert [p.id for p in index.passages(asked)] == ["doc-zh#0", "doc-ar#0", "doc-zh#0"]
    assert index.passages([]) == ()


def test_pages_and_reading_order_are_kept(folder: Path, encoder):
    sentences = [f"Sentence number {n} talks about topic {n} at length." for n in range(60)]
    text = " ".join(sentences)
    middle = text.index(sentences[30])
    pages = (Page(1, (0, middle)), Page(2, (middle, len(text))))
    long = replace(document("long", text), pages=pages)
    with Index.create(folder, encoder=encoder) as index:
        index.update([long], encoder)
        assert index.document("long") == long
        passages = index.passages_of("long")
        assert len(passages) > 10 or {p.page for p in passages} == {1, 2}
        assert [p.span for p in passages] == sorted(p.span for p in passages)
        assert tuple(p.id for p in passages) == index.passage_ids()


def test_languages_come_by_number_of_passages(folder: Path, encoder):
    with Index.create(folder, encoder=encoder) as index:
        assert index.languages == ()
        more = [document("a", TEXTS["zh"], "zh"), document("b", TEXTS["zh"], "zh")]
        more += [document("c", TEXTS["ar"], "ar"), document("d", TEXTS["de"], "de")]
        index.update([*more, document("e", "?", "")], encoder)
        assert index.languages == ("zh", "ar", "de")


def test_only_what_changed_is_encoded(fresh: Index, encoder):
    assert fresh.update(corpus(), encoder) == UpdateReport(unchanged=len(TEXTS))
    assert encoder.encoded == []
    changed = document("doc-ru", "Столица России — Москва.", "ru", "")
    new = document("new", "Ein neuer Text.", "de", "")
    report = fresh.update([*corpus()[:2], changed, new], encoder)
    assert report == UpdateReport(added=1, updated=1, unchanged=2, passages=2)
    assert encoder.encoded == [changed.text, new.text]
    assert fresh.passage_count == len(TEXTS) + 1
    assert fresh.verify() == ()


def test_a_document_that_comes_twice_ends_as_it_came_last(folder: Path, encoder):
    with Index.create(folder, encoder=encoder) as index:
        twice = [document("a", "Der erste Text."), document("a", "最后的文本。", "zh")]
        assert index.update(twice, encoder) == UpdateReport(added=1, updated=1, passages=2)
        assert [d.text for d in index.documents()] == ["最后的文本。"]
        assert index.passage_count == 1


def test_the_encoder_reads_the_title_too(folder: Path, encoder):
    with Index.create(folder, encoder=encoder) as index:
        index.update([document("a", "它很高。", "zh", "东京塔")], encoder)
    assert encoder.encoded == ["东京塔\n它很高。"]


def test_a_document_without_text_is_known_but_has_no_passages(folder: Path, encoder):
    with Index.create(folder, encoder=encoder) as index:
        assert index.update([document("empty", "")], encoder).added == 1
        assert index.update([document("empty", "")], encoder).unchanged == 1
        assert index.passage_count == 0
        assert index.verify() == ()


def test_pruning_removes_what_was_not_given(fresh: Index, encoder):
    report = fresh.update(corpus()[:3], encoder, prune=True)
    assert report == UpdateReport(unchanged=3, deleted=len(TEXTS) - 3)
    assert fresh.passage_count == 3


def test_progress_counts_documents(fresh: Index, encoder):
    seen: list[tuple[int, str]] = []
    docs = [*corpus()[:2], document("new", "Novo texto.", "pt")]
    fresh.update(docs, encoder, progress=lambda *facts: seen.append(facts))
    assert seen == [(1, "doc-en.txt"), (2, "doc-zh.txt"), (3, "new.txt")]


def test_a_cancelled_update_keeps_what_was_committed(folder: Path, encoder, monkeypatch):
    monkeypatch.setattr(updating, "BATCH", 2)
    cancel = CancelToken()

    def stop(done: int, _: str) -> None:
        if done == 4:
            cancel.cancel()

    with Index.create(folder, encoder=encoder) as index:
        report = index.update(corpus(), encoder, progress=stop, cancel=cancel, prune=True)
        assert report == UpdateReport(added=4, passages=4)
        assert index.passage_count == 4
        assert index.verify() == ()
        assert index.update(corpus(), encoder).unchanged == 4
        assert index.passage_count == len(TEXTS)


TEXT = st.sampled_from(sorted(TEXTS.values())) | st.text(
    st.characters(exclude_categories=()), max_size=60
)
SOME = st.lists(TEXT, max_size=3)


@given(kept=SOME, gone=SOME)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_adding_and_deleting_leaves_no_trace(tmp_path_factory, kept, gone):
    encoder = HashingEncoder()
    kept = [document(f"kept {n}", text, "zh") for n, text in enumerate(kept)]
    gone = [document(f"gone {n}", text, "ar") for n, text in enumerate(gone)]
    folder = tmp_path_factory.mktemp("round")
    with Index.create(folder / "a", encoder=encoder) as index:
        index.update(kept, encoder)
        index.set_entities({p: ("e1", "e2") for p in index.passage_ids()})
        before = dump(index)
        index.update(gone, encoder)
        index.set_entities({p: ("e2", "e3") for d in gone for p in _ids(index, d.id)})
        assert index.verify() == ()
        assert index.delete(d.id for d in gone) == len(gone)
        assert dump(index) == before
        assert index.verify() == ()


def _ids(index: Index, document_id: str) -> list[str]:
    return [passage.id for passage in index.passages_of(document_id)]


def test_deleting_what_is_not_there_changes_nothing(fresh: Index):
    before, generation = dump(fresh), fresh.generation
    assert fresh.delete(["nowhere", ""]) == 0
    assert (dump(fresh), fresh.generation) == (before, generation)


def test_compacting_changes_nothing_that_is_read(fresh: Index):
    fresh.delete(["doc-en"])
    before = dump(fresh)
    fresh.compact()
    assert dump(fresh) == before
    assert fresh.verify() == ()


def test_entities_of_passages(fresh: Index):
    fresh.set_entities({"doc-zh#0": ("q:北京", "q:长江", "q:北京"), "doc-en#0": ["q:北京"]})
    assert fresh.passages(["doc-zh#0"])[0].entity_ids == ("q:北京", "q:长江")
    assert fresh.passages_with_entity("q:北京", 9) == ("doc-en#0", "doc-zh#0")
    assert fresh.passages_with_entity("q:北京", 1) == ("doc-en#0",)
    assert fresh.passages_with_entity("q:北京", 0) == ()
    assert fresh.passages_with_entity("q:nobody", 9) == ()
    fresh.set_entities({"doc-en#0": ()})
    assert fresh.passages_with_entity("q:北京", 9) == ("doc-zh#0",)
    with pytest.raises(IndexStoreError, match="nowhere"):
        fresh.set_entities({"doc-zh#0": (), "nowhere": ("q:1",)})
    assert fresh.passages_with_entity("q:长江", 9) == ("doc-zh#0",)


def test_text_that_utf8_cannot_hold_keeps_its_offsets(folder: Path, encoder):
    with Index.create(folder, encoder=encoder) as index:
        index.update([document("a", "Broken \ud800 text about Lisbon.\x00 End.")], encoder)
        (passage,) = index.passages(["a#0"])
        assert passage.text == "Broken \ufffd text about Lisbon.\x00 End."
        assert index.verify() == ()
        with pytest.raises(IndexStoreError, match="UTF-8"):
            index.update([document("\udcff", "text")], encoder)


def test_terms_of_an_older_analysis_are_renewed_without_encoding(fresh: Index, folder, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr("convrag.retrieval.term_sync.analysis_id", lambda: "older")
        assert fresh.terms.state.analyzer == "older"
        fresh.close()
    with Index.open(folder) as index:
        hits = LexicalChannel(index).search("Москва", language="ru", k=3)
        assert hits[0][0] == "doc-ru#0"
        assert index.terms.state.analyzer == analysis_id()
        assert index.verify() == ()


class Wrong(HashingEncoder):
    def __init__(self, change):
        super().__init__()
        self.change = change

    def encode(self, texts, kind="query"):
        return self.change(super().encode(texts, kind))


@pytest.mark.parametrize(
    "change",
    [lambda v: v[:-1], lambda v: v[:, :-1], lambda v: v * float("nan"), lambda v: v[0]],
    ids=["too few", "too short", "not finite", "not a matrix"],
)
def test_vectors_that_cannot_be_are_not_stored(folder: Path, change):
    with Index.create(folder, encoder=HashingEncoder()) as index:
        with pytest.raises(ModelError):
            index.update(corpus(), Wrong(change))
        assert index.passage_count == 0
        assert index.verify() == ()


def test_another_encoder_is_refused_with_both_names(fresh: Index, folder: Path):
    other = HashingEncoder("hashing:2")
    with pytest.raises(IndexStoreError, match=r"'hashing:1'.*'hashing:2'.*--rebuild"):
        fresh.update(corpus(), other)
    with pytest.raises(IndexStoreError, match=r"'hashing:1'.*'hashing:2'.*--rebuild"):
        Index.open(folder, encoder_id="hashing:2")


def test_replacing_an_index_starts_from_nothing(fresh: Index, folder: Path):
    with pytest.raises(IndexStoreError, match="writing"):
        Index.create(folder, encoder=HashingEncoder(), replace=True)
    fresh.close()
    with pytest.raises(IndexStoreError, match="already"):
        Index.create(folder, encoder=HashingEncoder())
    (folder / "note.txt").write_text("a neighbour's file", encoding="utf-8")
    other = HashingEncoder("hashing:2", 32)
    with Index.create(folder, encoder=other, replace=True) as index:
        assert index.passage_count == 0
        index.update(corpus()[:3], other)
        assert index.verify() == ()
        assert index.vectors().matrix.shape == (3, 32)
    assert (folder / "note.txt").exists()


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path, encoder):
    (tmp_path / "diary.txt").write_text("x", encoding="utf-8")
    for replacing in (False, True):
        with pytest.raises(IndexStoreError, match=r"diary\.txt"):
            Index.create(tmp_path, encoder=encoder, replace=replacing)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
    with pytest.raises(IndexStoreError, match="not an index"):
        Index.open(tmp_path)
    for call in (Index.open, lambda path: Index.create(path, encoder=encoder)):
        with pytest.raises(IndexStoreError):
            call(tmp_path / "diary.txt")
    with pytest.raises(IndexStoreError, match="no such index"):
        Index.open(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda m: "{", "JSON"),
        (lambda m: "", "JSON"),
        (lambda m: "[]", "schema"),
        (lambda m: json.dumps({**m, "schema": 999}), "newer"),
        (lambda m: json.dumps({**m, "schema": 0}), "no longer"),
        (lambda m: json.dumps({**m, "schema": "1"}), "schema"),
        (lambda m: json.dumps({**m, "dimension": "64"}), "dimension"),
        (lambda m: json.dumps({**m, "dimension": -1}), "dimension"),
        (lambda m: json.dumps({k: v for k, v in m.items() if k != "encoder"}), "encoder"),
        (lambda m: json.dumps({**m, "uid": "another"}), "different"),
    ],
)
def test_a_manifest_that_cannot_be_is_explained(fresh: Index, folder: Path, change, word):
    fresh.close()
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(change(manifest), encoding="utf-8")
    with pytest.raises(IndexStoreError, match=word) as caught:
        Index.open(folder)
    assert caught.value.hint


@pytest.mark.parametrize("content", [None, b"", b"not a database at all" * 100])
def test_damaged_records_are_explained(fresh: Index, folder: Path, content):
    fresh.close()
    path = folder / "records.sqlite"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IndexStoreError, match=r"records\.sqlite") as caught:
        Index.open(folder)
    assert "--rebuild" in caught.value.hint


def test_a_closed_index_says_so(fresh: Index):
    fresh.close()
    fresh.close()
    with pytest.raises(IndexStoreError, match="closed"):
        fresh.passages(["doc-en#0"])
