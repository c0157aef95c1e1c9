"""The library's metrics beside outside implementations, on real runs and system outputs.

    pip install 'convrag[parity]'
    python -m tests.bench.metric_parity ../shared/data [--mlqa-script mlqa_evaluation_v1.py]
        [--runs RUN...]

Rankings are BM25's over XQuAD's paragraphs, and CAsT's graded judgements in a random order; they
are measured by ir-measures with trec_eval's own code. Rewrites are CAsT systems'.

Answers are the sentences that share most words with XQuAD's questions, pieces cut from the wanted
answers, and what convrag answered in kept runs. They are measured by the script that MLQA's authors
publish (facebookresearch/MLQA, mlqa_evaluation_v1.py), which is not part of convrag: whoever runs
this gives its file. Every single value is the same in all seven of its languages, but for one case
that MLQA does not have: where nothing is wanted and nothing is said, SQuAD 2.0 says 1.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib.util
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import ir_measures
import numpy as np
import sacrebleu
from ir_measures import AP, RR, P, R, nDCG
from rouge_score import rouge_scorer

from convrag.config import load_config
from convrag.evaluation.datasets.loading import load
from convrag.evaluation.datasets.values import Dataset
from convrag.evaluation.matching import plain_answer
from convrag.evaluation.metrics import answers, ranking
from convrag.evaluation.metrics.overlap import (
    Share,
    bleu,
    chrf,
    rouge_l,
    rouge_n,
    rouge_tokens,
)
from convrag.evaluation.store import RunStore
from convrag.text.segment import sentences
from tests.bench.lexical import bm25
from tests.bench.squad import SEED

LANGUAGES = ("ar", "de", "en", "es", "hi", "ru", "th", "vi", "zh")
MLQA_LANGUAGES = ("ar", "de", "en", "es", "hi", "vi", "zh")
DEPTH = 100

Judged = Mapping[str, Mapping[str, float]]
Run = Mapping[str, Sequence[str]]


def show(what: str, name: str, own: Sequence[float], other: Sequence[float]) -> None:
    """Print both means and the largest difference of any one value."""
    a, b = np.array(own), np.array(other)
    print(
        f"{what:18} {name:12} n {len(a):5} convrag {a.mean():.6f} other {b.mean():.6f}"
        f" largest difference {np.abs(a - b).max():.1e}",
        flush=True,
    )


# --- rankings -------------------------------------------------------------------------------------


def xquad_run(dataset: Dataset, count: int) -> tuple[Judged, Run]:
    """Return judgements, and BM25's ranking over words, of some questions."""
    documents = list(dataset.documents())
    search = bm25([d.text.split() for d in documents], str.split)
    turns = [turn for conversation in dataset.conversations() for turn in conversation.turns]
    turns = random.Random(SEED).sample(turns, min(count, len(turns)))
    run = {turn.id: [documents[i].id for i in search(turn.question)][:DEPTH] for turn in turns}
    return {turn.id: turn.relevant for turn in turns}, run


