"""Entity linking by dictionary: the longest known name wins, context picks among namesakes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from convrag.graph.known_words import is_mostly_small, is_word
from convrag.graph.linking_decision import (
    Candidate,
    Considered,
    by_score,
    decide,
    is_doubtful,
    least_score,
    within,
)
from convrag.graph.linking_hits import Hit, HitFinder
from convrag.graph.linking_meaning import Meaning
from convrag.graph.linking_unknown import NOUNS_CAPITAL, unknown_names
from convrag.graph.model import KnowledgeGraph
from convrag.graph.name_table import CAPITAL, LABEL, NameTable, names_of
from convrag.graph.relations import RelationMatch
from convrag.protocols import Encoder
from convrag.text.function_words import stop_keys
from convrag.text.normalize import match_key
from convrag.text.segment import overlap, words
from convrag.types import Focus, Link, Mention, Span

_AS_WRITTEN = {True: 1.0, False: 0.95}
_INFLECTED = {True: 0.9, False: 0.85}
_SOUND = 0.85
_OTHER_LANGUAGE = 0.9
_EFFORT = 100000
"""Entries of the name table that misspelt names of one text may cost: some milliseconds."""
_SHORT = 6
"""Characters under which a misspelt name is near many words."""
_LONG = 8
"""Characters more, from which on a name is long: few others are near it by chance."""
_BESIDE = 3
"""Characters between a name and the word for its kind: "the city of"."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the candidates of one text are looked at with."""

    text: str
    language: str
    focus: Sequence[Focus]
    ignored: Sequence[Span]
    properties: frozenset[str]
    kinds: Mapping[str, Span]
    unknown: Sequence[Span]
    """Where names stand that would be unknown but for what is found in them."""
    mixed_case: bool
    """Whether a word inside the text has a capital, so that small letters mean something."""


