"""Words that several names share: "Korea" is no country's name, but a part of two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from os.path import commonprefix

from convrag.dialogue.seen import FIRM
from convrag.graph.known_words import is_mostly_small
from convrag.graph.model import KnowledgeGraph
from convrag.graph.name_table import names_of
from convrag.graph.phrases import PhraseIndex, longest
from convrag.graph.relations import RelationMatch
from convrag.text.function_words import stop_keys
from convrag.text.normalize import match_key
from convrag.text.scripts import UNSPACED, script_of
from convrag.text.segment import overlap, words
from convrag.types import Link, Mention, Span

_SAMPLE = 20_000
"""Entities whose names are read."""
MOST = 9
"""Names that may share a word for it to be asked which one is meant."""
_SHORTEST = 3
_SHORTEST_UNSPACED = 2
_SHORTEST_COMPOUND = 5


class NameParts:
    """Finds words that are a part of several labels of one kind of things."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._of = lru_cache(maxsize=4)(self._read)

    def find(self, text: str, language: str) -> tuple[tuple[Span, tuple[str, ...]], ...]:
        """Return where such words stand, each with the entities in whose names they are, sorted.

        A word that is mostly no name counts only with a capital.
        """
        index, entities = self._of(language)
        found = []
        for group in longest(index.find(text, language=language)):
            start, end = group[0].span
            word = text[start:end]
            if (word[:1].islower() and is_mostly_small(word)) or _cut_out(text, start, end):
                continue
            shared = {e for match in group for e in entities[match.phrase.target]}
            found.append(((start, end), tuple(sorted(shared))))
        return tuple(found)

    def shared(
        self,
        text: str,
        language: str,
        links: Sequence[Link],
        relations: Sequence[RelationMatch],
        asked: set[str],
    ) -> list[tuple[Span, tuple[str, ...]]]:
        """Return where the text has words that names of one kind share, with what has the names.

        What the text names beside such a word decides between them.
        """
        found = []
        for span, near in self.find(text, language):
            if any(overlap(span, r.span) for r in relations):
                continue
            at = [k for k in links if overlap(span, k.mention.span)]
            if any(k.mention.span != span and k.score >= FIRM for k in at):
                continue
            if any(self._is_labelled(k, language) for k in at):
                continue
            if any(
                k.entity_id not in near and self.is_called(k.entity_id or "", k.mention) for k in at
            ):
                continue
            beside = {k.entity_id for k in links if k not in at}
            near = tuple(e for e in near if not asked or asked & self._graph.properties_of(e))
            alike = self._alike([e for e in near if beside & self._graph.neighbours(e)] or near)
            if 0 < len(alike) <= MOST:
                found.append((span, alike))
        return found

    def _is_labelled(self, link: Link, language: str) -> bool:
        """Whether the words are all of the entity's own name in the language."""
        label = self._graph.label(link.entity_id, language) if link.entity_id else ""
        return bool(label) and match_key(label) == match_key(link.mention.text)

    def is_called(self, entity_id: str, mention: Mention) -> bool:
        """Return whether the mention is a whole name of the entity."""
        known = entity_id in self._graph.entities
        names = (name for name, _, _ in names_of(self._graph, entity_id)) if known else ()
        return match_key(mention.text) in {match_key(name) for name in names}

    def _alike(self, near: Sequence[str]) -> tuple[str, ...]:
        """Return the entities of the kind that most of them are of."""
        kinds = [kind for e in near for kind in self._graph.kinds_of(e)]
        most = max(kinds, key=lambda kind: (kinds.count(kind), kind), default="")
        return tuple(e for e in near if most in self._graph.kinds_of(e))

    def _read(self, language: str) -> tuple[PhraseIndex, dict[str, tuple[str, ...]]]:
        sharing: dict[str, set[str]] = defaultdict(set)
        labels: dict[str, set[str]] = defaultdict(set)
        for entity_id in islice(self._graph.entities, _SAMPLE):
            label = self._graph.entities[entity_id].labels.get(language)
            if label:
                labels[label].add(entity_id)
        for label, named in labels.items():
            for part in _parts(label, language):
                sharing[match_key(part)] |= named
        for part, label in _common_ends(list(labels)):
            sharing[match_key(part)] |= labels[label]
        whole = {match_key(label) for label in labels}
        several = {
            key: tuple(sorted(named))
            for key, named in sharing.items()
            if len(named) > 1 and key not in whole
        }
        return PhraseIndex((key, language, key, False) for key in several), several


def _cut_out(text: str, start: int, end: int) -> bool:
    """Whether it is cut out of a longer word in katakana, which no name is a part of."""
    edges = (text[start - 1 : start] + text[start], text[end - 1] + text[end : end + 1])
    return any(
        len(edge) == 2 and all(script_of(c) == "katakana" or c in "ー・" for c in edge)
        for edge in edges
    )


def _parts(label: str, language: str) -> Iterator[str]:
    """Yield the words of a label of several words that are no function words."""
    spans = words(label, language)
    if any(script_of(c) in UNSPACED for c in label) or len(spans) < 2:
        return
    for start, end in spans:
        part = label[start:end]
        long = end - start >= _SHORTEST and not any(c.isdecimal() for c in part)
        if long and match_key(part) not in stop_keys(language):
            yield part


def _common_ends(labels: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what names of one word begin or end with alike, with each of the names."""
    single = [n for n in labels if n and not any(c.isspace() for c in n)]
    for turned in (False, True):
        ordered = sorted(n[::-1] if turned else n for n in single)
        for one, other in pairwise(ordered):
            part = commonprefix([one, other])
            unspaced = all(script_of(c) in UNSPACED for c in part)
            least = _SHORTEST_UNSPACED if unspaced else _SHORTEST_COMPOUND
            if not least <= len(part) < min(len(one), len(other)):
                continue
            for size in (len(part),) if unspaced else range(least, len(part) + 1):
                for name in (one, other):
                    yield (part[:size][::-1], name[::-1]) if turned else (part[:size], name)
