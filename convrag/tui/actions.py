"""Every action of the chat, once: keys, help, palette and slash commands read this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Target = Literal["app", "prompt", "exchange", "graph", "sessions"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the user can do.

    Attributes:
        id: Stable name; a keymap in the settings refers to it.
        key: Keys separated by commas, unique within the target.
        target: The widget that has the method ``action_<handler>``.
        handler: Name of the method, with arguments where it takes some.
        description: What it does, for the help screen.
        palette: The same as "verb: noun".
        slash: Its command in the prompt, without arguments; empty when it has none.
        arguments: What the command takes, for the help screen.
        footer: Its word in the footer; empty keeps it out.
        priority: The key is taken before the focused widget sees it.
    """

    id: str
    key: str
    target: Target
    handler: str
    description: str
    palette: str
    slash: str = ""
    arguments: str = ""
    footer: str = ""
    priority: bool = False

    @property
    def bindings(self) -> list[BindingType]:
        """The action's keys as bindings of its target."""
        return [
            Binding(
                self.key,
                self.handler,
                self.footer or self.description,
                show=bool(self.footer),
                priority=self.priority,
                id=self.id,
            )
        ]


TARGETS: dict[Target, str] = {
    "app": "Everywhere",
    "prompt": "While typing",
    "exchange": "On a turn of the conversation",
    "graph": "In the graph",
    "sessions": "In the list of conversations",
}
"""Where each action works, in the words of the help screen."""

