from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from convrag.errors import SessionError
from convrag.sessions import EXPORT_SCHEMA, SessionStore
from convrag.types import Answer, Dialogue, DialogueState, Role, Status, Turn
from convrag.wire import answer_from_json, turn_from_json
from tests.conversation_values import SCRIPTS, answers, exchange, states, text

Opener = Callable[[Path], SessionStore]


@pytest.fixture
def open_store() -> Iterator[Opener]:
    opened: list[SessionStore] = []

    def open_one(path: Path) -> SessionStore:
        opened.append(SessionStore(path))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def store(tmp_path: Path, open_store: Opener) -> SessionStore:
    return open_store(tmp_path / "home" / "sessions.sqlite")


def converse(store: SessionStore, *questions: str) -> Dialogue:
    dialogue = store.create(pack="world")
    for question in questions:
        turn, dialogue, answer = exchange(dialogue, question, "Nairobi [1][2].")
        store.save_turn(dialogue.id, turn)
        store.save_answer(dialogue, answer)
    return dialogue


def test_a_conversation_is_there_after_reopening(tmp_path: Path, open_store: Opener) -> None:
    path = tmp_path / "sessions.sqlite"
    store = open_store(path)
    dialogue = converse(store, *SCRIPTS)
    store.close()
    again = open_store(path)
    assert again.load(dialogue.id) == dialogue
    assert [turn.text for turn, _ in again.history(dialogue.id)] == list(SCRIPTS)
    assert all(answer is not None for _, answer in again.history(dialogue.id))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(answer=answers, state=states, question=text)
def test_any_answer_and_state_survive(
    tmp_path: Path, open_store: Opener, answer: Answer, state: DialogueState, question: str
) -> None:
    store = open_store(tmp_path / "any.sqlite")
    try:
        dialogue = store.create(pack="world")
        turn = Turn("u", Role.USER, question, "", 1.0)
        reply = Turn("a", Role.ASSISTANT, answer.text, "", 2.0)
        store.save_turn(dialogue.id, turn)
        store.save_answer(Dialogue(dialogue.id, (turn, reply), state), answer)
        assert store.load(dialogue.id).state == state
        ((_, stored),) = store.history(dialogue.id)
        assert stored == answer
    finally:
        store.close()


def test_an_unanswered_turn_is_kept_and_moves_to_the_end_when_asked_again(
    store: SessionStore,
) -> None:
    dialogue = converse(store, "first")
    failed = Turn("failed", Role.USER, "second", "en", 5.0)
    store.save_turn(dialogue.id, failed)
    assert store.history(dialogue.id)[-1] == (failed, None)
    turn, dialogue, answer = exchange(dialogue, "third", "a")
    store.save_turn(dialogue.id, turn)
    store.save_answer(dialogue, answer)
    store.save_turn(dialogue.id, failed)
    assert [t.text for t, _ in store.history(dialogue.id)] == ["first", "third", "second"]


def test_answering_again_replaces_the_answer(store: SessionStore) -> None:
    before = store.create(pack="world")
    turn, first, answer = exchange(before, "q", "old")
    store.save_turn(before.id, turn)
    store.save_answer(first, answer)
    _, second, better = exchange(before, "q", "new")
    fresh = Turn("t9", Role.ASSISTANT, "new", "en", 9.0)
    store.save_answer(Dialogue(before.id, (turn, fresh), second.state), better)
    assert store.load(before.id).turns == (turn, fresh)
    ((_, stored),) = store.history(before.id)
    assert stored is not None
    assert stored.text == "new"


def test_the_state_before_any_turn_can_be_had(store: SessionStore) -> None:
    empty = store.create(pack="")
    first, one, answer = exchange(empty, "one", "1")
    store.save_answer(one, answer)
    second, two, answer = exchange(one, "two", "2")
    store.save_answer(two, answer)
    assert store.before(empty.id, second.id) == one
    assert store.before(empty.id, first.id) == empty
    with pytest.raises(SessionError, match="no turn 'nope'"):
        store.before(empty.id, "nope")
    store.set_pack(empty.id, "world")
    assert store.info(empty.id).pack == "world"


