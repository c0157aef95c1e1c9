"""The lexical channel: BM25 over the analysed terms of passages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from convrag.retrieval import records
from convrag.retrieval.terms import TermIndex
from convrag.text.analysis import kind_weight, query_terms
from convrag.text.word_translation import cross_terms
from convrag.types import Filter

if TYPE_CHECKING:
    from convrag.retrieval.index import Index

MAX_TERMS = 64
"""Terms of one search; of a longer question the rarest are kept."""
_MOST_READ = 8 * MAX_TERMS
"""Terms of a question that are looked at."""
_FEW_DOCUMENTS = 100
"""Documents that the term index looks up itself."""
_SPARE = 16
"""Hits read beyond those asked for, so that ties at the border are broken by id, not by arrival."""
_ALL = Filter()


class LexicalChannel:
    """Searches passages by the terms they share with a question."""

    def __init__(self, index: Index) -> None:
        """Search ``index``."""
        self._index = index

    def search(
        self,
        text: str,
        *,
        language: str,
        k: int,
        filter: Filter = _ALL,  # noqa: A002 (the name that every channel uses)
    ) -> list[tuple[str, float]]:
        """Return at most ``k`` passage ids with BM25 scores above 0, best first, ties by id.

        Args:
            text: The question as asked; only its analysed terms reach the database.
            language: Of the question; empty when unknown.
            k: How many hits.
            filter: Which passages may be found.

        Raises:
            IndexStoreError: The database fails.
        """
        with self._index.snapshot():
            return self._found(weighted_terms(self._index.terms, text, language), k, filter)

    def search_across(
        self,
        text: str,
        *,
        language: str,
        k: int,
        filter: Filter = _ALL,  # noqa: A002
    ) -> list[tuple[str, float]]:
        """Return at most ``k`` ids of passages in other languages than the question's.

        They are searched by its translated words and names, as :func:`cross_terms` has them, each
        language by itself. Scores are BM25 above 0, best first, ties by id.

        Args:
            text: The question as asked.
            language: Of the question; without one nothing is found.
            k: How many hits.
            filter: Which passages may be found.

        Raises:
            IndexStoreError: The database fails.
        """
        hits: list[tuple[str, float]] = []
        with self._index.snapshot():
            languages = filter.languages or self._index.languages
            for target in languages if language else ():
                if target != language:
                    terms = cross_terms(text, language, target)
                    only = replace(filter, languages=(target,))
                    hits += self._found(_rarest(self._index.terms, terms), k, only)
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]

    def _found(
        self,
        asked: Mapping[str, float],
        k: int,
        filter: Filter,  # noqa: A002
    ) -> list[tuple[str, float]]:
        with self._index.snapshot() as connection:
            few = not filter.sources and len(filter.documents) <= _FEW_DOCUMENTS
            within = Filter(sources=filter.sources, documents=filter.documents)
            found = self._index.terms.search(
                asked,
                k=k + _SPARE if k > 0 else 0,
                languages=filter.languages,
                tags=filter.tags,
                after=filter.after,
                before=filter.before,
                documents=filter.documents if few else (),
                numbers=None if few else self._index.allowed(within),
            )
            ids = records.ids_of(connection, [number for number, _ in found])
        hits = [(ids[number], score) for number, score in found if number in ids]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]


def weighted_terms(terms: TermIndex, text: str, language: str) -> dict[str, float]:
    """Return the terms to search for with what each counts: at most ``MAX_TERMS``, the rarest.

    Raises:
        IndexStoreError: The term index is missing or damaged.
    """
    asked = dict.fromkeys(query_terms(text, language))
    return _rarest(terms, {term: kind_weight(term) for term in asked})


def _rarest(terms: TermIndex, asked: Mapping[str, float]) -> dict[str, float]:
    """Return what is asked for, of more than ``MAX_TERMS`` only the rarest in the index."""
    if len(asked) <= MAX_TERMS:
        return dict(asked)
    found = {term: terms.frequency(term) for term in list(asked)[:_MOST_READ]}
    kept = sorted((term for term in found if found[term]), key=found.__getitem__)[:MAX_TERMS]
    return {term: asked[term] for term in kept}
