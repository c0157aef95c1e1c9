"""Fit the reader's answerability model on development questions.

    python -m tests.bench.answerability ../shared/data [--write]

Public sets: in each language, questions are asked twice over a pool of paragraphs: once with their
own paragraph in it, once without. The label is whether the best sentence stands in the question's
own paragraph. The packs' development questions are asked twice as well, the second time without the
passages that have the answer; the label is whether the best candidate has it.

A pack's questions count three times: they are few, and closest to what is asked.

Prints the errors per set of a model fitted on all other sets, then the model fitted on all.
XQuAD and the scripted dialogues are never read.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import astuple, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from convrag.config import load_config
from convrag.generation.answerability import Features
from convrag.generation.reading import FACT_THRESHOLD, EvidenceReader
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.models.registry import load_encoder
from convrag.pipeline import ANSWERABLE, open_pipeline
from convrag.protocols import Encoder
from convrag.text.normalize import match_key
from convrag.types import Dialogue, Evidence, Passage, Query, Role, Triple, Turn
from tests.bench.squad import DEVELOPMENT_SETS, by_paragraph

PARAGRAPHS, QUESTIONS, SEED = 80, 50, 13


def examples(language: str, path: Path, encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
    """Return features (N, F) and labels (N,) for one language."""
    rng = random.Random(SEED)
    paragraphs = by_paragraph(path)
    keys = sorted(paragraphs)
    start = rng.randrange(max(1, len(keys) - PARAGRAPHS))
    keys = keys[start : start + PARAGRAPHS]  # neighbours: the same articles, so hard negatives
    passages = [
        Passage(f"p{i}", text[:1500], title.replace("_", " "), language, "set", (0, len(text)))
        for i, (title, text) in enumerate(keys)
    ]
    vectors = np.concatenate(
        [
            encoder.encode([f"{p.title}. {p.text}" for p in passages[i : i + 16]], "passage")
            for i in range(0, len(passages), 16)
        ]
    )
    asked = rng.sample(range(len(keys)), min(QUESTIONS, len(keys)))
    graph = KnowledgeGraph([])
    reader = EvidenceReader(graph, DictionaryLinker(graph), encoder)
    rows, labels = [], []
    for own in asked:
        text = rng.choice(paragraphs[keys[own]])
        query = Query(text, text, language)
        cosines = vectors @ encoder.encode([text], "query")[0]
        for absent in (False, True):
            order = [
                int(i) for i in np.argsort(-cosines, kind="stable") if not (absent and i == own)
            ]
            evidence = [
                Evidence(passages[i], float(cosines[i]), r, {"dense": r}, (), float(cosines[i]))
                for r, i in enumerate(order[:8], start=1)
            ]
            candidate, features = reader.weigh(query, evidence)[0]
            rows.append(astuple(features))
            labels.append(candidate.evidence[0].id == f"p{own}")
    return np.array(rows), np.array(labels, dtype=float)


def pack_examples(pack: str, rows: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Return features (N, F) and labels (N,) of a pack's development questions.

    Questions that facts answer by name never come to the model and are left out.
    """
    pipeline = open_pipeline(load_config(), pack=pack)
    features: list[tuple[float, ...]] = []
    labels: list[float] = []
    for row in rows:
        turn = Turn("q", Role.USER, row["question"])
        query = pipeline.rewrite(turn, Dialogue("d"))
        query = replace(query, links=pipeline.link(query, Dialogue("d")))
        evidence = pipeline.retrieve(query)
        if any(isinstance(e.item, Triple) and e.confidence >= FACT_THRESHOLD for e in evidence):
            continue
        answers = [match_key(a) for a in row["contains_any"]]
        without = [
            e
            for e in evidence
            if not any(
                a in match_key(pipeline.evidence_text(e, language=query.language)) for a in answers
            )
        ]
        for found in (evidence, without) if row["answerable"] else (evidence,):
            weighed = pipeline._reader.weigh(query, found)
            if weighed:
                text = match_key(weighed[0][0].text)
                features.append(astuple(weighed[0][1]))
                labels.append(float(any(a in text for a in answers)))
    pipeline.close()
    return np.array(features), np.array(labels)


def development_questions() -> dict[str, list[dict[str, Any]]]:
    """Return the packs' development questions by pack."""
    path = Path(__file__).parents[1] / "data" / "dev_questions.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {
        pack: [r for r in rows if r["pack"] == pack] for pack in sorted({r["pack"] for r in rows})
    }


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return logistic-regression weights (F + 1,), the bias last, by Newton's method.

    Features that hardly vary in the public sets are held back by a stronger ridge.
    """
    rare = ("sentence_entities", "names_entity", "own_language", "number_fit")
    ridge = np.array([1.0 if f.name in rare else 1e-3 for f in fields(Features)] + [1e-3])
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (p - y) + ridge * weights
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + np.diag(ridge)
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def report(name: str, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> None:
    """Print a set's errors at the threshold in use."""
    answered = 1.0 / (1.0 + np.exp(-(x @ weights[:-1] + weights[-1]))) >= ANSWERABLE
    print(
        f"{name:9} {len(y):4} accuracy {(answered == y).mean():.3f}"
        f" wrongly abstained {1 - answered[y == 1].mean():.3f}"
        f" wrongly answered {answered[y == 0].mean():.3f}",
        flush=True,
    )


def main() -> None:
    """Run the fit and print its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, help="keep the public sets' features here")
    parser.add_argument("--write", action="store_true", help="put the model into the package")
    arguments = parser.parse_args()
    sets: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    if arguments.cache and arguments.cache.exists():
        stored = np.load(arguments.cache)
        sets = {n[:-2]: (stored[n], stored[n[:-1] + "y"]) for n in stored if n.endswith("_x")}
    else:
        encoder = load_encoder("embedded:e5-small", config=load_config())
        for language, name in DEVELOPMENT_SETS.items():
            sets[language] = examples(language, arguments.data / name, encoder)
            print(language, "done", flush=True)
        if arguments.cache:
            named = {f"{k}_{n}": a for k, v in sets.items() for n, a in zip("xy", v, strict=True)}
            np.savez(arguments.cache, **named)
    for pack, rows in development_questions().items():
        sets[pack] = pack_examples(pack, rows)
    weighted = sets | {f"{p} {n}": sets[p] for p in ("helpdesk", "world") for n in (2, 3)}
    for name, (x, y) in sets.items():
        rest = [v for k, v in weighted.items() if k.split()[0] != name]
        report(name, x, y, fit(*map(np.concatenate, zip(*rest, strict=True))))
    weights = fit(*map(np.concatenate, zip(*weighted.values(), strict=True)))
    for name, (x, y) in sets.items():
        report(name, x, y, weights)
    names = [f.name for f in fields(Features)]
    model = {
        "weights": dict(zip(names, weights[:-1].round(4).tolist(), strict=True)),
        "bias": round(float(weights[-1]), 4),
    }
    text = json.dumps(model, indent=2) + "\n"
    print(text)
    if arguments.write:
        Path("convrag/generation/answerability.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
