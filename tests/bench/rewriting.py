"""Measure rewriters: what they bring back, what that gains in search, when they act, and how long.

    python -m tests.bench.rewriting ../shared/data --set mtrag ikat2023 [--cache FOLDER]
    python -m tests.bench.rewriting ../shared/data --baselines 2020 [--rewriter trained]
    python -m tests.bench.rewriting ../shared/data --gate
    python -m tests.bench.rewriting ../shared/data --latency [--rewriter llamacpp:FILE]

Rewriters: ``last`` is the turn alone, ``history`` all turns of the user so far, ``human`` the set's
own rewrite (MTRAG's is a model's). Every other name is a ``rewriter`` setting of convrag: ``rules``
and ``auto`` run in the world pack's pipeline, ``trained`` and generators by themselves.

``--set``: search for each turn of a dialogue, in three ways: words (BM25), vectors, and the
retriever that ships, without a graph. "plain" searches the rewrite alone, "fused" together with the
turn as typed, as a pipeline does. R@5 and nDCG@10; gains over the turn alone in points of R@5, with
the 95 % interval of a paired bootstrap over dialogues (seed 0). "gap" is the share of the human
rewrite's plain gain that a rewrite brings. In MTRAG each turn has its passages among all passages
of the set; in CAsT and iKAT it has its own answer among all answers. Rewrites are compared with the
human ones as under ``--baselines``, those of second turns also by themselves, and the gate is
measured against whether the human one has a content word that the turn lacks.

``--baselines``: rewrites of CAsT by the systems of ``cast_rewrite_baselines`` beside these: ROUGE-1
recall and F1, recovered content words, share of added words that are right, recovered names.

``--gate``: how often well-formed queries of their own, asked after somebody else's dialogue, are
changed, by how well-formed people found them.

``--latency``: milliseconds of each rewrite, on a quiet machine.

``mtrag-un``, ``cast2021`` and ``ikat2024`` are held out: look when nothing is left to choose.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np

from convrag.config import Config, load_config
from convrag.dialogue.state import Outcome, advance
from convrag.dialogue.tagging import load_tagger
from convrag.dialogue.trained import WEIGHTS
from convrag.evaluation.metrics.ranking import ndcg, recall
from convrag.evaluation.statistics.resampling import Part, difference, estimate
from convrag.models.registry import load_encoder
from convrag.pipeline import open_pipeline
from convrag.pipeline.follow_ups import load_learned
from convrag.protocols import Encoder, Rewriter
from convrag.retrieval.fusion import combined
from convrag.retrieval.hybrid import searched
from convrag.retrieval.index import Index
from convrag.retrieval.lexical import LexicalChannel
from convrag.types import Dialogue, DialogueState, Passage, Query, Role, Turn
from tests.bench.fusion import ordered
from tests.bench.relevance import retriever
from tests.bench.rewriting_scores import Likeness, gate, likeness, needs_history
from tests.bench.rewriting_sets import (
    LANGUAGE,
    LOADERS,
    Case,
    DialogueSet,
    cast_baselines,
    well_formed,
)
from tests.bench.squad import SEED, KeptVectors, indexed

DEPTH, SHOWN = 50, 30
WAYS = ("words", "vectors", "default")
STANDARD = ("last", "history", "rules", "trained", "human")
LATE = 6
"""Turns from this number on are one group."""

Way = Callable[[Case], Query]
"""Makes a case's turn stand alone."""


# --- rewriters ------------------------------------------------------------------------------------


def last(case: Case) -> Query:
    """Return the turn as it is."""
    return _query(case.turn.text, case)


def history(case: Case) -> Query:
    """Return all turns of the user, oldest first, as one text."""
    said = [turn.text for turn in case.dialogue.turns if turn.role is Role.USER]
    return _query(" ".join([*said, case.turn.text]), case)


def human(case: Case) -> Query:
    """Return the set's own rewrite."""
    return _query(case.human or case.turn.text, case)


def by_rewriter(rewriter: Rewriter) -> Way:
    """Return the way that asks ``rewriter``."""
    return lambda case: rewriter.rewrite(case.turn, case.dialogue)


