r"""Mine the table of word pairs with English, and measure what translated terms add.

    python -m tests.bench.word_pairs ../shared/data --cache FOLDER \
        [--out convrag/text/data/word_pairs.zip] [--held-out]

Pairs come from the train documents of NTREX and the labels of CodEx's types in the train part.
The scores are MRR of questions over passages in one other language: base and projected cosines
alone, the terms alone, and both together at several shares. Shares are chosen on the development
sets; ``--held-out`` measures XQuAD with the share in use.
"""

from __future__ import annotations

import argparse
import math
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder
from convrag.retrieval.fusion import LEXICAL
from convrag.retrieval.projection import load_projection
from convrag.text.analysis import analyze, query_terms
from convrag.text.word_translation import cross_terms, written_in
from tests.bench.crosslingual import (
    NTREX,
    Family,
    codex,
    codex_labels,
    match,
    ntrex_train_lines,
    ntrex_windows,
    squad_translations,
)
from tests.bench.projection import reciprocal_ranks
from tests.bench.squad import KeptVectors
from tests.bench.xquad import held_out_families

RAREST, LEAST, TRANSLATIONS = 2, 0.3, 3  # .2 doubles the table and adds nothing when fused
SHARES = (0.35, LEXICAL, 1.0, 1.4)
UNSPACED = frozenset({"zh", "zht", "ja", "ko", "th"})
Bag = frozenset[str]
Lines = list[tuple[Bag, Bag]]


def bag(text: str, language: str) -> Bag:
    """Return the stems of a text's content words; bigrams where words do not stand apart."""
    kind = "b:" if language in UNSPACED else "w:"
    return frozenset(t for t in query_terms(text, language[:2]) if t.startswith(kind))


def pairs(lines: Lines) -> list[tuple[str, str, float]]:
    """Return (term, English term, Dice coefficient) of terms that stand in the same lines."""
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for one, other in lines:
        counts[0].update(one)
        counts[1].update(other)
    together: Counter[tuple[str, str]] = Counter()
    for one, other in lines:
        english = [t for t in other if counts[1][t] >= RAREST]
        together.update((s, t) for s in one if counts[0][s] >= RAREST for t in english)
    found = [
        (s, t, 2 * n / (counts[0][s] + counts[1][t]))
        for (s, t), n in together.items()
        if n >= RAREST
    ]
    found = [pair for pair in found if round(100 * pair[2]) >= 100 * LEAST]
    kept = {pair for side in (0, 1) for pair in _best(found, side)}
    return sorted(kept)


def _best(found: Iterable[tuple[str, str, float]], side: int) -> Iterator[tuple[str, str, float]]:
    by: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    for pair in found:
        by[pair[side]].append(pair)
    for group in by.values():
        yield from sorted(group, key=lambda p: (-p[2], p[0], p[1]))[:TRANSLATIONS]


def write(data: Path, path: Path) -> None:
    """Write the table: a member for each language, a line for each pair, always the same bytes."""
    labels = codex_labels(data)
    texts = {language: ntrex_train_lines(data, code) for code, language in NTREX.items()}
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for language, lines in texts.items():
        if language == "en":
            continue
        both = list(zip(lines, texts["en"], strict=True))
        own = labels.get(language, {})
        both += [(own[k], labels["en"][k]) for k in sorted(own)]
        for s, t, dice in pairs([(bag(a, language), bag(b, "en")) for a, b in both]):
            table = found[language[:2]]
            table[s, t] = max(round(100 * dice), table.get((s, t), 0))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for language, table in sorted(found.items()):
            rows = "".join(f"{s}\t{t}\t{percent}\n" for (s, t), percent in sorted(table.items()))
            archive.writestr(zipfile.ZipInfo(language), rows, zipfile.ZIP_DEFLATED, 9)
    print(f"{path}: {sum(map(len, found.values()))} pairs, {path.stat().st_size} bytes")


def bm25(passages: Sequence[Sequence[str]], asked: Sequence[dict[str, float]]) -> np.ndarray:
    """Return BM25 as Lucene counts it (k1 1.2, b .75) of weighted terms, (questions, passages)."""
    lengths = np.array([len(terms) for terms in passages])
    norms = 1.2 * (0.25 + 0.75 * lengths / lengths.mean())
    postings: dict[str, list[tuple[int, int]]] = {}
    for at, terms in enumerate(passages):
        for term, times in Counter(terms).items():
            postings.setdefault(term, []).append((at, times))
    scores = np.zeros((len(asked), len(passages)))
    for row, question in enumerate(asked):
        for term, weight in question.items():
            if term in postings:
                where, times = np.array(postings[term]).T
                idf = math.log(1 + (len(passages) - len(where) + 0.5) / (len(where) + 0.5))
                scores[row, where] += weight * idf * times / (times + norms[where])
    return scores


def measure(family: Family, encoder: Encoder, shares: Sequence[float]) -> None:
    """Print the mean of the pairs in one script, of those in two, and of all."""
    project = load_projection(encoder.id)
    assert project is not None
    held: dict[str, dict[str, list[float]]] = {"same": {}, "different": {}, "all": {}}
    asked = [(s, encoder.encode(s.texts, s.kind)) for s in family.questions]
    for side in family.passages:
        base = encoder.encode(side.texts, side.kind)
        pool = project.apply(base)
        told = [analyze(text, side.language) for text in side.texts]
        for questions, vectors in asked:
            rows, own = match(questions, side)
            if questions.language == side.language or len(rows) < 5:
                continue
            languages = questions.language, side.language
            terms = bm25(told, [cross_terms(questions.texts[i], *languages) for i in rows])
            cosines = project.apply(vectors[rows]) @ pool.T
            spread = (cosines - cosines.mean(1, keepdims=True)) / cosines.std(1, keepdims=True)
            kind = "same" if written_in(languages[0]) == written_in(languages[1]) else "different"
            scores = {"base": vectors[rows] @ base.T, "dense": cosines, "terms": terms}
            for share in shares:
                scores[f"{share}"] = spread + share * terms / math.log1p(len(told))
            for name, values in scores.items():
                mean = reciprocal_ranks(values, np.array(own)).mean()
                for group in (kind, "all"):
                    held[group].setdefault(name, []).append(float(mean))
    for kind, columns in held.items():
        if columns:
            line = " ".join(f"{name} {np.mean(values):.4f}" for name, values in columns.items())
            print(f"{family.name:20} {kind:9} {len(columns['dense']):3} pairs: {line}", flush=True)


def main() -> None:
    """Mine the table and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="folder of base vectors")
    parser.add_argument("--out", type=Path, help="write the table here")
    parser.add_argument("--held-out", action="store_true", help="measure XQuAD, not the dev sets")
    options = parser.parse_args()
    if options.out:
        write(options.data, options.out)
    encoder = load_encoder("embedded:e5-small", config=load_config(), runtime="torch")
    kept = KeptVectors(encoder, options.cache)
    if options.held_out:
        measure(held_out_families(options.data)[0], kept, (LEXICAL,))
        return
    windows, around = ntrex_windows(options.data)
    for family in (squad_translations(options.data), codex(options.data, "dev", 120)):
        measure(family, kept, SHARES)
    for family in (windows, around):
        measure(family, kept, SHARES)


if __name__ == "__main__":
    main()
