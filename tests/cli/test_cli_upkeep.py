"""``convrag index``: real indexes kept up to date, looked after, and interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from convrag import indexing
from convrag.retrieval.index import Index
from convrag.retrieval.storage import RECORDS

TEXTS = {
    "harbour.en.md": "# Harbour\n\nThe ferry sails from Solem at dawn.\n",
    "hafen.de.md": "# Hafen\n\nDie Fähre legt im Morgengrauen in Solem ab.\n",
    "港口.zh.md": "# 港口\n\n渡轮黎明时从索莱姆出发。\n",
    "гавань.ru.md": "# Гавань\n\nПаром отходит из Солема на рассвете.\n",
    "الميناء.ar.md": "# الميناء\n\nتغادر العبارة سوليم عند الفجر.\n",
    "बंदरगाह.hi.md": "# बंदरगाह\n\nनौका भोर में सोलेम से निकलती है।\n",
    "港.ja.md": "# 港\n\nフェリーは夜明けにソレムを出ます。\n",
}
GRAPH = '<urn:a> <http://www.w3.org/2000/01/rdf-schema#label> "Solem"@en .\n'


@pytest.fixture(autouse=True)
def place(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with documents in ``notes`` and a graph."""
    monkeypatch.setenv("CONVRAG_ENCODER", "scripted:hash-64")
    monkeypatch.chdir(tmp_path)
    Path("notes").mkdir()
    for name, text in TEXTS.items():
        Path("notes", name).write_text(text, encoding="utf-8")
    Path("graph.nt").write_text(GRAPH, encoding="utf-8")
    return tmp_path


@pytest.fixture
def index(run, place: Path) -> Path:
    assert run("index", "notes/", "graph.nt", "--into", "index").code == 0
    return place / "index"


def sources(index: Path) -> set[str]:
    with Index.open(index) as opened:
        return {document.source for document in opened.documents()}


def names(folder: str) -> set[str]:
    return {path.name for path in Path(folder).iterdir()}


def test_the_short_form_means_add(run) -> None:
    done = run("index", "notes", "graph.nt", "--into", "a")
    assert done.code == 0
    assert done.out.startswith("7 added, 0 updated, 0 unchanged, 0 deleted, 0 refused: 7 passages")
    assert run("index", "--into", "b", "notes").out.startswith("7 added")
    again = run("index", "add", "notes", "-i", "a")
    assert again.out.startswith("0 added, 0 updated, 7 unchanged")
    assert sources(Path("a")) == {f"notes/{name}" for name in TEXTS}


def test_a_command_that_is_misspelt_or_late_is_named(run) -> None:
    done = run("index", "updat", "--into", "x")
    assert (done.code, done.out) == (2, "")
    assert "updat: no such file or folder" in done.err
    assert "convrag index update" in done.err
    assert "convrag index verify" in run("index", "--into", "x", "verify").err
    assert not Path("x").exists()


def test_add_deletes_nothing_and_counts_duplicates(run, index) -> None:
    Path("notes/hafen.de.md").unlink()
    Path("notes/copy.en.md").write_text(TEXTS["harbour.en.md"], encoding="utf-8")
    done = run("index", "add", "notes", "--into", "index")
    assert done.out.startswith("1 added, 0 updated (1 of them duplicates), 6 unchanged, 0 deleted")
    assert "notes/hafen.de.md" in sources(index)


def test_update_follows_the_files_from_any_folder(run, index, monkeypatch) -> None:
    Path("notes/hafen.de.md").unlink()
    Path("notes/港.ja.md").write_text("# 港\n\n船は来ません。\n", encoding="utf-8")
    Path("notes/new.en.md").write_text("A new one.\n", encoding="utf-8")
    Path("graph.nt").unlink()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    done = run("index", "update", "--into", "../index")
    assert done.code == 0
    assert done.out.startswith("1 added, 1 updated, 5 unchanged, 1 deleted, 0 refused")
    assert sources(index) == {f"notes/{n}" for n in names("../notes")}
    with Index.open(index) as opened:
        assert opened.passages_with_entity("urn:a", 9) == ()
    assert run("index", "verify", "--into", "../index").code == 0


