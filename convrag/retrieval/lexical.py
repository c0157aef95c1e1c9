"""The lexical channel: BM25 over analysed terms in an FTS5 table that commits with the records."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from convrag.retrieval import records
from convrag.text.analysis import analyze, query_terms

if TYPE_CHECKING:
    from convrag.retrieval.index import Index

MAX_TERMS = 64
"""Terms of one search; of a longer question the rarest are kept."""

_WEIGHTS = (2.0, 1.0, 0.5, 0.25)
"""What a term counts in each column."""
_PIECES = ("t:", "u:")
"""Kinds of terms that are parts of words and count less: trigrams and single characters."""

_SPARE = 16
"""Hits read beyond those asked for, so that ties at the border are broken by id, not by arrival."""
_LEFT_ALONE = frozenset(b"abcdefghijklmnopqrstuvwxy0123456789")
_ESCAPES = {code: f"z{code:02x}" for code in range(0x80) if code not in _LEFT_ALONE} | {
    code: f"zu{code:04x}" for code in range(0xD800, 0xE000)
}
_PROBE = (
    ("en", "Running the XR-200's cafés, 1,250 men"),
    ("es", "¿Cuáles ríos cruzan la región?"),
    ("de", "Straßenbahnen über die Häuser"),
    ("fr", "L’œuvre où naquirent les élèves"),
    ("pt", "As constituições não são ações"),
    ("ru", "Какие ещё реки протекали"),
    ("ar", "أين تقع المكتبات الإسلامية؟"),
    ("hi", "भारत की राजधानियाँ कौन-सी हैं"),
    ("zh", "中华人民共和国的首都"),
    ("ja", "東京タワーの高さ"),
    ("ko", "대한민국의 수도"),
    ("th", "กรุงเทพมหานคร"),
)


@lru_cache(maxsize=1)
def analysis_id() -> str:
    """Return what the terms of an index depend on: the analysis, its stemmers and Unicode tables.

    Taken from what the analysis makes of a few sentences: no version number can be forgotten.
    """
    terms = [column for language, text in _PROBE for column in _columns(text, language)]
    return hashlib.blake2b("\n".join(terms).encode("utf-8"), digest_size=8).hexdigest()


@lru_cache(maxsize=1 << 16)
def stored_form(term: str) -> str:
    """Return ``term`` so that SQLite's ``ascii`` tokenizer keeps it whole; injective.

    The tokenizer leaves lower-case letters, digits and everything beyond ASCII alone. All else, and
    ``z``, becomes ``z`` and two hexadecimal digits, a lone surrogate ``zu`` and four.
    """
    return term.translate(_ESCAPES)


def add_terms(
    connection: sqlite3.Connection, number: int, title: str, text: str, language: str
) -> None:
    """Index the terms of the passage with this number."""
    title_words, title_pieces = _columns(title, language)
    body_words, body_pieces = _columns(text, language)
    connection.execute(
        "INSERT INTO passage_terms (rowid, title, body, title_pieces, body_pieces)"
        " VALUES (?, ?, ?, ?, ?)",
        (number, title_words, body_words, title_pieces, body_pieces),
    )


def _columns(text: str, language: str) -> tuple[str, str]:
    """Return the stored terms that are words and those that are pieces of words."""
    words: list[str] = []
    pieces: list[str] = []
    for term in analyze(text, language):
        (pieces if term.startswith(_PIECES) else words).append(stored_form(term))
    return " ".join(words), " ".join(pieces)


def reindex(connection: sqlite3.Connection) -> None:
    """Analyse every passage anew, after the analysis has changed."""
    connection.execute("DELETE FROM passage_terms")
    rows = connection.execute("SELECT number, title, text, language FROM passages ORDER BY number")
    for number, title, text, language in rows:
        add_terms(connection, number, title, text, language)


class LexicalChannel:
    """Searches passages by the terms they share with a question."""

    def __init__(self, index: Index) -> None:
        """Search ``index``."""
        self._index = index

    def search(self, text: str, *, language: str, k: int) -> list[tuple[str, float]]:
        """Return at most ``k`` passage ids with BM25 scores above 0, best first, ties by id.

        Args:
            text: The question as asked; only its analysed terms reach the database.
            language: Of the question; empty when unknown.
            k: How many hits.

        Raises:
            IndexStoreError: The database fails.
        """
        if k < 1:
            return []
        terms = dict.fromkeys(stored_form(term) for term in query_terms(text, language) if term)
        with self._index.snapshot() as connection:
            match = " OR ".join(f'"{term}"' for term in _rarest(connection, terms))
            if not match:
                return []
            rows = connection.execute(
                "SELECT rowid, -bm25(passage_terms, ?, ?, ?, ?) AS score FROM passage_terms"
                " WHERE passage_terms MATCH ? ORDER BY score DESC, rowid LIMIT ?",
                (*_WEIGHTS, match, k + _SPARE),
            ).fetchall()
            ids = records.ids_of(connection, (number for number, _ in rows))
        hits = [(ids[number], float(score)) for number, score in rows if score > 0]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]


def _rarest(connection: sqlite3.Connection, terms: Iterable[str]) -> list[str]:
    kept = list(terms)
    if len(kept) <= MAX_TERMS:
        return kept
    counted = []
    for position, term in enumerate(kept[: 8 * MAX_TERMS]):
        (frequency,) = connection.execute(
            "SELECT count(*) FROM passage_terms WHERE passage_terms MATCH ?", (f'"{term}"',)
        ).fetchone()
        if frequency:
            counted.append((frequency, position, term))
    return [term for _, _, term in sorted(counted)[:MAX_TERMS]]
