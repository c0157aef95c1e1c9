"""One HTTP request with bounds on everything: time in all, bytes, and who may answer it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from convrag.errors import GraphError

_MOST_REDIRECTS = 3
_PIECE = 64 * 1024
_LONGEST_REASON = 160


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer with status 200; ``content_type`` is in lower case without parameters."""

    content_type: str
    body: bytes


def post(
    url: str, body: bytes, *, headers: Mapping[str, str], timeout: float, max_bytes: int
) -> Response:
    """Return the server's answer.

    Args:
        url: Address, http or https.
        body: What is sent.
        headers: What is said about it.
        timeout: Seconds from the first step to the last byte.
        max_bytes: The longest answer that is taken.

    Raises:
        GraphError: The server cannot be reached, takes too long, sends the request on to another
            host, refuses it, or answers with too much.
    """
    end = time.monotonic() + timeout
    for _ in range(_MOST_REDIRECTS + 1):
        target = urlsplit(url)
        exchange = _Exchange(target, url, end, timeout)
        answer = exchange.run(body, headers, max_bytes)
        if isinstance(answer, Response):
            return answer
        onward = urljoin(url, answer)
        if not _same_place(target, urlsplit(onward)):
            raise GraphError(
                f"{url} sends the query on to {onward[:_LONGEST_REASON]!a}",
                "use that address if you trust it",
            )
        url = onward
    raise GraphError(f"{url} sends the query in a circle", "check the address")


def _same_place(old: SplitResult, new: SplitResult) -> bool:
    """Whether the new address is on the same host: at the same port, or by https in its place."""
    if old.hostname != new.hostname:
        return False
    if (old.scheme, new.scheme) == ("http", "https"):
        return old.port is None and new.port is None
    return (old.scheme, old.port) == (new.scheme, new.port)


class _Exchange:
    """A connection that is cut when the time is over, whatever it is waiting for."""

    def __init__(self, target: SplitResult, url: str, end: float, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._late = False
        self._socket: socket.socket | None = None
        left = max(end - time.monotonic(), 0.001)
        host = target.hostname or ""
        try:
            self._connection = (
                http.client.HTTPSConnection(
                    host, target.port, timeout=left, context=ssl.create_default_context()
                )
                if target.scheme == "https"
                else http.client.HTTPConnection(host, target.port, timeout=left)
            )
        except (ValueError, http.client.InvalidURL) as error:
            raise GraphError(f"{url!a} is not an address", "check the address") from error
        self._path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        # A socket's own timeout starts again with every byte; this one does not.
        self._timer = threading.Timer(left, self._cut)
        self._timer.daemon = True

    def run(self, body: bytes, headers: Mapping[str, str], max_bytes: int) -> Response | str:
        """Return the answer, or the address it names in its place."""
        self._timer.start()
        try:
            self._connection.connect()
            self._socket = self._connection.sock
            self._connection.request(
                "POST", self._path, body, {**headers, "Accept-Encoding": "identity"}
            )
            with self._connection.getresponse() as answer:
                return self._taken(answer, max_bytes)
        except TimeoutError as error:
            raise self._too_slow() from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self._late:
                raise self._too_slow() from error
            reason = _one_line(str(error) or type(error).__name__)
            raise GraphError(
                f"{self._url} cannot be reached: {reason}", "check the address and the network"
            ) from error
        finally:
            self._timer.cancel()
            self._connection.close()

    def _taken(self, answer: http.client.HTTPResponse, max_bytes: int) -> Response | str:
        location = answer.getheader("Location")
        if answer.status in (301, 302, 307, 308) and location:
            return location
        if answer.status != http.client.OK:
            raise self._refused(answer)
        if answer.getheader("Content-Encoding", "identity") != "identity":
            raise GraphError(f"{self._url} packs its answer unasked", "ask its owner")
        content = self._read(answer, max_bytes)
        kind = answer.getheader("Content-Type", "").split(";")[0].strip().lower()
        return Response(kind, content)

    def _read(self, answer: http.client.HTTPResponse, max_bytes: int) -> bytes:
        content = bytearray()
        while piece := answer.read1(_PIECE):
            content += piece
            if len(content) > max_bytes:
                raise GraphError(
                    f"{self._url} answers with more than {max_bytes} bytes",
                    "ask for less, with LIMIT",
                )
        if self._late:
            raise self._too_slow()
        if answer.length:
            raise GraphError(f"{self._url} breaks off its answer", "try again")
        return bytes(content)

    def _refused(self, answer: http.client.HTTPResponse) -> GraphError:
        said = answer.read1(_PIECE).decode("utf-8", "replace")
        return GraphError(
            f"{self._url} answers {answer.status} {_one_line(answer.reason)}: {_one_line(said)}",
            "check the query and the address" if answer.status < 500 else "try again later",
        )

    def _cut(self) -> None:
        self._late = True
        # The connection lets go of its socket when the answer says that it is the last one.
        open_socket = self._socket or self._connection.sock
        if open_socket is not None:
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    def _too_slow(self) -> GraphError:
        return GraphError(
            f"{self._url} took longer than {self._timeout:g} seconds", "ask for less, or wait"
        )


def _one_line(text: str) -> str:
    """Return outside text on one line without control characters, short."""
    shown = "".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST_REASON])
    return " ".join(shown.split())[:_LONGEST_REASON]