def test_update_with_paths_leaves_the_rest_alone(run, index) -> None:
    Path("more").mkdir()
    Path("more/one.en.txt").write_text("One.", encoding="utf-8")
    assert run("index", "more", "--into", "index").code == 0
    Path("more/one.en.txt").unlink()
    Path("more/two.en.txt").write_text("Two.", encoding="utf-8")
    Path("notes/hafen.de.md").unlink()
    done = run("index", "update", "more", "--into", "index")
    assert done.out.startswith("1 added, 0 updated, 0 unchanged, 1 deleted")
    assert {"more/two.en.txt", "notes/hafen.de.md"} <= sources(index)


def test_a_folder_out_of_reach_takes_nothing_with_it(run, index) -> None:
    Path("notes").rename("away")
    done = run("index", "update", "--into", "index")
    assert done.code == 0
    assert "refused: notes: the folder is not there" in done.err
    assert len(sources(index)) == 7
    assert run("index", "update", "notes", "--into", "index").code == 2


def test_what_cannot_be_read_any_more_is_kept(run, index) -> None:
    Path("notes/harbour.en.md").write_bytes(b"")
    done = run("index", "update", "--into", "index")
    assert "refused: notes/harbour.en.md" in done.err
    assert "notes/harbour.en.md" in sources(index)


def test_files_that_vanish_or_change_while_being_read_are_made_up_for(run, index, monkeypatch):
    remember = indexing._remember

    def meanwhile(*arguments: object, **choices: object) -> None:  # files listed, but not read
        remember(*arguments, **choices)
        Path("notes/hafen.de.md").unlink(missing_ok=True)
        Path("notes/港.ja.md").write_text("# 港\n\n船は来ません。\n", encoding="utf-8")

    with monkeypatch.context() as patch:
        patch.setattr(indexing, "_remember", meanwhile)
        done = run("index", "update", "--into", "index")
    assert done.out.startswith("0 added, 1 updated, 5 unchanged, 0 deleted, 1 refused")
    after = run("index", "update", "--into", "index")
    assert after.out.startswith("0 added, 0 updated, 6 unchanged, 1 deleted, 0 refused")


def test_update_of_nothing_that_was_added_says_so(run, index) -> None:
    assert run("index", "update", "--into", "nowhere").code == 4
    assert run("index", "delete", "notes", "graph.nt", "-i", "index").code == 0
    done = run("index", "update", "--into", "index")
    assert done.code == 2
    assert "not known which files" in done.err


def test_delete_takes_sources_ids_folders_and_patterns(run, index) -> None:
    with Index.open(index) as opened:
        chosen = next(d for d in opened.documents() if d.language == "hi")
    tried = run("index", "delete", "--dry-run", "notes/*.d?.md", chosen.id, "-i", "index")
    assert set(tried.out.splitlines()) == {
        "notes/hafen.de.md\t1 passage",
        f"{chosen.source}\t1 passage",
    }
    assert "2 would be deleted" in tried.err
    assert len(sources(index)) == 7
    done = run("index", "delete", "notes/*.d?.md", chosen.id, "graph.nt", "-i", "index")
    assert (done.code, len(sources(index))) == (0, 5)
    assert "2 files" in done.err  # lie in a folder that was added
    with Index.open(index) as opened:
        assert opened.passages_with_entity("urn:a", 9) == ()
    assert run("index", "delete", "./notes/", "-i", "index").code == 0
    assert sources(index) == set()
    assert run("index", "verify", "-i", "index").code == 0


def test_delete_goes_by_names_as_seen_from_here(run, index, monkeypatch) -> None:
    monkeypatch.chdir("notes")
    assert (
        run("index", "delete", "港口.zh.md", "-i", "../index").out
        == "notes/港口.zh.md\t1 passage\n"
    )


def test_delete_of_nothing_names_what_is_called_alike(run, index) -> None:
    done = run("index", "delete", "notes/harbor.en.md", "-i", "index")
    assert (done.code, done.out) == (2, "")
    assert "notes/harbour.en.md" in done.err
    assert len(sources(index)) == 7


def test_stats_count_what_is_there(run, index) -> None:
    done = run("index", "stats", "--json", "-i", "index")
    found = json.loads(done.out)
    assert (found["documents"], found["passages"], found["encoder"]) == (7, 7, "scripted:hash-64")
    assert found["languages"] == dict.fromkeys(("ar", "de", "en", "hi", "ja", "ru", "zh"), 1)
    assert found["made_from"] == [str(index.parent / name) for name in ("graph.nt", "notes")]
    rows = dict(line.split("\t") for line in run("index", "stats", "-i", "index").out.splitlines())
    assert rows["documents"] == "7"


