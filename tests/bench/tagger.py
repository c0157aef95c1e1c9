"""Train and measure the tagger of names.

    python -m tests.bench.tagger train ../shared/data --cache FOLDER \
        --into convrag/graph/building/tagger.npz
    python -m tests.bench.tagger measure ../shared/data --cache FOLDER [--test]

Trains on NTREX: names marked by hand on the English side, brought to twelve translations; the last
tenth of the documents is for development. Some sentences marked by hand in each language are added.
``measure`` compares the shipped head with a rule for capital letters, a dictionary of CLDR's
countries and cities, a head trained on hipe2022's ajmc alone and one trained on English alone; on
the development part of the sentences marked by hand, on NTREX's and on the development files of
hipe2022; and it says how long tagging takes beside encoding. ``--test`` takes the test part of the
hand-marked sentences instead. The first run encodes what ``--cache`` lacks.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from babel import Locale

from convrag.graph.building.tagger import (
    SHIPPED,
    SURE,
    EntityTagger,
    Head,
    names_in,
    read_head,
    write_head,
)
from convrag.text.function_words import spelled
from tests.bench import name_projection as ntrex
from tests.bench.name_projection import Marked
from tests.bench.tagger_sentences import (
    GOLD,
    KEPT_LAYERS,
    READ,
    SEED,
    Row,
    encoder,
    gold,
    hipe,
    rows,
    translations,
)
from tests.bench.tagger_training import EPOCHS, fit

REPEATED = 4
"""How often a sentence marked by hand is among the training sentences."""
LATIN = ("en", "de", "fr", "es", "pt")
OTHERS = ("ru", "ar", "hi", "zh", "ja")
HIPE_DEV = ("sonar-de", "newseye-de", "newseye-fi", "newseye-fr", "newseye-sv", "ajmc-de",
            "ajmc-en", "ajmc-fr")  # fmt: skip


def data_hash(data: Path) -> str:
    """Return a hash of everything a head is trained on."""
    digest = hashlib.sha256(ntrex.NAMES.read_bytes() + GOLD.read_bytes())
    for language in ntrex.CODES:
        digest.update("\n".join(ntrex.sentences(data, language)).encode())
    return digest.hexdigest()[:16]


Found = list[tuple[int, int, str, float]]
Finder = Callable[[Row], Found]


def by_head(head: Head) -> Finder:
    """Return what finds names with ``head``."""

    def find(row: Row) -> Found:
        names = names_in(row.text, row.language, row.states, row.tokens.places.tolist(), head)
        return [(*name.span, name.kind, name.score) for name in names]

    return find


def by_capitals(row: Row) -> Found:
    """Return runs of words in capitals, but no lone one that is common or begins the sentence."""
    found: Found = []
    for hit in re.finditer(r"[^\W\d_][\w'’-]*(?:\s[^\W\d_][\w'’-]*)*", row.text):
        words = [(w.start() + hit.start(), w[0]) for w in re.finditer(r"\S+", hit[0])]
        for _, run in groupby(words, key=lambda word: word[1][0].isupper()):
            own = list(run)
            alone = len(own) == 1 and (own[0][0] == 0 or own[0][1].lower() in spelled(row.language))
            if own[0][1][0].isupper() and not alone:
                end = own[-1][0] + len(own[-1][1])
                found.append((own[0][0], end, "person" if len(own) > 1 else "place", 1.0))
    return found


@cache
def _places(language: str) -> re.Pattern[str]:
    locale = Locale.parse("pt_BR" if language == "pt" else language)
    names = {name for code, name in locale.territories.items() if code != "ZZ"}
    names |= {zone["city"] for zone in locale.time_zones.values() if "city" in zone}
    if language != "en":
        names |= {zone["city"] for zone in Locale("en").time_zones.values() if "city" in zone}
    listed = sorted((n for n in names if len(n) > 1), key=lambda n: (-len(n), n))
    border = "" if language in ("zh", "ja") else r"\b"
    return re.compile(border + "(?:" + "|".join(map(re.escape, listed)) + ")" + border)


def by_dictionary(row: Row) -> Found:
    """Return names of countries and cities that CLDR has."""
    return [(*hit.span(), "place", 1.0) for hit in _places(row.language).finditer(row.text)]


def by_both(row: Row) -> Found:
    """Return what the dictionary finds, and what else is in capitals."""
    found = by_dictionary(row)
    return found + [
        one for one in by_capitals(row) if not any(one[0] < f[1] and f[0] < one[1] for f in found)
    ]


def counts(found: Found, names: Sequence[Marked], way: str) -> tuple[int, int, int, int]:
    """Return right ones of those found, all found, names found, all names."""

    def same(one: Sequence[Any], name: Sequence[Any]) -> bool:
        if way == "overlap":
            return bool(one[0] < name[1] and name[0] < one[1])
        return tuple(one[: 3 if way == "typed" else 2]) == tuple(name[: 3 if way == "typed" else 2])

    right = sum(any(same(one, name) for name in names) for one in found)
    hit = sum(any(same(one, name) for one in found) for name in names)
    return right, len(found), hit, len(names)


def f1(table: np.ndarray) -> tuple[float, float, float]:
    """Return precision, recall and F1 of summed counts (4,)."""
    right, found, hit, names = table
    precision, recall = right / max(found, 1), hit / max(names, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def measure(held: Sequence[Row], finders: Mapping[str, Finder]) -> dict[str, Any]:
    """Return scores with 95 % intervals (bootstrap over sentences) and gains over ``both``."""
    rng = np.random.default_rng(SEED)
    draws = rng.integers(0, len(held), (1000, len(held)))
    result: dict[str, Any] = {}
    for name, find in finders.items():
        found = [find(row) for row in held]
        own: dict[str, Any] = {}
        for way in ("exact", "overlap", "typed"):
            table = np.array([counts(f, r.names, way) for f, r in zip(found, held, strict=True)])
            own[way] = round(f1(table.sum(axis=0))[2], 3)
            if way != "typed":
                scores = np.array([f1(table[draw].sum(axis=0))[2] for draw in draws])
                own[f"{way}_interval"] = np.quantile(scores, (0.025, 0.975)).round(3).tolist()
                result.setdefault(("draws", way), {})[name] = scores
        sure = [[one for one in f if one[3] >= SURE] for f in found]
        table = np.array([counts(f, r.names, "overlap") for f, r in zip(sure, held, strict=True)])
        own["sure_precision"], own["sure_recall"], _ = (round(v, 3) for v in f1(table.sum(axis=0)))
        result[name] = own
    for way in ("exact", "overlap"):
        scores = result.pop(("draws", way))
        for name in finders:
            if "both" in scores and name not in ("both", "capitals", "dictionary"):
                gain = scores[name] - scores["both"]
                result[name][f"{way}_gain"] = np.quantile(gain, (0.025, 0.975)).round(3).tolist()
    return result


def joined(part: str, language: str, held: Sequence[Row], folder: Path) -> list[Row]:
    """Return passages of four sentences of ``held``."""
    passages = []
    space = "" if language in ("zh", "ja") else " "
    for first in range(0, len(held), 4):
        text, names = "", []
        for row in held[first : first + 4]:
            text += space if text else ""
            names += [(s + len(text), e + len(text), kind) for s, e, kind in row.names]
            text += row.text
        passages.append((text, tuple(names)))
    return rows(f"passages-{part}-{language}", language, passages, folder)


def sets(data: Path, folder: Path, *, test: bool) -> dict[str, list[Row]]:
    """Return what is measured on, by name."""
    part = "test" if test else "dev"
    marked = gold(part, folder)
    found = {
        name: [row for language in languages for row in marked[language]]
        for name, languages in (("gold Latin", LATIN), ("gold other scripts", OTHERS))
    }
    found["gold passages"] = [
        row for language, own in marked.items() for row in joined(part, language, own, folder)
    ]
    found |= {f"gold {language}": marked[language] for language in (*LATIN, *OTHERS)}
    if not test:
        parts = translations(data, folder)
        found |= {f"ntrex {language}": dev for language, (_, dev) in parts.items()}
        found |= {f"hipe {name}": hipe(data, name, "dev", folder, 150) for name in HIPE_DEV}
    return found


def show(name: str, scores: Mapping[str, Any]) -> None:
    """Print one line for each system."""
    for system, own in scores.items():
        print(f"{name:20s} {system:12s} " + " ".join(f"{k} {v}" for k, v in own.items()))


def train(data: Path, folder: Path, into: Path) -> None:
    """Train the head that is shipped, and print its scores on the development sets."""
    parts = translations(data, folder)
    held = [row for own, _ in parts.values() for row in own]
    by_hand = [row for own in gold("train", folder).values() for row in own]
    held += by_hand * REPEATED
    about = {
        "encoder": encoder().id,
        "layer": KEPT_LAYERS[READ],
        "data": data_hash(data),
        "sentences": len(held),
        "languages": list(ntrex.CODES),
        "seed": SEED,
        "licence": "CC BY-SA 4.0",
        "sources": "NTREX-128 (CC BY-SA 4.0, Microsoft); names marked for convrag (CC0)",
    }
    write_head(into, fit(held, about))
    finders = {"shipped": by_head(read_head(into)), "both": by_both}
    for name, own in sets(data, folder, test=False).items():
        show(name, measure(own, finders))


def compare(data: Path, folder: Path, *, test: bool) -> None:
    """Print the scores of the shipped head and of what it has to beat."""
    commentaries = [
        row
        for language in ("de", "en", "fr")
        for row in hipe(data, f"ajmc-{language}", "train", folder, 300)
    ]
    english = translations(data, folder)["en"][0]
    finders = {
        "shipped": by_head(read_head(SHIPPED)),
        "capitals": by_capitals,
        "dictionary": by_dictionary,
        "both": by_both,
        "ajmc only": by_head(fit(commentaries, {}, 3 * EPOCHS)),
        "English only": by_head(fit(english, {}, 2 * EPOCHS)),
    }
    for name, held in sets(data, folder, test=test).items():
        show(name, measure(held, finders))
    print(speed([row for own in gold("dev", folder).values() for row in own]))


def speed(held: Sequence[Row]) -> str:
    """Return how many sentences a second are encoded, and how many tagged, encoding included."""
    texts, languages = [row.text for row in held] * 3, [row.language for row in held] * 3
    tagger = EntityTagger.load(encoder())
    tagger.tag(texts[:8], languages[:8])
    started = perf_counter()
    encoder().encode(texts, "passage")
    encoded = perf_counter()
    tagger.tag(texts, languages)
    tagged = perf_counter()
    rates = (len(texts) / (encoded - started), len(texts) / (tagged - encoded))
    return f"encoded {rates[0]:.0f} sentences/s, tagged {rates[1]:.0f} sentences/s"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train", "measure"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="keeps the encoder's states")
    parser.add_argument("--into", type=Path, default=SHIPPED)
    parser.add_argument("--test", action="store_true", help="the test half of the marked sentences")
    arguments = parser.parse_args()
    if arguments.what == "train":
        train(arguments.data, arguments.cache, arguments.into)
    else:
        compare(arguments.data, arguments.cache, test=arguments.test)


if __name__ == "__main__":
    main()
