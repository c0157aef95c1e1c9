"""What the term index holds of a passage, and how its terms and limits are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date as day
from functools import lru_cache
from typing import NamedTuple

import tantivy

from convrag.text.analysis import analyze

WEIGHTS = {"title": 2.0, "body": 1.0, "title_pieces": 0.5, "body_pieces": 0.25}
"""What a term counts in each field."""
TOKENIZER = "terms"
_FIELDS = ("title", "title_pieces", "body", "body_pieces")
Clause = tuple[tantivy.Occur, tantivy.Query]
_PIECES = ("t:", "u:")
"""Kinds of terms that are parts of words: trigrams and single characters."""
_LONGEST = 256
"""Characters of a term that are kept."""
_JOINED = str.maketrans({" ": "\x1f"})
_PROBE = (
    ("en", "Running the XR-200's cafés, 1,250 men"),
    ("es", "¿Cuáles ríos cruzan la región?"),
    ("de", "Straßenbahnen über die Häuser"),
    ("fr", "L’œuvre où naquirent les élèves"),
    ("pt", "As constituições não são ações"),
    ("ru", "Какие ещё реки протекали"),
    ("ar", "أين تقع المكتبات الإسلامية؟"),
    ("he", "בספריות ובמוזיאונים של הערים"),
    ("hi", "भारत की राजधानियाँ कौन-सी हैं"),
    ("zh", "中华人民共和国的首都"),
    ("ja", "東京タワーの高さ"),
    ("ko", "대한민국의 수도"),
    ("th", "กรุงเทพมหานคร"),
    ("tr", "Çocukların İstanbul'daki evlerinde"),
)


class TermRecord(NamedTuple):
    """What the term index takes in of a passage; ``number`` is its key in the records."""

    number: int
    title: str
    text: str
    language: str
    document_id: str
    tags: tuple[str, ...] = ()
    date: str = ""
    """ISO 8601 day, or empty."""


@lru_cache(maxsize=1)
def analysis_id() -> str:
    """Return what the terms of an index depend on: the analysis, its stemmers and Unicode tables.

    Taken from what the analysis makes of a few sentences: no version number can be forgotten.
    """
    terms = [column for language, text in _PROBE for column in _columns(text, language)]
    return hashlib.blake2b("\n".join(terms).encode("utf-8"), digest_size=8).hexdigest()


def new_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", indexed=True, fast=True)
    for name in WEIGHTS:
        builder.add_text_field(name, tokenizer_name=TOKENIZER, index_option="freq")
    for name in ("language", "tag", "document"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("date", indexed=True, fast=True)
    builder.add_unsigned_field("marker", indexed=True)
    builder.add_text_field("state", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def document_of(record: TermRecord) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned("number", record.number)
    columns = (*_columns(record.title, record.language), *_columns(record.text, record.language))
    for name, column in zip(_FIELDS, columns, strict=True):
        document.add_text(name, column)
    document.add_text("language", record.language)
    document.add_text("document", record.document_id)
    for tag in record.tags:
        document.add_text("tag", tag)
    if (value := _day(record.date)) is not None:
        document.add_unsigned("date", value)
    return document


def _columns(text: str, language: str) -> tuple[str, str]:
    """Return the terms that are words and those that are pieces of words, with spaces between."""
    words: list[str] = []
    pieces: list[str] = []
    for term in analyze(text, language):
        (pieces if term.startswith(_PIECES) else words).append(_kept(term))
    return " ".join(words), " ".join(pieces)


def _kept(term: str) -> str:
    """Return the term without spaces, which would part it, and cut to what a file can hold."""
    return term.translate(_JOINED)[:_LONGEST].encode("utf-8", "replace").decode("utf-8")


def _day(text: str) -> int | None:
    """Return an ISO 8601 day as the number ``yyyymmdd``, None when it is none."""
    try:
        value = day.fromisoformat(text[:10])
    except ValueError:
        return None
    return value.year * 10_000 + value.month * 100 + value.day


def scoring(schema: tantivy.Schema, terms: Mapping[str, float]) -> Iterator[Clause]:
    for term, weight in terms.items():
        for name in _FIELDS[1::2] if term.startswith(_PIECES) else _FIELDS[::2]:
            query = tantivy.Query.term_query(schema, name, _kept(term), "freq")
            yield (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(query, weight * WEIGHTS[name]),
            )


def limits_of(
    schema: tantivy.Schema,
    languages: Collection[str],
    tags: Collection[str],
    days: tuple[str, str],
    documents: Collection[str] | None,
) -> Iterator[Clause]:
    """Yield clauses that must hold and add nothing to the score."""
    sets = {"language": languages, "tag": tags, "document": documents or ()}
    queries = [
        tantivy.Query.term_set_query(schema, name, list(values))
        for name, values in sets.items()
        if values
    ]
    first, last = map(_day, days)
    if first is not None or last is not None:
        queries.append(
            tantivy.Query.range_query(schema, "date", tantivy.FieldType.Unsigned, first, last)
        )
    for query in queries:
        yield tantivy.Occur.Must, tantivy.Query.const_score_query(query, 0.0)


def frequency(searcher: tantivy.Searcher, term: str) -> int:
    """Return in how many passages' texts the term is, removed ones included."""
    name = "body_pieces" if term.startswith(_PIECES) else "body"
    return searcher.doc_freq(name, _kept(term))
