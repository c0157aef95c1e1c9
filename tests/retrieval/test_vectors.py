"""Base, tail and what is gone: every search sees one state, whatever it is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convrag.retrieval import ann, upkeep
from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.packing import packed, unpacked
from convrag.retrieval.projection import Projection
from convrag.retrieval.storage import WriterLock
from convrag.types import Filter
from tests.retrieval.samples import TEXTS, HashingEncoder, corpus, document, many


@pytest.fixture
def small(monkeypatch):
    """Let a base be built from a few vectors on."""
    monkeypatch.setattr(upkeep, "TAIL", 40)


@pytest.fixture
def large(small, folder: Path, encoder):
    """An index of 120 passages, most of them in a base, the newest in the tail."""
    with Index.create(folder, encoder=encoder) as index:
        index.update(many(100), encoder)
        index.update(many(120), encoder)
        yield index


def exact(index: Index, question: np.ndarray, k: int, allowed=None) -> list[tuple[str, float]]:
    ids = [p for p in index.passage_ids() if allowed is None or p in allowed]
    cosines = index.vectors_of(ids).astype(np.float64) @ question.astype(np.float64)
    hits = [(p, float(np.float32(c))) for p, c in zip(ids, cosines, strict=True)]
    return sorted((h for h in hits if h[1] > 0), key=lambda hit: (-hit[1], hit[0]))[:k]


def close(hits: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    assert [p for p, _ in hits] == [p for p, _ in expected]
    assert [s for _, s in hits] == pytest.approx([s for _, s in expected], abs=1e-6)


def test_a_base_and_a_tail_are_searched_as_one(large: Index, encoder):
    view = large.vectors()
    assert view.base is not None
    assert (view.info.count, len(view.numbers)) == (100, 20)
    questions = encoder.encode(list(TEXTS.values()))
    for question, hits in zip(questions, DenseChannel(large).search(questions, k=9), strict=True):
        close(hits, exact(large, question, 9))
    assert large.verify() == ()


def test_what_is_removed_makes_room_for_the_next(large: Index, encoder):
    """Removed passages are left out inside the search: there are still ``k`` hits."""
    question = encoder.encode([TEXTS["zh"]])
    before = exact(large, question[0], 30)
    large.delete([passage_id.split("#")[0] for passage_id, _ in before[:12]])
    (hits,) = DenseChannel(large).search(question, k=18)
    close(hits, before[12:30])
    assert large.verify() == ()


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_a_filter_leaves_as_many_hits_as_there_are(large: Index, encoder, language: str):
    question = encoder.encode([TEXTS["en"]])
    allowed = {p.id for p in large.passages(large.passage_ids()) if p.language == language}
    assert len(allowed) == 12
    for k in (3, 50):
        (hits,) = DenseChannel(large).search(question, k=k, filter=Filter(languages=(language,)))
        close(hits, exact(large, question[0], k, allowed))
    (none,) = DenseChannel(large).search(question, k=3, filter=Filter(languages=("xx",)))
    assert none == []


def test_filters_hold_for_what_comes_and_goes(large: Index, encoder):
    question = encoder.encode([TEXTS["th"]])
    wanted = Filter(languages=("th",))
    (before,) = DenseChannel(large).search(question, k=99, filter=wanted)
    large.delete([before[0][0].split("#")[0]])
    large.update([document("new", TEXTS["th"], "th", "")], encoder)
    (after,) = DenseChannel(large).search(question, k=99, filter=wanted)
    assert {p for p, _ in after} == {p for p, _ in before[1:]} | {"new#0"}


def test_a_base_takes_in_the_tail_without_training(large: Index, encoder):
    first = large.vectors().info
    large.delete(["003", "004"])
    large.update(many(150), encoder)
    info = large.vectors().info
    assert (info.trained, info.previous) == (first.trained, first.name)
    assert (info.count, len(large.vectors().numbers)) == (150, 0)
    assert large.connection.execute("SELECT count(*) FROM removed").fetchone() == (0,)
    assert large.verify() == ()
    assert {p.name for p in large.path.glob("vectors-*")} == {first.name, info.name}
    large.update(many(300), encoder)
    assert large.vectors().info.trained == 300
    assert large.verify() == ()


def test_an_index_that_has_shrunk_needs_no_base(large: Index, encoder):
    large.delete([f"{n:03d}" for n in range(90)])
    large.compact()
    assert large.vectors().info.name == ""
    assert len(large.vectors().numbers) == 30
    (hits,) = DenseChannel(large).search(encoder.encode([TEXTS["hi"]]), k=2)
    close(hits, exact(large, encoder.encode([TEXTS["hi"]])[0], 2))


def test_a_view_that_grew_equals_one_made_at_once(large: Index, folder: Path, encoder):
    large.vectors()
    for step in range(4):
        large.delete([f"{50 + step:03d}", f"{105 + step:03d}"])
        large.update([document(f"new {step}", f"{TEXTS['ar']} {step}", "ar")], encoder)
        large.vectors()
    grown = large.vectors()
    with Index.open(folder) as other:
        fresh = other.vectors()
    assert grown.generation == fresh.generation
    assert np.array_equal(grown.numbers, fresh.numbers)
    assert np.array_equal(grown.matrix, fresh.matrix)
    everything = np.arange(200)
    assert np.array_equal(grown.live.holds(everything), fresh.live.holds(everything))


DAMAGE = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "too long": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "no index": lambda path: path.write_bytes(b"x" * path.stat().st_size),
}


@pytest.mark.parametrize("damage", sorted(DAMAGE))
def test_a_lost_base_costs_time_and_is_built_anew(large: Index, folder, encoder, damage):
    large.update([document("late", TEXTS["ja"], "ja", "")], encoder)
    question = encoder.encode([TEXTS["ja"]])
    (expected,) = DenseChannel(large).search(question, k=20)
    path = folder / large.vectors().info.name
    large.close()
    DAMAGE[damage](path)
    with WriterLock(folder), Index.open(folder) as reader:  # who writes builds it anew, not he
        assert any(path.name in line for line in reader.verify())
        assert reader.vectors().base is None
        assert DenseChannel(reader).search(question, k=20) == [expected]
    with Index.open(folder) as index:
        assert index.vectors().base is not None
        assert index.verify() == ()
        assert DenseChannel(index).search(question, k=20) == [expected]


def test_a_base_that_lies_is_found(large: Index, folder: Path):
    path = folder / large.vectors().info.name
    large.close()
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    with Index.open(folder) as index:
        assert any(path.name in line for line in index.verify())


def test_readers_in_an_older_state_keep_their_base(large: Index, folder: Path, encoder):
    question = encoder.encode([TEXTS["pt"]])
    with Index.open(folder) as reader, reader.snapshot():
        reader.passage_count  # noqa: B018 (the snapshot is of the first read)
        large.compact()
        assert reader.vectors().base is not None
        assert reader.vectors().info.name != large.vectors().info.name
        assert DenseChannel(reader).search(question, k=5) == DenseChannel(large).search(
            question, k=5
        )


def test_many_cells_are_searched_for_a_large_answer(large: Index, encoder, monkeypatch):
    monkeypatch.setattr(ann, "_VISITED", 1)
    question = encoder.encode([TEXTS["en"]])
    (hits,) = DenseChannel(large).search(question, k=500)
    close(hits, exact(large, question[0], 500))


def test_vectors_of_passages_are_the_encoders(large: Index, encoder):
    ids = ["119#0", "nowhere", "000#0", "119#0"]
    vectors = large.vectors_of(ids)
    texts = [f"{p[:3]}\n{large.passages([p])[0].text}" for p in ("119#0", "000#0")]
    expected = encoder.encode(texts)
    assert vectors.shape == (4, 64)
    assert vectors.dtype == np.float32
    assert np.abs(vectors[[0, 2]] - expected).max() < 5e-4
    assert not vectors[1].any()
    assert np.array_equal(vectors[0], vectors[3])
    assert large.vectors_of([]).shape == (0, 64)


def test_halved_vectors_keep_their_cosines():
    rows = np.random.default_rng(3).standard_normal((400, 384)).astype(np.float32)
    rows[200:] = rows[:200] + 0.3 * rows[200:]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    stored = unpacked([packed(row) for row in rows], 384)
    assert len(packed(rows[0])) == 768
    assert np.abs(stored @ stored.T - rows @ rows.T).max() < 5e-4
    assert np.abs(np.linalg.norm(stored, axis=1) - 1).max() < 1e-6
    assert not unpacked([b"damaged"], 384).any()


def test_a_bitmap_is_a_set():
    some = Bitmap.of(np.array([0, 3, 8, 17]))
    rest = Bitmap.without(np.array([3, 99]), 17)
    asked = np.array([0, 1, 3, 8, 17, 18, 500])
    assert some.holds(asked).tolist() == [True, False, True, True, True, False, False]
    assert (some & rest).holds(asked).tolist() == [True, False, False, True, True, False, False]
    assert (some.count(), rest.count(), (some & rest).count()) == (4, 17, 3)
    assert Bitmap.of(np.empty(0, dtype=np.int64)).count() == 0


def test_only_one_document_a_text_is_encoded(folder: Path):
    encoder = HashingEncoder()
    with Index.create(folder, encoder=encoder) as index:
        same = [document(f"copy {n}", TEXTS["ru"], "ru", "") for n in range(3)]
        report = index.update([*corpus(), *same], encoder)
        assert (report.added, report.duplicates) == (13, 3)
        assert len(encoder.encoded) == len(TEXTS)
        later = index.update([document("copy 9", TEXTS["ru"], "ru", "")], encoder)
        assert (later.added, later.duplicates) == (1, 1)
        assert len(encoder.encoded) == len(TEXTS)
        vectors = index.vectors_of(["doc-ru#0", "copy 1#0", "copy 9#0"])
        assert (vectors == vectors[0]).all()
        assert index.verify() == ()


def turned(seed: int) -> Projection:
    turn, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((64, 64)))
    shift = np.full(64, 0.05, np.float32)
    return Projection(f"turn {seed}", "hashing:1", turn.astype(np.float32), shift)


def test_a_projection_changes_what_is_near_and_nothing_that_is_kept(
    large: Index, folder: Path, encoder, monkeypatch
):
    ids = large.passage_ids()
    own, question = large.vectors_of(ids), encoder.encode([TEXTS["de"]])
    first = large.vectors().info
    large.close()
    for seed in (1, 2):
        projection = turned(seed)
        monkeypatch.setattr("convrag.retrieval.parts.load_projection", lambda _, p=projection: p)
        with Index.open(folder) as index:  # the base is of another projection: it is built anew
            info = index.vectors().info
            assert (info.projection, info.name != first.name) == (projection.id, True)
            assert index.vectors().base is not None
            assert index.verify() == ()
            assert index.stats().projection == projection.id
            (hits,) = DenseChannel(index).search(question, k=9)
            cosines = projection.apply(own) @ projection.apply(question)[0]
            expected = sorted(zip(ids, cosines, strict=True), key=lambda hit: (-hit[1], hit[0]))
            close(hits, expected[:9])
            assert np.array_equal(index.vectors_of(ids), own)
    assert len(encoder.encoded) == 120