def in_pipeline(config: Config) -> Way:
    """Return the rewriting of the world pack's pipeline, which follows what is in focus."""
    pipeline = open_pipeline(config, pack="world")
    states: dict[tuple[str, ...], DialogueState] = {}

    def way(case: Case) -> Query:
        before = Dialogue(case.dialogue.id, (), case.dialogue.state)
        for turn in case.dialogue.turns:
            said = (*(t.text for t in before.turns), turn.text)
            if turn.role is Role.USER and said not in states:
                query = _linked(turn, before)
                states[said] = advance(before.state, query, Outcome(), pipeline.graph)
            state = states.get(said, before.state)
            before = Dialogue(before.id, (*before.turns, turn), state)
        return pipeline.rewrite(case.turn, before)

    def _linked(turn: Turn, before: Dialogue) -> Query:
        query = pipeline.rewrite(turn, before)
        return replace(query, links=pipeline.link(query, before))

    return way


def way_of(name: str) -> Way:
    """Return the rewriter of a name.

    Raises:
        ModelError: It needs a model that is unknown, missing or damaged.
    """
    own = {"last": last, "history": history, "human": human}
    if name in own:
        return own[name]
    config = replace(load_config(), rewriter=name)
    if name in ("rules", "auto"):
        return in_pipeline(config)
    learned = load_learned(config)
    if learned is None:
        raise SystemExit(f"no rewriter '{name}'")
    kind, _, path = name.partition(":")
    if kind == "trained":
        load_tagger(Path(path) if path else WEIGHTS)  # the rewriter itself does without
    return by_rewriter(learned.rewriter)


def _query(text: str, case: Case) -> Query:
    return Query(text, case.turn.text, LANGUAGE, standalone=text == case.turn.text)


# --- search ---------------------------------------------------------------------------------------


class Searches:
    """Three ways to search one index for a query together with the turn as typed."""

    def __init__(self, index: Index, encoder: Encoder) -> None:
        self._encoder, self._lexical = encoder, LexicalChannel(index)
        self._hybrid = retriever(index, encoder)
        self._ids = index.passage_ids()
        self._own = index.vectors_of(self._ids)  # (N, D)

    def search(self, query: Query) -> dict[str, list[str]]:
        """Return ids of documents, best first, by way."""
        vectors, terms = (searched(query, query.text, name) for name in ("dense", "lexical"))
        words = [dict(self._lexical.search(t, language=LANGUAGE, k=DEPTH)) for t in terms]
        encoded = self._encoder.encode(list(vectors), "query")  # (V, D)
        cosines = self._own @ encoded.T @ np.array(list(vectors.values()))
        first = np.argsort(-cosines, kind="stable")[:DEPTH]
        found = self._hybrid.retrieve(query, k=SHOWN)
        rankings = {
            "words": ordered(combined(words, list(terms.values()))),
            "vectors": [self._ids[i] for i in first],
            "default": [e.id for e in found if isinstance(e.item, Passage)],
        }
        return {way: documents(ranking) for way, ranking in rankings.items()}


def documents(ranking: Sequence[str]) -> list[str]:
    """Return the documents of passages, each at its first place."""
    return list(dict.fromkeys(passage.rpartition("#")[0] or passage for passage in ranking))


@dataclass(frozen=True, slots=True)
class Result:
    """What one rewriter did for one case.

    ``scores`` are R@5 and nDCG@10 by ("plain" or "fused") and way of search.
    """

    case: Case
    query: Query
    scores: Mapping[tuple[str, str], tuple[float, float]]


def results(cases: Sequence[Case], way: Way, searches: Searches) -> list[Result]:
    """Return the rewriter's results, in the order of ``cases``."""
    found = []
    for case in cases:
        query = replace(way(case), links=())
        grades = dict.fromkeys(case.relevant, 1.0)
        scores = {}
        for kind in ("plain", "fused"):
            asked = replace(query, original=query.text) if kind == "plain" else query
            for name, ranking in searches.search(asked).items():
                scores[kind, name] = recall(ranking, grades, 5), ndcg(ranking, grades, 10)
        found.append(Result(case, query, scores))
    return found


# --- reports --------------------------------------------------------------------------------------


