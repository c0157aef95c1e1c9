"""The packed encoder as a transformers ``BertModel``, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convrag.errors import ModelError
from convrag.models.packed import PackedHeader, PackedModel, tensor_shapes, write_packed
from convrag.models.q4 import Floats

if TYPE_CHECKING:
    from torch import Tensor

_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_PARTS = {"w": "weight", "b": "bias"}


def bert_name(name: str) -> str:
    """Return the state dict key of a packed tensor: ``l3.q.w`` is a query projection's weight."""
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    stem, _, part = name.rpartition(".")
    if stem in _EMBEDDINGS:
        return f"{_EMBEDDINGS[stem]}.{_PARTS[part]}"
    layer, _, short = stem.partition(".")
    return f"encoder.layer.{int(layer[1:])}.{_LAYER[short]}.{_PARTS[part]}"


def bert_settings(header: PackedHeader) -> dict[str, object]:
    """Return the arguments of the ``BertConfig`` that fits ``header``."""
    return {
        "vocab_size": header.vocabulary,
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.feed_forward,
        "max_position_embeddings": header.positions,
        "type_vocab_size": header.types,
        "layer_norm_eps": header.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }


def to_state(packed: PackedModel) -> dict[str, Floats]:
    """Return the state dict of the ``BertModel`` (without pooler) as float32 arrays.

    Raises:
        ModelError: A tensor has a value that is not finite.
    """
    return {bert_name(name): packed.tensor(name) for name in packed.entries}


def to_bert(packed: PackedModel) -> Any:  # noqa: ANN401  transformers has no types here
    """Return a ``BertModel`` without pooler, in evaluation mode, with the dequantised weights.

    Raises:
        ModelError: A tensor has a value that is not finite.
    """
    import torch

    state = {name: torch.from_numpy(values) for name, values in to_state(packed).items()}
    return bert_from_state(packed.header, state)


def bert_from_state(header: PackedHeader, state: Mapping[str, Tensor]) -> Any:  # noqa: ANN401
    """Return a ``BertModel`` without pooler, in evaluation mode, around the tensors of ``state``.

    Raises:
        RuntimeError: ``state`` does not fit ``header``.
    """
    import torch
    from transformers import BertConfig, BertModel

    # On the meta device nothing is allocated or initialised: the weights are put in as they are.
    with torch.device("meta"):
        model = BertModel(BertConfig(**bert_settings(header)), add_pooling_layer=False)
    model.load_state_dict(dict(state), strict=True, assign=True)
    positions = torch.arange(header.positions).unsqueeze(0)  # (1, P)
    embeddings = model.embeddings
    embeddings.register_buffer("position_ids", positions, persistent=False)
    embeddings.register_buffer("token_type_ids", torch.zeros_like(positions), persistent=False)
    return model.eval()


def write_bert(path: Path, base: PackedModel, state: Mapping[str, Tensor]) -> None:
    """Write a (fine-tuned) ``BertModel``'s state dict as a packed file the C engine can serve.

    Args:
        path: The new file.
        base: The packed file the model was made from: header, vocabulary, normalisation.
        state: ``model.state_dict()``; further keys, such as a pooler's, are left out.

    Raises:
        ModelError: A tensor is missing, has another shape, or cannot be stored.
    """
    tensors: dict[str, Floats] = {}
    for name in tensor_shapes(base.header):
        key = bert_name(name)
        if key not in state:
            raise ModelError(f"{path}: the model has no '{key}'", "pack a BertModel's state dict")
        tensors[name] = np.asarray(state[key].detach().cpu().float().numpy())
    write_packed(path, base, tensors)
