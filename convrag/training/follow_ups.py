"""Follow-up turns built from named things: by pronoun, without any, by type, by ellipsis.

Each comes with the question it stands for, so that a rewriter can be trained and measured in
languages that have no corpus of such turns.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from convrag.text.analysis import content_words
from convrag.training.examples import ELLIPSIS, Example, Utterance, exchange, split_of
from convrag.training.things import Thing, invented
from convrag.training.wording import Fact, languages, wording

Pairs = list[tuple[str, str]]

_SHARES = {
    "reference": 30,
    "ellipsis": 14,
    "answer": 8,
    "more": 6,
    "listing": 8,
    "disfluent": 8,
    "standalone": 21,
    "chat": 5,
}
_NAME = re.compile(r"\{x\}(?:[가-힣]+|[ぁ-ん]?)")
"""A name's place with the Korean or Japanese particle that goes with it."""
_INVENTED = {"any": 0.4, "organisation": 0.3, "product": 0.4, "person": 0.1}
"""How often a name is made up, by kind; a little in every other."""
_RARELY = 0.05
_HELD = 6
"""Every how many names of the words' own are kept for development."""
_IT = ("any", "product", "organisation")
"""Kinds of things of which anything may be asked by "it"."""
_OTHER_LANGUAGE = 0.06


