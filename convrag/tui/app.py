"""The chat: what each key, command and click does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from convrag.errors import UsageError
from convrag.tui.actions import SLASH, Action, bindings
from convrag.tui.answering import AnsweringApp
from convrag.tui.display import one_line, shown
from convrag.tui.exchange import Exchange
from convrag.tui.export_file import write_export
from convrag.tui.graph import GraphTree
from convrag.tui.help import ActionProvider, HelpScreen
from convrag.tui.prompt import Prompt
from convrag.tui.session_list import RenameDialog, ResumePicker, SessionOptions
from convrag.tui.side import EvidenceWords, Tab
from convrag.tui.state import StateScreen, state_text
from convrag.types import Answer, DialogueState
from convrag.wire import EXAMPLES, filter_words, parse_filter, split_words

_LAST_WAIT = 2.0  # seconds an answer gets to end by itself when the program ends


class ChatApp(AnsweringApp, inherit_bindings=False):
    __doc__ = AnsweringApp.__mro__[1].__doc__

    BINDINGS = bindings("app")
    COMMANDS = {ActionProvider}

    async def on_mount(self) -> None:
        """Show what is kept, and load after the first paint."""
        self._prompt.focus()
        self._refresh_facts()
        if self._resume is not None:
            await self._open_session(self._resume)
        self.call_after_refresh(self._load)

    async def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """Take a question or a command."""
        text = event.text
        if text.startswith("/"):
            name, _, argument = text[1:].partition(" ")
            action = SLASH.get(name.casefold())
            if action is None:
                self.notify(
                    f"There is no command /{one_line(name, 40)}. F1 lists them; begin with a blank "
                    "to send it as a question.",
                    severity="warning",
                    markup=False,
                )
                self._prompt.refused(text)
                return
            self._prompt.taken(text)
            await self._run_command(action, argument.strip())
            return
        self._prompt.taken(text.strip())
        await self._ask(text.strip())

    def on_prompt_nothing(self) -> None:
        """Go to the choices of a question back."""
        for exchange in self._conversation.exchanges[-1:]:
            exchange.focus_choice()

    async def action_regenerate(self) -> None:
        """Answer the last question again."""
        exchanges = self._conversation.exchanges
        if not exchanges or self._waiting(exchanges[-1]) or self._dialogue is None:
            return
        identifier, last = self._dialogue.id, exchanges[-1]
        if last.answer is None:
            await self.on_exchange_retry(Exchange.Retry(last))
            return
        before = self._keep(lambda: self._sessions.before(identifier, last.turn.id))
        if before is not None:
            self._queue.append((before, last))
            await self._pump()

    # --- choosing and copying

    async def on_exchange_chosen(self, event: Exchange.Chosen) -> None:
        """Show the sources of an exchange."""
        await self._choose(event.exchange)
        self._show_side("sources")
        if event.marker is not None:
            self._side.select(event.marker)

    async def action_walk(self, step: int) -> None:
        """Go to the turn before or after."""
        exchanges = self._conversation.exchanges
        if not exchanges:
            return
        at = exchanges.index(self.focused) if self.focused in exchanges else len(exchanges)
        if at + step >= len(exchanges):
            self._prompt.focus()
            return
        exchange = exchanges[max(0, at + step)]
        exchange.focus()
        await self._choose(exchange)

    def on_exchange_copy(self, event: Exchange.Copy) -> None:
        """Copy an answer's Markdown."""
        answer = event.exchange.answer
        if answer is None:
            return
        words = EvidenceWords(self._responder, answer.language)
        text = answer.text
        if event.sources:
            text += "\n\n" + _source_list(answer, words)
        self.copy_to_clipboard(text)
        self.notify("Copied the answer" + (" with its sources" if event.sources else ""))

    def on_graph_tree_ask(self, event: GraphTree.Ask) -> None:
        """Put the entity's name into the prompt, where the user makes a question of it."""
        self._prompt.put(f"{self._prompt.text.rstrip()} {event.name} ".lstrip())
        self._close_full_pane()
        self._prompt.focus()

    # --- panes

    def action_pane(self, tab: Tab) -> None:
        """Show a tab of the side pane; hide the pane when that tab was being read."""
        side = self._side
        reading = side.display and side.active == tab
        if reading and (self._narrow or side.has_focus_within):
            self._set_pane("side", False)
            self._prompt.focus()
            return
        self._show_side(tab)
        side.focus_tab()

    def action_sessions(self) -> None:
        """Show or hide the list of conversations."""
        show = not self._list.display
        self._set_pane("sessions", show)
        if show:
            self._refresh_sessions()
            self._list.query_one(SessionOptions).focus()
        else:
            self._prompt.focus()

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(HelpScreen())

    def action_state(self) -> None:
        """Show what the next question may refer to."""
        state = self._dialogue.state if self._dialogue else DialogueState()
        words = EvidenceWords(self._responder, state.language)
        self.push_screen(StateScreen(state_text(state, words.name)))

    def action_theme(self, name: str = "") -> None:
        """Change the theme."""
        if name and name not in self.available_themes:
            known = ", ".join(sorted(self.available_themes))
            self.notify(f"Themes: {known}", title="No such theme", markup=False)
            return
        self.theme = name or ("convrag-light" if self.current_theme.dark else "convrag-dark")

    def action_language(self, code: str = "") -> None:
        """Set the language of the questions: the one named, or the next one, or any."""
        known = self._responder.languages if self._responder else ()
        if code and code not in (*known, "any"):
            self.notify(f"Languages: any, {', '.join(known)}", severity="warning", markup=False)
            return
        cycle = ("", *known)
        following = cycle[(cycle.index(self._language) + 1) % len(cycle)]
        self._language = "" if code == "any" else code or following
        self._refresh_facts()

    def action_filter(self, words: str = "") -> None:
        """Show which sources are searched, or search only those that ``words`` let through."""
        try:
            if words:
                self._filter = parse_filter(() if words == "off" else split_words(words))
        except UsageError as error:
            self._tell(error)
            return
        self._refresh_facts()
        now = filter_words(self._filter)
        text = f"Only searched: {now}\n/filter off searches everything again."
        if not now:
            text = f"Everything is searched. To narrow it: /filter {EXAMPLES}"
        self.notify(shown(text), markup=False)

    # --- stopping and leaving

    def action_stop(self) -> None:
        """Stop the answer, else close a pane, else go to the prompt."""
        if not self._stop_run() and not self._close_full_pane():
            pass
        self._prompt.focus()

    def _stop_run(self) -> bool:
        if self._run is None or self._run[0].stopping:
            return False
        self._run[0].stop()
        self._status.activity = "Stopping…"
        return True

    def action_interrupt(self) -> None:
        """Stop the answer; the way out is another key."""
        if not self._stop_run():
            self.notify("ctrl+q leaves convrag")

    async def action_quit(self) -> None:
        """Stop the answer, keep what there is, and leave."""
        if self._run is not None:
            run = self._run[0]
            run.stop()
            self._status.activity = "Keeping the answer…"
            waited = 0.0
            while run.alive and waited < _LAST_WAIT:
                await asyncio.sleep(0.02)
                waited += 0.02
            run.keep_partial()
        self.exit()

    def on_unmount(self) -> None:
        """Free what answers, unless it is still at work."""
        if self._responder is not None and (self._run is None or not self._run[0].alive):
            self._responder.close()

    # --- conversations

    async def action_new_session(self) -> None:
        """Begin a new conversation; an answer being made is stopped and kept."""
        self._leave()
        self._dialogue = None
        await self._conversation.clear()
        await self._show_nothing()

    def _leave(self) -> None:
        self._stop_run()
        self._queue.clear()
        self._close_full_pane()
        self._prompt.focus()

    async def _show_nothing(self) -> None:
        self._chosen = None
        await self._side.show(None, (), self._responder)
        self._refresh_sessions()

    async def _open_session(self, session_id: str) -> None:
        if self._dialogue is not None and self._dialogue.id == session_id:
            self._prompt.focus()
            return
        dialogue = self._keep(lambda: self._sessions.load(session_id))
        history = self._keep(lambda: self._sessions.history(session_id))
        if dialogue is None or history is None:
            return
        self._leave()
        self._dialogue = dialogue
        await self._conversation.open(history)
        self._prompt.remember([turn.text for turn, _ in history])
        await self._show_nothing()
        exchanges = self._conversation.exchanges
        if exchanges:
            await self._choose(exchanges[-1])

    def action_resume(self, query: str = "") -> None:
        """Search for a conversation and open it."""

        async def opened(session_id: str | None) -> None:
            if session_id is not None:
                await self._open_session(session_id)

        self.push_screen(ResumePicker(self._find, self._clock, query), opened)

    async def on_session_options_wanted(self, event: SessionOptions.Wanted) -> None:
        """Do what was asked for in the list."""
        match event.what:
            case "open":
                self._close_full_pane()
                await self._open_session(event.session_id)
            case "rename":
                self._rename(event.session_id)
            case "delete":
                await self._delete(event.session_id)
            case "undo":
                self.action_undo_delete()

    def action_rename(self, title: str = "") -> None:
        """Give this conversation another title."""
        if self._dialogue is None:
            self.notify("There is no conversation yet")
        elif title:
            self._set_title(self._dialogue.id, title)
        else:
            self._rename(self._dialogue.id)

    def _rename(self, session_id: str) -> None:
        info = self._keep(lambda: self._sessions.info(session_id))
        if info is None:
            return

        def named(title: str | None) -> None:
            if title is not None:
                self._set_title(session_id, title)

        self.push_screen(RenameDialog(info.title), named)

    def _set_title(self, session_id: str, title: str) -> None:
        self._keep(lambda: self._sessions.rename(session_id, title))
        self._refresh_sessions()

    async def action_delete(self) -> None:
        """Delete this conversation."""
        if self._dialogue is None:
            self.notify("There is no conversation yet")
        else:
            await self._delete(self._dialogue.id)

    async def _delete(self, session_id: str) -> None:
        here = self._dialogue is not None and self._dialogue.id == session_id
        if here:
            await self.action_new_session()
        deleted = self._keep(lambda: self._sessions.delete(session_id))
        if deleted is not None:
            self._deleted.append(deleted)
            self.notify("Deleted. ctrl+t brings it back.")
        self._refresh_sessions()

    def action_undo_delete(self) -> None:
        """Bring back the conversation deleted last."""
        if not self._deleted:
            self.notify("Nothing was deleted")
            return
        session_id = self._deleted.pop()
        self._keep(lambda: self._sessions.restore(session_id))
        self._refresh_sessions()

    def action_export(self, ending: str = "md") -> None:
        """Write this conversation to a file."""
        if self._dialogue is None or ending not in ("md", "jsonl"):
            self.notify("There is nothing to export" if ending else "Use /export md or jsonl")
            return
        identifier = self._dialogue.id

        def write() -> Path:
            store = self._sessions
            make = store.export_markdown if ending == "md" else store.export_jsonl
            title = store.info(identifier).title
            folder = self._exports or Path.cwd()
            return write_export(folder, identifier, title, ending, make(identifier))

        path = self._keep(write)
        if path is not None:
            self.notify(f"Saved as {one_line(str(path), 400)}", markup=False)

    # --- the table of actions

    async def _run_command(self, action: Action, argument: str) -> None:
        if argument and action.arguments:
            name = action.handler.partition("(")[0]
            result = getattr(self, f"action_{name}")(argument)
            if result is not None:
                await result
        else:
            await self.run_listed_action(action)

    async def run_listed_action(self, action: Action) -> None:
        """Do what ``action`` says, on the widget it is for."""
        match action.target:
            case "app":
                await self.run_action(action.handler, default_namespace=self)
            case "prompt":
                await self.run_action(action.handler, default_namespace=self._prompt)
            case "graph":
                tree = self._side.query_one(GraphTree)
                await self.run_action(action.handler, default_namespace=tree)
            case "sessions":
                options = self._list.query_one(SessionOptions)
                await self.run_action(action.handler, default_namespace=options)
            case "exchange":
                exchanges = self._conversation.exchanges
                target = self._chosen or (exchanges[-1] if exchanges else None)
                if target is not None:
                    await self.run_action(action.handler, default_namespace=target)


def _source_list(answer: Answer, words: EvidenceWords) -> str:
    by_id = {evidence.id: evidence for evidence in answer.evidence}
    lines = []
    for citation in sorted(answer.citations, key=lambda c: c.marker):
        evidence = by_id.get(citation.evidence_id)
        if evidence is not None:
            about = f"{words.title(evidence)}: {words.text(evidence)}"
            lines.append(f"[{citation.marker}] {one_line(about, 2000)}")
    return "\n".join(lines)
