"""Measure the trained rewriter on what its training kept back, language by language.

    python -m tests.bench.rewriter_training ../shared/data [--weights FILE] [--rules] [--latency]

The test split of ``convrag augment --data``: follow-ups about things and in wordings that training
never saw, questions of other articles, and dialogues of CANARD, GECOR, KdConv and CrossWOZ that are
in no other split.

"entity": turns that lean on their history and got the thing that they refer to, with the 95 %
bootstrap interval (seed 0), how many there are, and those of them that are the second turn of their
dialogue; where the corpora do not say what a turn needs, the share of the terms it lacks. "topic":
of turns that ask the last question of another thing ("And Oslo?") the share of what was asked.
"opened" of the turns that lean were changed at all, and "then" is what those got: the gate and the
choice of words, one by one. "same": standalone turns that stayed as they are, to the letter;
"restated" are the corpora's turns in full where they were asked, "foreign" after another dialogue,
"talk" questions about who answers.
"lang": rewritten turns that are still in the turn's language. "prec": changed turns that lean.
"last" and "all" say how many get what they need from the turn alone, and from the whole history put
before it, which leaves no standalone turn as it is; "rules" from the rules over the world pack's
graph.

``--latency``: milliseconds of a rewrite, models loaded, on a quiet machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convrag.config import load_config
from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.dialogue.trained import WEIGHTS, TrainedRewriter, load_parts
from convrag.evaluation.statistics.resampling import Part, estimate
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_rdf
from convrag.graph.relations import RelationMatcher
from convrag.models.catalog import E5_SMALL
from convrag.models.installed import verified_path
from convrag.packs import find_pack
from convrag.text.language import LanguageIdentifier
from convrag.training.contrasts import FOREIGN, RESTATED, TALK
from convrag.training.corpus import standard_corpus
from convrag.training.examples import ELLIPSIS, Example, read_examples
from convrag.training.fitting import recovered
from convrag.training.wording import languages
from convrag.types import Dialogue, DialogueState, Query, Role, Turn

SEED = 13
ALONE = frozenset({"standalone", "chat"})
READING = frozenset({"jaquad", "cmrc", "drcd", "piaf", "arcd", "faquad", "iapp"})
Way = Callable[[Example], str]


@dataclass(frozen=True, slots=True)
class Written:
    """An example and the texts that stand for its turn."""

    example: Example
    trained: str
    rules: str | None


def dialogue_of(example: Example) -> Dialogue:
    """Return the history as a dialogue."""
    turns = tuple(
        Turn(str(place), said.role, said.text) for place, said in enumerate(example.history)
    )
    return Dialogue(example.id, turns, DialogueState(language=example.language))


def trained_way(rewriter: TrainedRewriter) -> Way:
    """Return the trained rewriter's text for an example."""

    def way(example: Example) -> str:
        turn = Turn("turn", Role.USER, example.turn, example.language)
        return rewriter.rewrite(turn, dialogue_of(example)).text

    return way


def rules_way() -> Way:
    """Return the text of the rules over the world pack's graph, which follow what is in focus."""
    graph = KnowledgeGraph(read_rdf(find_pack("world").graph, source="world"))
    linker, matcher = DictionaryLinker(graph), RelationMatcher(graph)
    rules = RuleRewriter(graph, linker, matcher, lambda text, default: default)

    def linked(turn: Turn, before: Dialogue) -> Query:
        query = rules.rewrite(turn, before)
        if query.standalone:
            return query
        return replace(query, links=linker.link(query.text, language=query.language))

    def way(example: Example) -> str:
        before = Dialogue(example.id, (), DialogueState(language=example.language))
        for said in example.history:
            turn = Turn("", said.role, said.text, example.language)
            if said.role is Role.USER:
                query = linked(turn, before)
                before = replace(before, state=advance(before.state, query, Outcome(), graph))
            before = replace(before, turns=(*before.turns, turn))
        return rules.rewrite(Turn("", Role.USER, example.turn, example.language), before).text

    return way


def everything(example: Example) -> str:
    """Return the history and the turn as one text."""
    return " ".join([*(said.text for said in example.history), example.turn])


def groups(written: Sequence[Written]) -> Iterator[tuple[str, list[Written]]]:
    """Yield the examples by what they are: built ones by language, then sets by name."""
    for code in languages():
        yield (
            code,
            [w for w in written if w.example.source == "facts" and w.example.language == code],
        )
    yield "built", [w for w in written if w.example.source == "facts"]
    yield "reading", [w for w in written if w.example.source in READING]
    for name in ("canard", "gecor", "cqr", "kdconv", "crosswoz", RESTATED, FOREIGN, TALK):
        yield name, [w for w in written if w.example.source == name]
    yield "questions", [w for w in written if w.example.source in ("questions", "persona")]