def some(cases: Sequence[Case], count: int) -> tuple[Case, ...]:
    """Return at most ``count`` cases, drawn at random, in their order."""
    kept = sorted(random.Random(SEED).sample(range(len(cases)), min(count, len(cases))))
    return tuple(cases[place] for place in kept)


def groups(cases: Sequence[Case]) -> dict[str, set[str]]:
    """Return ids of cases by what they have in common."""
    found: dict[str, set[str]] = {"all turns": {c.id for c in cases}}
    found["with a history"] = {c.id for c in cases if c.number > 1}
    for case in cases:
        number = str(case.number) if case.number < LATE else f"{LATE} and later"
        found.setdefault(f"turn {number}", set()).add(case.id)
        if case.kind:
            found.setdefault(case.kind, set()).add(case.id)
        if case.human and case.number > 1:
            name = "needs its history" if needs_history(case) else "stands alone"
            found.setdefault(name, set()).add(case.id)
    return dict(sorted(found.items()))


def search_report(asked: DialogueSet, ways: Mapping[str, Way], encoder: Encoder) -> None:
    """Print everything about a set with documents."""
    print(f"== {asked.name}: {len(asked.cases)} turns, {len(asked.documents)} documents")
    with indexed(asked.documents, encoder) as index:
        searches = Searches(index, encoder)
        known = any(case.human for case in asked.cases)
        kept = {
            n: results(asked.cases, way, searches)
            for n, way in ways.items()
            if known or n != "human"
        }
    for label, ids in groups(asked.cases).items():
        _print_searches(
            label, {n: [r for r in rows if r.case.id in ids] for n, rows in kept.items()}
        )
    if known:
        texts = {n: {r.case.id: r.query.text for r in rows} for n, rows in kept.items()}
        _print_likeness(asked, texts)
    for n, rows in kept.items():
        _print_gate(n, [(r.query.text, r.case) for r in rows])


def _print_searches(label: str, kept: Mapping[str, Sequence[Result]]) -> None:
    count = len(next(iter(kept.values())))
    print(f"-- {label}: {count} turns")
    print(f"   {'rewriter':9} {'':5} {'':7}  R@5  nDCG    gain of R@5, points      gap")
    for way in WAYS:
        base = _parts(kept["last"], "plain", way)
        ceiling = 0.0
        if "human" in kept:
            ceiling = difference(base, _parts(kept["human"], "plain", way), seed=0).value
        for name, rows in kept.items():
            shown = name.rpartition("/")[2][:9]
            for kind in ("plain",) if name == "last" else ("plain", "fused"):
                gain = difference(base, _parts(rows, kind, way), seed=0)
                quality = np.mean([r.scores[kind, way][1] for r in rows])
                gap = f"{100 * gain.value / ceiling:4.0f} %" if ceiling > 0.005 else "      "
                print(
                    f"   {shown:9} {kind:5} {way:7} {gain.second:.3f} {quality:.3f}"
                    f"  {100 * gain.value:+5.1f} [{100 * gain.low:+5.1f}, {100 * gain.high:+5.1f}]"
                    f" p {gain.p:.3f} {gap}",
                    flush=True,
                )


def _parts(rows: Sequence[Result], kind: str, way: str) -> dict[str, Part]:
    return {r.case.id: (r.case.dialogue.id, r.scores[kind, way][0], 1.0) for r in rows}


def _print_likeness(asked: DialogueSet, texts: Mapping[str, Mapping[str, str]]) -> None:
    """Print how like the human rewrites those of each system are: all follow-ups, first ones."""
    names = [field.name for field in fields(Likeness)]
    for kind, latest in (("turns with a history", None), ("second turns", 2)):
        cases = [c for c in asked.cases if 1 < c.number <= (latest or c.number)]
        print(f"-- {asked.name}, like the human rewrite; {kind}: {len(cases)}")
        print(f"   {'':42}", *(f"{name:>22}" for name in names))
        for system, rewrites in texts.items():
            found: dict[str, list[Part]] = {name: [] for name in names}
            for case in (case for case in cases if case.id in rewrites):
                values = astuple(likeness(rewrites[case.id], case))
                for name, value in zip(names, values, strict=True):
                    if value is not None:
                        found[name].append((case.dialogue.id, value, 1.0))
            means = [estimate(parts, seed=0) for parts in found.values()]
            row = (f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}]" for e in means)
            print(f"   {system:42}", *(f"{text:>22}" for text in row), flush=True)