class DictionaryLinker:
    """Links names of the graph's entities in every language and script the graph has."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        names: NameTable | None = None,
        encoder: Encoder | None = None,
        has_word: Callable[[str, str], bool] | None = None,
    ) -> None:
        """Take the graph and, where they are at hand, its names, and who compares meanings.

        Args:
            graph: Whose entities are linked.
            names: Their names, if they are in a table already.
            encoder: With one, namesakes between which nothing else decides are compared with the
                text by what the graph says of them.
            has_word: Says whether the documents have a word, given with its language: what they
                write so is less likely a misspelt name.
        """
        self._has_word = has_word
        self._graph = graph
        self._meaning = Meaning(graph, encoder) if encoder is not None else None
        self._names = names or NameTable.of_graph(graph)
        self._finder = HitFinder(self._names)

    def link(
        self,
        text: str,
        *,
        language: str,
        focus: Sequence[Focus] = (),
        ignored: Sequence[Span] = (),
        relations: Sequence[RelationMatch] = (),
        fuzzy: bool = True,
    ) -> tuple[Link, ...]:
        """Return the links in order of their mentions, without overlap.

        Words that look like a name and are no entity's have a link to None: what is asked is then
        about something that the graph does not know, and no other entity stands in for it.

        Args:
            text: The text to link.
            language: Its language, for inflected forms and as a preference among names.
            focus: What the dialogue is about; namesakes close to it are preferred.
            ignored: Spans in which no approximate name is looked for (words with a known use).
            relations: What the text asks about; who has it is preferred. Their spans are ignored.
            fuzzy: Whether misspelt and unknown names are looked for.
        """
        considered = self.consider(
            text,
            language=language,
            focus=focus,
            ignored=ignored,
            relations=relations,
            fuzzy=fuzzy,
        )
        if fuzzy and self._meaning is not None:
            self._meaning.compare(considered)
        return decide(considered)

    def consider(
        self,
        text: str,
        *,
        language: str,
        focus: Sequence[Focus] = (),
        ignored: Sequence[Span] = (),
        relations: Sequence[RelationMatch] = (),
        fuzzy: bool = True,
    ) -> Considered:
        """Return what every place with a name may mean, for :func:`decide`; as :meth:`link`."""
        ignored = [*ignored, *(r.span for r in relations)]
        setting = self._setting(text, language, focus, ignored, relations)
        certain, doubtful = self._weighed(setting, fuzzy=fuzzy)
        return Considered(text, language, ignored, certain, doubtful, fuzzy)

    def _weighed(
        self, setting: _Setting, *, fuzzy: bool
    ) -> tuple[list[list[Candidate]], list[list[Candidate]]]:
        """Return the candidates of names as written or inflected, and of misspelt ones."""
        text, language = setting.text, setting.language
        hits = self._finder.certain(text, language)
        groups = _longest(
            h
            for h in hits
            if _may_be_name(h, text, language) and not self._is_in_phrase(h, setting)
        )
        certain = [self._candidates(group, setting) for group in groups]
        self._weigh(certain, setting, certain)
        if not fuzzy:
            return certain, []
        sure = [m for m in certain if m[0].score >= least_score()]
        taken = [m[0].hit.span for m in sure]
        by_span: dict[Span, list[Hit]] = defaultdict(list)
        for hit in self._finder.doubtful(text, language, taken, setting.ignored, _EFFORT):
            by_span[hit.span].append(hit)
        doubtful = [self._candidates(some, setting) for some in by_span.values()]
        self._weigh(doubtful, setting, sure)
        likely = [m[:1] for m in doubtful if m[0].score >= least_score()]
        if likely:  # they speak for what they are connected to, as names as written do
            self._weigh(certain, setting, [*certain, *likely])
        return certain, doubtful

    def _is_in_phrase(self, hit: Hit, setting: _Setting) -> bool:
        """Return whether a capital is missing and a longer phrase of known use explains the word.

        The "pico" of "el pico más alto" is not Pico.
        """
        small = setting.text[hit.span[0]].islower() and self._names.has(hit.row, CAPITAL)
        phrases = setting.ignored if small and setting.mixed_case else ()
        return any(within(hit.span, phrase) for phrase in phrases)

    def nested(self, text: str, *, language: str) -> tuple[Link, ...]:
        """Return every name in the text, also those inside longer ones, in reading order."""
        return tuple(
            Link(
                Mention(text[h.span[0] : h.span[1]], h.span),
                self._names.entity_id(self._names.entity(h.row)),
                self._quality(h),
            )
            for h in self._finder.certain(text, language)
            if _may_be_name(h, text, language)
        )

    def namesakes(self, entity_id: str) -> frozenset[str]:
        """Return the other entities of one of its kinds that share a name with the entity."""
        kinds = set(self._kinds(entity_id))
        if not kinds:
            return frozenset()
        keys = {match_key(name) for name, _, _ in names_of(self._graph, entity_id)}
        found = (place for key in keys if (place := self._names.keys.find(key)) is not None)
        rows = [row for place in found for row in self._names.keys.values(place)]
        others = {self._names.entity_id(self._names.entity(row)) for row in rows} - {entity_id}
        return frozenset(e for e in others if kinds & set(self._kinds(e)))

    def _setting(
        self,
        text: str,
        language: str,
        focus: Sequence[Focus],
        ignored: Sequence[Span],
        relations: Sequence[RelationMatch],
    ) -> _Setting:
        properties = frozenset(r.target for r in relations if r.target in self._graph.properties)
        kinds = {r.target: r.span for r in relations if r.target in self._graph.classes}
        inside = text.lstrip("¿¡\"'«„“( ")[1:]
        unknown = unknown_names(text, language, (), ignored)
        mixed = any(c.isupper() for c in inside)
        return _Setting(text, language, focus, ignored, properties, kinds, unknown, mixed)

    def _quality(self, hit: Hit) -> float:
        label = self._names.kind(hit.row) == LABEL
        match hit.way:
            case "exact":
                return _AS_WRITTEN[label]
            case "inflected":
                return _INFLECTED[label]
            case "misspelt":
                return _INFLECTED[label] * hit.likeness
            case "sound":
                return _SOUND * hit.likeness

    def _candidates(self, hits: Sequence[Hit], setting: _Setting) -> list[Candidate]:
        """Return the entities of one mention, each once, by its best name."""
        best: dict[int, Candidate] = {}
        for hit in hits:
            quality = self._quality(hit)
            foreign = self._names.language(hit.row) not in (setting.language, "")
            if foreign and hit.way != "sound":  # which names of other languages have anyway
                quality *= _OTHER_LANGUAGE
            number = self._names.entity(hit.row)
            if number not in best or best[number].quality < quality:
                entity_id = self._names.entity_id(number)
                beside = self._kind_beside(entity_id, hit.span, setting)
                best[number] = Candidate(entity_id, number, hit, quality, beside)
        return list(best.values())

    def _weigh(
        self,
        mentions: Sequence[list[Candidate]],
        setting: _Setting,
        sure: Sequence[list[Candidate]],
    ) -> None:
        """Give every candidate its features, and sort each mention's, the best first.

        Args:
            mentions: The candidates of each mention.
            setting: What they are looked at with.
            sure: The mentions whose things speak for those connected to them.
        """
        salience = {f.entity_id: f.salience for f in setting.focus}
        for candidates in mentions:
            others = {c.entity_id for m in sure if m is not candidates for c in m}
            for candidate in candidates:
                features = self._spelling(candidate.hit, setting)
                features["popularity"] = self._names.popularity(candidate.number)
                if len(candidates) > 1 or is_doubtful(candidate.hit) or "small" in features:
                    features |= self._context(candidate, setting, others, salience)
                candidate.features = features
            candidates.sort(key=by_score)

    def _spelling(self, hit: Hit, setting: _Setting) -> dict[str, float]:
        start, end = hit.span
        word = setting.text[start:end]
        features: dict[str, float] = {}
        doubtful = is_doubtful(hit)
        if word[:1].islower() and (doubtful or self._names.has(hit.row, CAPITAL)):
            features["small_doubtful" if doubtful else "small"] = float(setting.mixed_case)
            features["common"] = float(is_mostly_small(word))
        if doubtful:
            features["doubtful"] = 1.0
            features["unlike"] = 1.0 - hit.likeness
            features["sound"] = float(hit.way == "sound")
            features["word"] = float(self._is_word(word, setting.language))
            features["first_differs"] = float(
                hit.way == "misspelt" and self._finder.first_differs(hit, setting.text)
            )
            features["short"] = float(end - start < _SHORT)
            features["long"] = min(1.0, max(0, end - start - _SHORT) / _LONG)
            features["capital"] = float(_is_capital_inside(setting, start))
            features["part"] = float(any(within(hit.span, s) for s in setting.unknown))
        return features

    def _is_word(self, text: str, language: str) -> bool:
        """Return whether it is a known word, or all of its words are."""
        if is_word(text):
            return True
        parts = [text[a:b] for a, b in words(text, language)]
        known = self._has_word
        return all(is_word(p) or (known is not None and known(p, language)) for p in parts)

    def _context(
        self,
        candidate: Candidate,
        setting: _Setting,
        others: Collection[str],
        salience: Mapping[str, float],
    ) -> dict[str, float]:
        entity = candidate.entity_id
        near = self._graph.neighbours(entity)
        kinds = self._kinds(entity)
        doubt = "_doubtful" if is_doubtful(candidate.hit) else ""
        return {
            f"together{doubt}": float(not near.isdisjoint(others)),
            "focus": salience.get(entity, 0.0),
            "focus_near": max((salience[e] for e in near if e in salience), default=0.0),
            f"property_asked{doubt}": float(
                not setting.properties.isdisjoint(self._asked_of(entity))
            ),
            "kind_named": float(any(kind in setting.kinds for kind in kinds)),
            "kind_beside": float(candidate.kind_beside),
        }

    def _kinds(self, entity: str) -> tuple[str, ...]:
        return self._graph.entities[entity].types if entity in self._graph.entities else ()

    def _kind_beside(self, entity: str, span: Span, setting: _Setting) -> bool:
        """Return whether a word for the entity's kind stands beside the place."""
        named = (setting.kinds[k] for k in self._kinds(entity) if k in setting.kinds)
        return any(_beside(word, span) for word in named)

    def _asked_of(self, entity: str) -> set[str]:
        """Return the properties that the entity's facts have, under the names of both ends."""
        found: set[str] = set()
        for group in self._graph.groups(entity):
            item = self._graph.property(group.property)
            found.add(item.id if group.forward else item.inverse or item.id)
        return found


