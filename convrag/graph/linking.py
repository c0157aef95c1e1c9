"""Entity linking by dictionary: the longest known name wins, context picks among namesakes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz, process

from convrag.graph.model import KnowledgeGraph
from convrag.graph.phrases import PhraseIndex, PhraseMatch, longest, mask, stems
from convrag.text.function_words import stop_keys
from convrag.text.normalize import match_key
from convrag.types import Focus, Link, Mention, Span

_SCORES = {
    (True, True): 1.0,  # a label as written
    (True, False): 0.95,  # an alias as written
    (False, True): 0.9,  # an inflected label
    (False, False): 0.85,
}
_OTHER_LANGUAGE = 0.9
_TOGETHER = 0.9
"""What a connection to another name of the text counts: more than all the dialogue's focus."""
_COHERENCE = 0.3
_POPULARITY = 0.05
_FUZZY_CUTOFF = 86.0
_FUZZY_SHORTEST = 5
_ALTERNATIVES = 8


class DictionaryLinker:
    """Links names of the graph's entities in every language and script the graph has."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._names = PhraseIndex(_names(graph))
        self._by_first: dict[str, list[str]] = {}
        for key in self._names.keys:
            if len(key) > _FUZZY_SHORTEST - 2:
                self._by_first.setdefault(key[0], []).append(key)
        self._top_degree = max((graph.degree(e) for e in graph.entities), default=0) or 1

    def link(
        self,
        text: str,
        *,
        language: str,
        focus: Sequence[Focus] = (),
        ignored: Sequence[Span] = (),
        fuzzy: bool = True,
    ) -> tuple[Link, ...]:
        """Return the links in order of their mentions, without overlap.

        Args:
            text: The text to link.
            language: Its language, for inflected forms and as a preference among names.
            focus: What the dialogue is about; namesakes close to it are preferred.
            ignored: Spans in which no approximate name is looked for (words with a known use).
            fuzzy: Whether a text without any exact name may match misspelt ones.
        """
        found = self._names.find(text, language=language)
        groups = longest(m for m in found if _may_be_name(m, text, language))
        candidates = [self._candidates(group, language) for group in groups]
        mentions = [group[0].span for group in groups]
        if not mentions and fuzzy:
            mentions, candidates = self._approximate(mask(text, ignored), language)
        chosen = self._disambiguate(candidates, focus)
        return tuple(
            Link(Mention(text[a:b], (a, b)), ranked[0][0], round(ranked[0][1], 4), ranked[1:])
            for (a, b), ranked in zip(mentions, chosen, strict=True)
        )

    def nested(self, text: str, *, language: str) -> tuple[Link, ...]:
        """Return every name in the text, also those inside longer ones, in reading order."""
        return tuple(
            Link(
                Mention(text[m.span[0] : m.span[1]], m.span),
                m.phrase.target,
                _SCORES[m.exact, m.phrase.preferred],
            )
            for m in self._names.find(text, language=language)
            if _may_be_name(m, text, language)
        )

    def _candidates(self, group: Sequence[PhraseMatch], language: str) -> dict[str, float]:
        scores: dict[str, float] = {}
        for match in group:
            score = _SCORES[match.exact, match.phrase.preferred]
            if match.phrase.language not in (language, ""):
                score *= _OTHER_LANGUAGE
            scores[match.phrase.target] = max(score, scores.get(match.phrase.target, 0.0))
        return scores

    def _approximate(self, text: str, language: str) -> tuple[list[Span], list[dict[str, float]]]:
        """Link misspelt words: at most one name per word, long words only, first letter right."""
        mentions: list[Span] = []
        candidates: list[dict[str, float]] = []
        for _, (start, end) in stems(text, language):
            word = match_key(text[start:end])
            if len(word) < _FUZZY_SHORTEST or word in stop_keys(language):
                continue
            hits = process.extract(
                word,
                self._by_first.get(word[0], ()),
                scorer=fuzz.ratio,
                score_cutoff=_FUZZY_CUTOFF,
                limit=3,
            )
            scores = {
                phrase.target: score / 100 * _SCORES[False, phrase.preferred]
                for key, score, _ in reversed(hits)
                for phrase in self._names.phrases(key)
                if phrase.language in (language, "") and _digits(key) == _digits(word)
            }
            if scores:
                mentions.append((start, end))
                candidates.append(scores)
        return mentions, candidates

    def _disambiguate(
        self, candidates: Sequence[dict[str, float]], focus: Sequence[Focus]
    ) -> list[tuple[tuple[str, float], ...]]:
        """Rank each mention's candidates by name, popularity and what else is talked about."""
        salience = {f.entity_id: f.salience for f in focus}
        ranked: list[tuple[tuple[str, float], ...]] = []
        for place, scores in enumerate(candidates):
            total = {entity: s + self._popularity(entity) for entity, s in scores.items()}
            if len(scores) > 1:
                others = {e for i, found in enumerate(candidates) if i != place for e in found}
                for entity in total:
                    total[entity] += self._coherence(entity, others, salience)
            best = sorted(total.items(), key=lambda item: (-item[1], item[0]))[:_ALTERNATIVES]
            ranked.append(tuple((entity, round(min(s, 2.5), 4)) for entity, s in best))
        return ranked

    def _popularity(self, entity: str) -> float:
        return _POPULARITY * math.log1p(self._graph.degree(entity)) / math.log1p(self._top_degree)

    def _coherence(self, entity: str, others: set[str], salience: dict[str, float]) -> float:
        near = self._graph.neighbours(entity)
        score = _TOGETHER if near & others else 0.0
        score += _COHERENCE * salience.get(entity, 0.0)
        return score + _COHERENCE * max((salience[e] for e in near if e in salience), default=0.0)


def _may_be_name(match: PhraseMatch, text: str, language: str) -> bool:
    """Whether the match is not rather a function word ("oder" and the Oder, "para" and Pará).

    Such a word is a name when it is written like one: in capitals, or capitalised inside the text.
    """
    start, end = match.span
    word = text[start:end]
    if match_key(word) not in stop_keys(language):
        return True
    if not match.exact:
        return False
    if word.lower() == word.upper() or (word.isupper() and len(word) > 1):
        return True
    inside = any(c.isalnum() for c in text[:start])
    return inside and word[0].isupper()


def _digits(text: str) -> str:
    """Return the digits in ``text``: a model number off by one digit is another model."""
    return "".join(c for c in text if c.isdigit())


def _names(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str, bool]]:
    for entity in graph.entities.values():
        for language, label in entity.labels.items():
            yield label, language, entity.id, True
        for language, aliases in entity.aliases.items():
            for alias in aliases:
                yield alias, language, entity.id, False
