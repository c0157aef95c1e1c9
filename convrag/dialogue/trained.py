"""Turns made to stand alone by a trained tagger over the whole dialogue, without a graph."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convrag.dialogue.context import Context, context_of
from convrag.dialogue.rendering import Run, chosen_runs, rendered
from convrag.dialogue.tagging import Tagger, Tagging, load_tagger
from convrag.errors import ModelError
from convrag.models.lower_layers import LowerLayers
from convrag.models.pieces import PieceTokenizer
from convrag.types import Dialogue, Query, Role, Turn

WEIGHTS = Path(__file__).with_name("rewriter.npz")
"""The weights that come with the package."""


@dataclass(frozen=True, slots=True)
class TaggerParts:
    """What a tagging is made with."""

    tokenizer: PieceTokenizer
    layers: LowerLayers
    tagger: Tagger


class TrainedRewriter:
    """Chooses words of the history that a turn needs; a turn that needs none stays as it is.

    A turn that does not say its language has the dialogue's.

    Args:
        load: Gives the models, called at the first turn that has a history.
    """

    def __init__(self, load: Callable[[], TaggerParts]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._parts: TaggerParts | None = None
        self._broken = False

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the standalone query; on any doubt the turn as it is."""
        text = turn.text.strip()
        language = turn.language or dialogue.state.language
        alone = Query(text, text, language)
        parts = self._models() if dialogue.turns and any(c.isalnum() for c in text) else None
        if parts is None:
            return alone
        context, tagging = tag(parts, text, dialogue)
        settings = parts.tagger.settings
        runs: tuple[Run, ...] = ()
        if tagging.gate >= settings.gate:
            runs = chosen_runs(context, tagging, settings.term, language)
        written = rendered(context, tagging, runs, settings.sure, language)
        if written == text:
            return alone
        sure = tagging.gate * runs[0].score if runs else settings.sure
        return Query(written, text, language, (), sure, False, "followup")

    def leaning(self, turn: Turn, dialogue: Dialogue) -> float:
        """Return the probability that the turn leans on the turns before; 0 where that is unknown.

        A turn is changed only from the weights' own threshold on.
        """
        text = turn.text.strip()
        parts = self._models() if dialogue.turns and any(c.isalnum() for c in text) else None
        return 0.0 if parts is None else tag(parts, text, dialogue)[1].gate

    def _models(self) -> TaggerParts | None:
        """Return the models; None where they cannot be loaded, and the turn stays as it is."""
        with self._lock:
            if self._parts is None and not self._broken:
                try:
                    self._parts = self._load()
                except ModelError:
                    self._broken = True
            return self._parts


def tag(parts: TaggerParts, text: str, dialogue: Dialogue) -> tuple[Context, Tagging]:
    """Return the context of a turn and what its tokens are for."""
    history = [(turn.role is Role.USER, turn.text) for turn in dialogue.turns]
    context = context_of(history, text, parts.tokenizer)
    return context, parts.tagger.tag(context, parts.layers.states(context.ids))


def load_parts(packed: Path, weights: Path = WEIGHTS) -> TaggerParts:
    """Return the models of the trained rewriter.

    Args:
        packed: The packed encoder.
        weights: The tagger's file.

    Raises:
        ModelError: A file is missing or damaged, or the two do not fit each other.
    """
    from convrag.models.packed import read_packed

    model = read_packed(packed)
    tagger = load_tagger(weights)
    return TaggerParts(PieceTokenizer(model), LowerLayers(model, tagger.settings.layers), tagger)
