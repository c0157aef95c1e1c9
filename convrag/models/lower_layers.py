"""The first layers of the packed encoder in numpy: tokens in context without torch.

The C engine gives pooled vectors only. What a dialogue needs are the tokens, and the lower layers
of the encoder know enough of them, in a fraction of the time of all.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import numpy as np

from convrag.models.packed import PackedModel
from convrag.models.q4 import BLOCK, BLOCK_BYTES, Floats, dequantise

_GELU = math.sqrt(2.0 / math.pi)


class LowerLayers:
    """Token states after the first layers of a packed model; its layers are read at first use.

    Args:
        packed: The model.
        layers: How many layers are run.
    """

    def __init__(self, packed: PackedModel, layers: int) -> None:
        self._packed = packed
        self._count = layers
        self._layers: list[dict[str, Floats]] = []
        self._embedding: dict[str, Floats] = {}
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many layers are run."""
        return self._count

    @property
    def dimension(self) -> int:
        """Length of a state."""
        return self._packed.header.hidden

    def states(self, ids: Sequence[int]) -> Floats:
        """Return float32 (T, D): the state of every token after the last of the layers.

        Args:
            ids: Token ids, the special ones included; at most the model's positions.

        Raises:
            ModelError: A tensor of the model has a value that is not finite.
        """
        with self._lock:
            if not self._layers:
                self._embedding = self._tensors("emb.")
                self._layers = [self._tensors(f"l{number}.") for number in range(self._count)]
        header, small = self._packed.header, self._embedding
        hidden: Floats = self._words(ids) + small["pos"][: len(ids)] + small["type"][0]
        hidden = normalised(hidden, small["ln.w"], small["ln.b"], header.epsilon)
        for weights in self._layers:
            hidden = transformed(hidden, weights, header.heads, header.epsilon)
        return hidden

    def _tensors(self, start: str) -> dict[str, Floats]:
        """Return the tensors whose names begin with ``start``, by the rest; no word embedding."""
        return {
            name.removeprefix(start): self._packed.tensor(name)
            for name in self._packed.entries
            if name.startswith(start) and name != "emb.word"
        }

    def _words(self, ids: Sequence[int]) -> Floats:
        """Return the embeddings of ``ids``, dequantised row by row: float32 (T, D)."""
        width = self.dimension
        table = self._packed.raw("emb.word").reshape(-1, width // BLOCK, BLOCK_BYTES)
        rows = np.ascontiguousarray(table[np.asarray(ids, dtype=np.int64)])  # (T, D / 32, 18)
        return dequantise(rows.reshape(-1, BLOCK_BYTES)).reshape(len(ids), width)


def transformed(hidden: Floats, w: dict[str, Floats], heads: int, epsilon: float) -> Floats:
    """Return ``hidden`` (T, D) after one BERT layer (Devlin et al., 2019), float32 (T, D)."""
    tokens, width = hidden.shape
    size = width // heads

    def split(name: str) -> Floats:
        projected = hidden @ w[f"{name}.w"].T + w[f"{name}.b"]
        return projected.reshape(tokens, heads, size).transpose(1, 0, 2)  # (H, T, D / H)

    scores = split("q") @ split("k").transpose(0, 2, 1)  # (H, T, T)
    scores *= np.float32(1.0 / math.sqrt(size))
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    values = np.asarray(scores @ split("v"), dtype=np.float32)  # (H, T, D / H)
    mixed = values.transpose(1, 0, 2).reshape(tokens, width)
    after: Floats = hidden + mixed @ w["ao.w"].T + w["ao.b"]
    after = normalised(after, w["aln.w"], w["aln.b"], epsilon)
    inner = gelu(after @ w["fi.w"].T + w["fi.b"])
    out: Floats = after + inner @ w["fo.w"].T + w["fo.b"]
    return normalised(out, w["oln.w"], w["oln.b"], epsilon)


def normalised(hidden: Floats, weight: Floats, bias: Floats, epsilon: float) -> Floats:
    """Return layer normalisation over the last axis."""
    centred: Floats = hidden - hidden.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    centred /= np.sqrt(variance + np.float32(epsilon))
    centred *= weight
    centred += bias
    return centred


def gelu(values: Floats) -> Floats:
    """Return the Gaussian error linear unit in its tanh form, off by at most 0.0005."""
    inner = np.square(values)
    inner *= np.float32(0.044715 * _GELU)
    inner += np.float32(_GELU)
    inner *= values
    np.tanh(inner, out=inner)
    inner += np.float32(1.0)
    inner *= values
    inner *= np.float32(0.5)
    return inner
