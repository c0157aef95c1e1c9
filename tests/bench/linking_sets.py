"""How well names are linked in public question sets and in noisy historical text.

    python -m tests.bench.linking_sets DATA rubq|rubq-dev|rubq-cross|qald|hipe [--systems NAMES]

``DATA`` is the folder of the data sets. The graph of each run holds every name that the sets give
for an id, far more than the questions need; only names whose thing has a name there are measured.

- ``rubq``: RuBQ 2.0 dev (held out), Russian and English, against Wikidata's names in the answers of
  RuBQ and of Verbal-ConvQuestions; ``rubq-dev`` is RuBQ 1.0 test, for development, and
  ``rubq-cross`` its Russian questions against only the English names.
- ``qald``: QALD-9-plus, ten languages, against the English names in the IRIs of DBpedia in LC-QuAD
  and the QALD series: the graph knows no name in the question's language.
- ``hipe``: HIPE-2022 dev sets (AjMC, NewsEye, Sonar), OCR'd, against the names of the above and of
  the marked names in AjMC's train files and NewsEye's dev2; given the name, and in running text.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from convrag.graph.model import KnowledgeGraph
from convrag.types import Literal, Triple
from tests.bench.linking import Gold, Row, convrag, exact, fuzzy, report, run

_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_ALIAS = "http://www.w3.org/2004/02/skos/core#altLabel"
_WIKIDATA = "http://www.wikidata.org/entity/"
_ID = re.compile(r"Q\d+$")
_RESOURCE = re.compile(r"<http://dbpedia\.org/resource/([^>\s]+)>|\b(?:res|dbr):([^\s;.}>]+)")
_SYSTEMS = {"convrag": convrag, "exact": exact, "fuzzy": fuzzy}
_LINES = 3
"""Sentences of running text that are linked at once."""
_FUZZY_ROWS = 300
"""Rows for the fuzzy baseline, which takes seconds a row."""

Names = dict[str, dict[str, Counter[str]]]
"""Names by id and language, with how often each was given."""


def main() -> None:
    """Measure the systems on one set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("what", choices=["rubq", "rubq-dev", "rubq-cross", "qald", "hipe"])
    parser.add_argument("--systems", default="convrag,exact,fuzzy")
    parser.add_argument("--rows", type=int, help="a sample of so many rows of each group")
    arguments = parser.parse_args()
    names, rows = _SETS[arguments.what](arguments.data)
    total = sum(len(row.gold) for row in rows)
    names, rows = answerable(names, rows)
    kept = sum(len(row.gold) for row in rows)
    count = sum(len(n) for by in names.values() for n in by.values())
    print(f"{len(names):,} things with {count:,} names; {kept} of {total} marked names have one")
    graph = graph_from(names)
    for group in sorted({row.group for row in rows}):
        some = [row for row in rows if row.group == group]
        if arguments.rows:
            some = random.Random(7).sample(some, min(arguments.rows, len(some)))
        for name in arguments.systems.split(","):
            few = some[:: max(1, len(some) // _FUZZY_ROWS)] if name == "fuzzy" else some
            report(f"{group}, {name}", run(_SYSTEMS[name](graph), few), by=name == "convrag")


def answerable(names: Names, rows: list[Row]) -> tuple[Names, list[Row]]:
    """Return the names, and the rows all of whose marked things have one."""
    names = {i: {k: v for k, v in by.items() if v} for i, by in names.items()}
    named = {i for i, by in names.items() if by}
    return names, [r for r in rows if r.gold and all(g.entity in named for g in r.gold)]


def graph_from(names: Names) -> KnowledgeGraph:
    """Return a graph of these names; of several in a language the commonest is the label."""
    triples = []
    for item, by_language in names.items():
        for language, counted in by_language.items():
            best = max(counted, key=lambda n: (counted[n], n))
            for name in counted:
                kind = _LABEL if name == best else _ALIAS
                triples.append(Triple(item, kind, Literal(name, "", language), "names"))
    return KnowledgeGraph(triples)


def _rubq(data: Path) -> tuple[Names, list[Row]]:
    return _wikidata(data), list(_rubq_rows(data / "rubq/RuBQ_2.0/RuBQ_2.0_dev.json.gz"))


def rubq_dev(data: Path) -> tuple[Names, list[Row]]:
    """Return RuBQ 1.0 test, which is for development."""
    return _wikidata(data), list(_rubq_rows(data / "rubq/RuBQ_1.0/RuBQ_1.0_test.json.gz"))


def rubq_cross(data: Path) -> tuple[Names, list[Row]]:
    """Return RuBQ 1.0 test with only the English names for the Russian questions."""
    names, rows = rubq_dev(data)
    english = {i: {"en": by["en"]} for i, by in names.items() if by.get("en")}
    return english, [row for row in rows if row.language == "ru"]


def _rubq_rows(path: Path) -> Iterator[Row]:
    for item in _json(path):
        for language, text in (("ru", item["question_text"]), ("en", item["question_eng"])):
            gold = tuple(
                Gold((0, len(text)), _item(uri), "question") for uri in item["question_uris"] or ()
            )
            yield Row(f"{item['uid']}-{language}", "rubq", language, text, (), gold)


def _wikidata(data: Path) -> Names:
    names: Names = defaultdict(lambda: defaultdict(Counter))
    for path in sorted((data / "rubq").rglob("*.json*")):
        for question in _json(path):
            answers = question["answers"]
            if len(answers) == 1 and _ID.search(answers[0]["value"]):
                names[_item(answers[0]["value"])]["ru"][question["answer_text"].strip()] += 1
            for answer in answers:
                for language, some in (answer.get("wd_names") or {}).items():
                    names[_item(answer["value"])][language].update(some)
    for path in sorted((data / "verbal_convquestions").rglob("*.json*")):
        for talk in _json(path):
            for turn in talk["questions"]:
                if _ID.search(turn["answer"]) and turn["answer_text"]:
                    names[_item(turn["answer"])]["en"][turn["answer_text"].strip()] += 1
    return {item: by for item, by in names.items() if _ID.search(item)}


def _item(address: str) -> str:
    return _WIKIDATA + address.rpartition("/")[2]


def _qald(data: Path) -> tuple[Names, list[Row]]:
    names: Names = defaultdict(lambda: defaultdict(Counter))
    texts = [(data / "lc_quad/entities.txt").read_text(encoding="utf-8").replace("\n", ">\n<")]
    paths = [*(data / "lc_quad").glob("*.json*"), *(data / "qald_series").glob("*.json*")]
    paths.append(data / "qald_9_plus/qald_9_plus_test_dbpedia.json.gz")
    texts += [_text(path) for path in sorted(paths)]
    for text in texts:
        for found in re.findall(r"http://dbpedia\.org/resource/([^>\s\"\\]+)", text):
            tail = found.rstrip(".,;")
            name, _, _ = unquote(tail).replace("_", " ").partition(" (")
            if name and "Category:" not in tail:
                names[_resource(tail)]["en"][name] += 1
    rows = []
    for question in _json(paths[-1])["questions"]:
        tails = {a or b for a, b in _RESOURCE.findall(question["query"]["sparql"])}
        for number, item in enumerate(question["question"]):
            text, language = item["string"], item["language"]
            gold = tuple(Gold((0, len(text)), _resource(t), "question") for t in sorted(tails))
            rows.append(Row(f"{question['id']}-{number}", "qald", language, text, (), gold))
    return names, rows


def _resource(tail: str) -> str:
    return "http://dbpedia.org/resource/" + unquote(tail)


def _hipe(data: Path) -> tuple[Names, list[Row]]:
    names = _wikidata(data)
    folder = data / "hipe2022"
    known: Names = defaultdict(lambda: defaultdict(Counter))
    known.update({k: defaultdict(Counter, v) for k, v in names.items()})
    for path in sorted([*folder.glob("ajmc/*/*train*"), *folder.glob("newseye/*/*dev2*")]):
        language = _language(path)
        for text, gold in _sentences(path):
            for g in gold:
                if g.entity is not None:
                    known[g.entity][language][text[g.span[0] : g.span[1]]] += 1
    rows = []
    marked = 0
    for path in sorted(folder.glob("*/*/*-dev-*")):
        part, language = path.parts[-3], _language(path)
        for number, (text, gold) in enumerate(_sentences(path)):
            marked += sum(g.entity is not None for g in gold)
            linked = tuple(g for g in gold if g.entity in known)
            name = f"{path.stem}-{number}"
            if linked:
                rows.append(Row(name, f"{part}, running text", language, text, (), linked))
            for g in linked:
                mention = text[g.span[0] : g.span[1]]
                whole = (Gold((0, len(mention)), g.entity, g.kind),)
                rows.append(Row(name, f"{part}, given names", language, mention, (), whole))
    print(f"of {marked} names that are marked with a thing; each comes twice:")
    return known, rows


def _language(path: Path) -> str:
    return path.parts[-2]


def _sentences(path: Path) -> Iterator[tuple[str, list[Gold]]]:
    """Yield pieces of the text with the names that are marked in them."""
    text, gold, ends = "", [], 0
    open_name: tuple[int, str] | None = None
    for line in _text(path).splitlines()[1:]:
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        token, coarse, link, misc = cells[0], cells[1], cells[7], cells[9]
        start = len(text)
        if open_name and not coarse.startswith("I-"):
            gold.append(_marked(text, *open_name))
            open_name = None
        text += token if "NoSpaceAfter" in misc else token + " "
        if coarse.startswith("B-"):
            open_name = (start, link)
        if "EndOfSentence" in misc or len(text) > 1000:
            ends += 1
        if ends == _LINES and open_name is None:
            yield text, gold
            text, gold, ends = "", [], 0
    if open_name:
        gold.append(_marked(text, *open_name))
    if text:
        yield text, gold


def _marked(text: str, start: int, link: str) -> Gold:
    end = len(text.rstrip())
    return Gold((start, end), _WIKIDATA + link if _ID.match(link) else None, "name")


def _json(path: Path) -> Any:
    return json.loads(_text(path))


def _text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")


_SETS = {
    "rubq": _rubq,
    "rubq-dev": rubq_dev,
    "rubq-cross": rubq_cross,
    "qald": _qald,
    "hipe": _hipe,
}


if __name__ == "__main__":
    main()
