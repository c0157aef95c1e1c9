"""Encoders in torch: the packed weights as a ``BertModel``, or any transformers encoder."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from convrag.errors import ModelError
from convrag.models.encoder_input import Kind, clean_text, clean_with_origins
from convrag.models.threads import set_threads
from convrag.protocols import Vectors
from convrag.types import Span

_BATCH_TOKENS = 1024
"""Padded tokens of one forward pass: activations that fit into the cache, and memory that is used
again. On two cores 4096 take a third longer, and 512 as long."""
_BATCH_WINDOWS = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A run of one text's tokens the model reads at once, special tokens included.

    ``weight`` is what its mean counts for in the text's vector; ``spans`` are the tokens' places in
    the text, of no length for special tokens, and empty where they were not asked for.
    """

    text: int
    ids: Sequence[int]
    weight: int
    spans: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class TextTokens:
    """One text's own tokens in context, without special tokens and prefix.

    ``states`` is float32 (T, D); ``spans`` are T places in the text as it was given.
    """

    states: Vectors
    spans: tuple[Span, ...]


class WindowTokenizer(Protocol):
    """Cuts texts into windows; ``pad_id`` fills the shorter ones of a batch."""

    pad_id: int

    def windows(self, texts: Sequence[str], *, spans: bool = False) -> list[Window]:
        """Return the windows of all texts, at least one for each, in order.

        Raises:
            ModelError: ``spans`` were asked for, and this tokenizer has none.
        """
        ...


