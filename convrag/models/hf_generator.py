"""Generators in transformers: causal models and encoder-decoders such as T5 and mT5."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from convrag.models.prompt_text import plain_prompt
from convrag.models.references import Reference
from convrag.models.stops import StopFilter
from convrag.models.streaming import Push, pulled
from convrag.models.torch_loading import load_error, quiet_transformers, snapshot
from convrag.protocols import CancelToken, Prompt

_BROKEN = "\N{REPLACEMENT CHARACTER}"


class HfGenerator:
    """Streams from a transformers model. May be called from several threads; calls wait.

    A model with a chat template gets the prompt as one user message, any other continues it.

    Args:
        model: A causal or encoder-decoder model in evaluation mode.
        tokenizer: Its tokenizer.
        reference: The generator's id.
    """

    def __init__(self, model: Any, tokenizer: Any, reference: str) -> None:  # noqa: ANN401
        self._model = model
        self._tokenizer = tokenizer
        self._reference = reference
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """The model's reference."""
        return self._reference

    def stream(self, prompt: Prompt, *, cancel: CancelToken) -> Iterator[str]:
        """Yield pieces of text as they come; end early when cancelled.

        Pieces are whole characters. What is quoted in the prompt cannot act as a control token.

        Raises:
            ModelError: Generation failed, for instance because the prompt is too long.
        """

        def run(push: Push) -> None:
            with self._lock:
                if not cancel.cancelled:
                    self._generate(prompt, push)

        return pulled(run, cancel=cancel, name=self._reference)

    def _generate(self, prompt: Prompt, push: Push) -> None:
        ids = self._prompt_ids(plain_prompt(prompt.text))  # (1, T)
        seq2seq = bool(self._model.config.is_encoder_decoder)
        watcher = _Watcher(
            self._tokenizer, StopFilter(prompt.stop), push, skip=1 if seq2seq else ids.shape[1]
        )
        sampling: dict[str, Any] = {"do_sample": False}
        if prompt.temperature > 0:
            sampling = {"do_sample": True, "temperature": prompt.temperature, "top_k": 0}
        with torch.inference_mode(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(prompt.seed)
            self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=prompt.max_tokens,
                pad_token_id=self._pad_id(),
                stopping_criteria=transformers.StoppingCriteriaList([watcher]),
                **sampling,
            )
        watcher.finish()

    def _prompt_ids(self, text: str) -> torch.Tensor:
        if getattr(self._tokenizer, "chat_template", None):
            text = self._tokenizer.apply_chat_template(
                [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True
            )
            encoded = self._tokenizer(text, return_tensors="pt", add_special_tokens=False)
        else:
            encoded = self._tokenizer(text, return_tensors="pt")
        ids: torch.Tensor = encoded["input_ids"]
        return ids

    def _pad_id(self) -> int:
        for number in (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id):
            if number is not None:
                return int(number)
        return 0


class _Watcher(transformers.StoppingCriteria):  # type: ignore[misc]
    """Sees every new token: pushes its text, and ends the run at a stop or a cancel."""

    def __init__(self, tokenizer: Any, stops: StopFilter, push: Push, *, skip: int) -> None:  # noqa: ANN401
        self._tokenizer = tokenizer
        self._stops = stops
        self._push = push
        self._skip = skip
        self._sent = ""

    def __call__(
        self,
        input_ids: torch.Tensor,
        scores: object,
        **kwargs: object,
    ) -> torch.Tensor:
        """Return bool (1,): whether to end here. ``input_ids`` is (1, T)."""
        text = self._tokenizer.decode(
            input_ids[0, self._skip :],
            skip_special_tokens=True,
            clean_up_tokenization_spaces=False,
        )
        # The last characters may still lack bytes that the next token brings.
        end = self._send(text.rstrip(_BROKEN)) or self._stops.stopped
        return torch.tensor([end], dtype=torch.bool, device=input_ids.device)

    def _send(self, text: str) -> bool:
        if not text.startswith(self._sent):
            return self._push("")
        piece, self._sent = text[len(self._sent) :], text
        return self._push(self._stops.feed(piece))

    def finish(self) -> None:
        """Push what was held back as a possible stop string."""
        self._push(self._stops.finish())


def load_hf_generator(reference: Reference) -> HfGenerator:
    """Return the transformers model a ``hf:NAME_OR_DIR`` reference names.

    A model on disk is used as it is; otherwise the model hub is asked. Code that comes with a
    model is never run.

    Raises:
        ModelError: The model cannot be found or loaded, or does not generate text.
    """
    folder = snapshot(reference)
    quiet_transformers()
    try:
        settings = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        kind = (
            transformers.AutoModelForSeq2SeqLM
            if settings.is_encoder_decoder
            else transformers.AutoModelForCausalLM
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = kind.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise load_error(reference, error) from error
    return HfGenerator(model, tokenizer, reference.text)
