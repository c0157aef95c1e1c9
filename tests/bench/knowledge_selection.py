"""Measure which facts are found for the next turn of a dialogue: knowledge selection.

    python -m tests.bench.knowledge_selection ../shared/data [--cache FOLDER] [--fused N]
    python -m tests.bench.knowledge_selection ../shared/data --fit [--write]
    python -m tests.bench.knowledge_selection ../shared/data --held-out

For each message that was said from facts of the graph, the share of these facts among the first k
that a system finds (R@k). Two settings:

``history``: the question is the message before, and what came before that is known; the message
itself is not. ``given``: the question is the message itself, which is to be traced to its facts;
only with ``--given FILE``, whose weights are fitted apart.

Systems over all facts of the entities that the dialogues are about, one text each: BM25 and
vectors, of the question alone, with the messages before it, and of the project's rewriting of it.
The graph's channel: with the entities of earlier facts and names in focus (``gold``), and with the
project's own rewriting, linking and focus (``own``). The whole pipeline over facts and texts. Two
that know the answer's entity, or entity and property, and nothing of the values, say what can be
reached.

Weights are fitted on the files for development; a fifth of their dialogues is held back from the
fit and reported on. ``--held-out`` reads the held-out files and fits nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.models.registry import load_encoder
from convrag.protocols import Vectors
from convrag.retrieval.facts_model import FactFeatures
from convrag.text.analysis import analyze, query_terms
from tests.bench.knowledge_cases import LANGUAGE, Case, Ranking, Setting, Setup
from tests.bench.knowledge_dialogues import DOMAINS, SEED, load
from tests.bench.knowledge_fit import examples, fit, kept_back
from tests.bench.lexical import bm25
from tests.bench.squad import KeptVectors

KS = (1, 5)
MODEL = Path("convrag/retrieval/facts_model.json")
DIALOGUES = {False: 100, True: 50}
_EARLIER, _MESSAGES = 0.5, 6
"""What a message counts beside the one after it, in searches with messages before, and how many."""


def systems(setup: Setup, model: Vectors) -> dict[str, Callable[[Case], Ranking]]:
    """Return the ways to find facts."""
    return {
        "graph, gold": lambda c: setup.ranked(c.query, model),
        "graph, own": lambda c: setup.ranked(c.own, model),
        "facts of gold entity": lambda c: _any_order(setup, c),
        "named property": lambda c: _asked(setup, c),
        "pipeline, own": lambda c: setup.fused(c.own),
    }


def plain_systems(setup: Setup) -> dict[str, Callable[[Case], Ranking]]:
    """Return searches over all facts in words."""
    words = bm25([analyze(t, LANGUAGE) for t in setup.texts], lambda q: query_terms(q, LANGUAGE))
    vectors = setup.encoder.encode(setup.texts, "passage")  # (N, D)

    def named(positions: Sequence[int]) -> Ranking:
        return [setup.ids[p] for p in positions]

    def nearest(messages: Sequence[str]) -> Ranking:
        messages = messages[-_MESSAGES:]
        counts = _EARLIER ** np.arange(len(messages))[::-1]
        question = counts @ setup.encoder.encode(list(messages), "query")
        return named(np.argsort(-(vectors @ question), kind="stable")[: max(KS)].tolist())

    return {
        "vectors": lambda c: nearest([c.query.text]),
        "vectors, all said": lambda c: nearest([*c.query.before, c.query.text]),
        "vectors, rewritten": lambda c: nearest([c.own.text]),
        "BM25": lambda c: named(words(c.query.text)),
        "BM25, all said": lambda c: named(words(" ".join([*c.query.before, c.query.text]))),
        "BM25, rewritten": lambda c: named(words(c.own.text)),
    }


def _any_order(setup: Setup, case: Case) -> Ranking:
    """Return the facts of the gold facts' own entities, ordered without a look at the question.

    What is above this was won by reading the question.
    """
    about = sorted({t.subject for t in setup.task.facts if t.id in case.gold})
    found = [t.id for entity in about for t in setup.outgoing(entity)]
    random.Random(f"{SEED}{case.query.text}").shuffle(found)
    return found


def _asked(setup: Setup, case: Case) -> Ranking:
    """Return all facts of the gold entities by the gold properties, values in no order.

    What lies below 1 cannot be told from knowing what is talked about: which of several values.
    """
    about = {(t.subject, t.predicate) for t in setup.task.facts if t.id in case.gold}
    found = [
        t.id
        for e in sorted({e for e, _ in about})
        for t in setup.outgoing(e)
        if (t.subject, t.predicate) in about
    ]
    random.Random(f"{SEED}{case.query.text}").shuffle(found)
    return found


def recalls(cases: Sequence[Case], find: Callable[[Case], Ranking]) -> Vectors:
    """Return float64 (N, K): the share of each case's facts among the first k."""
    rows = []
    for case in cases:
        found = list(find(case))[: max(KS)]
        rows.append([len(case.gold & set(found[:k])) / len(case.gold) for k in KS])
    return np.array(rows)


