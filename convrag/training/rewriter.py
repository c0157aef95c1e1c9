"""Trains the rewriter's tagger on kept states; an ended run goes on where it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convrag.dialogue.tagging import TaggerSettings, save_tagger, shared
from convrag.files import replacing
from convrag.models.q4 import Floats
from convrag.training.examples import Example
from convrag.training.labels import label
from convrag.training.network import TaggerNetwork
from convrag.training.states import KeptStates

_BATCH_TOKENS = 3000
_TERM_WEIGHT, _EDIT_WEIGHT, _QUIET_WEIGHT = 2.0, 0.5, 0.25
_CHECKPOINT = "checkpoint.pt"
WEIGHTS = "rewriter.npz"
"""Name of the file a training run ends in."""


@dataclass(frozen=True, slots=True)
class Training:
    """How the tagger is trained."""

    epochs: int = 6
    rate: float = 2e-3
    """The highest learning rate of the one-cycle schedule."""
    hidden: int = 128
    blocks: int = 2
    heads: int = 4
    seed: int = 13


@dataclass(frozen=True, slots=True)
class _Batch:
    states: Tensor  # (B, T, D)
    segments: Tensor  # (B, T)
    shared: Tensor  # (B, T)
    mask: Tensor  # (B, T)
    gate: Tensor  # (B,)
    terms: Tensor  # (B, T)
    edits: Tensor  # (B, T)


class Trainer:
    """Trains on the examples of the training split.

    Args:
        examples: All examples.
        kept: Their contexts and states, in the same order.
        folder: Keeps the checkpoint and gets the weights.
        how: The numbers of the training.
        start: Weights to start from; random ones where there are none.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        kept: KeptStates,
        folder: Path,
        how: Training,
        start: Mapping[str, Floats] | None = None,
    ) -> None:
        self._start = start
        self._kept = kept
        self._folder = folder
        self._how = how
        self._train = [n for n, one in enumerate(examples) if one.split == "train"]
        self._labels = {n: label(examples[n], kept.contexts[n]) for n in self._train}
        self._shared = {n: shared(kept.contexts[n]) for n in self._train}

    def run(self, report: Callable[[str], None] = lambda line: None) -> TaggerNetwork:
        """Return the trained network.

        After every epoch a checkpoint is written; a run that finds one goes on from it.

        Args:
            report: Told the loss of each epoch.

        Raises:
            ModelError: The weights to start from are of another shape.
        """
        how = self._how
        torch.manual_seed(how.seed)
        width = self._kept.states.shape[1]
        network = TaggerNetwork(width=width, hidden=how.hidden, blocks=how.blocks, heads=how.heads)
        steps = len(self._groups(random.Random(0)))  # noqa: S311
        kept = self._checkpoint()
        done = int(kept["epoch"]) if kept else 0
        if kept:
            network.load_state_dict(kept["network"])
        elif self._start is not None:
            network.start_from(self._start)
        optimizer = torch.optim.AdamW(network.parameters(), lr=how.rate, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, how.rate, total_steps=how.epochs * steps + 1, pct_start=0.1
        )
        if kept:
            optimizer.load_state_dict(kept["optimizer"])
            schedule.load_state_dict(kept["schedule"])
        for epoch in range(done, how.epochs):
            loss = self._pass(network, optimizer, schedule, epoch, steps)
            self._save(network, optimizer, schedule, epoch + 1)
            report(f"epoch {epoch + 1} of {how.epochs}: loss {loss:.4f}")
        return network.eval()

    def _pass(
        self,
        network: TaggerNetwork,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        epoch: int,
        steps: int,
    ) -> float:
        """Go once over the examples; return the mean loss."""
        network.train()
        total = 0.0
        groups = self._groups(random.Random(f"{self._how.seed} {epoch}"))[:steps]  # noqa: S311
        for group in groups:
            loss = _loss(network, self._batch(group))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        return total / len(groups)

    def _checkpoint(self) -> dict[str, Any] | None:
        """Return what an ended run of the same training left; None where there is nothing."""
        path = self._folder / _CHECKPOINT
        if not path.is_file():
            return None
        kept: dict[str, Any] = torch.load(path, weights_only=True)
        return kept if kept["how"] == str(self._how) else None

    def _save(
        self,
        network: TaggerNetwork,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        epoch: int,
    ) -> None:
        kept = {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "epoch": epoch,
            "how": str(self._how),
        }
        with replacing(self._folder / _CHECKPOINT) as temporary:
            torch.save(kept, temporary)

    def _groups(self, rng: random.Random) -> list[list[int]]:
        """Return the examples in batches of contexts of like length, in random order."""
        sizes = {n: len(self._kept.contexts[n].ids) for n in self._train}
        order = sorted(self._train, key=lambda n: sizes[n] + rng.random() * 8)
        groups: list[list[int]] = [[]]
        for n in order:
            if groups[-1] and (len(groups[-1]) + 1) * sizes[n] > _BATCH_TOKENS:
                groups.append([])
            groups[-1].append(n)
        rng.shuffle(groups)
        return groups

    def _batch(self, group: Sequence[int]) -> _Batch:
        kept = self._kept
        length = max(len(kept.contexts[n].ids) for n in group)
        size = (len(group), length)
        states = torch.zeros((*size, kept.states.shape[1]))
        segments = torch.full(size, 5)
        shares = torch.zeros(size, dtype=torch.long)
        mask = torch.zeros(size, dtype=torch.bool)
        terms, edits = torch.full(size, -1), torch.full(size, -1)
        for row, n in enumerate(group):
            context, found = kept.contexts[n], self._labels[n]
            tokens = len(context.ids)
            states[row, :tokens] = torch.from_numpy(kept.of(n).astype(np.float32))
            segments[row, :tokens] = torch.tensor(context.segments)
            shares[row, :tokens] = torch.tensor(self._shared[n])
            mask[row, :tokens] = True
            terms[row, :tokens] = torch.tensor(found.terms)
            edits[row, :tokens] = torch.tensor(found.tags)
        gate = torch.tensor([self._labels[n].gate for n in group])
        return _Batch(states, segments, shares, mask, gate, terms, edits)


def _loss(network: TaggerNetwork, batch: _Batch) -> Tensor:
    """Return the weighted sum of the three cross entropies; unknown labels count nothing."""
    gate, terms, edits = network(batch.states, batch.segments, batch.shared, batch.mask)
    known = batch.gate >= 0
    loss = functional.binary_cross_entropy_with_logits(gate[known], batch.gate[known].float())
    weight = torch.where(batch.gate == 1, 1.0, torch.where(batch.gate == 0, _QUIET_WEIGHT, 0.0))
    each = functional.binary_cross_entropy_with_logits(
        terms, batch.terms.clamp(min=0).float(), reduction="none"
    )
    weights = weight[:, None] * (batch.terms >= 0)
    loss = loss + _TERM_WEIGHT * (each * weights).sum() / weights.sum().clamp(min=1.0)
    tagged = batch.edits >= 0
    return loss + _EDIT_WEIGHT * functional.cross_entropy(edits[tagged], batch.edits[tagged])


def write_weights(path: Path, network: TaggerNetwork, settings: TaggerSettings) -> None:
    """Write the network's weights as the file that the chat reads.

    Raises:
        OSError: The file cannot be written.
    """
    settings = replace(settings, heads=network.heads, blocks=network.blocks)
    save_tagger(path, settings, network.weights())
