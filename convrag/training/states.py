"""The encoder's token states of many contexts, kept on disk so that an ended run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convrag.dialogue.context import Context, context_of
from convrag.models.lower_layers import LowerLayers
from convrag.models.pieces import PieceTokenizer
from convrag.training.examples import Example
from convrag.types import Role

_FLUSH = 200


@dataclass(frozen=True, slots=True)
class KeptStates:
    """Contexts, and where the states of each lie: rows ``starts[i]`` up to ``starts[i + 1]``."""

    contexts: tuple[Context, ...]
    starts: npt.NDArray[np.int64]
    states: npt.NDArray[np.float16]

    def of(self, number: int) -> npt.NDArray[np.float16]:
        """Return float16 (T, D), the states of one context."""
        return self.states[self.starts[number] : self.starts[number + 1]]


def example_context(example: Example, tokenizer: PieceTokenizer) -> Context:
    """Return the context of an example's turn."""
    history = [(said.role is Role.USER, said.text) for said in example.history]
    return context_of(history, example.turn, tokenizer)


def keep_states(
    examples: Sequence[Example],
    tokenizer: PieceTokenizer,
    layers: LowerLayers,
    folder: Path,
    *,
    progress: Callable[[int, int], None] = lambda done, all: None,
) -> KeptStates:
    """Return the states of all examples; those that the folder has are not computed again.

    Args:
        examples: The examples, always in the same order.
        tokenizer: The encoder's.
        layers: The encoder's first layers.
        folder: Gets ``states.f16`` and ``states.json``; states of other examples are replaced.
        progress: Told how many examples are done, of how many.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contexts = tuple(example_context(example, tokenizer) for example in examples)
    sizes = [len(context.ids) for context in contexts]
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    width = layers.dimension
    file, note = folder / "states.f16", folder / "states.json"
    stamp = {"layers": layers.count, "width": width, "contexts": _digest(contexts)}
    if not note.is_file() or json.loads(note.read_text(encoding="utf-8")) != stamp:
        file.unlink(missing_ok=True)
        note.write_text(json.dumps(stamp), encoding="utf-8")
    rows = file.stat().st_size // (2 * width) if file.is_file() else 0
    done = int(np.searchsorted(starts, rows, side="right")) - 1
    with file.open("ab") as stream:
        stream.truncate(int(starts[done]) * 2 * width)
        for number in range(done, len(contexts)):
            stream.write(layers.states(contexts[number].ids).astype("<f2").tobytes())
            if number % _FLUSH == 0:
                stream.flush()
                progress(number, len(contexts))
    states = np.memmap(file, dtype="<f2", mode="r").reshape(-1, width)
    return KeptStates(contexts, starts, states)


def _digest(contexts: Sequence[Context]) -> str:
    digest = hashlib.sha256()
    for context in contexts:
        digest.update(np.asarray(context.ids, dtype="<i4").tobytes())
    return digest.hexdigest()
