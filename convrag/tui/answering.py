"""Loading whoever answers, taking questions, and following one answer after the other."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import zip_longest

from textual.message import Message

from convrag.errors import ConvragError
from convrag.events import Event, Failed, Finished, Retrieved, Rewritten, TextChunk
from convrag.tui.conversation import Welcome
from convrag.tui.exchange import Exchange
from convrag.tui.frame import ChatFrame
from convrag.tui.responder import Responder
from convrag.tui.run import Run
from convrag.tui.trace import event_line
from convrag.types import Dialogue, Role, Turn

_FRAME = 1 / 30  # seconds between two looks at the text that came; more often shows nothing more


class Opening(Message):
    """How far the responder is."""

    def __init__(self, text: str, fraction: float) -> None:
        super().__init__()
        self.text = text
        self.fraction = fraction


class Opened(Message):
    """The responder is ready, or it failed."""

    def __init__(self, result: Responder | ConvragError) -> None:
        super().__init__()
        self.result = result


class Progressed(Message):
    """A run has an event."""

    def __init__(self, run: Run, event: Event, elapsed: float) -> None:
        super().__init__()
        self.run = run
        self.event = event
        self.elapsed = elapsed


class AnsweringApp(ChatFrame):
    """The chat without its keys: questions go in, answers come out."""

    def _load(self) -> None:
        if self._loading or self._responder is not None:
            return
        self._loading = True
        self._status.activity = "Starting…"
        self._status.fraction = 0.0
        # A daemon: quitting must not wait for a model that is being loaded.
        threading.Thread(target=self._load_in_thread, name="open", daemon=True).start()

    def _load_in_thread(self) -> None:
        import convrag.tui.answer_markdown  # noqa: F401 - here, not when the first answer begins

        result: Responder | ConvragError
        try:
            result = self._open_responder(lambda text, f: self._say_progress(text, f))
        except ConvragError as error:
            result = error
        except Exception as error:  # noqa: BLE001  the thread's top handler: a bug must reach the user
            result = ConvragError(f"{type(error).__name__}: {error}", "this is a bug in convrag")
        self.post_message(Opened(result))

    def _say_progress(self, text: str, fraction: float) -> None:
        self.post_message(Opening(text, fraction))

    def on_opening(self, event: Opening) -> None:
        """Show the progress."""
        self._status.activity = event.text
        self._status.fraction = event.fraction

    async def on_opened(self, event: Opened) -> None:
        """Begin to answer, or say why not."""
        self._loading = False
        self._status.fraction = None
        if isinstance(event.result, ConvragError):
            self._status.activity = "Not ready"
            self._tell(event.result)
            await self._fail_waiting(event.result)
            return
        self._responder = event.result
        self._pack = event.result.name
        self._status.activity = "Ready"
        self._refresh_facts()
        await self._conversation.ready(
            examples=_one_of_each(event.result.examples), model=event.result.generator_id
        )
        if self._dialogue is not None:
            dialogue = self._dialogue
            self._keep(lambda: self._sessions.set_pack(dialogue.id, self._pack))
        if self._chosen is not None:
            await self._choose(self._chosen)
        await self._pump()

    async def _fail_waiting(self, error: ConvragError) -> None:
        waiting, self._queue = self._queue, []
        for _, exchange in waiting:
            if exchange.is_attached:
                await exchange.fail(error)

    # --- asking and answering

    async def on_welcome_picked(self, event: Welcome.Picked) -> None:
        """Ask the example."""
        self._prompt.focus()
        await self._ask(event.text)

    async def on_exchange_picked(self, event: Exchange.Picked) -> None:
        """Answer the question back with the choice."""
        self._prompt.focus()
        await self._ask(event.text)

    async def _ask(self, text: str) -> None:
        turn = Turn(self._new_id(), Role.USER, text, self._language, self._clock())
        if self._dialogue is None:
            created = self._keep(lambda: self._sessions.create(pack=self._pack))
            # Without a place to keep it the conversation still goes on, it is only not kept.
            self._dialogue = created or Dialogue(self._new_id())
        dialogue = self._dialogue
        self._keep(lambda: self._sessions.save_turn(dialogue.id, turn))
        for earlier in self._conversation.exchanges[-1:]:
            await earlier.withdraw()
        exchange = await self._conversation.add(turn)
        exchange.say("Waiting until everything is loaded…" if not self._responder else "Waiting…")
        self._queue.append((None, exchange))
        self._refresh_sessions()
        self._load()  # does nothing but after a failure
        await self._pump()

    async def _pump(self) -> None:
        """Answer the next waiting question when nothing else is being answered."""
        if self._responder is None or self._run is not None or not self._queue:
            return
        before, exchange = self._queue.pop(0)
        dialogue = before or self._dialogue
        if dialogue is None or not exchange.is_attached:
            await self._pump()
            return
        turns = tuple(t for t in dialogue.turns if t.id != exchange.turn.id)
        run = Run(
            self._responder,
            self._sessions,
            Dialogue(dialogue.id, turns, dialogue.state),
            exchange.turn,
            filter=self._filter,
            deliver=self._deliver,
            new_id=self._new_id,
            clock=self._clock,
        )
        self._run = (run, exchange)
        self._lines[exchange.turn.id] = []
        await exchange.begin()
        await self._choose(exchange)
        self._status.activity = "Looking for sources… · esc stops"
        self._flusher = self.set_interval(_FRAME, self._show_text)
        run.start()

    def _deliver(self, run: Run, event: Event, elapsed: float) -> None:
        self.post_message(Progressed(run, event, elapsed))

    async def _show_text(self) -> None:
        if self._run is None:
            return
        run, exchange = self._run
        text = run.take_text()
        if text and exchange.is_attached:
            await exchange.write(text)

    async def on_progressed(self, event: Progressed) -> None:
        """Show what a run has reached."""
        if self._run is None or self._run[0] is not event.run:
            return
        run, exchange = self._run
        await self._show_text()
        lines = self._lines.setdefault(exchange.turn.id, [])
        lines.append(event_line(event.event, event.elapsed))
        here = exchange.is_attached
        if here and exchange is self._chosen:
            self._side.show_trace(lines)
        match event.event:
            case Rewritten(query=query) if here:
                exchange.show_query(query)
            case Retrieved(evidence=evidence) if here:
                count = len(evidence)
                exchange.say(f"{count} source{'' if count == 1 else 's'} found, reading…")
            case TextChunk():
                self._status.activity = "Answering… · esc stops"
            case Finished(answer=answer, dialogue=dialogue):
                await self._end_run(event.elapsed)
                if here:
                    self._dialogue = dialogue
                    await exchange.finish(answer)
                    if exchange is self._chosen:
                        await self._choose(exchange)
                if run.save_error is not None:
                    self._tell(run.save_error)
                await self._pump()
            case Failed(error=error):
                await self._end_run(event.elapsed)
                if here:
                    await exchange.fail(error)
                await self._pump()

    async def _end_run(self, elapsed: float) -> None:
        self._run = None
        if self._flusher is not None:
            self._flusher.stop()
        self._status.activity = f"Ready · last answer {elapsed:.1f} s"
        self._refresh_sessions()

    async def on_exchange_retry(self, event: Exchange.Retry) -> None:
        """Ask a question again that has no answer."""
        exchange = event.exchange
        dialogue = self._dialogue
        if dialogue is None or self._waiting(exchange):
            return
        self._prompt.focus()
        if exchange is not self._conversation.exchanges[-1]:
            await self._conversation.move_to_end(exchange)
        self._keep(lambda: self._sessions.save_turn(dialogue.id, exchange.turn))
        await exchange.begin()
        self._queue.append((None, exchange))
        self._load()
        await self._pump()

    def _waiting(self, exchange: Exchange) -> bool:
        running = self._run is not None and self._run[1] is exchange
        return running or any(e is exchange for _, e in self._queue)


def _one_of_each(examples: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the first question of every language, then the second ones, and so on."""
    rounds = zip_longest(*examples.values())
    return [question for questions in rounds for question in questions if question]