class FollowUps:
    """Builds examples of one language and one split.

    Args:
        things: The things with names in the language; which are used depends on the split.
        language: One of ``wording.languages()``.
        split: ``train``, ``dev`` or ``test``; the last has other things and other wordings.
        rng: Makes every choice.
    """

    def __init__(
        self, things: Sequence[Thing], language: str, split: str, rng: random.Random
    ) -> None:
        self._language = language
        self._split = split
        self._rng = rng
        self._words = wording(language, testing=split == "test")
        self._others = [code for code in languages() if code != language]
        self._by_kind: dict[str, list[Thing]] = {}
        for thing in things:
            name = thing.names.get(language)
            if name and split_of(f"{language} {name}") == split:
                self._by_kind.setdefault(thing.kind, []).append(thing)
        if not self._by_kind:
            return
        for place, (kind, name) in enumerate(self._words.names):
            if split == "test" or (place % _HELD == 0) == (split == "dev"):
                self._by_kind.setdefault(kind, []).append(Thing(kind, {language: name}))

    def build(self, count: int) -> Iterator[Example]:
        """Yield ``count`` examples; none where the split has no things of the language."""
        if not self._by_kind:
            return
        for number in range(count):
            kind = self._rng.choices(list(_SHARES), weights=list(_SHARES.values()))[0]
            example = getattr(self, f"_{kind}")(f"{self._language}-{self._split}-{number}")
            yield example

    # Choices

    def _name(self, kind: str, *, taken: Sequence[str] = ()) -> str:
        pool = self._by_kind.get(kind) or self._by_kind["organisation"]
        for _ in range(20):
            name = self._rng.choice(pool).names[self._language]
            if self._split != "test" and self._rng.random() < _INVENTED.get(kind, _RARELY):
                name = invented([thing.names[self._language] for thing in pool], self._rng)
            if name not in taken and not any(name in t or t in name for t in taken):
                return name
        return name

    def _fact(self, *, kind: str = "", but: Fact | None = None) -> Fact:
        """Return a fact; the answer to one before another is nothing that could be meant."""
        facts = [f for f in self._words.facts if not kind or f.kind == kind]
        fitting = [f for f in facts if f is not but and (but is None or f.gives != f.kind)]
        return self._rng.choice(fitting or facts)

    def _value(self, fact: Fact, x: str) -> str:
        if fact.gives != "number":
            return self._name(fact.gives, taken=[x]) if fact.gives else ""
        return str(self._rng.choice((12, 48, 350, 1890, 1912, 1987, 2005, 4200)))

    def _two_facts(self) -> tuple[str, Fact, Fact]:
        """Return a kind of thing, and two facts that a thing of it may have."""
        second = self._fact()
        kind = self._rng.choice(_IT) if second.kind == "any" else second.kind
        return kind, self._fact(kind=kind, but=second), second

    def _asked(self, fact: Fact, x: str) -> tuple[str, str]:
        """Return the question about ``x`` and its answer, in one of three lengths."""
        value = self._value(fact, x)
        full = self._words.filled(fact.answer, x, value)
        answer = self._rng.choice((full, value or full, full, ""))
        if answer == full and self._rng.random() < 0.3:
            other = self._fact(kind=fact.kind, but=fact)
            answer = f"{full} {self._words.filled(other.answer, x, self._value(other, x))}"
        return self._words.filled(fact.question, x), answer

    def _before(self, taken: Sequence[str]) -> Pairs:
        """Return none to two exchanges about other things, which are no longer meant."""
        pairs: Pairs = []
        for _ in range(self._rng.choice((0, 0, 0, 1, 1, 2))):
            fact = self._fact()
            pairs.append(self._asked(fact, self._name(fact.kind, taken=taken)))
        return pairs

    def _made(
        self, number: str, kind: str, pairs: Pairs, turn: str, rewrite: str, needs: Sequence[str]
    ) -> Example:
        history: tuple[Utterance, ...] = exchange(pairs)
        return Example(
            number, self._language, history, turn, rewrite, kind, "facts", self._split, tuple(needs)
        )

    # Kinds of turns

    def _reference(self, number: str) -> Example:
        kind, first, second = self._two_facts()
        x = self._name(kind)
        pairs = [*self._before([x]), self._asked(first, x)]
        if self._rng.random() < 0.25:  # a follow-up was asked before: its turn does not name x
            third = self._fact(kind=first.kind, but=second)
            value = self._value(third, x)
            answer = self._words.filled(third.answer, x, value)
            answer = self._rng.choice((answer, value or answer))
            pairs.append((self._rng.choice(third.follow_ups), answer))
        turn = self._rng.choice(second.follow_ups)
        rewrite = self._words.filled(second.question, x)
        if self._rng.random() < _OTHER_LANGUAGE:
            pairs = self._in_other_language(x, first) or pairs
        return self._made(number, "reference", pairs, turn, rewrite, [x])

    def _in_other_language(self, x: str, fact: Fact) -> Pairs:
        """Return a first exchange in another language, the name as it is: the speaker changes."""
        words = wording(self._rng.choice(self._others), testing=self._split == "test")
        same = [f for f in words.facts if f.kind == fact.kind]
        if not same:
            return []
        chosen = self._rng.choice(same)
        return [(words.filled(chosen.question, x), words.filled(chosen.answer, x, "1912"))]

    def _ellipsis(self, number: str) -> Example:
        fact = self._fact()
        x = self._name(fact.kind)
        other = self._name(fact.kind, taken=[x])
        pairs = [*self._before([x, other]), self._asked(fact, x)]
        turn = self._words.filled(self._rng.choice(self._words.ellipsis), other)
        rewrite = self._words.filled(fact.question, other)
        if self._rng.random() < 0.35:  # then something is asked on about the other thing
            second = self._fact(kind=fact.kind, but=fact)
            value = self._value(fact, other)
            answer = self._words.filled(fact.answer, other, value)
            pairs.append((turn, self._rng.choice((answer, value or answer))))
            turn = self._rng.choice(second.follow_ups)
            asked = self._words.filled(second.question, other)
            return self._made(number, "reference", pairs, turn, asked, [other])
        return self._made(number, ELLIPSIS, pairs, turn, rewrite, self._topic(fact))

    def _topic(self, fact: Fact) -> list[str]:
        """Return what a question asks for, in words: ``capital`` of "the capital of {x}"."""
        pattern = _NAME.sub(" ", fact.question)
        spans: list[list[int]] = []
        for start, end in content_words(pattern, self._language):
            if spans and start < spans[-1][1]:
                spans[-1][1] = end
            else:
                spans.append([start, end])
        return [pattern[start:end] for start, end in spans]

    def _answer(self, number: str) -> Example:
        """Ask on about the person or the place that was answered, which the turn says it is."""
        asked = self._rng.choice(
            [f for f in self._words.facts if f.gives in ("person", "city") and f.gives != f.kind]
        )
        on = self._fact(kind=asked.gives)
        x = self._name(asked.kind)
        value = self._name(asked.gives, taken=[x])
        answer = self._rng.choice((self._words.filled(asked.answer, x, value), value))
        pairs = [*self._before([x, value]), (self._words.filled(asked.question, x), answer)]
        turn = on.follow_ups[-1] if asked.gives == "city" else self._rng.choice(on.follow_ups)
        rewrite = self._words.filled(on.question, value)
        return self._made(number, "answer", pairs, turn, rewrite, [value])

    def _more(self, number: str) -> Example:
        fact = self._fact()
        x = self._name(fact.kind)
        pairs = [*self._before([x]), self._asked(fact, x)]
        turn = self._rng.choice(self._words.more)
        rewrite = f"{self._words.filled(fact.question, x)} {turn}"
        return self._made(number, "more", pairs, turn, rewrite, [x])

    def _listing(self, number: str) -> Example:
        kind = self._rng.choice((*_IT, "city", "person"))
        fact = self._fact(kind=kind)
        names: list[str] = []
        for _ in range(3):
            names.append(self._name(kind, taken=names))
        turn, place = self._rng.choice(self._words.picks)
        answer = self._words.filled(self._words.listing, *names)
        pairs = [*self._before(names), (self._rng.choice(self._words.more), answer)]
        rewrite = self._words.filled(fact.question, names[place])
        return self._made(number, "listing", pairs, turn, rewrite, [names[place]])

    def _disfluent(self, number: str) -> Example:
        """Hesitate or start wrongly, in a follow-up or in a turn that stands alone."""
        rng, words = self._rng, self._words
        fact = self._fact()
        x = self._name(fact.kind)
        pairs = self._before([x])
        if rng.random() < 0.5:
            other = self._fact(kind=fact.kind, but=fact)
            wrong = self._name(fact.kind, taken=[x])
            clean = words.filled(other.question, x)
            turn = words.filled(other.question, f"{wrong} {rng.choice(words.restarts)} {x}")
            return self._made(number, "restart", pairs, turn, clean, [])
        follow = self._reference(number)
        turn = f"{rng.choice(words.fillers)}, {follow.turn[:1].lower()}{follow.turn[1:]}"
        return replace(follow, kind="disfluent", turn=turn)

    def _standalone(self, number: str) -> Example:
        fact = self._fact()
        x = self._name(fact.kind)
        turn = self._words.filled(fact.question, x)
        same = self._rng.random() < 0.35  # of the same thing, which is named again
        before = self._fact(kind=fact.kind, but=fact)
        about = x if same else self._name(before.kind, taken=[x])
        pairs = [*self._before([x]), self._asked(before, about)]
        return self._made(number, "standalone", pairs, turn, turn, [])

    def _chat(self, number: str) -> Example:
        fact = self._fact()
        turn = self._rng.choice(self._words.chat)
        pairs = [self._asked(fact, self._name(fact.kind))]
        return self._made(number, "chat", pairs, turn, turn, [])
