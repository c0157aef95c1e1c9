"""Turns that need no history though there is one: what a rewriter must learn to leave alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from convrag.training.examples import Example
from convrag.training.wording import wording

RESTATED, FOREIGN, TALK = "restated", "foreign", "talk"
"""Sources: a turn in full where it was asked, one after somebody else's dialogue, and a question
about who answers instead of the turn."""
_NO_QUESTIONS = frozenset({"chat", "restart", "disfluent", "more"})
_SHARES = {"facts": 0.04, "cast": 1.0, "ikat": 1.0}
"""Share of a source's turns that are restated; half as many are moved. Built dialogues have such
turns of their own, and two of the corpora are small."""
_TALK = {"facts": 0.05, "canard": 0.04, "ikat": 0.04}
"""Share of a source's turns that are followed by a question about who answers."""
_SHARE = 0.4
"""The same for every other source."""


def contrasts(examples: Sequence[Example], rng: random.Random) -> Iterator[Example]:
    """Yield turns in full after the history of the short ones, and after a foreign one; and talk.

    The first two differ from a turn that leans on its history in nothing but how much they say.

    Args:
        examples: What they are made from; each stays in its split and language.
        rng: Gives the seed; what is made of an example depends on no other one's choices.
    """
    pools: dict[tuple[str, str], list[Example]] = {}
    for one in examples:
        if one.history:
            pools.setdefault((one.language, one.split), []).append(one)
    seed = rng.random()
    for one in examples:
        rng = random.Random(f"{TALK} {seed} {one.id}")  # noqa: S311
        if one.history and rng.random() < _TALK.get(one.source, 0.0):
            turn = rng.choice(wording(one.language, testing=one.split == "test").talk)
            asked = replace(one, turn=turn, rewrite=turn, kind="chat", needs=())
            yield replace(asked, id=f"{one.id}-{TALK}", source=TALK)
        if one.kind in _NO_QUESTIONS:
            continue
        rng = random.Random(f"{seed} {one.id}")  # noqa: S311 - reproducible, not secret
        share = _SHARES.get(one.source, _SHARE)
        full = replace(one, turn=one.rewrite, kind="standalone", needs=())
        if one.kind != "standalone" and one.history and rng.random() < share:
            yield replace(full, id=f"{one.id}-{RESTATED}", source=RESTATED)
        if rng.random() < share / 2:
            other = rng.choice(pools.get((one.language, one.split), [one]))
            if other.history and other.history[0] not in one.history:
                yield replace(full, id=f"{one.id}-{FOREIGN}", source=FOREIGN, history=other.history)
