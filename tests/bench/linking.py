"""How well names in questions are linked, and how fast.

    python -m tests.bench.linking marked [dev|test] [--show]   hand-marked questions, ten languages
    python -m tests.bench.linking fit                          fit the weights on the dev rows
    python -m tests.bench.linking speed ALIASES GRAPH...       time and memory with made-up names

Accuracy is of marked names: the link at that place is to the right thing, and for a name of nothing
in the graph (NIL) that there is no link to a thing. Precision and recall are of links to things;
NIL precision and recall of names said to be nobody's. Intervals are 95 %, bootstrapped over rows.
The baselines take the best-known thing of the longest name as written ("exact"), or, of all names,
the one that is most like each stretch of up to four words ("fuzzy", rapidfuzz, ratio over 85).
"encoding" is the linker with an encoder, which compares namesakes that nothing else tells apart.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process

from convrag.config import load_config
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.name_table import NameTable
from convrag.graph.phrases import PhraseIndex, longest
from convrag.graph.rdf import read_graph
from convrag.graph.relations import RelationMatcher
from convrag.models.registry import load_encoder
from convrag.packs import find_pack
from convrag.text.normalize import match_key
from convrag.text.segment import overlap, words
from convrag.types import Focus, Link, Mention, Span

MARKED = Path(__file__).parent.parent / "data" / "linking"
_SAMPLES = 1000
_FUZZY = 85.0
_MOST_WORDS = 4
_MOST_CHARACTERS = 7

System = Callable[[str, str, Sequence[Focus]], Sequence[Link]]


@dataclass(frozen=True, slots=True)
class Gold:
    """A marked name: where it stands, what it means (None for nothing), and what is hard in it."""

    span: Span
    entity: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """A question with its marked names, after the turns before it."""

    id: str
    group: str
    language: str
    text: str
    context: tuple[str, ...]
    gold: tuple[Gold, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What one system made of one row."""

    row: Row
    links: tuple[Link, ...]

    def right(self, gold: Gold) -> bool:
        """Whether the marked name was linked to its thing, or to nothing if it is nobody's."""
        over = [k for k in self.links if overlap(k.mention.span, gold.span) and k.entity_id]
        return any(k.entity_id == gold.entity for k in over) if gold.entity else not over

    def counts(self) -> dict[str, int]:
        """Return what adds up to the metrics."""
        row = self.row
        said = [k for k in self.links if k.entity_id]
        nobodys = [k for k in self.links if k.entity_id is None]
        nil = [g for g in row.gold if g.entity is None]
        some = [g for g in row.gold if g.entity is not None]

        def meets(link: Link, gold: Gold) -> bool:
            return overlap(link.mention.span, gold.span) and link.entity_id == gold.entity

        return {
            "names": len(row.gold),
            "right": sum(self.right(g) for g in row.gold),
            "things": len(some),
            "found": sum(any(meets(k, g) for k in said) for g in some),
            "links": len(said),
            "true": sum(any(meets(k, g) for g in some) for k in said),
            "nils": len(nil),
            "nils_said": len(nobodys),
            "nils_true": sum(any(meets(k, g) for g in nil) for k in nobodys),
            "nils_found": sum(any(meets(k, g) for k in nobodys) for g in nil),
            "empty": int(not row.gold),
            "empty_linked": int(not row.gold and bool(said)),
        }


def measured(results: Sequence[Result], seed: int = 7) -> dict[str, tuple[float, float, float]]:
    """Return each metric with its 95 % interval."""
    counts = [r.counts() for r in results]
    chance = random.Random(seed)
    drawn = [metrics(chance.choices(counts, k=len(counts))) for _ in range(_SAMPLES)]
    found = {}
    for name, value in metrics(counts).items():
        values = sorted(d[name] for d in drawn)
        found[name] = (value, values[int(0.025 * _SAMPLES)], values[int(0.975 * _SAMPLES)])
    return found


