"""The graph's tables: what goes in comes out, and deleting takes only what one source gave."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrag.errors import GraphError
from convrag.graph import storage
from convrag.types import Literal, Triple

TEXTS = (
    "Lake Ombra",
    "翁布拉湖",
    "озеро Омбра",
    "بحيرة أومبرا",
    "ओम्ब्रा झील",
    "オンブラ湖",
    "옴브라 호",
    "a'b\"; DROP TABLE graph_files; --\n\0",
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:")
    storage.create_tables(opened)
    yield opened
    opened.close()


def rows(source: str, first: int, last: int) -> tuple[Triple, ...]:
    return tuple(
        Triple(f"ex:e{i}", "ex:name", Literal(TEXTS[i % len(TEXTS)], "", "en"), source)
        for i in range(first, last)
    )


def content(connection: sqlite3.Connection) -> list[str]:
    return list(connection.iterdump())


def test_triples_come_back_sorted_and_whole(connection: sqlite3.Connection) -> None:
    triples = (
        *rows("a", 0, 8),
        Triple("ex:e1", "ex:near", "ex:e2", "a"),
        Triple("ex:e1", "ex:near", Literal("ex:e2"), "a"),
        Triple("ex:e1", "ex:near", Literal("ex:e2", "", "zh"), "a"),
        Triple("ex:e1", "ex:near", Literal("ex:e2", "ex:type"), "a"),
    )
    storage.replace_source(connection, "a", "hash", triples, {"ex": "https://ex.example/"})
    loaded = storage.load_triples(connection)
    assert set(loaded) == set(triples)
    assert len(loaded) == 12
    storage.replace_source(connection, "a", "hash", triples[::-1], {})
    assert storage.load_triples(connection) == loaded
    assert storage.source_hashes(connection) == {"a": "hash"}
    assert storage.load_prefixes(connection) == {}


def test_deleting_one_of_two_sources_leaves_what_both_gave(connection: sqlite3.Connection) -> None:
    storage.replace_source(connection, "a", "1", rows("a", 0, 5), {"ex": "https://a.example/"})
    storage.replace_source(connection, "c", "3", rows("c", 4, 6), {})
    before, triples = content(connection), storage.load_triples(connection)
    storage.replace_source(connection, "b", "2", rows("b", 3, 8), {"ex": "https://b.example/"})
    assert len(storage.load_triples(connection)) == 12
    assert storage.load_prefixes(connection) == {"ex": "https://a.example/"}
    storage.delete_source(connection, "b")
    assert content(connection) == before
    assert storage.load_triples(connection) == triples


def test_replacing_a_source_forgets_what_it_gave_before(connection: sqlite3.Connection) -> None:
    storage.replace_source(connection, "a", "1", rows("a", 0, 5), {"x": "https://x.example/"})
    storage.replace_source(connection, "a", "2", rows("a", 4, 7), {"y": "https://y.example/"})
    assert storage.load_triples(connection) == tuple(sorted(rows("a", 4, 7), key=lambda t: t.id))
    assert storage.load_prefixes(connection) == {"y": "https://y.example/"}
    assert storage.source_hashes(connection) == {"a": "2"}


def test_triples_belong_to_the_source_they_are_stored_for(connection: sqlite3.Connection) -> None:
    storage.replace_source(connection, "a", "1", rows("elsewhere", 0, 3), {})
    assert {t.source for t in storage.load_triples(connection)} == {"a"}
    storage.delete_source(connection, "a")
    assert storage.load_triples(connection) == ()


def test_a_file_without_tables_has_no_graph() -> None:
    empty = sqlite3.connect(":memory:")
    assert storage.load_triples(empty) == ()
    assert storage.load_prefixes(empty) == {}
    assert storage.source_hashes(empty) == {}
    empty.close()


TERM = st.text(max_size=12)
VALUE = TERM | st.builds(Literal, TERM, TERM, TERM)
GIVEN = st.lists(st.tuples(TERM, TERM, VALUE), max_size=12)


@given(GIVEN, GIVEN)
def test_add_and_delete_cancel_out(
    one: list[tuple[str, str, str | Literal]], two: list[tuple[str, str, str | Literal]]
) -> None:
    connection = sqlite3.connect(":memory:")
    storage.create_tables(connection)
    storage.replace_source(connection, "1", "h", [Triple(*t, "1") for t in one], {})
    before = content(connection)
    assert set(storage.load_triples(connection)) == {Triple(*t, "1") for t in one}
    storage.replace_source(connection, "2", "h", [Triple(*t, "2") for t in two], {})
    storage.delete_source(connection, "2")
    assert content(connection) == before
    connection.close()


OLD = """
CREATE TABLE graph_sources (source TEXT PRIMARY KEY, content_hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE graph_prefixes (
    source TEXT NOT NULL, prefix TEXT NOT NULL, iri TEXT NOT NULL, PRIMARY KEY (source, prefix)
) WITHOUT ROWID;
CREATE TABLE graph_triples (
    subject TEXT NOT NULL, predicate TEXT NOT NULL, object TEXT NOT NULL,
    literal INTEGER NOT NULL, datatype TEXT NOT NULL, language TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (subject, predicate, object, literal, datatype, language, source)
) WITHOUT ROWID;
CREATE TABLE graph_linked (state TEXT NOT NULL);
"""


def test_graphs_of_earlier_indexes_are_read_and_taken_over() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(OLD)
    triples = [t for source in ("a", "b") for t in rows(source, 0, 8)]
    for source, iri in (("a", "https://a.example/"), ("b", "https://b.example/")):
        connection.execute("INSERT INTO graph_sources VALUES (?, ?)", (source, "hash"))
        connection.execute("INSERT INTO graph_prefixes VALUES (?, ?, ?)", (source, "ex", iri))
        for t in rows(source, 0, 8):
            assert isinstance(t.object, Literal)
            values = (t.subject, t.predicate, t.object.value, 1, "", "en", source)
            connection.execute("INSERT INTO graph_triples VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def seen() -> tuple[object, ...]:
        return (
            storage.load_triples(connection),
            storage.load_prefixes(connection),
            storage.source_hashes(connection),
            storage.triple_count(connection),
        )

    before = seen()
    assert set(storage.load_triples(connection)) == set(triples)
    assert before[1:] == ({"ex": "https://a.example/"}, {"a": "hash", "b": "hash"}, 16)
    storage.create_tables(connection)
    assert seen() == before
    assert "graph_triples" not in str(content(connection))
    storage.create_tables(connection)
    assert seen() == before
    connection.close()


def test_triples_are_counted(connection: sqlite3.Connection) -> None:
    assert storage.triple_count(connection) == 0
    storage.replace_source(connection, "a", "1", [*rows("a", 0, 5), *rows("a", 0, 5)], {})
    storage.replace_source(connection, "b", "1", rows("b", 0, 5), {})
    assert storage.triple_count(connection) == 10
    empty = sqlite3.connect(":memory:")
    assert storage.triple_count(empty) == 0
    empty.close()


@pytest.mark.parametrize("damage", [b"", b"no zlib", zlib.compress(b"\x05" * 20)])
def test_a_damaged_graph_is_named(connection: sqlite3.Connection, damage: bytes) -> None:
    storage.replace_source(connection, "lakes.ttl", "1", rows("a", 0, 5), {})
    connection.execute("UPDATE graph_files SET triples = ?", (damage,))
    with pytest.raises(GraphError, match=r"stored graph of lakes\.ttl is damaged"):
        storage.load_triples(connection)


def test_terms_are_kept_once(connection: sqlite3.Connection) -> None:
    triples = [Triple(f"https://ex.example/{i}", "ex:near", "ex:centre", "a") for i in range(999)]
    storage.replace_source(connection, "a", "1", triples, {})
    (size,) = connection.execute("SELECT length(triples) FROM graph_files").fetchone()
    assert size < 8_000
    loaded = storage.load_triples(connection)
    assert len({id(t.object) for t in loaded}) == 1