def test_a_stopped_answer_is_kept_as_such(store: SessionStore) -> None:
    dialogue = store.create(pack="world")
    turn, after, answer = exchange(dialogue, "q", "Nairobi is", status=Status.STOPPED)
    store.save_turn(dialogue.id, turn)
    store.save_answer(after, answer)
    ((_, stored),) = store.history(dialogue.id)
    assert stored is not None
    assert stored.status is Status.STOPPED


def test_a_dialogue_without_answer_is_refused(store: SessionStore) -> None:
    dialogue = store.create(pack="world")
    turn, _, answer = exchange(dialogue, "q", "a")
    with pytest.raises(SessionError, match="does not end"):
        store.save_answer(Dialogue(dialogue.id, (turn,)), answer)


def test_sessions_are_listed_by_last_use_with_the_first_question(store: SessionStore) -> None:
    store.create(pack="empty")
    older = converse(store, "one\n  two", "three")
    newer = converse(store, "four")
    listed = store.sessions()
    assert [s.id for s in listed] == [newer.id, older.id]
    assert [s.title for s in listed] == ["four", "one two"]
    assert [s.turns for s in listed] == [1, 2]
    assert len(store.sessions(limit=1)) == 1


@pytest.mark.parametrize("question", SCRIPTS)
def test_search_finds_every_script(store: SessionStore, question: str) -> None:
    for each in SCRIPTS:
        converse(store, each)
    found = store.sessions(question[2:9])
    assert question in [s.title for s in found]
    assert len(found) < len(SCRIPTS)


def test_search_ignores_case_and_width_and_is_no_pattern(store: SessionStore) -> None:
    dialogue = converse(store, "Hauptstadt von KENIA", "zweitens STRASSE")
    for query in ("kenia", "kenia", "straße"):
        assert [s.id for s in store.sessions(query)] == [dialogue.id]
    for query in ("%", "_", "'; DROP TABLE turns; --"):
        assert store.sessions(query) == ()


def test_rename_and_back(store: SessionStore) -> None:
    dialogue = converse(store, "first question")
    store.rename(dialogue.id, "  東京 [bold]\n trip ")
    assert store.info(dialogue.id).title == "東京 [bold] trip"
    store.rename(dialogue.id, "")
    assert store.info(dialogue.id).title == "first question"


def test_delete_and_restore(store: SessionStore) -> None:
    dialogue = converse(store, "q")
    identifier = store.delete(dialogue.id[:5])
    assert store.sessions() == ()
    with pytest.raises(SessionError, match="there is none"):
        store.load(dialogue.id)
    store.restore(identifier)
    assert store.load(dialogue.id) == dialogue
    with pytest.raises(SessionError, match="not among"):
        store.restore(identifier)


def test_a_session_deleted_long_ago_is_gone(tmp_path: Path, open_store: Opener) -> None:
    path = tmp_path / "s.sqlite"
    store = open_store(path)
    dialogue = converse(store, "q")
    store.delete(dialogue.id)
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE sessions SET deleted = 1")
    db.close()
    with pytest.raises(SessionError):
        open_store(path).restore(dialogue.id)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM turns").fetchone() == (0,)
    db.close()


