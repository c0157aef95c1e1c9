"""An index as text: what it means, without what only says in which order it came to be."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from convrag.graph import storage
from convrag.retrieval import records
from convrag.types import Literal

_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x00": "\ufffd"}
)
_UNSAFE = {char: f"\\u{ord(char):04X}" for char in '<>"{}|^`\\ '}


def documents(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield a JSON object a line for every document with its passages, in order of their ids.

    Two indexes that mean the same give the same lines, and a file of them is one that
    ``convrag index`` reads: a document has its text, title, language, id, date and tags under the
    names that it looks for.

    Args:
        connection: Inside a snapshot.
    """
    for (document_id,) in connection.execute("SELECT id FROM documents ORDER BY id").fetchall():
        document = records.document(connection, document_id)
        if document is None:
            continue
        passages = [
            {
                "id": passage.id,
                "span": passage.span,
                "page": passage.page,
                "entity_ids": passage.entity_ids,
            }
            for passage in records.passages_of(connection, document_id)
        ]
        values = {
            "id": document.id,
            "title": document.title,
            "language": document.language,
            "date": document.date,
            "tags": document.tags,
            "source": document.source,
            "content_hash": document.content_hash,
            "text": document.text,
            "pages": [[page.number, *page.span] for page in document.pages],
            "passages": passages,
        }
        yield json.dumps(values, ensure_ascii=False) + "\n"


def triples(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the graph's statements as lines of N-Triples, sorted, each once.

    Args:
        connection: Inside a snapshot.
    """
    lines = set()
    for triple in storage.load_triples(connection):
        value = triple.object
        tail = _literal(value) if isinstance(value, Literal) else _node(value)
        lines.add(f"{_node(triple.subject)} {_node(triple.predicate)} {tail} .\n")
    yield from sorted(lines)


def _node(name: str) -> str:
    if name.startswith("_:"):
        label = name[2:].encode("utf-8").hex()
        return f"_:b{label}"
    return (
        "<" + "".join(_UNSAFE.get(c, c) if c > "\x20" else f"\\u{ord(c):04X}" for c in name) + ">"
    )


def _literal(value: Literal) -> str:
    text = '"' + value.value.translate(_ESCAPES) + '"'
    if value.language:
        return f"{text}@{value.language}"
    return f"{text}^^{_node(value.datatype)}" if value.datatype else text