def row(name: str, group: Sequence[Written], identifier: LanguageIdentifier) -> str:
    """Return one line of the table."""
    leaning = [w for w in group if w.example.kind not in (*ALONE, "restart")]
    entity = [w for w in leaning if w.example.kind != ELLIPSIS]
    topic = [w for w in leaning if w.example.kind == ELLIPSIS]
    opened = [w for w in leaning if w.trained != w.example.turn]
    alone = [w for w in group if w.example.kind in ALONE]
    first = [w for w in entity if sum(s.role is Role.USER for s in w.example.history) == 1]
    changed = [w for w in group if w.trained != w.example.turn and w.example.kind != "restart"]
    right = sum(w.example.kind not in ALONE for w in changed)
    kept = [
        identifier.identify(w.trained, default=w.example.language) == w.example.language
        or identifier.identify(w.example.turn, default=w.example.language) != w.example.language
        for w in changed
    ]

    def share(of: Sequence[Written], text: Callable[[Written], str]) -> str:
        parts: list[Part] = [(w.example.id, recovered(w.example, text(w)), 1.0) for w in of]
        found = estimate(parts, seed=0)
        return f"{found.value:.3f} [{found.low:.3f} {found.high:.3f}]" if parts else "-"

    def mean(values: Sequence[bool]) -> str:
        return f"{np.mean(values):.3f}" if values else "-"

    rules = "-"
    if leaning and leaning[0].rules is not None:
        rules = share(leaning, lambda w: w.rules or "")[:5]
    columns = [
        f"{name:10}",
        f"{len(entity):4}",
        f"{share(entity, lambda w: w.trained):20}",
        f"{share(first, lambda w: w.trained)[:5]:5}",
        f"{len(topic):4}",
        f"{share(topic, lambda w: w.trained)[:5]:5}",
        f"{len(opened) / len(leaning):.3f} " if leaning else "-     ",
        f"{share(opened, lambda w: w.trained)[:5]:5}",
        f"{len(alone):4}",
        f"{mean([w.trained == w.example.turn for w in alone]):5}",
        f"{mean(kept):5}",
        f"{right / len(changed):.3f}" if changed else "-    ",
        f"{share(leaning, lambda w: w.example.turn)[:5]:5}",
        f"{share(leaning, lambda w: everything(w.example))[:5]:5}",
        rules,
    ]
    return "  ".join(columns)


def latency(way: Way, examples: Sequence[Example]) -> None:
    """Print the milliseconds of a rewrite, by the clock and of the processor."""
    wall, busy = [], []
    for example in examples:
        start, used = time.perf_counter(), time.process_time()
        way(example)
        wall.append(1000 * (time.perf_counter() - start))
        busy.append(1000 * (time.process_time() - used))
    for name, times in (("by the clock", wall), ("of the processor", busy)):
        p50, p95 = np.quantile(times, (0.5, 0.95))
        print(f"{len(times)} turns, ms {name}: p50 {p50:.1f}, p95 {p95:.1f}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--examples", type=Path, help="what 'convrag augment --data' wrote")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--rules", action="store_true")
    parser.add_argument("--latency", action="store_true")
    options = parser.parse_args()
    graph = find_pack("world").graph
    examples = (
        list(read_examples(options.examples))
        if options.examples
        else standard_corpus(options.data, [graph], SEED, 1.0)
    )
    packed = verified_path(E5_SMALL, E5_SMALL.files[0], load_config().model_cache)
    rewriter = TrainedRewriter(lambda: load_parts(packed, options.weights))
    trained = trained_way(rewriter)
    test = [e for e in examples if e.split == "test" and e.history]
    trained(test[0])
    if options.latency:
        latency(trained, [e for e in test if e.source in ("facts", "canard")][:400])
        return
    rules = rules_way() if options.rules else None
    named = rules and {*find_pack("world").languages}
    written = [
        Written(e, trained(e), rules(e) if rules and named and e.language in named else None)
        for e in test
    ]
    identifier = LanguageIdentifier(languages())
    print(
        "group         n   entity                first     n  topic  opened  then      n  same   "
        "lang   prec   last   all    rules"
    )
    for name, group in groups(written):
        if group:
            print(row(name, group, identifier), flush=True)


if __name__ == "__main__":
    main()
