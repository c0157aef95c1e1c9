"""The lexical channel: BM25 over the analysed terms of passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convrag.retrieval import filters, records
from convrag.text.analysis import query_terms
from convrag.types import Filter

if TYPE_CHECKING:
    from convrag.retrieval.index import Index

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
        asked = dict.fromkeys(query_terms(text, language), 1.0)
        with self._index.snapshot() as connection:
            found = self._index.terms.search(
                asked,
                k=k + _SPARE,
                languages=filter.languages,
                documents=filters.document_ids(connection, filter),
            )
            ids = records.ids_of(connection, [number for number, _ in found])
        hits = [(ids[number], score) for number, score in found if number in ids]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
