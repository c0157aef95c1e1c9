"""Measure when rewriters act: does a turn need its history, and what does a decision cost?

    python -m tests.bench.rewriting_gate ../shared/data [--rewriter rules trained auto]
    python -m tests.bench.rewriting_gate ../shared/data --latency [--rewriter embedded:gemma3-270m]

A rewriter's gate is open where it changes a turn that has a history. "need" is the share of turns
that have to be changed. "found" is the recall: of these, those changed. "right" is the precision:
of the changed turns, those that have to be. "opened" is the share of the others that were changed.
Each with its 95 % bootstrap interval over dialogues (seed 0); at most ``--count`` turns of a set.

- ``cast2020``, ``ikat2023``, ``mtrag``: a turn has to be changed where the rewrite has a content
  word that it lacks.
- ``canard``, ``gecor``, ``kdconv``, ``crosswoz``, ``built``: the part that the training of the
  trained rewriter kept back. Turns in short form have to be changed; those in full, where they were
  asked or by themselves, do not. ``built`` are dialogues of ``convrag augment`` in 14 languages.
- ``foreign``: turns in full after somebody else's dialogue, of all of these.
- ``well-formed``: queries that at least four of five people found well-formed, likewise.

``--latency``: milliseconds of a turn by the clock and of the processor, with the gate, over turns
of iKAT and MTRAG in short, middle and long thirds by what was said before. On a quiet machine.
``--asked`` names generators that are asked about every turn, as if no other rewriter found a thing.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.dialogue.generative import GenerativeRewriter
from convrag.evaluation.statistics.resampling import Part, estimate
from convrag.models.registry import load_generator
from convrag.packs import find_pack
from convrag.training.contrasts import FOREIGN, RESTATED
from convrag.training.corpus import standard_corpus
from convrag.training.examples import Example
from convrag.types import Dialogue, DialogueState, Query, Role, Turn
from tests.bench.rewriting import Way, by_rewriter, some, way_of
from tests.bench.rewriting_scores import needs_history
from tests.bench.rewriting_sets import LANGUAGE, LOADERS, Case, cast_baselines, well_formed
from tests.bench.squad import SEED

ALONE = frozenset({"standalone", "chat"})
KEPT_BACK = ("canard", "gecor", "kdconv", "crosswoz")
CORPUS_SEED = 13
"""The seed of the corpus that the shipped weights were trained on."""
WELL_FORMED = 0.8


@dataclass(frozen=True, slots=True)
class Decision:
    """A turn with a history, and whether it has to be changed."""

    case: Case
    needed: bool


def judged(cases: Iterable[Case]) -> list[Decision]:
    """Return the turns with a history and a rewrite; the rewrite tells what they need."""
    return [Decision(c, needs_history(c)) for c in cases if c.human and c.number > 1]


def case_of(example: Example) -> Case:
    """Return the example as a case."""
    turns = tuple(
        Turn(str(place), said.role, said.text, example.language)
        for place, said in enumerate(example.history)
    )
    before = Dialogue(example.id, turns, DialogueState(language=example.language))
    turn = Turn("turn", Role.USER, example.turn, example.language)
    return Case(example.id, before, turn, example.rewrite)


def kept_back(data: Path) -> dict[str, list[Decision]]:
    """Return the turns that no training saw, by set."""
    found: dict[str, list[Decision]] = {}
    corpus = standard_corpus(data, [find_pack("world").graph], CORPUS_SEED, 1.0)
    for example in corpus:
        if example.split != "test" or not example.history or example.kind == "restart":
            continue
        name = example.source if example.source in KEPT_BACK else ""
        if example.source == RESTATED:
            name = next((s for s in KEPT_BACK if example.id.startswith(s)), "built")
        elif example.source == FOREIGN:
            name = FOREIGN
        elif example.source == "facts":
            name = "built"
        if name:
            decision = Decision(case_of(example), example.kind not in ALONE)
            found.setdefault(name, []).append(decision)
    return found


def sets(data: Path) -> dict[str, list[Decision]]:
    """Return all turns by set."""
    rng = random.Random(SEED)
    ikat = LOADERS["ikat2023"](data).cases
    before = [case.dialogue for case in ikat if case.number > 1]
    asked = [text for text, rating in well_formed(data) if rating >= WELL_FORMED]
    return {
        "cast2020": judged(cast_baselines(data, 2020)[0].cases),
        "ikat2023": judged(ikat),
        "mtrag": judged(LOADERS["mtrag"](data).cases),
        **kept_back(data),
        "well-formed": [
            Decision(
                Case(text, rng.choice(before), Turn("q", Role.USER, text, LANGUAGE), text), False
            )
            for text in asked
        ],
    }


def shown(pairs: Sequence[tuple[str, bool]]) -> str:
    """Return the share of the true ones among (dialogue, whether) pairs, with its interval."""
    if not pairs:
        return f"{'-':>18}"
    parts: list[Part] = [(dialogue, float(true), 1.0) for dialogue, true in pairs]
    found = estimate(parts, seed=0)
    return f"{found.value:.3f} [{found.low:.3f} {found.high:.3f}]"


def gate_report(groups: Mapping[str, Sequence[Decision]], ways: Mapping[str, Way]) -> None:
    """Print one line for each set and rewriter."""
    print(f"{'set':12} turns need  {'rewriter':10} {'found':>19} {'right':>19} {'opened':>19}")
    for name, decisions in groups.items():
        need = np.mean([d.needed for d in decisions])
        for way, rewrite in ways.items():
            rows = [
                (d.case.dialogue.id, d.needed, rewrite(d.case).text != d.case.turn.text)
                for d in decisions
            ]
            found = shown([(i, changed) for i, needed, changed in rows if needed])
            right = shown([(i, needed) for i, needed, changed in rows if changed and need > 0])
            opened = shown([(i, changed) for i, needed, changed in rows if not needed])
            print(
                f"{name:12} {len(rows):5} {need:.2f}  {way.rpartition('/')[2][:10]:10}"
                f" {found:>19} {right:>19} {opened:>19}",
                flush=True,
            )


def said_before(case: Case) -> int:
    """Return the characters of the turns before."""
    return sum(len(turn.text) for turn in case.dialogue.turns)


def timed(way: Way, case: Case, turns: int) -> tuple[float, float]:
    """Return the milliseconds of a turn by the clock and of the processor, of ``turns`` asked."""
    began, used = time.perf_counter(), time.process_time()
    way(case)
    return (
        1000 * (time.perf_counter() - began) / turns,
        1000 * (time.process_time() - used) / turns,
    )


class Leaves:
    """Leaves every turn to the generator."""

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the turn as it is."""
        return Query(turn.text, turn.text, turn.language)

    def leaning(self, turn: Turn, dialogue: Dialogue) -> float:
        """Return that every turn leans on its history."""
        return 1.0


