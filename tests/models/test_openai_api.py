"""The OpenAI-compatible client against a server in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from convrag.config import Config
from convrag.errors import ModelError
from convrag.models import load_generator
from convrag.models.openai_api import OpenAIGenerator
from convrag.protocols import CancelToken, Prompt

PIECES = ["Paris", " 北京", " Москва", " القاهرة", " दिल्ली", " กรุงเทพฯ", " 東京"]


class Scripted(BaseHTTPRequestHandler):
    """Answers as the test's server says."""

    server: Any
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, dict(self.headers), body))
        self.server.answer(self)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Stay silent."""

    def begin(self, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()

    def event(self, data: object) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        self.wfile.write(f": keep-alive\n\ndata: {text}\n\n".encode())
        self.wfile.flush()

    def piece(self, text: str | None) -> None:
        self.event({"choices": [{"index": 0, "delta": {"content": text}}]})


@pytest.fixture
def server() -> Iterator[Any]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    http.seen = []  # type: ignore[attr-defined]
    http.base = f"http://127.0.0.1:{http.server_address[1]}/v1"  # type: ignore[attr-defined]
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield http
    http.shutdown()
    thread.join()
    http.server_close()


def speak(handler: Scripted) -> None:
    handler.begin()
    handler.event({"choices": [{"delta": {"role": "assistant"}}]})
    for piece in PIECES:
        handler.piece(piece)
    handler.piece(None)
    handler.event({"choices": [], "usage": {}})
    handler.event("[DONE]")


def load(server: Any, config: Config) -> Any:
    return load_generator(f"openai:{server.base}#modèle:1", config=config)


def test_streams_the_servers_pieces(
    server: Any, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k1")
    server.answer = speak
    prompt = Prompt("Столицы？ <|im_end|>", max_tokens=9, temperature=0.5, seed=3, stop=("\n\n",))
    assert list(load(server, config).stream(prompt, cancel=CancelToken())) == PIECES
    path, headers, body = server.seen[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer k1"
    assert body == {
        "model": "modèle:1",
        "messages": [{"role": "user", "content": "Столицы？ < |im_end|>"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "seed": 3,
        "stream": True,
        "stop": ["\n\n"],
    }


def test_ends_before_a_stop_the_server_ignored(server: Any, config: Config) -> None:
    server.answer = speak
    prompt = Prompt("x", stop=("осква",))
    pieces = load(server, config).stream(prompt, cancel=CancelToken())
    assert "".join(pieces) == "Paris 北京 М"


def test_cancel_ends_at_once_though_the_server_is_silent(server: Any, config: Config) -> None:
    release = threading.Event()

    def answer(handler: Scripted) -> None:
        handler.begin()
        handler.piece("Paris")
        release.wait(120)

    server.answer = answer
    cancel, pieces = CancelToken(), []
    for piece in load(server, config).stream(Prompt("x"), cancel=cancel):
        pieces.append(piece)
        cancel.cancel()
    assert pieces == ["Paris"]
    assert not release.is_set()
    for thread in threading.enumerate():
        if "generate" in thread.name:
            thread.join(60)
            assert not thread.is_alive()
    release.set()


@pytest.mark.parametrize(
    ("status", "body", "message", "hint"),
    [
        (401, '{"error": {"message": "bad\\nkey"}}', "401: bad key", "OPENAI_API_KEY"),
        (404, '{"error": "no such model"}', "404: no such model", "/v1"),
        (500, "<html>oops</html>", "answered 500", ""),
    ],
)
def test_a_refusal_is_one_clear_line(
    server: Any, config: Config, status: int, body: str, message: str, hint: str
) -> None:
    def answer(handler: Scripted) -> None:
        handler.begin(status)
        handler.wfile.write(body.encode())

    server.answer = answer
    with pytest.raises(ModelError, match=message) as caught:
        list(load(server, config).stream(Prompt("x"), cancel=CancelToken()))
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("{nonsense", "not JSON"),
        ("[1]", "not an object"),
        ({"error": {"message": "out of memory"}}, "out of memory"),
    ],
)
def test_a_bad_event_is_an_error(server: Any, config: Config, event: object, message: str) -> None:
    def answer(handler: Scripted) -> None:
        handler.begin()
        handler.event(event)

    server.answer = answer
    with pytest.raises(ModelError, match=message):
        list(load(server, config).stream(Prompt("x"), cancel=CancelToken()))


def test_a_silent_server_times_out(server: Any) -> None:
    release = threading.Event()
    server.answer = lambda handler: release.wait(120)
    generator = OpenAIGenerator(server.base, "m", "openai:x", silence_seconds=0.1)
    with pytest.raises(ModelError, match="no answer within"):
        list(generator.stream(Prompt("x"), cancel=CancelToken()))
    release.set()


def test_a_server_that_is_not_there(config: Config) -> None:
    generator = load_generator("openai:http://127.0.0.1:9/v1#m", config=config)
    with pytest.raises(ModelError, match="ConnectionRefusedError") as caught:
        list(generator.stream(Prompt("x"), cancel=CancelToken()))
    assert "running" in caught.value.hint


@pytest.mark.parametrize(
    "rest",
    [
        "file:///etc/passwd#m",
        "ftp://host/v1#m",
        "http://host/v1",
        "http://#m",
        "http://host:99999/v1#m",
        "http://ho st/v1#m",
        "localhost:1234/v1#m",
    ],
)
def test_only_http_addresses_with_a_model(rest: str, config: Config) -> None:
    with pytest.raises(ModelError, match="does not name a server"):
        load_generator(f"openai:{rest}", config=config)
