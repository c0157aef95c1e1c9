"""Pulling from a run that pushes: order, cancel, close, errors."""

from __future__ import annotations

import threading
import time

import pytest

from convrag.errors import ModelError
from convrag.models.streaming import Push, pulled
from convrag.protocols import CancelToken


def test_yields_every_piece_in_order() -> None:
    pieces = ["Paris", " 北京", " Москва", " القاهرة", " दिल्ली", " กรุงเทพฯ"]

    def run(push: Push) -> None:
        for piece in pieces:
            push(piece)

    assert list(pulled(run, cancel=CancelToken(), name="m")) == pieces


def test_cancel_ends_the_run_at_its_next_push() -> None:
    cancel, pushed, ended = CancelToken(), [], threading.Event()

    def run(push: Push) -> None:
        while not push("x"):
            pushed.append(1)
            time.sleep(0.001)
        ended.set()

    for _ in pulled(run, cancel=cancel, name="m"):
        cancel.cancel()
    assert ended.wait(60)


def test_cancel_returns_though_the_run_is_silent() -> None:
    cancel, release = CancelToken(), threading.Event()
    threading.Timer(0.05, cancel.cancel).start()
    assert list(pulled(lambda push: bool(release.wait(60)) and None, cancel=cancel, name="m")) == []
    release.set()


def test_closing_the_iterator_ends_the_run() -> None:
    ended, aborted = threading.Event(), threading.Event()

    def run(push: Push) -> None:
        while not push("x"):
            time.sleep(0.001)
        ended.set()

    stream = pulled(run, cancel=CancelToken(), name="m", abort=aborted.set)
    assert next(stream) == "x"
    stream.close()  # type: ignore[attr-defined]
    assert ended.wait(60)
    assert aborted.is_set()


@pytest.mark.parametrize(
    "failure", [RuntimeError("out of memory\ntrace"), ModelError("too long", "shorten it")]
)
def test_an_error_of_the_run_reaches_the_reader(failure: Exception) -> None:
    def run(push: Push) -> None:
        push("begun")
        raise failure

    stream = pulled(run, cancel=CancelToken(), name="hf:x")
    assert next(stream) == "begun"
    with pytest.raises(ModelError) as caught:
        next(stream)
    assert caught.value.__cause__ is failure
    assert "\n" not in caught.value.message
    if isinstance(failure, ModelError):
        assert caught.value.hint == "shorten it"