ACTIONS: tuple[Action, ...] = (
    Action("app.help", "f1", "app", "help", "Show this help", "show: help", "help", footer="Help"),
    Action(
        "app.sources",
        "f2",
        "app",
        "pane('sources')",
        "Show or hide the sources of an answer",
        "show: sources",
        "sources",
        footer="Sources",
    ),
    Action(
        "app.graph",
        "f3",
        "app",
        "pane('graph')",
        "Show or hide the knowledge graph around an answer",
        "show: graph",
        "graph",
        footer="Graph",
    ),
    Action(
        "app.trace",
        "f4",
        "app",
        "pane('trace')",
        "Show or hide how an answer was found",
        "show: trace",
        "why",
        footer="Trace",
    ),
    Action(
        "app.state",
        "f11",
        "app",
        "state",
        "Show what the conversation is about: what follow-ups may refer to",
        "show: conversation's state",
        "state",
    ),
    Action(
        "app.sessions",
        "f5",
        "app",
        "sessions",
        "Show or hide the list of conversations",
        "show: conversations",
        "sessions",
        footer="List",
    ),
    Action(
        "app.stop",
        "escape",
        "app",
        "stop",
        "Stop the answer and keep what is there; else close a pane, else go to the prompt",
        "stop: answer",
        "stop",
        footer="Stop",
    ),
    Action(
        "app.new",
        "ctrl+n",
        "app",
        "new_session",
        "Begin a new conversation",
        "new: conversation",
        "new",
        footer="New",
    ),
    Action(
        "app.resume",
        "ctrl+r",
        "app",
        "resume",
        "Search and reopen an earlier conversation",
        "resume: conversation",
        "resume",
        "[words]",
        footer="Resume",
    ),
    Action(
        "app.regenerate",
        "ctrl+g",
        "app",
        "regenerate",
        "Answer the last question again",
        "regenerate: answer",
        "again",
    ),
    Action(
        "app.previous",
        "alt+up",
        "app",
        "walk(-1)",
        "Go to the turn before",
        "go to: turn before",
        priority=True,
    ),
    Action(
        "app.next",
        "alt+down",
        "app",
        "walk(1)",
        "Go to the turn after",
        "go to: turn after",
        priority=True,
    ),
    Action(
        "app.rename",
        "f6",
        "app",
        "rename",
        "Give this conversation another title",
        "rename: conversation",
        "rename",
        "[title]",
    ),
    Action(
        "app.delete",
        "f8",
        "app",
        "delete",
        "Delete this conversation; it can be undone",
        "delete: conversation",
        "delete",
    ),
    Action(
        "app.undo",
        "ctrl+t",
        "app",
        "undo_delete",
        "Bring back the conversation deleted last",
        "undo: delete",
        "undo",
    ),
    Action(
        "app.export",
        "ctrl+s",
        "app",
        "export('md')",
        "Save this conversation as Markdown with footnotes",
        "export: Markdown",
        "export",
        "[md|jsonl]",
    ),
    Action(
        "app.export-jsonl",
        "f7",
        "app",
        "export('jsonl')",
        "Save this conversation as JSON lines that can be replayed",
        "export: JSON lines",
    ),
    Action(
        "app.language",
        "f9",
        "app",
        "language",
        "Set the language of the questions, or let it be recognised",
        "set: language",
        "lang",
        "[code]",
    ),
    Action(
        "app.filter",
        "ctrl+f",
        "app",
        "filter",
        "Show which sources are searched; set it: language=de tag=x source='a/*', or off",
        "show: filter",
        "filter",
        "[key=value | off]",
    ),
    Action(
        "app.theme",
        "f10",
        "app",
        "theme",
        "Change between dark and light",
        "change: theme",
        "theme",
        "[name]",
    ),
    Action(
        "app.palette",
        "ctrl+p",
        "app",
        "command_palette",
        "Search all actions",
        "search: actions",
        "actions",
        footer="Actions",
        priority=True,
    ),
    Action(
        "app.interrupt",
        "ctrl+c",
        "app",
        "interrupt",
        "Copy the selected text, else stop the answer",
        "copy: selection",
    ),
    Action(
        "app.quit",
        "ctrl+q",
        "app",
        "quit",
        "Leave; an answer that is being made is kept as far as it is",
        "quit: convrag",
        "quit",
        footer="Quit",
        priority=True,
    ),
    Action(
        "prompt.send",
        "enter",
        "prompt",
        "send",
        "Send the question",
        "send: question",
        priority=True,
    ),
    Action(
        "prompt.newline",
        "ctrl+j,shift+enter",
        "prompt",
        "newline",
        "Begin a new line (ctrl+j works in every terminal)",
        "insert: new line",
        priority=True,
    ),
    Action(
        "prompt.earlier",
        "up",
        "prompt",
        "earlier",
        "On the first line: the question sent before",
        "recall: question before",
        priority=True,
    ),
    Action(
        "prompt.later",
        "down",
        "prompt",
        "later",
        "On the last line: the question sent after",
        "recall: question after",
        priority=True,
    ),
    Action("exchange.sources", "enter", "exchange", "open", "Show its sources", "open: sources"),
    Action(
        "exchange.source",
        "1,2,3,4,5,6,7,8,9",
        "exchange",
        "source",
        "Show the source with this number",
        "open: first source",
    ),
    Action("exchange.copy", "y", "exchange", "copy", "Copy the answer", "copy: answer"),
    Action(
        "exchange.copy-sources",
        "Y",
        "exchange",
        "copy_with_sources",
        "Copy the answer with its sources",
        "copy: answer with sources",
    ),
    Action("graph.root", "enter", "graph", "reroot", "Look from this entity", "look from: entity"),
    Action("graph.back", "backspace", "graph", "back", "Go back one entity", "go back: entity"),
    Action(
        "graph.ask",
        "a",
        "graph",
        "ask",
        "Put a question about this entity into the prompt",
        "ask about: entity",
    ),
    Action("sessions.open", "enter", "sessions", "open", "Open it", "open: conversation"),
    Action(
        "sessions.rename", "r", "sessions", "rename", "Rename it", "rename: listed conversation"
    ),
    Action(
        "sessions.delete", "d", "sessions", "delete", "Delete it", "delete: listed conversation"
    ),
    Action("sessions.undo", "u", "sessions", "undo", "Undo a delete", "undo: listed delete"),
)

SLASH: dict[str, Action] = {action.slash: action for action in ACTIONS if action.slash}
"""The actions that can be typed, by command."""


def bindings(target: Target) -> list[BindingType]:
    """Return the bindings of one kind of widget, in table order."""
    made: list[BindingType] = []
    for action in ACTIONS:
        if action.target == target and action.id != "exchange.source":
            made += action.bindings
    if target == "exchange":
        made += [
            Binding(str(n), f"source({n})", f"Source {n}", show=False, id=f"exchange.source-{n}")
            for n in range(1, 10)
        ]
    return made
