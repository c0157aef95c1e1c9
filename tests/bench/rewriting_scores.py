"""How well turns are made to stand alone: words and names brought back, and when one is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from convrag.evaluation.metrics.overlap import rouge_n
from convrag.evaluation.metrics.wording import recovered
from convrag.text.analysis import query_terms
from convrag.text.normalize import match_key
from tests.bench.rewriting_sets import LANGUAGE, Case

_NAME = re.compile(r"[A-Z0-9][\w.&'’-]*(?:\s+(?:(?:of|the|and|de)\s+)*[A-Z0-9][\w.&'’-]*)*")
_SENTENCE_END = re.compile(r"(?:^|[.?!:]['\"”]?\s+)['\"“]?$")


def names(text: str) -> set[str]:
    """Return the keys of the names in an English text: capitalised words that touch, and numbers.

    The first word of a sentence has a capital anyway and counts only inside a longer name.
    """
    found = set()
    for match in _NAME.finditer(text):
        words = match.group().rstrip(".'’-").split()
        if _SENTENCE_END.search(text[: match.start()]):
            words = words[1:]
        key = match_key(" ".join(words).removesuffix("'s").removesuffix("’s"))
        if len(key) > 1:
            found.add(key)
    return found


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like the human rewrite a rewrite is, 0..1; None where there is nothing to bring back.

    Attributes:
        recall: ROUGE-1 recall: words of the human rewrite that it has.
        f1: ROUGE-1 F1.
        needed: Content words, by stem, that the turn lacks and the human rewrite has.
        added: Of the content words that it adds to the turn, those that the human rewrite has.
        names: Names that the turn lacks and the human rewrite has, exactly.
    """

    recall: float
    f1: float
    needed: float | None
    added: float | None
    names: float | None


def likeness(rewritten: str, case: Case) -> Likeness:
    """Return how like the case's human rewrite ``rewritten`` is."""
    turn = case.turn.text
    rouge = rouge_n(rewritten, [case.human], 1)
    wanted = names(case.human)
    lacking = {name for name in wanted if not _has(turn, name)}
    extra = terms(rewritten) - terms(turn)
    return Likeness(
        rouge.recall,
        rouge.f1,
        recovered(rewritten, turn, [case.human], LANGUAGE),
        len(extra & terms(case.human)) / len(extra) if extra else None,
        sum(_has(rewritten, name) for name in lacking) / len(lacking) if lacking else None,
    )


def terms(text: str) -> set[str]:
    """Return the stems of the content words."""
    return {term for term in query_terms(text, LANGUAGE) if term[0] in "wbi"}


def needs_history(case: Case) -> bool:
    """Whether the human rewrite says more than the turn, in content words."""
    return bool(terms(case.human) - terms(case.turn.text))


@dataclass(frozen=True, slots=True)
class Gate:
    """How often turns were changed, against whether they had to be.

    Attributes:
        precision: Of the changed turns, those that needed it; NaN when none was changed.
        recall: Of the turns that needed it, those that were changed; NaN when none needed it.
        opened: Share of the turns that needed nothing and were changed; NaN when all needed it.
        count: Turns.
    """

    precision: float
    recall: float
    opened: float
    count: int


def gate(decisions: Iterable[tuple[bool, bool]]) -> Gate:
    """Return the measures of (changed, needed) pairs."""
    pairs = list(decisions)
    right = sum(changed and needed for changed, needed in pairs)
    changed = sum(changed for changed, _ in pairs)
    needed = sum(needed for _, needed in pairs)
    return Gate(
        _share(right, changed),
        _share(right, needed),
        _share(changed - right, len(pairs) - needed),
        len(pairs),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", match_key(text)) is not None
