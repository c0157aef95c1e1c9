"""One answer being made in a thread: its events out, its text in pieces, its end kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from convrag.errors import ConvragError, SessionError
from convrag.events import Event, Failed, Finished, Retrieved, Rewritten, TextChunk
from convrag.protocols import CancelToken
from convrag.sessions import SessionStore
from convrag.tui.responder import Responder
from convrag.types import Answer, Dialogue, Evidence, Filter, Mode, Query, Role, Status, Turn

Deliver = Callable[["Run", Event, float], None]


class Run:
    """Answers one turn and keeps the result, whatever becomes of the screen.

    Args:
        responder: Who answers.
        sessions: Where the answer is kept.
        dialogue: What was said before.
        turn: The question, already kept.
        filter: What may be found.
        deliver: Called in the run's thread with every event and the seconds since the start; of the
            pieces of text only with the first one, the text itself is fetched with `take_text`.
        new_id: Makes ids of turns.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        responder: Responder,
        sessions: SessionStore,
        dialogue: Dialogue,
        turn: Turn,
        *,
        filter: Filter,
        deliver: Deliver,
        new_id: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self.turn = turn
        self.save_error: ConvragError | None = None
        self._responder = responder
        self._sessions = sessions
        self._dialogue = dialogue
        self._filter = filter
        self._deliver = deliver
        self._new_id = new_id
        self._clock = clock
        self._cancel = CancelToken()
        self._lock = threading.Lock()
        self._settled = False
        self._all: list[str] = []
        self._fresh: list[str] = []
        self._query = Query(turn.text, turn.text, turn.language, filter=filter)
        self._evidence: tuple[Evidence, ...] = ()
        # A daemon: a model that does not listen to the stop must not keep the program from ending.
        self._thread = threading.Thread(target=self._work, name="answer", daemon=True)
        self._begun = 0.0

    def start(self) -> None:
        """Begin."""
        self._begun = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end; what is there is kept. Idempotent."""
        self._cancel.cancel()

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._cancel.cancelled

    @property
    def alive(self) -> bool:
        """Whether the thread still works."""
        return self._thread.is_alive()

    def take_text(self) -> str:
        """Return the text that came since the last call."""
        with self._lock:
            text = "".join(self._fresh)
            self._fresh.clear()
        return text

    def keep_partial(self) -> None:
        """Keep what there is as a stopped answer, unless the answer was kept already."""
        answer, dialogue = self._partial()
        if answer.text:
            self._settle(dialogue, answer)

    def _work(self) -> None:
        try:
            last = self._follow()
        except ConvragError as error:
            last = Failed(error)
        except Exception as error:  # noqa: BLE001  the thread's top handler: a bug must reach the user
            last = Failed(
                ConvragError(f"{type(error).__name__}: {error}", "this is a bug in convrag")
            )
        self._send(last)

    def _follow(self) -> Event:
        """Pass the events on and return the last one, the answer kept."""
        events = self._responder.respond(
            self._dialogue, self.turn, filter=self._filter, cancel=self._cancel
        )
        for event in events:
            match event:
                case Finished(answer=answer, dialogue=dialogue):
                    self._settle(dialogue, answer)
                    return event
                case Failed():
                    return event
                case TextChunk(text=text):
                    with self._lock:
                        first = not self._all
                        self._all.append(text)
                        self._fresh.append(text)
                    if first:
                        self._send(event)
                case _:
                    if isinstance(event, Rewritten):
                        self._query = event.query
                    elif isinstance(event, Retrieved):
                        self._evidence = event.evidence
                    self._send(event)
        answer, dialogue = self._partial()
        if not self._cancel.cancelled:
            return Failed(ConvragError("the answer ended too early", "try again"))
        self._settle(dialogue, answer)
        return Finished(answer, dialogue)

    def _send(self, event: Event) -> None:
        self._deliver(self, event, time.monotonic() - self._begun)

    def _partial(self) -> tuple[Answer, Dialogue]:
        with self._lock:
            text = "".join(self._all)
        language = self.turn.language or self._query.language
        answer = Answer(
            text, language, (), self._evidence, self._query, Status.STOPPED, Mode.NONE, {}
        )
        reply = Turn(self._new_id(), Role.ASSISTANT, text, language, self._clock())
        before = self._dialogue
        return answer, Dialogue(before.id, (*before.turns, self.turn, reply), before.state)

    def _settle(self, dialogue: Dialogue, answer: Answer) -> None:
        with self._lock:
            if self._settled:
                return
            self._settled = True

        def words(evidence: Evidence) -> str:
            return self._responder.evidence_text(evidence, language=answer.language)

        try:
            self._sessions.save_answer(dialogue, answer, evidence_text=words)
        except SessionError as error:
            self.save_error = error  # the answer is shown all the same, with this beside it
