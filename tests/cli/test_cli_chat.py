from __future__ import annotations

import sys
import types

import pytest

from convrag.sessions import SessionStore
from convrag.types import Filter


@pytest.fixture
def apps(opened, monkeypatch: pytest.MonkeyPatch) -> list[types.SimpleNamespace]:
    """Chat windows that were opened; each opens its responder at once."""
    made: list[types.SimpleNamespace] = []

    class ChatApp:
        return_code = 0

        def __init__(
            self, open_responder, sessions, *, resume=None, theme="", pack="", filter=None
        ) -> None:
            self.open_responder, self.sessions, self.filter = open_responder, sessions, filter
            self.resume, self.theme, self.pack = resume, theme, pack
            made.append(self)

        def run(self) -> None:
            self.open_responder(lambda what, done: None)

    module = types.ModuleType("convrag.tui.app")
    module.ChatApp = ChatApp
    monkeypatch.setitem(sys.modules, "convrag.tui.app", module)
    monkeypatch.setattr("convrag.cli.chat._has_terminal", lambda: True)
    return made


def test_chat_opens_the_window_on_the_default_pack(run, apps, opened) -> None:
    assert run("chat").code == 0
    assert opened[0].pack == "world"
    assert apps[0].resume is None
    assert apps[0].pack == "The World"
    assert apps[0].theme == "convrag-dark"


def test_resume_takes_the_pack_of_the_conversation(run, apps, opened, home) -> None:
    store = SessionStore(home / "sessions.sqlite")
    session = store.create(pack="helpdesk").id
    store.close()
    assert run("chat", "--resume", session[:4], "--theme", "nord").code == 0
    assert (apps[0].resume, apps[0].theme) == (session, "nord")
    assert opened[0].pack == "helpdesk"


def test_a_filter_is_handed_on(run, apps, opened) -> None:
    assert run("chat", "-f", "tag=保修", "--filter", "tag=garantía").code == 0
    assert apps[0].filter == Filter(tags=("保修", "garantía"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--filter", "colour=red"), 2),
        (("--resume", "zzz"), 4),
        (("--pack", "mars"), 2),
        (("--index", "nowhere"), 2),
        (("--pack", "world", "--index", "."), 2),
    ],
)
def test_a_bad_request_shows_before_the_screen_is_taken(run, apps, arguments, code) -> None:
    assert run("chat", *arguments).code == code
    assert apps == []


def test_without_a_terminal_it_says_what_to_use(run, opened) -> None:
    done = run("chat")
    assert done.code == 2
    assert "convrag ask" in done.err


def test_a_failing_window_fails_the_command(run, apps, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules["convrag.tui.app"].ChatApp, "return_code", 1)
    assert run("chat").code == 1