class TorchEncoder:
    """Mean-pools a transformers encoder. May be called from several threads; calls wait.

    Args:
        model: The encoder module, in evaluation mode; its output has ``last_hidden_state``.
        tokenizer: Cuts texts into windows.
        encoder_id: The encoder's id.
        dimension: Length of a vector.
        prefixes: What is put before a text, by kind.
        threads: Threads for torch.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401  transformers has no types here
        tokenizer: WindowTokenizer,
        *,
        encoder_id: str,
        dimension: int,
        prefixes: dict[Kind, str],
        threads: int,
    ) -> None:
        set_threads(threads)
        self._model = model
        self._tokenizer = tokenizer
        self._id = encoder_id
        self._dimension = dimension
        self._prefixes = prefixes
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """Reference and content hash of the weights."""
        return self._id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    @property
    def model(self) -> Any:  # noqa: ANN401
        """The torch module, for training."""
        return self._model

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        """Return float32 (N, D), unit norm, in the order of ``texts``.

        An empty text has the vector of the bare prefix. A text longer than the model's window is
        read in windows whose means are averaged by length, up to ``MAX_CHARACTERS``.

        Raises:
            ModelError: The model gave values that are not finite.
        """
        prefix = self._prefixes[kind]
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)  # (N, D)
        if not texts:
            return vectors
        with self._lock, torch.inference_mode():
            windows = self._tokenizer.windows([prefix + clean_text(text) for text in texts])
            for batch in _batches(windows):
                means = self._means(batch)
                for window, mean in zip(batch, means, strict=True):
                    vectors[window.text] += window.weight * mean
        if not np.isfinite(vectors).all():
            raise ModelError(f"{self._id}: the model gave values that are not finite")
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)  # (N, 1)
        vectors /= np.maximum(norms, 1e-12)
        return vectors

    def states(self, texts: Sequence[str], kind: Kind = "query") -> list[Vectors]:
        """Return each text's tokens as the model sees them in context, float32 (T, D), unit norm.

        All tokens are there: special ones, those of the prefix, and of every window of a long text.

        Raises:
            ModelError: The model gave values that are not finite.
        """
        prefix = self._prefixes[kind]
        found: list[list[Vectors]] = [[] for _ in texts]
        with self._lock, torch.inference_mode():
            windows = self._tokenizer.windows([prefix + clean_text(text) for text in texts])
            read = {}
            for batch in _batches(windows):
                hidden, _ = self._read(batch)
                units = torch.nn.functional.normalize(hidden.float(), dim=-1).numpy()
                for window, row in zip(batch, units, strict=True):
                    read[id(window)] = row[: len(window.ids)]
        for window in windows:
            found[window.text].append(read[id(window)])
        states = [np.concatenate(parts) for parts in found]
        if not all(np.isfinite(one).all() for one in states):
            raise ModelError(f"{self._id}: the model gave values that are not finite")
        return states

    def tokens(
        self, texts: Sequence[str], *, layer: int, kind: Kind = "passage"
    ) -> list[TextTokens]:
        """Return each text's own tokens, with their states after one layer.

        Args:
            texts: The texts; what of one is beyond ``MAX_CHARACTERS`` has no tokens.
            layer: From 1; the last one is what ``states`` gives. Those after it are not run.
            kind: Which prefix is read before a text.

        Raises:
            ModelError: The model gave values that are not finite, has no such layer, or its
                tokenizer does not say where a token is.
        """
        prefix = self._prefixes[kind]
        cleaned = [clean_with_origins(text) for text in texts]
        with self._lock, torch.inference_mode():
            windows = self._tokenizer.windows([prefix + text for text, _ in cleaned], spans=True)
            read: dict[int, Vectors] = {}
            for batch in _batches(windows):
                for window, row in zip(batch, self._after(batch, layer), strict=True):
                    read[id(window)] = row[: len(window.ids)]
        parts: list[list[Vectors]] = [[] for _ in texts]
        places: list[list[Span]] = [[] for _ in texts]
        for window in windows:
            text, origins = cleaned[window.text]
            found = [_place(span, len(prefix), text, origins) for span in window.spans]
            kept = [place is not None for place in found]
            parts[window.text].append(read[id(window)][kept])
            places[window.text] += [place for place in found if place is not None]
        return [
            TextTokens(np.concatenate(part), tuple(place))
            for part, place in zip(parts, places, strict=True)
        ]

    def _after(self, batch: Sequence[Window], layer: int) -> Vectors:
        """Return float32 (B, T, D), the states after ``layer``."""
        ids, mask = self._padded(batch)
        short = self._shortened(layer)
        if short is not None:
            hidden = short(input_ids=ids, attention_mask=mask).last_hidden_state
        else:
            output = self._model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
            if not 0 < layer < len(output.hidden_states):
                raise ModelError(f"{self._id}: the model has no layer {layer}")
            hidden = output.hidden_states[layer]
        states = np.asarray(hidden.float().numpy(), dtype=np.float32)
        if not np.isfinite(states).all():
            raise ModelError(f"{self._id}: the model gave values that are not finite")
        return states

    def _shortened(self, layers: int) -> Any:  # noqa: ANN401
        """Return the model with its first ``layers`` layers alone; None where they are no list."""
        inner: Any = getattr(self._model, "encoder", None)
        every = getattr(inner, "layer", None)
        if not isinstance(every, torch.nn.ModuleList) or not 0 < layers <= len(every):
            return None
        # Shallow copies: the weights are the same, and the model itself keeps all of its layers.
        short, short_inner = copy.copy(self._model), copy.copy(inner)
        short_inner._modules = {**short_inner._modules, "layer": every[:layers]}
        short._modules = {**short._modules, "encoder": short_inner}
        return short

    def _means(self, batch: Sequence[Window]) -> Vectors:
        """Return float32 (B, D), the mean over each window's tokens."""
        hidden, mask = self._read(batch)
        weights = mask.unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
        means = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        return np.asarray(means.float().numpy(), dtype=np.float32)

    def _read(self, batch: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the last hidden states (B, T, D), and which are of tokens (B, T)."""
        ids, mask = self._padded(batch)
        hidden: torch.Tensor = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
        return hidden, mask

    def _padded(self, batch: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the token ids (B, T), and which are of tokens (B, T)."""
        length = max(len(window.ids) for window in batch)
        ids = torch.full((len(batch), length), self._tokenizer.pad_id, dtype=torch.long)  # (B, T)
        mask = torch.zeros_like(ids)
        for row, window in enumerate(batch):
            ids[row, : len(window.ids)] = torch.tensor(window.ids)
            mask[row, : len(window.ids)] = 1
        return ids, mask


def _place(span: Span, prefix: int, text: str, origins: Sequence[int]) -> Span | None:
    """Return where a token of the prefixed text is in the text as given; None outside of it.

    A token's leading white space is left out, unless it is all of it.
    """
    start, end = max(span[0] - prefix, 0), span[1] - prefix
    if end <= start:
        return None
    while start < end - 1 and text[start].isspace():
        start += 1
    return origins[start], max(origins[end], origins[end - 1] + 1)


def _batches(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Yield windows of like length together, longest first, so that little is padding."""
    batch: list[Window] = []
    for window in sorted(windows, key=lambda window: (-len(window.ids), window.text)):
        longest = len(batch[0].ids) if batch else len(window.ids)
        if batch and ((len(batch) + 1) * longest > _BATCH_TOKENS or len(batch) == _BATCH_WINDOWS):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch
