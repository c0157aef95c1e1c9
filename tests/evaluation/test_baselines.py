"""One search alone, and a model on a server that speaks OpenAI's protocol."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from convrag.config import Config
from convrag.errors import MissingDependencyError, ModelError, UsageError
from convrag.evaluation.asking import Work, ask, ask_dialogue, scripted
from convrag.evaluation.baselines import CHANNELS, KEY, Endpoint
from convrag.evaluation.datasets.asking import SetConversation
from convrag.evaluation.datasets.values import AskedTurn, Conversation
from convrag.evaluation.dialogues import (
    Expectation,
    PassageNeed,
    ScriptedDialogue,
    ScriptedTurn,
    Words,
)
from convrag.evaluation.opening import Opening
from convrag.evaluation.records import ScoredTurn
from convrag.indexing import build_index
from convrag.models.registry import load_encoder
from tests.evaluation.conftest import QUESTIONS, made_up, without_times

BOATS = {
    "en": ("Fishing boats leave the harbour before sunrise.", "When do boats leave the harbour?"),
    "de": (
        "Fischerboote verlassen den Hafen vor Sonnenaufgang.",
        "Wann verlassen Boote den Hafen?",
    ),
    "ru": ("Рыбацкие лодки покидают гавань до рассвета.", "Когда лодки покидают гавань?"),
    "ar": ("تغادر قوارب الصيد الميناء قبل الشروق.", "متى تغادر قوارب الصيد الميناء؟"),
    "hi": ("मछली की नावें बंदरगाह से सूर्योदय से पहले निकलती हैं।", "नावें बंदरगाह से कब निकलती हैं?"),
    "ja": ("漁船は夜明け前に港を出ます。", "漁船はいつ港を出ますか？"),
    "zh": ("渔船在日出之前离开港口。", "渔船什么时候离开港口？"),
}


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> Opening:
    sources = tmp_path_factory.mktemp("sources")
    for language, (text, _) in BOATS.items():
        (sources / f"boats.{language}.md").write_text(text, encoding="utf-8")
    into = tmp_path_factory.mktemp("index") / "index"
    config = Config(home=into.parent, encoder="scripted:hash-256", threads=1)
    build_index([sources], into, load_encoder(config.encoder, config=config), root=sources)
    return Opening(config, index=into)


def boats(language: str) -> ScriptedDialogue:
    expect = Expectation(
        answer=Words(contains_all=(BOATS[language][0],)),
        language=language,
        evidence=((PassageNeed(f"boats.{language}.md"),),),
    )
    turn = ScriptedTurn(BOATS[language][1], expect)
    return ScriptedDialogue(f"boats-{language}", "world", language, "t", (turn,), Path("x"))


def asked(opening: Opening, *dialogues: ScriptedDialogue, workers: str = "1") -> list[ScoredTurn]:
    found = dict(ask(opening, scripted(opening, dialogues), workers=workers))
    return [turn for dialogue in dialogues for turn in found[dialogue.id]]


@pytest.mark.parametrize("language", BOATS)
@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if channel != "graph"])
def test_a_search_alone_answers_with_what_it_finds_first(
    opening: Opening, channel: str, language: str
) -> None:
    alone = Opening(opening.config, index=opening.index, respondent=channel)
    (turn,) = asked(alone, boats(language))
    assert turn.metrics["evidence_recall@5"] == 1
    assert turn.metrics["answer_accuracy"] == 1
    assert turn.trace.rewritten == BOATS[language][1]
    assert turn.trace.tried == {}


def test_the_graph_alone_has_no_passages(opening: Opening) -> None:
    alone = Opening(opening.config, index=opening.index, respondent="graph")
    (turn,) = asked(alone, boats("en"))
    assert (turn.trace.evidence, turn.trace.status) == ((), "abstained")


def test_two_processes_say_the_same_as_one(opening: Opening) -> None:
    dialogues = [boats(language) for language in BOATS]
    one, two = (asked(opening, *dialogues, workers=workers) for workers in ("1", "2"))
    assert without_times(one) == without_times(two)
    assert len(one) == len(BOATS)


def asked_set(opening: Opening, workers: str) -> list[ScoredTurn]:
    """Return the turns of a data set with a question in each language, read as it is asked."""
    items = (
        SetConversation("own", Conversation(code, code, (AskedTurn(code, text, answers=(name,)),)))
        for code, (name, text) in BOATS.items()
    )
    found = dict(ask(opening, Work(items, len(BOATS), ("",)), workers=workers))
    return [turn for code in BOATS for turn in found[code]]


def test_two_processes_say_the_same_of_a_set(opening: Opening) -> None:
    one, two = (asked_set(opening, workers) for workers in ("1", "2"))
    assert without_times(one) == without_times(two)
    assert [turn.metrics["answer_accuracy"] for turn in one] == [1.0] * len(BOATS)


def test_a_process_ended_from_outside_is_said(opening: Opening, monkeypatch) -> None:
    monkeypatch.setattr("convrag.evaluation.asking._start", _end_at_once)
    with pytest.raises(ModelError, match="ended from outside"):
        asked_set(opening, "2")


def _end_at_once(opening: Opening) -> None:
    os._exit(9)


def test_ray_says_the_same(opening: Opening) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'convrag[ray]'")
    dialogues = [boats(language) for language in ("en", "zh")]
    assert without_times(asked(opening, *dialogues)) == without_times(
        asked(opening, *dialogues, workers="ray")
    )
    assert without_times(asked_set(opening, "1")) == without_times(asked_set(opening, "ray"))


def test_without_ray_it_says_what_brings_it(opening: Opening, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError) as caught:
        asked(opening, boats("en"), boats("zh"), workers="ray")
    assert "convrag[ray]" in caught.value.hint


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A server that answers ``Vienna``, to Chinese that it does not know, and with errors."""
    seen: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the library's name
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append({"path": self.path, "key": self.headers["Authorization"], **body})
            said = body["messages"][-1]["content"]
            text = "NO ANSWER." if "奥" in said else "Vienna"
            reply = {"choices": [{"message": {"role": "assistant", "content": text}}]}
            self.send_response(500 if said == "fail" else 200)
            self.end_headers()
            self.wfile.write(b"oops" if said == "bad" else json.dumps(reply).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/v1", seen
        http.shutdown()
        thread.join()


def test_a_server_is_asked_with_the_dialogue_before(server, monkeypatch) -> None:
    url, seen = server
    monkeypatch.setenv(KEY, "secret")
    turns = ask_dialogue(Endpoint(url, "m"), made_up(1, 2)[0], attributed=True)
    assert [turn.metrics["answer_accuracy"] for turn in turns] == [1, 1]
    assert [request["path"] for request in seen] == ["/v1/chat/completions"] * 2
    assert seen[0]["key"] == "Bearer secret"
    assert (seen[0]["model"], seen[0]["temperature"]) == ("m", 0)
    roles = [message["role"] for message in seen[1]["messages"]]  # type: ignore[attr-defined]
    assert roles == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_server_that_does_not_know_abstains(server, language: str) -> None:
    expect = Expectation(abstain=language == "zh", language=language)
    turn = ScriptedTurn(QUESTIONS[language], expect)
    script = ScriptedDialogue("d", "world", language, "t", (turn,), Path("x"))
    (scored,) = ask_dialogue(Endpoint(server[0], "m"), script, attributed=True)
    assert (scored.trace.status == "abstained") is (language == "zh")


@pytest.mark.parametrize(("said", "message"), [("bad", "no chat completion"), ("fail", "500")])
def test_a_server_that_fails_is_an_error_of_the_turn(server, said: str, message: str) -> None:
    script = ScriptedDialogue(
        "d", "world", "en", "t", (ScriptedTurn(said, Expectation(language="en")),), Path("x")
    )
    (turn,) = ask_dialogue(Endpoint(server[0], "m"), script, attributed=True)
    assert turn.trace.kinds == ("failed",)
    assert message in turn.trace.problems[0]


def test_a_server_that_is_not_there_is_an_error_of_the_turn() -> None:
    (turn,) = ask_dialogue(
        Endpoint("http://127.0.0.1:9/v1", "m"), made_up(1, 1)[0], attributed=True
    )
    assert turn.trace.kinds[0] == "failed"


def test_only_http_is_asked() -> None:
    with pytest.raises(UsageError, match="no HTTP address"):
        Endpoint("file:///etc/passwd", "m")
