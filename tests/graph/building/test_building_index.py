"""An index builds the graph with its documents and takes it away with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from convrag.graph import storage
from convrag.graph.building import records
from convrag.graph.model import KnowledgeGraph
from convrag.indexing import BuildReport, build_index, delete_sources
from convrag.models.scripted import HashEncoder
from convrag.protocols import CancelToken
from convrag.retrieval import sources
from convrag.retrieval.index import Index
from convrag.types import Triple

ENCODER = HashEncoder(32)
TEXTS = {
    "v.md": "# Varnia\n\nCapital: Ostholm\n\nVarnia borders Belsk.\n",
    "b.md": "# Belsk\n\nCapital: Tarnov\n\nOstholm lies in Varnia.\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "texts"
    place.mkdir()
    for name, text in TEXTS.items():
        (place / name).write_text(text, encoding="utf-8")
    return place


def build(folder: Path, wanted: bool | None = None, **options: object) -> BuildReport:
    into = folder.parent / "index"
    return build_index(
        [folder],
        into,
        ENCODER,
        root=folder,
        languages=["en"],
        graph_from_text=wanted,
        **options,  # type: ignore[arg-type]
    )


def triples(folder: Path) -> tuple[Triple, ...]:
    with Index.open(folder.parent / "index") as index:
        return storage.load_triples(index.connection)


def test_only_who_asks_for_it_gets_a_graph_and_it_is_remembered(folder) -> None:
    build(folder)
    assert triples(folder) == ()
    build(folder, True)
    built = triples(folder)
    assert {t.source for t in built} == {"", "v.md", "b.md"}
    (folder / "v.md").write_text(TEXTS["v.md"].replace("Ostholm", "Altholm"), encoding="utf-8")
    build(folder)
    changed = KnowledgeGraph(triples(folder))
    assert {changed.label(e, "en") for e in changed.entities} == {
        "Varnia", "Belsk", "Altholm", "Ostholm", "Tarnov",
    }  # fmt: skip
    build(folder, rebuild=False, wanted=False)
    assert triples(folder) == ()
    build(folder)
    assert triples(folder) == ()


def test_a_new_index_of_the_same_files_keeps_the_choice(folder) -> None:
    build(folder, True)
    into = folder.parent / "index"
    before = triples(folder)
    build_index([], into, ENCODER, languages=["en"], rebuild=True)
    assert triples(folder) == before


def test_deleting_a_document_leaves_what_the_others_say(folder, tmp_path) -> None:
    (folder / "b.md").unlink()
    build(folder, True)
    alone = triples(folder)
    (folder / "b.md").write_text(TEXTS["b.md"], encoding="utf-8")
    build(folder)
    assert triples(folder) != alone
    with Index.open(tmp_path / "index", writable=True) as index:
        known = sources.listed(index.connection)
        delete_sources(index, [item for item in known if item.name == "b.md"])
        assert storage.load_triples(index.connection) == alone


def test_passages_are_linked_to_what_texts_name(folder, tmp_path) -> None:
    build(folder, True)
    with Index.open(tmp_path / "index") as index:
        passages = index.passages(index.passage_ids())
    named = {p.source: set(p.entity_ids) for p in passages}
    ostholm = "urn:convrag:text:entity/ostholm"
    assert ostholm in named["v.md"]
    assert ostholm in named["b.md"]


def test_what_a_stopped_run_did_not_build_the_next_one_does(folder, monkeypatch) -> None:
    token = CancelToken()
    monkeypatch.setattr("convrag.retrieval.text_graphs._BATCH", 1)

    def stop(stage: str, share: float) -> None:
        if stage == "building the graph" and share > 0:
            token.cancel()

    build(folder, True, cancel=token, progress=stop)
    with Index.open(folder.parent / "index") as index:
        assert len(records.missing(index.connection)) == 1
        assert not index.verify()
    build(folder)
    with Index.open(folder.parent / "index") as index:
        assert records.missing(index.connection) == []


def test_where_a_document_says_a_fact_is_found_under_the_ids_that_count(folder) -> None:
    build(folder, True)
    with Index.open(folder.parent / "index") as index, index.snapshot() as connection:
        facts = [t for t in storage.load_triples(connection) if t.predicate.endswith("/capital")]
        said = records.said_by(connection, storage.given_triples(connection), facts)
        found = {(place.source, place.text, place.rule) for some in said.values() for place in some}
        assert records.fact_count(connection) >= 4
    assert found == {("v.md", "Capital: Ostholm", "name"), ("b.md", "Capital: Tarnov", "name")}


def test_damage_is_named(folder) -> None:
    from convrag.errors import GraphError

    build(folder, True)
    with Index.open(folder.parent / "index", writable=True) as index:
        with index.transaction() as connection:
            connection.execute("UPDATE graph_texts SET origins = x'00'")
        facts = storage.load_triples(index.connection)
        with pytest.raises(GraphError, match="stored damaged"):
            records.said_by(index.connection, (), facts)


def test_a_tagger_is_used_when_asked_for_and_remembered(folder, monkeypatch) -> None:
    asked: list[str] = []

    class Tagger:
        def tag(self, texts: list[str], languages: list[str]) -> list[list[object]]:
            asked.extend(texts)
            return [[] for _ in texts]

    monkeypatch.setattr("convrag.indexing.EntityTagger.load", lambda encoder: Tagger())
    build(folder, True)
    assert asked == []
    build(folder, tag_names=True)
    assert "Varnia borders Belsk." in asked
    del asked[:]
    build(folder)
    assert asked == []
    (folder / "v.md").write_text("# Varnia\n\nCorvia borders Varnia.\n", encoding="utf-8")
    build(folder)
    assert asked == ["Corvia borders Varnia."]
    build(folder, tag_names=False)
    with Index.open(folder.parent / "index") as index:
        assert not records.is_tagged(index.connection)