def test_prefixes(store: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["abc111", "abc222", "abc"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(names))
    for _ in range(2):
        converse(store, "q")
    assert store.load("abc1").id == "abc111"
    with pytest.raises(SessionError, match="fits several"):
        store.load("abc")
    converse(store, "q")
    assert store.load("abc").id == "abc"
    for missing in ("", "zzz", "%", "\ud800"):
        with pytest.raises(SessionError, match="there is none"):
            store.load(missing)


def test_markdown_export_has_footnotes_and_inert_text(store: SessionStore) -> None:
    dialogue = store.create(pack="world")
    turn, after, answer = exchange(dialogue, "# <b>q</b>\nsecond line", "Nairobi [1].")
    store.save_turn(dialogue.id, turn)
    store.save_answer(after, answer, evidence_text=lambda e: "capital: [x](y)")
    store.save_turn(dialogue.id, Turn("open", Role.USER, "unanswered?", "en", 9.0))
    exported = store.export_markdown(dialogue.id)
    assert exported == (
        "# \\# \\<b\\>q\\</b\\> second line\n\n"
        "> \\# \\<b\\>q\\</b\\>\n> second line\n\n"
        "Nairobi [^1-1].\n\n"
        "> unanswered?\n\n*(not answered)*\n\n"
        "[^1-1]: Kenya, world/kenya.md, p. 3: "
        "Nairobi is the capital of Kenya. It lies at 1,795 m.\n"
        "[^1-2]: graph.ttl: capital: \\[x\\](y)\n"
    )


def test_jsonl_export_can_be_read_back(store: SessionStore) -> None:
    dialogue = converse(store, *SCRIPTS)
    head, *lines = [json.loads(x) for x in store.export_jsonl(dialogue.id).splitlines()]
    assert head["schema"] == EXPORT_SCHEMA
    assert head["id"] == dialogue.id
    history = [(turn_from_json(x["turn"]), answer_from_json(x["answer"])) for x in lines]
    assert tuple(history) == store.history(dialogue.id)


def test_lone_surrogates_do_not_stop_a_save(store: SessionStore) -> None:
    dialogue = store.create(pack="\udc80")
    store.save_turn(dialogue.id, Turn("a", Role.USER, "x\ud800y", "", 0.0))
    assert store.load(dialogue.id).turns[0].text == "x?y"


def test_many_threads(store: SessionStore) -> None:
    dialogue = store.create(pack="world")

    def work(name: str) -> None:
        for i in range(10):
            store.save_turn(dialogue.id, Turn(f"{name}{i}", Role.USER, name, "", 0.0))
            store.sessions("a")

    threads = [threading.Thread(target=work, args=(n,)) for n in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.load(dialogue.id).turns) == 40


@pytest.mark.parametrize("content", [b"not a database at all" * 100, None])
def test_a_damaged_file_is_moved_aside_and_the_next_start_works(
    tmp_path: Path, open_store: Opener, content: bytes | None
) -> None:
    path = tmp_path / "sessions.sqlite"
    if content is None:  # a real database with its middle overwritten
        store = open_store(path)
        converse(store, *SCRIPTS)
        store.close()
        whole = path.read_bytes()
        content = whole[:4096] + b"\xff" * (len(whole) - 4096)
    path.write_bytes(content)
    with pytest.raises(SessionError, match="damaged; it was moved to") as caught:
        open_store(path).sessions()
    assert "recover" in caught.value.hint
    (kept,) = tmp_path.glob("sessions.sqlite.damaged-*[0-9]")
    assert kept.read_bytes()[:100] == content[:100]
    converse(open_store(path), "works again")


def test_a_locked_file_says_so(
    tmp_path: Path, open_store: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convrag.sessions.database._BUSY", 0.05)
    path = tmp_path / "s.sqlite"
    store = open_store(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(SessionError, match="locked") as caught:
            store.create(pack="world")
        assert caught.value.hint
    finally:
        other.close()
    store.create(pack="world")


def test_an_unusable_path_says_so(tmp_path: Path, open_store: Opener) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SessionError, match="cannot be made"):
        open_store(tmp_path / "file" / "s.sqlite")
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(SessionError, match="cannot be used") as caught:
        open_store(tmp_path / "folder.sqlite")
    assert caught.value.hint


def test_a_file_from_a_newer_version_is_left_alone(tmp_path: Path, open_store: Opener) -> None:
    path = tmp_path / "s.sqlite"
    open_store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO migrations VALUES ('9999-later', 0)")
    db.close()
    with pytest.raises(SessionError, match="newer convrag"):
        open_store(path)


CHILD = """
import os, signal, sys
from pathlib import Path
from convrag.sessions import SessionStore
from convrag.types import Role, Turn
store = SessionStore(Path(sys.argv[1]))
dialogue = store.create(pack="world")
store.save_turn(dialogue.id, Turn("t", Role.USER, sys.argv[2], "ar", 1.0))
print(dialogue.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_before_the_answer_keeps_the_question(tmp_path: Path, open_store: Opener) -> None:
    path = tmp_path / "s.sqlite"
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), SCRIPTS[3]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    ((turn, answer),) = open_store(path).history(ran.stdout.strip())
    assert turn.text == SCRIPTS[3]
    assert answer is None