def interval(difference: np.ndarray, groups: Sequence[str]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean difference (N,), drawing whole dialogues."""
    names = sorted(set(groups))
    place = {name: i for i, name in enumerate(names)}
    at = np.array([place[g] for g in groups])
    sums, counts = np.bincount(at, difference), np.bincount(at)
    drawn = np.random.default_rng(SEED).integers(0, len(names), (2000, len(names)))
    low, high = np.percentile(sums[drawn].sum(1) / counts[drawn].sum(1), [2.5, 97.5])
    return float(low), float(high)


def report(
    setup: Setup,
    cases: Sequence[Case],
    model: Vectors,
    title: str,
    *,
    fused: int,
    graph_only: bool,
) -> None:
    """Print R@k of each system, and its gain in R@5 over vectors.

    R@5 again for questions with a question mark, and for the others, after which a speaker tells
    what nobody asked for.

    Args:
        setup: The task.
        cases: The messages.
        model: Weights of the graph's channel.
        title: Heads the table.
        fused: How many messages the whole pipeline is asked for; it is slow.
        graph_only: Whether searches over all facts are left out; they encode each of them.
    """
    dialogues = [c.conversation for c in cases]
    print(f"{title}: {len(cases)} messages of {len(set(dialogues))} dialogues", flush=True)
    found = ({} if graph_only else plain_systems(setup)) | systems(setup, model)
    vectors = np.zeros(0)
    for name, find in found.items():
        part = cases[:fused] if name.startswith("pipeline") else cases
        if not part:
            continue
        rows = recalls(part, find)
        vectors = rows[:, 1] if name == "vectors" else vectors
        means = "  ".join(f"R@{k} {v:.3f}" for k, v in zip(KS, rows.mean(axis=0), strict=True))
        asked = np.array([any(m in c.query.text for m in "?？") for c in part])
        means += f"  asked {rows[asked, 1].mean():.3f} told {rows[~asked, 1].mean():.3f}"
        gain = ""
        if len(vectors) and name != "vectors":
            difference = rows[:, 1] - vectors[: len(part)]
            low, high = interval(difference, dialogues[: len(part)])
            gain = f"over vectors {difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]"
        some = f"  (the first {len(part)})" if len(part) < len(cases) else ""
        print(f"  {name:22} {means}  {gain}{some}", flush=True)


def parsed() -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    parser.add_argument("--domains", nargs="+", choices=DOMAINS, default=list(DOMAINS))
    parser.add_argument("--dialogues", type=int, help="of each file; 100, or 50 held-out ones")
    parser.add_argument("--fused", type=int, default=0, help="messages asked of the pipeline")
    parser.add_argument("--graph-only", action="store_true", help="leave the plain searches out")
    parser.add_argument("--held-out", action="store_true", help="report on the held-out files")
    parser.add_argument("--fit", action="store_true", help="fit before the report")
    parser.add_argument("--write", action="store_true", help="put the fitted model in the package")
    parser.add_argument("--given", type=Path, help="weights for the setting ``given``, kept here")
    settings = parser.parse_args()
    if settings.fit and settings.held_out:
        parser.error("nothing is fitted on held-out files")
    return settings


def main() -> None:
    """Fit or load the weights, and report."""
    settings = parsed()
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), settings.cache)
    count = settings.dialogues or DIALOGUES[settings.held_out]
    with tempfile.TemporaryDirectory() as folder:
        setups = {
            d: Setup(
                load(settings.data, d, held_out=settings.held_out, dialogues=count),
                encoder,
                Path(folder) / d,
                with_texts=settings.fused > 0,
            )
            for d in settings.domains
        }
        run(setups, "history", settings, MODEL, write=settings.write)
        if settings.given:
            run(setups, "given", settings, settings.given, write=True)


def run(
    setups: Mapping[str, Setup],
    setting: Setting,
    settings: argparse.Namespace,
    file: Path,
    *,
    write: bool,
) -> None:
    """Report on one setting, with weights from ``file``, or fitted and then written there."""
    cases = {d: setup.cases(setting) for d, setup in setups.items()}
    if settings.fit:
        model = fitted(setups, cases)
        print(as_json(model), flush=True)
        if write:
            file.write_text(as_json(model), encoding="utf-8")
    else:
        kept = json.loads(file.read_text(encoding="utf-8"))["weights"]
        model = np.array([kept[f.name] for f in fields(FactFeatures)])
    for domain, setup in setups.items():
        found = [c for c in cases[domain] if settings.held_out or kept_back(c.conversation)]
        title = f"{domain}, {setting}"
        report(setup, found, model, title, fused=settings.fused, graph_only=settings.graph_only)


def fitted(setups: Mapping[str, Setup], cases: Mapping[str, Sequence[Case]]) -> Vectors:
    """Return weights fitted on the dialogues that are not kept back."""
    return fit(
        [
            list(examples(setup, [c for c in cases[d] if not kept_back(c.conversation)]))
            for d, setup in setups.items()
        ]
    )


def as_json(model: Vectors) -> str:
    """Return the weights as the package keeps them."""
    names = [f.name for f in fields(FactFeatures)]
    found = dict(zip(names, model.round(4).tolist(), strict=True))
    return json.dumps({"weights": found}, indent=2) + "\n"


if __name__ == "__main__":
    main()
