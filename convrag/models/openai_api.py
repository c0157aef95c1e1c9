"""Generators behind an OpenAI-compatible HTTP server: vLLM, Ollama, llama.cpp and others."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from convrag.errors import ModelError
from convrag.models.prompt_text import plain_prompt
from convrag.models.references import Reference
from convrag.models.stops import StopFilter
from convrag.models.streaming import Push, pulled
from convrag.protocols import CancelToken, Prompt

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 120.0
_LINE_BYTES = 1 << 20
_MOST_STOPS = 4  # more are refused by some servers; the rest is watched for here anyway
_KEY_VARIABLE = "OPENAI_API_KEY"


@dataclass(frozen=True, slots=True)
class OpenAIGenerator:
    """Streams chat completions from a server. ``base`` is its URL up to and with ``/v1``."""

    base: str
    model: str
    reference: str
    connect_seconds: float = _CONNECT_SECONDS
    silence_seconds: float = _SILENCE_SECONDS

    @property
    def id(self) -> str:
        """The model's reference."""
        return self.reference

    def stream(self, prompt: Prompt, *, cancel: CancelToken) -> Iterator[str]:
        """Yield pieces of text as they come; end early when cancelled.

        Raises:
            ModelError: The server cannot be reached, refuses, falls silent or answers nonsense.
        """

        connection = _connection(urlsplit(self.base), self.connect_seconds)
        wires: list[socket.socket] = []

        def run(push: Push) -> None:
            try:
                connection.connect()
                # Kept here: the connection gives its socket away when it reads the answer.
                wires.append(connection.sock)
                connection.sock.settimeout(self.silence_seconds)
                self._converse(connection, prompt, push)
            except TimeoutError as error:
                raise ModelError(
                    f"{self.base}: no answer within {self.silence_seconds:.0f} seconds",
                    "see whether the server is overloaded",
                ) from error
            except (OSError, http.client.HTTPException) as error:
                raise ModelError(
                    f"{self.base}: {type(error).__name__}: {error}",
                    "see whether the server is running and the address is right",
                ) from error
            finally:
                connection.close()

        def abort() -> None:
            for wire in wires:
                with contextlib.suppress(OSError):  # closed by now
                    wire.shutdown(socket.SHUT_RDWR)

        return pulled(run, cancel=cancel, name=self.reference, abort=abort)

    def _converse(self, connection: http.client.HTTPConnection, prompt: Prompt, push: Push) -> None:
        path = f"{urlsplit(self.base).path.rstrip('/')}/chat/completions"
        body = json.dumps(self._request(prompt), ensure_ascii=False).encode("utf-8")
        connection.request("POST", path, body, _headers())
        with connection.getresponse() as response:
            if response.status != 200:
                raise self._refusal(response.status, response.read(_LINE_BYTES))
            stops = StopFilter(prompt.stop)
            for piece in self._pieces(response):
                if push(stops.feed(piece)) or stops.stopped:
                    return
            push(stops.finish())

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": plain_prompt(prompt.text)}],
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
            "seed": prompt.seed,
            "stream": True,
        }
        if prompt.stop:
            request["stop"] = list(prompt.stop[:_MOST_STOPS])
        return request

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[str]:
        """Yield the text of the server-sent events; ends with ``[DONE]`` or the connection."""
        while line := response.readline(_LINE_BYTES):
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                return
            try:
                event = json.loads(data)
            except ValueError as error:
                raise ModelError(f"{self.base}: an event that is not JSON") from error
            if not isinstance(event, dict):
                raise ModelError(f"{self.base}: an event that is not an object")
            if event.get("error"):
                raise ModelError(f"{self.base}: {_message(event)}")
            yield _delta(event)

    def _refusal(self, status: int, body: bytes) -> ModelError:
        try:
            event = json.loads(body)
        except ValueError:
            event = None
        detail = _message(event) if isinstance(event, dict) else ""
        hints = {
            401: f"set {_KEY_VARIABLE} to a key the server knows",
            403: f"set {_KEY_VARIABLE} to a key the server knows",
            404: "see that the address ends with /v1 and the server has the model",
        }
        return ModelError(
            f"{self.base}: the server answered {status}{': ' if detail else ''}{detail}",
            hints.get(status, ""),
        )


def load_openai(reference: Reference) -> OpenAIGenerator:
    """Return the generator of ``openai:BASE_URL#MODEL``. Nothing is sent before the first prompt.

    Raises:
        ModelError: The address is not http or https, has no host, or the model is not named.
    """
    base, _, model = reference.rest.rpartition("#")
    try:
        parts = urlsplit(base)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not model or any(ord(sign) <= 32 for sign in base):
        raise ModelError(
            f"'{reference.text}' does not name a server and a model",
            "for instance openai:http://localhost:11434/v1#MODEL (http or https)",
        )
    return OpenAIGenerator(base, model, reference.text)


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


def _headers() -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    key = os.environ.get(_KEY_VARIABLE, "").strip()
    return headers | ({"Authorization": f"Bearer {key}"} if key else {})


def _delta(event: dict[str, Any]) -> str:
    choices = event.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    delta = first.get("delta") if isinstance(first, dict) else None
    content = delta.get("content") if isinstance(delta, dict) else None
    return content if isinstance(content, str) else ""


def _message(event: dict[str, Any]) -> str:
    error = event.get("error", event)
    text = error.get("message", "") if isinstance(error, dict) else error
    return " ".join(str(text).split())[:200]
