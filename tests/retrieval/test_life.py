"""The life of an index: checked, repaired, compacted, counted, written out and replaced."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from convrag.errors import IndexStoreError
from convrag.graph import storage
from convrag.graph.rdf import read_rdf
from convrag.retrieval import upkeep
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import Literal, Triple
from tests.retrieval.samples import QUESTIONS, TEXTS, HashingEncoder, corpus, document, dump, many

DOCUMENTS = [
    document(f"doc-{code}", text, code, "", date="2026-11-25", tags=("b", code))
    for code, text in TEXTS.items()
]


def export(index: Index) -> str:
    stream = io.StringIO()
    index.export(stream)
    return stream.getvalue()


def answers(index: Index, encoder: HashingEncoder) -> list[object]:
    """All that searching gives, to the last digit."""
    dense = DenseChannel(index).search(encoder.encode(list(QUESTIONS.values())), k=50)
    words = [
        LexicalChannel(index).search(text, language=code, k=50) for code, text in QUESTIONS.items()
    ]
    return [dense, words]


@pytest.mark.parametrize("tail", [20, 10_000])
def test_add_delete_compact_is_as_if_it_never_was(tmp_path: Path, encoder, monkeypatch, tail: int):
    """With a base and without, to the last byte of the export and the last digit of the scores."""
    monkeypatch.setattr(upkeep, "TAIL", tail)
    others = many(60)
    with Index.create(tmp_path / "a", encoder=encoder) as index:
        index.update(DOCUMENTS + others[:30], encoder)
        index.compact()
        expected = export(index), answers(index, encoder)
    with Index.create(tmp_path / "b", encoder=encoder) as index:
        index.update(DOCUMENTS + others[:30], encoder)
        index.update(others, encoder)
        index.delete([d.id for d in others[30:]])
        index.compact()
        assert (index.stats().kind == "ivf") is (tail == 20)
        assert (export(index), answers(index, encoder)) == expected
        assert index.connection.execute("SELECT count(*) FROM removed").fetchone() == (0,)
        assert index.verify() == ()


def test_compacting_gives_back_room_and_is_refused_to_readers(folder: Path, encoder):
    with Index.create(folder, encoder=encoder) as index:
        index.update(many(300), encoder)
        index.delete([f"{n:03d}" for n in range(290)])
        before = index.stats()
        index.compact()
        after = index.stats()
        assert (before.removed, after.removed) == (290, 0)
        assert after.record_bytes < before.record_bytes / 2
        assert after.term_bytes < before.term_bytes
        with Index.open(folder) as reader, pytest.raises(IndexStoreError, match="for reading"):
            reader.compact()


def test_the_export_is_sorted_and_free_of_history(folder: Path, tmp_path: Path, encoder):
    with Index.create(folder, encoder=encoder) as index:
        index.update(DOCUMENTS, encoder)
        index.set_entities({"doc-zh#0": ("q:北京", "q:长江")})
        lines = export(index).splitlines()
    with Index.create(tmp_path / "other", encoder=encoder) as index:
        index.update(many(5), encoder)
        for one in reversed(DOCUMENTS):
            index.update([one], encoder)
        index.delete([f"{n:03d}" for n in range(5)])
        index.set_entities({"doc-zh#0": ("q:北京", "q:长江")})
        assert export(index).splitlines() == lines
    found = [json.loads(line) for line in lines]
    assert [one["id"] for one in found] == sorted(one.id for one in DOCUMENTS)
    chinese = next(one for one in found if one["language"] == "zh")
    assert chinese["text"] == TEXTS["zh"]
    assert (chinese["date"], chinese["tags"]) == ("2026-11-25", ["b", "zh"])
    assert chinese["passages"] == [
        {
            "id": "doc-zh#0",
            "span": [0, len(TEXTS["zh"])],
            "page": None,
            "entity_ids": ["q:北京", "q:长江"],
        }
    ]


def test_the_graph_is_exported_as_triples_that_can_be_read(fresh: Index, tmp_path: Path):
    values = [
        Literal('Say "Γειά"\n\\ 東京', "", "el"),
        Literal("12", "http://www.w3.org/2001/XMLSchema#integer"),
        Literal("नमस्ते"),
        "urn:b",
    ]
    given = [Triple("urn:a", f"urn:p{n}", value, "s") for n, value in enumerate(values)]
    with fresh.transaction() as connection:
        storage.create_tables(connection)
        storage.replace_source(connection, "s", "hash", given, {})
    triples = io.StringIO()
    assert fresh.export(io.StringIO(), triples) == len(TEXTS)
    path = tmp_path / "graph.nt"
    path.write_text(triples.getvalue(), encoding="utf-8")
    assert read_rdf(path, source="s") == tuple(sorted(given, key=lambda t: t.id))
    assert fresh.stats().triples == 4


def test_stats_count_what_there_is(folder: Path, encoder, monkeypatch):
    monkeypatch.setattr(upkeep, "TAIL", 20)
    with Index.create(folder, encoder=encoder, title="Kept") as index:
        index.update([*DOCUMENTS, *many(40)], encoder)
        index.delete(["000", "001"])
        found = index.stats()
        assert (found.title, found.encoder, found.dimension) == ("Kept", "hashing:1", 64)
        assert (found.documents, found.passages, found.removed) == (48, 48, 2)
        assert (found.kind, found.base, found.tail) == ("ivf", 50, 0)
        assert found.characters == sum(len(d.text) for d in index.documents())
        assert sum(number for _, number in found.languages) == 48
        assert found.languages[0][1] == max(number for _, number in found.languages)
        assert found.generation == index.generation
        assert min(found.record_bytes, found.term_bytes, found.vector_bytes) > 0
        assert found.bytes == found.record_bytes + found.term_bytes + found.vector_bytes


def spoil(folder: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / "records.sqlite")) as connection:
        connection.execute(sql)
        connection.commit()


@pytest.mark.parametrize(
    ("sql", "lost"),
    [
        ("DELETE FROM vectors WHERE number = 1", 1),
        ("UPDATE vectors SET vector = x'00' WHERE number = 1", 1),
        ("UPDATE vectors SET vector = zeroblob(128) WHERE number < 3", 2),
        ("UPDATE passages SET first = first + 1 WHERE number = 1", 1),
        ("UPDATE passages SET text = 'other' WHERE number = 1", 1),
        ("UPDATE passages SET document_id = 'x' WHERE number = 1", 1),
        ("INSERT INTO removed VALUES (1, 0)", 0),
        ("INSERT INTO vectors VALUES (99, zeroblob(128))", 0),
        ("INSERT INTO document_tags VALUES ('nobody', 0, 'tag')", 0),
        ("DELETE FROM documents WHERE id = 'doc-en'", 1),
    ],
)
def test_damaged_records_are_repaired(fresh: Index, folder: Path, encoder, sql: str, lost: int):
    fresh.close()
    spoil(folder, sql)
    with Index.open(folder) as index:
        assert index.verify()
    with Index.open(folder, writable=True) as index:
        assert index.repair()
        assert index.verify() == ()
        assert index.repair() == ()
        assert index.passage_count == len(TEXTS) - lost
        report = index.update(corpus(), encoder)
        assert report.passages == lost
        assert index.passage_count == len(TEXTS)
        assert index.verify() == ()


def test_lost_terms_are_built_anew(fresh: Index, folder: Path):
    fresh.close()
    for path in (folder / "terms").iterdir():
        path.write_bytes(b"")
    with Index.open(folder, writable=True) as index:
        assert index.verify() == ()
        assert LexicalChannel(index).search("Москва", language="ru", k=1)[0][0] == "doc-ru#0"
        index.terms.apply([], [3], index.terms.state)
        assert index.verify() == ("1 passages have no terms",)
        assert index.repair() == ("built the term index anew",)
        assert index.verify() == ()


def test_a_damaged_base_is_built_anew(folder: Path, encoder, monkeypatch):
    monkeypatch.setattr(upkeep, "TAIL", 20)
    with Index.create(folder, encoder=encoder) as index:
        index.update(many(60), encoder)
        path = folder / index.vectors().info.name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with Index.open(folder, writable=True) as index:
        assert index.repair() == ("built the file of vectors anew",)
        assert index.verify() == ()


def test_what_can_be_read_of_damaged_records_is_kept(folder: Path):
    encoder = HashingEncoder()
    with Index.create(folder, encoder=encoder, title="Kept") as index:
        index.update([*DOCUMENTS, *many(400)], encoder)
        index.set_entities({"doc-zh#0": ("q:北京",)})
        with index.transaction() as connection:
            storage.create_tables(connection)
            storage.replace_source(connection, "s", "h", [Triple("urn:a", "urn:p", "urn:b")], {})
        index.compact()
        expected = dump(index)
        everything = {d.id for d in index.documents()}
    encoded = len(encoder.encoded)
    records = folder / "records.sqlite"
    content = bytearray(records.read_bytes())
    for page in range(40, len(content) // 4096, 23):
        content[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
    records.write_bytes(content)
    with Index.open(folder, writable=True, damaged=True) as index:
        done = index.repair()
        assert any("records.sqlite.damaged-1" in line for line in done)
        assert any("could not be read" in line for line in done)
        assert index.verify() == ()
        kept = {d.id for d in index.documents()}
        assert 100 < len(kept) < len(everything)
        assert index.title == "Kept"
        assert len(storage.load_triples(index.connection)) == 1
        index.update([*DOCUMENTS, *many(400)], encoder)
        index.set_entities({"doc-zh#0": ("q:北京",)})
        assert dump(index) == expected
        assert len(encoder.encoded) < encoded + 300  # what was read need not be encoded again
        assert index.verify() == ()
    assert (folder / "records.sqlite.damaged-1").read_bytes()[:4096] == bytes(content[:4096])
    with Index.open(folder, writable=True) as index:
        assert index.repair() == ()


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 400])
def test_records_of_which_nothing_is_left_stay_as_they_are(fresh: Index, folder: Path, content):
    fresh.close()
    path = folder / "records.sqlite"
    path.write_bytes(content)
    with (
        Index.open(folder, writable=True, damaged=True) as index,
        pytest.raises(IndexStoreError) as caught,
    ):
        index.repair()
    assert "--rebuild" in caught.value.hint
    assert path.read_bytes() == content


def test_a_replaced_index_is_there_until_the_new_one_is_done(fresh: Index, folder: Path, encoder):
    before = dump(fresh)
    fresh.close()
    other = HashingEncoder("hashing:2", 32)
    for ending in (KeyError, None):
        with (
            contextlib.suppress(KeyError),
            Index.create(folder, encoder=other, replace=True) as new,
        ):
            new.update(corpus()[:3], other)
            with Index.open(folder) as old:
                assert dump(old) == before
            if ending is not None:
                raise ending
        if ending is not None:
            assert not list(folder.glob("data-*"))
    with Index.open(folder) as index:
        assert (index.encoder_id, index.passage_count) == ("hashing:2", 3)
        assert index.verify() == ()
    assert not (folder / "records.sqlite").exists()
    with Index.create(folder, encoder=encoder, replace=True) as index:
        index.update(corpus(), encoder)
        assert dump(index) == before
    assert len(list(folder.glob("data-*"))) == 1


def test_an_index_that_was_never_published_is_swept(fresh: Index, folder: Path, encoder):
    before = dump(fresh)
    fresh.close()
    new = Index.create(folder, encoder=encoder, replace=True)
    new.update(many(3), encoder)
    left = folder / "killed"
    (made,) = folder.glob("data-*")
    shutil.copytree(made, left)
    new.close()
    left.rename(made)
    with Index.open(folder, writable=True) as index:
        assert dump(index) == before
        assert not made.exists()


def test_what_a_killed_commit_of_terms_left_is_removed(fresh: Index, folder: Path, encoder):
    fresh.update(many(5), encoder)
    fresh.delete(["doc-en"])
    for number in range(40):  # names that commits to come may want for their own
        for segment in {path.stem.split(".")[0] for path in (folder / "terms").glob("*.idx")}:
            (folder / "terms" / f"{segment}.{number}.del").touch()
    fresh.close()
    with Index.open(folder, writable=True) as index:
        assert len(list((folder / "terms").glob("*.del"))) < 5
        for one in corpus()[1:]:
            index.delete([one.id])
        index.update(many(9), encoder)
        assert index.verify() == ()
        assert LexicalChannel(index).search("Москва", language="ru", k=3)[0][0] == "007#0"
