"""Token states in numpy against the same weights in torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from convrag.models.lower_layers import LowerLayers, gelu
from convrag.models.packed import read_packed
from convrag.models.packed_bert import to_bert


@pytest.mark.parametrize("ids", [[0, 5, 2], [0, 5, 6, 7, 8, 9, 10, 2], [3]])
def test_states_are_those_of_the_model_in_torch(tiny_path: Path, ids: list[int]) -> None:
    packed = read_packed(tiny_path)
    found = LowerLayers(packed, 1).states(ids)
    with torch.inference_mode():
        output = to_bert(packed)(input_ids=torch.tensor([ids]), output_hidden_states=True)
    np.testing.assert_allclose(found, output.hidden_states[1][0].numpy(), atol=5e-3)
    assert found.dtype == np.float32


def test_without_layers_the_states_are_the_embedding(tiny_path: Path) -> None:
    packed = read_packed(tiny_path)
    with torch.inference_mode():
        output = to_bert(packed)(input_ids=torch.tensor([[0, 6, 2]]), output_hidden_states=True)
    found = LowerLayers(packed, 0).states([0, 6, 2])
    np.testing.assert_allclose(found, output.hidden_states[0][0].numpy(), atol=1e-4)


def test_gelu_is_close_to_the_exact_one() -> None:
    values = np.linspace(-8, 8, 401, dtype=np.float32)
    exact = functional.gelu(torch.from_numpy(values)).numpy()
    assert np.abs(gelu(values) - exact).max() < 6e-4
