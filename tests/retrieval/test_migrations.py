"""An index of an older version is brought up to date when it is opened, whole or not at all."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from convrag.errors import IndexStoreError
from convrag.retrieval import migrations
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.retrieval.migrations import SCHEMA
from convrag.retrieval.storage import WriterLock
from tests.retrieval.samples import QUESTIONS, TEXTS, HashingEncoder, document, dump

OLD = Path(__file__).parents[1] / "data" / "index-schema-1.sql"
CODES = ("en", "zh", "ar", "hi", "ru", "th")


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder(dimension=16)


@pytest.fixture
def old(folder: Path) -> Path:
    """The folder of an index as schema 1 had it, with its manifest and its vector file."""
    script = OLD.read_text(encoding="utf-8")
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / "records.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(script)
    (folder / "manifest.json").write_text(script.splitlines()[0][3:], encoding="utf-8")
    (folder / "vectors-1.f32").write_bytes(b"what that version derived")
    return folder


def schema(folder: Path) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(folder / "records.sqlite")) as connection:
        in_records = connection.execute("PRAGMA user_version").fetchone()[0]
    return in_records, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["schema"]


@pytest.mark.parametrize("writable", [False, True])
def test_an_old_index_opens_and_is_what_a_new_one_would_be(
    old: Path, encoder, tmp_path: Path, writable: bool
):
    same = [document(f"doc-{code}", TEXTS[code], code, "") for code in CODES]
    with Index.open(old, encoder_id=encoder.id, writable=writable) as index:
        assert index.verify() == ()
        assert list(index.documents()) == sorted(same, key=lambda d: d.id)
        assert index.passages(["doc-zh#0"])[0].entity_ids == ("urn:beijing", "urn:river")
        for code in CODES:
            words = LexicalChannel(index).search(QUESTIONS[code], language=code, k=1)
            (near,) = DenseChannel(index).search(encoder.encode([TEXTS[code]]), k=1)
            assert words[0][0] == near[0][0] == f"doc-{code}#0"
            assert near[0][1] == pytest.approx(1.0, abs=1e-5)
        with Index.create(tmp_path / "new", encoder=encoder) as new:
            new.update(same, encoder)
            new.set_entities({"doc-zh#0": ("urn:beijing", "urn:river")})
            assert dump(new) == dump(index)
    assert schema(old) == (SCHEMA, SCHEMA)
    before = len(encoder.encoded)
    with Index.open(old, writable=True) as index:
        assert index.update(same, encoder).unchanged == len(CODES)
        assert not list(old.glob("*.f32"))
    assert len(encoder.encoded) == before


def test_a_new_database_has_the_schema_of_a_migrated_one(old: Path, tmp_path: Path, encoder):
    Index.open(old).close()
    Index.create(tmp_path / "new", encoder=encoder).close()
    found = []
    for folder in (old, tmp_path / "new"):
        with contextlib.closing(sqlite3.connect(folder / "records.sqlite")) as connection:
            tables = {
                name: sorted(connection.execute(f"PRAGMA table_info({name})").fetchall())
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                )
            }
            indexes = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name"
            ).fetchall()
            found.append((tables, indexes))
    assert found[0] == found[1]


def test_a_migration_that_fails_leaves_the_old_schema(old: Path, monkeypatch):
    def failing(connection: sqlite3.Connection) -> None:
        migrations._to_second(connection)
        raise KeyError

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_STEPS", {1: failing})
        with pytest.raises(KeyError):
            Index.open(old)
    assert schema(old) == (0, 1)
    with Index.open(old) as index:
        assert index.verify() == ()


def test_records_that_are_ahead_of_their_manifest_are_right(old: Path):
    manifest = (old / "manifest.json").read_text(encoding="utf-8")
    Index.open(old).close()
    (old / "manifest.json").write_text(manifest, encoding="utf-8")  # killed between the two
    with Index.open(old) as index:
        assert index.verify() == ()
    assert schema(old) == (SCHEMA, SCHEMA)


def test_beside_a_writer_the_reader_says_what_to_do(old: Path):
    with WriterLock(old), pytest.raises(IndexStoreError, match="writing") as caught:
        Index.open(old)
    assert caught.value.hint
    assert schema(old) == (0, 1)


def test_a_newer_database_is_refused(old: Path):
    Index.open(old).close()
    with contextlib.closing(sqlite3.connect(old / "records.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    with pytest.raises(IndexStoreError, match="newer") as caught:
        Index.open(old)
    assert "upgrade" in caught.value.hint


def test_halving_changes_no_cosine_much(old: Path):
    with contextlib.closing(sqlite3.connect(old / "records.sqlite")) as connection:
        rows = connection.execute("SELECT vector FROM vectors ORDER BY number").fetchall()
    before = np.stack([np.frombuffer(blob, dtype="<f4") for (blob,) in rows])
    with Index.open(old) as index:
        after = index.vectors_of([f"doc-{code}#0" for code in CODES])
    assert np.abs(after @ after.T - before @ before.T).max() < 5e-4