def asked_way(model: str) -> Way:
    """Return the way that asks the generator about every turn."""
    rewriter = GenerativeRewriter(load_generator(model, config=load_config()), Leaves())
    rewriter.get_ready()
    return by_rewriter(rewriter)


def latency_report(data: Path, ways: Mapping[str, Way], count: int) -> None:
    """Print the median and the 95th percentile of a rewrite, after some that warm up."""
    turns = [d.case for name in ("ikat2023", "mtrag") for d in judged(LOADERS[name](data).cases)]
    cases = sorted(some(turns, count), key=said_before)
    third = -(-len(cases) // 3)
    for name, way in ways.items():
        for case in cases[:3]:
            way(case)
        # In a pipeline the turns before are rewritten too, for what is in focus.
        rows = [timed(way, c, c.number if name in ("rules", "auto") else 1) for c in cases]
        for label, start in (("short", 0), ("middle", third), ("long", 2 * third), ("all", 0)):
            part = rows if label == "all" else rows[start : start + third]
            clock, processor = np.quantile(part, (0.5, 0.95), axis=0).T
            print(
                f"{name.rpartition('/')[2]:28} {label:6} {len(part):4} turns"
                f"  clock p50 {clock[0]:.0f} p95 {clock[1]:.0f} ms"
                f"  processor p50 {processor[0]:.0f} p95 {processor[1]:.0f} ms",
                flush=True,
            )


def main() -> None:
    """Print the report asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder of all sets")
    parser.add_argument("--rewriter", nargs="+", default=["rules", "trained", "auto"])
    parser.add_argument("--set", nargs="*", default=[], help="of these sets only")
    parser.add_argument("--count", type=int, default=100, help="turns of a set, at most")
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--asked", nargs="*", default=[], metavar="MODEL", help="asked every time")
    options = parser.parse_args()
    ways = {name: way_of(name) for name in options.rewriter}
    ways |= {f"{model}, asked": asked_way(model) for model in options.asked}
    if options.latency:
        latency_report(options.data, ways, options.count)
        return
    groups = {
        name: [decisions[i] for i in drawn(len(decisions), options.count)]
        for name, decisions in sets(options.data).items()
        if not options.set or name in options.set
    }
    gate_report(groups, ways)


def drawn(size: int, count: int) -> list[int]:
    """Return at most ``count`` places below ``size``, drawn at random, in order."""
    return sorted(random.Random(SEED).sample(range(size), min(count, size)))


if __name__ == "__main__":
    main()
