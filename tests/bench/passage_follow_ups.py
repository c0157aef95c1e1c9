"""Measure rewriting on hand-written follow-ups over paragraphs, in the languages they are in.

    python -m tests.bench.passage_follow_ups ../shared/data [--cache FOLDER] [--rewriter auto ...]

The dialogues are ``tests/data/passage_follow_ups``; the assistant's answers are the authors' too.
Each turn is searched for among 120 paragraphs, with all of the articles that are asked about,
by the retriever that ships, without a graph, and together with the turn as typed; R@5 of its own
paragraph. Printed for each language, for turns that need the dialogue: R@5, the gain over the turn
alone in points with the 95 % interval of a paired bootstrap over dialogues (seed 0), the share of
the human rewrite's gain, and the share of lost names that the rewrite has again; for turns that
stand alone: R@5 and how many were left as they are. The dialogues are held back: look when nothing
is left to choose.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.evaluation.statistics.resampling import Part, difference
from convrag.models.registry import load_encoder
from convrag.protocols import Encoder
from convrag.text.normalize import match_key
from convrag.types import Dialogue, DialogueState, Document, Passage, Query, Role, Turn
from tests.bench.relevance import retriever
from tests.bench.rewriting import documents, way_of
from tests.bench.rewriting_sets import Case
from tests.bench.squad import KeptVectors, indexed

FOLDER = Path(__file__).parent.parent / "data" / "passage_follow_ups"
PARAGRAPHS: Mapping[str, str] = {
    "ja": "jaquad/dev",
    "ko": "korquad/KorQuAD_v1.0_dev.json",
    "pt": "faquad/dev.json",
    "fr": "piaf/piaf-v1.0.json.gz",
}
"""Where a language's paragraphs are; else in XQuAD."""
STANDARD = ("history", "rules", "trained", "auto", "human")
DEEP, POOL = 30, 120


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn with what is known of it: whether it stands alone, and the names it leaves out."""

    case: Case
    alone: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """Whether the own paragraph is among the first five, and the share of names brought back."""

    asked: Asked
    found: float
    named: float | None
    same: bool


def read_paragraphs(path: Path, language: str) -> Iterator[Document]:
    """Yield the paragraphs of a SQuAD file, or of a folder of them, as ``ARTICLE/PARAGRAPH``."""
    number = 0
    for file in sorted(path.rglob("*.json*")) if path.is_dir() else [path]:
        data = file.read_bytes()
        for article in json.loads(gzip.decompress(data) if file.suffix == ".gz" else data)["data"]:
            title = article.get("title", "").replace("_", " ")
            for place, paragraph in enumerate(article["paragraphs"]):
                name = f"{number}/{place}"
                yield Document(name, paragraph["context"], title, language, name, name)
            number += 1


def pool(documents: Sequence[Document], asked: Sequence[Asked]) -> list[Document]:
    """Return all paragraphs of the articles asked about, and others until there are ``POOL``."""
    wanted = {name.partition("/")[0] for one in asked for name in one.case.relevant}
    own = [d for d in documents if d.id.partition("/")[0] in wanted]
    others = [d for d in documents if d.id.partition("/")[0] not in wanted]
    return own + others[: max(0, POOL - len(own))]


def read_turns(path: Path) -> Iterator[Asked]:
    """Yield the turns of all dialogues of a language."""
    language = path.stem
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        said: list[Turn] = []
        for place, turn in enumerate(row["turns"]):
            name = f"{row['id']}-{place}"
            asking = Turn(name, Role.USER, turn["user"], language)
            before = Dialogue(row["id"], tuple(said), DialogueState(language=language))
            relevant = frozenset({turn["paragraph"]})
            case = Case(name, before, asking, turn["rewrite"], relevant, turn["kind"])
            yield Asked(case, place == 0 or turn["standalone"], tuple(turn["entities"]))
            said += [asking, Turn(f"{name}-a", Role.ASSISTANT, turn["answer"], language)]


def results(
    asked: Sequence[Asked], way: Callable[[Case], Query], find: Callable[[Query], list[str]]
) -> list[Result]:
    """Return what one rewriter did, in the order of ``asked``."""
    kept = []
    for one in asked:
        turn = one.case.turn
        query = replace(way(one.case), language=turn.language or "en", links=())
        lost = [n for n in one.names if match_key(n) not in match_key(turn.text)]
        named = [match_key(name) in match_key(query.text) for name in lost]
        found = bool(one.case.relevant & set(find(query)[:5]))
        same = query.text == turn.text
        kept.append(Result(one, float(found), float(np.mean(named)) if named else None, same))
    return kept


def report(language: str, kept: Mapping[str, Sequence[Result]]) -> None:
    """Print the rows of one language, or of all."""
    for alone in (False, True):
        rows = {n: [r for r in v if r.asked.alone == alone] for n, v in kept.items()}
        if not rows["last"]:
            continue
        print(f"-- {language}, {'stand' if alone else 'need the dialogue'}: {len(rows['last'])}")
        base = _parts(rows["last"])
        human = difference(base, _parts(rows["human"]), seed=0).value if "human" in rows else 0.0
        for name, part in rows.items():
            gain = difference(base, _parts(part), seed=0)
            named = [r.named for r in part if r.named is not None]
            share = f"{gain.value / human:5.2f}" if human > 0.005 and not alone else "     "
            print(
                f"   {name:9} R@5 {gain.second:.3f} {100 * gain.value:+6.1f}"
                f" [{100 * gain.low:+5.1f}, {100 * gain.high:+5.1f}] of human {share}"
                f" names {np.mean(named) if named else float('nan'):.3f}"
                f" unchanged {np.mean([r.same for r in part]):.3f}",
                flush=True,
            )


def _parts(rows: Sequence[Result]) -> dict[str, Part]:
    return {
        r.asked.case.id: (f"{r.asked.case.turn.language}{r.asked.case.dialogue.id}", r.found, 1.0)
        for r in rows
    }


def measured(
    data: Path, language: str, ways: Mapping[str, Callable[[Case], Query]], encoder: Encoder
) -> dict[str, list[Result]]:
    """Return the results of all rewriters for one language."""
    asked = list(read_turns(FOLDER / f"{language}.jsonl"))
    place = PARAGRAPHS.get(language, f"xquad/xquad.{language}.json")
    paragraphs = pool(list(read_paragraphs(data / place, language)), asked)
    with indexed(paragraphs, encoder) as index:
        search = retriever(index, encoder)

        def find(query: Query) -> list[str]:
            hits = search.retrieve(query, k=DEEP)
            return documents([hit.id for hit in hits if isinstance(hit.item, Passage)])

        return {name: results(asked, way, find) for name, way in ways.items()}


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder of all sets")
    parser.add_argument("--language", nargs="*", help="only these")
    parser.add_argument("--rewriter", nargs="+", default=list(STANDARD))
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    arguments = parser.parse_args()
    ways = {name: way_of(name) for name in dict.fromkeys(["last", *arguments.rewriter])}
    encoder = KeptVectors(load_encoder("embedded:e5-small", config=load_config()), arguments.cache)
    total: dict[str, list[Result]] = {name: [] for name in ways}
    for language in arguments.language or sorted(path.stem for path in FOLDER.glob("*.jsonl")):
        kept = measured(arguments.data, language, ways, encoder)
        report(language, kept)
        for name, rows in kept.items():
            total[name] += rows
    report("all", total)


if __name__ == "__main__":
    main()
