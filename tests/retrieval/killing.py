"""Kills a process at any moment of its work on an index, and looks at what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from convrag.retrieval import upkeep
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import Document
from tests.retrieval.samples import TEXTS, HashingEncoder, document, many

ROOT = Path(__file__).parents[2]
TAIL = 30
"""In these processes a base is built from so few passages on, so that they are killed at it too."""
LONGEST = {"migrate": 0.2, "repair": 0.4}
"""Seconds after which the work is over; what goes on longer is killed within a second."""
STEPS = 60
FIRST = 50


def versions(step: int) -> Document:
    """Return one of the first documents with a text of this step."""
    return document(f"{step % 5:03d}", f"{TEXTS['ru']} ({step})", "ru")


def work(folder: Path, what: str) -> None:
    """Do ``what`` to the index until killed, and print each step after it is done."""
    upkeep.TAIL = TAIL
    encoder = HashingEncoder()

    def done(step: int) -> None:
        print(step, flush=True)  # noqa: T201 (what the parent reads)

    if what == "migrate":
        done(-1)
        Index.open(folder).close()
    elif what == "replace":
        done(-1)
        for step in range(STEPS):
            with Index.create(folder, encoder=encoder, replace=True, title=str(step)) as index:
                index.update(many(FIRST + step), encoder)
            done(step)
    else:
        with Index.open(folder, writable=True, damaged=what == "repair") as index:
            done(-1)
            if what == "repair":
                index.repair()
            for step in range(STEPS):
                if what == "add":
                    index.update(many(FIRST + step + 1)[FIRST + step :], encoder)
                elif what == "update":
                    index.update([versions(step)], encoder)
                elif what == "delete":
                    index.delete([f"{step:03d}"])
                elif what == "compact":
                    index.delete([f"{step:03d}"])
                    index.compact()
                done(step)


def prepared(folder: Path, what: str) -> None:
    """Make the index that the work starts from."""
    if what == "migrate":
        old_index(folder)
        return
    encoder = HashingEncoder()
    with Index.create(folder, encoder=encoder) as index:
        index.update(many(FIRST), encoder)
    if what == "repair":
        with contextlib.closing(sqlite3.connect(folder / "records.sqlite")) as connection:
            connection.execute("DELETE FROM vectors WHERE number = 3")
            connection.commit()
        content = bytearray((folder / "records.sqlite").read_bytes())
        content[20 * 4096 : 21 * 4096] = bytes(4096)
        (folder / "records.sqlite").write_bytes(content)


def old_index(folder: Path) -> None:
    """Make an index as schema 1 had it."""
    script = (ROOT / "tests/data/index-schema-1.sql").read_text(encoding="utf-8")
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / "records.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(script)
    (folder / "manifest.json").write_text(script.splitlines()[0][3:], encoding="utf-8")


def killed(folder: Path, what: str, after: float) -> int:
    """Let a process work and kill it ``after`` seconds; return the last step it finished, or -1."""
    command = [sys.executable, "-m", "tests.retrieval.killing", str(folder), what]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "-1\n"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    lines = [line for line in rest.split("\n")[:-1] if line]
    return int(lines[-1]) if lines else -1


def sound(folder: Path, what: str, last: int) -> None:
    """Assert that the index is whole and has all that was done, and at most one step more."""
    if what == "repair":
        with Index.open(folder, writable=True, damaged=True) as index:
            index.repair()
    with Index.open(folder) as index:
        assert index.verify() == ()
        held = {d.id: d.text for d in index.documents()}
        encoder = HashingEncoder(dimension=index.dimension)
        (near,) = DenseChannel(index).search(encoder.encode([TEXTS["zh"]]), k=3)
        words = LexicalChannel(index).search("中国最长的河流", language="zh", k=3)
        assert len(near) == 3
        assert words
    with Index.open(folder, writable=True) as index:
        assert index.verify() == ()
    assert not list(folder.rglob(".*.tmp"))  # who writes removes what was left half done
    assert len(list(folder.glob("data-*"))) <= 1
    first = {f"{n:03d}" for n in range(FIRST)}
    if what == "add":
        assert set(held) in [{f"{n:03d}" for n in range(FIRST + last + k)} for k in (1, 2)]
    elif what == "update":
        assert set(held) == first
        for step in range(max(0, last - 4), last + 1):
            assert held[versions(step).id] in {versions(step).text, versions(step + 5).text}
    elif what in {"delete", "compact"}:
        gone = [{f"{n:03d}" for n in range(last + k)} for k in (1, 2)]
        assert set(held) in [first - some for some in gone]
    elif what == "migrate":
        assert set(held) == {f"doc-{code}" for code in ("en", "zh", "ar", "hi", "ru", "th")}
    elif what == "replace":
        assert len(held) in {FIRST + max(0, last), FIRST + last + 1}
    else:
        assert 0 < len(held) <= FIRST


def ordeal(folder: Path, what: str, chance: random.Random) -> int:
    """Prepare, kill and look; return the last step that was done."""
    prepared(folder, what)
    last = killed(folder, what, chance.uniform(0, LONGEST.get(what, 1.0)))
    sound(folder, what, last)
    shutil.rmtree(folder)
    return last


WORK = ("add", "update", "delete", "compact", "migrate", "repair", "replace")

if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2])
