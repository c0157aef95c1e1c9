"""A blocking run that pushes text, turned into an iterator that pulls it and can end it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from convrag.errors import ModelError
from convrag.protocols import CancelToken

Push = Callable[[str], bool]
"""Takes the next piece of text; True asks the run to end."""

_PATIENCE = 0.25  # seconds a stopped reader waits for the run to end
_POLL = 0.05  # seconds until a cancel is seen while the model is still silent


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None = None


def pulled(
    run: Callable[[Push], None],
    *,
    cancel: CancelToken,
    name: str,
    abort: Callable[[], None] | None = None,
) -> Iterator[str]:
    """Yield what ``run`` pushes from a thread of its own, until it ends or ``cancel`` is set.

    The run is asked to end at its next push when ``cancel`` is set or when the iterator is closed,
    and is waited for a moment; should it take longer, it ends in the background.

    Args:
        run: Generates; pushes every piece of text.
        cancel: The request to stop.
        name: The model's reference, for an error.
        abort: Wakes a run that waits for something other than the model.

    Raises:
        ModelError: ``run`` failed; its exception is the cause.
    """
    pieces: queue.SimpleQueue[str | _End] = queue.SimpleQueue()
    closed = threading.Event()

    def push(piece: str) -> bool:
        pieces.put(piece)
        return closed.is_set() or cancel.cancelled

    def work() -> None:
        try:
            run(push)
        except Exception as error:  # carried over to the consumer's thread
            pieces.put(_End(error))
        else:
            pieces.put(_End())

    thread = threading.Thread(target=work, name=f"generate {name}", daemon=True)
    thread.start()
    try:
        while not cancel.cancelled:
            try:
                piece = pieces.get(timeout=_POLL)
            except queue.Empty:
                continue
            if isinstance(piece, _End):
                if piece.error is not None:
                    raise _as_model_error(piece.error, name) from piece.error
                return
            if piece:
                yield piece
    finally:
        closed.set()
        if abort is not None:
            abort()
        thread.join(_PATIENCE)


def _as_model_error(error: Exception, name: str) -> ModelError:
    if isinstance(error, ModelError):
        return ModelError(error.message, error.hint)
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ModelError(f"{name}: generation failed: {lines[0][:200]}")