def _longest(hits: Iterable[Hit]) -> list[list[Hit]]:
    """Return the hits by place, without overlap: longer places win, then earlier ones."""
    by_span: dict[Span, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_span[hit.span].append(hit)
    taken: list[Span] = []
    for span in sorted(by_span, key=lambda s: (s[0] - s[1], s[0])):
        if not any(overlap(span, other) for other in taken):
            taken.append(span)
    return [by_span[span] for span in sorted(taken)]


def _may_be_name(hit: Hit, text: str, language: str) -> bool:
    """Whether the match is not rather a function word ("oder" and the Oder, "para" and Pará).

    Such a word is a name when it is written like one: in capitals, or capitalised inside the text.
    """
    start, end = hit.span
    word = text[start:end]
    if match_key(word) not in stop_keys(language):
        return True
    if hit.way != "exact":
        return False
    if word.lower() == word.upper() or (word.isupper() and len(word) > 1):
        return True
    inside = any(c.isalnum() for c in text[:start])
    return inside and word[0].isupper()


def _beside(one: Span, other: Span) -> bool:
    return 0 <= max(other[0] - one[1], one[0] - other[1]) <= _BESIDE


def _is_capital_inside(setting: _Setting, start: int) -> bool:
    """Whether a word has a capital for being a name, not for its place or as a noun."""
    text = setting.text
    inside = any(c.isalnum() for c in text[:start])
    return inside and text[start].isupper() and setting.language not in NOUNS_CAPITAL
