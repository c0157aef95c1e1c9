"""The whole way from public sets to the rewriter's weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convrag.config import Config
from convrag.dialogue.tagging import TaggerSettings, load_tagger
from convrag.errors import UsageError
from convrag.models.catalog import E5_SMALL
from convrag.models.installed import verified_path
from convrag.models.lower_layers import LowerLayers
from convrag.models.packed import read_packed
from convrag.models.pieces import PieceTokenizer
from convrag.models.threads import set_threads, thread_count
from convrag.packs import find_pack
from convrag.training.corpus import standard_corpus
from convrag.training.examples import Example, read_examples
from convrag.training.fitting import fitted
from convrag.training.states import keep_states

_PACK = "world"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a rewriter is trained on, and how."""

    data: Path | None
    """The folder of the sets; not read where ``examples`` is given."""
    examples: Path | None
    graphs: tuple[Path, ...]
    """Graph files whose entities are asked about; the world pack's where there are none."""
    layers: int
    share: float
    seed: int
    start: Path | None = None
    """Weights to start from."""


def train_rewriter(
    recipe: Recipe, into: Path, config: Config, *, report: Callable[[str], None]
) -> Path:
    """Train, fit the thresholds and return the weights' file.

    Args:
        recipe: What to train on, and how.
        into: Keeps the states and the checkpoint, so that an ended run goes on.
        config: Gives the model cache and the threads.
        report: Told what is being done.

    Raises:
        UsageError: Neither examples nor a folder of sets is given.
        DialogueError: A set or a file of examples is missing or damaged.
        GraphError: A graph is missing or not valid.
        ModelError: The encoder or the weights to start from are missing or damaged.
    """
    set_threads(thread_count(config))
    from convrag.training.rewriter import WEIGHTS, Trainer, Training, write_weights

    examples = _examples(recipe)
    report(f"{len(examples)} examples, {sum(e.split == 'train' for e in examples)} to train on")
    packed = read_packed(verified_path(E5_SMALL, E5_SMALL.files[0], config.model_cache))
    layers = LowerLayers(packed, recipe.layers)
    kept = keep_states(
        examples,
        PieceTokenizer(packed),
        layers,
        into,
        progress=lambda done, most: report(f"encoded {done} of {most}"),
    )
    how = Training(seed=recipe.seed)
    start = load_tagger(recipe.start).weights if recipe.start else None
    network = Trainer(examples, kept, into, how, start).run(report)
    settings = TaggerSettings(
        E5_SMALL.sha256, recipe.layers, network.heads, network.blocks, 0.5, 0.5, 0.8
    )
    path = into / WEIGHTS
    write_weights(path, network, settings)
    settings = fitted(load_tagger(path), examples, kept)
    report(f"thresholds: gate {settings.gate:.2f}, term {settings.term:.2f}")
    write_weights(path, network, settings)
    return path


def _examples(recipe: Recipe) -> list[Example]:
    if recipe.examples is not None:
        return list(read_examples(recipe.examples))
    if recipe.data is None:
        raise UsageError("nothing to train on", "name --data or --examples")
    graphs = recipe.graphs or (find_pack(_PACK).graph,)
    return standard_corpus(recipe.data, graphs, recipe.seed, recipe.share)
