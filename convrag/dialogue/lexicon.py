"""The words by which a turn leans on the dialogue, found in text."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from unicodedata import category

from convrag.graph.phrases import PhraseIndex, PhraseMatch, longest, mask
from convrag.text.normalize import match_key
from convrag.types import Span

SMALLTALK = ("greeting", "thanks", "farewell", "assent")
_WEIGHTIEST = ("farewell", "thanks", "greeting", "assent")
_LONGEST_SMALLTALK = 100
"""Characters up to which a text is looked through for nothing but small talk."""
ITEMS = ("first", "second", "third", "fourth", "last", "other")
_CLOSINGS = ("呢", "は", "だとどう", "ならどう", "だと")
_REFERRING = ("events", "pronouns", "possessives", "places", "demonstratives", "inert")
_OPENINGS = ("continuations", "corrections", "rejections", "apologies")
_SPOKEN = ("both", "fillers", "restarts", "outside")
_ASIDE = (
    "leading",
    "beside",
    "asking",
    "plurals",
    "namesake",
    "defining",
    "speaker",
    "subjectless",
    "with",
    "tags",
    "doubts",
    "naming",
    "returning",
    "twos",
)


@dataclass(frozen=True, slots=True)
class Cue:
    """A referring word at ``span``; a word may be of several ``kinds``."""

    span: Span
    kinds: frozenset[str]


class Lexicon:
    """One language's referring words, openings and small talk."""

    def __init__(self, entries: Mapping[str, tuple[str, ...]], language: str) -> None:
        self.language = language
        self._entries = entries
        self._referring = _index(entries, _REFERRING, language)
        self._openings = _index(entries, ("continuations", "corrections"), language)
        self._indefinite = _index(entries, ("indefinite",), language)
        self._spoken = _index(
            entries,
            (*ITEMS, "both", "fillers", "restarts", *_OPENINGS, "outside", *_ASIDE),
            language,
        )
        # One turn is looked through for several kinds, one after the other.
        self._found = lru_cache(maxsize=16)(self._spoken.find)
        self._courteous = _index(entries, (*SMALLTALK, "leading", "fillers"), language)
        self._courtesies = _index(entries, ("thanks", "farewell"), language)
        self._smalltalk = {
            _bare(phrase): kind for kind in SMALLTALK for phrase in entries.get(kind, ())
        }

    def smalltalk(self, text: str) -> str:
        """Return which kind of small talk the whole text is, or an empty string.

        Several phrases in a row are of the kind that asks most for a reply: "ok, thanks, bye".
        """
        whole = self._smalltalk.get(_bare(text), "")
        if whole or len(text) > _LONGEST_SMALLTALK:
            return whole
        found = longest(self._courteous.find(text))
        if any(c.isalnum() for c in mask(text, [group[0].span for group in found])):
            return ""
        kinds = {match.phrase.target for group in found for match in group}
        return next((kind for kind in _WEIGHTIEST if kind in kinds), "")

    def is_all(self, text: str, kind: str) -> bool:
        """Return whether the text is nothing but a phrase of the kind."""
        return _bare(text) in {_bare(phrase) for phrase in self._entries.get(kind, ())}

    def courtesy(self, text: str) -> tuple[str, Span]:
        """Return ``thanks`` or ``farewell`` and where the text says it, or an empty string."""
        for group in longest(self._courtesies.find(text)):
            return group[0].phrase.target, group[0].span
        return "", (0, 0)

    def templates(self, kind: str) -> tuple[str, ...]:
        """Return the phrases of a kind as they are written, for those with a part left open."""
        return self._entries.get(kind, ())

    def spoken(self, text: str, *kinds: str) -> tuple[tuple[str, Span], ...]:
        """Return what the text has of ``kinds``, in reading order, without overlap."""
        some = [m for m in self._found(text) if m.phrase.target in kinds]
        return tuple(
            (group[0].phrase.target, group[0].span)
            for group in longest(some)
            if not self._is_polite(text, group[0])
        )

    def without(self, text: str, *kinds: str) -> str:
        """Return the text with its words of ``kinds`` blanked out."""
        return mask(text, [span for _, span in self.spoken(text, *kinds)])

    def cues(self, text: str) -> tuple[Cue, ...]:
        """Return the referring words in reading order, without overlap."""
        found: list[Cue] = []
        for group in longest(self._referring.find(text)):
            kinds = frozenset(match.phrase.target for match in group)
            if "inert" not in kinds and not self._is_polite(text, group[0]):
                found.append(Cue(group[0].span, kinds))
        return tuple(found)

    def opening(self, text: str) -> tuple[str, Span]:
        """Return ``continuations`` or ``corrections`` and the span of the opening, or ``""``.

        Chinese 呢 and Japanese は close the turn they mark; they count as openings as well.
        """
        best: tuple[str, Span] = ("", (0, 0))
        for match in self._openings.find(text):
            start, end = match.span
            leads = not any(c.isalnum() for c in text[:start])
            closes = match.phrase.key in _CLOSINGS and not any(c.isalnum() for c in text[end:])
            if (leads or closes) and end - start > best[1][1] - best[1][0]:
                best = (match.phrase.target, match.span)
        return best

    def is_general(self, text: str) -> bool:
        """Return whether the text asks about things in general ("a battery", "un filtro")."""
        return bool(self._indefinite.find(text))

    def _is_polite(self, text: str, match: PhraseMatch) -> bool:
        """Whether it is the German formal "you", which is written with a capital."""
        start, _ = match.span
        return (
            self.language == "de"
            and match.phrase.key.startswith(("sie", "ihr"))
            and text[start].isupper()
        )


@cache
def lexicon(language: str) -> Lexicon:
    """Return the lexicon of ``language``; an empty one for languages without."""
    entries: dict[str, tuple[str, ...]] = {}
    for name in ("lexicon", "turns", "asides"):
        for kind, words in _tables(name).get(language, {}).items():
            entries[kind] = (*entries.get(kind, ()), *words)
    return Lexicon(entries, language)


@cache
def _tables(name: str) -> dict[str, dict[str, list[str]]]:
    folder = resources.files("convrag.dialogue")
    return tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def _index(
    entries: Mapping[str, tuple[str, ...]], kinds: tuple[str, ...], language: str
) -> PhraseIndex:
    return PhraseIndex(
        (phrase, language, kind, False) for kind in kinds for phrase in entries.get(kind, ())
    )


def _bare(text: str) -> str:
    key = match_key(text)
    return " ".join("".join(c if category(c)[0] in "LMN" else " " for c in key).split())
