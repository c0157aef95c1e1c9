from __future__ import annotations

import io
import json
import sys

import jsonschema
import pytest

from convrag.sessions import SessionStore
from convrag.wire import JSON_SCHEMA
from convrag.wire.filters import filter_to_json

FORBIDDEN = ("\x1b", "\x07", "\u202e", "\u009b")

QUESTIONS = [
    "What is the capital of Austria?",
    "奥地利的首都是哪里？",
    "ما هي عاصمة النمسا؟",
    "ऑस्ट्रिया की राजधानी क्या है?",
    "Какая столица Австрии?",
    "オーストリアの首都は？",
    "오스트리아의 수도는?",
    "เมืองหลวงของออสเตรีย?",
]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("language=de", "language=zh"), {"languages": ["de", "zh"]}),
        (("source=手册/*.pdf", "tag=保修"), {"sources": ["手册/*.pdf"], "tags": ["保修"]}),
        (("tag=ضمان",), {"tags": ["ضمان"]}),
        (("tag=वारंटी", "after=2024-01"), {"tags": ["वारंटी"], "after": "2024-01"}),
        (("tag=гарантия",), {"tags": ["гарантия"]}),
        (("document=ab12", "tag=保証"), {"documents": ["ab12"], "tags": ["保証"]}),
    ],
)
def test_a_filter_is_used_and_shown_in_the_json(run, opened, words, wanted) -> None:
    options = [part for word in words for part in ("--filter", word)]
    answer = json.loads(run("ask", "--json", *options, "Wien?").out)
    jsonschema.validate(answer, JSON_SCHEMA)
    assert answer["query"]["filter"] == wanted
    assert filter_to_json(opened[0].filters[0]) == wanted


def test_without_a_filter_the_json_says_nothing_of_it(run, opened) -> None:
    assert "filter" not in json.loads(run("ask", "--json", "Wien?").out)["query"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_on_stdout_with_its_sources(run, opened, question: str) -> None:
    done = run("ask", question)
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[:2] == ["The capital is Vienna [1][2].", ""]
    assert lines[2].startswith("[1] Das [b]Buch")
    assert lines[2].endswith("(a/b.md, p. 3)")
    assert lines[3].startswith("[2] Austria: capital Vienna")
    assert "[bold]" in lines[3]
    assert opened[0].asked[0][1].text == question
    assert opened[0].pack == "world"
    assert opened[0].closed


def test_outside_text_cannot_reach_the_terminal_as_commands(run, opened) -> None:
    for arguments in (("ask", "q"), ("ask", "q", "--json")):
        done = run(*arguments)
        assert not any(bad in done.out + done.err for bad in FORBIDDEN)


def test_a_terminal_gets_the_text_once(run, opened, monkeypatch) -> None:
    monkeypatch.setattr("convrag.cli.output.stdout_is_terminal", lambda: True)
    done = run("ask", "q")
    assert done.out.count("The capital is Vienna [1][2].") == 1


def test_json_fits_its_schema_and_keeps_hostile_text_exactly(run, opened) -> None:
    done = run("ask", "q", "--json", "--language", "DE")
    data = json.loads(done.out)
    jsonschema.validate(data, JSON_SCHEMA)
    assert data["evidence"][0]["text"] == "Vienna \x1b[31m[bold]\u202e[/x] \x07"
    assert opened[0].asked[0][1].language == "de"


def test_the_question_may_come_from_stdin(run, opened, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("  多瑙河有多长？\n"))
    run("ask", "-")
    assert opened[0].asked[0][1].text == "多瑙河有多长？"


def test_progress_is_on_stderr(run, opened) -> None:
    assert "opening (50%)" in run("ask", "q").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", "   "), "empty"),
        (("ask", "q", "--pack", "wrold"), "did you mean 'world'"),
        (("ask", "q", "--pack", "../world"), "unknown pack"),
        (("ask", "q", "--pack", "world", "--index", "."), "both"),
        (("ask", "q", "--index", "nowhere"), "nowhere: no such index"),
        (("ask", "q", "--language", "english"), "not a language code"),
        (("ask", "q", "--k", "0"), "--k"),
    ],
)
def test_a_bad_request_is_refused_before_anything_is_loaded(
    run, opened, arguments: tuple[str, ...], said: str
) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert opened == []


def test_an_index_is_asked_instead_of_a_pack(run, opened, tmp_path) -> None:
    run("ask", "q", "--index", str(tmp_path))
    assert (opened[0].pack, opened[0].index) == (None, tmp_path)


def test_a_session_goes_on_and_keeps_the_answer(run, opened, home) -> None:
    store = SessionStore(home / "sessions.sqlite")
    session = store.create(pack="Kundendienst 客服").id
    assert run("ask", "first", "--session", session).code == 0
    assert run("ask", "second", "--session", session[:6]).code == 0
    assert [pipeline.pack for pipeline in opened] == ["helpdesk", "helpdesk"]
    assert len(opened[1].asked[0][0].turns) == 2
    history = store.history(session)
    assert [turn.text for turn, _ in history] == ["first", "second"]
    assert all(answer is not None for _, answer in history)
    assert run("ask", "boom", "--session", session).code == 5
    assert [turn.text for turn, _ in store.history(session)][-1] == "boom"
    store.close()


def test_an_unknown_session_is_an_error(run, opened) -> None:
    done = run("ask", "q", "--session", "zzz")
    assert done.code == 4
    assert opened == []


def test_a_session_about_an_index_needs_its_index(run, opened, home) -> None:
    store = SessionStore(home / "sessions.sqlite")
    session = store.create(pack="my notes").id
    store.close()
    done = run("ask", "q", "--session", session)
    assert done.code == 2
    assert "--index" in done.err
