"""What the term index holds of a passage, and how its terms and limits are asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import tantivy

from convrag.text.analysis import analyze

TOKENIZER = "terms"
Clause = tuple[tantivy.Occur, tantivy.Query]
TITLE_WORDS = 3
"""How often the words of a title are counted beside those of the text."""
_FIELDS = ("words", "pieces")
_PIECES = ("t:", "u:")
"""Kinds of terms that are parts of words: trigrams and single characters."""
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_LONGEST = 256
"""Characters of a term that are kept."""
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
    """ISO 8601 day, month or year; empty when there is none."""


@lru_cache(maxsize=1)
def analysis_id() -> str:
    """Return what the terms of an index depend on: the analysis, its stemmers and Unicode tables.

    Taken from what the analysis makes of a few sentences: no version number can be forgotten.
    """
    probes = [TermRecord(0, text, text, language, "") for language, text in _PROBE]
    columns = [column for record in probes for column in (*_FIELDS, *_columns(record))]
    return hashlib.blake2b("\n".join(columns).encode("utf-8"), digest_size=8).hexdigest()


def new_schema() -> tantivy.Schema:
    """Return the fields of the index."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", indexed=True, fast=True)
    for name in _FIELDS:
        builder.add_text_field(name, tokenizer_name=TOKENIZER, index_option="freq")
    for name in ("language", "tag", "document"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("date", indexed=True, fast=True)
    builder.add_unsigned_field("marker", indexed=True)
    builder.add_text_field("state", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def document_of(record: TermRecord) -> tantivy.Document:
    """Return what the index holds of a passage."""
    document = tantivy.Document()
    document.add_unsigned("number", record.number)
    for name, column in zip(_FIELDS, _columns(record), strict=True):
        document.add_text(name, column)
    document.add_text("language", record.language)
    document.add_text("document", record.document_id)
    for tag in record.tags:
        document.add_text("tag", tag)
    if (value := _day(record.date)) is not None:
        document.add_unsigned("date", value)
    return document


def _columns(record: TermRecord) -> tuple[str, str]:
    """Return the terms that are words and those that are pieces of words, with spaces between.

    A title is read in front of its text: told apart, its terms would be so rare that one of them
    outweighs a text that answers the question.
    """
    words: list[str] = []
    pieces: list[str] = []
    for text, times in ((record.title, TITLE_WORDS), (record.text, 1)):
        for term in analyze(text, record.language):
            if term.startswith(_PIECES):
                pieces.append(_kept(term))
            else:
                words += [_kept(term)] * times
    return _storable(" ".join(words)), _storable(" ".join(pieces))


def _kept(term: str) -> str:
    """Return the term without spaces, which would part it, and cut to what a file can hold."""
    return term[:_LONGEST].replace(" ", "\x1f")


def _storable(text: str) -> str:
    """Return the text with lone surrogates replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _day(text: str, missing: int = 1) -> int | None:
    """Return an ISO 8601 date as the number ``yyyymmdd``, None when it is none.

    Args:
        text: A day, or a month or year alone.
        missing: The month and day of those that have none.
    """
    found = _DATE.match(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else missing for part in found.groups())
    return year * 10_000 + month * 100 + day


def scoring(schema: tantivy.Schema, terms: Mapping[str, float]) -> Iterator[Clause]:
    """Yield a clause for each term that adds its weight times its BM25 score."""
    for term, weight in terms.items():
        value = _storable(_kept(term))
        query = tantivy.Query.term_query(schema, _field(term), value, "freq")
        yield tantivy.Occur.Should, tantivy.Query.boost_query(query, weight)


def _field(term: str) -> str:
    return _FIELDS[term.startswith(_PIECES)]


def limits_of(
    schema: tantivy.Schema,
    languages: Collection[str],
    tags: Collection[str],
    days: tuple[str, str],
    documents: Collection[str],
) -> Iterator[Clause]:
    """Yield clauses that must hold and add nothing to the score."""
    sets = {"language": languages, "tag": tags, "document": documents}
    queries = [
        tantivy.Query.term_set_query(schema, name, list(values))
        for name, values in sets.items()
        if values
    ]
    first, last = _day(days[0]), _day(days[1], missing=99)
    if first is not None or last is not None:
        queries.append(
            tantivy.Query.range_query(schema, "date", tantivy.FieldType.Unsigned, first, last)
        )
    yield from map(_required, queries)


def numbered(schema: tantivy.Schema, numbers: Iterable[int]) -> Clause:
    """Return the clause that only passages with these numbers fulfil."""
    return _required(tantivy.Query.term_set_query(schema, "number", list(numbers)))


def _required(query: tantivy.Query) -> Clause:
    return tantivy.Occur.Must, tantivy.Query.const_score_query(query, 0.0)


def frequency(searcher: tantivy.Searcher, term: str) -> int:
    """Return in how many passages the term is, removed ones included."""
    return searcher.doc_freq(_field(term), _storable(_kept(term)))
