"""What each token of a context is for: the gate, the terms and the edits of a turn, in numpy.

A small network over the encoder's lower layers: its weights come with the package and are trained
by ``convrag train rewriter``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from convrag.dialogue.context import CURRENT, OUTSIDE, Context
from convrag.errors import ModelError
from convrag.models.lower_layers import normalised, transformed
from convrag.models.q4 import Floats

KEEP, DELETE, REPLACE = 0, 1, 2
"""What happens to a token of the turn."""
EPSILON = 1e-5
_REMEDY = "reinstall convrag, or make the file again with: convrag train rewriter"


@dataclass(frozen=True, slots=True)
class Tagging:
    """Probabilities for one context.

    ``gate`` is that the turn needs its history; ``terms`` (T,) that a token belongs into it;
    ``edits`` (T, 3) what happens to a token of the turn.
    """

    gate: float
    terms: Floats
    edits: Floats


@dataclass(frozen=True, slots=True)
class TaggerSettings:
    """What a tagger's weights were made for, and from which probability on it acts."""

    encoder: str
    """SHA-256 of the encoder whose states it reads."""
    layers: int
    heads: int
    blocks: int
    gate: float
    term: float
    sure: float
    """From which probability on words of the turn are taken away or replaced."""


class Tagger:
    """The network; :func:`load_tagger` reads it from a file.

    Args:
        settings: What it was trained for.
        weights: Its tensors by name.
    """

    def __init__(self, settings: TaggerSettings, weights: Mapping[str, Floats]) -> None:
        self.settings = settings
        self.weights = weights
        self._blocks = [
            {
                name.removeprefix(f"block{number}."): values
                for name, values in weights.items()
                if name.startswith(f"block{number}.")
            }
            for number in range(settings.blocks)
        ]

    def tag(self, context: Context, states: Floats) -> Tagging:
        """Return the probabilities for ``context``.

        Args:
            context: The tokens.
            states: float32 (T, D) after the encoder's first ``settings.layers`` layers.
        """
        w = self.weights
        hidden = states @ w["in.w"].T + w["in.b"]  # (T, H)
        hidden += w["segment"][list(context.segments)] + w["shared"][shared(context)]
        hidden = normalised(hidden, w["ln.w"], w["ln.b"], EPSILON)
        for block in self._blocks:
            hidden = transformed(hidden, block, self.settings.heads, EPSILON)
        turn = hidden[np.asarray(context.segments) == CURRENT]
        pooled = np.concatenate([hidden[0], turn.mean(axis=0), turn.max(axis=0)])  # (3 H,)
        edits = hidden @ w["edits.w"].T + w["edits.b"]  # (T, 3)
        edits = np.exp(edits - edits.max(axis=1, keepdims=True))
        return Tagging(
            float(_sigmoid(w["gate.w"] @ pooled + w["gate.b"])[0]),
            _sigmoid(hidden @ w["terms.w"].T + w["terms.b"])[:, 0],
            edits / edits.sum(axis=1, keepdims=True),
        )


def shared(context: Context) -> list[int]:
    """Return for each token whether the turn and the history both have it: 1 or 0."""
    pairs = list(zip(context.ids, context.segments, strict=True))
    turn = {token for token, segment in pairs if segment == CURRENT}
    history = {token for token, segment in pairs if segment not in (CURRENT, OUTSIDE)}
    both = turn & history
    return [
        int(token in both and end > start)
        for token, (_, (start, end)) in zip(context.ids, context.places, strict=True)
    ]


def save_tagger(path: Path, settings: TaggerSettings, weights: Mapping[str, Floats]) -> None:
    """Write a tagger's file: its settings, and its weights in half precision.

    Raises:
        OSError: The file cannot be written.
    """
    values = {name: tensor.astype("<f2") for name, tensor in sorted(weights.items())}
    note = json.dumps({name: getattr(settings, name) for name in TaggerSettings.__slots__})
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            allow_pickle=False,
            settings=np.frombuffer(note.encode(), dtype=np.uint8),
            **values,
        )


def load_tagger(path: Path) -> Tagger:
    """Return the tagger of a file that :func:`save_tagger` wrote.

    Raises:
        ModelError: The file is missing, damaged, or no tagger's.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            settings = TaggerSettings(**json.loads(file["settings"].tobytes()))
            weights = {
                name: file[name].astype(np.float32) for name in file.files if name != "settings"
            }
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ModelError(f"{path}: no weights of a rewriter: {error}", _REMEDY) from error
    if not all(np.isfinite(values).all() for values in weights.values()):
        raise ModelError(f"{path}: weights that are not finite", _REMEDY)
    return Tagger(settings, weights)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)
