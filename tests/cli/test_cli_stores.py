"""Large graphs at the command line: stores, servers, and copies of parts of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.graph.graph_text import EX, PREFIXES
from tests.graph.sparql_server import serving

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
ex:ombra a ex:Lake ; ex:near ex:vell ; ex:depth 120 . ex:vell rdfs:label "Vell"@en .
ex:near rdfs:label "is near"@en, "рядом с"@ru . ex:Lake rdfs:label "lake"@en .
ex:one rdfs:label "Twin"@en . ex:two rdfs:label "Twin"@en .
"""


@pytest.fixture(autouse=True)
def place(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``store``, made from two files."""
    monkeypatch.setenv("CONVRAG_ENCODER", "scripted:hash-64")
    monkeypatch.chdir(tmp_path)
    Path("lakes.ttl").write_text(LAKES, encoding="utf-8")
    Path("more").mkdir()
    Path("more/озёра.ttl").write_text(PREFIXES + "ex:vell ex:depth 7 .", encoding="utf-8")
    done = run("kg", "import", "lakes.ttl", "more", "--store", "store")
    assert (done.code, "2 files, 16 triples" in done.out) == (0, True), done
    return tmp_path


def test_a_store_is_counted_asked_and_shrinks(run) -> None:
    counted = json.loads(run("kg", "stats", "--store", "store", "--json").out)
    assert (counted["triples"], counted["sources"]) == (16, {"lakes.ttl": 15, "more/озёра.ttl": 1})
    assert counted["labels"]["en"] == 6
    assert counted["classes"] == {EX + "Lake": 1}
    asked = f"SELECT ?d {{ <{EX}vell> <{EX}depth> ?d }}"
    assert run("kg", "sparql", asked, "--store", "store").out == "d\n7\n"
    assert run("kg", "remove", "more/озёра.ttl", "--store", "store").code == 0
    assert run("kg", "sparql", asked, "--store", "store").out == "d\n"
    done = run("kg", "remove", "more/озёра.ttl", "--store", "store")
    assert (done.code, "it has lakes.ttl" in done.err) == (3, True)


def test_files_that_are_no_graphs_change_nothing(run) -> None:
    Path("bad.ttl").write_text("nonsense", encoding="utf-8")
    assert run("kg", "import", "bad.ttl", "--store", "store").code == 3
    assert run("kg", "import", "none.ttl", "--store", "store").code == 2
    assert run("kg", "import", "store", "--store", "store").code == 2
    assert json.loads(run("kg", "stats", "--store", "store", "--json").out)["triples"] == 16


@pytest.mark.parametrize(("language", "name"), NAMES.items())
def test_stores_and_servers_show_what_is_called_so(
    run, place: Path, language: str, name: str
) -> None:
    shown = run("kg", "show", name, "--store", "store", "-l", language)
    assert shown.code == 0
    assert shown.out.startswith(f"{EX}ombra ({name}, lake)")
    assert f"{name} — {'рядом с' if language == 'ru' else 'is near'}" in shown.out
    with serving(place / "store") as (url, _):
        there = run("kg", "show", name, "--endpoint", url, "-l", language)
    assert there.out.replace(url, "store") == shown.out


def test_parts_of_a_store_are_written(run) -> None:
    done = run("kg", "export", "--store", "store", "--around", "Ombra", "--format", "svg")
    assert done.out.startswith("<svg")
    assert "Vell" in done.out
    done = run("kg", "export", "--store", "store")
    assert (done.code, "--around" in done.err) == (2, True)


def test_namesakes_in_a_store_are_listed(run) -> None:
    done = run("kg", "show", "Twin", "--store", "store")
    assert done.code == 2
    assert EX + "one" in done.err
    assert EX + "two" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("stats", "--store", "nowhere"), 3, "convrag kg import FILE --store nowhere"),
        (("stats", "--store", "store", "--pack", "world"), 2, "leave one out"),
        (("show", "x", "--store", "store", "--endpoint", "http://x/"), 2, "choose one"),
        (("show", "x", "--endpoint", "http://127.0.0.1:1/"), 3, "cannot be reached"),
        (("show", EX + "none", "--store", "store"), 2, "nothing is called"),
        (("show", "x", "--endpoint", "https://a:b@x.example/"), 3, "password"),
    ],
)
def test_mistakes_are_told(run, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run("kg", *arguments)
    assert done.code == code
    assert said in done.err


def test_copies_come_with_add_follow_with_update_and_go_with_delete(run, place: Path) -> None:
    index = ("--index", "index")
    with serving(place / "store") as (url, _):
        add = ("index", "add", "--endpoint", url, "--around", "翁布拉", "--name", "озёра", *index)
        done = run(*add)
        assert (done.code, "озёра: " in done.out) == (0, True), done
        done = run("index", "--store", "store", "--around", "Vell", *index)
        assert f"store#{EX}vell: " in done.out
        assert run("index", "update", *index).code == 0
    shown = run("kg", "show", "オンブラ", *index, "--language", "ja")
    assert f"[store#{EX}vell, озёра]" in shown.out
    done = run("index", "update", *index)
    assert done.code == 0
    assert "what was copied before is kept" in done.err
    done = run("index", "update", "--rebuild", *index)
    assert done.code == 3
    assert len(json.loads(run("kg", "stats", *index, "--json").out)["sources"]) == 2
    assert run("index", "delete", "озёра", *index).code == 0
    assert run("index", "update", "--rebuild", *index).code == 0
    left = json.loads(run("kg", "stats", *index, "--json").out)["sources"]
    assert list(left) == [f"store#{EX}vell"]
    assert json.loads(run("index", "stats", *index, "--json").out)["copied_from"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--endpoint", "http://x.example/"), "--around"),
        (("--around", "Vell"), "--store DIR"),
        (("--store", "store", "--endpoint", "http://x.example/", "--around", "x"), "choose one"),
        (("--store", "store", "--around", "Nothing"), "nothing is called"),
        (("--store", "store", "--around", "Twin"), "is the name of several"),
        (("--into", "x"), "there is nothing to take in"),
    ],
)
def test_what_cannot_be_copied_is_told(run, arguments: tuple[str, ...], said: str) -> None:
    done = run("index", "add", *arguments)
    assert done.code == 2
    assert said in done.err
