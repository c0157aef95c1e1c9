"""Generators in llama.cpp, inside this process: GGUF weights, optionally with a LoRA adapter."""

from __future__ import annotations

import secrets
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from convrag.dependencies import require
from convrag.errors import ModelError
from convrag.models.choices import choice_grammar
from convrag.models.prompt_text import plain_prompt
from convrag.models.stops import StopFilter
from convrag.models.streaming import Push, pulled
from convrag.protocols import CancelToken, Prompt

CONTEXT = 4096
"""Tokens of prompt and answer together."""

_BATCH = 256  # prompt tokens between two looks at the cancel token: about a second


class LlamaCppGenerator:
    """Streams from a GGUF model. May be called from several threads; calls wait for each other.

    The model keeps the last prompt's state, so a prompt that begins like it starts sooner.

    Args:
        path: The GGUF file.
        reference: The generator's id.
        threads: Threads for prompt and answer.
        lora: A LoRA adapter as GGUF.
        scale: The adapter's strength.
        chat: Put the prompt into the model's own chat template, as one user message.

    Raises:
        ModelError: A file is not a model llama.cpp can load.
        MissingDependencyError: xllamacpp is not installed.
    """

    def __init__(
        self,
        path: Path,
        *,
        reference: str,
        threads: int,
        lora: Path | None = None,
        scale: float = 1.0,
        chat: bool = False,
    ) -> None:
        library = require("xllamacpp", extra="llamacpp")
        self._reference = reference
        self._chat = chat
        self._lock = threading.Lock()
        settings = library.CommonParams()
        settings.model.path = str(path)
        if lora is not None:
            settings.lora_adapters = [library.CommonAdapterLoraInfo(str(lora), scale)]
        _configure(settings, threads)
        # The library always listens: on a socket that is gone once it is up, never on a port.
        with tempfile.TemporaryDirectory(prefix="convrag-") as folder:
            if hasattr(socket, "AF_UNIX"):
                settings.hostnames = [str(Path(folder) / "s.sock")]
            try:
                self._server: Any = library.Server(settings)
            except RuntimeError as error:
                adapter = f" with adapter {lora}" if lora is not None else ""
                raise ModelError(
                    f"{path}{adapter}: llama.cpp cannot load it",
                    "the file is damaged, of another kind, or newer than the installed xllamacpp",
                ) from error

    @property
    def id(self) -> str:
        """The model's reference."""
        return self._reference

    def stream(self, prompt: Prompt, *, cancel: CancelToken) -> Iterator[str]:
        """Yield pieces of text as they come; end early when cancelled.

        Pieces are whole characters. What is quoted in the prompt cannot act as a control token.

        Raises:
            ModelError: The prompt is longer than ``CONTEXT``, or generation failed.
        """
        return self._stream(prompt, "", cancel)

    def choose(self, prompt: Prompt, choices: Sequence[str], *, cancel: CancelToken) -> str:
        """Return the one of ``choices`` that continues the prompt as it is, taken token by token.

        "" when there are none, when cancelled, and when the prompt's limit is met before the end.

        Raises:
            ModelError: The prompt is longer than ``CONTEXT``, or generation failed.
        """
        if not choices:
            return ""
        asked = replace(prompt, stop=("\n",))
        written = "".join(self._stream(asked, choice_grammar(choices), cancel)).strip()
        return written if written in choices else ""

    def _stream(self, prompt: Prompt, grammar: str, cancel: CancelToken) -> Iterator[str]:
        def run(push: Push) -> None:
            with self._lock:
                if not cancel.cancelled:
                    self._generate(prompt, grammar, push)

        return pulled(run, cancel=cancel, name=self._reference)

    def _generate(self, prompt: Prompt, grammar: str, push: Push) -> None:
        stops = StopFilter(prompt.stop)
        errors: list[ModelError] = []

        def receive(chunk: Mapping[str, Any]) -> bool:
            if "error" in chunk:
                errors.append(self._error(chunk["error"]))
                return True
            end = push(stops.feed(_text(chunk)))
            return end or stops.stopped

        self._handler()(self._request(prompt, grammar), receive)
        if errors:
            raise errors[0]
        push(stops.finish())

    def _handler(self) -> Callable[[Mapping[str, Any], Callable[[Any], bool]], object]:
        chat, plain = self._server.handle_chat_completions, self._server.handle_completions
        handler: Callable[[Mapping[str, Any], Callable[[Any], bool]], object]
        handler = chat if self._chat else plain
        return handler

    def _request(self, prompt: Prompt, grammar: str) -> dict[str, Any]:
        text = plain_prompt(prompt.text)
        content: dict[str, Any] = (
            {"messages": [{"role": "user", "content": text}]} if self._chat else {"prompt": text}
        )
        return content | {
            "stream": True,
            # Reports come between the batches of a long prompt too: a stop is seen there.
            "return_progress": True,
            "cache_prompt": True,
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
            "seed": prompt.seed,
            "grammar": grammar,
        }

    def _error(self, error: Mapping[str, Any]) -> ModelError:
        if error.get("type") == "exceed_context_size_error":
            return ModelError(
                f"{self._reference}: the prompt has {error.get('n_prompt_tokens')} tokens, "
                f"more than the {CONTEXT} that fit",
                "ask for less evidence (setting k) or a shorter question",
            )
        return ModelError(f"{self._reference}: {str(error.get('message', error))[:200]}")


def _configure(settings: Any, threads: int) -> None:  # noqa: ANN401
    settings.n_ctx = CONTEXT
    settings.n_parallel = 1
    settings.n_gpu_layers = 0
    settings.n_batch = settings.n_ubatch = _BATCH
    settings.cpuparams.n_threads = threads
    settings.cpuparams_batch.n_threads = threads
    settings.warmup = False
    settings.fit_params = False
    settings.verbosity = -1
    # Whole-window caches let a prompt reuse the last one's start; copies of old ones only cost RAM.
    settings.swa_full = True
    settings.cache_ram_mib = 0
    settings.api_keys = [secrets.token_hex(32)]


def _text(chunk: Mapping[str, Any]) -> str:
    choices = chunk.get("choices") or [{}]
    text = choices[0].get("text")
    if text is None:
        text = (choices[0].get("delta") or {}).get("content")
    return text if isinstance(text, str) else ""
