"""Training the tagger: it learns, and an ended run goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from convrag.dialogue.tagging import Tagger, TaggerSettings, load_tagger
from convrag.errors import ModelError
from convrag.models.lower_layers import LowerLayers
from convrag.models.packed import read_packed
from convrag.models.pieces import PieceTokenizer
from convrag.training.examples import ELLIPSIS, Example, exchange
from convrag.training.fitting import fitted, recovered
from convrag.training.rewriter import WEIGHTS, Trainer, Training, write_weights
from convrag.training.states import KeptStates, keep_states
from tests.models.conftest import tiny_bytes

HOW = Training(epochs=12, rate=1e-2, hidden=16, blocks=1, heads=2, seed=3)
SETTINGS = TaggerSettings("e" * 64, 1, 2, 1, 0.5, 0.5, 0.8)
NAMES = ("中", "я", "ع", "क", "ü")


def examples() -> list[Example]:
    """Return turns that need the one letter of the history that is no ``a``, and others."""
    found = []
    for number in range(60):
        name = NAMES[number % 5]
        split = ("train", "train", "dev")[number % 3]
        history = exchange([(f"a {name} a", "a a")])
        if number % 2:
            one = Example(str(number), "en", history, "a", f"a {name}", "reference", "s", split)
            found.append(replace(one, needs=(name,)))
        else:
            own = NAMES[(number + 1) % 5]
            found.append(Example(str(number), "en", history, own, own, "standalone", "s", split))
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptStates:
    folder = tmp_path_factory.mktemp("states")
    (folder / "tiny.bin").write_bytes(tiny_bytes())
    packed = read_packed(folder / "tiny.bin")
    return keep_states(examples(), PieceTokenizer(packed), LowerLayers(packed, 1), folder)


def test_it_learns_what_turns_need(kept: KeptStates, tmp_path: Path) -> None:
    said: list[str] = []
    network = Trainer(examples(), kept, tmp_path, HOW).run(said.append)
    assert said[0].startswith("epoch 1 of 12")
    first, last = (float(line.rsplit(" ", 1)[1]) for line in (said[0], said[-1]))
    assert last < first / 2
    write_weights(tmp_path / WEIGHTS, network, SETTINGS)
    tagger = load_tagger(tmp_path / WEIGHTS)
    gates: dict[str, list[float]] = {"reference": [], "standalone": []}
    for number, one in enumerate(examples()):
        states = kept.of(number).astype(np.float32)
        gates[one.kind].append(tagger.tag(kept.contexts[number], states).gate)
    assert min(gates["reference"]) > max(gates["standalone"])


def test_an_ended_run_goes_on_where_it_was(kept: KeptStates, tmp_path: Path) -> None:
    def stop(line: str) -> None:
        if line.startswith("epoch 6"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Trainer(examples(), kept, tmp_path, HOW).run(stop)
    said: list[str] = []
    found = Trainer(examples(), kept, tmp_path, HOW).run(said.append).weights()
    assert said[0].startswith("epoch 7")
    assert len(said) == 6
    assert all(np.isfinite(values).all() for values in found.values())


def test_training_goes_on_from_given_weights(kept: KeptStates, tmp_path: Path) -> None:
    short = replace(HOW, epochs=1, rate=1e-3)
    trained = Trainer(examples(), kept, tmp_path, HOW).run().weights()
    said: dict[str, list[str]] = {"given": [], "random": []}
    for name, start in (("given", trained), ("random", None)):
        folder = tmp_path / name
        folder.mkdir()
        Trainer(examples(), kept, folder, short, start).run(said[name].append)
    given, fresh = (float(lines[0].rsplit(" ", 1)[1]) for lines in said.values())
    assert given < fresh / 2
    wide = {name: np.zeros((3, 3), dtype=np.float32) for name in trained}
    folder = tmp_path / "wide"
    folder.mkdir()
    with pytest.raises(ModelError, match="shape"):
        Trainer(examples(), kept, folder, HOW, wide).run()


def test_states_are_computed_once(tmp_path: Path) -> None:
    (tmp_path / "tiny.bin").write_bytes(tiny_bytes())
    packed = read_packed(tmp_path / "tiny.bin")
    tokenizer, layers = PieceTokenizer(packed), LowerLayers(packed, 1)
    first = keep_states(examples(), tokenizer, layers, tmp_path)
    values = np.array(first.states)
    file = tmp_path / "states.f16"
    raw = file.read_bytes()
    file.write_bytes(raw[: len(raw) // 2 + 5])
    started: list[int] = []
    again = keep_states(
        examples(), tokenizer, layers, tmp_path, progress=lambda done, most: started.append(done)
    )
    np.testing.assert_array_equal(again.states, values)
    assert 0 not in started
    other = keep_states(examples()[:7], tokenizer, layers, tmp_path)
    np.testing.assert_array_equal(other.states, values[: len(other.states)])


def test_thresholds_leave_standalone_turns_alone(kept: KeptStates, tmp_path: Path) -> None:
    network = Trainer(examples(), kept, tmp_path, HOW).run()
    settings = fitted(Tagger(SETTINGS, network.weights()), examples(), kept)
    assert 0 < settings.gate < 1
    assert 0 < settings.term < 1
    assert replace(settings, gate=0.5, term=0.5) == SETTINGS


@pytest.mark.parametrize(
    ("language", "turn", "rewrite", "needs", "text", "share"),
    [
        ("en", "How old?", "How old is Oslo?", ("Oslo",), "How old (Oslo)?", 1.0),
        ("en", "How old?", "How old is Oslo?", ("Oslo",), "How old?", 0.0),
        ("en", "How old?", "How old is Oslo harbour?", (), "How old (Oslo)?", 0.5),
        ("de", "Wie alt?", "Wie alt ist Bonn?", (), "Wie alt (Bonn)?", 1.0),
        ("ru", "А река?", "А река Омь?", ("Омь",), "А река (Омь)?", 1.0),
        ("zh", "多长？", "长江多长？", ("长江",), "多长 (长江)？", 1.0),
        ("ar", "كم العدد؟", "كم العدد في بغداد؟", ("بغداد",), "كم العدد؟", 0.0),
        ("en", "Hi", "Hi", (), "Hi", 1.0),
    ],
)
def test_what_was_recovered(
    language: str, turn: str, rewrite: str, needs: tuple[str, ...], text: str, share: float
) -> None:
    one = Example("x", language, (), turn, rewrite, "reference", "s", needs=needs)
    assert recovered(one, text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("language", "turn", "needs", "text", "share"),
    [
        ("en", "And Oslo?", ("study",), "And Oslo (studied)?", 1.0),
        ("de", "Und Bonn?", ("Land", "liegt"), "Und Bonn (Land)?", 0.5),
        ("ru", "А Омск?", ("длина", "реки"), "А Омск (длины реки)?", 1.0),
        ("zh", "那北京呢？", ("人口",), "那北京呢 (人口)？", 1.0),
        ("ar", "وماذا عن بغداد؟", ("عدد", "سكان"), "وماذا عن بغداد؟", 0.0),
        ("hi", "और पटना?", ("आबादी",), "और पटना (आबादी)?", 1.0),
    ],
)
def test_of_an_ellipsis_what_was_asked_counts(
    language: str, turn: str, needs: tuple[str, ...], text: str, share: float
) -> None:
    one = Example("x", language, (), turn, turn, ELLIPSIS, "s", needs=needs)
    assert recovered(one, text) == pytest.approx(share)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
