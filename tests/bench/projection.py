r"""Train and measure the projection that brings the languages' vectors together.

    python -m tests.bench.projection ../shared/data --cache FOLDER \
        --out convrag/retrieval/projection.npz

Trains on the "train" part of tests/bench/crosslingual.py, prints base and projected scores on its
"dev" part, and writes the file. ``--choose`` instead tries every setting of ``GRID`` and names the
one that the rule takes: of those that lose at most ``GUARD`` of MRR in every language's own sets,
the best mean of pairs of languages, all on the dev part. ``--held-out`` also measures XQuAD and
XQuAD-R: not for choosing. The first run encodes what ``--cache`` lacks; then it takes a minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import torch

from convrag.config import load_config
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder, Vectors
from convrag.retrieval.projection import Projection, read_projection, write_projection
from tests.bench.crosslingual import Family, families, match
from tests.bench.squad import KeptVectors
from tests.bench.xquad import held_out_families

SEED, RATE, BATCH, TEMPERATURE = 13, 1e-3, 256, 0.02
MIXED = 0.5  # share of batches whose passages are of several languages


@dataclass(frozen=True, slots=True)
class Setting:
    """What is chosen on the development sets."""

    steps: int
    distance: float
    """Weight of W's distance from its start in the loss."""
    kept: float
    """Share of the way from the identity to what was learned."""


