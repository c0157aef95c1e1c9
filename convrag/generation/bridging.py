"""Lines of two passages that answer together: one leads to an entity, the other is about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from convrag.generation.candidates import Candidate
from convrag.generation.coverage import Wanted
from convrag.graph.linking import DictionaryLinker
from convrag.graph.ranked_names import Named, in_order
from convrag.types import Passage, Query

_LINES = 3
"""Lines of a passage that are compared, those that complete most of the question."""


@dataclass(frozen=True, slots=True)
class _Lead:
    """A line that leads on, and the word of the question by which it ranks what it names."""

    line: Candidate
    ranking: str


def joined(
    linker: DictionaryLinker, query: Query, asked: Wanted, lines: Sequence[Candidate]
) -> list[Candidate]:
    """Return lines of passages that were reached over an entity, each with the line leading there.

    Where a line has several such entities, the first in the order that is asked for is followed,
    so that the second largest export partner is not taken for the largest.

    Args:
        linker: Finds what lines name.
        query: The question.
        asked: What the question asks.
        lines: Of all passages that are read, best passage first.
    """
    ends: dict[str, list[Candidate]] = {}
    for line in lines:
        entity = _bridge(line, asked)
        if entity and (line.subject == entity or entity in _named(linker, line)):
            ends.setdefault(entity, []).append(line)
    return [
        pair
        for entity, lead in (_leads(linker, query, asked, lines, ends) if ends else {}).items()
        for pair in _completing(query, asked, lead, ends[entity])
    ]


def _bridge(line: Candidate, asked: Wanted) -> str:
    """Return the entity over which the line's passage was reached; empty if it was not.

    A passage about the question's own entities is none that was reached over another one.
    """
    found = line.evidence[0]
    reached = isinstance(found.item, Passage) and len(found.via) > 1
    if not reached or {found.via[-1], line.subject} & asked.entities.keys():
        return ""
    return found.via[-1]


def _named(linker: DictionaryLinker, line: Candidate) -> set[str | None]:
    links = linker.link(line.text, language=line.language, fuzzy=False)
    return {link.entity_id for link in links}


def _leads(
    linker: DictionaryLinker,
    query: Query,
    asked: Wanted,
    lines: Sequence[Candidate],
    reached: Collection[str],
) -> Mapping[str, _Lead]:
    """Return by entity the line that best leads there.

    Where a line ranks what it names and the first of it was not reached, no further one is taken.
    """
    leads: dict[str, _Lead] = {}
    for line, named in _leading(linker, query, asked, lines):
        ranking = query.text[slice(*named.by)] if named.by else ""
        found = [entity for entity in named.followed if entity in reached]
        for entity in found:
            leads.setdefault(entity, _Lead(line, ranking))
        if named.by and not found:
            break
    return leads


def _leading(
    linker: DictionaryLinker, query: Query, asked: Wanted, lines: Iterable[Candidate]
) -> list[tuple[Candidate, Named]]:
    """Return the lines that may lead on with what they name, best first.

    Those about the question's entities; if there is none, those that stand beside their names.
    """
    beside = [line for line in lines if asked.entities.keys() & line.entities]
    about = [line for line in beside if line.subject in asked.entities]
    found: list[tuple[float, Candidate, Named]] = []
    for line in about or beside:
        if share := asked.words_in(line.text, query.language):
            links = linker.link(line.text, language=line.language, fuzzy=False)
            links = tuple(link for link in links if link.entity_id not in asked.entities)
            found.append((share, line, in_order(query, line.text, links)))
    found.sort(key=lambda item: (-item[0], item[2].by is None))
    return [(line, named) for _, line, named in found]


def _completing(
    query: Query, asked: Wanted, lead: _Lead, lines: Sequence[Candidate]
) -> Iterator[Candidate]:
    """Yield the lines that have most of what the lead leaves of the question."""
    alone = asked.words_in(f"{lead.line.text}\n{lead.ranking}", query.language)
    gains: list[tuple[float, Candidate]] = []
    for line in lines:
        if line.evidence[0].id != lead.line.evidence[0].id:
            entities = line.entities | lead.line.entities
            pair = replace(line, lead=lead.line, ranking=lead.ranking, entities=entities)
            gains.append((asked.words_in(pair.wording, query.language) - alone, pair))
    gains.sort(key=lambda item: -item[0])
    yield from (pair for gain, pair in gains[:_LINES] if gain > 0)
