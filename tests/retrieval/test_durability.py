"""An index under trouble: killed writers, full disks, other processes and threads, lost files."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from convrag.errors import IndexStoreError
from convrag.files import replace_file
from convrag.retrieval import ann, storage, updating, upkeep
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.retrieval.storage import WriterLock
from tests.retrieval.samples import TEXTS, HashingEncoder, corpus, document, dump, many

ROOT = Path(__file__).resolve().parents[2]


WRITER = """
import sys, time
from pathlib import Path
from convrag.retrieval import updating
from convrag.retrieval.index import Index
from tests.retrieval.samples import HashingEncoder, many
updating.BATCH = 3
class Slow(HashingEncoder):
    def encode(self, texts, kind="query"):
        time.sleep(0.003)
        return super().encode(texts, kind)
with Index.open(Path(sys.argv[1]), writable=True) as index:
    print("ready", flush=True)
    index.update(many(90), Slow())
    print("done", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def writer(folder: Path, linger: float = 0) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(linger)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_killed_writer_loses_only_the_batch_in_work(folder: Path, tmp_path: Path):
    encoder = HashingEncoder()
    with Index.create(tmp_path / "whole", encoder=encoder) as index:
        index.update(many(90), encoder)
        expected = dump(index)
    Index.create(folder, encoder=encoder).close()
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    kept = [0]
    for _ in range(3):
        process = writer(folder)
        time.sleep(chance.uniform(0.0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with Index.open(folder) as index:
            assert index.verify() == ()
            known = [d.id for d in index.documents()]
            assert known == [f"{n:03d}" for n in range(len(known))]
            kept.append(len(known))
    assert kept == sorted(kept)
    with Index.open(folder, writable=True) as index:
        report = index.update(many(90), encoder)
        assert report.unchanged == kept[-1]
        assert len(encoder.encoded) == 90 + 90 - kept[-1]
        assert dump(index) == expected
        assert index.verify() == ()


def test_one_process_writes_while_others_read(folder: Path, encoder):
    with Index.create(folder, encoder=encoder) as index:
        index.update(many(5), encoder)
    process = writer(folder, linger=30)
    try:
        with pytest.raises(IndexStoreError, match=f"process {process.pid} is writing"):
            Index.open(folder, writable=True)
        with Index.open(folder) as index:
            counts = []
            end = time.monotonic() + 60
            while not counts or (counts[-1] < 90 and time.monotonic() < end):
                counts.append(index.passage_count)
                (hits,) = DenseChannel(index).search(encoder.encode(["capital"]), k=3)
                assert len(hits) == 3
            assert counts == sorted(counts)
            assert counts[-1] == 90
    finally:
        process.kill()
        process.communicate()
    with Index.open(folder, writable=True) as index:
        assert index.verify() == ()


def test_the_right_to_write_is_given_back(folder: Path, encoder):
    with Index.create(folder, encoder=encoder):
        with pytest.raises(IndexStoreError, match=f"process {os.getpid()} is writing"):
            WriterLock(folder)
        with Index.open(folder) as reader:
            with pytest.raises(IndexStoreError, match="for reading"):
                reader.update(corpus(), encoder)
            with pytest.raises(IndexStoreError, match="for reading"):
                reader.delete(["doc-en"])
            with pytest.raises(IndexStoreError, match="readonly"), reader.snapshot() as connection:
                connection.execute("DELETE FROM documents")
    with pytest.raises(IndexStoreError, match="hashing"):
        Index.open(folder, encoder_id="other", writable=True)
    Index.open(folder, writable=True).close()


def test_a_full_disk_is_explained_and_costs_nothing_committed(folder: Path, encoder, monkeypatch):
    monkeypatch.setattr(updating, "BATCH", 2)
    with Index.create(folder, encoder=encoder) as index:
        index.update(many(4), encoder)
        before = dump(index)
        pages = index.connection.execute("PRAGMA page_count").fetchone()[0]
        index.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(IndexStoreError, match="full") as caught:
            index.update([document("big", TEXTS["ru"] * 400, "ru")], encoder)
        assert "disk space" in caught.value.hint
        assert dump(index) == before
        index.connection.execute("PRAGMA max_page_count = 1000000")
        assert index.update(many(6), encoder).added == 2
        assert index.verify() == ()


def test_a_full_disk_beside_the_records_only_costs_time(fresh: Index, encoder, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upkeep, "TAIL", 3)
    monkeypatch.setattr(ann, "written", full)
    fresh.update([document("new", TEXTS["de"], "de")], encoder)
    (hits,) = DenseChannel(fresh).search(encoder.encode([f"new\n{TEXTS['de']}"]), k=1)
    assert hits[0][0] == "new#0"
    assert fresh.vectors().base is None
    with pytest.raises(IndexStoreError, match="No space"):
        fresh.compact()
    monkeypatch.setattr("convrag.retrieval.storage.replace_file", full)
    with pytest.raises(IndexStoreError, match="No space") as caught:
        storage.write_manifest(fresh.path, fresh.manifest)
    assert "disk space" in caught.value.hint


def test_a_folder_that_cannot_be_written_is_read(fresh: Index, folder: Path, encoder, monkeypatch):
    fresh.close()
    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Index.open(folder) as index:
        (hits,) = DenseChannel(index).search(encoder.encode([TEXTS["hi"]]), k=1)
        assert hits[0][0] == "doc-hi#0"
        assert LexicalChannel(index).search("Москва", language="ru", k=1)[0][0] == "doc-ru#0"
        assert sorted(path.name for path in folder.iterdir()) == before


def test_numbers_are_never_used_twice(fresh: Index, encoder):
    last = int(fresh.vectors().numbers[-1])
    fresh.delete([d.id for d in corpus()])
    fresh.update(corpus(), encoder)
    assert int(fresh.vectors().numbers[0]) == last + 1


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("DELETE FROM vectors WHERE number = 1", "no vector"),
        ("UPDATE vectors SET vector = x'00' WHERE number = 1", "bytes"),
        ("UPDATE vectors SET vector = zeroblob(128) WHERE number = 1", "unit length"),
        ("UPDATE passages SET title = 'other' WHERE number = 1", "not the one that was encoded"),
        ("INSERT INTO removed VALUES (1, 0)", "listed as removed"),
        ("UPDATE passages SET first = first + 1 WHERE number = 1", "span"),
        ("UPDATE passages SET document_id = 'x' WHERE number = 1", "missing row"),
    ],
)
def test_damaged_records_are_found(fresh: Index, folder: Path, sql: str, word: str):
    fresh.close()
    with contextlib.closing(sqlite3.connect(folder / "records.sqlite")) as connection:
        connection.execute(sql)
        connection.commit()
    with Index.open(folder) as index:
        assert any(word in line for line in index.verify())


def test_a_transaction_is_kept_whole_or_not_at_all(fresh: Index):
    with fresh.transaction() as connection:
        connection.execute("CREATE TABLE mine (x TEXT)")
    with pytest.raises(KeyError), fresh.transaction() as outer:
        with fresh.transaction() as inner:
            assert inner is outer
            inner.execute("INSERT INTO mine VALUES ('a')")
        outer.execute("INSERT INTO mine VALUES ('b')")
        assert len(fresh.vectors().numbers) == len(TEXTS)
        raise KeyError
    assert fresh.connection.execute("SELECT * FROM mine").fetchall() == []
    with fresh.snapshot(), pytest.raises(IndexStoreError, match="snapshot"), fresh.transaction():
        pass
    with fresh.transaction() as connection:
        connection.execute("INSERT INTO mine VALUES ('c')")
    assert fresh.connection.execute("SELECT * FROM mine").fetchall() == [("c",)]


def test_what_is_rolled_back_is_never_searched(fresh: Index, encoder):
    with pytest.raises(KeyError), fresh.transaction():
        fresh.delete(["doc-en"])
        fresh.vectors()
        raise KeyError
    fresh.update([document("new", "completely other words")], encoder)
    numbers = [n for (n,) in fresh.connection.execute("SELECT number FROM passages ORDER BY 1")]
    assert fresh.vectors().numbers.tolist() == numbers
    assert fresh.verify() == ()


def test_a_snapshot_sees_one_state(fresh: Index, folder: Path, encoder):
    with Index.open(folder) as reader, reader.snapshot():
        before = reader.passage_count
        question = encoder.encode(["Lisboa"])
        hits = DenseChannel(reader).search(question, k=99)
        fresh.update(many(20), encoder)
        fresh.delete(["doc-en", "doc-pt"])
        assert reader.passage_count == before
        assert DenseChannel(reader).search(question, k=99) == hits
        assert len(reader.passages(["doc-en#0", "doc-pt#0"])) == 2
    assert fresh.passage_count == before + 18


def test_threads_share_an_index(fresh: Index, encoder):
    """What one thread opened others read, while a third writes."""
    stop = threading.Event()
    dense, words = DenseChannel(fresh), LexicalChannel(fresh)
    question = encoder.encode([TEXTS["ar"]])

    def read(_: int) -> int:
        rounds = 0
        while not stop.is_set() or not rounds:
            with fresh.snapshot():
                (hits,) = dense.search(question, k=5)
                found = fresh.passages([passage_id for passage_id, _ in hits])
                assert [p.id for p in found] == [passage_id for passage_id, _ in hits]
                assert found[0].id == "doc-ar#0"
            assert words.search("القاهرة", language="ar", k=2)[0][0] == "doc-ar#0"
            rounds += 1
        return rounds

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read, n) for n in range(3)]
        try:
            for step in range(6):
                pool.submit(fresh.update, many(2 + 3 * step), encoder).result()
                fresh.delete([f"{step:03d}"])
        finally:
            stop.set()
        assert all(reader.result() > 0 for reader in readers)
    assert fresh.verify() == ()
    assert fresh.connection.execute("SELECT 1").fetchone() == (1,)


def test_connections_of_ended_threads_are_closed(fresh: Index):
    seen = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: seen.append(fresh.connection))
        thread.start()
        thread.join()
    for connection in seen[:-1]:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_failed_replacement_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "файл"
    replace_file(path, [b"old"])

    def pieces():
        yield b"new"
        raise KeyError

    with pytest.raises(KeyError):
        replace_file(path, pieces())
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["файл"]
