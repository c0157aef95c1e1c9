"""Files become an index, and the index follows the files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from convrag.errors import GraphError, UsageError
from convrag.graph import storage
from convrag.graph.linking import DictionaryLinker
from convrag.graph.rdf import read_rdf
from convrag.indexing import build_index, fingerprint, remembered_roots
from convrag.models.scripted import HashEncoder
from convrag.protocols import CancelToken
from convrag.retrieval.index import Index

TRIPLES = '<urn:a> <http://www.w3.org/2000/01/rdf-schema#label> "Solem"@en .\n'
ENCODER = HashEncoder(32)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "graph.ttl").write_text(TRIPLES, encoding="utf-8")
    for name in ("one", "two", "three"):
        text = f"# {name}\n\nThe ferry {name} sails from Solem.\n"
        (folder / f"{name}.en.md").write_text(text, encoding="utf-8")
    return folder


def build(sources: Path, into: Path, **options: object):  # noqa: ANN201
    return build_index([sources], into, ENCODER, root=sources, **options)


def test_documents_and_graph_are_counted_and_linked(sources, tmp_path) -> None:
    report = build(sources, tmp_path / "index")
    assert (report.added, report.passages, report.triples, report.refusals) == (3, 3, 1, ())
    with Index.open(tmp_path / "index") as index:
        assert len(index.passages_with_entity("urn:a", 10)) == 3
        assert {d.source for d in index.documents()} == {"one.en.md", "two.en.md", "three.en.md"}


def test_a_second_run_does_nothing(sources, tmp_path) -> None:
    build(sources, tmp_path / "index")
    report = build(sources, tmp_path / "index")
    assert (report.added, report.updated, report.unchanged) == (0, 0, 3)


def test_only_a_graph_that_has_changed_is_parsed(sources, tmp_path, monkeypatch) -> None:
    build(sources, tmp_path / "index")
    read = []
    monkeypatch.setattr("convrag.indexing.read_graph", lambda path, **_: read.append(path.name))
    assert build(sources, tmp_path / "index").triples == 1
    assert read == []
    monkeypatch.undo()
    more = TRIPLES + '<urn:b> <http://www.w3.org/2000/01/rdf-schema#label> "Σόλεμ"@el .\n'
    (sources / "graph.ttl").write_text(more, encoding="utf-8")
    assert build(sources, tmp_path / "index").triples == 2


def test_changed_new_and_removed_files_are_followed(sources, tmp_path) -> None:
    build(sources, tmp_path / "index")
    (sources / "one.en.md").write_text("# one\n\nThe ferry one was sold.\n", encoding="utf-8")
    (sources / "two.en.md").unlink()
    (sources / "four.en.md").write_text("# four\n\nA fourth ferry came.\n", encoding="utf-8")
    (sources / "graph.ttl").unlink()
    report = build(sources, tmp_path / "index", prune=True)
    assert (report.added, report.updated, report.unchanged, report.deleted) == (1, 1, 1, 1)
    with Index.open(tmp_path / "index") as index:
        assert storage.load_triples(index.connection) == ()
        assert index.verify() == ()


def test_file_names_that_are_not_utf8_are_indexed(sources, tmp_path) -> None:
    graph = sources / os.fsdecode(b"gr\xe4ph.ttl")
    (sources / "graph.ttl").rename(graph)
    (sources / "one.en.md").rename(sources / os.fsdecode(b"\xe9ins.en.md"))
    report = build(sources, tmp_path / "index")
    assert (report.added, report.triples) == (3, 1)
    again = build(sources, tmp_path / "index", prune=True)
    assert (again.unchanged, again.deleted) == (3, 0)


def test_without_prune_nothing_is_deleted(sources, tmp_path) -> None:
    build(sources, tmp_path / "index")
    report = build_index([sources / "one.en.md"], tmp_path / "index", ENCODER, root=sources)
    assert (report.unchanged, report.deleted) == (1, 0)
    with Index.open(tmp_path / "index") as index:
        assert index.passage_count == 3
        assert len(storage.load_triples(index.connection)) == 1


def test_sources_that_moved_stay_one_when_they_are_alone(sources, tmp_path) -> None:
    into = tmp_path / "index"
    build(sources, into)
    other = tmp_path / "other.de.md"
    other.write_text("Die Fähre nach Solem.", encoding="utf-8")
    build_index([other], into, ENCODER)
    moved = sources.rename(tmp_path / "moved")
    (moved / "three.en.md").unlink()
    report = build(moved, into, prune=True, alone=True)
    assert (report.added, report.updated, report.unchanged, report.deleted) == (0, 0, 2, 2)
    assert (report.passages, report.triples) == (0, 1)
    with Index.open(into) as index:
        assert {d.source for d in index.documents()} == {"one.en.md", "two.en.md"}
        assert list(storage.source_hashes(index.connection)) == ["graph.ttl"]
        assert len(index.passages_with_entity("urn:a", 10)) == 2
    assert [root.path for root in remembered_roots(into)] == [moved]


def test_a_rebuild_that_is_cancelled_leaves_the_old_index(sources, tmp_path) -> None:
    build(sources, tmp_path / "index")
    cancel = CancelToken()
    build(
        sources,
        tmp_path / "index",
        rebuild=True,
        cancel=cancel,
        progress=lambda *_: cancel.cancel(),
    )
    with Index.open(tmp_path / "index") as index:
        assert index.passage_count == 3
        assert index.verify() == ()
    report = build(sources, tmp_path / "index", rebuild=True)
    assert (report.added, report.unchanged) == (3, 0)


def test_links_lost_before_they_were_made_are_made_by_the_next_run(
    sources, tmp_path, monkeypatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("convrag.indexing.link_passages", lambda *_: None)  # killed just before
        build(sources, tmp_path / "index")
    assert build(sources, tmp_path / "index").unchanged == 3
    with Index.open(tmp_path / "index") as index:
        assert len(index.passages_with_entity("urn:a", 10)) == 3


def test_while_the_graph_stays_only_new_passages_are_linked(sources, tmp_path, monkeypatch) -> None:
    build(sources, tmp_path / "index")
    looked: list[str] = []
    link = DictionaryLinker.link

    def spy(self: DictionaryLinker, text: str, **options: object) -> object:
        looked.append(text)
        return link(self, text, **options)

    monkeypatch.setattr(DictionaryLinker, "link", spy)
    (sources / "four.en.md").write_text("# four\n\nA boat to Solem.\n", encoding="utf-8")
    build(sources, tmp_path / "index")
    assert [text.splitlines()[0] for text in looked] == ["four"]
    (sources / "graph.ttl").write_text(TRIPLES.replace("Solem", "boat"), encoding="utf-8")
    build(sources, tmp_path / "index")
    assert len(looked) == 5
    with Index.open(tmp_path / "index") as index:
        assert len(index.passages_with_entity("urn:a", 10)) == 1


def test_links_go_with_the_graph(sources, tmp_path) -> None:
    build(sources, tmp_path / "index")
    (sources / "graph.ttl").unlink()
    build(sources, tmp_path / "index", prune=True)
    with Index.open(tmp_path / "index") as index:
        assert index.passages_with_entity("urn:a", 10) == ()


def test_a_broken_graph_names_its_line_and_stores_nothing(sources, tmp_path) -> None:
    build(sources, tmp_path / "index")
    (sources / "graph.ttl").write_text(TRIPLES + "<urn:a> <urn:b>\n", encoding="utf-8")
    with pytest.raises(GraphError, match=r"graph\.ttl:[23]:"):
        build(sources, tmp_path / "index")
    with Index.open(tmp_path / "index") as index:
        assert len(storage.load_triples(index.connection)) == 1


def test_a_missing_path_and_an_empty_folder_are_usage_errors(tmp_path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        build_index([tmp_path / "nowhere"], tmp_path / "index", ENCODER)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="nothing to read"):
        build_index([tmp_path / "empty"], tmp_path / "index", ENCODER)
    assert not (tmp_path / "index").exists()


def test_a_fingerprint_changes_with_the_files_and_the_salt(sources) -> None:
    before = fingerprint([sources], "a")
    assert fingerprint([sources], "a") == before != fingerprint([sources], "b")
    (sources / "one.en.md").write_text("other", encoding="utf-8")
    assert fingerprint([sources], "a") != before


SLOW = """
import sys, time
from pathlib import Path
from convrag.indexing import build_index
from convrag.models.scripted import HashEncoder

class Slow(HashEncoder):
    def encode(self, texts, kind="query"):
        time.sleep(0.02)
        return super().encode(texts, kind)

print("started", flush=True)
build_index([Path(sys.argv[1])], Path(sys.argv[2]), Slow(32), root=Path(sys.argv[1]))
"""


@pytest.mark.parametrize("delay", [0.0, 0.3, 0.8])
def test_a_killed_run_is_taken_up_again(tmp_path, sources, delay) -> None:
    for number in range(60):
        text = f"# Boat {number}\n\nBoat number {number} lies in Solem.\n"
        (sources / f"boat{number}.en.md").write_text(text, encoding="utf-8")
    into = tmp_path / "index"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(sources), str(into)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    report = build(sources, into)
    assert report.added + report.unchanged == 63
    with Index.open(into) as index:
        assert index.verify() == ()
        assert index.passage_count == 63
        assert len(index.passages_with_entity("urn:a", 100)) == 63
    assert len(read_rdf(sources / "graph.ttl", source="graph.ttl")) == 1