def metrics(counts: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """Return the metrics of what adds up to them."""
    total: dict[str, int] = defaultdict(int)
    for row in counts:
        for name, count in row.items():
            total[name] += count

    def share(part: str, whole: str) -> float:
        return total[part] / total[whole] if total[whole] else float("nan")

    precision, recall = share("true", "links"), share("found", "things")
    return {
        "accuracy": share("right", "names"),
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "NIL precision": share("nils_true", "nils_said"),
        "NIL recall": share("nils_found", "nils"),
        "false links": share("empty_linked", "empty"),
    }


def marked_rows(part: str) -> list[Row]:
    """Return the hand-marked rows; the prefixes ``w:`` and ``h:`` are those of the packs."""
    rows = []
    for line in (MARKED / f"{part}.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        prefixes = graph_of(item["pack"])[1]
        gold = []
        for mention in item["mentions"]:
            start = mention.get("start", item["text"].find(mention["text"]))
            entity = mention["entity"]
            if entity is not None:
                prefix, _, name = entity.partition(":")
                entity = prefixes[prefix] + name
            gold.append(Gold((start, start + len(mention["text"])), entity, mention["kind"]))
        context = tuple(item.get("context", ()))
        language, pack = item["language"], item["pack"]
        rows.append(Row(item["id"], pack, language, item["text"], context, tuple(gold)))
    return rows


@cache
def graph_of(pack: str) -> tuple[KnowledgeGraph, Mapping[str, str]]:
    """Return a pack's graph and its prefixes."""
    read = read_graph(find_pack(pack).graph, source=pack)
    return KnowledgeGraph(read.triples), read.prefixes


def run(system: System, rows: Iterable[Row]) -> list[Result]:
    """Return what the system makes of each row, after what it made of the turns before."""
    return [
        Result(row, tuple(system(row.text, row.language, focus_after(system, row)))) for row in rows
    ]


def focus_after(system: System, row: Row) -> list[Focus]:
    """Return what the turns before the row are about, as the system links them."""
    focus: dict[str, float] = {}
    for turn in row.context:
        focus = {e: s * 0.6 for e, s in focus.items()}
        found = system(turn, row.language, _focused(focus))
        focus |= {k.entity_id: 0.85 for k in found if k.entity_id}
    return _focused(focus)


def _focused(salience: Mapping[str, float]) -> list[Focus]:
    ordered = sorted(salience.items(), key=lambda item: (-item[1], item[0]))
    return [Focus(entity, "", value) for entity, value in ordered]


def convrag(graph: KnowledgeGraph, names: NameTable | None = None) -> System:
    """Return the linker as a turn calls it."""
    return convrag_of(DictionaryLinker(graph, names), RelationMatcher(graph))


def convrag_encoding(graph: KnowledgeGraph) -> System:
    """Return the linker that compares namesakes by the encoder as well."""
    encoder = load_encoder("embedded:e5-small", config=load_config())
    return convrag_of(DictionaryLinker(graph, None, encoder), RelationMatcher(graph))


def convrag_of(linker: DictionaryLinker, matcher: RelationMatcher) -> System:
    """Return the linker with what a question asks about."""

    def link(text: str, language: str, focus: Sequence[Focus]) -> Sequence[Link]:
        relations = matcher.match(text, language=language)
        return linker.link(text, language=language, focus=focus, relations=relations)

    return link


def exact(graph: KnowledgeGraph) -> System:
    """Return the baseline of names as written."""
    index = PhraseIndex(_names(graph))

    def link(text: str, language: str, focus: Sequence[Focus]) -> Sequence[Link]:
        del language, focus
        links = []
        for group in longest(index.find(text)):
            best = max({m.phrase.target for m in group}, key=lambda e: (graph.degree(e), e))
            start, end = group[0].span
            links.append(Link(Mention(text[start:end], (start, end)), best, 1.0))
        return links

    return link


def fuzzy(graph: KnowledgeGraph) -> System:
    """Return the baseline of the most alike name."""
    targets: dict[str, str] = {}
    for name, _, target, _ in _names(graph):
        key = match_key(name)
        if key and graph.degree(target) >= graph.degree(targets.get(key, "")):
            targets[key] = target
    keys = list(targets)

    def link(text: str, language: str, focus: Sequence[Focus]) -> Sequence[Link]:
        del focus
        found = []
        for start, end in _stretches(text, language):
            key = match_key(text[start:end])
            best = process.extractOne(key, keys, scorer=fuzz.ratio, score_cutoff=_FUZZY)
            if best is not None:
                found.append((best[1], (start, end), targets[best[0]]))
        links: list[Link] = []
        for score, (start, end), target in sorted(found, key=lambda f: (-f[0], f[1][0] - f[1][1])):
            if not any(overlap(k.mention.span, (start, end)) for k in links):
                links.append(Link(Mention(text[start:end], (start, end)), target, score / 100))
        return links

    return link


def _stretches(text: str, language: str) -> list[Span]:
    units = words(text, language)
    found = []
    for first, (start, one) in enumerate(units):
        single = one - start == 1 and not text[start].isascii()
        most = _MOST_CHARACTERS if single else _MOST_WORDS
        found += [(start, end) for _, end in units[first : first + most] if end - start > 1]
    return found


def _names(graph: KnowledgeGraph) -> list[tuple[str, str, str, bool]]:
    return [
        (name, language, entity.id, label)
        for entity in graph.entities.values()
        for language, names, label in (
            *((k, (v,), True) for k, v in entity.labels.items()),
            *((k, v, False) for k, v in entity.aliases.items()),
        )
        for name in names
    ]


def report(name: str, results: Sequence[Result], *, by: bool = True) -> None:
    """Print the system's metrics, over everything, by language and by kind of name."""
    found = measured(results)
    cells = [f"{k} {v:.3f} [{low:.3f} {high:.3f}]" for k, (v, low, high) in found.items()]
    print(f"{name}: {len(results)} rows\n  " + "\n  ".join(cells))
    if not by:
        return
    for language in sorted({r.row.language for r in results}):
        some = metrics([r.counts() for r in results if r.row.language == language])
        print(f"  {language} " + " ".join(f"{k} {v:.2f}" for k, v in some.items()))
    kinds: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        for gold in result.row.gold:
            kinds[gold.kind].append(result.right(gold))
    parts = (f"{kind} {sum(v) / len(v):.2f} ({len(v)})" for kind, v in sorted(kinds.items()))
    print("  " + ", ".join(parts))


def marked(part: str, *, show: bool, systems: Sequence[str]) -> None:
    """Measure the systems on the hand-marked rows."""
    rows = marked_rows(part)
    made: Mapping[str, Callable[[KnowledgeGraph], System]] = {
        "convrag": convrag,
        "encoding": convrag_encoding,
        "exact": exact,
        "fuzzy": fuzzy,
    }
    for name in systems:
        results: list[Result] = []
        for pack in sorted({row.group for row in rows}):
            results += run(made[name](graph_of(pack)[0]), [r for r in rows if r.group == pack])
        report(name, results)
        for result in results if show and name in ("convrag", "encoding") else ():
            _show(result)


def _show(result: Result) -> None:
    wrong = [g for g in result.row.gold if not result.right(g)]
    counts = result.counts()
    if wrong or counts["links"] > counts["true"] or counts["nils_said"] > counts["nils_true"]:
        row = result.row
        said = [(k.mention.text, _tail(k.entity_id), k.score) for k in result.links]
        meant = [(row.text[g.span[0] : g.span[1]], _tail(g.entity), g.kind) for g in row.gold]
        print(f"{row.id} {row.text} {' | '.join(row.context)}\n   said {said}\n   gold {meant}")


def _tail(entity: str | None) -> str:
    return (entity or "NIL").rpartition("/")[2]


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["marked"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    parser.add_argument("--systems", default="convrag,exact,fuzzy")
    arguments = parser.parse_args()
    marked(
        arguments.rest[0] if arguments.rest else "dev",
        show=arguments.show,
        systems=arguments.systems.split(","),
    )


if __name__ == "__main__":
    main()
