"""The best hits of a search in the term index, in an order that does not depend on its files."""

from __future__ import annotations

import numpy as np
import tantivy

from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.term_fields import Clause, numbered

_SPARE = 16
"""Hits read beyond those asked for, so that ties at the border are broken by number."""
_MOST_READ = 1 << 14
"""Hits read at most for that, and for those of many allowed passages."""
_FEW = 2000
"""Allowed passages that are looked up one by one; of more, the best hits are sifted."""
_DIGITS = 4
"""Decimals of a score."""

Hits = list[tuple[int, float]]
"""Numbers of passages with their scores."""


def best(
    index: tantivy.Index,
    searcher: tantivy.Searcher,
    query: tantivy.Query,
    limits: list[Clause],
    k: int,
    numbers: Bitmap | None,
) -> Hits:
    """Return the ``k`` best hits of ``query``, equal ones in order of their numbers.

    Args:
        index: Searched.
        searcher: Of one state of the index.
        query: What gives the score.
        limits: Clauses that must hold.
        k: How many hits, at least one.
        numbers: The passages that are allowed; None for all.
    """
    wide = _within(query, limits)
    if numbers is None:
        return _best(searcher, wide, k)
    held = numbers.count()
    if not held:
        return []
    if held > _FEW:
        first = (k + _SPARE) * 2 * max(1, searcher.num_docs // held)
        found = _sifted(searcher, wide, k, numbers, first)
        if found is not None:
            return found
    listed = np.flatnonzero(np.unpackbits(numbers.bits, bitorder="little"))
    return _best(searcher, _within(query, [*limits, numbered(index.schema, listed.tolist())]), k)


def _within(query: tantivy.Query, limits: list[Clause]) -> tantivy.Query:
    if not limits:
        return query
    return tantivy.Query.boolean_query([*limits, (tantivy.Occur.Must, query)])


def _sifted(
    searcher: tantivy.Searcher, query: tantivy.Query, k: int, numbers: Bitmap, limit: int
) -> Hits | None:
    """Return the best of ``numbers``, or None when they lie too deep below others to be read."""
    while limit <= _MOST_READ:
        hits = _best(searcher, query, limit)
        inside = numbers.holds(np.array([number for number, _ in hits], np.int64))
        found = [hit for hit, kept in zip(hits, inside, strict=True) if kept]
        if len(found) >= k or len(hits) < limit:
            return found[:k]
        limit *= 4
    return None


def _best(searcher: tantivy.Searcher, query: tantivy.Query, k: int) -> Hits:
    limit = k + _SPARE
    while True:
        found = searcher.search(query, limit, count=False).hits
        # The order of adding up differs by segment, and the last digits with it.
        scores = [round(score, _DIGITS) for score, _ in found]
        if len(found) < limit or scores[-1] < scores[k - 1] or limit >= _MOST_READ:
            break
        limit *= 4
    numbers = searcher.fast_field_values("number", [place for _, place in found])
    hits = [
        (int(number), score)
        for number, score in zip(numbers, scores, strict=True)
        if number is not None and score > 0
    ]
    return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