def test_an_export_has_documents_and_places_and_can_be_indexed(run, index) -> None:
    done = run("index", "export", "-i", "index", "--out", "all.jsonl", "--triples", "all.nt")
    assert (done.code, done.out) == (0, "")
    lines = Path("all.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines == run("index", "export", "-i", "index").out.splitlines()
    for line in map(json.loads, lines):
        name = Path(line["source"]).name
        first, last = line["passages"][0]["span"]
        assert TEXTS[name].strip().endswith(line["text"][first:last])
        assert line["passages"][0]["page"] is None
    assert run("index", "all.jsonl", "all.nt", "--into", "copy").out.startswith("7 added")
    assert "all.nt" not in names("copy")


def test_compact_and_repair_of_a_sound_index(run, index) -> None:
    run("index", "delete", "notes", "-i", "index")
    assert "MiB now" in run("index", "compact", "-i", "index").out
    assert "nothing to repair" in run("index", "repair", "-i", "index").out


COMMANDS = [
    ("add", "notes"),
    ("update",),
    ("delete", "notes"),
    ("verify",),
    ("repair",),
    ("compact",),
    ("stats",),
    ("export",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_what_is_no_index_is_refused_in_one_line(run, command) -> None:
    Path("other").mkdir()
    Path("other/file.txt").write_text("mine", encoding="utf-8")
    done = run("index", *command, "--into", "other")
    assert (done.code, done.out) == (4, "")
    assert [line.split(":")[0] for line in done.err.splitlines()[-2:]] == ["error", "hint"]
    assert names("other") == {"file.txt"}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_beside_a_writer_one_can_read_but_not_write(run, index, command) -> None:
    with Index.open(index, writable=True):
        done = run("index", *command, "--into", "index")
    if command[0] in ("verify", "stats", "export"):
        assert done.code == 0
    else:
        assert done.code == 4
        assert f"process {os.getpid()} is writing" in done.err
        assert "hint: wait" in done.err


def test_another_encoder_is_refused_and_needs_a_rebuild(run, index, monkeypatch) -> None:
    monkeypatch.setenv("CONVRAG_ENCODER", "scripted:hash-32")
    done = run("index", "update", "--into", "index")
    assert done.code == 4
    assert "hint: use --encoder scripted:hash-64" in done.err
    assert run("index", "update", "--rebuild", "--into", "index").out.startswith("7 added")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_damaged_file_is_reported_and_repaired(run, index, command) -> None:
    records = index / RECORDS
    data = bytearray(records.read_bytes())
    data[100:4096] = b"\xff" * 3996
    records.write_bytes(data)
    done = run("index", *command, "--into", "index")
    if command[0] != "repair":
        assert (done.code, done.out) == (4, "")
        assert "hint:" in done.err.splitlines()[-1]


def test_damage_is_found_and_put_right(run, index) -> None:
    with Index.open(index, writable=True) as opened, opened.transaction() as connection:
        connection.execute("UPDATE passages SET text = 'other' WHERE language = 'ru'")
    found = run("index", "verify", "-i", "index")
    assert found.code == 4
    assert "passage" in found.out
    assert "hint: convrag index repair --into index" in found.err
    assert "damaged" in run("index", "repair", "-i", "index").out
    assert run("index", "verify", "-i", "index").code == 0
    assert run("index", "update", "-i", "index").out.startswith("0 added, 1 updated, 6 unchanged")


def test_a_full_disk_leaves_what_was_there(run, index, monkeypatch) -> None:
    Path("notes/new.en.md").write_text("word " * 9_000, encoding="utf-8")
    connect = sqlite_limit()
    with monkeypatch.context() as patch:
        patch.setattr("convrag.retrieval.database.Database._connect", connect)
        done = run("index", "update", "--into", "index")
    assert done.code == 4
    assert "disk is full" in done.err
    assert "hint: free some disk space" in done.err
    assert run("index", "verify", "-i", "index").code == 0
    assert run("index", "update", "--into", "index").out.startswith("1 added")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    Path("all.jsonl").write_text("old", encoding="utf-8")
    monkeypatch.setattr("convrag.cli.output.os.fsync", full)
    done = run("index", "export", "-i", "index", "-o", "all.jsonl")
    assert done.code == 2
    assert "No space left" in done.err
    assert Path("all.jsonl").read_text(encoding="utf-8") == "old"
    assert not list(Path().glob(".all.jsonl*"))


def sqlite_limit():
    """Connections whose database may hardly grow any more."""
    from convrag.retrieval.database import Database

    real = Database._connect

    def connect(self: Database):
        connection = real(self)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        return connection

    return connect


def test_a_conversation_sees_what_another_process_adds(run, index, place) -> None:
    from convrag.config import load_config
    from convrag.events import Finished
    from convrag.pipeline import open_pipeline
    from convrag.types import Dialogue, Role, Turn

    pipeline = open_pipeline(load_config(), index=index)

    def found(question: str) -> set[str]:
        *_, last = pipeline.respond(Dialogue("d"), Turn("t", Role.USER, question))
        assert isinstance(last, Finished)
        return {evidence.item.source for evidence in last.answer.evidence}

    question = "Où est le phare de Cordouan?"
    assert "phare.fr.md" not in found(question)
    Path("phare.fr.md").write_text("Le phare de Cordouan est dans la mer.", encoding="utf-8")
    Path("wait.fr.md").write_text("Le phare de Cordouan est loin.", encoding="utf-8")
    with child("convrag.cli.main", "_report", "add", "phare.fr.md") as writer:
        writer.communicate()
    assert writer.returncode == 0
    assert "phare.fr.md" in found(question)
    with child("convrag.indexing", "link_passages", "add", "wait.fr.md") as writer:
        assert any(line == "here\n" for line in writer.stdout)
        assert "wait.fr.md" in found(question)  # committed, and its writer still at work
        assert run("index", "verify", "-i", "index").code == 0
        writer.kill()
        writer.communicate()
    assert "wait.fr.md" in found(question)
    pipeline.close()


def child(*arguments: str) -> subprocess.Popen[str]:
    """Start ``convrag index`` as :data:`CHILD` does."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


CHILD = """
import importlib, signal, sys, time
from convrag.cli.main import main

# A shell starts what it puts into the background with Ctrl-C ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
module, path, *arguments = sys.argv[1:]
owner = importlib.import_module(module)
*parents, name = path.split(".")
for parent in parents:
    owner = getattr(owner, parent)
real = getattr(owner, name)

def slow(*positional, **named):
    print("here", flush=True)
    time.sleep(60)
    return real(*positional, **named)

setattr(owner, name, slow)
sys.argv = ["convrag", "index", *arguments, "--into", "index"]
main()
"""

MIDDLES = [
    ("convrag.retrieval.updating", "Update._flush", "add", "more"),
    ("convrag.retrieval.updating", "records.add_passage", "update", "more"),
    ("convrag.retrieval.updating", "records.add_document", "update", "--rebuild"),
    ("convrag.retrieval.updating", "records.remove_document", "delete", "notes"),
    ("convrag.retrieval.checking", "problems", "verify"),
    ("convrag.retrieval.repairing", "checking.base_problems", "repair"),
    ("convrag.retrieval.parts", "upkeep.built", "compact"),
    ("convrag.retrieval.summary", "stats", "stats"),
    ("convrag.retrieval.exporting", "json.dumps", "export", "--out", "all.jsonl"),
]


ENDS = [(middle, signal.SIGKILL) for middle in MIDDLES] + [
    (middle, signal.SIGINT)
    for middle in MIDDLES
    if middle[2] in ("add", "delete", "compact", "export")
]


@pytest.mark.parametrize(("middle", "kind"), ENDS, ids=[f"{m[2]}-{k.name}" for m, k in ENDS])
def test_an_end_in_the_middle_leaves_a_sound_index(run, index, place, middle, kind) -> None:
    Path("more").mkdir()
    for number in range(20):
        Path(f"more/{number}.en.txt").write_text(f"Boat {number} is here.", encoding="utf-8")
    with child(*middle) as process:
        assert process.stdout is not None
        reached = any(line == "here\n" for line in process.stdout)
        process.send_signal(kind)
        _, said = process.communicate(timeout=30)
    assert reached, said
    if kind is signal.SIGINT:
        assert process.returncode == 130
        assert "Traceback" not in said
        assert "stopped: " in said
    assert not Path("all.jsonl").exists()
    assert run("index", "verify", "-i", "index").code == 0
    assert {f"notes/{name}" for name in TEXTS} <= sources(index)
    done = run("index", *middle[2:], "--into", "index")
    assert done.code == 0
    assert run("index", "verify", "-i", "index").code == 0
    if "more" in middle:
        assert len(sources(index)) == 27
