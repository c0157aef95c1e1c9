"""What the pipeline is measured against: one search channel alone, or a model on some server."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from convrag.errors import ModelError, UsageError
from convrag.evaluation.languages import detect, own_words
from convrag.events import Event, Finished, Retrieved, Rewritten
from convrag.protocols import Encoder
from convrag.retrieval.dense import DenseChannel
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import (
    Answer,
    Dialogue,
    Evidence,
    Mode,
    Passage,
    Query,
    Role,
    Status,
    Triple,
    Turn,
)

if TYPE_CHECKING:
    from convrag.pipeline import Pipeline

CHANNELS = ("dense", "lexical", "graph", "hybrid")
"""Searches that may be asked alone: by vectors, by words, facts only, and all of them fused."""
KEY = "CONVRAG_ENDPOINT_KEY"
"""Environment variable with the key that a server asks for."""
_DEPTH = 10
_SECONDS = 120.0
_UNKNOWN = "NO ANSWER"
_TASK = (
    "Answer the user's last question in the user's language, in one or two sentences. "
    f"If you do not know the answer, reply with {_UNKNOWN} and nothing else."
)


class Channel:
    """Answers every turn, as it was typed, with the first thing that one search finds."""

    def __init__(self, pipeline: Pipeline, channel: str, encoder: Encoder) -> None:
        """Search the pipeline's index.

        Args:
            pipeline: Closed with this.
            channel: One of :data:`CHANNELS`.
            encoder: The one the index was made with.
        """
        self._pipeline = pipeline
        self._channel = channel
        self._encoder = encoder

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        """Yield the turn's events; there is no reading, no abstaining and no memory."""
        query = replace(self._pipeline.rewrite(turn, Dialogue(dialogue.id)), original=turn.text)
        query = replace(query, text=turn.text, links=())
        yield Rewritten(query, 0.0)
        began = time.perf_counter()
        evidence = self._search(query)
        yield Retrieved(evidence, time.perf_counter() - began)
        text = self.evidence_text(evidence[0], language=query.language) if evidence else ""
        first = evidence[0].item if evidence else None
        language = first.language if isinstance(first, Passage) else query.language
        status = Status.COMPLETE if evidence else Status.ABSTAINED
        yield _finished(dialogue, turn, query, evidence, text, language, status, Mode.EXTRACT)

    @property
    def encoder_id(self) -> str:
        """The id of the encoder that is searched with."""
        return self._encoder.id

    def _search(self, query: Query) -> tuple[Evidence, ...]:
        index = self._pipeline.index
        if self._channel == "dense":
            vectors = self._encoder.encode([query.text], "query")
            hits = DenseChannel(index).search(vectors, k=_DEPTH)[0]
        elif self._channel == "lexical":
            hits = LexicalChannel(index).search(query.text, language=query.language, k=_DEPTH)
        else:
            linked = replace(query, standalone=False)
            query = replace(query, links=self._pipeline.link(linked, Dialogue("")))
            found = self._pipeline.retrieve(query)
            kept = [e for e in found if self._channel == "hybrid" or isinstance(e.item, Triple)]
            return tuple(replace(e, rank=rank) for rank, e in enumerate(kept, start=1))
        scores = dict(hits)
        passages = index.passages(list(scores))
        return tuple(
            Evidence(passage, scores[passage.id], rank, {})
            for rank, passage in enumerate(passages, start=1)
        )

    def expand_curie(self, text: str) -> str:
        """Return the IRI that ``text`` abbreviates, or ``text``."""
        return self._pipeline.expand_curie(text)

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        """Return what a piece of evidence says."""
        return self._pipeline.evidence_text(evidence, language=language)

    def close(self) -> None:
        """Close the pipeline."""
        self._pipeline.close()


Post = Callable[[str, Mapping[str, str], bytes], bytes]
"""Sends a body with headers to a URL and returns what comes back."""


class Endpoint:
    """A chat model on an OpenAI-compatible server, which sees the dialogue and nothing else."""

    def __init__(self, url: str, model: str, *, post: Post | None = None) -> None:
        """Ask a server.

        Args:
            url: Up to and with ``/v1``.
            model: As the server calls it.
            post: Sends the requests; over HTTP by default.

        Raises:
            UsageError: It is no HTTP address.
        """
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"'{url}' is no HTTP address", "like http://localhost:8080/v1")
        self._url = url.rstrip("/") + "/chat/completions"
        self._model = model
        self._post = post or _post

    def respond(self, dialogue: Dialogue, turn: Turn) -> Iterator[Event]:
        """Yield the turn's events; the model's word that it does not know is an abstention.

        Raises:
            ModelError: The server cannot be reached, or answers with something else.
        """
        said = [(t.role.value, t.text) for t in (*dialogue.turns, turn)]
        messages = [{"role": role, "content": text} for role, text in [("system", _TASK), *said]]
        body = {"model": self._model, "messages": messages, "temperature": 0, "seed": 0}
        headers = {"Content-Type": "application/json"}
        if os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {os.environ[KEY]}"
        text = _said(self._post(self._url, headers, json.dumps(body).encode()), self._url)
        query = Query(turn.text, turn.text, "")
        abstained = _UNKNOWN.casefold() in text.casefold()
        ranked = detect(own_words(text))
        status = Status.ABSTAINED if abstained else Status.COMPLETE
        language = ranked[0][0] if ranked else ""
        yield _finished(dialogue, turn, query, (), text, language, status, Mode.GENERATED)

    def expand_curie(self, text: str) -> str:
        """Return ``text``: a server knows nothing of the graph."""
        return text

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        """Return the id of a piece of evidence; there is none."""
        return evidence.id

    def close(self) -> None:
        """Nothing is open between requests."""


def _finished(
    dialogue: Dialogue,
    turn: Turn,
    query: Query,
    evidence: tuple[Evidence, ...],
    text: str,
    language: str,
    status: Status,
    mode: Mode,
) -> Finished:
    answer = Answer(text, language, (), evidence, query, status, mode, {})
    reply = Turn(f"{turn.id}-reply", Role.ASSISTANT, text, language, turn.created)
    return Finished(answer, replace(dialogue, turns=(*dialogue.turns, turn, reply)))


def _said(reply: bytes, url: str) -> str:
    try:
        data: Any = json.loads(reply)
        return str(data["choices"][0]["message"]["content"] or "")
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(
            f"{url}: the reply is no chat completion", "the server must be OpenAI-compatible"
        ) from error


def _post(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    request = urllib.request.Request(url, body, dict(headers))  # noqa: S310 - HTTP was checked
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as reply:  # noqa: S310
            content: bytes = reply.read()
            return content
    except OSError as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise ModelError(
            f"{url}: {error}", "is the server running, and is the key right?"
        ) from error
