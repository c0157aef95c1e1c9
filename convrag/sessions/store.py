"""The kept conversations: one SQLite file, safe against a kill at any moment.

A user's turn is stored before an answer is made, the answer with its turn and the new state in one
transaction afterwards. The schema grows by named migrations that are only ever appended.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from convrag.errors import SessionError
from convrag.sessions.database import Database, dump, fold, load, storable
from convrag.sessions.export import Exchange, to_jsonl, to_markdown
from convrag.sessions.records import SessionInfo
from convrag.types import Answer, Dialogue, DialogueState, Evidence, Role, Turn
from convrag.wire import (
    answer_from_json,
    answer_to_json,
    plain_evidence_text,
    state_from_json,
    state_to_json,
)

_KEEP_DELETED = 24 * 3600.0  # seconds a deleted session can still be restored


class SessionStore:
    """The conversations in one SQLite file; any thread may call any method.

    Args:
        path: The file; it and its folder are made when missing.

    Raises:
        SessionError: The file cannot be opened or written, is locked, was written by a newer
            convrag, or was damaged; a damaged file has then been moved aside and the next call
            starts a new one. Every method raises it for these causes too.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        with self._database.transaction() as db:
            db.execute(
                "DELETE FROM sessions WHERE deleted IS NOT NULL AND deleted < ?",
                (time.time() - _KEEP_DELETED,),
            )

    def close(self) -> None:
        """Close the file. Idempotent; a later call opens it again."""
        self._database.close()

    def create(self, *, pack: str) -> Dialogue:
        """Return a new, empty dialogue; it is listed once it has a turn."""
        identifier = secrets.token_hex(6)
        now = time.time()
        state = DialogueState()
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO sessions (id, pack, created, updated, state) VALUES (?, ?, ?, ?, ?)",
                (identifier, storable(pack), now, now, dump(state_to_json(state))),
            )
        return Dialogue(identifier, (), state)

    def save_turn(self, dialogue_id: str, turn: Turn) -> None:
        """Store a turn durably before it is answered; one stored but unanswered moves to the end.

        Raises:
            SessionError: No such session.
        """
        with self._database.transaction() as db:
            session = self._resolve(db, dialogue_id)
            self._put_turn(db, session, turn)
            self._touch(db, session)

    def save_answer(
        self,
        dialogue: Dialogue,
        answer: Answer,
        *,
        evidence_text: Callable[[Evidence], str] = plain_evidence_text,
    ) -> None:
        """Store a dialogue's last turn with its answer, and the state, as one step.

        An earlier answer to the same question is replaced.

        Args:
            dialogue: The dialogue with the answer's turn as its last one, as `Finished` carries it.
            answer: The answer, complete, stopped or abstained.
            evidence_text: Says evidence in words; kept, so that an export needs no graph.

        Raises:
            SessionError: No such session, or the dialogue does not end with question and answer.
        """
        if len(dialogue.turns) < 2 or dialogue.turns[-1].role is not Role.ASSISTANT:
            raise SessionError(
                f"session {dialogue.id}: the dialogue does not end with an answered question",
                "save the dialogue that came with the answer",
            )
        question, reply = dialogue.turns[-2:]
        body = dump(answer_to_json(answer, evidence_text=evidence_text))
        state = dump(state_to_json(dialogue.state))
        with self._database.transaction() as db:
            session = self._resolve(db, dialogue.id)
            known = {r[0] for r in db.execute("SELECT id FROM turns WHERE session = ?", (session,))}
            for turn in dialogue.turns[:-1]:
                if turn.id not in known:
                    self._put_turn(db, session, turn)
            db.execute(
                "DELETE FROM turns WHERE session = ? AND id IN "
                "(SELECT turn FROM answers WHERE session = ? AND question = ?)",
                (session, session, question.id),
            )
            self._put_turn(db, session, reply)
            db.execute(
                "INSERT INTO answers (session, turn, question, body, state) VALUES (?, ?, ?, ?, ?)",
                (session, reply.id, question.id, body, state),
            )
            db.execute("UPDATE sessions SET state = ? WHERE id = ?", (state, session))
            self._touch(db, session)

    def load(self, dialogue_id: str) -> Dialogue:
        """Return the dialogue with every stored turn, oldest first, an unanswered one too.

        Args:
            dialogue_id: A session's id or a prefix of it that no other session has.

        Raises:
            SessionError: No such session, or the prefix fits several.
        """
        with self._database.transaction() as db:
            session = self._resolve(db, dialogue_id)
            (state,) = db.execute("SELECT state FROM sessions WHERE id = ?", (session,)).fetchone()
            turns = self._turns(db, session)
        return Dialogue(session, turns, state_from_json(load(state)))

    def before(self, dialogue_id: str, turn_id: str) -> Dialogue:
        """Return the dialogue as it was before a turn, for answering that turn again.

        Raises:
            SessionError: No such session or turn, or the prefix fits several.
        """
        dialogue = self.load(dialogue_id)
        turns = dialogue.turns
        place = next((n for n, turn in enumerate(turns) if turn.id == turn_id), None)
        if place is None:
            raise SessionError(f"session {dialogue.id}: there is no turn '{turn_id}'")
        with self._database.transaction() as db:
            states = dict(
                db.execute("SELECT turn, state FROM answers WHERE session = ?", (dialogue.id,))
            )
        kept = [states[turn.id] for turn in turns[:place] if turn.id in states]
        state = state_from_json(load(kept[-1])) if kept else DialogueState()
        return Dialogue(dialogue.id, turns[:place], state)

    def set_pack(self, dialogue_id: str, pack: str) -> None:
        """Say which pack a session asks, for one that began before that was known.

        Raises:
            SessionError: No such session, or the prefix fits several.
        """
        with self._database.transaction() as db:
            session = self._resolve(db, dialogue_id)
            db.execute("UPDATE sessions SET pack = ? WHERE id = ?", (storable(pack), session))

    def history(self, dialogue_id: str) -> tuple[tuple[Turn, Answer | None], ...]:
        """Return each question with its answer, oldest first; None where there is no answer yet.

        Raises:
            SessionError: No such session, or the prefix fits several.
        """
        with self._database.transaction() as db:
            session = self._resolve(db, dialogue_id)
            turns = self._turns(db, session)
            answers = dict(
                db.execute("SELECT question, body FROM answers WHERE session = ?", (session,))
            )
        return tuple(
            (turn, answer_from_json(load(answers[turn.id])) if turn.id in answers else None)
            for turn in turns
            if turn.role is Role.USER
        )

    def info(self, dialogue_id: str) -> SessionInfo:
        """Return one session's line of the list.

        Raises:
            SessionError: No such session, or the prefix fits several.
        """
        with self._database.transaction() as db:
            session = self._resolve(db, dialogue_id)
            return _info(db.execute(f"{_SELECT_INFO} WHERE s.id = ?", (session,)).fetchone())

    def sessions(self, query: str = "", limit: int = 50) -> tuple[SessionInfo, ...]:
        """Return the sessions that have a turn, last used first.

        Args:
            query: Only sessions whose title or turns contain it, whatever the case or width.
            limit: At most so many.
        """
        needle = fold(query.strip())
        with self._database.transaction() as db:
            rows = db.execute(_SEARCH, (needle, limit)).fetchall()
        return tuple(_info(row) for row in rows)

    def rename(self, dialogue_id: str, title: str) -> None:
        """Give a session another title; an empty one brings back the first question.

        Raises:
            SessionError: No such session, or the prefix fits several.
        """
        with self._database.transaction() as db:
            session = self._resolve(db, dialogue_id)
            first = "SELECT text FROM turns WHERE session = ?1 ORDER BY position LIMIT 1"
            db.execute(
                f"UPDATE sessions SET title = coalesce(nullif(?2, ''), ({first}), '')"  # noqa: S608
                " WHERE id = ?1",
                (session, storable(" ".join(title.split()))),
            )

    def delete(self, dialogue_id: str) -> str:
        """Delete a session and return its whole id, for `restore`; after a day it is gone.

        Raises:
            SessionError: No such session, or the prefix fits several.
        """
        with self._database.transaction() as db:
            session = self._resolve(db, dialogue_id)
            db.execute("UPDATE sessions SET deleted = ? WHERE id = ?", (time.time(), session))
        return session

    def restore(self, dialogue_id: str) -> None:
        """Undo `delete`.

        Args:
            dialogue_id: The whole id.

        Raises:
            SessionError: No deleted session has this id.
        """
        with self._database.transaction() as db:
            done = db.execute(
                "UPDATE sessions SET deleted = NULL WHERE id = ? AND deleted IS NOT NULL",
                (dialogue_id,),
            )
            if not done.rowcount:
                raise SessionError(
                    f"session '{dialogue_id}': not among the deleted ones",
                    "a deleted session is kept for a day",
                )

    def export_markdown(self, dialogue_id: str) -> str:
        """Return the conversation as Markdown with its sources as footnotes.

        Raises:
            SessionError: No such session, or the prefix fits several.
        """
        info = self.info(dialogue_id)
        return to_markdown(info, self._exchanges(info.id))

    def export_jsonl(self, dialogue_id: str) -> str:
        """Return the conversation as JSON lines: one for the session, then one per question.

        The first line has ``schema``, ``id``, ``pack``, ``title``, ``created``; each other one has
        ``turn`` and ``answer`` (null when there is none), in the form of `convrag.wire`.

        Raises:
            SessionError: No such session, or the prefix fits several.
        """
        info = self.info(dialogue_id)
        return to_jsonl(info, self._exchanges(info.id))

    def _exchanges(self, session: str) -> list[Exchange]:
        with self._database.transaction() as db:
            bodies = dict(
                db.execute("SELECT question, body FROM answers WHERE session = ?", (session,))
            )
            return [
                (turn, load(bodies[turn.id]) if turn.id in bodies else None)
                for turn in self._turns(db, session)
                if turn.role is Role.USER
            ]

    @staticmethod
    def _resolve(db: sqlite3.Connection, prefix: str) -> str:
        rows = db.execute(
            "SELECT id FROM sessions WHERE deleted IS NULL AND (id = ?1 OR"
            " substr(id, 1, length(?1)) = ?1) ORDER BY id = ?1 DESC, id LIMIT 3",
            (storable(prefix),),
        ).fetchall()
        if not rows or not prefix:
            raise SessionError(
                f"session '{prefix}': there is none with this id", "list them: convrag sessions"
            )
        if len(rows) > 1 and rows[0][0] != prefix:
            raise SessionError(
                f"session '{prefix}': the prefix fits several", "give more of its letters"
            )
        return str(rows[0][0])

    @staticmethod
    def _put_turn(db: sqlite3.Connection, session: str, turn: Turn) -> None:
        answered = db.execute(
            "SELECT 1 FROM answers WHERE session = ? AND question = ?", (session, turn.id)
        ).fetchone()
        if answered:
            return
        db.execute(
            "INSERT INTO turns (session, position, id, role, text, language, created)"
            " SELECT ?1, coalesce(max(position), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM turns"
            " WHERE session = ?1"
            " ON CONFLICT (session, id) DO UPDATE SET position = excluded.position,"
            " text = excluded.text, language = excluded.language, created = excluded.created",
            (
                session,
                storable(turn.id),
                turn.role.value,
                storable(turn.text),
                storable(turn.language),
                turn.created,
            ),
        )
        if turn.role is Role.USER:
            db.execute(
                "UPDATE sessions SET title = ? WHERE id = ? AND title = ''",
                (storable(" ".join(turn.text.split())[:200]), session),
            )

    @staticmethod
    def _touch(db: sqlite3.Connection, session: str) -> None:
        db.execute("UPDATE sessions SET updated = ? WHERE id = ?", (time.time(), session))

    @staticmethod
    def _turns(db: sqlite3.Connection, session: str) -> tuple[Turn, ...]:
        rows = db.execute(
            "SELECT id, role, text, language, created FROM turns"
            " WHERE session = ? ORDER BY position",
            (session,),
        )
        return tuple(Turn(i, Role(r), text, lang, made) for i, r, text, lang, made in rows)


_SELECT_INFO = (
    "SELECT s.id, s.title, s.pack, s.created, s.updated,"
    " (SELECT count(*) FROM turns t WHERE t.session = s.id AND t.role = 'user') FROM sessions s"
)

_SEARCH = (
    _SELECT_INFO + " WHERE s.deleted IS NULL"  # noqa: S608  constant text
    " AND EXISTS (SELECT 1 FROM turns t WHERE t.session = s.id)"
    " AND (?1 = '' OR instr(fold(s.title), ?1) OR EXISTS"
    " (SELECT 1 FROM turns t WHERE t.session = s.id AND instr(fold(t.text), ?1)))"
    " ORDER BY s.updated DESC, s.id LIMIT ?2"
)


def _info(row: tuple[str, str, str, float, float, int]) -> SessionInfo:
    return SessionInfo(*row)
