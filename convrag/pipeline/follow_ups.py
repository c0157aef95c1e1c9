"""Which rewriter the settings name for turns that the rules over the graph do not resolve."""

from __future__ import annotations

from pathlib import Path

from convrag.config import Config
from convrag.dialogue.choosing import Learned
from convrag.dialogue.trained import WEIGHTS, TaggerParts, TrainedRewriter, load_parts
from convrag.models.catalog import E5_SMALL
from convrag.models.installed import verified_path

_TRAINED = "trained"


def load_learned(config: Config) -> Learned | None:
    """Return the rewriter that ``config.rewriter`` names beside the rules; None for rules alone.

    The trained one reads its models at the first turn that has a history; where it cannot, turns
    stay as they are.

    Raises:
        ModelError: A generator is named that is unknown, missing or damaged.
    """
    name, _, path = config.rewriter.partition(":")
    if name == "rules":
        return None
    weights = Path(path) if name == _TRAINED and path else WEIGHTS

    def parts() -> TaggerParts:
        packed = verified_path(E5_SMALL, E5_SMALL.files[0], config.model_cache)
        return load_parts(packed, weights)

    trained = TrainedRewriter(parts)
    if name in ("auto", _TRAINED):
        return Learned(trained, rules_first=name == "auto")
    from convrag.dialogue.generative import GenerativeRewriter
    from convrag.models.registry import load_generator

    generator = load_generator(config.rewriter, config=config)
    rewriter = GenerativeRewriter(generator, trained)
    rewriter.get_ready()
    return Learned(rewriter)
