"""The term index: right hits, one state at a time, and damage that is seen."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from convrag.errors import IndexStoreError
from convrag.retrieval import term_files, term_hits
from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.terms import TermIndex, TermRecord, TermState, analysis_id
from convrag.text.analysis import query_terms
from tests.retrieval.samples import QUESTIONS, TEXTS

CODES = sorted(TEXTS)


def state(generation: int = 1, last: int = 0) -> TermState:
    return TermState("u", generation, last, analysis_id())


def record(number: int, text: str, language: str = "en", **more) -> TermRecord:
    return TermRecord(number, more.pop("title", ""), text, language, f"d{number}", **more)


def samples() -> list[TermRecord]:
    return [record(n, TEXTS[code], code) for n, code in enumerate(CODES)]


def asked(text: str, language: str = "en") -> dict[str, float]:
    return dict.fromkeys(query_terms(text, language), 1.0)


def found(index: TermIndex, text: str, language: str = "en", k: int = 5, **limits) -> list[int]:
    return [number for number, _ in index.search(asked(text, language), k=k, **limits)]


@pytest.fixture
def index(tmp_path: Path):
    index = TermIndex.open(tmp_path / "terms", writable=True)
    index.rebuild(samples(), state(last=len(CODES)))
    yield index
    index.close()


@pytest.mark.parametrize("language", CODES)
def test_a_question_finds_its_passage_in_every_script(index: TermIndex, language: str):
    hits = index.search(asked(QUESTIONS[language], language), k=5)
    assert hits[0][0] == CODES.index(language)
    assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0]))
    assert all(score > 0 for _, score in hits)


def test_a_new_folder_has_no_state_until_it_is_built(tmp_path: Path):
    with pytest.raises(IndexStoreError, match="repair"):
        TermIndex.open(tmp_path / "none", writable=False).search({"w:x": 1.0}, k=3)
    index = TermIndex.open(tmp_path / "terms", writable=True)
    assert index.state is None
    with pytest.raises(IndexStoreError, match="repair"):
        index.apply([], [], state())
    index.rebuild([], state())
    assert index.state == state()
    assert index.search({"w:x": 1.0}, k=3) == []
    assert index.numbers().tolist() == []
    index.close()
    index.close()


def test_a_change_and_its_state_come_together(index: TermIndex, tmp_path: Path):
    reader = TermIndex.open(tmp_path / "terms", writable=False)
    index.apply([record(50, "Lima lies on the Rímac")], [0, 1, 99], state(2, 50))
    assert index.state == state(2, 50)
    assert index.search({"w:rimac": 1.0}, k=3)[0][0] == 50
    assert index.numbers().tolist() == [*range(2, len(CODES)), 50]
    assert reader.state == state(last=len(CODES))
    assert reader.search({"w:rimac": 1.0}, k=3) == []
    assert reader.numbers().tolist() == list(range(len(CODES)))
    reader.refresh()
    assert reader.state == state(2, 50)
    assert reader.search({"w:rimac": 1.0}, k=3)[0][0] == 50
    reader.close()


def test_what_fails_half_way_changes_nothing(index: TermIndex):
    def failing():
        yield record(60, "half a change")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.apply(failing(), [0], state(2))
    with pytest.raises(KeyboardInterrupt):
        index.rebuild(failing(), state(3))
    assert index.state == state(last=len(CODES))
    index.apply([record(61, "a whole change")], [], state(2, 61))
    assert index.numbers().tolist() == [*range(len(CODES)), 61]
    assert index.search({"w:half": 1.0}, k=3) == []


def test_a_reader_cannot_write(index: TermIndex, tmp_path: Path):
    reader = TermIndex.open(tmp_path / "terms", writable=False)
    with pytest.raises(IndexStoreError, match="reading only"):
        reader.apply([], [], state(2))
    with pytest.raises(IndexStoreError, match="reading only"):
        reader.rebuild([], state(2))
    reader.close()


def bitmap(*numbers: int) -> Bitmap:
    return Bitmap.of(np.array(numbers, np.int64))


LIMITS = [
    ({}, [0, 1, 2, 3, 4, 5]),
    ({"languages": ("de",)}, [1]),
    ({"languages": ("de", "ja", "xx")}, [1, 2]),
    ({"tags": ("a",)}, [0, 1]),
    ({"tags": ("a", "غ")}, [0, 1, 3]),
    ({"after": "2024-05-02"}, [1, 2, 4]),
    ({"before": "2024-05-02"}, [0, 1]),
    ({"after": "2024-05-02", "before": "2024-12"}, [1, 2]),
    ({"after": "2025"}, [4]),
    ({"before": "2024"}, [0, 1, 2]),
    ({"documents": {"d1", "d5", "no such document"}}, [1, 5]),
    ({"documents": {"no such document"}}, []),
    ({"numbers": bitmap(1, 6)}, [1]),
    ({"numbers": bitmap(1, 4, 5), "languages": ("hi", "th")}, [4, 5]),
    ({"numbers": bitmap(99)}, []),
    ({"numbers": bitmap()}, []),
    ({"languages": ("en",), "tags": ("a",), "before": "2024-05-01", "documents": ["d0"]}, [0]),
    ({"languages": ("en",), "tags": ("b",)}, []),
]


@pytest.mark.parametrize(("limits", "expected"), LIMITS)
def test_only_what_is_allowed_is_found(limits, expected):
    index = TermIndex.in_memory()
    index.rebuild(
        [
            record(0, "XR-200", tags=("a",), date="2024-05-01"),
            record(1, "XR-200", "de", tags=("a", "b"), date="2024-05-02"),
            record(2, "XR-200", "ja", date="2024-12-31"),
            record(3, "XR-200", "ar", tags=("غ",), date="some day"),
            record(4, "XR-200", "th", date="2025"),
            record(5, "XR-200", "hi"),
            record(6, "XR-300", "hi"),
        ],
        state(),
    )
    assert found(index, "XR-200", k=9, **limits) == expected
    index.close()


@pytest.mark.parametrize(("few", "most"), [(10_000, 1 << 14), (0, 1 << 14), (0, 0)])
def test_of_many_numbers_the_best_are_found_however_deep(few, most, monkeypatch):
    monkeypatch.setattr(term_hits, "_FEW", few)
    monkeypatch.setattr(term_hits, "_MOST_READ", most)
    index = TermIndex.in_memory()
    records = [record(n, f"river {'mud ' * (n % 97)}") for n in range(1000)]
    index.rebuild(records, state())
    everything = index.search({"w:river": 1.0}, k=1000)
    for allowed in (range(0, 1000, 7), range(90, 97), [n for n in range(1000) if n % 97 == 96]):
        wanted = [hit for hit in everything if hit[0] in allowed][:5]
        hits = index.search({"w:river": 1.0}, k=5, numbers=bitmap(*allowed))
        assert [score for _, score in hits] == pytest.approx([score for _, score in wanted])
        if most:
            assert hits == wanted
    index.close()


def test_a_limit_changes_no_score(index: TermIndex):
    terms = asked(QUESTIONS["en"])
    free = dict(index.search(terms, k=9))
    limited = index.search(terms, k=9, documents={"d2", "d3"})
    assert limited
    assert all(score == pytest.approx(free[number], abs=1e-3) for number, score in limited)


def test_equal_scores_come_in_order_of_their_numbers():
    index = TermIndex.in_memory()
    index.rebuild([record(n, "the same text") for n in range(100, 200)], state())
    for start in (50, 0):
        more = [record(n, "the same text") for n in range(start, start + 50)]
        index.apply(more, [], state(2))
    assert found(index, "same text", k=7) == list(range(7))
    index.close()


def test_scores_after_optimizing_are_those_of_a_fresh_index(index: TermIndex, tmp_path: Path):
    extra = [record(100 + n, f"Paris Madrid {'東京 ' * n} Москва") for n in range(40)]
    index.apply(extra, [], state(2))
    index.apply([], [100 + n for n in range(1, 40)], state(3))
    fresh = TermIndex.open(tmp_path / "fresh", writable=True)
    left = [*samples(), extra[0]]
    fresh.rebuild(left, state(3))
    questions = [asked(QUESTIONS[code], code) for code in CODES]
    wanted = [fresh.search(terms, k=9) for terms in questions]
    assert [index.search(terms, k=9) for terms in questions] != wanted
    assert index.deleted_share > 0.5
    index.optimize(left, state(3))
    assert [index.search(terms, k=9) for terms in questions] == wanted
    assert index.deleted_share == 0
    assert index.state == state(3)

    def never():
        raise AssertionError
        yield

    index.optimize(never(), state(3))
    fresh.close()


def test_a_term_is_one_term_whatever_is_in_it():
    index = TermIndex.in_memory()
    texts = ["ﷺ", "e" * 500, "foo\ud800bar", "จำ", "E-17", "a\u3000b"]
    index.rebuild([record(n, text, "") for n, text in enumerate(texts)], state())
    for number, text in enumerate(texts):
        assert found(index, text, "")[0] == number
    assert index.frequency("i:e-17") == 1
    index.close()


def test_another_analysis_asks_for_new_files(index: TermIndex, tmp_path: Path):
    index.rebuild(samples()[:3], TermState("u", 2, 3, "another"))
    assert index.state == TermState("u", 2, 3, "another")
    assert index.numbers().tolist() == [0, 1, 2]
    index.rebuild(samples(), state(3))
    assert index.numbers().tolist() == list(range(len(CODES)))


def test_a_folder_that_cannot_be_locked_is_read(index: TermIndex, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(term_files, "lockable", lambda folder: False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    reader = TermIndex.open(tmp_path / "terms", writable=False)
    assert found(reader, "Seine")[0] == CODES.index("en")
    index.apply([record(70, "Амазонка")], [0], state(2))
    reader.refresh()
    assert reader.state == state(2)
    assert found(reader, "Амазонка", "ru")[0] == 70
    assert len(list(tmp_path.glob("convrag-terms-*"))) == 1
    reader.close()
    assert list(tmp_path.glob("convrag-terms-*")) == []


def damaged_files(folder: Path) -> list[Path]:
    return [folder / term_files.META, *term_files.segment_files(folder)]


@pytest.mark.parametrize("way", ["delete", "empty", "halve", "garble"])
def test_damage_is_seen_and_repaired(index: TermIndex, tmp_path: Path, way: str):
    index.apply([], [0], state(2))
    index.close()
    whole = tmp_path / "terms"
    names = [file.name for file in damaged_files(whole)]
    assert any(name.endswith(".del") for name in names)
    for name in names:
        folder = tmp_path / f"{way}-{name}"
        shutil.copytree(whole, folder)
        spoil(folder / name, way)
        reader = TermIndex.open(folder, writable=False)
        assert reader.state is None, name
        assert reader.problems(), name
        with pytest.raises(IndexStoreError, match="repair"):
            reader.search({"w:x": 1.0}, k=3)
        reader.close()
    writer = TermIndex.open(folder, writable=True)
    assert writer.state is None
    writer.rebuild(samples(), state(3))
    assert writer.problems() == ()
    assert found(writer, "Seine")[0] == CODES.index("en")
    writer.close()


def test_files_that_a_merge_replaces_meanwhile_are_no_damage(
    index: TermIndex, tmp_path: Path, monkeypatch
):
    index.close()
    folder, merged = tmp_path / "terms", tmp_path / "merged"
    with_more = TermIndex.open(merged, writable=True)
    with_more.rebuild([*samples(), record(len(CODES) + 1, "the Seine")], state(2))
    with_more.close()
    damage = term_files._damage
    ended: list[Path] = []

    def after_the_merge(file: Path, *, read: bool) -> str:
        if not ended:
            ended.extend(term_files.segment_files(folder))
            shutil.copytree(merged, folder, dirs_exist_ok=True)
            for old in ended:
                old.unlink()
        return damage(file, read=read)

    monkeypatch.setattr(term_files, "_damage", after_the_merge)
    assert term_files.problems(folder) == ()
    assert ended
    term_files.segment_files(folder)[0].unlink()
    assert "No such file" in term_files.problems(folder)[0]


def spoil(file: Path, way: str) -> None:
    data = file.read_bytes()
    if way == "delete":
        file.unlink()
    elif way == "empty":
        file.write_bytes(b"")
    elif way == "halve":
        file.write_bytes(data[: len(data) // 2])
    else:
        middle = len(data) // 3
        file.write_bytes(data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :])


def test_damage_inside_a_large_index_is_an_error_with_a_remedy(
    index: TermIndex, tmp_path: Path, monkeypatch
):
    index.close()
    monkeypatch.setattr(term_files, "_CHECKED_BYTES", 0)
    failed = 0
    for file in damaged_files(tmp_path / "terms")[1:]:
        data = file.read_bytes()
        for fill in (0x00, 0xFF):
            body = bytes([fill]) * (len(data) - 200)
            file.unlink()
            file.write_bytes(body + data[len(body) :])
            reader = TermIndex.open(tmp_path / "terms", writable=False)
            try:
                reader.search(asked(QUESTIONS["en"]), k=5, languages=("en",))
            except IndexStoreError as error:
                assert "repair" in error.hint
                failed += 1
            reader.close()
        file.unlink()
        file.write_bytes(data)
    assert failed


WRITER = """
import sys
from pathlib import Path
from convrag.retrieval.terms import TermIndex, TermRecord, TermState
index = TermIndex.open(Path(sys.argv[1]), writable=True)
if index.state is None:
    index.rebuild([], TermState("u", 0, 0, "a"))
for number in range(index.state.generation + 1, 10_000):
    record = TermRecord(number, "", f"zebra {number}", "en", f"d{number}")
    index.apply([record], [max(0, number - 5)], TermState("u", number, number, "a"))
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_a_whole_commit(tmp_path: Path):
    last = 0
    for pause in (0.0, 0.02, 0.05, 0.11):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "terms")], stdout=subprocess.PIPE
        )
        first = int(child.stdout.readline())
        assert first > last
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        lines = child.stdout.read().split()
        child.stdout.close()
        child.wait()
        done = int(lines[-1]) if lines else first
        reader = TermIndex.open(tmp_path / "terms", writable=False)
        assert reader.state is not None
        last = reader.state.generation
        assert done <= last <= done + 1
        kept = list(range(max(1, last - 4), last + 1))
        assert reader.numbers().tolist() == kept
        assert found(reader, "zebra", k=99) == kept
        assert reader.problems() == ()
        reader.close()