CHOSEN = Setting(400, 0.03, 1.0)
GRID = {
    "steps": (400,),
    "distance": (0.003, 0.01, 0.03, 0.1),
    "kept": (0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
}
GUARD = 0.002
FAMILY_CHANCES = {"ntrex": 1.0, "codex": 2.0, "afriqa": 0.5}  # others 0.3: five are monolingual
Map = Callable[[Vectors], Vectors]


class Held:
    """A family with its vectors."""

    def __init__(self, family: Family, encoder: Encoder) -> None:
        self.name = family.name
        self.questions = [(s, encoder.encode(s.texts, s.kind)) for s in family.questions]
        self.passages = [(s, encoder.encode(s.texts, s.kind)) for s in family.passages]


# --- measures -------------------------------------------------------------------------------------


def reciprocal_ranks(scores: Vectors, own: np.ndarray) -> np.ndarray:
    """Return 1 / rank of each row's own column; ties count against it."""
    target = scores[np.arange(len(own)), own][:, None]
    return 1.0 / (scores >= target).sum(axis=1)


def average_precision(scores: Vectors, relevant: np.ndarray) -> np.ndarray:
    """Return each row's average precision; ``relevant`` is bool of the shape of ``scores``."""
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(relevant, order, axis=1)
    precision = hits.cumsum(axis=1) / np.arange(1, hits.shape[1] + 1)
    return (precision * hits).sum(axis=1) / np.maximum(hits.sum(axis=1), 1)


def pooled_map(held: Held, project: Map) -> float:
    """Return mAP of questions over the passages of all languages together, mean of languages."""
    pool = np.concatenate([project(v) for _, v in held.passages])
    rows: dict[str, list[int]] = {}
    for row, keys in enumerate(keys for side, _ in held.passages for keys in side.keys):
        for key in keys:
            rows.setdefault(key, []).append(row)
    values = []
    for side, vectors in held.questions:
        asked = [(i, rows[keys[0]]) for i, keys in enumerate(side.keys) if keys[0] in rows]
        if not asked:
            continue
        relevant = np.zeros((len(asked), len(pool)), dtype=bool)
        for place, (_, own) in enumerate(asked):
            relevant[place, own] = True
        scores = project(vectors[[i for i, _ in asked]]) @ pool.T
        values.append(average_precision(scores, relevant).mean())
    return float(np.mean(values))


def pair_scores(held: Held, project: Map) -> dict[tuple[str, str], np.ndarray]:
    """Return the reciprocal ranks of each (question language, passage language)."""
    projected = [(side, project(v)) for side, v in held.passages]
    found = {}
    for side, vectors in held.questions:
        asked = project(vectors)
        for passages, pool in projected:
            rows, own = match(side, passages)
            if len(rows) >= 5:
                found[side.language, passages.language] = reciprocal_ranks(
                    asked[rows] @ pool.T, np.array(own)
                )
    return found


def measure(sets: Iterable[Held], project: Map) -> dict[str, float]:
    """Return the scores by name: ``mono ...``, ``cross ...`` (MRR) and ``pool ...`` (mAP)."""
    result: dict[str, float] = {}
    for held in sets:
        if "sentences" not in held.name:
            pairs = pair_scores(held, project)
            mono = {k: v for k, v in pairs.items() if k[0] == k[1]}
            cross = [v.mean() for k, v in pairs.items() if k[0] != k[1]]
            for (language, _), values in mono.items():
                result[f"mono {held.name} {language}"] = float(values.mean())
            if cross:
                result[f"cross {held.name}"] = float(np.mean(cross))
        if len(held.passages) > 1:
            result[f"pool {held.name}"] = pooled_map(held, project)
    return result


# --- training -------------------------------------------------------------------------------------


class Sampler:
    """Draws batches of questions with their passages from a family."""

    def __init__(self, held: Held, rng: np.random.Generator) -> None:
        self._rng = rng
        self._asked: dict[str, list[torch.Tensor]] = {}
        for side, vectors in held.questions:
            for keys, vector in zip(side.keys, torch.from_numpy(vectors), strict=True):
                self._asked.setdefault(keys[0], []).append(vector)
        self._pools = []
        self._told: dict[str, list[torch.Tensor]] = {}
        for side, vectors in held.passages:
            pool = torch.from_numpy(vectors)
            own = [(keys[0], row) for row, keys in enumerate(side.keys) if keys[0] in self._asked]
            if len(own) > 8:
                self._pools.append((pool, own))
            for keys, vector in zip(side.keys, pool, strict=True):
                if keys[0] in self._asked:
                    self._told.setdefault(keys[0], []).append(vector)
        self._keys = sorted(self._told)
        self.mixable = len(held.passages) > 1

    def _question(self, key: str) -> torch.Tensor:
        choices = self._asked[key]
        return choices[self._rng.integers(len(choices))]

    def pool(self, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return questions of any language, all passages of one, and the own passages' rows."""
        pool, own = self._pools[self._rng.integers(len(self._pools))]
        picked = self._rng.permutation(len(own))[:batch]
        asked = torch.stack([self._question(own[i][0]) for i in picked])
        return asked, pool, torch.tensor([own[i][1] for i in picked])

    def mixed(self, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return questions and as many passages, each of any language."""
        picked = [self._keys[i] for i in self._rng.permutation(len(self._keys))[:batch]]
        asked = torch.stack([self._question(key) for key in picked])
        told = [self._told[key] for key in picked]
        passages = torch.stack([c[self._rng.integers(len(c))] for c in told])
        return asked, passages, torch.arange(len(picked))


def subspace(sets: Iterable[Held]) -> tuple[Vectors, Vectors]:
    """Return W and b that remove what tells parallel questions' languages apart.

    The span of the languages' mean vectors, as in Yang et al., "A Simple and Effective Method To
    Eliminate the Self Language Bias in Multilingual Representations", EMNLP 2021, is projected out,
    and the mean of all languages is subtracted.
    """
    parallel = next(held for held in sets if "ntrex" in held.name)
    means = np.stack([vectors.mean(axis=0) for _, vectors in parallel.questions])  # (L, D)
    centre = means.mean(axis=0)
    span = np.linalg.svd(means - centre, full_matrices=False)[2][: len(means) - 1]  # (L - 1, D)
    weight = np.eye(len(centre)) - span.T @ span
    return weight.astype(np.float32), (-weight @ centre).astype(np.float32)


def fit(
    sets: list[Held], start: tuple[Vectors, Vectors], steps: int, distance: float
) -> tuple[Vectors, Vectors]:
    """Return W (D, D) and b (D,) near ``start`` that put own passages above others (InfoNCE)."""
    rng = np.random.default_rng(SEED)
    samplers = [Sampler(held, rng) for held in sets]
    chances = np.array([chance_of(held.name) for held in sets])
    chances /= chances.sum()
    first = torch.from_numpy(start[0])
    weight = first.clone().requires_grad_()
    bias = torch.from_numpy(start[1]).clone().requires_grad_()
    optimiser = torch.optim.Adam([weight, bias], lr=RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, steps)
    for _ in range(steps):
        sampler = samplers[rng.choice(len(samplers), p=chances)]
        mixed = sampler.mixable and rng.random() < MIXED
        asked, passages, own = (sampler.mixed if mixed else sampler.pool)(BATCH)
        q = torch.nn.functional.normalize(asked @ weight.T + bias, dim=1)
        p = torch.nn.functional.normalize(passages @ weight.T + bias, dim=1)
        scores = q @ p.T / TEMPERATURE
        loss = torch.nn.functional.cross_entropy(scores, own)
        if mixed:
            loss = (loss + torch.nn.functional.cross_entropy(scores.T, own)) / 2
        loss = loss + distance * (weight - first).square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return weight.detach().numpy(), bias.detach().numpy()


def shrunk(learned: tuple[Vectors, Vectors], kept: float) -> tuple[Vectors, Vectors]:
    """Return W and b that share of the way from the identity."""
    weight, bias = learned
    identity = np.eye(len(bias), dtype=np.float32)
    return identity + kept * (weight - identity), kept * bias


def by_language(scores: dict[str, float]) -> dict[str, float]:
    """Return the mean of each language's own sets."""
    held: dict[str, list[float]] = {}
    for name, value in scores.items():
        if name.startswith("mono "):
            held.setdefault(name.split()[-1], []).append(value)
    return {language: float(np.mean(values)) for language, values in held.items()}


def choose(train: list[Held], dev: list[Held]) -> Setting:
    """Print every setting's scores and return the one that the rule takes."""
    start = subspace(train)
    base = by_language(measure(dev, unchanged))
    best: tuple[float, Setting] | None = None
    for steps, distance in product(GRID["steps"], GRID["distance"]):
        learned = fit(train, start, int(steps), distance)
        for kept in GRID["kept"]:
            setting = replace(CHOSEN, steps=int(steps), distance=distance, kept=kept)
            scores = measure(dev, affine(*shrunk(learned, kept)))
            cross = float(np.mean([v for k, v in scores.items() if k.startswith("cross ")]))
            own = by_language(scores)
            change = {language: own[language] - base[language] for language in base}
            worst = min(change, key=change.__getitem__)
            print(f"{setting}: cross {cross:.4f}, worst {worst} {change[worst]:+.4f}", flush=True)
            if change[worst] >= -GUARD and (best is None or cross > best[0]):
                best = cross, setting
    if best is None:
        raise SystemExit("no setting keeps to the guard")
    return best[1]


def chance_of(name: str) -> float:
    """Return how often, relative to others, a batch is drawn from the family."""
    return next((c for part, c in FAMILY_CHANCES.items() if part in name), 0.3)


# --- the command ----------------------------------------------------------------------------------


def unchanged(vectors: Vectors) -> Vectors:
    """Return the vectors as they are: the base line."""
    return vectors


def affine(weight: Vectors, bias: Vectors) -> Map:
    """Return the projection of W and b before it is rounded to float16."""
    return Projection("", "", weight, bias).apply


def table(sets: list[Held], maps: dict[str, Map]) -> None:
    """Print one row a score and one column a map."""
    scores = {name: measure(sets, project) for name, project in maps.items()}
    print(f"{'':34}", *(f"{name:>9}" for name in maps))
    for row in next(iter(scores.values())):
        print(f"{row:34}", *(f"{column[row]:9.4f}" for column in scores.values()))
    mono = {n: np.mean([v for k, v in c.items() if k[:4] == "mono"]) for n, c in scores.items()}
    print(f"{'mean of mono':34}", *(f"{value:9.4f}" for value in mono.values()))


def main() -> None:
    """Train, print the scores, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="folder of base vectors")
    parser.add_argument("--out", type=Path, help="the .npz file to write")
    parser.add_argument("--choose", action="store_true", help="compare settings, write nothing")
    parser.add_argument("--held-out", action="store_true", help="also measure XQuAD, XQuAD-R")
    options = parser.parse_args()
    if not (options.choose or options.out):
        parser.error("give --out or --choose")
    torch.set_num_threads(1)  # so that the sums, and the file, are the same on every run
    encoder = load_encoder("embedded:e5-small", config=load_config(), runtime="torch")
    kept = KeptVectors(encoder, options.cache)
    train = [Held(family, kept) for family in families(options.data, "train")]
    dev = [Held(family, kept) for family in families(options.data, "dev")]
    if options.choose:
        print(f"chosen: {choose(train, dev)}")
        return
    start = subspace(train)
    weight, bias = shrunk(fit(train, start, CHOSEN.steps, CHOSEN.distance), CHOSEN.kept)
    write_projection(options.out, encoder=encoder.id, weight=weight, bias=bias)
    shipped = read_projection(options.out)
    maps = {"base": unchanged, "subspace": affine(*start), "trained": shipped.apply}
    table(dev, maps)
    if options.held_out:
        table([Held(family, kept) for family in held_out_families(options.data)], maps)
    print(f"{options.out}: {shipped.id}, {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
