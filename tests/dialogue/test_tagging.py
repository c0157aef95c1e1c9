"""The tagger in numpy against its network in torch, and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from convrag.dialogue.context import MOST, Context, context_of
from convrag.dialogue.tagging import (
    Tagger,
    TaggerSettings,
    load_tagger,
    save_tagger,
    shared,
)
from convrag.errors import ModelError
from convrag.models.packed import read_packed
from convrag.models.pieces import PieceTokenizer
from convrag.training.network import TaggerNetwork
from tests.models.conftest import tiny_bytes

SETTINGS = TaggerSettings("e" * 64, 4, 4, 2, 0.5, 0.4, 0.8)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PieceTokenizer:
    path = tmp_path_factory.mktemp("tiny") / "tiny.bin"
    path.write_bytes(tiny_bytes())
    return PieceTokenizer(read_packed(path))


@pytest.fixture(scope="module")
def network() -> TaggerNetwork:
    torch.manual_seed(4)
    return TaggerNetwork(width=32, hidden=16).eval()


def context(tokenizer: PieceTokenizer) -> Context:
    return context_of([(True, "a 中 я"), (False, "ع क")], "ü a", tokenizer)


def test_numpy_and_torch_agree(tokenizer: PieceTokenizer, network: TaggerNetwork) -> None:
    one = context(tokenizer)
    states = np.random.default_rng(1).normal(size=(len(one.ids), 32)).astype(np.float32)
    found = Tagger(SETTINGS, network.weights()).tag(one, states)
    with torch.inference_mode():
        gate, terms, edits = network(
            torch.from_numpy(states)[None],
            torch.tensor([one.segments]),
            torch.tensor([shared(one)]),
            torch.ones(1, len(one.ids), dtype=torch.bool),
        )
    assert found.gate == pytest.approx(float(gate.sigmoid()), abs=1e-5)
    np.testing.assert_allclose(found.terms, terms[0].sigmoid().numpy(), atol=1e-5)
    np.testing.assert_allclose(found.edits, edits[0].softmax(-1).numpy(), atol=1e-5)


def test_padding_changes_nothing(network: TaggerNetwork) -> None:
    states = torch.randn(1, 5, 32, generator=torch.Generator().manual_seed(2))
    wide = torch.cat([states, torch.full((1, 3, 32), 9.0)], dim=1)
    segments = torch.tensor([[5, 2, 2, 0, 0, 5, 5, 5]])
    mask = torch.tensor([[True] * 5 + [False] * 3])
    flat = torch.zeros(1, 8, dtype=torch.long)
    with torch.inference_mode():
        short = network(states, segments[:, :5], flat[:, :5], mask[:, :5])
        long = network(wide, segments, flat, mask)
    torch.testing.assert_close(short[0], long[0])
    torch.testing.assert_close(short[1], long[1][:, :5])


def test_a_file_gives_the_tagger_back(network: TaggerNetwork, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    weights = network.weights()
    save_tagger(path, SETTINGS, weights)
    tagger = load_tagger(path)
    assert tagger.settings == SETTINGS
    assert set(tagger.weights) == set(weights)
    for name, values in tagger.weights.items():
        np.testing.assert_allclose(values, weights[name], atol=2e-3)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "other", "nan"])
def test_a_damaged_file_is_a_model_error(
    network: TaggerNetwork, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "t.npz"
    weights = network.weights()
    if damage == "nan":
        weights["gate.b"] = np.array([np.nan], dtype=np.float32)
    save_tagger(path, SETTINGS, weights)
    raw = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(raw[: len(raw) // 2])
    elif damage == "other":
        np.savez(path, allow_pickle=False, x=np.zeros(3))
    with pytest.raises(ModelError, match="t.npz"):
        load_tagger(path)


def test_a_context_keeps_the_turn_and_the_newest(tokenizer: PieceTokenizer) -> None:
    history = [(place % 2 == 0, "中 " * 200) for place in range(40)]
    found = context_of(history, "я " * 300, tokenizer)
    assert len(found.ids) <= MOST
    assert len(found.ids) == len(found.segments) == len(found.places)
    used = {place for place, (start, end) in found.places if end > start}
    assert {40, 39, 38} <= used
    assert found.segments[-2] == 0
    for place, (start, end) in found.places:
        if end > start:
            assert found.texts[place][start:end] in ("中", "я")


def test_words_of_turn_and_history_are_known_as_shared(tokenizer: PieceTokenizer) -> None:
    one = context(tokenizer)
    marked = [
        one.texts[place][a:b]
        for hit, (place, (a, b)) in zip(shared(one), one.places, strict=True)
        if hit
    ]
    assert marked == ["a", "a"]
