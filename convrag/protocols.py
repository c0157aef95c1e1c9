"""The seams between stages: one or two methods each, synchronous, cancellable."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from convrag.types import Dialogue, Evidence, Link, Query, Reading, Turn

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what a module holds
    """Return ``Vectors``, for which alone numpy is loaded: the chat is drawn before it is."""
    if name != "Vectors":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import numpy as np
    import numpy.typing as npt

    return npt.NDArray[np.float32]


class CancelToken:
    """Asks a running stage to stop; set from any thread, checked at every chunk."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask for the stop. Idempotent."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator continues, for ``max_tokens`` new tokens or up to any ``stop``."""

    text: str
    max_tokens: int = 160
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their similarity."""

    @property
    def id(self) -> str:
        """Reference and content hash: two encoders with one id give the same vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"] = "query") -> Vectors:
        """Return float32 (N, D), unit norm, in the order of ``texts``."""
        ...


class Rewriter(Protocol):
    """Makes a turn stand alone."""

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the standalone query; on any doubt the turn as it is."""
        ...


class EntityLinker(Protocol):
    """Finds the entities a text names."""

    def link(self, text: str, *, language: str) -> tuple[Link, ...]:
        """Return links in order of their mentions, without overlap."""
        ...


class Retriever(Protocol):
    """Finds evidence for a query."""

    def retrieve(self, query: Query, *, k: int) -> tuple[Evidence, ...]:
        """Return at most ``k`` pieces of evidence, best first, none with score 0."""
        ...


class Reranker(Protocol):
    """Puts evidence into a better order by reading it; see :mod:`convrag.retrieval.reranking`.

    Scores of the result are falling, so that facts and passages stay comparable.
    """

    def rerank(self, query: Query, evidence: Sequence[Evidence], *, k: int) -> tuple[Evidence, ...]:
        """Return at most ``k`` of ``evidence``, best first, ranks counted anew."""
        ...


class Reader(Protocol):
    """Finds the spans that answer and judges whether the evidence answers at all."""

    def read(self, query: Query, evidence: Sequence[Evidence]) -> Reading:
        """Return spans best first with an answerability in 0..1."""
        ...


class Generator(Protocol):
    """Continues a prompt."""

    @property
    def id(self) -> str:
        """The model's reference."""
        ...

    def stream(self, prompt: Prompt, *, cancel: CancelToken) -> Iterator[str]:
        """Yield pieces of text as they come; end early when cancelled."""
        ...


@runtime_checkable
class Chooser(Protocol):
    """A generator that can be held to given texts."""

    def choose(self, prompt: Prompt, choices: Sequence[str], *, cancel: CancelToken) -> str:
        """Return the one of ``choices`` that continues the prompt as it is, taken token by token.

        "" when there are none, when cancelled, and when the prompt's limit is met before the end.
        """
        ...
