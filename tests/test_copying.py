"""Parts of stores and servers in an index: copied, brought up to date, kept, deleted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from convrag.copying import Copy, default_name, fetch, remembered, store
from convrag.errors import ConvragError, GraphError, UsageError
from convrag.graph import storage
from convrag.graph.oxigraph import SparqlStore
from convrag.indexing import build_index, delete_sources
from convrag.models.scripted import HashEncoder
from convrag.retrieval import sources
from convrag.retrieval.index import Index
from convrag.types import Triple
from tests.graph.graph_text import EX, PREFIXES
from tests.graph.sparql_server import serving

ENCODER = HashEncoder(64)
NAMES = {
    "en": "Ombra",
    "ar": "أومبرا",
    "hi": "ओम्ब्रा",
    "ja": "オンブラ",
    "ru": "Омбра",
    "zh": "翁布拉",
}
LAKES = PREFIXES + "".join(f'ex:ombra rdfs:label "{name}"@{tag} .\n' for tag, name in NAMES.items())
LAKES += """
ex:ombra a ex:Lake ; ex:near ex:vell . ex:vell rdfs:label "Vell"@en .
ex:near rdfs:label "is near"@en . ex:Lake rdfs:label "lake"@en .
ex:far rdfs:label "Far"@en ; ex:near ex:further .
"""


@pytest.fixture
def lakes(tmp_path: Path) -> Path:
    """A folder with a store, ``store``."""
    write(tmp_path, LAKES)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "lakes.ttl").write_text(text, encoding="utf-8")
    with SparqlStore(folder / "store") as opened:
        opened.load(folder / "lakes.ttl", source="lakes")


@pytest.fixture
def server(lakes: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real Oxigraph server over the store."""
    with serving(lakes / "store") as found:
        yield found


def triples(index: Path) -> tuple[Triple, ...]:
    with Index.open(index) as opened, opened.snapshot() as connection:
        return storage.load_triples(connection)


def copied(folder: Path, copy: Copy) -> None:
    store(folder, fetch([copy], strict=True)[0], ENCODER, rebuild=False)


def test_what_is_near_a_thing_is_in_the_index_with_its_names(lakes: Path) -> None:
    copied(lakes / "index", Copy(str(lakes / "store"), "lakes", EX + "ombra"))
    found = triples(lakes / "index")
    assert {t.source for t in found} == {"lakes"}
    said = {(t.subject, t.predicate, str(getattr(t.object, "value", t.object))) for t in found}
    assert {name for _, _, name in said} >= {*NAMES.values(), "Vell", "is near", "lake"}
    assert "Far" not in {value for _, _, value in said}
    assert remembered(lakes / "index")[0].around == EX + "ombra"


def test_copies_follow_their_graph_and_go_alone(lakes: Path) -> None:
    index = lakes / "index"
    (lakes / "own.ttl").write_text(PREFIXES + 'ex:own rdfs:label "Own"@en .', encoding="utf-8")
    build_index([lakes / "own.ttl"], index, ENCODER)
    own = triples(index)
    query = "CONSTRUCT WHERE { ?s ?p ?o }"
    copied(index, Copy(str(lakes / "store"), "all", query=query))
    assert len(triples(index)) > len(own)
    write(lakes, PREFIXES + 'ex:ombra rdfs:label "Umbra"@en .')
    copied(index, remembered(index)[0])
    assert [t.object.value for t in triples(index) if t.source == "all"] == ["Umbra"]  # type: ignore[union-attr]
    # What the files say is brought up to date without a look at the copies.
    build_index([], index, ENCODER, prune=True)
    assert {t.source for t in triples(index)} == {"all", own[0].source}
    with Index.open(index, writable=True) as opened:
        listed = sources.listed(opened.connection)
        delete_sources(opened, [item for item in listed if item.name == "all"])
    assert triples(index) == own
    assert remembered(index) == ()


def test_a_copy_may_not_take_a_files_place(lakes: Path) -> None:
    build_index([lakes / "lakes.ttl"], lakes / "index", ENCODER, root=lakes)
    before = triples(lakes / "index")
    with pytest.raises(UsageError, match="is called 'lakes.ttl'"):
        copied(lakes / "index", Copy(str(lakes / "store"), "lakes.ttl", EX + "ombra"))
    assert triples(lakes / "index") == before


def test_a_graph_that_does_not_answer_takes_nothing_away(
    server: tuple[str, subprocess.Popen[bytes]], lakes: Path
) -> None:
    url, process = server
    index = lakes / "index"
    copied(index, Copy(url, "near", EX + "ombra", hops=2))
    copied(index, Copy(url, "built", query="CONSTRUCT WHERE { ?s ?p ?o }", limit=4))
    before = triples(index)
    assert sum(t.source == "built" for t in before) == 4
    process.kill()
    process.wait()
    fetched, refusals = fetch(remembered(index), strict=False)
    assert not fetched
    assert [r.source for r in refusals] == ["built", "near"]
    assert all("is kept" in r.reason and r.hint for r in refusals)
    with pytest.raises(GraphError, match="cannot be reached"):
        fetch(remembered(index), strict=True)
    assert triples(index) == before


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        (Copy("/nowhere", "a", "urn:a"), "no graph store here"),
        (Copy("{store}", "a", "urn:none"), "nothing is said of urn:none"),
        (Copy("{store}", "a", query="CONSTRUCT WHERE { <urn:x> ?p ?o }"), "builds nothing"),
        (Copy("{store}", "a", query="SELECT * WHERE { ?s ?p ?o }"), "CONSTRUCT query"),
        (Copy("{store}", "a", query="DROP ALL"), "DROP"),
        (Copy("http://127.0.0.1:1/", "a", "urn:a"), "cannot be reached"),
    ],
)
def test_what_cannot_be_copied_makes_no_index(lakes: Path, copy: Copy, said: str) -> None:
    place = copy.place.format(store=lakes / "store")
    with pytest.raises(ConvragError, match=said):
        copied(lakes / "index", Copy(place, copy.name, copy.around, copy.query))
    assert not (lakes / "index").exists()


def test_copies_are_called_after_what_they_are_of() -> None:
    assert default_name("https://x.example/q", around="urn:a") == "https://x.example/q#urn:a"
    one, two = (default_name("store", query=f"CONSTRUCT {n}") for n in (1, 2))
    assert one != two
    assert one == default_name("store", query="CONSTRUCT 1")
