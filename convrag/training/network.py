"""The tagger's network in torch, with the names and the arithmetic of its numpy form."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from convrag.dialogue.context import CURRENT
from convrag.dialogue.tagging import EPSILON
from convrag.errors import ModelError
from convrag.models.q4 import Floats

_SEGMENTS, _EDITS = 6, 3


class TaggerNetwork(nn.Module):
    """A few transformer blocks over an encoder's states, with three outputs.

    Args:
        width: Length of an encoder's state.
        hidden: Length of the network's own states.
        blocks: Number of transformer blocks.
        heads: Attention heads.
        dropout: Share of values left out while training.
    """

    def __init__(
        self, *, width: int = 384, hidden: int = 128, blocks: int = 2, heads: int = 4,
        dropout: float = 0.1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.heads, self.blocks, self.dropout = heads, blocks, dropout
        self.parts = nn.ModuleDict(
            {
                "in": nn.Linear(width, hidden),
                "ln": nn.LayerNorm(hidden, eps=EPSILON),
                "gate": nn.Linear(3 * hidden, 1),
                "terms": nn.Linear(hidden, 1),
                "edits": nn.Linear(hidden, _EDITS),
            }
        )
        self.tables = nn.ParameterDict(
            {
                "segment": nn.Parameter(torch.randn(_SEGMENTS, hidden) * 0.1),
                "shared": nn.Parameter(torch.randn(2, hidden) * 0.1),
            }
        )
        self.stack = [_block(hidden) for _ in range(blocks)]
        self.kept = nn.ModuleList(self.stack)

    def forward(
        self, states: Tensor, segments: Tensor, shared: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the logits of gate (B,), terms (B, T) and edits (B, T, 3).

        Args:
            states: (B, T, D) float.
            segments: (B, T) int.
            shared: (B, T) int.
            mask: (B, T) bool, which tokens there are.
        """
        hidden = self.parts["in"](states)
        hidden = hidden + self.tables["segment"][segments] + self.tables["shared"][shared]
        hidden = self._dropped(self.parts["ln"](hidden))
        for block in self.stack:
            hidden = self._transformed(hidden, block, mask)
        turn = (segments == CURRENT) & mask
        weights = turn.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        most = hidden.masked_fill(~turn.unsqueeze(-1), -1e4).amax(1)
        pooled = self._dropped(torch.cat([hidden[:, 0], mean, most], dim=-1))
        return (
            self.parts["gate"](pooled).squeeze(-1),
            self.parts["terms"](hidden).squeeze(-1),
            self.parts["edits"](hidden),
        )

    def weights(self) -> dict[str, Floats]:
        """Return the tensors by the names of the numpy form, float32."""
        return {
            name: np.asarray(tensor.detach().numpy(), dtype=np.float32)
            for name, tensor in self._tensors().items()
        }

    def start_from(self, weights: Mapping[str, Floats]) -> None:
        """Take the values of ``weights``, which :meth:`weights` of such a network gave.

        Raises:
            ModelError: They are of a network of another shape.
        """
        tensors = self._tensors()
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        if shapes != {name: values.shape for name, values in weights.items()}:
            raise ModelError(
                "the weights to start from are of a network of another shape",
                "start from weights of the same version, or from none",
            )
        with torch.no_grad():
            for name, tensor in tensors.items():
                tensor.copy_(torch.from_numpy(weights[name]))

    def _tensors(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = dict(self.tables.items())
        parts = dict(self.parts.items())
        for number, block in enumerate(self.stack):
            parts |= {f"block{number}.{name}": part for name, part in block.items()}
        for name, part in parts.items():
            found |= {f"{name}.{kind[0]}": tensor for kind, tensor in part.named_parameters()}
        return found

    def _dropped(self, values: Tensor) -> Tensor:
        return functional.dropout(values, self.dropout, self.training)

    def _transformed(self, hidden: Tensor, block: nn.ModuleDict, mask: Tensor) -> Tensor:
        batch, tokens, width = hidden.shape

        def split(name: str) -> Tensor:
            shape = (batch, tokens, self.heads, width // self.heads)
            projected: Tensor = block[name](hidden)
            return projected.view(shape).transpose(1, 2)

        scores = split("q") @ split("k").transpose(2, 3) / math.sqrt(width // self.heads)
        scores = scores.masked_fill(~mask[:, None, None, :], -1e4).softmax(-1)
        mixed = (scores @ split("v")).transpose(1, 2).reshape(batch, tokens, width)
        hidden = block["aln"](hidden + self._dropped(block["ao"](mixed)))
        inner = functional.gelu(block["fi"](hidden), approximate="tanh")
        normal: Tensor = block["oln"](hidden + self._dropped(block["fo"](inner)))
        return normal


def _block(hidden: int) -> nn.ModuleDict:
    inner = 2 * hidden
    return nn.ModuleDict(
        {name: nn.Linear(hidden, hidden) for name in ("q", "k", "v", "ao")}
        | {
            "aln": nn.LayerNorm(hidden, eps=EPSILON),
            "fi": nn.Linear(hidden, inner),
            "fo": nn.Linear(inner, hidden),
            "oln": nn.LayerNorm(hidden, eps=EPSILON),
        }
    )
