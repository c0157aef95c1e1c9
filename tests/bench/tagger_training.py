"""Training of the tagger's head: a linear-chain conditional random field over token states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from convrag.graph.building.tagger import FORBIDDEN, TAGS, Head
from tests.bench.tagger_sentences import SEED, Row

HIDDEN, EPOCHS, RATE, DECAY, DROPPED, BATCH = 128, 6, 2e-3, 0.01, 0.3, 1536


class Trained(torch.nn.Module):
    """The head in torch, for its gradient."""

    def __init__(self, mean: np.ndarray, scale: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("scale", torch.from_numpy(scale))
        self.hidden = torch.nn.Linear(3 * len(mean), HIDDEN)
        self.out = torch.nn.Linear(HIDDEN, TAGS)
        self.drop = torch.nn.Dropout(DROPPED)
        self.start = torch.nn.Parameter(torch.zeros(TAGS))
        self.steps = torch.nn.Parameter(torch.zeros(TAGS, TAGS))
        start, steps = np.zeros(TAGS), np.zeros((TAGS, TAGS))
        for tag in range(2, TAGS, 2):
            start[tag] = FORBIDDEN
            steps[[t for t in range(TAGS) if t not in (tag - 1, tag)], tag] = FORBIDDEN
        self.register_buffer("no_start", torch.from_numpy(start).float())
        self.register_buffer("no_step", torch.from_numpy(steps).float())

    def loss(self, states: Any, tags: Any, mask: Any) -> Any:
        """Return the negative log likelihood of the sequences, and half that of single tags."""
        x = (states - self.mean) / self.scale * mask[..., None]  # (B, T, D)
        none = torch.zeros_like(x[:, :1])
        near = torch.cat([torch.cat([none, x[:, :-1]], 1), x, torch.cat([x[:, 1:], none], 1)], -1)
        scores = self.out(self.drop(torch.relu(self.hidden(self.drop(near)))))  # (B, T, TAGS)
        steps, start = self.steps + self.no_step, self.start + self.no_start
        every = torch.arange(len(tags))
        total = start + scores[:, 0]
        path = start[tags[:, 0]] + scores[every, 0, tags[:, 0]]
        for t in range(1, tags.shape[1]):
            here = mask[:, t]
            longer = torch.logsumexp(total[:, :, None] + steps, 1) + scores[:, t]
            total = torch.where(here[:, None] > 0, longer, total)
            path = path + here * (steps[tags[:, t - 1], tags[:, t]] + scores[every, t, tags[:, t]])
        sequence = (torch.logsumexp(total, 1) - path).sum()
        single = torch.nn.functional.cross_entropy(
            scores.transpose(1, 2), tags, reduction="none", label_smoothing=0.05
        )
        return (sequence + 0.5 * (single * mask).sum()) / mask.sum()

    def head(self, about: Mapping[str, Any]) -> Head:
        """Return the weights as they are shipped."""
        arrays = {
            "mean": self.mean,
            "scale": self.scale,
            "hidden": self.hidden.weight.T,
            "hidden_bias": self.hidden.bias,
            "out": self.out.weight.T,
            "out_bias": self.out.bias,
            "start": self.start + self.no_start,
            "steps": self.steps + self.no_step,
        }
        return Head(about, **{k: v.detach().numpy().copy() for k, v in arrays.items()})


def fit(held: Sequence[Row], about: Mapping[str, Any], epochs: int = EPOCHS) -> Head:
    """Return a head trained on ``held``."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    some = rng.choice(len(held), min(1500, len(held)), replace=False)
    states = np.concatenate([held[k].states for k in some]).astype(np.float32)
    model = Trained(states.mean(axis=0), states.std(axis=0) + 1e-3)
    tags = [row.tags() for row in held]
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    plan = [batch for _ in range(epochs) for batch in _batches(tags, rng)]
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=len(plan))
    for batch in plan:
        longest = max(len(tags[k]) for k in batch)
        x = np.zeros((len(batch), longest, states.shape[1]), dtype=np.float32)
        y = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros((len(batch), longest), dtype=np.float32)
        for place, k in enumerate(batch):
            x[place, : len(tags[k])] = held[k].states
            y[place, : len(tags[k])] = tags[k]
            mask[place, : len(tags[k])] = 1
        optimizer.zero_grad()
        model.loss(*map(torch.from_numpy, (x, y, mask))).backward()
        optimizer.step()
        rate.step()
    return model.head(about)


def _batches(tags: Sequence[np.ndarray], rng: np.random.Generator) -> list[list[int]]:
    """Return batches of sentences of like length, in an order by chance."""
    order = np.argsort([len(own) + 6 * rng.random() for own in tags], kind="stable").tolist()
    batches: list[list[int]] = [[]]
    for k in order:
        if batches[-1] and (len(batches[-1]) + 1) * len(tags[k]) > BATCH:
            batches.append([])
        batches[-1].append(k)
    return [batches[k] for k in rng.permutation(len(batches))]