def _print_gate(name: str, rewritten: Sequence[tuple[str, Case]]) -> None:
    """Print when turns with a history were changed, where it is known which of them had to be."""
    pairs = [
        (text != case.turn.text, needs_history(case))
        for text, case in rewritten
        if case.human and case.number > 1
    ]
    if pairs and name not in ("last", "history", "human"):
        found = gate(pairs)
        print(
            f"   gate of {name}: precision {found.precision:.3f} recall {found.recall:.3f},"
            f" changed {found.opened:.3f} of those that need nothing, {found.count} turns"
        )


def baseline_report(data: Path, year: int, ways: Mapping[str, Way]) -> None:
    """Print how like the human rewrites those of published systems and of ``ways`` are."""
    asked, systems = cast_baselines(data, year)
    own = {name: {case.id: way(case).text for case in asked.cases} for name, way in ways.items()}
    _print_likeness(asked, {**systems, **{f"convrag {n}": rows for n, rows in own.items()}})
    for name, rows in own.items():
        _print_gate(name, [(rows[case.id], case) for case in asked.cases])


def gate_report(data: Path, ways: Mapping[str, Way], count: int) -> None:
    """Print how often queries of their own are changed after somebody else's dialogue."""
    rng = random.Random(SEED)
    before = [c.dialogue for c in LOADERS["ikat2023"](data).cases if c.number > 1]
    queries = rng.sample(well_formed(data), count)
    cases = [
        (rating, Case(text, rng.choice(before), Turn("q", Role.USER, text, LANGUAGE), text))
        for text, rating in queries
    ]
    for name, way in ways.items():
        changed: dict[str, list[bool]] = {}
        for rating, case in cases:
            label = "well-formed" if rating >= 0.8 else "so-so" if rating > 0.2 else "ill-formed"
            changed.setdefault(label, []).append(way(case).text != case.turn.text)
        shares = (f"{k} {np.mean(v):.3f} of {len(v)}" for k, v in sorted(changed.items()))
        print(f"changed by {name}:", ", ".join(shares), flush=True)


def latency_report(data: Path, ways: Mapping[str, Way], count: int) -> None:
    """Print the median and the 95th percentile of a rewrite, after one that loads the models."""
    cases = some([c for c in LOADERS["mtrag"](data).cases if c.number > 1], count)
    for name, way in ways.items():
        way(cases[0])
        times = []
        for case in cases:
            began = time.perf_counter()
            way(case)
            times.append(1000 * (time.perf_counter() - began))
        print(
            f"{name:9} median {np.median(times):.1f} p95 {np.quantile(times, 0.95):.1f} ms,"
            f" {len(cases)} turns",
            flush=True,
        )


def main() -> None:
    """Print the reports asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder of all sets")
    parser.add_argument("--set", nargs="*", default=[], choices=sorted(LOADERS))
    parser.add_argument("--baselines", nargs="*", type=int, default=[], choices=(2019, 2020))
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--rewriter", nargs="+", default=list(STANDARD))
    parser.add_argument("--count", type=int, default=500, help="queries or turns, at most")
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    arguments = parser.parse_args()
    ways = {name: way_of(name) for name in arguments.rewriter}
    own = {n: way for n, way in ways.items() if n not in ("last", "history", "human")}
    if arguments.set:
        loaded = load_encoder("embedded:e5-small", config=load_config())
        encoder = KeptVectors(loaded, arguments.cache)
        for name in arguments.set:
            asked = LOADERS[name](arguments.data)
            asked = replace(asked, cases=some(asked.cases, arguments.count))
            search_report(asked, {"last": last, **ways}, encoder)
    for year in arguments.baselines:
        baseline_report(arguments.data, year, own)
    if arguments.gate:
        gate_report(arguments.data, own, arguments.count)
    if arguments.latency:
        latency_report(arguments.data, own, arguments.count)


if __name__ == "__main__":
    main()