def cast_run(path: Path, count: int) -> tuple[Judged, Run]:
    """Return CAsT's judgements, and the judged passages of each turn in a random order."""
    judged: dict[str, dict[str, float]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            turn, _, document, grade = line.split()
            judged.setdefault(turn, {})[document] = float(grade)
    kept = dict(list(judged.items())[:count])
    rng = random.Random(SEED)
    return kept, {turn: rng.sample(sorted(g), min(DEPTH, len(g))) for turn, g in kept.items()}


def rankings(what: str, judged: Judged, run: Run) -> None:
    """Compare the ranking measures."""
    asked = [turn for turn, grades in judged.items() if any(g >= 1 for g in grades.values())]
    judged = {turn: judged[turn] for turn in asked}
    scored = {t: {d: float(DEPTH - at) for at, d in enumerate(run[t])} for t in asked}
    whole = {t: {d: int(g) for d, g in grades.items()} for t, grades in judged.items()}
    own: Mapping[Any, Any] = {
        R @ 5: lambda r, g: ranking.recall(r, g, 5),
        R @ 10: lambda r, g: ranking.recall(r, g, 10),
        P @ 10: lambda r, g: ranking.precision(r, g, 10),
        RR: ranking.reciprocal_rank,
        RR @ 10: lambda r, g: ranking.reciprocal_rank(r, g, 10),
        AP: ranking.average_precision,
        AP @ 10: lambda r, g: ranking.average_precision(r, g, 10),
        nDCG: ranking.ndcg,
        nDCG @ 3: lambda r, g: ranking.ndcg(r, g, 3),
        nDCG @ 10: lambda r, g: ranking.ndcg(r, g, 10),
    }
    found: dict[str, dict[str, float]] = {}
    for value in ir_measures.iter_calc(list(own), whole, scored):
        found.setdefault(str(value.measure), {})[value.query_id] = value.value
    for measure, metric in own.items():
        other = found[str(measure)]
        show(
            what,
            str(measure),
            [metric(run[t], judged[t]) for t in asked],
            [other[t] for t in asked],
        )


# --- answers --------------------------------------------------------------------------------------


def predictions(dataset: Dataset, language: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the sentence that shares most words with each question, and the wanted answers."""
    texts = {d.id: d.text for d in dataset.documents()}
    for conversation in dataset.conversations():
        (turn,) = conversation.turns
        text = texts[next(iter(turn.relevant))]
        asked = set(answers.tokens(turn.question, language))
        parts = [text[a:b] for a, b in sentences(text, language)]
        best = max(parts, key=lambda p: len(asked & set(answers.tokens(p, language))))
        yield best, turn.answers


def answered(runs: Sequence[str], language: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what kept runs answered in a language, and the wanted answers."""
    store = RunStore(load_config().home / "runs")
    for turn in (turn for run in runs for turn in store.open(run).turns()):
        if turn.language == language and turn.trace.wanted_answers:
            yield plain_answer(turn.trace.answer), turn.trace.wanted_answers


def short_answers(data: Path, script: ModuleType, runs: Sequence[str]) -> None:
    """Compare exact match and F1, of sentences, of pieces of wanted answers, and of kept runs."""
    for language in MLQA_LANGUAGES:
        said = list(answered(runs, language))
        if said:
            compare_answers(f"runs {language}", said, language, script)
        dataset = load("xquad", data / "xquad" / f"xquad.{language}.json")
        pairs = list(predictions(dataset, language))
        rng = random.Random(SEED)
        pairs += [(w[0][: rng.randint(1, len(w[0]))], w) for _, w in pairs]
        pairs += [(f"«{w[0].upper()}» ", w) for _, w in pairs[: len(pairs) // 4]]
        compare_answers(f"xquad {language}", pairs, language, script)


def compare_answers(
    what: str, pairs: Sequence[tuple[str, tuple[str, ...]]], language: str, script: ModuleType
) -> None:
    """Compare both measures of all answers."""
    for name, own, other in (
        ("exact match", answers.exact_match, script.exact_match_score),
        ("f1", answers.f1, script.f1_score),
    ):
        show(
            what,
            name,
            [own(said, wanted, language) for said, wanted in pairs],
            [
                float(script.metric_max_over_ground_truths(other, said, wanted, language))
                for said, wanted in pairs
            ],
        )


# --- texts ----------------------------------------------------------------------------------------


def rewrites(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield system, its rewrite and the human one, of CAsT 2019."""
    tables = {}
    for file in sorted(folder.glob("*.tsv")):
        with file.open(encoding="utf-8", newline="") as opened:
            rows = csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE)
            tables[file.stem] = {row["id"]: row["query"] for row in rows}
    human = next(table for name, table in tables.items() if name.endswith("_Human"))
    for name, table in tables.items():
        yield from ((name, said, human[key]) for key, said in table.items() if key in human)


ROUGE: Mapping[str, Callable[[str, Sequence[str]], Share]] = {
    "rouge1": lambda said, wanted: rouge_n(said, wanted, 1),
    "rouge2": lambda said, wanted: rouge_n(said, wanted, 2),
    "rougeL": rouge_l,
}


class SameTokens:
    """Lets rouge-score count the library's tokens."""

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens."""
        return rouge_tokens(text)


def texts(data: Path) -> None:
    """Compare ROUGE with rouge-score, and BLEU and chrF with sacrebleu called directly."""
    every = list(rewrites(data / "cast_rewrite_baselines" / "2019"))
    plain = [row for row in every if (row[1] + row[2]).isascii()]
    for name, rows, tokenizer in (
        ("cast, ASCII", plain, None),  # elsewhere rouge-score breaks words at every accent
        ("cast, same tokens", every, SameTokens()),
    ):
        scorer = rouge_scorer.RougeScorer(list(ROUGE), tokenizer=tokenizer)
        other = [scorer.score(wanted, said) for _, said, wanted in rows]
        for kind, own in ROUGE.items():
            found = [own(said, [wanted]).f1 for _, said, wanted in rows]
            show(name, kind, found, [row[kind].fmeasure for row in other])
    show(
        "cast rewrites",
        "bleu",
        [bleu(said, [wanted], "en") for _, said, wanted in every],
        [sacrebleu.sentence_bleu(said, [wanted]).score / 100 for _, said, wanted in every],
    )
    show(
        "cast rewrites",
        "chrf",
        [chrf(said, [wanted]) for _, said, wanted in every],
        [sacrebleu.sentence_chrf(said, [wanted]).score / 100 for _, said, wanted in every],
    )


def script_at(path: Path) -> ModuleType:
    """Return a Python file as a module."""
    spec = importlib.util.spec_from_file_location("outside", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--mlqa-script", type=Path, help="MLQA's mlqa_evaluation_v1.py")
    parser.add_argument("--runs", nargs="*", default=[], help="kept runs of convrag eval")
    parser.add_argument("--questions", type=int, default=200, help="of each run")
    arguments = parser.parse_args()
    data: Path = arguments.data
    for language in LANGUAGES:
        dataset = load("xquad", data / "xquad" / f"xquad.{language}.json")
        rankings(f"xquad {language}", *xquad_run(dataset, arguments.questions))
    rankings("cast 2020", *cast_run(data / "trec_cast/2020/2020qrels.txt.gz", arguments.questions))
    if arguments.mlqa_script:
        short_answers(data, script_at(arguments.mlqa_script), arguments.runs)
    texts(data)


if __name__ == "__main__":
    main()
